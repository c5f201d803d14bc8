# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# For tests that kill supervisors; to be read after pod_lib.sh.

# supervisor_of NAME: the process that holds the lock on the pod's directory. What it has cloned does, too, up
# to its exec: that is in the pod's cgroup, or a child of somebody who holds it.
supervisor_of() {
	local holders pid parent
	holders=" $(find /proc/[0-9]*/fd -lname "$MINIPOD_ROOT/run/pods/default_$1" -printf '%p\n' 2>/dev/null |
		cut -d/ -f3 | sort -un | paste -sd' ') "
	for pid in $holders; do
		parent=$(awk '/^PPid:/ { print $2 }' "/proc/$pid/status" 2>/dev/null) || continue
		[[ -n $parent && $holders != *" $parent "* ]] || continue
		! grep -qE '/pod[0-9a-f-]{36}' "/proc/$pid/cgroup" 2>/dev/null || continue
		printf '%s\n' "$pid"
	done
}

# Whoever reaps it, its lock is free once it is a zombie.
is_dead() {
	local state
	state=$(awk '/^State:/ { print $2 }' "/proc/$1/status" 2>/dev/null) || return 0
	[[ -z $state || $state == Z ]]
}

# kill_supervisor NAME: with SIGKILL.
kill_supervisor() {
	local pid
	for pid in $(supervisor_of "$1"); do
		kill -KILL "$pid" 2>/dev/null || true
		wait_until 5 "the death of $1's supervisor" is_dead "$pid"
	done
}

# get_pod NAME JSONPATH
get_pod() {
	minipod get pod "$1" -o "jsonpath=$2"
}

# assert_exit_code CODE FILE: of the container that a later supervisor saw end. Other kernels tell it while the
# process is a zombie, which is luck; else it is unknown.
assert_exit_code() {
	local got
	got=$(jq '.status.containerStatuses[0].state.terminated.exitCode' "$2")
	[[ $got == "$1" ]] || { [[ $got == 137 ]] && ! has_exit_codes; } || fail "the exit code is $got, expected $1"
}

# has_exit_codes: this kernel tells how a process ended that was not our child (Linux 6.15).
has_exit_codes() {
	local major minor
	IFS=.- read -r major minor _ < <(uname -r)
	[[ $major -gt 6 || ($major -eq 6 && $minor -ge 15) ]]
}
