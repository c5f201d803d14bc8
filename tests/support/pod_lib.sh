# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What a pod test needs. A test file is
#
#	#!/bin/bash
#	# SPDX-License-Identifier: Apache-2.0
#	. "$(dirname "$0")/../support/pod_lib.sh"
#
#	test_exit_code_of_the_container_becomes_that_of_run() {
#		cat >"$T/pod.json" <<-'JSON'
#			{ "apiVersion": "v1", "kind": "Pod", ... }
#		JSON
#		run_pod "$T/pod.json"
#		assert_status 7
#	}
#
#	run_tests
#
# and prints "ok - sentence" or "not ok - sentence" for each test_ function; after each, it looks for
# traces that the pod left. Exit code: 0, 1, or 77 when the file cannot run at all.
#
# The file runs itself again in pid, mount, network, ipc and cgroup namespaces of its own: what a pod
# leaves behind is all there is to see, cannot disturb anybody, and dies with the test. MINIPOD_BIN names
# another binary than build/release/minipod.
set -euo pipefail
export LC_ALL=C

POD_TEST_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
export POD_TEST_ROOT
MINIPOD=${MINIPOD_BIN:-$POD_TEST_ROOT/build/release/minipod}
export MINIPOD
# How much longer everything may take here: an emulated machine is slow.
PATIENCE=${MINIPOD_TEST_PATIENCE:-1}

# ---- outside: make the private place, run ourselves in it, take it away --------------------------

# "<mount point> <type>" of each cgroup hierarchy.
cgroup_mounts() {
	awk '{ for (i = 7; i <= NF; i++) if ($i == "-") { t = $(i + 1); break }
		if ((t == "cgroup" || t == "cgroup2") && $4 == "/") print $5, t }' /proc/self/mountinfo
}

cannot_run() {
	printf 'cannot run: %s\n' "$*"
	exit 77
}

# One cgroup for the test in every hierarchy; the shell in "shell" below it, since on v2 a cgroup
# with processes cannot hand controllers to its children.
private_cgroups_make() {
	local mount type dir
	while read -r mount type; do
		dir=$mount/$1
		mkdir "$dir" || cannot_run "no cgroup can be made in $mount"
		if [[ $type == cgroup && -f $dir/cpuset.mems ]]; then
			cat "$mount/cpuset.cpus" >"$dir/cpuset.cpus"
			cat "$mount/cpuset.mems" >"$dir/cpuset.mems"
			printf 1 >"$dir/cgroup.clone_children"
		fi
		if [[ $type == cgroup2 ]]; then
			local controller
			while read -r controller; do
				printf '+%s' "$controller" >"$mount/cgroup.subtree_control" 2>/dev/null || true
			done < <(tr ' ' '\n' <"$mount/cgroup.controllers")
		fi
		mkdir "$dir/shell"
	done < <(cgroup_mounts)
}

private_cgroups_remove() {
	local mount type dir pid attempt
	while read -r mount type; do
		dir=$mount/$1
		[[ -d $dir ]] || continue
		for attempt in 1 2 3 4 5 6 7 8 9 10; do
			while read -r pid; do
				[[ $pid -eq 0 ]] || kill -KILL "$pid" 2>/dev/null || true
			done < <(find "$dir" -name cgroup.procs -exec cat {} + 2>/dev/null)
			find "$dir" -depth -type d -exec rmdir {} + 2>/dev/null || true
			[[ -d $dir ]] || break
			sleep 0.2
		done
		[[ ! -d $dir ]] || printf '# %s could not be removed (try %d)\n' "$dir" "$attempt"
	done < <(cgroup_mounts)
}

outside() {
	[[ $EUID -eq 0 ]] || cannot_run 'needs root'
	[[ -x $MINIPOD ]] || cannot_run "no $MINIPOD; build it first: scripts/build release"

	local name=minipod-test-$BASHPID inside='' code=0
	TMP=$(mktemp -d "/tmp/$name.XXXXXX")
	export TMP
	export POD_TEST_INSIDE=$name

	# shellcheck disable=SC2317 # called by the trap
	finish() {
		trap '' TERM INT
		[[ -z $inside ]] || kill -KILL "$inside" 2>/dev/null || true
		private_cgroups_remove "$name"
		rm -rf --one-file-system "$TMP"
	}
	trap finish EXIT
	trap 'exit 143' TERM INT

	private_cgroups_make "$name"
	(
		trap - EXIT TERM INT
		# Twice: the cgroup namespace's root is where its maker is, and on v2 nobody may stay there,
		# not even the one who waits for the rest.
		while read -r mount _; do
			printf 0 >"$mount/$name/cgroup.procs"
		done < <(cgroup_mounts)
		# shellcheck disable=SC2016
		exec unshare --cgroup bash -c '
			for dir in $1; do printf 0 >"$dir/shell/cgroup.procs"; done
			shift
			exec unshare --mount --net --pid --ipc --fork --mount-proc --kill-child \
				--propagation private bash "$@"' \
			sh "$(cgroup_mounts | sed "s,[^ ]*$,,; s, $,/$name,")" "$0" "$@"
	) &
	inside=$!
	wait "$inside" || code=$?
	inside=
	exit "$code"
}

# ---- inside ------------------------------------------------------------------------------------

private_mounts() {
	local mount type
	mount -t tmpfs -o mode=0755 tmpfs "$TMP"
	while read -r mount type; do
		mkdir -p "$TMP/.bind"
		mount --bind "$mount/$POD_TEST_INSIDE" "$TMP/.bind"
		umount "$mount"
		mount --move "$TMP/.bind" "$mount"
		printf 0 >"$mount/shell/cgroup.procs"
	done < <(awk '{ for (i = 7; i <= NF; i++) if ($i == "-") { t = $(i + 1); break }
		if (t == "cgroup" || t == "cgroup2") print $5, t }' /proc/self/mountinfo)
	rmdir "$TMP/.bind" 2>/dev/null || true
	ip link set lo up
}

# Every process but this shell, zombies too: somebody should have waited for them.
left_processes() {
	local ours=' 1 ' pid=$BASHPID dir line
	while [[ $pid -gt 1 ]]; do
		ours+="$pid "
		pid=$(awk '/^PPid:/ { print $2 }' "/proc/$pid/status")
	done
	for dir in /proc/[0-9]*; do
		pid=${dir#/proc/}
		[[ $ours != *" $pid "* ]] || continue
		line=$(awk '/^(Name|State):/ { printf "%s ", $2 }' "$dir/status" 2>/dev/null) || continue
		[[ -z $line ]] ||
			printf 'process %s: %s%s\n' "$pid" "$line" "$(tr '\0' ' ' 2>/dev/null <"$dir/cmdline")"
	done
}

left_mounts() {
	local now
	now=$(cut -d' ' -f5- /proc/self/mountinfo)
	diff <(printf '%s\n' "$POD_TEST_MOUNTS") <(printf '%s\n' "$now") | sed -n 's/^> /mount: /p'
}

left_cgroups() {
	local mount
	while read -r mount _; do
		find "$mount" -mindepth 1 -type d ! -path "$mount/shell" -printf 'cgroup: %p\n' 2>/dev/null
	done < <(awk '{ for (i = 7; i <= NF; i++) if ($i == "-") { t = $(i + 1); break }
		if (t == "cgroup" || t == "cgroup2") print $5 }' /proc/self/mountinfo)
}

# The parent that every pod shares may stay: making it is not free, and it is empty.
left_pod_cgroups() {
	left_cgroups | grep -vE '/minipod(/(besteffort|burstable))?$' || true
}

left_files() {
	local dir
	for dir in "$MINIPOD_ROOT/run/pods" "$MINIPOD_ROOT/lib/pods" "$MINIPOD_ROOT/log/pods"; do
		[[ ! -d $dir ]] || find "$dir" -mindepth 1 -printf 'file: %p\n'
	done
	for dir in /run/minipod /var/lib/minipod /var/log/minipod; do
		[[ -e $dir ]] || continue
		grep -qxF -- "$dir" <<<"$POD_TEST_SYSTEM_DIRS" || printf 'outside the root: %s\n' "$dir"
	done
}

left_interfaces() {
	ip -o link | awk -F': ' '$2 !~ /^(lo|tunl0|gre0|gretap0|erspan0|ip_vti0|ip6_vti0|sit0|ip6tnl0|ip6gre0)(@|$)/ { print "interface: " $2 }'
	if command -v nft >/dev/null; then
		nft list tables 2>/dev/null | sed 's/^/nft: /'
	fi
}

# Namespaces of processes that are left show up as processes, those of mounts as mounts; this finds
# what only a descriptor or a bind mount of this shell's own keeps.
left_namespaces() {
	find /proc/[0-9]*/fd -lname '*:\[[0-9]*\]' ! -lname 'socket:*' ! -lname 'pipe:*' \
		-printf 'namespace: %p -> %l\n' 2>/dev/null || true
}

traces() {
	left_processes
	left_mounts
	left_pod_cgroups
	left_files
	left_interfaces
	left_namespaces
}

# leave_no_trace: fails unless, within 5 s, nothing of any pod is left. The wait is for what the
# kernel takes away on its own time (network namespaces, cgroups of dying processes).
leave_no_trace() {
	local left deadline=$((SECONDS + 5 * PATIENCE))
	while left=$(traces) && [[ -n $left ]]; do
		if [[ $SECONDS -ge $deadline ]]; then
			printf '%s\n' "$left"
			return 1
		fi
		sleep 0.1
	done
}

# What one test left must not spoil the next.
clear_traces() {
	local target
	kill -KILL -1 2>/dev/null || true
	left_mounts | awk '{ print $2 }' | sort -r | while read -r target; do
		umount -l "$target" 2>/dev/null || true
	done
	left_cgroups | sed 's/^cgroup: //' | sort -r | while read -r target; do
		rmdir "$target" 2>/dev/null || true
	done
}

# ---- for tests -----------------------------------------------------------------------------------

fail() {
	printf '%s\n' "$*"
	exit 1
}

# skip REASON: this test cannot run here.
skip() {
	printf '%s\n' "$*" >"$T/.skip"
	exit 77
}

# needs_kernel RELEASE WHY: skip on older ones.
needs_kernel() {
	local release
	release=$(uname -r)
	printf '%s\n' "$1" "${release%%-*}" | sort -CV || skip "Linux $release: $2 (since $1)"
}

# For what is run in a user namespace from files on a tmpfs, as the tests have them.
needs_idmapped_tmpfs() {
	needs_kernel 6.3 'the ids of a tmpfs can be mapped'
}

# minipod ARGUMENT...: the binary on the private root, at most 60 s.
minipod() {
	timeout -k 5 $((60 * PATIENCE)) "$MINIPOD" --root "$MINIPOD_ROOT" "$@"
}

now_ms() {
	local now=${EPOCHREALTIME/./}
	printf '%s' $((now / 1000))
}

# run_pod FILE [ARGUMENT...]: to its end. Sets status, elapsed_ms; output in $T/out and $T/err.
run_pod() {
	local began
	began=$(now_ms)
	status=0
	minipod run "$@" >"$T/out" 2>"$T/err" </dev/null || status=$?
	elapsed_ms=$(($(now_ms) - began))
}

# start_pod FILE [ARGUMENT...]: in the background. Sets pod_pid, the supervisor's.
start_pod() {
	pod_began=$(now_ms)
	: >"$T/out"
	: >"$T/err"
	"$MINIPOD" --root "$MINIPOD_ROOT" run "$@" >"$T/out" 2>"$T/err" </dev/null &
	pod_pid=$!
}

# wait_pod [SECONDS]: until the pod of start_pod is over. Sets status, elapsed_ms.
wait_pod() {
	wait_until "${1:-60}" "the pod's end" pod_is_over
	status=0
	wait "$pod_pid" || status=$?
	# shellcheck disable=SC2034 # for the test
	elapsed_ms=$(($(now_ms) - pod_began))
}

pod_is_over() {
	local state
	state=$(awk '/^State:/ { print $2 }' "/proc/$pod_pid/status" 2>/dev/null) || return 0
	[[ -z $state || $state == Z ]]
}

# wait_until SECONDS NAME COMMAND...: asks every 50 ms; NAME says what never happened.
wait_until() {
	local limit=$(($1 * PATIENCE)) name=$2 deadline
	shift 2
	deadline=$(($(now_ms) + limit * 1000))
	until "$@" >/dev/null 2>&1; do
		[[ $(now_ms) -lt $deadline ]] || fail "waited $limit s in vain for $name"
		sleep 0.05
	done
}

# wait_for_line SECONDS FILE REGEX
wait_for_line() {
	wait_until "$1" "a line like /$3/ in ${2##*/}" grep -qE -- "$3" "$2"
}

assert_status() {
	[[ $status -eq $1 ]] || fail "exit code $status, expected $1"
}

# assert_eq WANTED GOT WHAT
assert_eq() {
	[[ $1 == "$2" ]] || fail "$3 is '$2', expected '$1'"
}

# assert_between LOW HIGH VALUE WHAT
assert_between() {
	[[ $3 -ge $1 && $3 -le $2 ]] || fail "$4 is $3, expected $1 to $2"
}

# assert_line FILE TEXT: a whole line, exactly.
assert_line() {
	grep -qxF -- "$2" "$1" || fail "no line '$2' in ${1##*/}"
}

# assert_match FILE REGEX
assert_match() {
	grep -qE -- "$2" "$1" || fail "nothing like /$2/ in ${1##*/}"
}

# assert_no_match FILE REGEX
assert_no_match() {
	! grep -qE -- "$2" "$1" || fail "${1##*/} has: $(grep -m1 -E -- "$2" "$1")"
}

# assert_count NUMBER FILE REGEX: so many lines match.
assert_count() {
	local n
	n=$(grep -cE -- "$3" "$2" || true)
	[[ $n -eq $1 ]] || fail "$n lines like /$3/ in ${2##*/}, expected $1"
}

# assert_order FILE REGEX...: lines match in this order, each after the one before.
assert_order() {
	local file=$1 at=0 next
	shift
	local expression
	for expression in "$@"; do
		next=$(tail -n "+$((at + 1))" "$file" | grep -nE -m1 -- "$expression" | cut -d: -f1 || true)
		[[ -n $next ]] || fail "after line $at of ${file##*/}: nothing like /$expression/"
		at=$((at + next))
	done
}

# assert_json WANTED FILE FILTER: what jq prints for FILTER, raw and compact.
assert_json() {
	local got
	got=$(jq -rc "$3" "$2") || fail "${2##*/} is not JSON"
	[[ $got == "$1" ]] || fail "$3 of ${2##*/} is '$got', expected '$1'"
}

run_one() {
	local function=$1 sentence code=0 found
	sentence=${function#test_}
	sentence=${sentence//_/ }
	T=$TMP/$function
	MINIPOD_ROOT=$TMP/root-$function
	export T MINIPOD_ROOT
	mkdir -p "$T"

	set +e
	(
		set -e
		"$function"
	) >"$T/.log" 2>&1
	code=$?
	set -e

	if [[ $code -eq 77 && -f $T/.skip ]]; then
		printf 'ok - %s # SKIP %s\n' "$sentence" "$(cat "$T/.skip")"
		leave_no_trace >/dev/null || clear_traces
		return 0
	fi
	if ! found=$(leave_no_trace); then
		printf 'left behind after 5 s:\n%s\n' "$found" >>"$T/.log"
		[[ $code -ne 0 ]] || code=1
		clear_traces
	fi
	if [[ $code -eq 0 ]]; then
		printf 'ok - %s\n' "$sentence"
		rm -rf "$T"
		return 0
	fi
	printf 'not ok - %s\n' "$sentence"
	{
		[[ $code -eq 1 ]] || printf 'exit code %d\n' "$code"
		cat "$T/.log"
		local file
		for file in out err; do
			[[ ! -s $T/$file ]] || tail -n 40 "$T/$file" | sed "s/^/$file: /"
		done
	} | sed 's/^/# /'
	return 1
}

# run_tests: all functions test_*, in the order of the file; ONLY=regex chooses.
run_tests() {
	local function bad=0 n=0
	POD_TEST_MOUNTS=$(cut -d' ' -f5- /proc/self/mountinfo)
	POD_TEST_SYSTEM_DIRS=$(ls -d /run/minipod /var/lib/minipod /var/log/minipod 2>/dev/null || true)
	local functions
	shopt -s extdebug # makes declare -F tell the line
	mapfile -t functions < <(compgen -A function test_ | while read -r function; do
		declare -F "$function"
	done | sort -k2,2n | awk '{ print $1 }')
	shopt -u extdebug
	for function in "${functions[@]}"; do
		[[ $function =~ ${ONLY:-.} ]] || continue
		n=$((n + 1))
		run_one "$function" || bad=1
	done
	[[ $n -gt 0 ]] || fail 'the file has no test'
	exit "$bad"
}

if [[ -z ${POD_TEST_INSIDE:-} ]]; then
	outside "$@"
else
	private_mounts
fi
