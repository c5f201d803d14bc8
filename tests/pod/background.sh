#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Pods in the background: when run -d returns, what it says, and what is left of a pod that ended.
. "$(dirname "$0")/../support/pod_lib.sh"

# pod NAME SCRIPT [MORE-OF-SPEC]: writes $T/NAME.json with one busybox container "c".
pod() {
	jq -n --arg name "$1" --arg script "$2" --argjson more "${3:-{\}}" '
		{ apiVersion: "v1", kind: "Pod", metadata: { name: $name },
		  spec: ({ terminationGracePeriodSeconds: 1, containers: [
			{ name: "c", image: "busybox", command: ["sh", "-c", $script] }] } + $more) }' \
		>"$T/$1.json"
}

never='{"restartPolicy":"Never"}'

run_d() {
	status=0
	minipod run -d "$@" >"$T/out" 2>"$T/err" </dev/null || status=$?
}

supervisor_of() {
	local dir
	for dir in /proc/[0-9]*; do
		if tr '\0' ' ' <"$dir/cmdline" 2>/dev/null | grep -q "^$MINIPOD .*run -d.*/$1.json"; then
			printf '%s\n' "${dir#/proc/}"
		fi
	done
}

no_supervisor_of() {
	[[ -z $(supervisor_of "$1") ]]
}

test_run_d_returns_when_the_containers_have_started() {
	pod web 'echo up; sleep 1000'
	run_d "$T/web.json"
	assert_status 0
	assert_line "$T/out" 'pod/web created'
	minipod get pod web -o json >"$T/web.out"
	assert_json Running "$T/web.out" '.status.phase'
	minipod delete web --now
}

test_supervisor_has_a_session_of_its_own_and_nobodys_terminal() {
	local pid
	pod web 'sleep 1000'
	run_d "$T/web.json"
	pid=$(supervisor_of web)
	assert_eq "$pid" "$(awk '{ print $6 }' "/proc/$pid/stat")" 'the session'
	assert_eq /dev/null "$(readlink "/proc/$pid/fd/0")" 'stdin'
	assert_eq /dev/null "$(readlink "/proc/$pid/fd/2")" 'stderr'
	minipod delete web --now
}

# The lock goes with the supervisor's last breath, its process a moment later.
nothing_runs() {
	[[ -z $(left_processes) ]]
}

test_pod_that_ended_stays_readable_without_supervisor_until_deleted() {
	pod short 'echo words; exit 3' "$never"
	run_d "$T/short.json"
	assert_status 0
	minipod wait short --for=jsonpath='{.status.phase}'=Failed
	wait_until 5 'the end of the supervisor' no_supervisor_of short
	wait_until 5 'the end of every process' nothing_runs
	assert_eq '' "$(left_mounts)" 'what is mounted'
	assert_eq '' "$(left_pod_cgroups)" 'what has a cgroup'
	minipod get pod short -o json >"$T/short.out"
	assert_json 3 "$T/short.out" '.status.containerStatuses[0].state.terminated.exitCode'
	minipod logs short >"$T/log"
	assert_line "$T/log" words
	minipod events --for pod/short >"$T/events"
	assert_match "$T/events" 'Started +Pod/short +Container started'
	minipod delete short >"$T/out"
	assert_line "$T/out" 'pod "short" deleted from default namespace'
}

test_same_name_is_refused_and_replace_replaces() {
	local before after
	pod web 'sleep 1000'
	run_d "$T/web.json"
	before=$(minipod get pod web -o jsonpath='{.metadata.uid}')
	run_d "$T/web.json"
	assert_status 125
	assert_match "$T/err" 'pod "web" already exists in namespace "default"'
	run_d --replace "$T/web.json"
	assert_status 0
	after=$(minipod get pod web -o jsonpath='{.metadata.uid}')
	[[ $before != "$after" ]] || fail 'it is still the same pod'
	minipod delete web --now
}

test_start_that_fails_says_why_and_keeps_the_pod() {
	pod bad 'true' '{"containers":[{"name":"c","image":"busybox","command":["/no/such"]}]}'
	run_d "$T/bad.json"
	assert_status 1
	assert_match "$T/err" 'pod "bad" does not start: container "c": (RunContainerError|StartError)'
	assert_match "$T/err" '/no/such'
	minipod delete bad --now
}

test_wait_for_ready_waits_for_the_probe() {
	pod slow 'sleep 1; touch /tmp/ready; sleep 1000' \
		'{"containers":[{"name":"c","image":"busybox","command":["sh","-c","sleep 1; touch /tmp/ready; sleep 1000"],"readinessProbe":{"exec":{"command":["test","-f","/tmp/ready"]},"periodSeconds":1}}]}'
	run_d --wait-for=ready --timeout=20s "$T/slow.json"
	assert_status 0
	assert_eq True "$(minipod get pod slow -o jsonpath='{.status.conditions[?(@.type=="Ready")].status}')" Ready
	minipod delete slow --now
}

test_timeout_ends_the_waiting_not_the_pod() {
	pod never 'sleep 1000' \
		'{"containers":[{"name":"c","image":"busybox","command":["sleep","1000"],"readinessProbe":{"exec":{"command":["false"]},"periodSeconds":1}}]}'
	run_d --wait-for=ready --timeout=1s "$T/never.json"
	assert_status 124
	is_unready() {
		minipod get pod never | grep -qE '^never +0/1 +Running '
	}
	wait_until 20 'the pod, running and not ready' is_unready
	minipod delete never --now
}

test_result_file_has_the_final_object() {
	pod short 'exit 3' "$never"
	run_pod "$T/short.json" --result-file "$T/result.json"
	assert_status 3
	assert_json Pod "$T/result.json" .kind
	assert_json Failed "$T/result.json" .status.phase
	assert_json 3 "$T/result.json" '.status.containerStatuses[0].state.terminated.exitCode'
}

test_result_file_of_a_background_pod_tells_of_its_deletion() {
	pod web 'sleep 1000'
	run_d --result-file "$T/result.json" "$T/web.json"
	minipod delete web --now
	assert_json 1 "$T/result.json" '.metadata.deletionGracePeriodSeconds'
	assert_json 137 "$T/result.json" '.status.containerStatuses[0].state.terminated.exitCode'
}

test_two_roots_know_nothing_of_each_other() {
	pod web 'sleep 1000'
	run_d "$T/web.json"
	"$MINIPOD" --root "$T/other" run -d "$T/web.json" >/dev/null
	minipod delete web --now
	"$MINIPOD" --root "$T/other" get pods >"$T/out"
	assert_match "$T/out" '^web +1/1 +Running '
	"$MINIPOD" --root "$T/other" delete web --now
}

run_tests
