# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What a process sees of itself and of the machine, as a table. Source it after pod_lib.sh.

# Prints "what: value" lines. A pipe would be open while its own files are listed. $$$$ is a manifest's way to write $$.
# shellcheck disable=SC2016 # for the container's shell
SEE='
sed -n -E "s/^(Uid|Gid|Groups|Cap...|NoNewPrivs|Seccomp|Umask|SigBlk|SigIgn):\t/\1: /p" /proc/self/status
for n in cgroup ipc mnt net pid user uts; do echo "ns $n: $(readlink /proc/self/ns/$n)"; done
echo "oom_score_adj: $(cat /proc/self/oom_score_adj)"
echo "cwd: $(pwd)"
(ls -l /proc/$$$$/fd >/tmp/fds)
sed -n -E "s/.* ([0-9]+) -> (.*)/fd \1: \2/p" /tmp/fds
tr "\0" "\n" </proc/$$$$/environ | sort | sed "s/^/env: /"
sed -E "s/^/limit: /" /proc/$$$$/limits
sed "s/^/cgroup: /" /proc/self/cgroup
while read -r a b c d point flags rest; do
	type=${rest#*- }; echo "mount $point: ${flags} ${type%% *}"
done </proc/self/mountinfo
for p in asound acpi kcore keys latency_stats timer_list timer_stats sched_debug scsi interrupts; do
	[ ! -e /proc/$p ] || { [ -d /proc/$p ] && ls /proc/$p || head -c 1 /proc/$p; } >/tmp/x 2>&1
	[ ! -s /tmp/x ] || echo "shown: $p"
	: >/tmp/x
done 2>/dev/null
for p in kernel/panic_on_warn vm/swappiness; do echo "write $p: $( (cat /proc/sys/$p >/proc/sys/$p) 2>&1 | sed "s/.*: //")"; done
ls /dev | sed "s/^/dev: /"'

# see NAME SPEC-FIELDS CONTAINER-FIELDS: runs it; what it prints is in $T/seen.
see() {
	jq -n --arg name "$1" --argjson spec "$2" --argjson container "$3" --arg script "$SEE" '
		{ apiVersion: "v1", kind: "Pod", metadata: { name: $name }, spec: ({
			restartPolicy: "Never", terminationGracePeriodSeconds: 0,
			volumes: [ { name: "tmp", emptyDir: {} } ],
			containers: [ { name: "c", image: "busybox", command: ["sh", "-c", $script],
				volumeMounts: [ { name: "tmp", mountPath: "/tmp" } ] } + $container ]
		} + $spec) }' >"$T/$1.json"
	run_pod "$T/$1.json" --no-prefix
	assert_status 0
	# Reading order within the kernel's tabs does not matter.
	sed 's/\t/ /g; s/ *$//' "$T/out" >"$T/seen"
}
