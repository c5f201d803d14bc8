#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What makes the command line pleasant: completion, the manual page, doctor, version, help, colours.
. "$(dirname "$0")/../support/pod_lib.sh"

# completed <word>...: what bash offers for the last word, one a line.
completed() {
	COMP_WORDS=(minipod "$@")
	COMP_CWORD=$#
	COMPREPLY=()
	_minipod
	printf '%s\n' "${COMPREPLY[@]}"
}

start_web() {
	cat >"$T/web.json" <<-'JSON'
		{ "apiVersion": "v1", "kind": "Pod", "metadata": { "name": "web" },
		  "spec": { "terminationGracePeriodSeconds": 1,
			"containers": [ { "name": "app", "image": "busybox", "command": ["sleep", "60"] },
				{ "name": "side", "image": "busybox", "command": ["sleep", "60"] } ] } }
	JSON
	minipod run -d "$T/web.json" >/dev/null
}

test_bash_completes_verbs_options_pods_and_containers() {
	# The function runs "minipod", which is a function here that gives the right root.
	compopt() { :; }
	minipod completion bash >"$T/script"
	# shellcheck disable=SC1091
	. "$T/script"
	start_web
	completed desc >"$T/out"
	assert_line "$T/out" describe
	completed logs w >"$T/out"
	assert_line "$T/out" web
	completed logs web -c '' >"$T/out"
	assert_order "$T/out" '^app$' '^side$'
	completed image lo >"$T/out"
	assert_line "$T/out" load
	completed delete --gr >"$T/out"
	assert_line "$T/out" --grace-period=
	completed run --wait-for = re >"$T/out"
	assert_line "$T/out" ready
	cd "$T"
	completed run we >"$T/out"
	assert_line "$T/out" web.json
	minipod delete web --now >/dev/null
}

test_doctor_says_what_the_host_offers() {
	local status=0
	minipod doctor >"$T/out" || status=$?
	assert_status 0
	assert_match "$T/out" '^  ok +hierarchy: (v1|v2|hybrid)$'
	assert_line "$T/out" 'Pods can run here.'
	minipod doctor -o json >"$T/json"
	assert_json true "$T/json" '.canRunPods'
	assert_json true "$T/json" 'all(.findings[]; .finding == "ok" or (.consequence | length > 0))'
}

test_version_and_help_name_what_they_are() {
	minipod version >"$T/out"
	assert_match "$T/out" '^minipod [0-9]+\.[0-9]+\.[0-9]+ \(Kubernetes 1\.36 pod semantics\)$'
	minipod version -o json >"$T/json"
	assert_json 1.36 "$T/json" '.kubernetes'
	local verb
	for verb in $(minipod __complete -- '' | cut -f 1); do
		minipod "$verb" --help >"$T/help" || fail "$verb --help ends with $?"
		assert_match "$T/help" '^Usage:$'
		assert_match "$T/help" '^Example:$'
	done
	status=0
	minipod delet web 2>"$T/err" || status=$?
	assert_match "$T/err" "did you mean 'delete'"
	status=0
	minipod doctor -o xml 2>"$T/err" || status=$?
	assert_status 1
	assert_line "$T/err" "error: --output: 'xml' is neither json nor yaml"
}

test_help_is_a_verb_too() {
	minipod help >"$T/out"
	minipod --help | cmp - "$T/out"
	minipod help get >"$T/out"
	minipod get --help | cmp - "$T/out"
	status=0
	minipod help gte >"$T/out" 2>"$T/err" || status=$?
	assert_status 1
	assert_line "$T/err" "error: unknown verb 'gte': did you mean 'get'?"
}

test_manual_page_is_valid_roff() {
	minipod __man >"$T/minipod.8"
	assert_match "$T/minipod.8" '^\.SH EXIT STATUS$'
	! command -v groff >/dev/null || groff -man -ww -Tutf8 "$T/minipod.8" 2>"$T/err" >/dev/null
	[[ ! -s $T/err ]] || fail "groff says: $(cat "$T/err")"
}

run_tests
