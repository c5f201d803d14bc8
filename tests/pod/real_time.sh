#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Real runs of the reference's end-to-end vectors against `minipod simulate` of a script that says the
# same: the journals tell the same events, actions and exits in the same order. A real life takes
# longer, never shorter: nothing may come before its time, and nothing much later.
. "$(dirname "$0")/../support/pod_lib.sh"

late_ms=15000 # a loaded machine; the order is what counts
early_ms=50   # the journal of a real life begins before its first deadline

# pod NAME POLICY CONTAINERS [FIELDS]: the manifest. Containers get busybox, already present.
pod() {
	jq -cn --arg name "$1" --arg policy "$2" --argjson containers "$3" --argjson more "${4:-{\}}" '
		def complete: map({ image: "busybox", imagePullPolicy: "IfNotPresent" } + .);
		{ apiVersion: "v1", kind: "Pod",
		  metadata: { name: $name },
		  spec: ({ restartPolicy: $policy, containers: ($containers | complete) }
			+ ($more | if .initContainers then .initContainers |= complete else . end)) }
	' >"$T/$1.json"
}

# live NAME: a real life begins; its journal stays when the pod goes.
live() {
	mkdir "$T/$1.real"
	"$MINIPOD" --root "$MINIPOD_ROOT" run "$T/$1.json" >"$T/$1.out" 2>&1 </dev/null &
	lives+=("$!")
	wait_until 30 "the journal of $1" ln "$MINIPOD_ROOT/run/pods/default_$1/trace.jsonl" \
		"$T/$1.real/trace.jsonl"
}

# ends: every real life is over.
ends() {
	local pid
	for pid in "${lives[@]}"; do
		# shellcheck disable=SC2034 # pod_is_over looks at it
		pod_pid=$pid
		wait_until 60 'the end of a real life' pod_is_over
		wait "$pid" || true
	done
	lives=()
}

# told NAME REGEX: until the journal of the real life tells it.
told() {
	wait_for_line 60 "$T/$1.real/trace.jsonl" "$2"
}

# What both lives must agree on, "<ms since the beginning>\t<what>". Probe rounds and publications may
# be more or fewer on a slow machine; repeated events count once.
outline() {
	jq -r -n '
		def what:
			if .event.type == "exited" then "exited \(.event.container) \(.event.code)"
			elif .event.type == "startFailed" then "start failed \(.event.container)"
			elif .action.type == "recordEvent" then .action
				| "event \(.eventType) \(.reason) \(.container // "pod"): \(.message)"
				| sub("Error: .*no such file.*"; "Error: ...") | sub("_default\\(.*\\)"; "")
			elif .action.type == "signal" then "\(.action.signal) \(.action.container)"
			elif .action.type == "createContainer" then
				"create \(.action.container) \(.action.restartCount)"
			elif .action.type | IN("startContainer", "kill", "runHook", "abandonHook",
				"removeRecord", "createSandbox", "stopSandbox", "tearDown", "finish") then
				"\(.action.type) \(.action.container // "") \(.action.hook // "")"
			else empty end;
		input as $first
		| inputs
		| "\((.t - $first.t) / 1000000 | floor)\t\(what)"
	' "$1/trace.jsonl" | awk -F'\t' '$2 != last { print } { last = $2 }'
}

# at NAME EVENT: when the real life was told of it, as a time for a script.
at() {
	jq -r -n --arg type "$2" 'input as $first | first(inputs | select(.event.type == $type))
		| "\((.t - $first.t) / 1000000 | floor)ms"' "$T/$1.real/trace.jsonl"
}

# agrees NAME SCRIPT: the simulated life by SCRIPT is that of the real one.
agrees() {
	local seed
	seed=$(head -n 1 "$T/$1.real/trace.jsonl" | jq -r .seed)
	sed 's/^\t*do:/do:/; s/\t/ /g' <<<"$2" >"$T/$1.script"
	minipod simulate "$T/$1.json" --script "$T/$1.script" --seed "$seed" --trace "$T/$1.sim" \
		>"$T/out" 2>"$T/err" || fail "no simulated life of $1"
	outline "$T/$1.real" >"$T/$1.real/outline"
	outline "$T/$1.sim" >"$T/$1.sim/outline"
	diff <(cut -f2 "$T/$1.sim/outline") <(cut -f2 "$T/$1.real/outline") >"$T/$1.diff" || {
		printf 'simulated (<) and real (>) life of %s:\n' "$1"
		cat "$T/$1.diff"
		exit 1
	}
	paste "$T/$1.sim/outline" "$T/$1.real/outline" |
		awk -F'\t' -v early="$early_ms" -v late="$late_ms" -v name="$1" '
		$3 < $1 - early { print name ": " $2 " at " $3 " ms, not before " $1 " ms"; bad = 1 }
		$3 > $1 + late { print name ": " $2 " at " $3 " ms instead of " $1 " ms"; bad = 1 }
		END { exit bad }' || fail "the times of $1 differ"
}

lives=()

test_pods_that_end_by_themselves_b1_b2_b4_b12_b10() {
	pod b1 Never '[{ "name": "c", "command": ["sleep", "1"] }]'
	pod b2 Never '[{ "name": "c", "command": ["sh", "-c", "sleep 1; exit 3"] }]'
	pod b4 Never '[{ "name": "c", "command": ["true"] }]' \
		'{ "initContainers": [{ "name": "i", "command": ["sh", "-c", "sleep 1; exit 1"] }] }'
	pod b12 Never '[{ "name": "c", "command": ["/no/such/file"] },
		{ "name": "d", "command": ["sleep", "1"] }]'
	pod b10 Always '[{ "name": "c", "command": ["sh", "-c",
		"trap \"exit 143\" TERM; while :; do sleep 1 & wait $!; done"] }]' \
		'{ "activeDeadlineSeconds": 3 }'
	live b1
	live b2
	live b4
	live b12
	live b10
	ends
	agrees b1 'containers: { c: { instances: [{ lasts: 1s }] } }'
	agrees b2 'containers: { c: { instances: [{ lasts: 1s, exitCode: 3 }] } }'
	agrees b4 'containers: { i: { instances: [{ lasts: 1s, exitCode: 1 }] } }'
	agrees b12 'containers: { c: { instances: [{ startError: no such file }] },
		d: { instances: [{ lasts: 1s }] } }'
	agrees b10 'containers: { c: { instances: [{ termCode: 143 }] } }'
}

test_sidecars_in_their_order_b5() {
	pod b5 Never '[{ "name": "m", "command": ["sleep", "2"] }]' '{ "terminationGracePeriodSeconds": 20,
		"initContainers": [
		{ "name": "a", "command": ["sleep", "1"] },
		{ "name": "s1", "restartPolicy": "Always", "command": ["sh", "-c",
			"trap \"exit 137\" TERM; sleep 1; : >/tmp/up; while :; do sleep 0.2; done"],
		  "startupProbe": { "exec": { "command": ["test", "-e", "/tmp/up"] },
			"periodSeconds": 1, "failureThreshold": 60 } },
		{ "name": "b", "command": ["sleep", "1"] },
		{ "name": "s2", "restartPolicy": "Always", "command": ["sh", "-c",
			"trap \"exit 0\" TERM; while :; do sleep 0.2; done"] }] }'
	live b5
	ends
	agrees b5 'containers: { a: { instances: [{ lasts: 1s }] }, b: { instances: [{ lasts: 1s }] },
		m: { instances: [{ lasts: 2s }] }, s1: { instances: [{ termCode: 137 }],
		startup: [{ outcome: failure }, {}] } }'
}

test_pods_that_are_deleted_b6_b7_b8_b9() {
	local ready='while :; do sleep 0.2; done'
	pod b6 Always '[{ "name": "c", "command": ["sh", "-c", "while :; do sleep 1; done"],
		"livenessProbe": { "exec": { "command": ["test", "-e", "/nothing"] },
			"periodSeconds": 1, "failureThreshold": 3 } }]' '{ "terminationGracePeriodSeconds": 3 }'
	pod b7 Always "$(jq -cn --arg run "trap 'exit 0' TERM; sleep 3; : >/tmp/up; $ready" '[{
		name: "c", command: ["sh", "-c", $run],
		startupProbe: { exec: { command: ["test", "-e", "/tmp/up"] },
			periodSeconds: 1, failureThreshold: 60 },
		readinessProbe: { exec: { command: ["true"] }, periodSeconds: 1 } }]')"
	pod b8 Always "$(jq -cn --arg run "trap 'sleep 1; exit 0' TERM; $ready" '[{
		name: "c", command: ["sh", "-c", $run],
		lifecycle: { preStop: { exec: { command: ["sleep", "2"] } } } }]')"
	pod b9 Always "$(jq -cn --arg run "trap '' TERM; $ready" '[{
		name: "c", command: ["sh", "-c", $run],
		lifecycle: { preStop: { exec: { command: ["sleep", "60"] } } } }]')" \
		'{ "terminationGracePeriodSeconds": 3 }'
	live b6
	live b7
	live b8
	live b9
	told b8 '"started"'
	told b9 '"started"'
	minipod delete --wait=false b8 >/dev/null
	minipod delete --wait=false b9 >/dev/null
	told b6 '"createContainer".*"restartCount":1'
	told b6 '"started".*'
	told b7 '"probe":"readiness"'
	minipod delete --wait=false b7 >/dev/null
	minipod delete --wait=false b6 >/dev/null
	ends
	agrees b6 "containers: { c: { instances: [{ ignoresTerm: true }],
		liveness: [{ outcome: failure }] } }
		do: [{ at: $(at b6 delete), delete: {} }]"
	agrees b7 "containers: { c: { startup: [{ outcome: failure, times: 3 }, {}] } }
		do: [{ at: $(at b7 delete), delete: {} }]"
	agrees b8 "containers: { c: { instances: [{ termTakes: 1s }], preStop: [{ takes: 2s }] } }
		do: [{ at: $(at b8 delete), delete: {} }]"
	agrees b9 "containers: { c: { instances: [{ ignoresTerm: true }], preStop: [{ takes: 60s }] } }
		do: [{ at: $(at b9 delete), delete: {} }]"
}

test_pods_that_start_again_b3_b11_b13_b14() {
	pod b3 Always '[{ "name": "c", "command": ["sh", "-c", "sleep 0.5; exit 1"] }]'
	pod b11 Never '[{ "name": "c", "command": ["sh", "-c",
		"trap \"exit 0\" TERM; while :; do sleep 0.2; done"],
		"lifecycle": { "postStart": { "exec": { "command": ["sh", "-c", "sleep 1; exit 1"] } } } }]'
	pod b13 Always '[{ "name": "c", "command": ["true"], "env": [{ "name": "V", "valueFrom": {
		"configMapKeyRef": { "name": "cm", "key": "k" } } }] }]'
	jq -cn '{ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "cm" }, data: { other: "x" } }' \
		>>"$T/b13.json"
	pod b14 Always '[{ "name": "c", "command": ["sh", "-c",
		"trap \"exit 0\" TERM; while :; do sleep 0.2; done"] }]' '{
		"initContainers": [{ "name": "i", "command": ["sleep", "1"] }] }'
	live b3
	live b11
	live b13
	live b14
	told b14 '"started","container":"c"'
	kill -KILL "$(pgrep -f -P "${lives[3]}" '^pause|/pause' | head -n 1)"
	told b14 '"attempt":1'
	told b14 '"started","container":"c".*'
	told b3 '"reason":"BackOff".*"count":2'
	told b13 '"count":2'
	minipod delete --wait=false b3 >/dev/null
	minipod delete --wait=false b13 >/dev/null
	minipod delete --wait=false b14 >/dev/null
	ends
	agrees b3 "containers: { c: { instances: [{ lasts: 500ms, exitCode: 1 }] } }
		do: [{ at: $(at b3 delete), delete: {} }]"
	agrees b11 'containers: { c: { postStart: [{ takes: 1s, error: failed }] } }'
	agrees b13 "containers: { c: { instances: [{ createReason: CreateContainerConfigError,
		createError: couldn't find key k in ConfigMap default/cm }] } }
		do: [{ at: $(at b13 delete), delete: {} }]"
	agrees b14 "containers: { i: { instances: [{ lasts: 1s }] } }
		do: [{ at: $(at b14 sandboxDied), killPause: {} }, { at: $(at b14 delete), delete: {} }]"
}

run_tests
