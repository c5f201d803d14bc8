#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016 # dollar signs are for the shells in containers
# The six kinds of pods of security_view.sh held against what crun makes of the same settings. Each difference is
# expected here by name, and has its reason in docs/security.md.
. "$(dirname "$0")/../support/pod_lib.sh"
. "$(dirname "$0")/../support/see_lib.sh"

command -v crun >/dev/null || cannot_run 'no crun'

DEFAULT_CAPS='["CAP_CHOWN","CAP_DAC_OVERRIDE","CAP_FSETID","CAP_FOWNER","CAP_MKNOD","CAP_NET_RAW","CAP_SETGID","CAP_SETUID",
	"CAP_SETFCAP","CAP_SETPCAP","CAP_NET_BIND_SERVICE","CAP_SYS_CHROOT","CAP_KILL","CAP_AUDIT_WRITE"]'

# What a CRI runtime tells its OCI runtime for a pod that asks for nothing, after `crun spec`.
BASE='
	.process.terminal = false | .process.args = ["sh", "-c", $script] | .process.cwd = "/" | .process.rlimits = []
	| .process.env = ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOSTNAME=" + $name, "HOME=/root"]
	| .process.user = { uid: 0, gid: 0, umask: 18, additionalGids: [0, 10] } | .process.noNewPrivileges = false
	| .process.oomScoreAdj = 1000
	| .process.capabilities = { bounding: $caps, effective: $caps, permitted: $caps }
	| .root = { path: $root, readonly: false } | .hostname = $name
	| .mounts = [ .mounts[] | select(.destination == "/proc") .options = ["nosuid", "noexec", "nodev"]
		| select(.destination == "/dev/shm") |= { destination, type: "bind", source: ($files + "/shm"), options: ["rbind", "rprivate", "rw"] } ]
		+ [ ("hosts", "hostname", "resolv.conf") | { destination: ("/etc/" + .), type: "bind", source: ($files + "/" + .),
			options: ["rbind", "rprivate", "rw"] } ]
		+ [ { destination: "/dev/termination-log", type: "bind", source: ($files + "/log"), options: ["rbind", "rprivate", "rw"] },
			{ destination: "/tmp", type: "bind", source: ($files + "/../volume"), options: ["rbind", "rprivate", "rw"] } ]
	| .linux.namespaces += [ { type: "cgroup" } ] | .linux.cgroupsPath = "/crun-" + $name
	| .linux.maskedPaths += ["/proc/interrupts", "/sys/devices/virtual/powercap"]'

# crun_sees NAME FILTER: the same by crun, its configuration changed further by FILTER; into $T/crun.seen.
crun_sees() {
	local name=$1 dir=$T/crun-$1 layer
	mkdir -p "$dir"/{root,upper,work,files,volume}
	chmod 1777 "$dir/volume"
	layer=$(find "$MINIPOD_ROOT/lib/layers" -mindepth 1 -maxdepth 1 -type d | head -n 1)
	cp -a "$layer" "$dir/lower"
	chown -R "${OWNER:-0}:${OWNER:-0}" "$dir/lower" "$dir/upper" "$dir/volume"
	mount -t overlay -o "lowerdir=$dir/lower,upperdir=$dir/upper,workdir=$dir/work" overlay "$dir/root"
	mount -t tmpfs -o nosuid,nodev,noexec,mode=0755 tmpfs "$dir/files"
	mkdir -m 1777 "$dir/files/shm"
	touch "$dir/files"/{hosts,hostname,resolv.conf,log}
	(cd "$dir" && crun spec)
	# A manifest needs $$ written twice.
	jq --arg name "$name" --arg script "${SEE//\$\$\$\$/\$\$}" --arg root "$dir/root" --arg files "$dir/files" --argjson caps "$DEFAULT_CAPS" --arg host "$(uname -n)" \
		"$BASE | $2" "$dir/config.json" >"$dir/changed.json"
	mv "$dir/changed.json" "$dir/config.json"
	# It refuses a hybrid host whose v2 tree has controllers: that is not there for it.
	unshare --mount --propagation private bash -c '
		if mountpoint -q /sys/fs/cgroup/unified; then umount /sys/fs/cgroup/unified; mount -t tmpfs none /sys/fs/cgroup/unified; fi
		exec timeout -k 5 60 crun --cgroup-manager=cgroupfs --root "$1/state" run -b "$1" "$2"' sh "$dir" "$name" \
		</dev/null 2>&1 | cat >"$T/crun.out"
	umount "$dir/root" "$dir/files"
	sed 's/\t/ /g; s/ *$//' "$T/crun.out" >"$T/crun.seen"
}

# comparable FILE: namespaces as "ours" or "its own", files without numbers. Where the cgroup namespace is ours, its
# name for the cgroup is beside the point.
comparable() {
	local kind edits=()
	for kind in cgroup ipc mnt net pid user uts; do
		edits+=(-e "s,^ns $kind: $(readlink "/proc/self/ns/$kind" | sed 's/[][]/\\&/g')\$,ns $kind: ours,")
	done
	sed -E "${edits[@]}" -e 's/^(ns [a-z]*): [a-z]*:\[.*/\1: its own/; s/^(fd [0-9]*: pipe):.*/\1/' "$1" |
		awk '/^cgroup: / { cgroups[++n] = $0; next } /^ns cgroup: its own/ { named = 1 } { print }
			END { for (i = 1; named && i <= n; i++) print cgroups[i] }' | LC_ALL=C sort
}

# compare NAME SPEC CONTAINER FILTER: what differs into $T/differences: lines that only one shows, with "minipod" or
# "crun" before them. A mount is compared by what it forbids; what minipod's forbids beyond crun's is no difference, nor
# is which v1 hierarchies there are.
compare() {
	see "$1" "$2" "$3"
	crun_sees "$1" "$4"
	comparable "$T/seen" >"$T/ours"
	comparable "$T/crun.seen" >"$T/theirs"
	awk '
		function lacks(ours, theirs, i, n, flags) {
			n = split("ro nosuid nodev noexec", flags, " ")
			for (i = 1; i <= n; i++)
				if ("," theirs "," ~ "," flags[i] "," && "," ours "," !~ "," flags[i] ",") return 1
			return 0
		}
		{ who = FILENAME ~ /ours$/ ? "minipod" : "crun" }
		$1 == "mount" { mounts[who, $2] = $3; points[$2] = 1; next }
		{ lines[$0] = lines[$0] who }
		END {
			for (line in lines)
				if (lines[line] == "minipod" || lines[line] == "crun") print lines[line] ": " line
			for (point in points) {
				ours = mounts["minipod", point]; theirs = mounts["crun", point]
				if (ours != "" && theirs != "") { if (lacks(ours, theirs)) print "laxer: mount " point " " ours " " theirs }
				else if (point !~ "^/sys/fs/cgroup/") print (ours != "" ? "minipod" : "crun") ": mount " point " " ours theirs
			}
		}' "$T/ours" "$T/theirs" | LC_ALL=C sort >"$T/differences"
	# Both saw something.
	assert_match "$T/theirs" '^CapBnd: 0'
	assert_match "$T/ours" '^CapBnd: 0'
}

# differs [LINE...]: by these lines, and no other.
differs() {
	assert_eq "$(printf '%s\n' "$@" | sed '/^$/d')" "$(cat "$T/differences")" 'what differs from crun'
}

# Those that this system gives, as a JSON list.
all_caps() {
	local names=(CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE NET_BIND_SERVICE
		NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN
		SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE
		MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE) bounding i
	bounding=$((16#$(awk '/^CapBnd/ { print $2 }' /proc/self/status)))
	for i in "${!names[@]}"; do
		[[ $((bounding >> i & 1)) -eq 0 ]] || printf 'CAP_%s\n' "${names[i]}"
	done | jq -Rcn '[inputs]'
}

all_devices() {
	find /dev \( -path /dev/pts -o -path /dev/shm -o -path /dev/mqueue \) -prune -o \( -type c -o -type b \) ! -name console \
		-exec stat -c '%n %F %Hr %Lr %a %u %g' {} + | sed 's/character special file/c/; s/block special file/b/' |
		jq -Rcn '[inputs | split(" ") | { path: .[0], type: .[1], major: (.[2] | tonumber), minor: (.[3] | tonumber),
			fileMode: 384, uid: (.[5] | tonumber), gid: (.[6] | tonumber) }]'
}

test_a_default_container_is_what_crun_makes_of_it() {
	compare default '{}' '{}' .
	differs
}

test_a_privileged_container_is_what_crun_makes_of_it() {
	compare privileged '{}' '{ "securityContext": { "privileged": true } }' '
		'"$(all_caps)"' as $all | .process.capabilities = { bounding: $all, effective: $all, permitted: $all }
		| .linux.maskedPaths = [] | .linux.readonlyPaths = [] | .linux.namespaces |= map(select(.type != "cgroup"))
		| .linux.resources.devices = [ { allow: true, access: "rwm" } ] | .linux.devices = '"$(all_devices)"'
		| .mounts |= map(if .destination == "/sys" or .destination == "/sys/fs/cgroup" then .options -= ["ro"] else . end)'
	differs
}

test_a_container_that_is_not_root_is_what_crun_makes_of_it() {
	compare user '{ "securityContext": { "runAsUser": 1000, "runAsGroup": 2000, "fsGroup": 3000, "supplementalGroups": [4000],
		"seccompProfile": { "type": "RuntimeDefault" } } }' '{ "securityContext": { "allowPrivilegeEscalation": false } }' '
		.process.user = { uid: 1000, gid: 2000, umask: 18, additionalGids: [2000, 3000, 4000] } | .process.noNewPrivileges = true
		| .process.env |= map(if startswith("HOME=") then "HOME=/" else . end)
		| .linux.seccomp = { defaultAction: "SCMP_ACT_ALLOW", syscalls: [ { names: ["swapon"], action: "SCMP_ACT_ERRNO" } ] }'
	differs
}

test_a_container_in_the_hosts_namespaces_is_what_crun_makes_of_it() {
	compare host '{ "hostNetwork": true, "hostPID": true, "hostIPC": true }' '{}' '
		del(.hostname) | .linux.namespaces |= map(select(.type | IN("mount", "cgroup")))
		| .process.env |= map(if startswith("HOSTNAME=") then "HOSTNAME=" + $host else . end)
		| .mounts |= map(if .destination == "/dev/shm" then .source = "/dev/shm" else . end)'
	differs
}

test_a_container_in_a_user_namespace_is_what_crun_makes_of_it() {
	needs_idmapped_tmpfs
	OWNER=100000 compare users '{ "hostUsers": false }' '{}' '.linux.namespaces += [ { type: "user" } ]
		| .linux.uidMappings = [ { containerID: 0, hostID: 100000, size: 65536 } ] | .linux.gidMappings = .linux.uidMappings'
	# It makes its /dev inside of the user namespace, where nobody can make device nodes.
	differs 'crun: mount /dev/full: rw,nosuid,noexec,relatime' 'crun: mount /dev/null: rw,nosuid,noexec,relatime' \
		'crun: mount /dev/random: rw,nosuid,noexec,relatime' 'crun: mount /dev/tty: rw,nosuid,noexec,relatime' \
		'crun: mount /dev/urandom: rw,nosuid,noexec,relatime' 'crun: mount /dev/zero: rw,nosuid,noexec,relatime'
}

test_a_container_with_a_read_only_root_is_what_crun_makes_of_it() {
	compare readonly '{}' '{ "securityContext": { "readOnlyRootFilesystem": true, "capabilities": { "drop": ["ALL"], "add": ["CHOWN"] } } }' '
		.root.readonly = true | .process.capabilities |= map_values(["CAP_CHOWN"])
		| .mounts |= map(if .destination == "/etc/hostname" or .destination == "/etc/resolv.conf" then .options += ["ro"] else . end)'
	differs
}

run_tests
