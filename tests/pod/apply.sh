#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What may change of a running pod: ConfigMaps and Secrets, labels and annotations, images.
. "$(dirname "$0")/../support/pod_lib.sh"
. "$(dirname "$0")/../support/recovery_lib.sh"

call() {
	status=0
	minipod "$@" >"$T/out" 2>"$T/err" </dev/null || status=$?
}

config() {
	cat >"$T/config.yaml" <<-YAML
		apiVersion: v1
		kind: ConfigMap
		metadata: { name: settings }
		data: { colour: $1 }
	YAML
}

start_web() {
	config blue
	cat >"$T/pod.yaml" <<-'YAML'
		apiVersion: v1
		kind: Secret
		metadata: { name: key }
		stringData: { password: sesame }
		---
		apiVersion: v1
		kind: Pod
		metadata: { name: web, labels: { app: web } }
		spec:
		  terminationGracePeriodSeconds: 1
		  containers:
		  - { name: c, image: busybox, command: [sleep, "1000"],
		      volumeMounts: [ { name: config, mountPath: /config }, { name: all, mountPath: /all }, { name: info, mountPath: /info } ] }
		  volumes:
		  - { name: config, configMap: { name: settings } }
		  - { name: all, projected: { sources: [ { secret: { name: key } }, { configMap: { name: later, optional: true } } ] } }
		  - { name: info, downwardAPI: { items: [ { path: labels, fieldRef: { fieldPath: metadata.labels } } ] } }
	YAML
	minipod run -d -f "$T/pod.yaml" -f "$T/config.yaml" >/dev/null
}

# reads FILE TEXT: a file in the container has this content.
reads() {
	[[ $(minipod exec web -- cat "$1") == "$2" ]]
}

test_applied_configmap_and_secret_refresh_the_files_of_volumes() {
	start_web
	reads /config/colour blue || fail 'no file to begin with'
	config green
	call apply -f "$T/config.yaml"
	assert_status 0
	assert_line "$T/out" 'configmap/settings configured'
	reads /config/colour green || fail 'the file is the old one'
	call apply -f "$T/config.yaml"
	assert_line "$T/out" 'configmap/settings unchanged'
	assert_eq green "$(minipod get cm settings -o 'jsonpath={.data.colour}')" 'what get shows'
	cat >"$T/more.yaml" <<-'YAML'
		apiVersion: v1
		kind: Secret
		metadata: { name: key }
		stringData: { password: other }
		---
		apiVersion: v1
		kind: ConfigMap
		metadata: { name: later }
		data: { came: late }
	YAML
	call apply "$T/more.yaml"
	assert_order "$T/out" '^secret/key configured$' '^configmap/later created$'
	reads /all/password other || fail 'the secret is the old one'
	reads /all/came late || fail 'an optional object did not come'
	minipod delete web
}

test_a_deleted_object_leaves_the_volumes_for_which_it_is_optional() {
	start_web
	cat >"$T/more.yaml" <<-'YAML'
		apiVersion: v1
		kind: ConfigMap
		metadata: { name: later }
		data: { came: late }
	YAML
	minipod apply "$T/more.yaml"
	reads /all/came late || fail 'an optional object did not come'
	call delete configmap later
	assert_status 0
	assert_line "$T/out" 'configmap "later" deleted from default namespace'
	assert_eq password "$(minipod exec web -- ls /all)" 'files left of optional and other objects'
	minipod apply "$T/more.yaml"
	reads /all/came late || fail 'an object does not come back'
	minipod delete cm later
	# Required ones stay as they were, as on a node.
	call delete cm/settings -o name
	assert_line "$T/out" configmap/settings
	call delete secret key
	assert_status 0
	reads /config/colour blue || fail 'a required object took its files along'
	reads /all/password sesame || fail 'a required secret took its files along'
	minipod events | grep -q 'FailedMount.*settings' || fail 'nobody says that settings is missing'
	call get cm,secrets
	assert_match "$T/err" '^No resources found'
	call delete configmap settings
	assert_status 1
	assert_match "$T/err" 'configmaps "settings" not found: no running pod of namespace default has it'
	call delete configmap settings --ignore-not-found
	assert_status 0
	call delete configmap --all
	assert_match "$T/err" '^error: --all does not go with configmaps: name them'
	call delete event some
	assert_match "$T/err" 'an event cannot be deleted'
	minipod delete web
}

holds_a_socket() {
	find "/proc/$1/fd" -lname 'socket:*' 2>/dev/null | grep -q .
}

test_a_pod_that_ends_while_objects_are_applied_is_no_error() {
	start_web
	minipod run -d - >/dev/null <<-'YAML'
		apiVersion: v1
		kind: Pod
		metadata: { name: another }
		spec: { terminationGracePeriodSeconds: 0, containers: [ { name: c, image: busybox, command: [sleep, "1000"] } ] }
	YAML
	local supervisor client
	supervisor=$(supervisor_of another)
	kill -STOP "$supervisor"
	config green
	"$MINIPOD" --root "$MINIPOD_ROOT" apply "$T/config.yaml" >"$T/out" 2>"$T/err" &
	client=$!
	wait_until 5 'a client that waits for the other pod' holds_a_socket "$client"
	kill -KILL "$supervisor"
	status=0
	wait "$client" || status=$?
	assert_status 0
	assert_line "$T/out" 'configmap/settings configured'
	assert_eq '' "$(cat "$T/err")" 'what it complains about'
	minipod delete web another
}

test_objects_that_nobody_uses_or_that_are_immutable_are_refused() {
	start_web
	cat >"$T/odd.yaml" <<-'YAML'
		apiVersion: v1
		kind: ConfigMap
		metadata: { name: odd }
		data: { a: b }
	YAML
	call apply "$T/odd.yaml"
	assert_status 1
	assert_match "$T/err" '^error: configmap/odd: no running pod of namespace default uses it'
	config blue
	echo 'immutable: true' >>"$T/config.yaml"
	minipod apply "$T/config.yaml"
	config red
	call apply "$T/config.yaml"
	assert_status 1
	assert_match "$T/err" 'ConfigMap "settings" is invalid: data: Forbidden: field is immutable when .immutable. is set'
	reads /config/colour blue || fail 'it was changed all the same'
	call apply
	assert_status 1
	minipod delete web
}

test_labels_and_annotations_change_and_downward_files_follow() {
	start_web
	call label pod web tier=front
	assert_line "$T/out" 'pod/web labeled'
	call label web tier=front
	assert_line "$T/out" 'pod/web not labeled'
	call label web tier=back
	assert_status 1
	assert_line "$T/err" "error: 'tier' already has a value (front), and --overwrite is false"
	call label pods -l app=web tier=back --overwrite
	assert_line "$T/out" 'pod/web labeled'
	reads /info/labels $'app="web"\ntier="back"' || fail "the file has $(minipod exec web -- cat /info/labels)"
	assert_eq '{"app":"web","tier":"back"}' "$(minipod get pod web -o 'jsonpath={.metadata.labels}')" 'labels'
	call label web tier-
	assert_line "$T/out" 'pod/web unlabeled'
	call label web --list
	assert_eq app=web "$(cat "$T/out")" 'the list'
	call annotate web example.com/note='two words'
	assert_line "$T/out" 'pod/web annotated'
	assert_eq 'two words' "$(minipod get pod web -o 'jsonpath={.metadata.annotations.example\.com/note}')" 'the annotation'
	call label web 'bad key=x'
	assert_status 1
	call label web
	assert_line "$T/err" 'error: at least one label update is required: KEY=VALUE or KEY-'
	call label nobody a=b
	assert_line "$T/err" 'Error from server (NotFound): pods "nobody" not found'
	minipod delete web
}

test_pod_that_has_ended_can_be_labelled() {
	cat >"$T/short.json" <<-'JSON'
		{ "apiVersion": "v1", "kind": "Pod", "metadata": { "name": "short" },
		  "spec": { "restartPolicy": "Never", "containers": [ { "name": "c", "image": "busybox", "command": ["true"] } ] } }
	JSON
	minipod run -d "$T/short.json" >/dev/null
	wait_until 10 'its end' sh -c "'$MINIPOD' --root '$MINIPOD_ROOT' get pods | grep -q Completed"
	wait_until 10 'its supervisor to leave' sh -c "'$MINIPOD' --root '$MINIPOD_ROOT' label short seen=yes --overwrite"
	call get pods -l seen=yes -o name
	assert_eq pod/short "$(cat "$T/out")" 'the pod found by its new label'
	call apply "$T/short.json"
	assert_status 1
	assert_match "$T/err" 'does not run any more'
	minipod delete short
}

test_apply_of_a_pod_changes_what_may_change_and_refuses_the_rest() {
	start_web
	call apply -f "$T/pod.yaml"
	assert_status 0
	assert_order "$T/out" '^pod/web unchanged$' '^secret/key unchanged$'
	sed -e 's/app: web/app: web, more: yes-it-is/' "$T/pod.yaml" >"$T/labels.yaml"
	call apply -f "$T/labels.yaml"
	assert_line "$T/out" 'pod/web configured'
	assert_eq yes-it-is "$(minipod get pod web -o 'jsonpath={.metadata.labels.more}')" 'the new label'
	sed -e 's/terminationGracePeriodSeconds: 1/activeDeadlineSeconds: 500/' "$T/pod.yaml" >"$T/grace.yaml"
	call apply -f "$T/grace.yaml"
	assert_status 1
	assert_match "$T/err" 'The Pod "web" is invalid: spec: Forbidden: pod updates may not change fields other than .*: spec.terminationGracePeriodSeconds differs'
	sed -e 's/"1000"/"2000"/' "$T/pod.yaml" >"$T/command.yaml"
	call apply -f "$T/command.yaml"
	assert_match "$T/err" ': spec.containers\[0\].command\[1\] differs'
	sed -e 's/name: web,/name: other,/' "$T/pod.yaml" >"$T/other.yaml"
	call apply -f "$T/other.yaml"
	assert_status 1
	assert_match "$T/err" '^Error from server \(NotFound\): pods "other" not found: start it with'
	minipod delete web
}

test_applied_image_restarts_its_container() {
	start_web
	sed -e 's/image: busybox,/image: "busybox:latest",/' "$T/pod.yaml" >"$T/image.yaml"
	call apply -f "$T/image.yaml"
	assert_line "$T/out" 'pod/web configured'
	wait_until 20 'the restart' sh -c "'$MINIPOD' --root '$MINIPOD_ROOT' get pod web -o 'jsonpath={.status.containerStatuses[0].restartCount} {.status.phase}' | grep -qx '1 Running'"
	call events --for pod/web
	assert_match "$T/out" 'Container c definition changed, will be restarted'
	assert_eq 'busybox:latest 2' "$(minipod get pod web -o 'jsonpath={.spec.containers[0].image} {.metadata.generation}')" 'image and generation'
	minipod delete web
}

# test/e2e/node/pods.go, "Pod Generation".
test_generation_counts_changes_of_the_spec_and_the_deletion() {
	start_web
	minipod get pod web -o json >"$T/1.json"
	jq '.spec.tolerations += [{ key: "foo", operator: "Exists" }]' "$T/1.json" >"$T/2.json"
	jq '.metadata.annotations.key = "value" | .metadata.generation = 1' "$T/2.json" >"$T/3.json"
	minipod apply -f "$T/1.json"
	assert_eq 1 "$(minipod get pod web -o 'jsonpath={.metadata.generation}')" 'generation after nothing new'
	minipod apply -f "$T/2.json"
	assert_eq 'foo 2' "$(minipod get pod web -o 'jsonpath={.spec.tolerations[0].key} {.metadata.generation}')" 'toleration and generation'
	minipod apply -f "$T/3.json"
	assert_eq 'value 2' "$(minipod get pod web -o 'jsonpath={.metadata.annotations.key} {.metadata.generation}')" 'annotation and generation'
	call apply -f "$T/1.json"
	assert_status 1
	assert_match "$T/err" 'spec.tolerations: Forbidden: existing toleration can not be modified except its tolerationSeconds'
	minipod delete web -o json >"$T/end.json"
	assert_json '[3,3]' "$T/end.json" '[.metadata.generation, .status.observedGeneration]'
}

test_applied_deadline_ends_the_pod() {
	start_web
	sed -e 's/terminationGracePeriodSeconds: 1/terminationGracePeriodSeconds: 1\n  activeDeadlineSeconds: 2/' "$T/pod.yaml" >"$T/deadline.yaml"
	minipod apply -f "$T/deadline.yaml"
	wait_until 20 'the deadline' sh -c "'$MINIPOD' --root '$MINIPOD_ROOT' get pod web -o 'jsonpath={.status.reason}' | grep -qx DeadlineExceeded"
	minipod delete web
}

run_tests
