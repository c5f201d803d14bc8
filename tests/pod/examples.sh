#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Each file below examples/ ends as its comment says.
. "$(dirname "$0")/../support/pod_lib.sh"

examples=$POD_TEST_ROOT/examples

test_lifecycle_tells_its_story_in_order_and_succeeds() {
	run_pod "$examples/lifecycle.json"
	assert_status 0
	assert_order "$T/out" 'prepare +\| preparing /shared' 'verify +\| verify sees: <h1>hello</h1>' \
		'web +\| greetings from minipod in lifecycle' 'web +\| web has finished'
	assert_count 3 "$T/out" '^client +\| client reads <h1>hello</h1>$'
	assert_order "$T/err" 'Started  spec.initContainers\{prepare\}  Container started' \
		'Started  spec.initContainers\{verify\}  Container started' \
		'Started  spec.containers\{web\}  Container started' \
		'Started  spec.containers\{client\}  Container started' \
		'^CONTAINER +KIND +STATE +EXIT +RESTARTS +RUN TIME' \
		'^prepare +init +Completed +0 +0 ' '^verify +init +Completed +0 +0 ' \
		'^web +main +Completed +0 +0 ' '^client +main +Completed +0 +0 ' \
		'^Pod default/lifecycle: Succeeded$'
	assert_no_match "$T/err" 'Warning'
}

test_lifecycle_without_prefix_prints_what_the_containers_print() {
	run_pod "$examples/lifecycle.json" --no-prefix
	assert_status 0
	assert_line "$T/out" 'preparing /shared'
	assert_no_match "$T/out" ' \| '
}

test_crash_loop_restarts_at_once_then_after_ten_seconds() {
	run_pod "$examples/crash-loop.yaml"
	assert_status 124
	assert_count 3 "$T/out" 'I give up'
	assert_match "$T/err" 'Warning  BackOff  spec.containers\{crash\}  Back-off restarting failed container crash in pod crash-loop_default\('
	assert_match "$T/err" '^Pod default/crash-loop: Failed \(DeadlineExceeded: '
	assert_between 14900 20000 "$elapsed_ms" 'run time'
}

test_failing_init_container_under_never_fails_the_pod() {
	run_pod "$examples/init-failure-never.yaml"
	assert_status 3
	assert_no_match "$T/out" 'never printed'
	assert_match "$T/err" '^Pod default/init-failure-never: Failed$'
	assert_match "$T/err" '^main +main +Waiting: PodInitializing'
}

test_failing_init_container_under_on_failure_is_run_again() {
	run_pod "$examples/init-failure-onfailure.yaml"
	assert_status 124
	assert_count 2 "$T/out" 'nothing to set up'
	assert_no_match "$T/out" 'never printed'
}

test_failing_init_container_under_always_is_run_again() {
	run_pod "$examples/init-failure-always.yaml"
	assert_status 124
	assert_count 2 "$T/out" 'nothing to set up'
}

test_liveness_failure_restarts_the_container_once() {
	run_pod "$examples/liveness-restart.yaml"
	assert_status 0
	assert_order "$T/err" 'Warning  Unhealthy  spec.containers\{flaky\}  Liveness probe failed: ' \
		'Normal  Killing  spec.containers\{flaky\}  Container flaky failed liveness probe, will be restarted' \
		'Started  spec.containers\{flaky\}' '^flaky +main +Completed +0 +1 '
	assert_line "$T/out" 'flaky | second life: all is well'
}

test_slow_pre_stop_is_abandoned_and_leaves_two_seconds_for_sigterm() {
	run_pod "$examples/slow-prestop.yaml"
	assert_status 124
	assert_match "$T/err" '^stubborn +main +Error +137 '
	assert_match "$T/out" 'not yet'
	assert_no_match "$T/err" 'FailedPreStopHook'
	assert_between 4800 9000 "$elapsed_ms" 'run time'
}

test_shared_pid_namespace_shows_pause_and_the_other_container() {
	run_pod "$examples/shared-pid.yaml"
	assert_status 0
	assert_line "$T/out" 'watcher | PID 1 is pause'
	assert_line "$T/out" "watcher | worker's sleep is visible here"
}

test_documents_bring_their_config_map_and_secret() {
	run_pod "$examples/documents.yaml"
	assert_status 0
	assert_line "$T/out" 'reader | hello: colour = blue'
	assert_line "$T/out" 'reader | 400 /etc/secret/token'
}

test_sidecar_runs_beside_the_main_container_and_is_stopped_after_it() {
	run_pod "$examples/sidecar.yaml"
	assert_status 0
	assert_order "$T/err" 'Started  spec.initContainers\{tail\}' 'Started  spec.containers\{main\}' \
		'Killing  spec.initContainers\{tail\}  Stopping container tail' '^Pod default/sidecar: Succeeded$'
	assert_count 3 "$T/out" '^tail \| line [123]$'
}

test_every_example_says_how_it_ends() {
	local file
	for file in "$examples"/*; do
		grep -qiE 'ends?"?:' "$file" || fail "$file does not say how it ends"
		minipod check "$file" >/dev/null || fail "$file is not valid"
	done
}

run_tests
