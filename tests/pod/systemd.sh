#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# minipod@.service under a real systemd: PID 1 of namespaces, root and cgroup of its own. As in any other
# container it sees no device, may change no sysctl, and has nothing but the unit to start.
. "$(dirname "$0")/../support/pod_lib.sh"

# The distribution's own files with ours on top.
make_root() {
	root=$T/root
	mkdir -p "$T/upper" "$T/work" "$root"
	mount -t overlay -o "lowerdir=/,upperdir=$T/upper,workdir=$T/work" overlay "$root" ||
		skip 'no overlay of the root file system'
	rm -rf "$root"/etc/systemd/system "$root"/lib/systemd/system/*.wants
	: >"$root/etc/fstab"
	mkdir -p "$root/etc/systemd/system" "$root/etc/minipod/pods" "$root/var/lib/minipod" "$root/usr/local/sbin"
	sed -e 's,@SYSCONFDIR@,/etc,g; s,@SBINDIR@,/usr/local/sbin,g; s,@DOCDIR@,/usr/share/doc/minipod,g' \
		"$POD_TEST_ROOT/cmake/minipod@.service.in" >"$root/etc/systemd/system/minipod@.service"
	printf '[Unit]\nDescription=Nothing else\nDefaultDependencies=no\n' >"$root/etc/systemd/system/test.target"
	cp "$MINIPOD" "$root/usr/local/sbin/minipod"
}

# Runs in the new namespaces, as PID 1: the mounts, then systemd.
cat >"$TMP/init" <<'INIT'
set -e
root=$1 cgroup=$2
cd "$root"
mount --rbind "$root" "$root"
cd "$root"
mount -t proc -o nosuid,nodev,noexec proc proc
# All but net, which is of the test's network namespace: pods set some of their own.
for tree in proc/sys/*; do
	[ "$tree" != proc/sys/net ] || continue
	mount --bind "$tree" "$tree"
	mount -o remount,bind,ro "$tree"
done
[ ! -e proc/sysrq-trigger ] || mount --bind /dev/null proc/sysrq-trigger
mount -t sysfs -o ro,nosuid,nodev,noexec sysfs sys
mount --bind "$cgroup" sys/fs/cgroup
mount -t tmpfs -o mode=755,nosuid tmpfs dev
for node in null zero full random urandom tty; do
	: >"dev/$node"
	mount --bind "/dev/$node" "dev/$node"
done
mkdir dev/pts dev/shm
mount -t devpts -o newinstance,ptmxmode=0666,mode=620 devpts dev/pts
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
mount -t tmpfs tmpfs dev/shm
mount -t tmpfs -o mode=755 tmpfs run
mount -t tmpfs tmpfs tmp
mount -t tmpfs tmpfs var/lib/minipod
mkdir tmp/old
pivot_root . tmp/old
umount -l /tmp/old
exec env -i container=test PATH=/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin setpriv \
	--bounding-set=-sys_module,-sys_boot,-sys_time,-sys_rawio,-syslog,-mac_admin,-mac_override \
	/lib/systemd/systemd --unit=test.target --log-target=console --show-status=0
INIT

# In the cgroup first, so that it is the root of the namespace.
start_systemd() {
	local mount
	[[ -x /lib/systemd/systemd ]] || skip 'no systemd'
	mount=$(awk '{ for (i = 7; i <= NF; i++) if ($i == "-" && $(i + 1) == "cgroup2") print $5 }' /proc/self/mountinfo | head -n 1)
	[[ -n $mount ]] || skip 'no cgroup v2 hierarchy'
	make_root
	mkdir "$mount/systemd"
	(
		printf 0 >"$mount/systemd/cgroup.procs"
		exec unshare --mount --pid --uts --ipc --cgroup --fork --kill-child --propagation private \
			bash "$TMP/init" "$root" "$mount/systemd"
	) >"$T/systemd.log" 2>&1 </dev/null &
	unshare_pid=$!
	wait_until 20 'systemd' find_systemd
	wait_until 20 'its socket' inside systemctl show -P Version
}

find_systemd() {
	systemd_pid=$(pgrep -P "$unshare_pid" -x systemd)
}

inside() {
	nsenter -t "$systemd_pid" -m -p -u -i -C -r -w -- \
		env -i PATH=/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin timeout -s KILL 30 "$@" </dev/null
}

stop_systemd() {
	local mount
	kill -KILL "$systemd_pid"
	wait "$unshare_pid" || true
	umount "$root"
	while read -r mount; do
		find "$mount/systemd" -depth -type d -exec rmdir {} + 2>/dev/null || true
	done < <(awk '{ for (i = 7; i <= NF; i++) if ($i == "-" && $(i + 1) == "cgroup2") print $5 }' /proc/self/mountinfo)
}

show() {
	inside systemctl show -P "$1" minipod@web
}

status_is() {
	[[ $(show StatusText) == "$1" ]]
}

is_taken_up() {
	[[ $(show MainPID) != 0 && $(show MainPID) != "$1" && $(show ActiveState) == active ]]
}

test_unit_is_ready_with_its_pod_and_stops_within_its_grace() {
	start_systemd
	cat >"$root/etc/minipod/pods/web.yaml" <<-'YAML'
		apiVersion: v1
		kind: Pod
		metadata: { name: web }
		spec:
		  terminationGracePeriodSeconds: 20
		  containers:
		    - name: c
		      image: busybox:1
		      command: [sh, -c, 'trap "sleep 4; exit 0" TERM; sleep 1; touch /ready; while :; do sleep 1 & wait $!; done']
		      readinessProbe: { exec: { command: [test, -e, /ready] }, periodSeconds: 1 }
	YAML
	# Less than the pod takes: it has to ask for more.
	mkdir "$root/etc/systemd/system/minipod@web.service.d"
	printf '[Service]\nTimeoutStopSec=2s\n' >"$root/etc/systemd/system/minipod@web.service.d/stop.conf"
	local main container began
	inside systemd-analyze --man=no verify /etc/systemd/system/minipod@.service >"$T/verify" 2>&1
	assert_eq '' "$(cat "$T/verify")" 'what systemd says about the unit'
	inside systemctl start minipod@web
	inside minipod get pod web -o 'jsonpath={.status.conditions[?(@.type=="Ready")].status}' >"$T/ready"
	assert_eq True "$(cat "$T/ready")" 'the condition Ready once the unit has started'
	wait_until 5 'its status' status_is 'Running, 1 of 1 containers ready'

	# Its supervisor dies, the pod does not.
	main=$(show MainPID)
	container=$(inside minipod get pod web -o 'jsonpath={.status.containerStatuses[0].containerID}')
	inside systemctl kill --kill-whom=main -s KILL minipod@web
	wait_until 20 'a new supervisor' is_taken_up "$main"
	assert_eq "$container" "$(inside minipod get pod web -o 'jsonpath={.status.containerStatuses[0].containerID}')" 'the container'
	assert_eq 1 "$(show NRestarts)" 'restarts of the unit'

	began=$(now_ms)
	inside systemctl stop minipod@web
	assert_between 3500 15000 $(($(now_ms) - began)) 'what stopping took, in ms'
	assert_eq success "$(show Result)" 'how the unit ended'
	inside minipod get pods 2>"$T/err"
	assert_line "$T/err" 'No resources found in default namespace.'
	stop_systemd
}

run_tests
