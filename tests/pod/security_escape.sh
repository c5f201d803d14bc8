#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016 # for the containers' shells
# One test per published class of container escape, tried from inside; docs/security.md lists them.
# tests/pod/escape.c is what the hostile containers run.
. "$(dirname "$0")/../support/pod_lib.sh"

# MINIPOD_ESCAPE is where the hostile programs are that were compiled elsewhere.
[[ -n ${MINIPOD_ESCAPE:-} ]] || command -v cc >/dev/null ||
	cannot_run 'no C compiler for the hostile program'

# pod NAME SPEC-FIELDS CONTAINER-FIELDS SCRIPT: one container into $T/NAME.json, the tools at /t.
pod() {
	jq -n --arg name "$1" --argjson spec "$2" --argjson container "$3" --arg script "$4" --arg tools "$T/tools" '
		{ apiVersion: "v1", kind: "Pod", metadata: { name: $name }, spec: ({
			restartPolicy: "Never", terminationGracePeriodSeconds: 0,
			volumes: ([ { name: "t", hostPath: { path: $tools } } ] + ($spec.volumes // [])),
			containers: [ { name: "c", image: "busybox", command: ["sh", "-c", $script] } + $container + {
				volumeMounts: ([ { name: "t", mountPath: "/t" } ] + ($container.volumeMounts // [])) } ]
		} + ($spec | del(.volumes))) }' >"$T/$1.json"
}

# compile NAME FLAG...: tests/pod/escape.c to $T/tools/NAME.
compile() {
	if [[ -n ${MINIPOD_ESCAPE:-} ]]; then
		cp "$MINIPOD_ESCAPE/$1" "$T/tools/$1"
	else
		cc -static -O1 "${@:2}" -o "$T/tools/$1" "$POD_TEST_ROOT/tests/pod/escape.c"
	fi
}

tools() {
	mkdir -p "$T/tools"
	chmod 0777 "$T/tools"
	compile escape
}

# has_said POD LINE
has_said() {
	minipod logs "$1" >"$T/log" && grep -qxF -- "$2" "$T/log"
}

# assert_held FILE: something was tried, and nothing of it worked.
assert_held() {
	assert_match "$1" '^held: '
	assert_no_match "$1" '^escaped'
}

# ---- the way in ---------------------------------------------------------------------------------

# CVE-2024-21626: a descriptor of the host that is still open, as working directory.
test_a_leaked_directory_as_working_directory_leads_nowhere() {
	local fd
	for fd in 3 5 7 8 9 11; do
		pod "cwd" '{}' "{ \"workingDir\": \"/proc/self/fd/$fd\" }" 'ls ../../../../../../..; pwd'
		sed -i 's/"restartPolicy"/"activeDeadlineSeconds": 1, "restartPolicy"/' "$T/cwd.json"
		run_pod "$T/cwd.json" --no-prefix
		[[ $status -ne 0 ]] || fail "the container runs in /proc/self/fd/$fd"
		[[ ! -s $T/out ]] || fail "the container ran: $(head -n 1 "$T/out")"
	done
	# The same for who joins later: the directory was replaced meanwhile.
	tools
	pod join '{}' '{ "workingDir": "/work" }' 'rm -r /work; ln -s /proc/self/fd/$N /work; echo linked; sleep 1000'
	for fd in 3 8; do
		jq --arg fd "$fd" '.metadata.name += $fd | .spec.containers[0].env = [ { name: "N", value: $fd } ]' \
			"$T/join.json" >"$T/join-$fd.json"
		minipod run -d "$T/join-$fd.json" >/dev/null
		wait_until 10 'the link' has_said "join$fd" linked
		! minipod exec "join$fd" -- ls ../../../.. >"$T/exec" 2>&1 || fail "exec ran in /proc/self/fd/$fd"
		minipod delete "join$fd" >/dev/null
	done
}

# CVE-2019-5736: the runtime's program overwritten through /proc/<pid>/exe.
test_the_hosts_program_cannot_be_overwritten() {
	[[ $(uname -m) == x86_64 ]] || skip 'the loader is written for x86_64'
	tools
	compile loader -nostdlib -DESCAPE_LOADER
	cp "$MINIPOD" "$T/program"
	MINIPOD=$T/program
	local sum supervisor
	sum=$(sha256sum <"$T/program")
	pod exe '{}' '{}' "mkdir -p /lib64; cp /t/loader /lib64/ld-linux-x86-64.so.2; printf '#!/proc/self/exe\\n' >/evil
		chmod +x /evil; /t/escape watch $(stat -c %i "$T/program") 5 >/t/watch & sleep 1000"
	minipod run -d "$T/exe.json" >/dev/null
	wait_for_line 10 "$T/tools/watch" '^watching'
	minipod exec exe -- /evil >/dev/null 2>&1 &
	minipod exec exe -- true || true
	wait_for_line 10 "$T/tools/result" '^holding'
	supervisor=$(pgrep -f 'run -d' | head -n 1)
	kill -KILL "$supervisor" # nobody on the host executes the program any more
	wait_for_line 15 "$T/tools/result" '^(held|escaped)'
	wait_for_line 15 "$T/tools/watch" '^(held|escaped)'
	wait || true
	assert_held "$T/tools/result"
	# That it may look at what it has executed itself is no wonder.
	assert_no_match "$T/tools/watch" 'for writing'
	assert_eq "$sum" "$(sha256sum <"$T/program")" 'digest of the program'
	minipod delete --force exe >/dev/null 2>&1
}

# CVE-2016-9962: whoever joins a container is looked into, traced or robbed of descriptors.
test_a_process_that_joins_cannot_be_traced() {
	local share
	tools
	# May it trace, all it finds is what has no privilege and no file left.
	for share in false true; do
		pod trace "{ \"shareProcessNamespace\": $share }" '{ "securityContext": { "capabilities": { "add": ["SYS_PTRACE"] } } }' "/t/escape watch $(stat -c %i "$MINIPOD") 2 >/t/watch; sleep 1000"
		minipod run -d "$T/trace.json" >/dev/null
		wait_for_line 10 "$T/tools/watch" '^watching'
		local i
		for ((i = 0; i < 6; i++)); do
			minipod exec trace -- true
		done
		wait_for_line 10 "$T/tools/watch" '^(held|escaped)'
		assert_held "$T/tools/watch"
		minipod delete trace >/dev/null
		rm "$T/tools/watch"
	done
}

# The same while a container is started, which others of its pod see when they share its processes.
test_a_process_that_starts_in_a_shared_pid_namespace_cannot_be_traced() {
	needs_kernel 6.17 'a /proc can be made from outside of its pid namespace'
	tools
	jq -n --arg tools "$T/tools" --arg watch "/t/escape watch $(stat -c %i "$MINIPOD") 2 $T/start.json >/t/watch; sleep 1000" '
		{ apiVersion: "v1", kind: "Pod", metadata: { name: "start" }, spec: {
			restartPolicy: "Never", terminationGracePeriodSeconds: 0, shareProcessNamespace: true,
			volumes: [ { name: "t", hostPath: { path: $tools } } ],
			initContainers: ([ { name: "tracer", image: "busybox", restartPolicy: "Always", command: ["sh", "-c", $watch],
				securityContext: { capabilities: { add: ["SYS_PTRACE"] } },
				volumeMounts: [ { name: "t", mountPath: "/t" } ] } ] +
				[ range(8) | { name: "i\(.)", image: "busybox", command: ["true"] } ]),
			containers: [ { name: "c", image: "busybox", command: ["sh", "-c", "until grep -qE \"^(held|escaped)\" /t/watch; do sleep 0.1; done; cat /t/watch"],
				volumeMounts: [ { name: "t", mountPath: "/t" } ] } ] } }' >"$T/start.json"
	run_pod "$T/start.json" --no-prefix
	assert_status 0
	assert_held "$T/out"
}

test_an_ephemeral_container_that_starts_beside_its_target_cannot_be_traced() {
	needs_kernel 6.17 'a /proc can be made from outside of its pid namespace'
	tools
	pod beside '{}' '{ "securityContext": { "capabilities": { "add": ["SYS_PTRACE"] } } }' \
		"/t/escape watch $(stat -c %i "$MINIPOD") 2 $T/beside.json >/t/watch; sleep 1000"
	minipod run -d "$T/beside.json" >/dev/null
	wait_for_line 10 "$T/tools/watch" '^watching'
	local i
	for ((i = 0; i < 6; i++)); do
		minipod debug beside --image busybox --target c -- true
	done
	wait_for_line 10 "$T/tools/watch" '^(held|escaped)'
	assert_held "$T/tools/watch"
	minipod delete beside >/dev/null
}

# ---- mounts -------------------------------------------------------------------------------------

# CVE-2017-1002101, CVE-2021-25741, CVE-2021-30465: a link put in place of a directory while it is
# about to be mounted, as subPath or as mount point inside another volume.
test_swapped_links_do_not_lead_mounts_out_of_a_volume() {
	tools
	mkdir "$T/outside"
	: >"$T/outside/host-file"
	jq -n --arg tools "$T/tools" --arg outside "$T/outside" '
		{ apiVersion: "v1", kind: "Pod", metadata: { name: "race" }, spec: {
			restartPolicy: "Never", terminationGracePeriodSeconds: 0,
			volumes: [ { name: "t", hostPath: { path: $tools } }, { name: "v", emptyDir: {} }, { name: "w", emptyDir: {} } ],
			initContainers: [ { name: "swapper", image: "busybox", restartPolicy: "Always",
				command: ["/t/escape", "swap", "/v", $outside, "60"],
				startupProbe: { exec: { command: ["test", "-L", "/v/y", "-o", "-L", "/v/x"] } },
				volumeMounts: [ { name: "t", mountPath: "/t" }, { name: "v", mountPath: "/v" } ] } ],
			containers: [ range(24) | { name: "c\(.)", image: "busybox", command: ["sh", "-c", "ls /s; ls /v/x"],
				volumeMounts: [ { name: "v", mountPath: "/s", subPath: "x" }, { name: "v", mountPath: "/v" },
					{ name: "w", mountPath: "/v/x" } ] } ] } }' >"$T/race.json"
	start_pod "$T/race.json" --no-prefix
	wait_until 30 'some containers' eval "[[ \$(grep -cE 'Started|Failed' '$T/err') -ge 10 ]]"
	kill -TERM "$pod_pid"
	wait_pod 30
	assert_no_match "$T/out" 'host-file'
	assert_match "$T/err" 'Started +spec.containers'
}

# CVE-2025-31133: /dev/null of the container is what hides files; here it is something else.
# CVE-2019-16884, CVE-2025-52881: what is mounted at /proc takes the writes meant for procfs.
test_masks_and_writes_to_proc_are_not_redirected() {
	tools
	jq -n '{ apiVersion: "v1", kind: "Pod", metadata: { name: "null" }, spec: {
		restartPolicy: "Never", terminationGracePeriodSeconds: 0,
		volumes: [ { name: "dev", emptyDir: {} } ],
		initContainers: [ { name: "i", image: "busybox", command: ["ln", "-s", "/proc/sys/kernel/core_pattern", "/v/null"],
			volumeMounts: [ { name: "dev", mountPath: "/v" } ] } ],
		containers: [ { name: "c", image: "busybox", command: ["sh", "-c", "echo ran; cat /proc/keys"],
			volumeMounts: [ { name: "dev", mountPath: "/dev" } ] } ] } }' >"$T/null.json"
	start_pod "$T/null.json" --no-prefix
	wait_for_line 30 "$T/err" 'its null device is something else'
	kill -TERM "$pod_pid"
	wait_pod 20
	[[ ! -s $T/out ]] || fail 'a container started with a false /dev/null'
	pod proc '{ "volumes": [ { "name": "p", "emptyDir": {} } ] }' '{ "volumeMounts": [ { "name": "p", "mountPath": "/proc" } ] }' \
		'find /proc -type f | while read f; do echo "$f"; done; echo over'
	run_pod "$T/proc.json" --no-prefix
	assert_eq over "$(cat "$T/out")" 'files written below a false /proc'
}

# Mounts a container makes must not come back to the host.
test_mounts_do_not_propagate_to_the_host() {
	tools
	mkdir "$T/host"
	mount -t tmpfs host "$T/host"
	mount --make-shared "$T/host"
	mkdir "$T/host/none" "$T/host/slave"
	pod prop '{ "volumes": [ { "name": "h", "hostPath": { "path": "'"$T/host"'" } } ] }' '{ "securityContext": { "capabilities": { "add": ["SYS_ADMIN"] } },
		"volumeMounts": [ { "name": "h", "mountPath": "/none" }, { "name": "h", "mountPath": "/slave", "mountPropagation": "HostToContainer" } ] }' '
		mount -t tmpfs x /none/none && mount -t tmpfs x /slave/slave && mount --make-rshared / && mount -t tmpfs x /none/none && echo mounted; sleep 1000'
	start_pod "$T/prop.json" --no-prefix
	wait_for_line 10 "$T/out" mounted
	assert_eq 1 "$(grep -c "$T/host" /proc/self/mountinfo)" 'number of mounts on the host'
	kill -TERM "$pod_pid"
	wait_pod 20
	umount "$T/host"
}

# ---- the kernel's own doors ---------------------------------------------------------------------

# CVE-2022-0492 (release_agent), core_pattern, uevent_helper, sysrq, binfmt_misc.
test_the_kernels_helpers_cannot_be_set() {
	tools
	pod helpers '{}' '{}' '
		for f in /proc/sys/kernel/core_pattern /proc/sysrq-trigger /proc/sys/kernel/modprobe /proc/sys/fs/binfmt_misc/register \
			/sys/kernel/uevent_helper /proc/sys/vm/drop_caches /proc/sys/kernel/sysrq /proc/irq/default_smp_affinity; do
			[ ! -e $f ] || (echo x >$f) 2>/dev/null && [ -e $f ] && echo "escaped: wrote $f"
		done
		find /sys/fs/cgroup -name release_agent -o -name devices.allow -o -name notify_on_release -o -name cgroup.procs | while read -r f; do
			(echo 1 >$f) 2>/dev/null && echo "escaped: wrote $f"
		done
		mount -o remount,rw /proc/sys 2>/dev/null && echo "escaped: remounted"
		umount /proc/sys 2>/dev/null && echo "escaped: unmounted"
		for how in "unshare -m" "unshare -UrmC" "unshare -Urm"; do
			$how sh -c "mount -t cgroup -o memory x /mnt && echo /x >/mnt/release_agent" 2>/dev/null && echo "escaped: set a release agent"
			$how sh -c "echo x >/proc/sys/kernel/core_pattern" 2>/dev/null && echo "escaped: set core_pattern"
			$how sh -c "mount -o bind,remount,rw /proc/sys && echo x >/proc/sys/kernel/core_pattern" 2>/dev/null && echo "escaped: set core_pattern"
		done
		echo "held: all"'
	local core
	core=$(cat /proc/sys/kernel/core_pattern)
	run_pod "$T/helpers.json" --no-prefix
	assert_held "$T/out"
	assert_eq "$core" "$(cat /proc/sys/kernel/core_pattern)" core_pattern
}

# System calls of the host's root ("shocker", setns back, modules, kexec, tracing the machine ...),
# with no filter at all and with the default one.
test_system_calls_of_the_hosts_root_are_refused() {
	tools
	local profile
	for profile in Unconfined RuntimeDefault; do
		pod calls "{ \"securityContext\": { \"seccompProfile\": { \"type\": \"$profile\" } } }" '{}' '/t/escape calls'
		run_pod "$T/calls.json" --no-prefix
		assert_held "$T/out"
	done
}

# Device nodes and raw disks: CAP_MKNOD is among the default capabilities, opening is what is refused.
test_device_nodes_of_the_machine_cannot_be_opened() {
	tools
	pod devices '{}' '{}' '/t/escape devices'
	run_pod "$T/devices.json" --no-prefix
	assert_held "$T/out"
	assert_match "$T/out" '^held: read /dev/mem: Operation not permitted'
}

# Keys are kept by no namespace but the user's.
test_keys_of_the_hosts_session_cannot_be_found() {
	tools
	pod keys '{}' '{}' '/t/escape keys'
	timeout 60 "$T/tools/escape" with-key "$MINIPOD" --root "$MINIPOD_ROOT" run "$T/keys.json" --no-prefix >"$T/out" 2>"$T/err"
	assert_held "$T/out"
}

# CVE-2020-15257: sockets with abstract names are the network namespace's, here the host's.
test_a_pod_in_the_hosts_network_cannot_talk_to_minipods_sockets() {
	tools
	pod other '{}' '{}' 'sleep 1000'
	minipod run -d "$T/other.json" >/dev/null
	pod sockets '{ "hostNetwork": true }' '{}' '/t/escape sockets'
	run_pod "$T/sockets.json" --no-prefix
	assert_match "$T/out" '^sockets of minipod: [1-9]'
	assert_held "$T/out"
	minipod delete other >/dev/null
}

# ---- other processes, and more than one's share --------------------------------------------------

# pause is PID 1 of a shared pid namespace: nothing sent from inside may end it.
test_signals_do_not_end_pause() {
	tools
	pod signals '{ "shareProcessNamespace": true }' '{}' '
		for s in $(seq 1 64); do kill -$s 1 2>/dev/null; done
		cat /proc/1/environ /proc/1/maps 2>&1 | head -n 3; ls /proc/1/fd /proc/1/root/ 2>&1 | head -n 3
		tr "\0" " " </proc/1/cmdline; echo; grep State /proc/1/status'
	run_pod "$T/signals.json" --no-prefix
	assert_status 0
	assert_line "$T/out" 'pause '
	assert_match "$T/out" 'State:.S'
	assert_match "$T/out" '/proc/1/(environ|maps).*Permission denied'
	assert_no_match "$T/err" 'SandboxChanged'
}

test_bombs_stay_in_their_container() {
	tools
	jq -n --arg tools "$T/tools" '{ apiVersion: "v1", kind: "Pod", metadata: { name: "bombs" }, spec: {
		restartPolicy: "Never", terminationGracePeriodSeconds: 0,
		volumes: [ { name: "t", hostPath: { path: $tools } }, { name: "m", emptyDir: { medium: "Memory", sizeLimit: "1Mi" } } ],
		containers: [
			{ name: "memory", image: "busybox", command: ["sh", "-c", "tail /dev/zero"], resources: { limits: { memory: "24Mi" } } },
			{ name: "fork", image: "busybox", command: ["sh", "-c", "b() { b & b; }; b; sleep 1000"], resources: { limits: { memory: "24Mi", cpu: "200m" } } },
			{ name: "stays", image: "busybox", command: ["sleep", "1000"] },
			{ name: "files", image: "busybox", command: ["/t/escape", "files"], volumeMounts: [ { name: "t", mountPath: "/t" } ] },
			{ name: "fill", image: "busybox", command: ["sh", "-c", "dd if=/dev/zero of=/m/x bs=64k 2>&1; stat -c %s /m/x"],
				volumeMounts: [ { name: "m", mountPath: "/m" } ] } ] } }' >"$T/bombs.json"
	start_pod "$T/bombs.json"
	wait_for_line 30 "$T/out" 'files.*opened many files: Too many open files|files.*opened many'
	wait_for_line 30 "$T/out" 'fill.*No space left on device'
	wait_for_line 30 "$T/out" 'fill.* 1048576$'
	wait_until 30 'the memory bomb to be killed' eval "minipod get pod bombs -o json |
		jq -e '.status.containerStatuses[] | select(.name == \"memory\") | .state.terminated.reason == \"OOMKilled\"'"
	# Who joins the fork bomb shares its cpu and finds no memory, maybe for ever: that holds up nobody else.
	minipod exec bombs -c fork -- true >/dev/null 2>&1 &
	local joins=$!
	minipod exec bombs -c stays -- true
	minipod get pod bombs -o json |
		jq -e '.status.containerStatuses[] | select(.name == "stays") | .state.running' >/dev/null ||
		fail 'the container that does no harm has ended'
	kill -TERM "$pod_pid"
	wait "$joins" || true
	wait_pod 40
}

run_tests
