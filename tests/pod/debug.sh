#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Ephemeral containers: debug.
. "$(dirname "$0")/../support/pod_lib.sh"

start_web() {
	cat >"$T/web.json" <<-'JSON'
		{ "apiVersion": "v1", "kind": "Pod", "metadata": { "name": "web" },
		  "spec": { "terminationGracePeriodSeconds": 1, "containers": [
			{ "name": "c", "image": "busybox", "command": ["sh", "-c", "echo mine >/only-here; exec sleep 54321"] } ] } }
	JSON
	minipod run -d "$T/web.json" >/dev/null
}

call() {
	status=0
	minipod "$@" >"$T/out" 2>"$T/err" </dev/null || status=$?
}

test_ephemeral_container_sees_its_target_and_shows_in_the_pod() {
	start_web
	status=0
	minipod debug -i web --image=busybox --target=c -c probe -- sh -c 'ps; cat /proc/1/root/only-here; cat; exit 6' \
		>"$T/out" 2>"$T/err" <<<'typed' || status=$?
	assert_status 6
	assert_match "$T/out" 'sleep 54321'
	assert_order "$T/out" '^mine$' '^typed$'
	call get pod web -o json
	assert_json '["probe","c",6,"Error"]' "$T/out" \
		'[.spec.ephemeralContainers[0].name, .spec.ephemeralContainers[0].targetContainerName, (.status.ephemeralContainerStatuses[0].state.terminated | .exitCode, .reason)]'
	assert_json 'Running' "$T/out" '.status.phase'
	call logs web -c probe
	assert_line "$T/out" typed
	minipod delete web
}

test_without_target_it_only_sees_itself_and_ends_with_the_pod() {
	start_web
	call debug web --image=busybox -- sh -c 'ps; sleep 1000'
	assert_status 0
	assert_match "$T/err" '^Defaulting debug container name to debugger-[a-z0-9]{5}\.$'
	local name
	name=$(minipod get pod web -o 'jsonpath={.spec.ephemeralContainers[0].name}')
	wait_until 5 'its log' sh -c "'$MINIPOD' --root '$MINIPOD_ROOT' logs web -c $name | grep -q 'sleep 1000'"
	minipod logs web -c "$name" >"$T/log"
	assert_no_match "$T/log" 54321
	assert_eq 10.88 "$(minipod exec web -c "$name" -- cat /etc/hosts | awk '$2 == "web" { split($1, a, "."); print a[1] "." a[2] }')" 'its network'
	minipod exec web -- true
	minipod delete web
}

test_impossible_ephemeral_containers_are_refused() {
	start_web
	call debug web -- sh
	assert_status 1
	assert_match "$T/err" 'you must specify --image'
	call debug web --image=busybox -c c -- sh
	assert_match "$T/err" 'Duplicate value: "c"'
	call debug web --image=busybox --target=nobody -- sh
	assert_match "$T/err" 'targetContainerName: Not found: "nobody"'
	call debug web --image=no/such-image:1 -- sh
	assert_status 1
	call debug -i web --image=busybox -- /no/such/program
	assert_status 1
	call debug nobody --image=busybox -- sh
	assert_line "$T/err" 'Error from server (NotFound): pods "nobody" not found'
	assert_eq Running "$(minipod get pod web -o 'jsonpath={.status.phase}')" 'the phase'
	minipod delete web
}

test_pod_taken_over_ends_its_ephemeral_containers_too() {
	start_web
	minipod debug web --image=busybox -c probe -- sleep 1000
	minipod label web kept=yes
	local pid
	pid=$(pgrep -f -- "run -d $T/web.json")
	kill -KILL "$pid"
	wait_until 5 Unknown sh -c "'$MINIPOD' --root '$MINIPOD_ROOT' get pods | grep -q Unknown"
	minipod recover web
	assert_eq yes "$(minipod get pod web -o 'jsonpath={.metadata.labels.kept}')" 'the label'
	minipod label web more=yes
	minipod delete web
}

run_tests
