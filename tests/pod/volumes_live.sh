#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Volumes and variables of a running pod after its objects, labels or annotations have changed. After the checks of
# Kubernetes' own node tests ("updates should be reflected in volume", "should update labels on modification").
# shellcheck disable=SC2016 # what stands in single quotes is for the shell of a container
. "$(dirname "$0")/../support/pod_lib.sh"

# objects KEY=VALUE...: a ConfigMap cm and a Secret s with these keys.
objects() {
	local entry
	for kind in ConfigMap Secret; do
		printf -- '---\napiVersion: v1\nkind: %s\nmetadata: {name: %s}\n' "$kind" \
			"$([[ $kind == Secret ]] && echo s || echo cm)"
		[[ $kind == Secret ]] && printf 'stringData:\n' || printf 'data:\n'
		for entry in "$@"; do
			printf '  %s: "%s"\n' "${entry%%=*}" "${entry#*=}"
		done
	done
}

# start [ARGUMENT...]: the pod of stdin, with the objects of $T/objects, in the background.
start() {
	cat - "$T/objects" >"$T/pod.yaml"
	minipod run -d "$@" "$T/pod.yaml" >/dev/null 2>"$T/err"
}

shows() {
	[[ $(minipod exec p -- sh -c "$1" 2>&1) == "$2" ]]
}

test_files_follow_their_objects_in_one_step_and_sub_paths_do_not() {
	objects a=one b=gone >"$T/objects"
	start <<-'YAML'
		apiVersion: v1
		kind: Pod
		metadata: {name: p}
		spec:
		  terminationGracePeriodSeconds: 0
		  volumes:
		  - {name: cm, configMap: {name: cm}}
		  - {name: items, configMap: {name: cm, optional: true, items: [{key: a, path: x/a}, {key: new, path: x/new}]}}
		  - {name: s, secret: {secretName: s, defaultMode: 256}}
		  - {name: pj, projected: {sources: [{secret: {name: s}}, {configMap: {name: later, optional: true}}]}}
		  containers:
		  - name: c
		    image: busybox
		    command: [sh, -c, 'trap exit TERM; sleep 1000 & wait']
		    env: [{name: A, valueFrom: {configMapKeyRef: {name: cm, key: a}}}]
		    volumeMounts:
		    - {name: cm, mountPath: /v/cm}
		    - {name: items, mountPath: /v/items}
		    - {name: s, mountPath: /v/s}
		    - {name: pj, mountPath: /v/pj}
		    - {name: cm, mountPath: /v/sub, subPath: a}
	YAML
	wait_until 60 'the first contents' shows 'cd /v; cat cm/a cm/b items/x/a s/a pj/a sub' onegoneoneoneoneone
	{
		objects a=two new=more
		printf -- '---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: later}\ndata: {late: come}\n'
	} >"$T/objects"
	minipod apply -f "$T/objects" >"$T/out" 2>&1
	wait_until 60 'the new contents' shows 'cd /v; cat cm/a items/x/a s/a pj/a cm/new items/x/new pj/late; stat -Lc %a s/a' twotwotwotwomoremorecome400
	wait_until 60 'what is gone' shows 'cd /v; ls cm s pj; cat sub; echo " $A"' $'cm:\na\nnew\n\npj:\na\nlate\nnew\n\ns:\na\nnew\none one'
	minipod delete pod p >/dev/null
}

test_downward_files_follow_labels_and_annotations() {
	: >"$T/objects"
	start <<-'YAML'
		apiVersion: v1
		kind: Pod
		metadata: {name: p, labels: {key1: value1}, annotations: {builder: bar}}
		spec:
		  terminationGracePeriodSeconds: 0
		  volumes:
		  - name: d
		    downwardAPI:
		      items:
		      - {path: labels, fieldRef: {fieldPath: metadata.labels}}
		      - {path: one, fieldRef: {fieldPath: "metadata.annotations['builder']"}}
		  containers:
		  - {name: c, image: busybox, command: [sh, -c, 'trap exit TERM; sleep 1000 & wait'], volumeMounts: [{name: d, mountPath: /d}]}
	YAML
	wait_until 60 'the first labels' shows 'cat /d/labels /d/one' 'key1="value1"bar'
	minipod label pod p key3=value3 >/dev/null
	wait_until 60 'the new label' shows 'cat /d/labels' $'key1="value1"\nkey3="value3"'
	minipod annotate pod p builder=foo --overwrite >/dev/null
	wait_until 60 'the new annotation' shows 'cat /d/one' foo
	minipod delete pod p >/dev/null
}

test_a_pod_that_waits_for_an_object_starts_when_it_comes() {
	: >"$T/objects"
	start --wait-for none <<-'YAML'
		apiVersion: v1
		kind: Pod
		metadata: {name: p}
		spec:
		  restartPolicy: Never
		  terminationGracePeriodSeconds: 0
		  volumes: [{name: v, configMap: {name: cm}}]
		  containers:
		  - name: c
		    image: busybox
		    command: [sh, -c, 'trap exit TERM; cat /v/a; sleep 1000 & wait']
		    volumeMounts: [{name: v, mountPath: /v}]
	YAML
	objects a=here >"$T/objects"
	minipod apply -f "$T/objects" >"$T/out" 2>&1
	wait_until 60 'the file' shows 'cat /v/a' here
	minipod delete pod p >/dev/null
}

run_tests
