#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What containers find in volumes that a pod brings along: contents, modes, owners, groups, mounts. After the
# checks of Kubernetes' own node tests (test/e2e/common/storage).
# shellcheck disable=SC2016 # what stands in single quotes is for the shell of a container
. "$(dirname "$0")/../support/pod_lib.sh"

# pod SPEC: a pod p that runs to its end, from the YAML of its spec on stdin, with the objects below.
pod() {
	{
		printf 'apiVersion: v1\nkind: Pod\nmetadata:\n  name: p\n  labels: {app: web, tier: "1"}\n'
		printf '  annotations: {note: "say \\"hi\\""}\nspec:\n  restartPolicy: Never\n'
		printf '  terminationGracePeriodSeconds: 0\n'
		sed 's/^/  /'
		cat <<-'YAML'
			---
			apiVersion: v1
			kind: ConfigMap
			metadata: {name: cm}
			data: {data-1: value-1, data-2: value-2, path.to.data: value-3}
			binaryData: {dump.bin: 3q2+737+}
			---
			apiVersion: v1
			kind: Secret
			metadata: {name: s}
			stringData: {data-1: secret-1, data-2: secret-2}
			---
			apiVersion: v1
			kind: Secret
			type: kubernetes.io/service-account-token
			metadata: {name: t, annotations: {kubernetes.io/service-account.name: robot}}
			stringData: {token: a.b.c}
		YAML
	} >"$T/pod.yaml"
}

# prints TEXT: the pod ends well, and its containers print exactly that.
prints() {
	run_pod "$T/pod.yaml" --no-prefix "${@:2}"
	diff <(printf '%s\n' "$1") "$T/out" >"$T/diff" || fail "expected < but got >: $(cat "$T/diff")"
	assert_status 0
}

# one SCRIPT: a container c of busybox that runs it; further fields follow.
one() {
	printf 'containers:\n- name: c\n  image: busybox\n  command: [sh, -c, %s]\n' "$(jq -n --arg s "$1" '$s')"
}

test_empty_directories_are_open_to_all_and_keep_what_is_in_them() {
	pod <<-YAML
		volumes: [{name: disk}, {name: mem, emptyDir: {medium: Memory}}]
		initContainers:
		- name: root
		  image: busybox
		  command: [sh, -c, 'for v in disk mem; do for m in 644 666 777; do echo \$m >/\$v/r\$m; chmod \$m /\$v/r\$m; done; done']
		  volumeMounts: &mounts [{name: disk, mountPath: /disk}, {name: mem, mountPath: /mem}]
		- name: user
		  image: busybox
		  securityContext: {runAsUser: 1001}
		  command: [sh, -c, 'umask 0; for v in disk mem; do for m in 644 666 777; do echo \$m >/\$v/u\$m; chmod \$m /\$v/u\$m; done; done; (echo x >>/disk/r644) 2>/dev/null || echo x >>/disk/r666']
		  volumeMounts: *mounts
		$(one 'stat -c "%a %u %n" /disk /mem /disk/* /mem/*; cat /disk/r666; awk "\$2 == \"/mem\" { print \$3 }" /proc/mounts')
		  volumeMounts: *mounts
	YAML
	prints '777 0 /disk
1777 0 /mem
644 0 /disk/r644
666 0 /disk/r666
777 0 /disk/r777
644 1001 /disk/u644
666 1001 /disk/u666
777 1001 /disk/u777
644 0 /mem/r644
666 0 /mem/r666
777 0 /mem/r777
644 1001 /mem/u644
666 1001 /mem/u666
777 1001 /mem/u777
666
x
tmpfs'
}

test_memory_volumes_have_the_smaller_of_size_limit_and_pod_limit() {
	pod <<-YAML
		volumes: [{name: a, emptyDir: {medium: Memory, sizeLimit: 1Mi}}, {name: b, emptyDir: {medium: Memory}}]
		$(one 'df -k /a /b | awk "NR > 1 { print \$2 }"; dd if=/dev/zero of=/a/x bs=64k count=32 2>/dev/null || stat -c %s /a/x')
		  resources: {limits: {memory: 40Mi}}
		  volumeMounts: [{name: a, mountPath: /a}, {name: b, mountPath: /b}]
	YAML
	prints $'1024\n40960\n1048576'
}

test_huge_pages_are_mounted_where_the_machine_has_them() {
	[[ -d /sys/kernel/mm/hugepages/hugepages-2048kB ]] || skip 'no huge pages of 2Mi'
	pod <<-YAML
		volumes: [{name: a, emptyDir: {medium: HugePages-2Mi}}]
		$(one 'awk "\$2 == \"/a\" { print \$3, \$4 }" /proc/mounts | grep -o "^hugetlbfs\\|pagesize=2M"')
		  volumeMounts: [{name: a, mountPath: /a}]
	YAML
	prints $'hugetlbfs\npagesize=2M'
	sed -i 's/HugePages-2Mi/HugePages-3Mi/' "$T/pod.yaml"
	start_pod "$T/pod.yaml"
	wait_for_line 60 "$T/err" 'FailedMount .*MountVolume.SetUp failed for volume "a" : this machine has no huge pages of 3Mi'
	kill -TERM "$pod_pid"
	wait_pod 60
}

test_config_map_files_have_their_contents_and_modes() {
	pod <<-YAML
		volumes:
		- {name: all, configMap: {name: cm}}
		- {name: mode, configMap: {name: cm, defaultMode: 256}}
		- name: items
		  configMap: {name: cm, items: [{key: data-2, path: path/to/data-2}, {key: data-1, path: one, mode: 256}]}
		- {name: none, configMap: {name: absent, optional: true}}
		- {name: some, configMap: {name: cm, optional: true, items: [{key: absent, path: x}, {key: data-1, path: here}]}}
		$(one 'cd /v; for f in */*; do [ ! -f $f ] || echo "$(stat -Lc %a $f) $f $(md5sum <$f | head -c 6)"; done; cat items/path/to/data-2; echo; readlink all/data-1; stat -c %a items/..data/path; touch all/x 2>&1; ls none | wc -l')
		  volumeMounts:
		  - {name: all, mountPath: /v/all}
		  - {name: mode, mountPath: /v/mode}
		  - {name: items, mountPath: /v/items}
		  - {name: none, mountPath: /v/none}
		  - {name: some, mountPath: /v/some}
	YAML
	prints '644 all/data-1 71baee
644 all/data-2 8b72e7
644 all/dump.bin 104071
644 all/path.to.data f32234
400 items/one 71baee
400 mode/data-1 71baee
400 mode/data-2 8b72e7
400 mode/dump.bin 104071
400 mode/path.to.data f32234
644 some/here 71baee
value-2
..data/data-1
755
touch: all/x: Read-only file system
0'
}

test_fs_group_reaches_what_is_the_pods_own() {
	mkdir "$T/host"
	touch "$T/host/f"
	chmod 600 "$T/host/f"
	pod <<-YAML
		securityContext: {runAsUser: 1000, runAsGroup: 3000, fsGroup: 2000}
		volumes:
		- {name: cm, configMap: {name: cm, defaultMode: 256, items: [{key: data-1, path: d/f}]}}
		- {name: sec, secret: {secretName: s, defaultMode: 256, items: [{key: data-1, path: f}]}}
		- {name: dw, downwardAPI: {defaultMode: 256, items: [{path: f, fieldRef: {fieldPath: metadata.name}}]}}
		- {name: pj, projected: {sources: [{secret: {name: s, items: [{key: data-1, path: f, mode: 511}]}}]}}
		- {name: disk, emptyDir: {}}
		- {name: mem, emptyDir: {medium: Memory}}
		- {name: host, hostPath: {path: $T/host}}
		$(one 'cat /cm/d/f /sec/f; echo; stat -Lc "%a %g %n" /cm/..data /cm/d /cm/d/f /sec /sec/f /dw/f /pj/f /disk /mem; touch /disk/new /mem/new; stat -c "%g %u %n" /disk/new /mem/new; stat -c "%a %g" /host /host/f; id -G')
		  volumeMounts:
		  - {name: cm, mountPath: /cm}
		  - {name: sec, mountPath: /sec}
		  - {name: dw, mountPath: /dw}
		  - {name: pj, mountPath: /pj}
		  - {name: disk, mountPath: /disk}
		  - {name: mem, mountPath: /mem}
		  - {name: host, mountPath: /host}
	YAML
	prints 'value-1secret-1
2755 2000 /cm/..data
2755 2000 /cm/d
440 2000 /cm/d/f
3777 2000 /sec
440 2000 /sec/f
440 2000 /dw/f
777 2000 /pj/f
2777 2000 /disk
3777 2000 /mem
2000 1000 /disk/new
2000 1000 /mem/new
755 0
600 0
3000 2000'
}

test_secrets_and_projections_never_touch_a_disk() {
	pod <<-YAML
		volumes:
		- {name: a, secret: {secretName: s}}
		- name: b
		  projected:
		    sources:
		    - secret: {name: s, items: [{key: data-1, path: both}, {key: data-2, path: dir/sec}]}
		    - configMap: {name: cm, items: [{key: data-1, path: dir/cm}]}
		    - downwardAPI: {items: [{path: name, fieldRef: {fieldPath: metadata.name}}]}
		    - secret: {name: absent, optional: true}
		$(one 'for v in a b; do awk -v v=/$v "\$2 == v { print v, \$3, substr(\$4, 1, 2) }" /proc/mounts; done; cd /b; for f in both dir/cm dir/sec name; do echo "$f $(cat $f)"; done; cat /a/data-2; echo')
		  volumeMounts: [{name: a, mountPath: /a}, {name: b, mountPath: /b}]
	YAML
	prints '/a tmpfs ro
/b tmpfs ro
both secret-1
dir/cm value-1
dir/sec secret-2
name p
secret-2'
}

test_downward_files_tell_about_the_pod() {
	pod <<-YAML
		volumes:
		- name: d
		  downwardAPI:
		    items:
		    - {path: labels, fieldRef: {fieldPath: metadata.labels}}
		    - {path: annotations, fieldRef: {fieldPath: metadata.annotations}}
		    - {path: one, fieldRef: {fieldPath: "metadata.labels['app']"}, mode: 256}
		    - {path: cpu_limit, resourceFieldRef: {containerName: c, resource: limits.cpu, divisor: 1m}}
		    - {path: cpu_request, resourceFieldRef: {containerName: c, resource: requests.cpu, divisor: 1m}}
		    - {path: memory_limit, resourceFieldRef: {containerName: c, resource: limits.memory}}
		    - {path: memory_request, resourceFieldRef: {containerName: c, resource: requests.memory, divisor: 1Mi}}
		$(one 'cd /d; for f in *; do echo "$(stat -Lc %a $f) $f=$(cat $f)"; done; [ $(cat memory_limit) -eq $MEM ] && echo capacity')
		  env: [{name: MEM, valueFrom: {resourceFieldRef: {resource: limits.memory}}}]
		  resources: {limits: {cpu: 1250m}, requests: {cpu: 250m, memory: 32Mi}}
		  volumeMounts: [{name: d, mountPath: /d}]
	YAML
	# The node's memory is not known to the test.
	prints_all() {
		run_pod "$T/pod.yaml" --no-prefix
		sed -i 's/^644 memory_limit=.*/644 memory_limit=N/' "$T/out"
		diff - "$T/out" >"$T/diff" || fail "expected < but got >: $(cat "$T/diff")"
	}
	prints_all <<-'TEXT'
		644 annotations=note="say \"hi\""
		644 cpu_limit=1250
		644 cpu_request=250
		644 labels=app="web"
		tier="1"
		644 memory_limit=N
		644 memory_request=32
		400 one=web
		capacity
	TEXT
}

test_a_token_belongs_to_the_user_and_group_of_the_pod() {
	pod <<-YAML
		serviceAccountName: robot
		securityContext: {runAsUser: 1000, fsGroup: 2000}
		volumes: [{name: t, projected: {defaultMode: 420, sources: [{serviceAccountToken: {path: dir/token}}]}}]
		$(one 'stat -Lc "%a %u %g" /t/dir/token; cat /t/dir/token; echo')
		  volumeMounts: [{name: t, mountPath: /t}]
	YAML
	prints $'640 1000 2000\na.b.c'
	sed -i 's/robot/nobody/' "$T/pod.yaml"
	sed -i 's/service-account.name: nobody/service-account.name: robot/' "$T/pod.yaml"
	run_pod "$T/pod.yaml"
	assert_status 125
	assert_match "$T/err" 'spec.volumes\[0\].projected.sources\[0\].serviceAccountToken: there is no token for service account "nobody": give one with --service-account-token FILE'
	printf 'from a file\n' >"$T/token"
	prints $'640 1000 2000\nfrom a file' --service-account-token "$T/token"
}

# As kubectl get pod -o json prints it: with all that admission and defaulting added, and a status.
test_a_pod_read_from_a_cluster_runs_without_it() {
	cat >"$T/pod.json" <<-'JSON'
		{ "apiVersion": "v1", "kind": "Pod",
		  "metadata": { "creationTimestamp": "2026-03-01T10:00:00Z", "generation": 1, "labels": { "app": "web" },
			"managedFields": [ { "manager": "kubelet", "operation": "Update", "subresource": "status" } ],
			"name": "web", "namespace": "team", "resourceVersion": "123456", "uid": "6f1c0c5e-0000-4000-8000-000000000000" },
		  "spec": { "containers": [ { "name": "c", "image": "busybox", "imagePullPolicy": "IfNotPresent",
				"command": ["sh", "-c", "cd /var/run/secrets/kubernetes.io/serviceaccount; echo *; cat namespace"],
				"resources": {}, "terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File",
				"volumeMounts": [ { "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount", "name": "kube-api-access-x7k2p", "readOnly": true } ] } ],
			"dnsPolicy": "ClusterFirst", "enableServiceLinks": true, "nodeName": "worker-1", "preemptionPolicy": "PreemptLowerPriority",
			"priority": 0, "restartPolicy": "Never", "schedulerName": "default-scheduler", "securityContext": {},
			"serviceAccount": "default", "serviceAccountName": "default", "terminationGracePeriodSeconds": 30,
			"tolerations": [ { "effect": "NoExecute", "key": "node.kubernetes.io/not-ready", "operator": "Exists", "tolerationSeconds": 300 } ],
			"volumes": [ { "name": "kube-api-access-x7k2p", "projected": { "defaultMode": 420, "sources": [
				{ "serviceAccountToken": { "expirationSeconds": 3607, "path": "token" } },
				{ "configMap": { "items": [ { "key": "ca.crt", "path": "ca.crt" } ], "name": "kube-root-ca.crt" } },
				{ "downwardAPI": { "items": [ { "fieldRef": { "apiVersion": "v1", "fieldPath": "metadata.namespace" }, "path": "namespace" } ] } } ] } } ] },
		  "status": { "phase": "Running", "podIP": "10.244.1.7", "qosClass": "BestEffort", "conditions": [ { "type": "Ready", "status": "True" } ],
			"containerStatuses": [ { "name": "c", "image": "busybox", "imageID": "", "ready": true, "restartCount": 3, "lastState": {}, "state": { "running": {} } } ] } }
	JSON
	run_pod "$T/pod.json" --no-prefix
	assert_status 0
	assert_eq $'namespace\nteam' "$(cat "$T/out")" 'what the container sees'
	assert_match "$T/err" 'volume "kube-api-access-x7k2p": there is no API server, and no --service-account-token: its token is left out'
	printf 'a.b.c\n' >"$T/token"
	run_pod "$T/pod.json" --no-prefix --service-account-token "$T/token"
	assert_eq $'namespace token\nteam' "$(cat "$T/out")" 'what it sees with a token'
}

test_mounts_below_a_config_map_find_their_place() {
	pod <<-YAML
		volumes: [{name: cm, configMap: {name: cm}}, {name: a, emptyDir: {}}, {name: b, secret: {secretName: s}}]
		$(one 'echo x >/cm/sub/deep/f; cat /cm/sub/deep/f /cm/data-1 /cm/sec/data-1; ls /cm')
		  volumeMounts:
		  - {name: a, mountPath: /cm/sub/deep}
		  - {name: b, mountPath: /cm/sec/}
		  - {name: cm, mountPath: //cm}
	YAML
	prints 'x
value-1secret-1data-1
data-2
dump.bin
path.to.data
sec
sub'
}

test_a_missing_object_is_told_and_waited_for() {
	pod <<-YAML
		volumes:
		- {name: a, configMap: {name: absent}}
		- {name: b, secret: {secretName: absent}}
		- {name: c, configMap: {name: cm, items: [{key: absent, path: x}]}}
		- {name: d, secret: {secretName: s, items: [{key: absent, path: x}]}}
		- {name: e, projected: {sources: [{configMap: {name: absent}}]}}
		- {name: unused, configMap: {name: absent}}
		$(one true)
		  volumeMounts: [{name: a, mountPath: /a}, {name: b, mountPath: /b}, {name: c, mountPath: /c}, {name: d, mountPath: /d}, {name: e, mountPath: /e}]
	YAML
	start_pod "$T/pod.yaml"
	local volume message
	while IFS=: read -r volume message; do
		wait_for_line 60 "$T/err" "Warning  FailedMount  *MountVolume.SetUp failed for volume \"$volume\" : $message\$"
	done <<-'TEXT'
		a:configmap "absent" not found
		b:secret "absent" not found
		c:configmap references non-existent config key: absent
		d:references non-existent secret key: absent
		e:configmap "absent" not found
	TEXT
	assert_no_match "$T/err" '"unused"'
	wait_until 60 'the waiting reason' sh -c "\"$MINIPOD\" --root \"$MINIPOD_ROOT\" get pod p -o json | jq -e '.status.phase == \"Pending\" and .status.containerStatuses[0].state.waiting.reason == \"ContainerCreating\"'"
	kill -TERM "$pod_pid"
	wait_pod 60
}

run_tests
