#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# How volumes are mounted: host paths, claims, sub-paths, read-only, propagation, mounts over files of the pod. After
# the checks of Kubernetes' own node tests (test/e2e/common/storage, test/e2e/storage/testsuites/subpath).
# shellcheck disable=SC2016 # what stands in single quotes is for the shell of a container
. "$(dirname "$0")/../support/pod_lib.sh"

# pod: a pod p that runs to its end, from the YAML of its spec on stdin.
pod() {
	{
		printf 'apiVersion: v1\nkind: Pod\nmetadata: {name: p, labels: {dir: made}}\nspec:\n'
		printf '  restartPolicy: Never\n  terminationGracePeriodSeconds: 0\n'
		sed 's/^/  /'
	} >"$T/pod.yaml"
}

# prints TEXT [ARGUMENT...]: the pod ends well, and its containers print exactly that.
prints() {
	run_pod "$T/pod.yaml" --no-prefix "${@:2}"
	diff <(printf '%s\n' "$1") "$T/out" >"$T/diff" || fail "expected < but got >: $(cat "$T/diff")"
	assert_status 0
}

# container NAME SCRIPT: of busybox; further fields follow.
container() {
	printf -- '- name: %s\n  image: busybox\n  command: [sh, -c, %s]\n' "$1" "$(jq -n --arg s "$2" '$s')"
}

# waits_with REASON MESSAGE: the pod's container c does not start, for that reason.
waits_with() {
	start_pod "$T/pod.yaml"
	wait_until 60 "$1: $2" waits_now "$1" "$2"
	kill -TERM "$pod_pid"
	wait_pod 60
}

waits_now() {
	minipod get pod p -o json | jq -e --arg r "$1" --arg m "$2" \
		'.status.containerStatuses[0].state.waiting | .reason == $r and (.message | endswith($m))'
}

test_host_paths_are_checked_and_made_by_their_type() {
	mkdir "$T/dir"
	echo text >"$T/file"
	pod <<-YAML
		volumes:
		- {name: a, hostPath: {path: $T/dir, type: Directory}}
		- {name: b, hostPath: {path: $T/new/dir, type: DirectoryOrCreate}}
		- {name: c, hostPath: {path: $T/file, type: File}}
		- {name: d, hostPath: {path: $T/new-file, type: FileOrCreate}}
		- {name: e, hostPath: {path: /dev/null, type: CharDevice}}
		- {name: f, hostPath: {path: $T/untyped}}
		containers:
		$(container c 'echo x >/a/x; echo y >/b/y; cat /c; echo z >/d; [ -c /e ] && echo null; stat -c %a /b /d /f')
		  volumeMounts:
		  - {name: a, mountPath: /a}
		  - {name: b, mountPath: /b}
		  - {name: c, mountPath: /c}
		  - {name: d, mountPath: /d}
		  - {name: e, mountPath: /e}
		  - {name: f, mountPath: /f}
	YAML
	prints $'text\nnull\n755\n644\n755'
	assert_eq 'x y z' "$(cat "$T/dir/x" "$T/new/dir/y" "$T/new-file" | tr '\n' ' ' | sed 's/ $//')" 'what was written'
}

test_host_paths_of_the_wrong_type_are_told() {
	mkdir "$T/dir"
	: >"$T/file"
	local kinds='Directory:file:a directory
DirectoryOrCreate:file:a directory
File:dir:a file
FileOrCreate:dir:a file
Socket:file:a socket file
CharDevice:file:a character device
BlockDevice:file:a block device
Directory:none:a directory
File:none:a file'
	local type name what n=0
	{
		printf 'volumes:\n'
		while IFS=: read -r type name what; do
			n=$((n + 1))
			printf -- '- {name: v%d, hostPath: {path: %s, type: %s}}\n' "$n" "$T/$name" "$type"
		done <<<"$kinds"
		printf 'containers:\n'
		container c true
		printf '  volumeMounts:\n'
		seq "$n" | sed 's|.*|  - {name: v&, mountPath: /v&}|'
	} | pod
	start_pod "$T/pod.yaml"
	n=0
	while IFS=: read -r type name what; do
		n=$((n + 1))
		wait_for_line 60 "$T/err" "FailedMount .*volume \"v$n\" : hostPath type check failed: $T/$name is not $what\$"
	done <<<"$kinds"
	kill -TERM "$pod_pid"
	wait_pod 60
}

test_claims_are_directories_of_the_command_line_or_the_input() {
	mkdir "$T/data" "$T/host" "$T/ro"
	echo old >"$T/data/f"
	echo host >"$T/host/f"
	echo ro >"$T/ro/f"
	pod <<-YAML
		securityContext: {fsGroup: 2000}
		volumes:
		- {name: a, persistentVolumeClaim: {claimName: data}}
		- {name: b, persistentVolumeClaim: {claimName: other}}
		- {name: c, persistentVolumeClaim: {claimName: ro, readOnly: true}}
		containers:
		$(container c 'cat /a/f /b/f /c/f; echo new >/a/f; touch /c/x 2>&1; stat -c "%g" /a/f /b/f /c/f')
		  volumeMounts: [{name: a, mountPath: /a}, {name: b, mountPath: /b}, {name: c, mountPath: /c}]
		---
		apiVersion: v1
		kind: PersistentVolumeClaim
		metadata: {name: other}
		spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
		---
		apiVersion: v1
		kind: PersistentVolume
		metadata: {name: pv}
		spec: {accessModes: [ReadWriteOnce], capacity: {storage: 2Gi}, hostPath: {path: $T/host}}
	YAML
	sed -i '/^  ---$/,$s/^  //' "$T/pod.yaml"
	run_pod "$T/pod.yaml"
	assert_status 125
	assert_match "$T/err" 'spec.volumes\[0\].persistentVolumeClaim.claimName: persistentvolumeclaim "data" not found: map it to a directory with --pvc data=DIRECTORY'
	prints 'old
host
ro
touch: /c/x: Read-only file system
2000
0
0' --pvc "data=$T/data" --pvc "ro=$T/ro"
	assert_eq new "$(cat "$T/data/f")" 'the file in the directory'
}

test_a_claims_group_is_set_by_the_policy() {
	local policy file
	while read -r policy file; do
		rm -rf "$T/data"
		mkdir "$T/data"
		chgrp 2000 "$T/data"
		chmod 2770 "$T/data"
		touch "$T/data/f"
		chgrp 0 "$T/data/f"
		chmod 600 "$T/data/f"
		pod <<-YAML
			securityContext: {fsGroup: 2000, fsGroupChangePolicy: $policy}
			volumes: [{name: a, persistentVolumeClaim: {claimName: data}}]
			containers:
			$(container c 'stat -c "%a %g" /a/f')
			  volumeMounts: [{name: a, mountPath: /a}]
		YAML
		prints "${file/:/ }" --pvc "data=$T/data"
	done <<-'TEXT'
		Always 660:2000
		OnRootMismatch 600:0
	TEXT
}

test_sub_paths_show_a_part_of_a_volume() {
	mkdir "$T/host"
	pod <<-YAML
		volumes: [{name: v, emptyDir: {}}, {name: cm, configMap: {name: cm}}, {name: h, hostPath: {path: $T/host}}]
		initContainers:
		$(container i 'mkdir -p /v/a/b; echo file >/v/a/f; ln -s a/b /v/inner; chmod 750 /v')
		  volumeMounts: [{name: v, mountPath: /v}]
		containers:
		$(container c 'echo x >/b/x; cat /f /all/a/b/x /inner/x /key; stat -c "%a %n" /new /all/new /expr /all/p/made-made; touch /ro/x 2>&1; ls /h')
		  env:
		  - {name: DIR, valueFrom: {fieldRef: {fieldPath: "metadata.labels['dir']"}}}
		  - {name: NAME, value: 'made-\$(DIR)'}
		  volumeMounts:
		  - {name: v, mountPath: /all}
		  - {name: v, mountPath: /b, subPath: a/b}
		  - {name: v, mountPath: /f, subPath: a/f}
		  - {name: v, mountPath: /inner, subPath: inner}
		  - {name: v, mountPath: /new, subPath: new/deep}
		  - {name: v, mountPath: /expr, subPathExpr: 'p/\$(NAME)'}
		  - {name: v, mountPath: /ro, subPath: a, readOnly: true}
		  - {name: cm, mountPath: /key, subPath: key}
		  - {name: h, mountPath: /h, subPath: from/pod}
		---
		apiVersion: v1
		kind: ConfigMap
		metadata: {name: cm}
		data: {key: value}
	YAML
	sed -i '/^  ---$/,$s/^  //' "$T/pod.yaml"
	prints 'file
x
x
value750 /new
750 /all/new
750 /expr
750 /all/p/made-made
touch: /ro/x: Read-only file system'
	[[ -d $T/host/from/pod ]] || fail 'the directory was not made in the host path'
}

test_sub_paths_that_leave_the_volume_or_have_no_value_keep_the_container_waiting() {
	local path message
	while IFS='|' read -r path message; do
		pod <<-YAML
			volumes: [{name: v, emptyDir: {}}]
			initContainers:
			$(container i 'ln -s / /v/root; ln -s ../../.. /v/up; ln -s /etc/passwd /v/file; ln -s nowhere /v/dangling')
			  volumeMounts: [{name: v, mountPath: /v}]
			containers:
			$(container c true)
			  env: [{name: EMPTY, value: ''}, {name: ROOT, value: /}]
			  volumeMounts: [{name: v, mountPath: /v, $path}]
		YAML
		waits_with CreateContainerConfigError "$message"
	done <<-'TEXT'
		subPath: root/etc|failed to prepare subPath for volumeMount "v" of container "c"
		subPath: file|failed to prepare subPath for volumeMount "v" of container "c"
		subPath: up/new|failed to prepare subPath for volumeMount "v" of container "c"
		subPath: dangling/new|failed to create subPath directory for volumeMount "v" of container "c"
		subPathExpr: $(UNSET)/$(EMPTY)/$(ABSENT)|missing value for ABSENT, EMPTY, UNSET
		subPathExpr: $(ROOT)x|must not be an absolute path
	TEXT
}

# The container swaps the directory for a link out of the volume as fast as it can, while another one that mounts a path
# below it is started again and again.
test_a_sub_path_never_leaves_the_volume_while_links_are_swapped() {
	mkdir "$T/host" "$T/host/d" "$T/secret"
	ln -s ../secret "$T/host/l"
	cat >"$T/pod.yaml" <<-YAML
		apiVersion: v1
		kind: Pod
		metadata: {name: p}
		spec:
		  restartPolicy: Never
		  terminationGracePeriodSeconds: 0
		  volumes: [{name: v, hostPath: {path: $T/host}}]
		  initContainers:
		$({
			printf -- '- {name: swap, image: busybox, restartPolicy: Always, command: [sh, -c, "cd /v; touch go; while :; do mv -T d t && mv -T l d && mv -T d l && mv -T t d; done"], volumeMounts: [{name: v, mountPath: /v}]}\n'
			for i in 1 2 3 4 5 6; do
				printf -- '- {name: i%d, image: busybox, command: [sh, -c, "touch /m/made"], volumeMounts: [{name: v, mountPath: /m, subPath: d/x%d}]}\n' "$i" "$i"
			done
		} | sed 's/^/  /')
		  containers: [{name: c, image: busybox, command: ['true']}]
	YAML
	start_pod "$T/pod.yaml"
	# Refused, or inside: a container that found the link waits and is tried again after 10 s, which need not be awaited.
	wait_until 30 'the last attempt or a refusal' grep -qE 'Started .*\{i6\}|Warning  Failed' "$T/err"
	kill -TERM "$pod_pid"
	wait_pod 60
	[[ -z $(ls -A "$T/secret") ]] || fail "made outside: $(ls -A "$T/secret")"
}

test_read_only_is_recursive_only_when_asked() {
	mkdir -p "$T/host/in"
	mount -t tmpfs tmpfs "$T/host/in"
	pod <<-YAML
		volumes: [{name: v, hostPath: {path: $T/host}}]
		containers:
		$(container c 'for d in none off maybe on; do for f in /$d/x /$d/in/x; do touch $f 2>/dev/null && echo "$f rw" || echo "$f ro"; done; done')
		  volumeMounts:
		  - {name: v, mountPath: /none, readOnly: true}
		  - {name: v, mountPath: /off, readOnly: true, recursiveReadOnly: Disabled}
		  - {name: v, mountPath: /maybe, readOnly: true, recursiveReadOnly: IfPossible}
		  - {name: v, mountPath: /on, readOnly: true, recursiveReadOnly: Enabled, mountPropagation: None}
	YAML
	run_pod "$T/pod.yaml" --no-prefix --result-file "$T/result"
	umount "$T/host/in"
	assert_eq '/none/x ro|/none/in/x rw|/off/x ro|/off/in/x rw|/maybe/x ro|/maybe/in/x ro|/on/x ro|/on/in/x ro|' \
		"$(tr '\n' '|' <"$T/out")" 'what can be written'
	assert_json '["Disabled","Disabled","Enabled","Enabled"]' "$T/result" \
		'[.status.containerStatuses[0].volumeMounts[] | select(.readOnly) | .recursiveReadOnly]'
	sed -i 's/readOnly: true, recursiveReadOnly: Disabled/recursiveReadOnly: Enabled/; s/: Enabled, mountPropagation: None/: Enabled, mountPropagation: HostToContainer/' "$T/pod.yaml"
	run_pod "$T/pod.yaml"
	assert_status 125
	assert_match "$T/err" 'spec.containers\[0\].volumeMounts.recursiveReadOnly: Forbidden: may only be specified when readOnly is true'
	assert_match "$T/err" 'spec.containers\[0\].volumeMounts.recursiveReadOnly: Forbidden: may only be specified when mountPropagation is None or not specified'
}

test_mounts_propagate_among_containers_as_asked() {
	mkdir "$T/host"
	mount -t tmpfs tmpfs "$T/host"
	mount --make-shared "$T/host"
	mkdir "$T/host/in" "$T/host/late"
	pod <<-YAML
		volumes: [{name: disk, emptyDir: {}}, {name: mem, emptyDir: {medium: Memory}}, {name: host, hostPath: {path: $T/host}}]
		containers:
		$(container a-private 'until [ -e /host/done ]; do usleep 20000; done; ls /disk/in /mem/in /host/in')
		  volumeMounts: [{name: disk, mountPath: /disk}, {name: mem, mountPath: /mem}, {name: host, mountPath: /host}]
		$(container b-taker 'until [ -e /disk/in/f ] && [ -e /mem/in/f ] && [ -e /host/in/f ] && [ -e /host/late/f ]; do usleep 20000; done; mkdir /disk/no /host/no; touch /host/done')
		  volumeMounts:
		  - {name: disk, mountPath: /disk, mountPropagation: HostToContainer}
		  - {name: mem, mountPath: /mem, mountPropagation: HostToContainer}
		  - {name: host, mountPath: /host, mountPropagation: HostToContainer}
		$(container c-giver 'for d in disk mem host; do mkdir -p /$d/in; mount -t tmpfs t /$d/in; echo x >/$d/in/f; done; until [ -e /host/done ]; do usleep 20000; done; umount /host/in')
		  securityContext: {privileged: true}
		  volumeMounts:
		  - {name: disk, mountPath: /disk, mountPropagation: Bidirectional}
		  - {name: mem, mountPath: /mem, mountPropagation: Bidirectional}
		  - {name: host, mountPath: /host, mountPropagation: Bidirectional}
	YAML
	start_pod "$T/pod.yaml" --no-prefix
	wait_until 60 'what a container mounted on the host' test -e "$T/host/in/f"
	mount -t tmpfs tmpfs "$T/host/late"
	touch "$T/host/late/f"
	wait_pod 60
	assert_status 0
	[[ ! -e $T/host/in/f ]] || fail 'what the container unmounted is still there'
	assert_eq '/disk/in:||/host/in:||/mem/in:' "$(tr '\n' '|' <"$T/out" | sed 's/|$//')" 'what the private one sees'
	umount "$T/host/late" "$T/host"
}

test_a_host_path_that_does_not_propagate_is_an_error() {
	mkdir "$T/host"
	mount -t tmpfs tmpfs "$T/host"
	mount --make-private "$T/host"
	local how what
	while IFS=: read -r how what; do
		pod <<-YAML
			volumes: [{name: v, hostPath: {path: $T/host}}]
			containers:
			$(container c true)
			  securityContext: {privileged: true}
			  volumeMounts: [{name: v, mountPath: /v, mountPropagation: $how}]
		YAML
		waits_with CreateContainerError "path \"$T/host\" is mounted on \"$T/host\" but it is not a $what mount"
	done <<-'TEXT'
		HostToContainer:shared or slave
		Bidirectional:shared
	TEXT
	umount "$T/host"
}

test_a_volume_may_be_mounted_over_what_the_pod_has_there() {
	echo '9.9.9.9 mine' >"$T/hosts"
	echo 'nameserver 9.9.9.9' >"$T/resolv"
	echo named >"$T/name"
	pod <<-YAML
		hostAliases: [{ip: 1.2.3.4, hostnames: [foo]}]
		volumes:
		- {name: hosts, hostPath: {path: $T/hosts}}
		- {name: resolv, hostPath: {path: $T/resolv}}
		- {name: name, hostPath: {path: $T/name}}
		- {name: shm, emptyDir: {medium: Memory, sizeLimit: 1Mi}}
		- {name: log, hostPath: {path: $T/hosts}}
		containers:
		$(container c 'cat /etc/hosts /etc/resolv.conf /etc/hostname; df -k /dev/shm | awk "NR > 1 { print \$2 }"; stat -c %a /dev/shm; echo told >/dev/termination-log')
		  volumeMounts:
		  - {name: hosts, mountPath: /etc/hosts}
		  - {name: resolv, mountPath: /etc/resolv.conf}
		  - {name: name, mountPath: /etc/hostname}
		  - {name: shm, mountPath: /dev/shm}
		  - {name: log, mountPath: /dev/termination-log}
	YAML
	prints $'9.9.9.9 mine\nnameserver 9.9.9.9\nnamed\n1024\n1777' --result-file "$T/result"
	assert_json told "$T/result" '.status.containerStatuses[0].state.terminated.message | rtrimstr("\n")'
	assert_eq '9.9.9.9 mine' "$(cat "$T/hosts")" 'the volume at the path of the termination message'
}

test_a_working_directory_is_made_even_inside_a_volume() {
	pod <<-YAML
		securityContext: {runAsUser: 1000}
		volumes: [{name: v, emptyDir: {}}]
		containers:
		$(container c 'pwd; stat -c "%a %u" .; ls -d /v/deep/dir')
		  workingDir: /v/deep/dir
		  securityContext: {readOnlyRootFilesystem: true}
		  volumeMounts: [{name: v, mountPath: /v}]
	YAML
	prints $'/v/deep/dir\n755 0\n/v/deep/dir'
}

test_termination_messages_come_from_the_file_or_the_log() {
	local fields script code message
	while IFS='|' read -r fields script code message; do
		pod <<-YAML
			containers:
			$(container c "$script")
			  securityContext: {runAsUser: 1000}
			$(printf '  %s\n' "$fields")
		YAML
		run_pod "$T/pod.yaml" --result-file "$T/result"
		assert_status "$code"
		assert_json "$message" "$T/result" '.status.containerStatuses[0].state.terminated.message // "none"'
	done <<-'TEXT'
		terminationMessagePath: /dev/termination-log|printf file >/dev/termination-log; echo log|0|file
		terminationMessagePath: /tmp/deep/message|printf file >/tmp/deep/message|0|file
		terminationMessagePolicy: FallbackToLogsOnError|printf log; exit 3|3|log
		terminationMessagePolicy: FallbackToLogsOnError|echo log|0|none
		terminationMessagePolicy: FallbackToLogsOnError|echo log; printf file >/dev/termination-log; exit 1|1|file
		terminationMessagePolicy: File|echo log; exit 1|1|none
	TEXT
	pod <<-YAML
		containers:
		$(container c 'i=0; while [ $i -lt 1000 ]; do printf "%08d" $i; i=$((i+1)); done >/dev/termination-log')
	YAML
	run_pod "$T/pod.yaml" --result-file "$T/result"
	assert_json '4096 00000488 00000999' "$T/result" \
		'.status.containerStatuses[0].state.terminated.message | "\(length) \(.[:8]) \(.[-8:])"'
}

run_tests
