#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Storage limits: a pod that uses more than it may is evicted, whatever its restart policy.
. "$(dirname "$0")/../support/pod_lib.sh"

# pod NAME SCRIPT CONTAINER-FIELDS SPEC-FIELDS: writes $T/NAME.json.
pod() {
	jq -n --arg name "$1" --arg script "$2" --argjson container "$3" --argjson more "$4" '
		{ apiVersion: "v1", kind: "Pod", metadata: { name: $name },
		  spec: ({ terminationGracePeriodSeconds: 30, containers: [
			{ name: "c", image: "busybox", command: ["sh", "-c", $script] } + $container ] } + $more) }' \
		>"$T/$1.json"
}

is_evicted() {
	[[ $(minipod get pod "$1" -o json | jq -r '.status.reason') == Evicted ]]
}

# evicted NAME MESSAGE
evicted() {
	wait_until 40 "the eviction of $1" is_evicted "$1"
	minipod get pod "$1" -o json >"$T/$1.out"
	assert_json Failed "$T/$1.out" .status.phase
	assert_json "$2" "$T/$1.out" .status.message
	assert_json terminated "$T/$1.out" '.status.containerStatuses[0].state | keys[0]'
	minipod get events -o json 2>/dev/null >"$T/events" || minipod events "$1" >"$T/events"
	grep -qF Evicted "$T/events" || fail 'no event Evicted'
	minipod delete "$1" --now
}

# shellcheck disable=SC2016 # for the shell in the container
fill='i=0; while [ $i -lt 4 ]; do dd if=/dev/zero of=$d/f$i bs=1M count=1 2>/dev/null; i=$((i+1)); done; sleep 1000'

# They run beside one another: the check comes every ten seconds.
test_each_limit_evicts_with_its_own_message() {
	pod disk "d=/data; $fill" '{"volumeMounts":[{"name":"v","mountPath":"/data"}]}' \
		'{"volumes":[{"name":"v","emptyDir":{"sizeLimit":"2Mi"}}]}'
	pod mem "d=/data; $fill" '{"volumeMounts":[{"name":"v","mountPath":"/data"}]}' \
		'{"volumes":[{"name":"v","emptyDir":{"medium":"Memory"}},{"name":"w","emptyDir":{"sizeLimit":"2Mi"}}]}'
	jq '.spec.containers[0].volumeMounts += [{"name":"w","mountPath":"/w"}]
		| .spec.containers[0].command[2] |= "dd if=/dev/zero of=/w/x bs=1M count=3; " + .' \
		"$T/mem.json" >"$T/mem2.json"
	pod layer "d=/tmp; $fill" '{"resources":{"limits":{"ephemeral-storage":"3Mi"}}}' '{}'
	pod own "d=/tmp; $fill" '{"resources":{"limits":{"ephemeral-storage":"3Mi"}}}' \
		'{"overhead":{"ephemeral-storage":"100Mi"}}'
	# shellcheck disable=SC2016
	pod logs 'i=0; while [ $i -lt 40000 ]; do echo "a line of some length that goes to the log: $i"; i=$((i+1)); done; sleep 1000' \
		'{"resources":{"limits":{"ephemeral-storage":"1Mi"}}}' '{}'
	local name
	for name in disk mem2 layer logs own; do
		minipod run -d "$T/$name.json" >/dev/null
	done
	evicted disk 'Usage of EmptyDir volume "v" exceeds the limit "2Mi". '
	evicted mem 'Usage of EmptyDir volume "w" exceeds the limit "2Mi". '
	evicted layer 'Pod ephemeral local storage usage exceeds the total limit of containers 3Mi. '
	evicted logs 'Pod ephemeral local storage usage exceeds the total limit of containers 1Mi. '
	evicted own 'Container c exceeded its local ephemeral storage limit "3Mi". '
}

test_eviction_gives_one_second_of_grace_and_wakes_nobody_else() {
	local before after idle
	pod idle 'sleep 1000' '{"resources":{"limits":{"memory":"64Mi"}}}' \
		'{"terminationGracePeriodSeconds":0,"volumes":[{"name":"v","emptyDir":{}}]}'
	start_pod "$T/idle.json"
	wait_for_line 10 "$T/err" 'Container started'
	idle=$pod_pid
	# Until its start is over: what comes after that comes from outside or not at all.
	wait_until 10 'a status that says Running' grep -q '"phase":"Running"' \
		"$MINIPOD_ROOT/run/pods/default_idle/status.json"
	sleep 0.5
	before=$(awk '/^voluntary/ { print $2 }' "/proc/$idle/status")
	pod slow "trap '' TERM; dd if=/dev/zero of=/data/x bs=1M count=3; while :; do sleep 1; done" \
		'{"volumeMounts":[{"name":"v","mountPath":"/data"}]}' \
		'{"volumes":[{"name":"v","emptyDir":{"sizeLimit":"1Mi"}}]}'
	run_pod "$T/slow.json"
	assert_match "$T/err" 'Evicted'
	# 10 s until it is looked at and 2 s at least for SIGTERM: far from the 30 s of the pod.
	assert_between 9000 25000 "$elapsed_ms" 'the time in ms'
	after=$(awk '/^voluntary/ { print $2 }' "/proc/$idle/status")
	assert_eq "$before" "$after" 'the number of wake-ups'
	minipod delete idle --now
}

run_tests
