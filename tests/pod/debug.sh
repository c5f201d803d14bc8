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
	minipod describe web >"$T/described"
	assert_order "$T/described" '^Ephemeral Containers:$' '^  probe:$' '^    State: +Terminated$' '^      Exit Code: +6$'
	# Another update of the spec: "will start an ephemeral container in an existing pod" of the node tests.
	assert_json '[2,2,2]' "$T/out" '[.metadata.generation, .status.observedGeneration, .status.conditions[0].observedGeneration]'
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

events_match() {
	minipod get events -o wide >"$T/events"
	grep -qE -- "$1" "$T/events"
}

test_ephemeral_container_has_the_events_and_the_image_of_any_other() {
	start_web
	# shellcheck disable=SC2016 # for the shell in the container
	call debug web --image=busybox:1 -c probe --env A=b -- sh -c 'echo "$A"; echo last words >/dev/termination-log; exit 3'
	assert_status 0
	wait_until 5 'its start' events_match 'spec.ephemeralContainers\{probe\} .* Container started'
	minipod get events --field-selector 'involvedObject.fieldPath=spec.ephemeralContainers{probe}' >"$T/events"
	assert_order "$T/events" 'Normal +Pulled +pod/web +Container image "busybox:1" already present on machine' \
		'Normal +Created +pod/web +Container created$' 'Normal +Started +pod/web +Container started$'
	wait_until 5 'its end' sh -c "'$MINIPOD' --root '$MINIPOD_ROOT' get pod web -o 'jsonpath={.status.ephemeralContainerStatuses[0].state.terminated.message}' | grep -q 'last words'"
	call get pod web -o json
	assert_json '["docker.io/library/busybox:1","IfNotPresent","Error",3,"last words\n"]' "$T/out" \
		'[.status.ephemeralContainerStatuses[0].image, .spec.ephemeralContainers[0].imagePullPolicy, (.status.ephemeralContainerStatuses[0].state.terminated | .reason, .exitCode, .message)]'
	assert_json "$(jq -r '.status.containerStatuses[0].imageID' "$T/out")" "$T/out" '.status.ephemeralContainerStatuses[0].imageID'
	assert_eq b "$(minipod logs web -c probe)" 'its variable'
	assert_eq 0 "$(minipod replay "$MINIPOD_ROOT/run/pods/default_web/trace.jsonl" >/dev/null && echo 0)" 'what replay ends with'
	minipod delete web
}

test_ephemeral_container_whose_image_cannot_be_had_leaves_its_name_free() {
	start_web
	call debug web --image=no/such-image:1 --image-pull-policy=Never -c probe -- true
	assert_status 1
	assert_line "$T/err" 'error: Container image "no/such-image:1" is not present with pull policy of Never'
	wait_until 5 'its end' events_match 'Error: ErrImageNeverPull'
	assert_order "$T/events" 'Warning +ErrImageNeverPull ' 'Warning +Failed +pod/web .* Error: ErrImageNeverPull '
	assert_eq '' "$(minipod get pod web -o 'jsonpath={.spec.ephemeralContainers}{.status.ephemeralContainerStatuses}')" 'what is left of it'
	call debug web --image=busybox --image-pull-policy=Sometimes -c probe -- true
	assert_match "$T/err" 'imagePullPolicy: Unsupported value: "Sometimes"'
	call debug -i web --image=busybox -c probe -- echo again
	assert_line "$T/out" again
	minipod delete web
}

test_detached_ephemeral_container_keeps_its_input_for_whoever_attaches() {
	start_web
	# shellcheck disable=SC2016 # for the shell in the container
	call debug -i web --attach=false --image=busybox -c probe -- sh -c 'while read -r x; do echo "got $x"; done; echo over'
	assert_status 0
	call get pod web -o json
	assert_json '[true,null,true]' "$T/out" \
		'[(.spec.ephemeralContainers[0] | .stdin, .stdinOnce), (.status.ephemeralContainerStatuses[0].state | has("running"))]'
	printf 'this\n' | timeout 10 "$MINIPOD" --root "$MINIPOD_ROOT" attach -i web -c probe >"$T/attached" 2>&1 &
	local client=$!
	wait_until 5 'what it has read' grep -q 'got this' "$T/attached"
	kill "$client" 2>/dev/null || true
	minipod delete web
}

test_pod_taken_over_ends_its_ephemeral_containers_too() {
	start_web
	minipod debug web --image=busybox -c probe -- sleep 1000
	call debug -i web --image=busybox -c short -- sh -c 'exit 9'
	minipod label web kept=yes
	local pid
	pid=$(pgrep -f -- "run -d $T/web.json")
	kill -KILL "$pid"
	wait_until 5 Unknown sh -c "'$MINIPOD' --root '$MINIPOD_ROOT' get pods | grep -q Unknown"
	minipod recover web
	call get pod web -o json
	assert_json '[true,9]' "$T/out" '[.status.ephemeralContainerStatuses[].state | if .running then true else .terminated.exitCode end]'
	assert_json 1 "$T/out" '[.status.containerStatuses[].imageID, .status.ephemeralContainerStatuses[].imageID] | unique | length'
	assert_eq yes "$(minipod get pod web -o 'jsonpath={.metadata.labels.kept}')" 'the label'
	minipod label web more=yes
	minipod delete web
}

run_tests
