#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Pulling, from a registry on loopback in the test's own network namespace.
. "$(dirname "$0")/../support/pod_lib.sh"
. "$(dirname "$0")/../support/image_lib.sh"

R=localhost:5000

call() {
	status=0
	minipod "$@" >"$T/out" 2>"$T/err" </dev/null || status=$?
}

start_registry() {
	command -v docker-registry >/dev/null || skip 'no docker-registry'
	command -v skopeo >/dev/null || skip 'no skopeo'
	cat >"$T/registry.yml" <<-YAML
		version: 0.1
		log: { level: error }
		storage: { filesystem: { rootdirectory: $T/registry }, delete: { enabled: true } }
		http: { addr: 127.0.0.1:5000 }
	YAML
	docker-registry serve "$T/registry.yml" >"$T/registry.log" 2>&1 &
	registry_pid=$!
	wait_until 20 'the registry' bash -c "exec 3<>/dev/tcp/127.0.0.1/5000"
}

stop_registry() {
	kill "$registry_pid"
	wait "$registry_pid" || true
}

# push LAYOUT NAME [ARGUMENT...]
push() {
	local layout=$1 name=$2
	shift 2
	skopeo --insecure-policy copy -q --dest-tls-verify=false "$@" "oci:$layout" "docker://$R/$name"
}

make_app() {
	[[ -d $T/base ]] || image_root "$T/base" sh cat sleep
	mkdir -p "$T/top/srv"
	echo "${1:-one}" >"$T/top/srv/file"
	rm -rf "$T/app"
	oci_layout "$T/app" x '{"Cmd":["cat","/srv/file"]}' "$T/base" "$T/top"
}

# pod_of IMAGE POLICY
pod_of() {
	jq -n --arg image "$1" --arg policy "$2" \
		'{apiVersion: "v1", kind: "Pod", metadata: {name: "web"}, spec: {restartPolicy: "Never",
		  terminationGracePeriodSeconds: 1, containers: [{name: "web", image: $image,
		  imagePullPolicy: $policy}]}}'
}

test_pull_gets_an_image_once_and_follows_its_tag() {
	start_registry
	make_app
	push "$T/app" app:1
	call image pull "$R/app:1"
	assert_status 0
	assert_line "$T/out" "Pulled image: $R/app:1"
	assert_match "$T/err" '^layer 2 of 2 [0-9a-f]{12}: unpacked, [0-9]+'
	call image ls -o json "$R/app:1"
	assert_json "$R/app@$(jq -r '.manifests[0].digest' "$T/app/index.json")" "$T/out" '.[0].RepoDigests[0]'
	call image pull "$R/app:1"
	assert_line "$T/out" "Image is up to date: $R/app:1"
	make_app two
	push "$T/app" app:1
	call image pull "$R/app:1"
	assert_line "$T/out" "Pulled image: $R/app:1"
	assert_match "$T/err" '^layer 1 of 2 [0-9a-f]{12}: already there$'
	call image pull "$R/app@$(jq -r '.manifests[0].digest' "$T/app/index.json")"
	assert_status 0
	assert_match "$T/out" "^Image is up to date: $R/app@sha256:"
	call image prune
	assert_match "$T/out" '^Deleted: sha256:'
	stop_registry
}

test_dockers_manifests_keep_their_digest() {
	start_registry
	make_app
	push "$T/app" docker:1 --format v2s2
	call image pull "$R/docker:1"
	assert_status 0
	local digest
	digest=$(skopeo inspect --tls-verify=false --raw "docker://$R/docker:1" | sha256sum | cut -d' ' -f1)
	call image ls -o json "$R/docker:1"
	assert_json "$R/docker@sha256:$digest" "$T/out" '.[0].RepoDigests[0]'
	stop_registry
}

test_what_cannot_be_pulled_says_why_and_leaves_nothing() {
	call image pull "$R/app:1"
	assert_status 1
	assert_match "$T/err" "^error: failed to pull and unpack image \"$R/app:1\": .*connection refused"
	start_registry
	make_app
	push "$T/app" app:1
	call image pull "$R/app:2"
	assert_match "$T/err" "^error: failed to pull and unpack image \"$R/app:2\": .*manifest unknown"
	call image pull 'Bad Name'
	assert_match "$T/err" "couldn't parse image name \"Bad Name\""
	ARCHITECTURE=s390x
	make_app
	unset ARCHITECTURE
	push "$T/app" z:1
	call image pull "$R/z:1"
	assert_match "$T/err" 'the image is for linux/s390x, this machine is linux/'
	mkdir "$T/bin"
	status=0
	PATH=$T/bin "$MINIPOD" --root "$MINIPOD_ROOT" image pull "$R/app:1" >"$T/out" 2>"$T/err" || status=$?
	assert_status 1
	assert_match "$T/err" 'skopeo is not installed, which pulling needs'
	stop_registry
	assert_eq '' "$(find "$MINIPOD_ROOT/lib/layers" -mindepth 1)" 'files below layers'
}

# Several start at the same moment; each unpacked layer is unpacked by one of them.
test_pulls_of_one_image_at_once_all_succeed() {
	start_registry
	make_app
	push "$T/app" app:1
	local pids=() pid
	for i in 1 2 3; do
		minipod image pull -q "$R/app:1" >"$T/out$i" 2>&1 &
		pids+=($!)
	done
	for pid in "${pids[@]}"; do
		wait "$pid" || fail "a pull failed: $(cat "$T"/out?)"
	done
	assert_eq 1 "$(sort -u "$T"/out? | wc -l)" 'different ids'
	assert_eq 2 "$(find "$MINIPOD_ROOT/lib/layers" -mindepth 1 -maxdepth 1 | wc -l)" 'layers'
	stop_registry
}

test_a_pod_pulls_what_it_needs() {
	start_registry
	make_app
	push "$T/app" app:1
	pod_of "$R/app:1" IfNotPresent >"$T/pod.json"
	run_pod "$T/pod.json"
	assert_status 0
	assert_match "$T/out" 'one$'
	assert_order "$T/err" "Pulling +.*Pulling image \"$R/app:1\"" \
		"Pulled +.*Successfully pulled image \"$R/app:1\" in .* \(.* including waiting\)\. Image size: [0-9]+ bytes\."
	make_app two
	push "$T/app" app:1
	run_pod "$T/pod.json"
	assert_match "$T/out" 'one$'
	assert_match "$T/err" 'already present on machine and can be accessed by the pod'
	pod_of "$R/app:1" Always >"$T/pod.json"
	run_pod "$T/pod.json"
	assert_match "$T/out" 'two$'
	minipod image rm "$R/app:1"
	jq --arg image "$R/app:1" '.spec.containers[0] += {image: "busybox", imagePullPolicy: "IfNotPresent",
		command: ["cat", "/data/srv/file"], volumeMounts: [{name: "data", mountPath: "/data"}]} |
		.spec.volumes = [{name: "data", image: {reference: $image}}]' "$T/pod.json" >"$T/volume.json"
	run_pod "$T/volume.json"
	assert_match "$T/out" 'two$'
	assert_match "$T/err" " Pulled +Successfully pulled image \"$R/app:1\""
	stop_registry
}

test_a_pod_waits_for_an_image_that_cannot_be_pulled_and_starts_when_it_can() {
	start_registry
	stop_registry
	pod_of "$R/app:1" IfNotPresent >"$T/pod.json"
	minipod run -d "$T/pod.json"
	wait_until 10 'the waiting reason' sh -c "'$MINIPOD' --root '$MINIPOD_ROOT' get pod web -o json |
		jq -e '.status.containerStatuses[0].state.waiting.reason | . == \"RegistryUnavailable\" or . == \"ImagePullBackOff\"'"
	minipod events --for pod/web >"$T/events"
	assert_match "$T/events" "Failed to pull image \"$R/app:1\": failed to pull and unpack image \"$R/app:1\": .*connection refused"
	minipod get pod web -o json >"$T/pod"
	assert_json Pending "$T/pod" .status.phase
	start_registry
	make_app
	push "$T/app" app:1
	minipod wait web --for 'jsonpath={.status.phase}=Succeeded' --timeout 50s
	minipod delete web
	stop_registry
}

test_a_pod_can_be_deleted_while_it_pulls() {
	# A registry that takes the connection and says nothing.
	mkfifo "$T/never"
	busybox nc -l -p 5000 <"$T/never" >"$T/asked" 2>&1 &
	local listener=$!
	exec 9>"$T/never"
	wait_until 5 'the listener' grep -qE ':1388 .* 0A ' /proc/net/tcp /proc/net/tcp6
	pod_of "$R/app:1" IfNotPresent >"$T/pod.json"
	start_pod "$T/pod.json"
	wait_until 10 'the request' test -s "$T/asked"
	minipod get pod web -o json >"$T/pod"
	assert_json ContainerCreating "$T/pod" '.status.containerStatuses[0].state.waiting.reason'
	minipod delete web
	wait_pod 10
	exec 9>&-
	kill "$listener" 2>/dev/null || true
	wait "$listener" || true
}

test_debug_pulls_the_image_of_its_container() {
	start_registry
	make_app
	push "$T/app" app:1
	jq -n '{apiVersion: "v1", kind: "Pod", metadata: {name: "web"}, spec: {terminationGracePeriodSeconds: 1,
		hostNetwork: true, containers: [{name: "c", image: "busybox", command: ["sleep", "1000"]}]}}' >"$T/pod.json"
	minipod run -d "$T/pod.json" >/dev/null
	call debug -i web --image="$R/app:1" -c probe
	assert_status 0
	assert_line "$T/out" one
	wait_until 5 'its start' sh -c "'$MINIPOD' --root '$MINIPOD_ROOT' events --for pod/web | grep -c Started | grep -q 2"
	minipod get events >"$T/events"
	assert_order "$T/events" "Normal +Pulling +pod/web +Pulling image \"$R/app:1\"" "Normal +Pulled +pod/web +Successfully pulled image \"$R/app:1\" in " \
		'Normal +Started +pod/web +Container started'
	call get pod web -o 'jsonpath={.status.ephemeralContainerStatuses[0].imageID}'
	assert_match "$T/out" "^$R/app@sha256:"
	call debug web --image="$R/other:1" -c other
	assert_status 1
	assert_match "$T/err" "^error: Failed to pull image \"$R/other:1\": "
	minipod delete web
	stop_registry
}

run_tests
