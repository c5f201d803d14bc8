#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Images as volumes: section 9.8.
. "$(dirname "$0")/../support/pod_lib.sh"
. "$(dirname "$0")/../support/image_lib.sh"

make_data() {
	mkdir -p "$T/bottom/dir" "$T/top/dir"
	echo bottom >"$T/bottom/dir/below"
	echo hidden >"$T/bottom/dir/gone"
	printf '#!/bin/sh\necho ran\n' >"$T/bottom/script"
	chmod 755 "$T/bottom/script"
	echo "${1:-top}" >"$T/top/dir/file"
	: >"$T/top/dir/.wh.gone"
	rm -rf "$T/data"
	oci_layout "$T/data" example.org/data:1 '{}' "$T/bottom" "$T/top"
}

# pod_with COMMAND [MOUNT_JSON [SPEC_JSON [VOLUME_JSON]]]
pod_with() {
	jq -n --arg command "$1" --argjson mount "${2:-{\}}" --argjson spec "${3:-{\}}" --argjson volume "${4:-{\}}" \
		'{apiVersion: "v1", kind: "Pod", metadata: {name: "web"}, spec: ({restartPolicy: "Never",
		  terminationGracePeriodSeconds: 1,
		  containers: [{name: "web", image: "busybox", command: ["sh", "-c", $command],
			volumeMounts: [{name: "data", mountPath: "/data"} + $mount]}],
		  volumes: [{name: "data", image: ({reference: "example.org/data:1"} + $volume)}]} + $spec)}'
}

test_an_image_is_mounted_with_its_layers_stacked_and_read_only() {
	make_data
	minipod image load "$T/data"
	pod_with 'cat /data/dir/below /data/dir/file; ls /data/dir; echo x >/data/new || echo read-only; /data/script || echo no exec' \
		>"$T/pod.json"
	run_pod "$T/pod.json"
	assert_status 0
	assert_order "$T/out" 'bottom$' 'top$' 'below$' 'file$' 'read-only$' 'no exec$'
	assert_no_match "$T/out" 'gone|ran'
	assert_match "$T/err" 'Container image "example.org/data:1" already present on machine and can be accessed by the pod'
}

test_a_recorded_pod_with_an_image_volume_can_be_lived_again() {
	make_data
	minipod image load -q "$T/data"
	pod_with 'cat /data/dir/file; sleep 1000' >"$T/pod.json"
	minipod run -d --wait-for=ready "$T/pod.json"
	minipod replay "$MINIPOD_ROOT/run/pods/default_web/trace.jsonl"
	assert_match "$MINIPOD_ROOT/run/pods/default_web/trace.jsonl" '"checkImage".*"volume":"data"'
	minipod delete web --now
}

test_an_image_of_one_layer_and_a_part_of_it_can_be_mounted() {
	mkdir -p "$T/one/dir"
	echo single >"$T/one/dir/file"
	oci_layout "$T/data" example.org/data:1 '{}' "$T/one"
	minipod image load "$T/data"
	pod_with 'cat /data/file' '{"subPath": "dir"}' >"$T/pod.json"
	run_pod "$T/pod.json"
	assert_status 0
	assert_match "$T/out" 'single$'
}

test_an_image_volume_serves_every_container_that_mounts_it() {
	make_data
	minipod image load "$T/data"
	pod_with 'cat /data/dir/file' | jq '.spec.containers |= [ range(3) as $i | .[0] + { name: "c\($i)" } ]' >"$T/pod.json"
	run_pod "$T/pod.json"
	assert_status 0
	assert_count 3 "$T/out" 'top$'
}

test_an_image_volume_of_a_pod_with_its_own_user_namespace_has_its_owners() {
	make_data
	chown 5:6 "$T/top/dir/file"
	rm -rf "$T/data"
	oci_layout "$T/data" example.org/data:1 '{}' "$T/bottom" "$T/top"
	minipod image load "$T/data"
	needs_idmapped_tmpfs
	pod_with 'stat -c "%u %g" /data/dir/file' '{}' '{"hostUsers": false}' >"$T/pod.json"
	run_pod "$T/pod.json"
	assert_status 0
	assert_match "$T/out" '5 6$'
}

waiting_reason() {
	minipod get pod web -o 'jsonpath={.status.containerStatuses[0].state.waiting.reason}'
}

test_an_image_that_is_not_there_keeps_the_container_waiting_until_it_is() {
	make_data
	pod_with 'cat /data/dir/file' '{}' '{}' '{"pullPolicy": "Never"}' >"$T/pod.json"
	start_pod "$T/pod.json"
	wait_for_line 10 "$T/err" 'ErrImageNeverPull'
	assert_match "$T/err" 'Container image "example.org/data:1" is not present with pull policy of Never'
	assert_eq ErrImageNeverPull "$(waiting_reason)" 'the waiting reason'
	minipod image load "$T/data"
	wait_pod 40
	assert_status 0
	assert_match "$T/out" 'top$'
}

test_a_pull_that_fails_shows_on_the_containers_that_mount_the_image() {
	pod_with 'true' '{}' '{"restartPolicy": "Never"}' '{"reference": "127.0.0.1:9/data:1"}' |
		jq '.spec.containers += [{name: "zero", image: "busybox", command: ["echo", "went on"]}]' >"$T/pod.json"
	start_pod "$T/pod.json"
	wait_for_line 20 "$T/out" 'went on'
	wait_until 20 'the waiting reason' sh -c "'$MINIPOD' --root '$MINIPOD_ROOT' get pod web -o json |
		jq -e '.status.containerStatuses[0].state.waiting.reason | test(\"ErrImagePull|RegistryUnavailable|ImagePullBackOff\")'"
	assert_match "$T/err" 'Failed to pull image "127.0.0.1:9/data:1": failed to pull'
	minipod delete web
	wait_pod 10
}

test_a_container_that_starts_again_sees_the_image_as_it_is_then() {
	make_data
	minipod image load "$T/data"
	# shellcheck disable=SC2016 # for the container's shell
	pod_with 'cat /data/dir/file; [ $(cat /data/dir/file) = new ] || { sleep 1000 & wait $!; }' '{}' \
		'{"restartPolicy": "OnFailure"}' >"$T/pod.json"
	start_pod "$T/pod.json"
	wait_for_line 10 "$T/out" 'top$'
	rm -rf "$T/data"
	make_data new
	minipod image load "$T/data"
	minipod exec web -- sh -c 'cat /data/dir/file; kill -9 -1' >"$T/seen" || true
	wait_pod 30
	assert_line "$T/seen" top
	assert_match "$T/out" 'new$'
}

run_tests
