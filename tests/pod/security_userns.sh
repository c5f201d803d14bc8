#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Pods with a user namespace of their own: hostUsers: false.
. "$(dirname "$0")/../support/pod_lib.sh"

# pod NAME SPEC-FIELDS CONTAINER-FIELDS SCRIPT: one container with user namespace into $T/NAME.json.
pod() {
	jq -n --arg name "$1" --argjson spec "$2" --argjson container "$3" --arg script "$4" '
		{ apiVersion: "v1", kind: "Pod", metadata: { name: $name }, spec: ({
			hostUsers: false, restartPolicy: "Never", terminationGracePeriodSeconds: 0,
			containers: [ { name: "c", image: "busybox", command: ["sh", "-c", $script] } + $container ]
		} + $spec) }' >"$T/$1.json"
}

has_lines() {
	[[ $(minipod logs "$1" | wc -l) -eq $2 ]]
}

has_restarted() {
	[[ $(minipod get pod "$1" -o json | jq -r '.status.containerStatuses[0] | "\(.restartCount) \(.started)"') == "1 true" ]] &&
		[[ $(minipod logs "$1" | tail -n 1) == up ]]
}

# processes_of UID: their pids.
processes_of() {
	awk -v uid="$1" '/^Pid:/ { pid = $2 } /^Uid:/ && $2 == uid { print pid }' /proc/[0-9]*/status
}

block_of() {
	awk '{ print $1 }' "$MINIPOD_ROOT/run/pods/default_$1/user-ids"
}

test_root_in_the_pod_is_one_of_65536_ids_of_its_own_on_the_host() {
	needs_idmapped_tmpfs
	pod a '{}' '{}' 'cat /proc/self/uid_map /proc/self/gid_map; id -u; sleep 1000'
	pod b '{}' '{}' 'cat /proc/self/uid_map; sleep 1000'
	minipod run -d "$T/a.json" >/dev/null
	minipod run -d "$T/b.json" >/dev/null
	wait_until 10 'the output' has_lines a 3
	local first other
	first=$(block_of a)
	other=$(block_of b)
	[[ $first -ge 65536 && $((first % 65536)) -eq 0 ]] || fail "a block that begins at $first"
	[[ $first != "$other" ]] || fail "two pods share the block at $first"
	assert_eq "0 $first 65536|0 $first 65536|0" \
		"$(minipod logs a | awk '{ $1 = $1; printf "%s%s", s, $0; s = "|" }')" 'id map and uid'
	# Seen from outside: pause, the container and what joins it.
	local pid
	processes_of "$first" >"$T/pids"
	while read -r pid; do
		assert_eq "$first" "$(awk '{ print $2 }' "/proc/$pid/uid_map")" "map of process $pid"
	done <"$T/pids"
	[[ $(wc -l <"$T/pids") -ge 2 ]] || fail 'pause and the container are not of the block'
	minipod exec a -- sh -c 'id -u; cat /proc/self/uid_map; readlink /proc/self/ns/user /proc/1/ns/user' >"$T/exec"
	assert_eq 0 "$(sed -n 1p "$T/exec")" 'uid of exec'
	assert_eq "$first" "$(awk 'NR == 2 { print $2 }' "$T/exec")" 'map of exec'
	assert_eq "$(sed -n 3p "$T/exec")" "$(sed -n 4p "$T/exec")" 'user namespace of exec'
	minipod delete a b >/dev/null
}

test_files_keep_their_owners_on_disk_and_look_the_same_inside() {
	needs_idmapped_tmpfs
	mkdir "$T/host"
	: >"$T/host/theirs"
	chown 1234:5678 "$T/host/theirs"
	pod files '{ "volumes": [
		{ "name": "disk", "emptyDir": {} },
		{ "name": "memory", "emptyDir": { "medium": "Memory" } },
		{ "name": "host", "hostPath": { "path": "'"$T/host"'" } },
		{ "name": "info", "downwardAPI": { "items": [ { "path": "name", "fieldRef": { "fieldPath": "metadata.name" } } ] } } ],
		"securityContext": { "fsGroup": 4321 } }' '{ "volumeMounts": [
		{ "name": "disk", "mountPath": "/v/disk" }, { "name": "memory", "mountPath": "/v/memory" },
		{ "name": "host", "mountPath": "/v/host" }, { "name": "info", "mountPath": "/v/info" } ] }' '
		stat -c "%n %u:%g" / /etc/passwd /etc/hosts /dev /dev/null /dev/shm /dev/mqueue /dev/termination-log \
			/v/disk /v/memory /v/host/theirs /v/info/..data/name
		: >/new && : >/v/host/new && : >/v/disk/new && : >/dev/shm/new && chown 7:8 /v/host/new && stat -c "%n %u:%g" /v/host/new
		stat -c "%n %u:%g" /v/disk/new
		cat /proc/sys/net/ipv4/ip_unprivileged_port_start'
	run_pod "$T/files.json" --no-prefix
	assert_status 0
	local line
	for line in '/ 0:0' '/etc/passwd 0:0' '/etc/hosts 0:0' '/dev 0:0' '/dev/null 0:0' '/dev/shm 0:0' \
		'/dev/mqueue 0:0' '/dev/termination-log 0:0' '/v/disk 0:4321' '/v/memory 0:4321' \
		'/v/host/theirs 1234:5678' '/v/info/..data/name 0:4321' '/v/host/new 7:8' '/v/disk/new 0:4321' 0; do
		assert_line "$T/out" "$line"
	done
	assert_eq 7:8 "$(stat -c %u:%g "$T/host/new")" 'owner on the host of what the pod made'
}

test_probes_hooks_and_a_shared_pid_namespace_work_in_it() {
	needs_idmapped_tmpfs
	pod shared '{ "shareProcessNamespace": true }' '{
		"lifecycle": { "postStart": { "exec": { "command": ["sh", "-c", "cat /proc/self/uid_map >/hook"] } } },
		"readinessProbe": { "periodSeconds": 1, "exec": { "command": ["sh", "-c", "cat /proc/self/uid_map >/probe && ps | grep -q pause"] } } }' \
		'until [ -s /probe ]; do sleep 0.1; done; cmp /hook /probe && cmp /probe /proc/self/uid_map && ps && echo same; sleep 1000'
	start_pod "$T/shared.json" --no-prefix
	wait_for_line 20 "$T/out" '^same$'
	assert_match "$T/out" '^ +1 root .*pause'
	wait_until 10 'the pod to be ready' minipod wait --for=condition=Ready --timeout=1s pod/shared
	kill -TERM "$pod_pid"
	wait_pod 20
}

test_all_capabilities_in_it_are_none_on_the_host() {
	needs_idmapped_tmpfs
	mkdir "$T/host"
	echo secret >"$T/host/file"
	chmod 0600 "$T/host/file"
	chown 70000:70000 "$T/host/file"
	pod caps '{ "volumes": [ { "name": "host", "hostPath": { "path": "'"$T/host"'" } } ] }' \
		'{ "securityContext": { "capabilities": { "add": ["ALL"] } }, "volumeMounts": [ { "name": "host", "mountPath": "/host" } ] }' '
		grep CapEff /proc/self/status
		mount -t tmpfs t /mnt && echo may mount
		cat /host/file || echo cannot read
		mknod /null c 1 3 || echo cannot mknod
		echo 1 >/proc/sys/kernel/panic || echo cannot set
		chown 70000 /host/file || echo cannot chown
		date -s 200001010000 2>&1 | grep "not permitted"
		hostname other && hostname'
	run_pod "$T/caps.json" --no-prefix
	assert_status 0
	local last line
	last=$(cat /proc/sys/kernel/cap_last_cap)
	assert_line "$T/out" "$(printf 'CapEff:\t%016x' $(((1 << (last + 1)) - 1)))"
	for line in 'may mount' 'cannot read' 'cannot mknod' 'cannot set' 'cannot chown' \
		"date: can't set date: Operation not permitted" other; do
		assert_line "$T/out" "$line"
	done
}

test_a_recovered_pod_keeps_its_ids_and_its_filter() {
	needs_idmapped_tmpfs
	pod again '{ "restartPolicy": "Always", "securityContext": { "seccompProfile": { "type": "RuntimeDefault" } } }' \
		'{ "securityContext": { "allowPrivilegeEscalation": false } }' \
		'trap "exit 0" TERM; stat -c "null %u" /dev/null; echo up; while :; do sleep 0.1; done'
	minipod run -d "$T/again.json" >/dev/null
	local first
	first=$(block_of again)
	kill -KILL "$(pgrep -f 'run -d' | head -n 1)"
	wait_until 10 'the supervisor to be gone' eval '! pgrep -f "run -d"'
	minipod recover again >/dev/null
	assert_eq "$first" "$(block_of again)" 'block after recovery'
	minipod exec again -- sh -c 'cat /proc/self/uid_map; grep -E "^(Seccomp|NoNewPrivs|CapEff):" /proc/self/status' >"$T/exec"
	assert_eq "$first" "$(awk 'NR == 1 { print $2 }' "$T/exec")" 'map of exec'
	assert_line "$T/exec" "$(printf 'Seccomp:\t2')"
	assert_line "$T/exec" "$(printf 'NoNewPrivs:\t1')"
	assert_line "$T/exec" "$(printf 'CapEff:\t00000000a80425fb')"
	minipod exec again -- kill -TERM 1
	wait_until 30 'the restart' has_restarted again
	minipod logs again >"$T/log"
	assert_line "$T/log" 'null 0'
	minipod delete again >/dev/null
}

test_an_unmasked_proc_allows_another_proc_inside() {
	needs_idmapped_tmpfs
	pod masked '{}' '{}' \
		'unshare -Urmpf mount -t proc proc /mnt; echo $?; grep -c " /proc/" /proc/self/mounts'
	run_pod "$T/masked.json" --no-prefix
	assert_line "$T/out" 1
	pod bare '{}' '{ "securityContext": { "procMount": "Unmasked" } }' \
		'unshare -Urmpf mount -t proc proc /mnt; echo $?; grep -c " /proc/" /proc/self/mounts'
	run_pod "$T/bare.json" --no-prefix
	assert_eq '0 0' "$(grep -E '^[0-9]+$' "$T/out" | xargs)" 'status of mount and number of mounts below /proc'
}

test_an_id_outside_the_block_is_refused_with_a_sentence() {
	needs_idmapped_tmpfs
	pod high '{}' '{ "securityContext": { "runAsUser": 70000 } }' 'true'
	start_pod "$T/high.json" --no-prefix
	wait_for_line 20 "$T/err" "user id 70000 does not exist in the pod's user namespace, which has 0 to 65535"
	kill -TERM "$pod_pid"
	wait_pod 20
}

test_a_host_path_that_cannot_be_mapped_says_so() {
	needs_idmapped_tmpfs
	pod sysfs '{ "volumes": [ { "name": "host", "hostPath": { "path": "/sys/kernel" } } ] }' \
		'{ "volumeMounts": [ { "name": "host", "mountPath": "/host" } ] }' 'true'
	start_pod "$T/sysfs.json" --no-prefix
	wait_for_line 20 "$T/err" 'mount host at /host: this kernel cannot map the ids of its file system, as hostUsers: false needs'
	kill -TERM "$pod_pid"
	wait_pod 20
}

run_tests
