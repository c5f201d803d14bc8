#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A supervisor dies, the pod does not: what the next one takes over, and what it makes of the rest.
. "$(dirname "$0")/../support/pod_lib.sh"
# shellcheck source=tests/support/recovery_lib.sh
. "$POD_TEST_ROOT/tests/support/recovery_lib.sh"

# pod NAME SCRIPT [MORE-OF-SPEC [MORE-OF-CONTAINER]]: one busybox container "c".
pod() {
	jq -n --arg name "$1" --arg script "$2" --argjson more "${3:-{\}}" --argjson c "${4:-{\}}" '
		{ apiVersion: "v1", kind: "Pod", metadata: { name: $name },
		  spec: ({ terminationGracePeriodSeconds: 1, containers: [
			({ name: "c", image: "busybox", command: ["sh", "-c", $script] } + $c) ] } + $more) }' \
		>"$T/$1.json"
}

run_d() {
	minipod run -d "$@" >"$T/out" 2>"$T/err" </dev/null
}

recover() {
	status=0
	minipod recover "$@" >"$T/out" 2>"$T/err" || status=$?
}

never='{"restartPolicy":"Never"}'


test_containers_address_volumes_and_logs_outlive_the_supervisor() {
	local before
	cat >"$T/web.yaml" <<-'YAML'
		apiVersion: v1
		kind: Secret
		metadata: { name: key }
		stringData: { word: open }
		---
		apiVersion: v1
		kind: Pod
		metadata: { name: web }
		spec:
		  terminationGracePeriodSeconds: 1
		  restartPolicy: Never
		  volumes:
		  - { name: mem, emptyDir: { medium: Memory } }
		  - { name: key, secret: { secretName: key } }
		  containers:
		  - name: c
		    image: busybox
		    command: [sh, -c, 'cat /key/word >/mem/word; i=0; while [ $i -lt 400 ]; do echo line $i; i=$((i+1)); sleep 0.01; done; echo done >/dev/termination-log; cat /key/word /mem/word; exit 4']
		    env: [ { name: WORD, valueFrom: { secretKeyRef: { name: key, key: word } } } ]
		    volumeMounts: [ { name: mem, mountPath: /mem }, { name: key, mountPath: /key } ]
	YAML
	run_d "$T/web.yaml"
	before=$(get_pod web '{.status.podIP} {.status.containerStatuses[0].containerID} {.status.startTime}')
	kill_supervisor web
	assert_match <(minipod get pods) '^web +1/1 +Unknown +0 '
	recover web
	assert_status 0
	assert_line "$T/out" 'pod/web recovered'
	assert_match <(minipod get pods) '^web +1/1 +Running +0 '
	assert_eq "$before" "$(get_pod web '{.status.podIP} {.status.containerStatuses[0].containerID} {.status.startTime}')" \
		'address, container and start'
	# The container may not have come that far yet.
	# shellcheck disable=SC2016 # for the container's shell
	assert_eq 'open open web' "$(minipod exec web -- sh -c 'until [ -s /mem/word ]; do sleep 0.02; done; echo "$WORD $(cat /mem/word) $(hostname)"')" \
		'what exec sees'
	kill_supervisor web
	recover --all
	minipod wait web --for=jsonpath='{.status.phase}'=Failed --timeout=30s
	minipod get pod web -o json >"$T/web.out"
	assert_exit_code 4 "$T/web.out"
	! has_exit_codes ||
		assert_json 'done' "$T/web.out" '.status.containerStatuses[0].state.terminated.message'
	assert_json 0 "$T/web.out" '.status.containerStatuses[0].restartCount'
	minipod logs web >"$T/log"
	diff <(seq -f 'line %g' 0 399; printf openopen) "$T/log" || fail 'the log differs'
	assert_eq '1 Created,1 Pulled,1 Pulling,1 Started' \
		"$(minipod events --for pod/web -o json | jq -r '.items[] | "\(.count) \(.reason)"' | sort | paste -sd,)" events
	minipod replay "$MINIPOD_ROOT/run/pods/default_web/trace.jsonl" >"$T/out"
	assert_match "$T/out" ': the same$'
	minipod delete web
}

test_exit_code_is_known_although_nobody_waited() {
	local code=137
	pod web 'while [ ! -e /dev/shm/go ]; do sleep 0.02; done; exit 7' "$never"
	run_d "$T/web.json"
	minipod exec web -- sh -c '(sleep 1; touch /dev/shm/go) >/dev/null 2>&1 &'
	kill_supervisor web
	wait_until 10 'the end of the container' no_process sh
	! has_exit_codes || code=7
	recover web
	assert_status 0
	minipod wait web --for=jsonpath='{.status.phase}'=Failed --timeout=10s
	assert_eq "$code" "$(get_pod web '{.status.containerStatuses[0].state.terminated.exitCode}')" 'exit code'
	minipod delete web
}

no_process() {
	local comm
	for comm in /proc/[0-9]*/comm; do
		# The tests' own shell is called bash.
		[[ $(cat "$comm" 2>/dev/null) != "$1" ]] || return 1
	done
}

test_containers_of_a_foreground_run_survive_it() {
	pod web 'trap "exit 0" TERM; while :; do sleep 0.1; done'
	start_pod "$T/web.json"
	wait_until 10 'the pod' minipod wait web --for=condition=Ready --timeout=5s
	kill -KILL "$pod_pid"
	wait "$pod_pid" 2>/dev/null || true
	recover web
	assert_status 0
	assert_match <(minipod get pods) '^web +1/1 +Running +0 '
	minipod delete web
}

test_termination_goes_on_with_its_grace() {
	pod web 'trap "echo bye; exit 0" TERM; while :; do sleep 0.1; done' \
		'{"terminationGracePeriodSeconds":20}' '{"lifecycle":{"preStop":{"sleep":{"seconds":2}}}}'
	run_d --result-file "$T/result.json" "$T/web.json"
	minipod delete web --wait=false
	kill_supervisor web
	recover web
	assert_status 0
	minipod wait web --for=delete --timeout=30s
	assert_exit_code 0 "$T/result.json"
	assert_json 20 "$T/result.json" .metadata.deletionGracePeriodSeconds
}

# On a node, too: a container that runs is not started, and only a start has a postStart hook.
test_postStart_hook_that_was_cut_short_holds_up_nothing() {
	pod web 'sleep 1000' '{}' '{"lifecycle":{"postStart":{"exec":{"command":["sh","-c","echo once >>/dev/shm/hooks; exec sleep 30"]}}},
		"readinessProbe":{"exec":{"command":["true"]},"periodSeconds":1}}'
	minipod run -d --wait-for=none "$T/web.json" >"$T/out"
	wait_until 10 'the hook' minipod exec web -- test -s /dev/shm/hooks
	assert_eq ContainerCreating "$(get_pod web '{.status.containerStatuses[0].state.waiting.reason}')" 'the state while it runs'
	kill_supervisor web
	recover web
	assert_status 0
	minipod wait web --for=condition=Ready --timeout=10s >/dev/null
	assert_eq once "$(minipod exec web -- cat /dev/shm/hooks)" 'the hooks that ran'
	minipod delete web --now
}

test_restart_count_goes_on_and_the_backoff_is_forgotten() {
	pod web 'echo run; exit 1'
	run_d "$T/web.json"
	wait_until 20 'a back-off' backs_off web 1
	kill_supervisor web
	recover web
	wait_until 5 'the next restart, at once' backs_off web 2
	minipod delete web
}

backs_off() {
	[[ $(get_pod "$1" '{.status.containerStatuses[0].state.waiting.reason} {.status.containerStatuses[0].restartCount}') == "CrashLoopBackOff $2" ]]
}

test_without_pause_there_is_a_new_sandbox_at_the_same_address() {
	local before
	pod web 'sleep 1000'
	run_d "$T/web.json"
	before=$(get_pod web '{.status.podIP}')
	kill_supervisor web
	kill_pause
	recover web
	assert_status 0
	minipod wait web --for=condition=Ready --timeout=20s
	assert_eq "$before" "$(get_pod web '{.status.podIP}')" 'the address'
	assert_eq 1 "$(get_pod web '{.status.containerStatuses[0].restartCount}')" 'restarts'
	assert_match <(minipod events --for pod/web) 'SandboxChanged'
	minipod delete web --now
}

# test/e2e_node/container_lifecycle_test.go, "A node reboots".
test_logs_of_an_init_container_that_ran_again_are_those_of_its_last_run() {
	jq -n '{ apiVersion: "v1", kind: "Pod", metadata: { name: "again" }, spec: {
		terminationGracePeriodSeconds: 1,
		volumes: [ { name: "v", emptyDir: {} } ],
		initContainers: [ { name: "i", image: "busybox", volumeMounts: [ { name: "v", mountPath: "/v" } ],
			command: ["sh", "-c", "echo run >>/v/runs; wc -l </v/runs"] } ],
		containers: [ { name: "c", image: "busybox", command: ["sleep", "1000"] } ] } }' >"$T/again.json"
	run_d "$T/again.json"
	assert_eq 1 "$(minipod logs again -c i)" 'its output'
	kill_pause
	wait_until 10 'the second run' is_restarted again
	assert_eq 2 "$(minipod logs again -c i)" 'its output of the second run'
	assert_eq '1 1' "$(get_pod again '{.status.initContainerStatuses[0].restartCount} {.status.containerStatuses[0].restartCount}')" 'restarts'
	minipod delete again --now
}

is_restarted() {
	[[ $(get_pod "$1" '{.status.containerStatuses[0].restartCount} {.status.phase}') == '1 Running' ]]
}

kill_pause() {
	local dir
	for dir in /proc/[0-9]*; do
		[[ $(cat "$dir/comm" 2>/dev/null) != pause ]] || kill -KILL "${dir#/proc/}"
	done
}

test_pause_that_does_not_answer_is_waited_for_no_longer_than_seconds() {
	local dir began
	pod web 'sleep 1000'
	run_d "$T/web.json"
	kill_supervisor web
	for dir in /proc/[0-9]*; do
		[[ $(cat "$dir/comm" 2>/dev/null) != pause ]] || kill -STOP "${dir#/proc/}"
	done
	began=$SECONDS
	recover web
	assert_status 0
	assert_between 0 $((12 * PATIENCE)) $((SECONDS - began)) 'seconds that it took'
	minipod wait web --for=condition=Ready --timeout=20s
	assert_eq 1 "$(get_pod web '{.status.containerStatuses[0].restartCount}')" 'restarts'
	minipod delete web --now
}

# What a reboot leaves: the state directory, of another boot, and no process.
reboot() {
	kill_supervisor "$1"
	local dir pid
	for dir in /proc/[0-9]*; do
		pid=${dir#/proc/}
		grep -q "/pod[0-9a-f-]*/" "$dir/cgroup" 2>/dev/null || continue
		kill -KILL "$pid" 2>/dev/null || true
	done
	sed -i 's/"bootID":"[^"]*"/"bootID":"00000000-0000-0000-0000-000000000000"/' \
		"$MINIPOD_ROOT/run/pods/default_$1/trace.jsonl"
}

test_after_a_reboot_a_pod_starts_over() {
	pod web 'echo life >>/keep/lives; sleep 1000' \
		'{"volumes":[{"name":"keep","emptyDir":{}}]}' \
		'{"volumeMounts":[{"name":"keep","mountPath":"/keep"}]}'
	run_d "$T/web.json"
	wait_until 10 'the first life' minipod exec web -- test -s /keep/lives
	reboot web
	recover --all
	assert_status 0
	minipod wait web --for=condition=Ready --timeout=20s
	assert_eq 1 "$(get_pod web '{.status.containerStatuses[0].restartCount}')" 'restarts'
	assert_eq ContainerStatusUnknown "$(get_pod web '{.status.containerStatuses[0].lastState.terminated.reason}')" 'the end of the first life'
	wait_until 10 'the second life' lives_are 2
	minipod delete web --now
}

lives_are() {
	[[ $(minipod exec web -- wc -l /keep/lives) == "$1 "* ]]
}

test_after_a_reboot_a_pod_that_is_never_restarted_has_failed() {
	pod web 'sleep 1000' "$never"
	run_d "$T/web.json"
	reboot web
	recover web
	minipod wait web --for=jsonpath='{.status.phase}'=Failed --timeout=20s
	assert_eq '137 ContainerStatusUnknown' "$(get_pod web '{.status.containerStatuses[0].state.terminated.exitCode} {.status.containerStatuses[0].state.terminated.reason}')" 'the end'
	minipod delete web
}

test_recover_says_when_there_is_nothing_to_do() {
	pod web 'sleep 1000'
	pod short 'exit 0' "$never"
	run_d "$T/web.json"
	run_d "$T/short.json"
	minipod wait short --for=jsonpath='{.status.phase}'=Succeeded --timeout=10s
	wait_until 5 'the end of its supervisor' is_unsupervised short
	recover web
	assert_status 1
	assert_match "$T/err" 'pod/web: its supervisor lives'
	recover short
	assert_status 1
	assert_match "$T/err" 'pod/short: the pod has ended'
	recover nobody
	assert_status 1
	assert_match "$T/err" 'pods "nobody" not found'
	recover
	assert_status 1
	assert_match "$T/err" 'name the pods to recover, or say --all'
	recover --all
	assert_status 0
	assert_eq '' "$(cat "$T/out" "$T/err")" 'what it says'
	minipod delete web short --now
}

# A probe that was forked and cannot go on, in a container that is frozen say.
test_pod_that_a_dead_supervisors_child_holds_is_not_passed_over() {
	pod web 'sleep 1000'
	run_d "$T/web.json"
	kill_supervisor web
	exec 9<"$MINIPOD_ROOT/run/pods/default_web"
	flock 9
	recover --all 9<&-
	exec 9<&-
	assert_status 1
	assert_match "$T/err" 'pod/web \(default\): a process that its dead supervisor began still holds it: try again'
	recover web
	assert_status 0
	minipod delete web --now
}

is_unsupervised() {
	[[ -z $(supervisor_of "$1") ]]
}

# Files of a tmpfs are numbered in the order of their making.
test_pod_is_there_when_all_that_its_recovery_needs_is() {
	local run=$MINIPOD_ROOT/run/pods/default_web
	pod web 'sleep 1000'
	printf '%s' '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"words"},"data":{"a":"b"}}' >"$T/words.json"
	[[ $(stat -f -c %T "$T") == tmpfs ]] || skip 'needs a tmpfs'
	run_d -f "$T/web.json" -f "$T/words.json"
	assert_eq 'objects.json trace.jsonl pod.json' \
		"$(stat -c '%i %n' "$run"/{objects,pod}.json "$run/trace.jsonl" | sort -n | sed 's,.*/,,' | paste -sd' ')" 'the order'
	minipod delete web --now
}

test_name_of_a_pod_whose_removal_was_cut_short_is_free() {
	local run=$MINIPOD_ROOT/run/pods/default_web
	pod web 'exit 0' "$never"
	mkdir -p "$run"
	printf '{}' >"$run/status.json"
	run_pod "$T/web.json"
	assert_status 125
	assert_match "$T/err" 'already exists' # somebody may be at it this moment
	touch -d '-3 seconds' "$run"
	run_pod "$T/web.json"
	assert_status 0
}

# The state between the last turn and the last status, which is written by way of a file of that name.
test_pod_whose_last_status_was_not_written_is_finished_by_recover() {
	local run=$MINIPOD_ROOT/run/pods/default_web obstacle
	pod web 'while [ ! -e /dev/shm/go ]; do sleep 0.02; done; exit 3' "$never"
	run_d --result-file "$T/result.json" "$T/web.json"
	obstacle=$run/.replace-$(supervisor_of web).tmp
	mkdir "$obstacle"
	minipod exec web -- touch /dev/shm/go
	wait_until 10 'the end of its supervisor' is_unsupervised web
	assert_match <(minipod get pods) '^web +[01]/1 +Unknown +0 '
	rmdir "$obstacle"
	recover web
	assert_status 0
	minipod wait web --for=jsonpath='{.status.phase}'=Failed --timeout=10s
	wait_until 10 'the end of the second supervisor' is_unsupervised web
	assert_json 3 "$T/result.json" '.status.containerStatuses[0].state.terminated.exitCode'
	recover web
	assert_match "$T/err" 'pod/web: the pod has ended'
	minipod replay "$run/trace.jsonl" >"$T/out"
	assert_match "$T/out" ': the same$'
	minipod delete web
}

test_journal_that_was_cut_in_a_line_is_mended() {
	pod web 'sleep 1000'
	run_d "$T/web.json"
	kill_supervisor web
	printf '{"t":1,"wall":2,"tur' >>"$MINIPOD_ROOT/run/pods/default_web/trace.jsonl"
	recover web
	assert_status 0
	minipod replay "$MINIPOD_ROOT/run/pods/default_web/trace.jsonl" >"$T/out"
	assert_match "$T/out" ': the same$'
	minipod delete web --now
}

is_other_file() {
	[[ $(stat -c %i "$1") != "$2" ]]
}

event_counts() {
	minipod events --for "pod/$1" -o json | jq -r '.items[] | "\(.count) \(.reason)"' | sort | paste -sd,
}

test_journal_is_shortened_and_everything_goes_on() {
	local journal=$MINIPOD_ROOT/run/pods/default_web/trace.jsonl before file watcher
	pod web 'until rm /dev/shm/go 2>/dev/null; do sleep 0.1; done' '{}' '{"readinessProbe":{"exec":{"command":["true"]},"periodSeconds":1}}'
	run_d --journal-max-size 6Ki "$T/web.json"
	"$MINIPOD" --root "$MINIPOD_ROOT" events --for pod/web -w >"$T/watched" &
	watcher=$!
	minipod wait web --for=condition=Ready --timeout=10s
	before=$(get_pod web '{.status.podIP} {.status.containerStatuses[0].containerID}')
	file=$(stat -c %i "$journal")
	wait_until 20 'a shorter journal' is_other_file "$journal" "$file"
	assert_match <(head -n 1 "$journal") '"version":2'
	assert_match "$journal" '"state":\{"layout":1,'
	assert_count 0 "$journal" 'setupVolumes'
	assert_between 1000 6144 "$(stat -c %s "$journal")" 'its size'
	assert_eq '1 Created,1 Pulled,1 Pulling,1 Started' "$(event_counts web)" events

	file=$(stat -c %i "$journal")
	kill_supervisor web
	recover web
	assert_status 0
	minipod wait web --for=condition=Ready --timeout=10s
	assert_eq "$before" "$(get_pod web '{.status.podIP} {.status.containerStatuses[0].containerID}')" 'address and container'
	minipod exec web -- touch /dev/shm/go
	wait_until 20 'a restart' restarts_are web 1
	wait_until 20 'the next one' is_other_file "$journal" "$file"
	minipod replay "$journal" >"$T/out"
	assert_match "$T/out" ': the same$'
	# Each event is told once, whatever becomes of its journal meanwhile.
	wait_until 20 'the watcher to tell both starts' has_started_twice "$T/watched"
	kill "$watcher"
	assert_count 2 "$T/watched" 'Container created'
	minipod delete web --now
}

has_started_twice() {
	[[ $(grep -c 'Container started' "$1") -ge 2 ]]
}

restarts_are() {
	[[ $(get_pod "$1" '{.status.containerStatuses[0].restartCount}') == "$2" ]]
}

test_what_was_applied_is_in_the_journal() {
	local journal=$MINIPOD_ROOT/run/pods/default_web/trace.jsonl
	pod web 'sleep 1000'
	run_d "$T/web.json"
	minipod image tag busybox other:1
	jq '.spec.containers[0].image = "other:1" | .spec.activeDeadlineSeconds = 1000' "$T/web.json" >"$T/new.json"
	minipod apply -f "$T/new.json" >"$T/out"
	assert_line "$T/out" 'pod/web configured'
	wait_until 20 'a restart' restarts_are web 1
	minipod replay "$journal" >"$T/out"
	assert_match "$T/out" ': the same$'
	minipod delete web --now
}

# Its supervisor died between writing pod.json and telling the machine.
test_image_that_was_applied_and_not_told_is_found_by_recover() {
	local run=$MINIPOD_ROOT/run/pods/default_web
	pod web 'sleep 1000'
	run_d "$T/web.json"
	minipod image tag busybox other:1
	kill_supervisor web
	jq -c '.spec.containers[0].image = "other:1"' "$run/pod.json" >"$T/pod.json"
	cat "$T/pod.json" >"$run/pod.json"
	recover web
	assert_status 0
	wait_until 20 'a restart' restarts_are web 1
	assert_match <(get_pod web '{.status.containerStatuses[0].image}') 'other:1'
	minipod replay "$run/trace.jsonl" >"$T/out"
	assert_match "$T/out" ': the same$'
	minipod delete web --now
}

test_terminal_and_input_outlive_the_supervisor() {
	# shellcheck disable=SC2016 # for the container's shell
	pod web 'read -r a; echo "one $a"; read -r b; echo "two $b"; sleep 1000' '{}' '{"stdin":true,"tty":true}'
	run_d "$T/web.json"
	kill_supervisor web
	recover web
	assert_status 0
	printf 'first\n' | minipod attach -i web >/dev/null 2>&1 &
	wait_until 10 'the first line' logs_have web 'one first'
	kill_supervisor web
	recover web
	printf 'second\n' | minipod attach -i web >/dev/null 2>&1 &
	wait_until 10 'the second line' logs_have web 'two second'
	minipod delete web --now
	wait
}

logs_have() {
	minipod logs "$1" | grep -q -- "$2"
}

test_ephemeral_container_outlives_the_supervisor() {
	pod web 'sleep 1000'
	run_d "$T/web.json"
	minipod debug web --image=busybox -c look --attach=false -- sh -c 'while :; do echo looking; sleep 0.1; done' \
		>"$T/out" 2>&1 || skip "debug: $(cat "$T/out")"
	wait_until 10 'its first words' logs_of_look_grow 0
	kill_supervisor web
	recover web
	assert_status 0
	assert_eq 'true look' "$(minipod get pod web -o json | jq -r '.status.ephemeralContainerStatuses[0] | "\(.state | has("running")) \(.name)"')" 'its status'
	wait_until 10 'more words' logs_of_look_grow "$(minipod logs web -c look | wc -l)"
	minipod delete web --now
}

logs_of_look_grow() {
	[[ $(minipod logs web -c look | wc -l) -gt $1 ]]
}

# What a unit does: run --recover --replace, and listen to what it is told.
start_service() {
	rm -f "$TMP/notify.sock"
	python3 - "$TMP/notify.sock" >>"$T/notified" <<-'PYTHON' &
		import socket, sys
		s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
		s.bind(sys.argv[1])
		while True:
		    text = s.recv(4096).decode()
		    print(text, end="", flush=True)
		    if "STOPPING=1" in text:
		        break
	PYTHON
	listener=$!
	wait_until 5 'the listener' test -S "$TMP/notify.sock"
	NOTIFY_SOCKET=$TMP/notify.sock start_pod --recover --replace "$T/$1.json"
}

test_service_manager_is_told_and_its_pod_survives_its_supervisor() {
	local before
	command -v python3 >/dev/null || skip 'no python3'
	pod web 'trap "exit 0" TERM; while :; do sleep 0.1; done'
	start_service web
	wait_for_line 10 "$T/notified" '^READY=1$'
	assert_line "$T/notified" 'STATUS=Running, 1 of 1 containers ready'
	before=$(get_pod web '{.status.containerStatuses[0].containerID}')
	kill -KILL "$pod_pid" "$listener"
	wait "$pod_pid" "$listener" 2>/dev/null || true
	: >"$T/notified"
	start_service web
	wait_for_line 10 "$T/notified" '^READY=1$'
	assert_eq "$before" "$(get_pod web '{.status.containerStatuses[0].containerID}')" 'the container'
	kill -TERM "$pod_pid"
	wait_for_line 10 "$T/notified" '^EXTEND_TIMEOUT_USEC=6000000$'
	wait_pod 20
	wait "$listener"
	rm "$TMP/notify.sock"
}

run_tests
