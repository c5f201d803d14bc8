#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What prune takes away, and what it leaves alone.
. "$(dirname "$0")/../support/pod_lib.sh"
# shellcheck source=tests/support/recovery_lib.sh
. "$POD_TEST_ROOT/tests/support/recovery_lib.sh"

pod() {
	jq -n --arg name "$1" --arg script "$2" '
		{ apiVersion: "v1", kind: "Pod", metadata: { name: $name },
		  spec: { terminationGracePeriodSeconds: 1, restartPolicy: "Never", containers: [
			{ name: "c", image: "busybox", command: ["sh", "-c", $script] } ] } }' >"$T/$1.json"
}

run_d() {
	minipod run -d "$@" >"$T/out" 2>"$T/err" </dev/null
}

uid_of() {
	minipod get pod "$1" -o jsonpath='{.metadata.uid}'
}

test_live_dead_and_ended_pods_are_somebodys() {
	pod live 'sleep 1000'
	pod dead 'sleep 1000'
	pod ended 'echo word'
	run_d "$T/live.json"
	run_d "$T/dead.json"
	run_d "$T/ended.json"
	minipod wait ended --for=jsonpath='{.status.phase}'=Succeeded --timeout=10s >/dev/null
	kill_supervisor dead
	assert_eq 'nothing to remove' "$(minipod prune --logs)" 'what prune says'
	assert_eq word "$(minipod logs ended)" 'the log'
	minipod prune --ended --dry-run >"$T/out"
	assert_match "$T/out" '^would remove pod that has ended: .*default_ended$'
	minipod prune --ended >"$T/out"
	assert_match "$T/out" '^removed pod that has ended: .*default_ended$'
	minipod recover dead >/dev/null
	minipod get pods >"$T/pods"
	assert_match "$T/pods" '^live +1/1 +Running +0 '
	assert_match "$T/pods" '^dead +1/1 +Running +0 '
	assert_no_match "$T/pods" '^ended'
	minipod delete live dead --now >/dev/null
}

test_what_a_kill_left_behind_goes() {
	local uid
	pod web 'echo words; sleep 1000'
	run_d "$T/web.json"
	wait_until 5 'its log' has_words web
	uid=$(uid_of web)
	kill_supervisor web
	# As if its run directory had been on a tmpfs, and the machine had been restarted.
	rm -r "$MINIPOD_ROOT/run/pods/default_web"
	mkdir "$MINIPOD_ROOT/run/pods/default_unborn"
	touch -d '1 minute ago' "$MINIPOD_ROOT/run/pods/default_unborn"
	minipod prune --logs >"$T/out" 2>"$T/err"
	assert_match "$T/out" '^removed pod whose start had not begun: .*default_unborn$'
	assert_match "$T/err" "^kept: .*: processes of pod $uid still run"
	kill_pod "$uid"
	minipod prune --logs >"$T/out"
	assert_match "$T/out" "^removed data of no pod: .*$uid$"
	assert_match "$T/out" "^removed logs of no pod: .*$uid$"
	assert_match "$T/out" "^removed cgroup of no pod: .*$uid$"
}

has_words() {
	[[ $(minipod logs "$1") == words ]]
}

test_pods_of_another_cgroup_root_are_seen_and_spared() {
	local uid
	pod web 'sleep 1000'
	minipod --cgroup-root minipod/other run -d "$T/web.json" >"$T/out" 2>"$T/err" </dev/null
	uid=$(uid_of web)
	minipod top --interval=0 >"$T/out"
	assert_match "$T/out" '^web +- '
	minipod top pod web --containers --interval=0 --no-headers >"$T/out"
	assert_match "$T/out" '^web +c +- '
	assert_eq 'nothing to remove' "$(minipod prune --logs)" 'what prune says of a pod that lives'
	kill_supervisor web
	assert_eq 'nothing to remove' "$(minipod prune --logs)" 'what prune says of a pod without supervisor'
	# Now nobody can tell any more which root it is below.
	rm -r "$MINIPOD_ROOT/run/pods/default_web"
	minipod prune --logs >"$T/out" 2>"$T/err"
	assert_line "$T/out" 'nothing to remove'
	assert_match "$T/err" "^kept: .*/lib/pods/$uid: processes of pod $uid still run"
	kill_pod "$uid"
	minipod --cgroup-root minipod/other prune --logs >"$T/out"
	assert_match "$T/out" "^removed data of no pod: .*$uid$"
	assert_match "$T/out" "^removed cgroup of no pod: .*$uid$"
}

kill_pod() {
	local file pid
	while read -r file; do
		while read -r pid; do
			kill -KILL "$pid" 2>/dev/null || true
			wait_until 5 'its death' is_dead "$pid"
		done <"$file"
	done < <(find /sys/fs/cgroup -path "*pod$1/*" -name cgroup.procs)
}

# cut_forced_deletion_short NAME
cut_forced_deletion_short() {
	local dir
	pod "$1" 'trap "" TERM; sleep 1000'
	run_d "$T/$1.json"
	minipod delete "$1" --force 2>/dev/null >"$T/out"
	dir=$(find "$MINIPOD_ROOT/run/pods" -name ".default_$1_*")
	[[ -n $dir ]] || skip 'it was over before it could be killed'
	kill_supervisor_of_dir "$dir"
}

test_forced_deletion_that_was_cut_short_is_finished() {
	cut_forced_deletion_short web
	minipod prune >"$T/out"
	assert_match "$T/out" '^removed pod that was deleted by force: '
}

test_recover_of_all_finishes_a_forced_deletion_that_was_cut_short() {
	cut_forced_deletion_short web
	minipod recover --all >"$T/out"
	assert_match "$T/out" '^finished pod that was deleted by force: '
}

kill_supervisor_of_dir() {
	local pid
	for pid in $(find /proc/[0-9]*/fd -lname "$1" -printf '%p\n' 2>/dev/null | cut -d/ -f3 | sort -un); do
		[[ $(cat "/proc/$pid/comm") != minipod ]] || kill -KILL "$pid"
		[[ $(cat "/proc/$pid/comm") != minipod ]] || wait_until 5 'its death' is_dead "$pid"
	done
}

run_tests
