#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What a container sees of itself and of the machine, for six kinds of pods, as tables.
. "$(dirname "$0")/../support/pod_lib.sh"
. "$(dirname "$0")/../support/see_lib.sh"

own_ns() {
	readlink "/proc/self/ns/$1"
}

# ns_is same|own KIND...
ns_is() {
	local how=$1 kind
	shift
	for kind in "$@"; do
		if [[ $how == same ]]; then
			assert_line "$T/seen" "ns $kind: $(own_ns "$kind")"
		else
			assert_match "$T/seen" "^ns $kind: $kind:\[[0-9]+\]$"
			assert_no_match "$T/seen" "^ns $kind: $(own_ns "$kind" | sed 's/[][]/\\&/g')$"
		fi
	done
}

# sees: every line of stdin is a line of what was seen.
sees() {
	local line
	while read -r line; do
		assert_line "$T/seen" "$line"
	done
}

# seen_list PREFIX: what follows it, on one line.
seen_list() {
	sed -n "s/^$1: //p" "$T/seen" | xargs
}

# Mounts but those that hide something and the cgroups, whose number depends on the machine.
seen_mounts() {
	sed -n 's/^mount //p' "$T/seen" | grep -vE '^/(proc|sys)/'
}

BOUNDING=$(awk '/^CapBnd/ { print $2 }' /proc/self/status)
NONE=0000000000000000

test_a_container_by_default() {
	see default '{}' '{}'
	sees <<-EOF
		Uid: 0 0 0 0
		Gid: 0 0 0 0
		Groups: 0 10
		CapInh: $NONE
		CapPrm: 00000000a80425fb
		CapEff: 00000000a80425fb
		CapBnd: 00000000a80425fb
		CapAmb: $NONE
		NoNewPrivs: 0
		Seccomp: 0
		Umask: 0022
		SigBlk: $NONE
		SigIgn: $NONE
		oom_score_adj: 1000
		cwd: /
	EOF
	ns_is own cgroup ipc mnt net pid uts
	ns_is same user
	assert_eq 'HOME=/root HOSTNAME=default PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' \
		"$(seen_list env)" environment
	assert_eq '/dev/null pipe pipe' "$(sed -n 's/^fd [0-2]: //p' "$T/seen" | sed 's/:.*//' | xargs)" 'standard files'
	assert_eq 3 "$(grep -c '^fd ' "$T/seen")" 'number of open files'
	assert_eq '/' "$(sed -n 's/^cgroup: [^:]*:[^:]*://p' "$T/seen" | sort -u | xargs)" 'cgroups'
	assert_eq "$(sed 's/\t/ /g; s/ *$//' /proc/self/limits)" "$(sed -n 's/^limit: //p' "$T/seen")" 'resource limits'
	assert_eq '/ rw,relatime overlay
/dev rw,nosuid tmpfs
/dev/mqueue rw,nosuid,nodev,noexec,relatime mqueue
/dev/pts rw,nosuid,noexec,relatime devpts
/dev/shm rw,nosuid,nodev,noexec,relatime tmpfs
/dev/termination-log rw,nosuid,nodev,noexec,relatime tmpfs
/etc/hostname rw,nosuid,nodev,noexec,relatime tmpfs
/etc/hosts rw,nosuid,nodev,noexec,relatime tmpfs
/etc/resolv.conf rw,nosuid,nodev,noexec,relatime tmpfs
/proc rw,nosuid,nodev,noexec,relatime proc
/sys ro,nosuid,nodev,noexec,relatime sysfs' "$(seen_mounts | sed 's/:/ /; s/  / /' | grep -v '^/tmp ' | LC_ALL=C sort)" 'mounts'
	assert_no_match "$T/seen" '^mount /(proc|sys)/[^:]*: rw,'
	assert_eq '' "$(seen_list shown)" 'hidden files of /proc that can be read'
	sees <<-EOF
		write kernel/panic_on_warn: Read-only file system
		write vm/swappiness: Read-only file system
	EOF
	assert_eq 'core fd full mqueue null ptmx pts random shm stderr stdin stdout termination-log tty urandom zero' \
		"$(seen_list dev)" 'devices'
}

test_a_privileged_container() {
	see privileged '{}' '{ "securityContext": { "privileged": true } }'
	sees <<-EOF
		Uid: 0 0 0 0
		CapInh: $NONE
		CapPrm: $BOUNDING
		CapEff: $BOUNDING
		CapBnd: $BOUNDING
		CapAmb: $NONE
		NoNewPrivs: 0
		Seccomp: 0
		mount /proc: rw,nosuid,nodev,noexec,relatime proc
		mount /sys: rw,nosuid,nodev,noexec,relatime sysfs
		write kernel/panic_on_warn:
		write vm/swappiness:
	EOF
	ns_is own ipc mnt net pid uts
	ns_is same user cgroup
	assert_no_match "$T/seen" '^mount /proc/'
	assert_no_match "$T/seen" '^mount /sys/fs/cgroup/[^:]*: ro,'
	[[ -n $(seen_list shown) ]] || fail 'nothing of what is usually hidden is shown'
	local node
	for node in /dev/*; do
		[[ ! -c $node && ! -b $node ]] || [[ $node == /dev/console ]] ||
			assert_line "$T/seen" "dev: ${node#/dev/}"
	done
}

test_a_container_that_is_not_root() {
	see user '{ "securityContext": { "runAsUser": 1000, "runAsGroup": 2000, "fsGroup": 3000, "supplementalGroups": [4000],
		"seccompProfile": { "type": "RuntimeDefault" } } }' '{ "securityContext": { "allowPrivilegeEscalation": false } }'
	sees <<-EOF
		Uid: 1000 1000 1000 1000
		Gid: 2000 2000 2000 2000
		Groups: 2000 3000 4000
		CapInh: $NONE
		CapPrm: $NONE
		CapEff: $NONE
		CapBnd: 00000000a80425fb
		CapAmb: $NONE
		NoNewPrivs: 1
		Seccomp: 2
		env: HOME=/
	EOF
}

test_a_container_in_the_hosts_namespaces() {
	see host '{ "hostNetwork": true, "hostPID": true, "hostIPC": true }' '{}'
	ns_is same ipc net pid user uts
	ns_is own cgroup mnt
	sees <<-EOF
		CapEff: 00000000a80425fb
		write kernel/panic_on_warn: Read-only file system
	EOF
	assert_eq '' "$(seen_list shown)" 'hidden files of /proc that can be read'
}

test_a_container_in_a_user_namespace() {
	needs_idmapped_tmpfs
	see users '{ "hostUsers": false }' '{}'
	ns_is own cgroup ipc mnt net pid user uts
	sees <<-EOF
		Uid: 0 0 0 0
		Groups: 0 10
		CapInh: $NONE
		CapPrm: 00000000a80425fb
		CapEff: 00000000a80425fb
		CapBnd: 00000000a80425fb
		CapAmb: $NONE
		mount /sys: ro,nosuid,nodev,noexec,relatime sysfs
		mount /proc: rw,nosuid,nodev,noexec,relatime proc
	EOF
	assert_eq '' "$(seen_list shown)" 'hidden files of /proc that can be read'
	assert_eq 'core fd full mqueue null ptmx pts random shm stderr stdin stdout termination-log tty urandom zero' \
		"$(seen_list dev)" 'devices'
}

test_a_container_with_a_read_only_root() {
	see readonly '{}' '{ "securityContext": { "readOnlyRootFilesystem": true, "capabilities": { "drop": ["ALL"], "add": ["CHOWN"] } } }'
	sees <<-EOF
		CapInh: $NONE
		CapPrm: 0000000000000001
		CapEff: 0000000000000001
		CapBnd: 0000000000000001
		CapAmb: $NONE
		mount /: ro,relatime overlay
		mount /etc/hosts: rw,nosuid,nodev,noexec,relatime tmpfs
		mount /etc/hostname: ro,nosuid,nodev,noexec,relatime tmpfs
		mount /etc/resolv.conf: ro,nosuid,nodev,noexec,relatime tmpfs
		mount /dev: rw,nosuid tmpfs
		mount /dev/termination-log: rw,nosuid,nodev,noexec,relatime tmpfs
	EOF
	assert_match "$T/seen" '^mount /tmp: rw,'
}

run_tests
