#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Pods share one machine: what they request is reserved, and a pod without room waits for it.
. "$(dirname "$0")/../support/pod_lib.sh"

# pod NAME REQUESTS [MORE-OF-SPEC]: writes $T/NAME.json; REQUESTS is an object.
pod() {
	jq -n --arg name "$1" --argjson requests "$2" --argjson more "${3:-{\}}" '
		{ apiVersion: "v1", kind: "Pod", metadata: { name: $name },
		  spec: ({ terminationGracePeriodSeconds: 1, containers: [
			{ name: "c", image: "busybox", command: ["sleep", "1000"],
			  resources: { requests: $requests } }] } + $more) }' \
		>"$T/$1.json"
}

status_of() {
	minipod get pod "$1" -o json | jq -c '.status'
}

scheduled_is() {
	[[ $(status_of "$1" | jq -r '.conditions[]? | select(.type == "PodScheduled") | .status') == "$2" ]]
}

phase_is() {
	[[ $(status_of "$1" | jq -r '.phase') == "$2" ]]
}

cpus() {
	getconf _NPROCESSORS_ONLN
}

test_pod_that_is_too_large_waits_and_says_what_is_missing() {
	local n
	n=$(cpus)
	pod big "{\"cpu\":\"$((n + 1))\",\"memory\":\"900Ti\"}"
	start_pod "$T/big.json"
	wait_until 10 'the condition' scheduled_is big False
	status_of big >"$T/status"
	assert_json Pending "$T/status" .phase
	assert_json null "$T/status" .startTime
	assert_json null "$T/status" .containerStatuses
	assert_json null "$T/status" .hostIP
	assert_json '["PodScheduled"]' "$T/status" '[.conditions[].type]'
	assert_json Unschedulable "$T/status" '.conditions[0].reason'
	assert_json "0/1 nodes are available: 1 Insufficient cpu, 1 Insufficient memory. cpu: requested $((n + 1)), used 0 of $n" \
		"$T/status" '.conditions[0].message | sub("; memory.*"; "")'
	wait_for_line 5 "$T/err" 'FailedScheduling'
	kill -TERM "$pod_pid"
	wait_pod 10
}

test_room_that_a_pod_gives_back_is_taken_at_once() {
	local n
	n=$(cpus)
	pod first "{\"cpu\":\"$n\"}"
	pod second '{"cpu":"500m"}'
	minipod run -d "$T/first.json" >/dev/null
	start_pod "$T/second.json"
	wait_until 10 'the condition' scheduled_is second False
	status_of second >"$T/status"
	assert_json "0/1 nodes are available: 1 Insufficient cpu. cpu: requested 500m, used $n of $n" \
		"$T/status" '.conditions[0].message'
	assert_eq 1 "$(find "$MINIPOD_ROOT/run/reserved" -type f | wc -l)" 'the number of reservations'
	minipod delete first --now
	wait_until 10 'the second pod' phase_is second Running
	scheduled_is second True || fail 'PodScheduled is not True'
	minipod delete second --now
	wait_pod 10
	assert_eq 0 "$(find "$MINIPOD_ROOT/run/reserved" -type f | wc -l)" 'the number of reservations'
}

test_room_for_one_is_given_to_one_of_many() {
	local n i running=0 waiting=0
	n=$(cpus)
	for i in 1 2 3 4; do
		pod "p$i" "{\"cpu\":\"$n\"}"
		"$MINIPOD" --root "$MINIPOD_ROOT" run -q "$T/p$i.json" >/dev/null 2>&1 &
	done
	all_decided() {
		running=0 waiting=0
		for i in 1 2 3 4; do
			! phase_is "p$i" Running || running=$((running + 1))
			! scheduled_is "p$i" False || waiting=$((waiting + 1))
		done
		[[ $((running + waiting)) -eq 4 ]]
	}
	wait_until 20 'the four decisions' all_decided
	all_decided
	assert_eq 1 "$running" 'the number of running pods'
	for i in 1 2 3 4; do
		minipod delete "p$i" --now
	done
	wait
}

test_pod_that_ended_holds_no_room() {
	pod ended "{\"cpu\":\"$(cpus)\"}" '{"restartPolicy":"Never"}'
	jq '.spec.containers[0].command = ["true"]' "$T/ended.json" >"$T/ended2.json"
	pod next '{"cpu":"1"}'
	minipod run -d "$T/ended2.json" >/dev/null
	wait_until 10 'its end' phase_is ended Succeeded
	minipod run -d "$T/next.json" >"$T/out"
	assert_line "$T/out" 'pod/next created'
	minipod delete next ended --now
}

test_run_d_does_not_wait_for_room_but_tells() {
	pod big '{"memory":"900Ti"}'
	status=0
	minipod run -d "$T/big.json" >"$T/out" 2>"$T/err" || status=$?
	assert_status 1
	assert_match "$T/err" 'the pod waits for room: 0/1 nodes are available: 1 Insufficient memory\.'
	scheduled_is big False || fail 'it is not there to wait'
	minipod delete big
	assert_eq '' "$(minipod get pods -o name)" 'what is left'
}

test_pod_that_names_its_node_is_rejected_as_by_the_kubelet() {
	pod big "{\"cpu\":\"$(($(cpus) + 1))\"}" '{"nodeName":"here"}'
	run_pod "$T/big.json"
	assert_status 125
	assert_match "$T/err" "OutOfcpu.*Node didn't have enough resource: cpu, requested: $(($(cpus) * 1000 + 1000)), used: 0, capacity: $(($(cpus) * 1000))"
}

test_reservation_of_a_dead_supervisor_counts_while_its_pod_lives() {
	local n
	n=$(cpus)
	pod first "{\"cpu\":\"$n\"}"
	pod second '{"cpu":"1"}'
	start_pod "$T/first.json"
	wait_for_line 10 "$T/err" 'Container started'
	kill -KILL "$pod_pid"
	wait "$pod_pid" || true
	status=0
	minipod run -d "$T/second.json" >"$T/out" 2>"$T/err" || status=$?
	assert_status 1
	minipod delete second
	# Its processes end, and with them what they kept.
	local procs
	for procs in /sys/fs/cgroup/unified/minipod /sys/fs/cgroup/minipod /sys/fs/cgroup/pids/minipod; do
		[[ ! -d $procs ]] || find "$procs" -name cgroup.procs -exec cat {} + 2>/dev/null |
			while read -r pid; do kill -KILL "$pid" 2>/dev/null || true; done
	done
	minipod run -d "$T/second.json" >/dev/null
	minipod delete second --now
	minipod delete first
	assert_eq 0 "$(find "$MINIPOD_ROOT/run/reserved" -type f | wc -l)" 'the number of reservations'
}

test_room_of_a_pod_whose_supervisor_died_is_given_back_by_its_deletion() {
	pod first "{\"cpu\":\"$(cpus)\"}"
	pod second '{"cpu":"1"}'
	start_pod "$T/first.json"
	wait_for_line 10 "$T/err" 'Container started'
	kill -KILL "$pod_pid"
	wait "$pod_pid" || true
	"$MINIPOD" --root "$MINIPOD_ROOT" run "$T/second.json" >/dev/null 2>&1 &
	wait_until 10 'the condition' scheduled_is second False
	minipod delete first --now
	wait_until 10 'the second pod' phase_is second Running
	minipod delete second --now
	wait
}

run_tests
