#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What a node allows a pod (sysctls, AppArmor, the operating system), and seccomp profiles.
. "$(dirname "$0")/../support/pod_lib.sh"

# pod NAME SPEC-FIELDS CONTAINER-FIELDS SCRIPT: one container into $T/NAME.json.
pod() {
	jq -n --arg name "$1" --argjson spec "$2" --argjson container "$3" --arg script "$4" '
		{ apiVersion: "v1", kind: "Pod", metadata: { name: $name }, spec: ({
			restartPolicy: "Never", terminationGracePeriodSeconds: 0,
			containers: [ { name: "c", image: "busybox", command: ["sh", "-c", $script] } + $container ]
		} + $spec) }' >"$T/$1.json"
}

# assert_rejected REASON MESSAGE: the pod of run_pod never started, and says why.
assert_rejected() {
	assert_status 125
	assert_match "$T/err" "Warning +$1 +$2\$"
	assert_eq "Failed|$1|Pod was rejected: $2|0|no host" \
		"$(jq -r '.status | [.phase, .reason, .message, (.containerStatuses // [] | length), .hostIP // "no host"] | join("|")' "$T/result.json")" \
		'phase, reason, message, number of statuses and host'
	[[ ! -s $T/out ]] || fail 'something ran'
}

test_safe_sysctls_are_set_and_are_the_pods_own() {
	local before
	before=$(cat /proc/sys/kernel/shm_rmid_forced)
	pod safe '{ "securityContext": { "sysctls": [
		{ "name": "kernel.shm_rmid_forced", "value": "1" }, { "name": "net/ipv4/tcp_syncookies", "value": "0" },
		{ "name": "net.ipv4.ip_local_port_range", "value": "10000 20000" } ] } }' '{}' \
		'cat /proc/sys/kernel/shm_rmid_forced /proc/sys/net/ipv4/tcp_syncookies /proc/sys/net/ipv4/ip_local_port_range
		cat /proc/sys/net/ipv4/ping_group_range /proc/sys/net/ipv4/ip_unprivileged_port_start'
	run_pod "$T/safe.json" --no-prefix
	assert_status 0
	assert_eq $'1\n0\n10000\t20000\n0\t2147483647\n0' "$(cat "$T/out")" 'what the container reads'
	assert_eq "$before" "$(cat /proc/sys/kernel/shm_rmid_forced)" 'kernel.shm_rmid_forced of the host'
}

test_unsafe_sysctls_need_the_nodes_leave() {
	pod unsafe '{ "securityContext": { "sysctls": [ { "name": "kernel/msgmax", "value": "12345" } ] } }' '{}' \
		'cat /proc/sys/kernel/msgmax'
	run_pod "$T/unsafe.json" --result-file "$T/result.json" --no-prefix
	assert_rejected SysctlForbidden 'forbidden sysctl: "kernel.msgmax" not allowlisted'
	run_pod "$T/unsafe.json" --no-prefix --allowed-unsafe-sysctls 'net.core.*,kernel.msg*'
	assert_status 0
	assert_line "$T/out" 12345
	run_pod "$T/unsafe.json" --allowed-unsafe-sysctls 'kernel.msg*,vm.*'
	assert_status 125
	assert_match "$T/err" 'error: --allowed-unsafe-sysctls: the sysctls "vm\.\*" are not known to be namespaced'
}

test_a_sysctl_with_a_bad_value_fails_the_sandbox_with_its_name() {
	pod bad '{ "securityContext": { "sysctls": [ { "name": "net.ipv4.tcp_syncookies", "value": "many" } ] } }' '{}' true
	start_pod "$T/bad.json"
	wait_for_line 20 "$T/err" 'FailedCreatePodSandBox .*set sysctl net.ipv4.tcp_syncookies: Invalid argument'
	kill -TERM "$pod_pid"
	wait_pod 20
}

test_a_pod_for_another_operating_system_is_rejected() {
	pod windows '{ "os": { "name": "windows" } }' '{}' true
	run_pod "$T/windows.json" --result-file "$T/result.json"
	assert_rejected PodOSNotSupported "Failed to admit pod as the OS field doesn't match node OS"
}

test_apparmor_is_enforced_or_the_pod_is_rejected() {
	pod armor '{ "securityContext": { "appArmorProfile": { "type": "Localhost", "localhostProfile": "minipod-test-absent" } } }' '{}' true
	if [[ $(cat /sys/module/apparmor/parameters/enabled 2>/dev/null) == Y ]]; then
		start_pod "$T/armor.json"
		wait_for_line 20 "$T/err" 'apparmor profile not found minipod-test-absent'
		kill -TERM "$pod_pid"
		wait_pod 20
		return
	fi
	run_pod "$T/armor.json" --result-file "$T/result.json"
	assert_rejected AppArmor 'Cannot enforce AppArmor: AppArmor is not enabled on the host'
	# A container may be taken out of it.
	pod out '{ "securityContext": { "appArmorProfile": { "type": "RuntimeDefault" } } }' \
		'{ "securityContext": { "appArmorProfile": { "type": "Unconfined" } } }' true
	run_pod "$T/out.json"
	assert_status 0
}

# ---- seccomp ---------------------------------------------------------------------------------

test_a_profile_from_a_file_decides_on_calls_and_their_arguments() {
	mkdir -p "$MINIPOD_ROOT/lib/seccomp/team"
	cat >"$MINIPOD_ROOT/lib/seccomp/team/p.json" <<-'JSON'
		{ "defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_AARCH64"],
		  "syscalls": [
			{ "names": ["mkdir", "mkdirat", "no_such_call"], "action": "SCMP_ACT_ERRNO", "errnoRet": 95 },
			{ "names": ["kill"], "action": "SCMP_ACT_ERRNO", "args": [ { "index": 1, "value": 12, "op": "SCMP_CMP_EQ" } ] },
			{ "names": ["unshare"], "action": "SCMP_ACT_ERRNO", "errnoRet": 13, "excludes": { "caps": ["CAP_SYS_ADMIN"] } } ] }
	JSON
	pod file '{ "securityContext": { "seccompProfile": { "type": "Localhost", "localhostProfile": "team/p.json" } } }' '{}' '
		grep Seccomp: /proc/self/status; mkdir /x; kill -12 1; kill -0 1 && echo may ask
		unshare -n true'
	local which
	for which in compiled kept; do
		: "$which"
		run_pod "$T/file.json" --no-prefix
		assert_line "$T/out" "$(printf 'Seccomp:\t2')"
		assert_line "$T/out" "mkdir: can't create directory '/x': Operation not supported"
		assert_match "$T/out" "can't kill pid 1: Operation not permitted"
		assert_line "$T/out" 'may ask'
		assert_match "$T/out" 'unshare.*: Permission denied'
		assert_match "$T/err" 'libseccomp does not know: no_such_call$'
	done
	[[ $(find "$MINIPOD_ROOT/lib/seccomp-cache" -type f | wc -l) -eq 1 ]] || fail 'the program was not kept'
	# A container's own profile counts before the pod's, and other capabilities are another program.
	pod own '{ "securityContext": { "seccompProfile": { "type": "Localhost", "localhostProfile": "team/p.json" } } }' \
		'{ "securityContext": { "seccompProfile": { "type": "Unconfined" } } }' 'grep Seccomp: /proc/self/status && mkdir /x'
	run_pod "$T/own.json" --no-prefix
	assert_status 0
	assert_line "$T/out" "$(printf 'Seccomp:\t0')"
	pod caps '{ "securityContext": { "seccompProfile": { "type": "Localhost", "localhostProfile": "team/p.json" } } }' \
		'{ "securityContext": { "capabilities": { "add": ["SYS_ADMIN"] } } }' 'unshare -n true && echo may'
	run_pod "$T/caps.json" --no-prefix
	assert_line "$T/out" may
	# exec joins under the same filter.
	pod long '{ "securityContext": { "seccompProfile": { "type": "Localhost", "localhostProfile": "team/p.json" } } }' '{}' 'sleep 1000'
	minipod run -d "$T/long.json" >/dev/null
	! minipod exec long -- mkdir /y >"$T/exec" 2>&1 || fail 'exec runs without the filter'
	assert_match "$T/exec" 'not supported'
	minipod delete long >/dev/null
}

# A container that cannot be made says so, and nothing is left when its pod is deleted.
refuses_profile() {
	start_pod "$T/pod.json" --seccomp-profile-root "$T/profiles"
	wait_for_line 20 "$T/err" "$1"
	kill -TERM "$pod_pid"
	wait_pod 20
}

test_a_profile_that_cannot_be_used_is_refused_with_its_place() {
	mkdir "$T/profiles"
	pod pod '{}' '{ "securityContext": { "seccompProfile": { "type": "Localhost", "localhostProfile": "p.json" } } }' true
	refuses_profile "cannot load seccomp profile \"$T/profiles/p.json\": No such file or directory"
	echo '{ "defaultAction": "SCMP_ACT_ALLOW", "syscals": [] }' >"$T/profiles/p.json"
	refuses_profile "profiles/p.json:1:38: unknown field \"syscals\" of the profile, did you mean \"syscalls\""
	echo '{ "defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_Z80"] }' >"$T/profiles/p.json"
	refuses_profile 'unknown seccomp architecture "SCMP_ARCH_Z80"'
	rm "$T/profiles/p.json"
	mkfifo "$T/profiles/p.json"
	refuses_profile 'it is not a file'
}

test_the_default_profile_holds_back_what_escapes_need() {
	pod default '{ "securityContext": { "seccompProfile": { "type": "RuntimeDefault" } } }' '{}' '
		grep Seccomp: /proc/self/status; unshare -U true; unshare -n true; mount -t tmpfs t /mnt; keyctl 2>/dev/null; ls / >/dev/null && echo works'
	run_pod "$T/default.json" --no-prefix
	assert_line "$T/out" "$(printf 'Seccomp:\t2')"
	[[ $(grep -cE 'unshare.*Operation not permitted' "$T/out") -eq 2 ]] || fail 'unshare was not refused twice'
	assert_match "$T/out" '^mount: permission denied'
	assert_line "$T/out" works
}

test_the_node_may_have_a_default_for_those_who_say_nothing() {
	pod unset '{}' '{}' 'grep Seccomp: /proc/self/status'
	run_pod "$T/unset.json" --no-prefix --seccomp-default
	assert_line "$T/out" "$(printf 'Seccomp:\t2')"
	pod own '{}' '{ "securityContext": { "seccompProfile": { "type": "Unconfined" } } }' 'grep Seccomp: /proc/self/status'
	run_pod "$T/own.json" --no-prefix --seccomp-default
	assert_line "$T/out" "$(printf 'Seccomp:\t0')"
	pod privileged '{}' '{ "securityContext": { "privileged": true } }' 'grep Seccomp: /proc/self/status'
	MINIPOD_SECCOMP_DEFAULT=1 run_pod "$T/privileged.json" --no-prefix
	assert_line "$T/out" "$(printf 'Seccomp:\t0')"
}

run_tests
