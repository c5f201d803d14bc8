#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# minipod simulate and replay from the command line; neither needs root, nothing is started.
. "$(dirname "$0")/../support/pod_lib.sh"

pod() {
	cat >"$T/pod.yaml" <<-'YAML'
		apiVersion: v1
		kind: Pod
		metadata: { name: web }
		spec:
		  terminationGracePeriodSeconds: 5
		  containers:
		  - name: web
		    image: example.com/web:1
		    livenessProbe: { exec: { command: [check] }, periodSeconds: 5 }
		    lifecycle: { preStop: { exec: { command: [drain] } } }
	YAML
}

call() {
	status=0
	minipod "$@" >"$T/out" 2>"$T/err" </dev/null || status=$?
}

test_the_script_of_the_documentation_does_what_it_says() {
	pod
	# shellcheck disable=SC2016 # backquotes are what the document has
	sed -n '/^```yaml$/,/^```$/p' "$POD_TEST_ROOT/docs/simulate.md" | sed '1d;$d' >"$T/script.yaml"
	call simulate "$T/pod.yaml" --script "$T/script.yaml"
	assert_status 0
	[[ ! -s $T/err ]] || fail "stderr: $(cat "$T/err")"
	assert_order "$T/out" 'Warning  FailedCreatePodSandBox' 'Warning  Failed .*: not found' \
		'Successfully pulled image .* in 3s' 'Started' 'Unhealthy .*Liveness probe failed: no answer' \
		'Killing .*Container web failed liveness probe, will be restarted' \
		'2m0s .*Killing|120.000s .*Killing .*Stopping container web' '^web +main' '^Pod default/web: Failed'
}

test_without_a_script_everything_works_and_until_ends_it() {
	pod
	call simulate "$T/pod.yaml" --until 90m -o json
	assert_status 0
	assert_match "$T/out" '^after 1h30m0s$'
	sed -n '/^{/,$p' "$T/out" >"$T/status.json"
	assert_json Running "$T/status.json" .phase
	assert_json 0 "$T/status.json" '.containerStatuses[0].restartCount'
}

test_one_seed_is_one_life() {
	pod
	printf 'containers: { web: { imageAbsent: true, pulls: [{ error: gone }] } }\n' >"$T/script.yaml"
	call simulate "$T/pod.yaml" --script "$T/script.yaml" --seed 18446744073709551615
	cp "$T/out" "$T/first"
	call simulate "$T/pod.yaml" --script "$T/script.yaml" --seed 18446744073709551615
	cmp "$T/first" "$T/out"
	call simulate "$T/pod.yaml" --script "$T/script.yaml" --seed 5
	! cmp -s "$T/first" "$T/out" || fail 'another seed, the same jitter'
}

test_a_simulated_journal_is_replayed_and_a_changed_one_differs() {
	pod
	printf 'containers: { web: { instances: [{ lasts: 5s, exitCode: 1 }] } }\ndo: [{ at: 47s, delete: {} }]\n' \
		>"$T/script.yaml"
	call simulate "$T/pod.yaml" --script "$T/script.yaml" --trace "$T/life"
	assert_status 0
	assert_match "$T/life/trace.jsonl" '"type":"signal"'
	call replay "$T/life/trace.jsonl"
	assert_status 0
	assert_match "$T/out" '^[0-9]+ turns, [0-9]+ actions: the same$'
	sed -i 's/"restartCount":2/"restartCount":7/' "$T/life/trace.jsonl"
	call replay "$T/life/trace.jsonl"
	assert_status 1
	assert_order "$T/out" '^line [0-9]+ differs$' '^recorded: .*"restartCount":7' '^now: .*"restartCount":2'
	call simulate "$T/pod.yaml" --trace "$T/life"
	assert_status 1
	assert_match "$T/err" 'life: it holds a pod.json already; name a new directory'
}

test_the_journal_of_a_real_pod_is_replayed() {
	cat >"$T/real.yaml" <<-'YAML'
		apiVersion: v1
		kind: Pod
		metadata: { name: real }
		spec:
		  restartPolicy: Never
		  containers:
		  - { name: c, image: busybox, command: [sleep, "1"] }
	YAML
	mkdir "$T/life"
	start_pod "$T/real.yaml"
	wait_until 20 'the journal' ln "$MINIPOD_ROOT/run/pods/default_real/trace.jsonl" "$T/life/trace.jsonl"
	wait_until 20 'pod.json' cp "$MINIPOD_ROOT/run/pods/default_real/pod.json" "$T/life/pod.json"
	wait_pod 60
	call replay "$T/life/trace.jsonl"
	assert_status 0
	assert_match "$T/out" ': the same$'
}

test_mistakes_get_a_sentence() {
	pod
	call simulate "$T/pod.yaml" --script "$T/nothing.yaml"
	assert_status 1
	assert_match "$T/err" 'nothing.yaml: No such file'
	printf 'containers: { wen: {} }\n' >"$T/script.yaml"
	call simulate "$T/pod.yaml" --script "$T/script.yaml"
	assert_status 1
	assert_match "$T/err" 'script.yaml:1:20: the pod has no container "wen"'
	call simulate "$T/pod.yaml" --seed -1
	assert_match "$T/err" "seed: '-1' is not a whole number"
	call simulate "$T/pod.yaml" --until soon
	assert_match "$T/err" "until: 'soon' is not a duration"
	call replay "$T/trace.jsonl"
	assert_status 125
	assert_match "$T/err" "pod.json must lie beside the journal: No such file"
	printf '{}' >"$T/pod.json"
	call replay "$T/trace.jsonl"
	assert_status 125
}

run_tests
