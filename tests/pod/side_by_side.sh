#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Many pods side by side, with probes, deletions, deaths of supervisors and clients at random. MINIPOD_TEST_PODS
# (12) and MINIPOD_TEST_SECONDS (10) make it longer, MINIPOD_TEST_NOTES names a file that the figures are added to.
. "$(dirname "$0")/../support/pod_lib.sh"
# shellcheck source=tests/support/recovery_lib.sh
. "$POD_TEST_ROOT/tests/support/recovery_lib.sh"

pods=${MINIPOD_TEST_PODS:-12}
seconds=${MINIPOD_TEST_SECONDS:-10}
pss_limit=3072 # KiB

note() {
	[[ -z ${MINIPOD_TEST_NOTES:-} ]] || printf '%s\n' "$*" >>"$MINIPOD_TEST_NOTES"
}

write_pod() {
	cat >"$T/$1.yaml" <<-YAML
		apiVersion: v1
		kind: Pod
		metadata: { name: $1, labels: { app: busy } }
		spec:
		  terminationGracePeriodSeconds: 1
		  containers:
		  - name: c
		    image: busybox
		    command: [sh, -c, 'trap "exit 0" TERM; while :; do echo tick; sleep 2; done']
		    readinessProbe: { exec: { command: ['true'] }, periodSeconds: 5 }
		    livenessProbe: { exec: { command: ['true'] }, periodSeconds: 7 }
	YAML
}

write_idle() {
	cat >"$T/$1.yaml" <<-YAML
		apiVersion: v1
		kind: Pod
		metadata: { name: $1, labels: { app: idle } }
		spec:
		  terminationGracePeriodSeconds: 1
		  containers: [ { name: c, image: busybox, command: [sleep, '100000'] } ]
	YAML
}

# One thing that users do, at random.
act() {
	local name=busy-$((RANDOM % pods)) pid
	case $((RANDOM % 8)) in
	0) minipod exec "$name" -- true ;;
	1) minipod logs "$name" --tail=3 ;;
	2) minipod get pods -o wide ;;
	3) minipod describe "$name" ;;
	4) minipod events --for "pod/$name" ;;
	5)
		minipod delete "$name" --ignore-not-found
		minipod run -d --wait-for=none "$T/$name.yaml"
		;;
	6)
		for pid in $(supervisor_of "$name"); do
			[[ $(cat "/proc/$pid/comm" 2>/dev/null) != minipod ]] || kill -KILL "$pid"
		done
		minipod recover "$name"
		;;
	7) timeout 1 "$MINIPOD" --root "$MINIPOD_ROOT" get pods -w ;;
	esac >/dev/null 2>&1 || true
}

supervisors() {
	local i
	for ((i = 0; i < pods; i++)); do
		supervisor_of "busy-$i"
	done
	supervisor_of idle
}

# voluntary context switches: each wake-up of an idle process is one.
switches() {
	awk '/^voluntary_ctxt_switches/ { print $2 }' "/proc/$1/status"
}

test_many_pods_live_side_by_side_and_leave_nothing() {
	local i end pid worst=0 pss idle before
	write_idle idle
	minipod run -d "$T/idle.yaml" >/dev/null
	for ((i = 0; i < pods; i++)); do
		write_pod "busy-$i"
		minipod run -d --wait-for=none "$T/busy-$i.yaml" >/dev/null
	done
	# Its start is over; from here on nothing happens to it.
	idle=$(supervisor_of idle)
	wait_until 20 'the idle pod' minipod wait idle --for=condition=Ready --timeout=5s
	before=$(switches "$idle")
	end=$((SECONDS + seconds))
	local acts=0
	while [[ $SECONDS -lt $end ]]; do
		act &
		act &
		act
		wait
		acts=$((acts + 3))
	done
	assert_eq "$before" "$(switches "$idle")" 'wake-ups of the idle supervisor'
	minipod recover --all >/dev/null || true
	for pid in $(supervisors); do
		pss=$(awk '/^Pss:/ { print $2 }' "/proc/$pid/smaps_rollup" 2>/dev/null || echo 0)
		[[ ${pss:-0} -le $worst ]] || worst=$pss
	done
	note "$pods pods for $seconds s, $acts acts of clients: largest PSS of a supervisor $worst KiB, idle wake-ups 0"
	[[ $worst -gt 0 && $worst -le $pss_limit ]] || fail "a supervisor has $worst KiB PSS"
	minipod delete --all --now >/dev/null 2>&1 || minipod delete --all --now
}

run_tests
