#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016 # for the containers' shells
# What Kubernetes' own node tests ask of a security context (test/e2e/common/node).
. "$(dirname "$0")/../support/pod_lib.sh"

# pod NAME SPEC-FIELDS CONTAINER-FIELDS SCRIPT: one container into $T/NAME.json.
pod() {
	jq -n --arg name "$1" --argjson spec "$2" --argjson container "$3" --arg script "$4" '
		{ apiVersion: "v1", kind: "Pod", metadata: { name: $name }, spec: ({
			restartPolicy: "Never", terminationGracePeriodSeconds: 0,
			containers: [ { name: "c", image: "busybox", command: ["sh", "-c", $script] } + $container ]
		} + $spec) }' >"$T/$1.json"
}

# prints NAME LINE...: the pod succeeds and prints exactly these lines.
prints() {
	local name=$1
	shift
	run_pod "$T/$name.json" --no-prefix
	assert_status 0
	assert_eq "$(printf '%s\n' "$@")" "$(cat "$T/out")" "output of $name"
}

# is_not_created NAME MESSAGE: it waits with CreateContainerConfigError and a Warning Failed.
is_not_created() {
	start_pod "$T/$1.json"
	wait_for_line 20 "$T/err" "Warning +Failed +spec.containers\{c\} +Error: $2"
	assert_eq CreateContainerConfigError \
		"$(minipod get pod "$1" -o json | jq -r '.status.containerStatuses[0].state.waiting.reason')" 'waiting reason'
	kill -TERM "$pod_pid"
	wait_pod 20
}

test_users_and_groups_are_those_of_the_context() {
	local uid
	for uid in 0 65534; do
		pod user '{}' "{ \"securityContext\": { \"runAsUser\": $uid } }" 'id -u'
		prints user "$uid"
	done
	pod group '{ "securityContext": { "runAsUser": 1000, "runAsGroup": 2000, "fsGroup": 3000 } }' '{}' 'id -u; id -g; id -G'
	prints group 1000 2000 '2000 3000'
}

# test/e2e/common/storage/empty_dir.go labels all of its pods.
test_selinux_labels_mean_nothing_without_selinux() {
	[[ ! -e /sys/fs/selinux/enforce ]] || skip 'this machine has SELinux'
	pod labels '{ "securityContext": { "seLinuxOptions": { "level": "s0" } } }' \
		'{ "securityContext": { "seLinuxOptions": { "type": "container_t" } } }' 'echo ran'
	prints labels ran
	assert_match "$T/err" 'note: spec.securityContext.seLinuxOptions: has no effect'
}

test_run_as_non_root_is_checked_before_the_container_is_made() {
	pod explicit '{}' '{ "securityContext": { "runAsNonRoot": true, "runAsUser": 1000 } }' 'id -u'
	prints explicit 1000
	pod root '{}' '{ "securityContext": { "runAsNonRoot": true, "runAsUser": 0 } }' 'id -u'
	is_not_created root "container's runAsUser breaks non-root policy \(pod: \"root_default\([-0-9a-f]+\)\", container: c\)"
	pod image '{ "securityContext": { "runAsNonRoot": true } }' '{}' 'id -u'
	is_not_created image "container has runAsNonRoot and image will run as root \(pod: \"image_default\([-0-9a-f]+\)\", container: c\)"
}

test_groups_of_the_image_are_merged_or_not() {
	local policy groups
	# root is in wheel (10) in the image.
	for policy in Merge Strict; do
		pod groups '{ "securityContext": { "supplementalGroups": [60000, 70000], "fsGroup": 50000, "supplementalGroupsPolicy": "'"$policy"'" } }' '{}' \
			'id -G; sleep 1000'
		groups='0 10 50000 60000 70000'
		[[ $policy == Merge ]] || groups='0 50000 60000 70000'
		start_pod "$T/groups.json" --no-prefix
		wait_for_line 20 "$T/out" "^$groups\$"
		assert_eq "{\"gid\":0,\"supplementalGroups\":[${groups// /,}],\"uid\":0}" \
			"$(minipod get pod groups -o json | jq -cS '.status.containerStatuses[0].user.linux')" status.user.linux
		assert_eq "$groups" "$(minipod exec groups -- id -G)" 'groups of exec'
		kill -TERM "$pod_pid"
		wait_pod 20
	done
}

test_privilege_escalation_is_allowed_unless_it_is_not() {
	mkdir "$T/bin"
	# MINIPOD_ESCAPE is where it is when it was compiled elsewhere.
	if [[ -n ${MINIPOD_ESCAPE:-} ]]; then
		cp "$MINIPOD_ESCAPE/escape" "$T/bin/nnp"
	else
		command -v cc >/dev/null || skip 'no C compiler for a setuid program'
		cc -static -o "$T/bin/nnp" "$POD_TEST_ROOT/tests/pod/escape.c"
	fi
	chmod 4755 "$T/bin/nnp"
	local allow
	for allow in null true false; do
		pod nnp '{ "volumes": [ { "name": "bin", "hostPath": { "path": "'"$T/bin"'" } } ] }' '{ "command": ["/v/nnp", "euid"],
			"volumeMounts": [ { "name": "bin", "mountPath": "/v" } ], "securityContext": { "runAsUser": 1000, "allowPrivilegeEscalation": '"$allow"' } }' ''
		if [[ $allow == false ]]; then
			prints nnp 'Effective uid: 1000'
		else
			prints nnp 'Effective uid: 0'
		fi
	done
}

test_privileged_is_what_it_takes_to_make_an_interface() {
	pod link '{}' '{}' 'ip link add dummy0 type dummy 2>&1 || true'
	run_pod "$T/link.json" --no-prefix
	assert_match "$T/out" 'Operation not permitted'
	pod link '{}' '{ "securityContext": { "privileged": true } }' 'ip link add dummy0 type dummy 2>&1 || true'
	run_pod "$T/link.json" --no-prefix
	assert_no_match "$T/out" 'Operation not permitted'
}

test_a_read_only_root_cannot_be_written() {
	pod writable '{}' '{ "securityContext": { "readOnlyRootFilesystem": false } }' 'touch checkfile'
	prints writable
	pod readonly '{}' '{ "securityContext": { "readOnlyRootFilesystem": true } }' 'touch checkfile'
	run_pod "$T/readonly.json" --no-prefix
	assert_status 1
	assert_match "$T/out" 'Read-only file system'
}

test_namespaces_are_the_hosts_when_asked_for() {
	pod pids '{ "hostPID": true }' '{}' "grep -c . /proc/$$/comm"
	prints pids 1
	pod nopids '{}' '{}' 'cat /proc/[0-9]*/comm | grep -cx sleep || true'
	sleep 1000 &
	prints nopids 0
	kill $!
	wait $! 2>/dev/null || true
	pod ipc '{ "hostIPC": true }' '{}' 'readlink /proc/self/ns/ipc; ls /dev/shm/minipod-test'
	: >/dev/shm/minipod-test
	prints ipc "$(readlink /proc/self/ns/ipc)" /dev/shm/minipod-test
	rm /dev/shm/minipod-test
	pod shared '{ "shareProcessNamespace": true }' '{}' 'cat /proc/1/cmdline | tr "\0" "\n"'
	prints shared pause
}

run_tests
