#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Requests and limits of pods as the kernel has them, on v2, v1 and hybrid hosts.
. "$(dirname "$0")/../support/pod_lib.sh"

# pod NAME RESOURCES [MORE-OF-SPEC] [SCRIPT]: one container "c" into $T/NAME.json.
pod() {
	jq -n --arg name "$1" --argjson resources "$2" --argjson more "${3:-{\}}" --arg script "${4:-sleep 1000}" '
		{ apiVersion: "v1", kind: "Pod", metadata: { name: $name },
		  spec: ({ terminationGracePeriodSeconds: 0, containers: [
			{ name: "c", image: "busybox", command: ["sh", "-c", $script], resources: $resources }
			] } + $more) }' >"$T/$1.json"
}

is_v2() {
	[[ $(stat -f -c %T /sys/fs/cgroup) == cgroup2fs ]]
}

# dir CONTROLLER: where its hierarchy has the pods' root.
dir() {
	if is_v2; then
		printf '/sys/fs/cgroup/minipod'
	else
		printf '/sys/fs/cgroup/%s/minipod' "$1"
	fi
}

uid() {
	minipod get pod "$1" -o 'jsonpath={.metadata.uid}'
}

# expect CONTROLLER PATH V1-FILE V1-VALUE V2-FILE V2-VALUE; "" for what a version has no file for.
expect() {
	local file=$3 value=$4
	if is_v2; then
		file=$5 value=$6
	fi
	[[ -n $file ]] || return 0
	assert_eq "$value" "$(cat "$(dir "$1")/$2/$file")" "$2/$file"
}

# expect_cpu PATH SHARES WEIGHT QUOTA: QUOTA in us per 100 ms, or "".
expect_cpu() {
	expect cpu "$1" cpu.shares "$2" cpu.weight "$3"
	expect cpu "$1" cpu.cfs_quota_us "${4:--1}" cpu.max "${4:-max} 100000"
}

# The same as a question: expectations end the test.
has_cpu() (
	expect_cpu "$@"
)

expect_memory() {
	local none=9223372036854771712
	expect memory "$1" memory.limit_in_bytes "${2:-$none}" memory.max "${2:-max}"
}

status_of() {
	minipod get pod "$1" -o json | jq -c .status
}

state_is() {
	[[ $(status_of "$1" | jq -r ".$2[0] | (.state.terminated // .lastState.terminated).reason") == "$3" ]]
}

test_each_class_has_its_place_and_its_share() {
	local u
	pod sure '{"limits":{"cpu":"500m","memory":"64Mi"}}'
	pod part '{"requests":{"cpu":"250m","memory":"32Mi"},"limits":{"cpu":"1"}}'
	pod more '{"requests":{"cpu":"100m"}}'
	pod none '{}'
	local name
	for name in sure part more none; do
		minipod run -d "$T/$name.json" >/dev/null
		status_of "$name" >"$T/$name.out"
	done
	assert_json Guaranteed "$T/sure.out" .qosClass
	assert_json Burstable "$T/part.out" .qosClass
	assert_json BestEffort "$T/none.out" .qosClass
	assert_json '{"limits":{"cpu":"1"},"requests":{"cpu":"250m","memory":"32Mi"}}' "$T/part.out" \
		'.containerStatuses[0].resources'
	assert_json '{"cpu":"250m","memory":"32Mi"}' "$T/part.out" '.containerStatuses[0].allocatedResources'

	u=pod$(uid sure)
	expect_cpu "$u" 512 20 50000
	expect_memory "$u" 67108864
	expect_cpu "$u/c.0" 512 59 50000
	expect_memory "$u/c.0" 67108864
	expect memory "$u/c.0" memory.memsw.limit_in_bytes 67108864 memory.oom.group 1
	# v1 has no directory for cpu time that nobody uses.
	! is_v2 || expect_cpu "$u/pause" 2 1 ''
	u=burstable/pod$(uid part)
	expect_cpu "$u" 256 10 100000
	expect_memory "$u" ''
	expect_cpu "$u/c.0" 256 35 100000
	expect_memory "$u/c.0" ''
	u=besteffort/pod$(uid none)
	expect_cpu "$u" 2 1 ''
	expect_cpu "$u/c.0" 2 1 ''

	# The classes: the sum of what burstable pods ask for, the least for the rest.
	wait_until 5 'the share of the burstable pods' has_cpu burstable 358 14 ''
	wait_until 5 'the share of the best effort pods' has_cpu besteffort 2 1 ''
	minipod delete part --now
	wait_until 5 'the share without the deleted pod' has_cpu burstable 102 4 ''
	minipod delete sure more none --now
}

test_swap_is_forbidden_on_v2_with_and_without_a_limit() {
	is_v2 || skip 'v1 limits swap only together with memory'
	pod none '{}'
	minipod run -d "$T/none.json" >/dev/null
	local file
	file=$(dir memory)/besteffort/pod$(uid none)/c.0/memory.swap.max
	[[ ! -e $file ]] || assert_eq 0 "$(cat "$file")" memory.swap.max
	minipod delete none --now
}

test_one_container_without_limit_leaves_the_pod_without_one() {
	local u
	pod half '{"limits":{"cpu":"200m","memory":"32Mi"}}'
	jq '.spec.initContainers = [ { name: "i", image: "busybox", command: ["true"],
		resources: { requests: { cpu: "700m" } } } ]' "$T/half.json" >"$T/half2.json"
	minipod run -d "$T/half2.json" >/dev/null
	u=burstable/pod$(uid half)
	# The init container is alone when it runs: the larger of the two.
	expect_cpu "$u" 716 28 ''
	expect_memory "$u" ''
	expect_cpu "$u/c.0" 204 29 20000
	expect_memory "$u/c.0" 33554432
	minipod delete half --now
}

test_limits_of_the_pod_hold_for_containers_without_own_and_overhead_is_added() {
	local u
	pod level '{}' '{"resources":{"limits":{"cpu":"1","memory":"64Mi"},"requests":{"cpu":"500m"}},"overhead":{"cpu":"250m","memory":"16Mi"}}'
	minipod run -d "$T/level.json" >/dev/null
	u=burstable/pod$(uid level)
	expect_cpu "$u" 768 30 125000
	expect_memory "$u" 83886080
	expect_cpu "$u/c.0" 1024 100 100000
	expect_memory "$u/c.0" 67108864
	minipod delete level --now
}

test_oom_score_follows_the_class() {
	local u pid adj
	pod none '{}'
	pod sure '{"limits":{"cpu":"100m","memory":"32Mi"}}'
	start_pod "$T/sure.json"
	minipod run -d "$T/none.json" >/dev/null
	wait_for_line 10 "$T/err" 'Container started'
	pid=$(cat "$(dir pids)/besteffort/pod$(uid none)/c.0/cgroup.procs")
	assert_eq 1000 "$(cat "/proc/$pid/oom_score_adj")" 'the value of a best effort container'
	pid=$(cat "$(dir pids)/pod$(uid sure)/c.0/cgroup.procs")
	adj=$(cat "/proc/$pid/oom_score_adj")
	if [[ $adj -ne -997 ]]; then
		assert_eq "$(cat /proc/self/oom_score_adj)" "$adj" 'the value that the host did not let us lower'
		assert_match "$T/err" 'does not let us lower oom_score_adj \(CAP_SYS_RESOURCE\)'
	fi
	minipod delete sure none --now
	wait_pod 10
}

# dd takes as much memory as a block has.
test_oom_kill_of_any_process_is_the_containers() {
	local never='{"restartPolicy":"Never"}' limit='{"limits":{"memory":"24Mi"}}'
	pod first "$limit" "$never" 'exec dd if=/dev/zero of=/dev/null bs=100M count=1'
	pod child "$limit" "$never" 'dd if=/dev/zero of=/dev/null bs=100M count=1; exit 3'
	pod again "$limit" '{"restartPolicy":"Always"}' 'exec dd if=/dev/zero of=/dev/null bs=100M count=1'
	pod init '{}' "$never"
	jq '.spec.initContainers = [ { name: "i", image: "busybox",
		command: ["sh", "-c", "dd if=/dev/zero of=/dev/null bs=100M count=1; exit 0"],
		resources: { limits: { memory: "24Mi" } } } ]' "$T/init.json" >"$T/init2.json"
	pod fine "$limit" "$never" 'dd if=/dev/zero of=/dev/null bs=4M count=1; exit 3'
	local name
	for name in first child again init2 fine; do
		minipod run -d "$T/$name.json" >/dev/null 2>&1 || true
	done
	wait_until 20 'OOMKilled of first' state_is first containerStatuses OOMKilled
	wait_until 20 'OOMKilled of child' state_is child containerStatuses OOMKilled
	wait_until 20 'OOMKilled of again' state_is again containerStatuses OOMKilled
	wait_until 20 'OOMKilled of init' state_is init initContainerStatuses OOMKilled
	wait_until 20 'the end of fine' state_is fine containerStatuses Error
	status_of first >"$T/out"
	assert_json '["Failed",137]' "$T/out" '[.phase, .containerStatuses[0].state.terminated.exitCode]'
	# v2 kills the whole container, v1 the process that grew.
	status_of child >"$T/out"
	assert_json "[\"Failed\",$(is_v2 && echo 137 || echo 3)]" "$T/out" \
		'[.phase, .containerStatuses[0].state.terminated.exitCode]'
	status_of init >"$T/out"
	assert_json Failed "$T/out" .phase
	assert_json true "$T/out" '.containerStatuses[0].state | has("waiting") or (.terminated.reason == "ContainerStatusUnknown")'
	minipod delete first child again init fine --now
}

test_top_shows_use_limits_throttling_pressure_and_oom_kills() {
	pod busy '{"limits":{"cpu":"100m","memory":"32Mi"}}' '{}' \
		'dd if=/dev/zero of=/dev/null bs=100M count=1; while :; do :; done'
	# Only v1 lets the shell live on when its child is killed.
	! is_v2 || pod busy '{"limits":{"cpu":"100m","memory":"32Mi"}}' '{}' 'while :; do :; done'
	minipod run -d "$T/busy.json" >/dev/null
	has_throttled() {
		[[ $(minipod top busy -o json --interval=0 | jq '.items[0].cpu.throttledPeriods') -gt 5 ]]
	}
	has_killed() {
		minipod top busy -o json --interval=0 | jq -e '.items[0].memory.oomKills == 1'
	}
	wait_until 20 'throttling' has_throttled
	is_v2 || wait_until 20 'the kill' has_killed
	minipod top pod busy -o json >"$T/top"
	assert_json '["busy","default",100,33554432]' "$T/top" \
		'.items[0] | [.name, .namespace, .cpu.limitMillicores, .memory.limitBytes]'
	assert_json true "$T/top" '.items[0].cpu | .usageMillicores > 20 and .usageMillicores < 300'
	assert_json true "$T/top" '.items[0].memory.workingSetBytes > 0 and .items[0].processes.count >= 2'
	minipod top --containers >"$T/out"
	assert_order "$T/out" '^POD +NAME +CPU\(cores\) +CPU LIMIT +THROTTLED +MEMORY\(bytes\) +MEMORY LIMIT +PROCESSES +OOM KILLS +PRESSURE' \
		'^busy +c +[0-9]+m +100m +[0-9]+% +[0-9]+Mi +32Mi +[0-9]+ +[0-9]+ '
	minipod top -A --no-headers >"$T/out"
	assert_match "$T/out" '^default +busy +[0-9]+m '
	jq '.metadata = { name: "idle", labels: { app: "idle" } } | .spec.containers[0].command = ["sleep", "1000"]' "$T/busy.json" >"$T/idle.json"
	minipod run -d "$T/idle.json" >/dev/null
	minipod top --sort-by=cpu >"$T/out"
	assert_order "$T/out" '^busy ' '^idle '
	minipod top pod -l app=idle --no-headers --interval=0 >"$T/out"
	assert_count 1 "$T/out" '^idle '
	assert_count 1 "$T/out" .
	minipod delete idle --now
	status=0
	minipod top nobody >"$T/out" 2>"$T/err" || status=$?
	assert_status 1
	assert_line "$T/err" 'Error from server (NotFound): pods "nobody" not found'
	minipod delete busy --now
	minipod top >"$T/out" 2>"$T/err"
	assert_line "$T/err" 'No resources found in default namespace.'
}

test_hugepages_are_limited_to_what_was_asked_for() {
	local u file=/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages before
	is_v2 || skip 'not a v2 host'
	grep -qw hugetlb /sys/fs/cgroup/cgroup.controllers || skip 'no hugetlb controller'
	[[ -n ${MINIPOD_VM:-} ]] || skip 'huge pages are set aside only in a machine of our own'
	before=$(cat "$file")
	echo 4 >"$file"
	pod huge '{"limits":{"hugepages-2Mi":"4Mi","memory":"32Mi"}}'
	pod plain '{}'
	pod toomuch '{"limits":{"hugepages-2Mi":"8Mi","memory":"32Mi"}}'
	minipod run -d "$T/huge.json" >/dev/null
	minipod run -d "$T/plain.json" >/dev/null
	u=burstable/pod$(uid huge)
	expect hugetlb "$u" '' '' hugetlb.2MB.max 4194304
	expect hugetlb "$u/c.0" '' '' hugetlb.2MB.max 4194304
	[[ ! -d ${file%/*}/../hugepages-1048576kB ]] || expect hugetlb "$u/c.0" '' '' hugetlb.1GB.max 0
	expect hugetlb "besteffort/pod$(uid plain)/c.0" '' '' hugetlb.2MB.max 0
	status=0
	minipod run -d "$T/toomuch.json" >"$T/out" 2>"$T/err" || status=$?
	assert_status 1
	assert_match "$T/err" '1 Insufficient hugepages-2Mi\. hugepages-2Mi: requested 8Mi, used 4Mi of 8Mi'
	minipod delete huge plain toomuch --now
	echo "$before" >"$file"
}

run_tests
