#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Section 13.3: logs are rotated without losing a line while somebody reads; a flood or a full disk harms no pod.
. "$(dirname "$0")/../support/pod_lib.sh"
# shellcheck source=tests/support/recovery_lib.sh
. "$POD_TEST_ROOT/tests/support/recovery_lib.sh"

# pod NAME SCRIPT [MORE-OF-SPEC]: one busybox container "c".
pod() {
	jq -n --arg name "$1" --arg script "$2" --argjson more "${3:-{\}}" '
		{ apiVersion: "v1", kind: "Pod", metadata: { name: $name },
		  spec: ({ terminationGracePeriodSeconds: 1, restartPolicy: "Never", containers: [
			{ name: "c", image: "busybox", command: ["sh", "-c", $script] } ] } + $more) }' \
		>"$T/$1.json"
}

log_dir() {
	printf '%s/log/pods/default_%s_%s/c\n' "$MINIPOD_ROOT" "$1" \
		"$(minipod get pod "$1" -o jsonpath='{.metadata.uid}')"
}

# shellcheck disable=SC2016 # for the container's shell
lines='i=0; while [ $i -lt 40000 ]; do echo line $i; i=$((i+1)); done'

test_follower_gets_every_line_of_a_log_that_is_rotated() {
	pod web "echo begin; while [ ! -e /dev/shm/go ]; do sleep 0.02; done; $lines"
	minipod run -d --log-max-size=100Ki --log-max-files=20 "$T/web.json" >/dev/null
	minipod logs -f web >"$T/followed" 2>"$T/err" &
	local follower=$!
	wait_until 30 'the follower' grep -qx begin "$T/followed"
	minipod exec web -- touch /dev/shm/go
	wait_until 60 'the end of the follower' is_dead "$follower"
	{ echo begin && seq -f 'line %g' 0 39999; } | diff - "$T/followed" >"$T/diff" || fail "$(head -n 5 "$T/diff")"
	[[ $(find "$(log_dir web)" -name '0.log.*' | wc -l) -ge 1 ]] || fail 'nothing was rotated'
	minipod delete web >/dev/null
}

test_foreground_output_has_every_line_of_a_log_that_is_rotated() {
	pod web "$lines"
	run_pod --log-max-size=100Ki --log-max-files=20 --no-prefix "$T/web.json"
	assert_status 0
	seq -f 'line %g' 0 39999 | diff - "$T/out" >"$T/diff" || fail "$(head -n 5 "$T/diff")"
}

test_rotated_files_are_compressed_and_few() {
	# shellcheck disable=SC2016 # for the container's shell
	pod web 'i=0; while [ $i -lt 6 ]; do yes line | head -n 3000; i=$((i+1)); sleep 1.1; done; sleep 1000'
	minipod run -d --log-max-size=50Ki --log-max-files=4 "$T/web.json" >/dev/null
	local dir
	dir=$(log_dir web)
	wait_until 30 'compressed files' has_compressed "$dir" 2
	wait_until 20 'no more than that' has_files "$dir" 4
	find "$dir" -name '*.gz' -exec gzip -t {} +
	minipod delete web --now >/dev/null
}

has_compressed() {
	[[ $(find "$1" -name '0.log.*.gz' | wc -l) -ge $2 ]]
}

has_files() {
	[[ $(find "$1" -type f | wc -l) -le $2 ]]
}

test_flood_leaves_the_pod_supervised_and_the_disk_bounded() {
	local dir
	pod web 'yes flood & while :; do sleep 0.05; done' \
		'{"restartPolicy":"Always"}'
	minipod run -d --log-max-size=1Mi --log-max-files=3 "$T/web.json" >/dev/null
	dir=$(log_dir web)
	wait_until 30 'a rotation' has_rotated "$dir"
	assert_eq here "$(minipod exec web -- echo here)" 'what exec says under the flood'
	minipod delete web --now >/dev/null
	minipod get pods >"$T/out" 2>&1
	assert_no_match "$T/out" '^web'
}

has_rotated() {
	[[ -n $(find "$1" -name '0.log.*' -print -quit) ]]
}

test_full_disk_costs_lines_and_nothing_else() {
	mkdir -p "$MINIPOD_ROOT/log"
	mount -t tmpfs -o size=256k tmpfs "$MINIPOD_ROOT/log"
	pod web 'yes fill | head -n 200000; echo done >/dev/termination-log; while [ ! -e /dev/shm/go ]; do sleep 0.05; done; exit 5'
	minipod run -d --wait-for=started "$T/web.json" >/dev/null
	wait_until 30 'a full disk' is_full "$MINIPOD_ROOT/log"
	wait_until 30 'the container to have written all' has_written web
	# What is in the file is whole.
	awk 'NF < 4 && !/ [FP] $/ { bad = 1 } END { exit bad }' "$(log_dir web)/0.log" || fail 'a torn entry'
	minipod exec web -- touch /dev/shm/go
	minipod wait web --for=jsonpath='{.status.phase}'=Failed --timeout=20s >/dev/null
	assert_eq 5 "$(get_pod web '{.status.containerStatuses[0].state.terminated.exitCode}')" 'exit code'
	minipod delete web >/dev/null
	umount "$MINIPOD_ROOT/log"
}

is_full() {
	[[ $(df --output=pcent "$1" | tail -n 1 | tr -dc 0-9) -ge 90 ]]
}

has_written() {
	minipod exec "$1" -- test -s /dev/termination-log
}

run_tests
