#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A busy pod whose supervisor is killed at random instants of its life, and recovered each time, ends like
# one that was left alone. MINIPOD_TEST_KILLS says how often at least (20); MINIPOD_TEST_NOTES names a file
# that the figures are added to.
. "$(dirname "$0")/../support/pod_lib.sh"
# shellcheck source=tests/support/recovery_lib.sh
. "$POD_TEST_ROOT/tests/support/recovery_lib.sh"

kills=${MINIPOD_TEST_KILLS:-20}
at_once=4   # pods side by side
patience=90 # seconds that one of them may take, 7 of which it works

# Starting (an init container, a sidecar with a startup probe), running with probes, backing off (flaky fails
# once), terminating (the sidecar has a hook and takes its time), output on both streams all the while.
write_pod() {
	cat >"$T/$1.yaml" <<-YAML
		apiVersion: v1
		kind: Pod
		metadata: { name: $1 }
		spec:
		  restartPolicy: OnFailure
		  terminationGracePeriodSeconds: 10
		  volumes: [ { name: shared, emptyDir: { medium: Memory } } ]
		  initContainers:
		  - name: prep
		    image: busybox
		    command: [sh, -c, 'i=0; while [ \$i -lt 50 ]; do echo prep \$i; i=\$((i+1)); sleep 0.01; done']
		  - name: side
		    image: busybox
		    restartPolicy: Always
		    command: [sh, -c, 'trap "sleep 0.5; echo over; exit 0" TERM; i=0; while :; do echo side \$i; echo side \$i >&2; i=\$((i+1)); sleep 0.02; done']
		    startupProbe: { exec: { command: ['true'] }, periodSeconds: 1, timeoutSeconds: 30 }
		    lifecycle: { preStop: { exec: { command: [sleep, '0.5'] } } }
		  containers:
		  - name: app
		    image: busybox
		    command: [sh, -c, 'i=0; while [ \$i -lt 600 ]; do echo app \$i; echo app \$i >&2; i=\$((i+1)); sleep 0.01; done; printf tail; echo all >/dev/termination-log; exit 0']
		    readinessProbe: { exec: { command: ['true'] }, periodSeconds: 1, timeoutSeconds: 30 }
		    livenessProbe: { exec: { command: ['true'] }, periodSeconds: 1, timeoutSeconds: 30 }
		    volumeMounts: [ { name: shared, mountPath: /shared } ]
		  - name: flaky
		    image: busybox
		    command: [sh, -c, 'echo flaky; if [ -e /shared/failed ]; then exit 0; fi; touch /shared/failed; exit 9']
		    volumeMounts: [ { name: shared, mountPath: /shared } ]
	YAML
}

# What must be equal: all but times and identities.
final_status() {
	minipod get pod "$1" -o json | jq -S '.status
		| del(.startTime, .podIP, .podIPs)
		| walk(if type == "object" then del(.containerID, .startedAt, .finishedAt, .lastTransitionTime) else . end)'
}

# "<who> <n>" from 0 on without a gap on both streams, then TAIL.
check_log() {
	local tail=$4
	minipod logs "$1" -c "$2" >"$T/$1.$2.out" 2>"$T/$1.$2.err"
	local n
	n=$(wc -l <"$T/$1.$2.err")
	[[ $3 -lt 0 || $n -eq $3 ]] || fail "$1: $n lines of $2 on stderr, expected $3"
	diff <(seq -f "$2 %g" 0 $((n - 1))) "$T/$1.$2.err" >"$T/diff" || fail "$1: stderr of $2: $(head -n 5 "$T/diff")"
	diff <(seq -f "$2 %g" 0 $((n - 1)); printf '%s' "$tail") "$T/$1.$2.out" >"$T/diff" ||
		fail "$1: stdout of $2: $(head -n 5 "$T/diff")"
}

check_pod() {
	check_log "$1" app 600 tail
	# It may end between its two lines of a round.
	minipod logs "$1" -c side >"$T/$1.side" 2>/dev/null
	sed -i '/^over$/d' "$T/$1.side"
	diff <(seq -f 'side %g' 0 $(($(wc -l <"$T/$1.side") - 1))) "$T/$1.side" >"$T/diff" ||
		fail "$1: stdout of side: $(head -n 5 "$T/diff")"
	assert_eq "$(seq -f 'prep %g' 0 49)" "$(minipod logs "$1" -c prep)" "$1: the log of prep"
	final_status "$1" >"$T/$1.status"
	diff "$T/calm.status" "$T/$1.status" >"$T/diff" ||
		fail "$1: final status: $(cat "$T/diff"; journal "$1" | grep -vE '"(plan|probeDone|runProbe)"' | tail -n 400)"
}

has_ended() {
	[[ $(get_pod "$1" '{.status.phase}') == @(Succeeded|Failed) ]]
}

nap() {
	# At random, up to $1 ms: the instant is what is tested.
	local ms=$((RANDOM % $1))
	read -r -t "$((ms / 1000)).$(printf '%03d' $((ms % 1000)))" _ <> <(:) || true
}

# Kills until the pod has ended. One line for each kill. A termination is resumed from its beginning, the
# sidecar's hook takes 0.5 s: where no supervisor lives longer, the pod does not end. So PAUSE must be more.
torment() {
	local name=$1 pause=$2 limit=$((SECONDS + patience * PATIENCE))
	until has_ended "$name"; do
		[[ $SECONDS -lt $limit ]] || fail "$name has not ended: $(journal "$name" | tail -n 40)"
		# Often right after it was taken up, when there is the most to do.
		nap $((RANDOM % 3 == 0 ? 40 : pause))
		kill_supervisor "$name"
		has_ended "$name" && is_unsupervised_for_good "$name" && break
		nap 300
		printf 'kill\n' >>"$T/$name.kills"
		status=0
		minipod recover "$name" >>"$T/$name.recovered" 2>"$T/$name.err" || status=$?
		[[ $status -eq 0 ]] || grep -q 'has ended' "$T/$name.err" || fail "$name: $(cat "$T/$name.err")"
	done
	minipod recover "$name" >/dev/null 2>&1 || true
}

# Ended, and its journal says so: the last supervisor was done.
is_unsupervised_for_good() {
	journal "$1" | tail -n 3 | grep -q '"finish"'
}

journal() {
	cat "$MINIPOD_ROOT/run/pods/default_$1/trace.jsonl"
}

# begin NAME: as soon as there is something to recover, it may be killed. Every other journal is so small that
# it is replaced while the pod is starting, running and ending.
begin() {
	local size=4Mi
	[[ $((RANDOM % 2)) -eq 0 ]] || size=12Ki
	write_pod "$1"
	minipod run -d --wait-for=none --journal-max-size "$size" "$T/$1.yaml" >/dev/null
}

test_killed_at_random_instants_a_pod_ends_as_if_nothing_had_happened() {
	local n_kills=0 round=0 i name pids=() pid bad=0
	begin calm
	minipod wait calm --for=jsonpath='{.status.phase}'=Succeeded --timeout=60s >/dev/null
	final_status calm >"$T/calm.status"
	check_pod calm
	minipod delete calm >/dev/null
	while [[ $n_kills -lt $kills ]]; do
		pids=()
		for ((i = 0; i < at_once; i++)); do
			name=busy-$round-$i
			begin "$name"
			: >"$T/$name.kills"
			torment "$name" $((900 + RANDOM % 1500)) &
			pids+=($!)
		done
		for pid in "${pids[@]}"; do
			wait "$pid" || bad=1
		done
		for ((i = 0; i < at_once; i++)); do
			name=busy-$round-$i
			minipod wait "$name" --for=jsonpath='{.status.phase}'=Succeeded --timeout=30s >/dev/null || bad=1
			minipod replay "$MINIPOD_ROOT/run/pods/default_$name/trace.jsonl" >"$T/$name.replay" || bad=1
			n_kills=$((n_kills + $(wc -l <"$T/$name.kills")))
			check_pod "$name"
			minipod delete "$name" >/dev/null
		done
		[[ $bad -eq 0 ]] || fail 'see above'
		round=$((round + 1))
	done
	[[ -z ${MINIPOD_TEST_NOTES:-} ]] ||
		printf '%d kills of %d pods, %d recoveries\n' "$n_kills" $((round * at_once)) \
			"$(cat "$T"/*.recovered | wc -l)" >>"$MINIPOD_TEST_NOTES"
}

run_tests
