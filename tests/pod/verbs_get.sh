#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# get and delete: selectors, kinds, output formats, and what comes of a forced deletion.
. "$(dirname "$0")/../support/pod_lib.sh"

# sleeper NAME LABELS [NAMESPACE]: a pod that runs until it is deleted.
sleeper() {
	cat >"$T/$1.json" <<-JSON
		{ "apiVersion": "v1", "kind": "Pod",
		  "metadata": { "name": "$1", "namespace": "${3:-default}", "labels": $2 },
		  "spec": { "terminationGracePeriodSeconds": 5, "containers": [ { "name": "c", "image": "busybox",
			"command": ["sh", "-c", "trap 'exit 4' TERM; echo ready; while :; do sleep 1000 & wait \$!; done"] } ] } }
	JSON
	minipod run -d "$T/$1.json" >/dev/null
}

call() {
	status=0
	minipod "$@" >"$T/out" 2>"$T/err" </dev/null || status=$?
}

test_get_chooses_by_label_field_and_namespace() {
	sleeper a '{"app":"web","tier":"front"}'
	sleeper b '{"app":"web","tier":"back"}'
	sleeper c '{"app":"db"}' other
	call get pods -l app=web -o name
	assert_eq $'pod/a\npod/b' "$(cat "$T/out")" 'pods with app=web'
	call get po -l 'tier in (back),app' --no-headers
	assert_match "$T/out" '^b +1/1 +Running'
	assert_count 1 "$T/out" .
	call get pods -A --field-selector metadata.namespace!=default -o name
	assert_eq pod/c "$(cat "$T/out")" 'pods of other namespaces'
	call get pods --field-selector status.phase=Failed
	assert_line "$T/err" 'No resources found in default namespace.'
	call get pods -L tier --show-labels
	assert_match "$T/out" '^NAME +READY +STATUS +RESTARTS +AGE +TIER +LABELS$'
	assert_match "$T/out" '^a .* front +app=web,tier=front$'
	call get pods --sort-by=.metadata.labels.tier -o name
	assert_eq $'pod/b\npod/a' "$(cat "$T/out")" 'the order by label'
	call get pods --sort-by=.spec.nothing
	assert_status 1
	assert_line "$T/err" "error: couldn't find any field with path \".spec.nothing\" in the list of objects"
	call get pods -o custom-columns=NAME:.metadata.name,APP:.metadata.labels.app
	assert_order "$T/out" '^NAME   APP$' '^a      web$' '^b      web$'
	call get pod/a pod/b -o name
	assert_eq $'pod/a\npod/b' "$(cat "$T/out")" 'kind and name together'
	call get pods -l 'app in (web'
	assert_status 1
	assert_match "$T/err" 'unable to parse the selector'
	call get pods --field-selector status.fase=x
	assert_match "$T/err" 'did you mean status.phase\?'
	call get pod a -l app=web
	assert_line "$T/err" 'error: name cannot be provided when a selector is specified'
	call get pod a -A
	assert_line "$T/err" 'error: a resource cannot be retrieved by name across all namespaces'
	call get deployments
	assert_match "$T/err" "the server doesn't have a resource type \"deployments\""
	call get pods -o junk
	assert_match "$T/err" 'unable to match a printer suitable for the output format "junk"'
	minipod delete --all -A --now
}

start_with_objects() {
	cat >"$T/pod.yaml" <<-'YAML'
		apiVersion: v1
		kind: ConfigMap
		metadata: { name: settings, labels: { app: x } }
		data: { colour: blue, size: "3" }
		---
		apiVersion: v1
		kind: Secret
		metadata: { name: key }
		stringData: { password: sesame }
		---
		apiVersion: v1
		kind: Pod
		metadata: { name: web }
		spec:
		  containers: [ { name: c, image: busybox, command: [sleep, "1000"] } ]
	YAML
	minipod run -d "$T/pod.yaml" >/dev/null
}

test_get_shows_several_kinds_each_in_its_own_table() {
	start_with_objects
	call get pods,cm,secrets,pods
	assert_status 0
	assert_eq $'NAME\npod/web\n\nNAME\nconfigmap/settings\n\nNAME\nsecret/key' "$(cut -d' ' -f1 "$T/out")" 'the tables'
	call get pods,events -o wide
	assert_order "$T/out" '^pod/web +1/1 ' '^$' '^LAST SEEN ' ' event/web\.[0-9a-f]+$'
	call get cm,pods --no-headers -A
	assert_eq $'default configmap/settings\ndefault pod/web' "$(awk '{ print $1, $2 }' "$T/out")" 'lines without headers'
	call get all
	assert_match "$T/out" '^pod/web +1/1 '
	call get pods,cm -l app=x
	assert_eq $'NAME\nconfigmap/settings' "$(cut -d' ' -f1 "$T/out")" 'what has the label'
	call get pods,secrets -o json
	assert_json '["List","Pod","Secret"]' "$T/out" '[.kind, .items[].kind]'
	call get pods,cm -o name
	assert_eq $'pod/web\nconfigmap/settings' "$(cat "$T/out")" 'the names'
	call get pods,cm -n elsewhere
	assert_status 0
	assert_line "$T/err" 'No resources found in elsewhere namespace.'
	call get pods,events -w
	assert_status 1
	assert_line "$T/err" 'error: you may only specify a single resource type'
	call get pods,nodes
	assert_match "$T/err" "^error: the server doesn't have a resource type \"nodes\""
	minipod delete web --now
}

test_get_shows_named_objects_of_several_kinds_and_says_which_are_missing() {
	start_with_objects
	call get pod/web secret/key pod/nobody cm/none
	assert_status 1
	assert_eq $'NAME\npod/web\n\nNAME\nsecret/key' "$(cut -d' ' -f1 "$T/out")" 'the tables'
	assert_eq $'Error from server (NotFound): pods "nobody" not found\nError from server (NotFound): configmaps "none" not found' \
		"$(cat "$T/err")" 'what is missing'
	call get pod/web cm/none
	assert_match "$T/out" '^web +1/1 '
	call get cm,secret settings key -o name
	assert_eq $'configmap/settings\nsecret/key' "$(cat "$T/out")" 'each name in each kind'
	call get pod/web cm
	assert_status 1
	minipod delete web --now
}

test_get_events_w_prints_each_event_once_and_again_when_it_comes_again() {
	cat >"$T/crash.json" <<-'JSON'
		{ "apiVersion": "v1", "kind": "Pod", "metadata": { "name": "crash" },
		  "spec": { "containers": [ { "name": "c", "image": "busybox", "command": ["false"] } ] } }
	JSON
	"$MINIPOD" --root "$MINIPOD_ROOT" get events -w --output-watch-events >"$T/watch" 2>&1 &
	local watcher=$!
	minipod run -d "$T/crash.json" >/dev/null
	wait_for_line 20 "$T/watch" '^ADDED +[0-9]+s +Normal +Started'
	wait_for_line 30 "$T/watch" '^MODIFIED +[0-9]+s +Normal +Started'
	assert_count 1 "$T/watch" '^ADDED +[0-9]+s +Normal +Started'
	kill "$watcher"
	wait "$watcher" || true
	minipod delete crash --now
}

test_get_events_has_kubectls_columns_and_objects() {
	sleeper a '{}'
	call get events
	assert_match "$T/out" '^LAST SEEN   TYPE     REASON +OBJECT   MESSAGE$'
	assert_match "$T/out" '^[0-9]+s +Normal   Started +pod/a +Container started$'
	call get events -o wide --field-selector reason=Started
	assert_match "$T/out" '^LAST SEEN +TYPE +REASON +OBJECT +SUBOBJECT +SOURCE +MESSAGE +FIRST SEEN +COUNT +NAME$'
	assert_match "$T/out" ' spec.containers\{c\} +minipod +Container started +[0-9]+s +1 +a\.[0-9a-f]+$'
	call get events -o json
	assert_json '["Event","Pod","a"]' "$T/out" '.items[0] | [.kind, .involvedObject.kind, .involvedObject.name]'
	minipod delete a --now
}

test_get_shows_the_configmaps_and_secrets_of_pods() {
	start_with_objects
	call get cm
	assert_order "$T/out" '^NAME +DATA   AGE$' '^settings +2 +[0-9]+s$'
	call get configmap settings -o 'jsonpath={.data.colour} {.metadata.namespace}'
	assert_eq 'blue default' "$(cat "$T/out")" 'the data'
	call get secrets
	assert_order "$T/out" '^NAME +TYPE +DATA   AGE$' '^key +Opaque +1 +[0-9]+s$'
	call get secret key -o 'jsonpath={.data.password}'
	assert_eq c2VzYW1l "$(cat "$T/out")" 'the secret, in base64'
	call describe cm settings
	assert_order "$T/out" '^Name: +settings$' '^Labels: +app=x$' '^Data$' '^colour:$' '^----$' '^blue$' '^size:$' '^3$'
	call describe secret/key
	assert_order "$T/out" '^Type:  Opaque$' '^password:  6 bytes$'
	assert_no_match "$T/out" 'sesame|c2VzYW1l'
	call get cm nothing
	assert_status 1
	assert_line "$T/err" 'Error from server (NotFound): configmaps "nothing" not found'
	minipod delete web --now
	call get cm
	assert_line "$T/err" 'No resources found in default namespace.'
}

test_watch_tells_the_end_and_the_kind_of_a_change() {
	"$MINIPOD" --root "$MINIPOD_ROOT" get pods -w --output-watch-events >"$T/watch" 2>&1 &
	local watcher=$!
	sleeper a '{}'
	wait_for_line 5 "$T/watch" '^MODIFIED +a +1/1 +Running'
	minipod delete a
	wait_for_line 5 "$T/watch" '^DELETED +a '
	assert_order "$T/watch" '^EVENT ' '^ADDED +a ' '^MODIFIED +a +1/1 +Running' '^DELETED +a '
	kill "$watcher"
	wait "$watcher" || true
}

test_watch_shows_a_pod_that_went_as_it_was_last() {
	cat >"$T/short.json" <<-'JSON'
		{ "apiVersion": "v1", "kind": "Pod", "metadata": { "name": "short" },
		  "spec": { "restartPolicy": "Never",
			"containers": [ { "name": "c", "image": "busybox", "command": ["sh", "-c", "exit 4"] } ] } }
	JSON
	minipod run -d "$T/short.json" >/dev/null
	minipod wait pod short --for 'jsonpath={.status.phase}=Failed'
	"$MINIPOD" --root "$MINIPOD_ROOT" get pods -w -o json --output-watch-events >"$T/watch" 2>&1 &
	local watcher=$!
	wait_for_line 5 "$T/watch" '"Failed"'
	minipod delete pod short
	wait_for_line 5 "$T/watch" '"DELETED"'
	kill "$watcher"
	wait "$watcher" || true
	jq -s . "$T/watch" >"$T/all.json"
	assert_json 0 "$T/all.json" '[.[] | select(.object.status.phase == null)] | length'
	assert_json 'DELETED Failed 4' "$T/all.json" 'last | "\(.type) \(.object.status.phase) \(.object.status.containerStatuses[0].state.terminated.exitCode)"'
}

# Whoever watches gets to know how a pod ended, however late it looks: its last state is held back.
test_a_watch_that_looks_late_still_tells_how_the_pod_ended() {
	sleeper late '{}'
	"$MINIPOD" --root "$MINIPOD_ROOT" get pods -w -o json --output-watch-events >"$T/watch" 2>&1 &
	local watcher=$! i
	wait_for_line 5 "$T/watch" '"Running"'
	kill -STOP "$watcher"
	minipod delete pod late >/dev/null &
	local deleter=$!
	for ((i = 0; i < 1000; i++)); do
		[[ -e $MINIPOD_ROOT/run/pods/default_late ]] || break
		sleep 0.01
	done
	kill -CONT "$watcher"
	wait_for_line 5 "$T/watch" '"DELETED"'
	kill "$watcher"
	wait "$watcher" || true
	wait "$deleter"
	jq -s . "$T/watch" >"$T/all.json"
	assert_json 'DELETED Failed 4' "$T/all.json" 'last | "\(.type) \(.object.status.phase) \(.object.status.containerStatuses[0].state.terminated.exitCode)"'
}

test_delete_takes_files_labels_and_all() {
	sleeper a '{"app":"web"}'
	sleeper b '{"app":"web"}'
	sleeper c '{}' other
	call delete -l app=web -o name
	assert_eq $'pod/a\npod/b' "$(cat "$T/out")" 'what was deleted'
	call delete -f "$T/c.json"
	assert_status 0
	assert_line "$T/out" 'pod "c" deleted from other namespace'
	call delete -f "$T/c.json"
	assert_status 1
	assert_line "$T/err" 'Error from server (NotFound): pods "c" not found'
	call delete --all
	assert_status 0
	assert_line "$T/err" 'No resources found'
	call delete --all -l app=web
	assert_line "$T/err" "error: setting 'all' parameter but found a non empty selector"
	call delete cm settings
	assert_status 1
	call delete -f "$T/nothing.json"
	assert_status 1
	assert_match "$T/err" 'nothing.json: No such file'
}

test_delete_o_json_prints_the_pod_as_it_ended() {
	sleeper a '{}'
	# Before its trap is set the first process of a container is deaf to SIGTERM.
	wait_until 5 'its trap' sh -c "'$MINIPOD' --root '$MINIPOD_ROOT' logs a | grep -q ready"
	call delete a -o json
	assert_status 0
	assert_json '["Pod","a",4,5]' "$T/out" \
		'[.kind, .metadata.name, .status.containerStatuses[0].state.terminated.exitCode, .metadata.deletionGracePeriodSeconds]'
	call delete a -o json --wait=false
	assert_status 1
	cat >"$T/short.json" <<-'JSON'
		{ "apiVersion": "v1", "kind": "Pod", "metadata": { "name": "short" },
		  "spec": { "restartPolicy": "Never", "containers": [ { "name": "c", "image": "busybox", "command": ["true"] } ] } }
	JSON
	minipod run -d "$T/short.json" >/dev/null
	wait_until 5 'its end' sh -c "'$MINIPOD' --root '$MINIPOD_ROOT' get pods | grep -q Completed"
	call delete short -o json
	assert_json '["Succeeded",0]' "$T/out" '[.status.phase, .status.containerStatuses[0].state.terminated.exitCode]'
}

test_forced_deletion_frees_the_name_at_once() {
	cat >"$T/web.json" <<-'JSON'
		{ "apiVersion": "v1", "kind": "Pod", "metadata": { "name": "web" },
		  "spec": { "containers": [ { "name": "c", "image": "busybox", "command": ["sh", "-c", "trap '' TERM; while :; do sleep 1; done"] } ] } }
	JSON
	minipod run -d "$T/web.json" >/dev/null
	local first second
	first=$(minipod get pod web -o 'jsonpath={.metadata.uid}')
	call delete web --force
	assert_line "$T/out" 'pod "web" force deleted from default namespace'
	assert_match "$T/err" '^Warning: Immediate deletion does not wait'
	minipod run -d "$T/web.json" >/dev/null
	second=$(minipod get pod web -o 'jsonpath={.metadata.uid}')
	[[ $first != "$second" ]] || fail 'the old pod is still there'
	wait_until 10 'the end of the first' no_directory_of "$first"
	assert_eq "$second" "$(minipod get pod web -o 'jsonpath={.metadata.uid}')" 'the pod that stays'
	minipod exec web -- true
	minipod delete web --now
}

test_wait_and_describe_choose_by_label() {
	sleeper a '{"app":"web"}'
	sleeper b '{"app":"web"}'
	sleeper c '{}'
	call wait -l app=web --for=condition=Ready --timeout=20s
	assert_status 0
	assert_eq $'pod/a condition met\npod/b condition met' "$(cat "$T/out")" 'what was waited for'
	call wait --for=condition=Ready
	assert_status 1
	call wait --for=condition=Ready -l app=nothing
	assert_line "$T/err" 'error: no matching resources found'
	call describe pods -l app=web
	assert_count 2 "$T/out" '^Name: '
	call describe secret x
	assert_status 1
	assert_line "$T/err" 'Error from server (NotFound): secrets "x" not found'
	minipod delete --all --now
	call wait --all --for=delete
	assert_status 0
}

test_events_w_prints_each_event_once_and_again_when_it_comes_again() {
	cat >"$T/crash.json" <<-'JSON'
		{ "apiVersion": "v1", "kind": "Pod", "metadata": { "name": "crash" },
		  "spec": { "containers": [ { "name": "c", "image": "busybox", "command": ["false"] } ] } }
	JSON
	"$MINIPOD" --root "$MINIPOD_ROOT" events -w >"$T/watch" 2>&1 &
	local watcher=$!
	minipod run -d "$T/crash.json" >/dev/null
	wait_for_line 20 "$T/watch" 'Started +Pod/crash'
	wait_for_line 30 "$T/watch" '\(x2 over [0-9]+s\) +Normal +Started'
	assert_count 1 "$T/watch" '^[0-9]+s +Normal +Started'
	call events --for pod/crash --types=Warning
	assert_no_match "$T/out" Normal
	assert_match "$T/out" 'Warning +BackOff'
	kill "$watcher"
	wait "$watcher" || true
	minipod delete crash --now
}

no_directory_of() {
	! compgen -G "$MINIPOD_ROOT/run/pods/.*$1" && ! compgen -G "$MINIPOD_ROOT/log/pods/*$1"
}

run_tests
