#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The verbs on a pod that runs, crashes or is being deleted.
. "$(dirname "$0")/../support/pod_lib.sh"

start_web() {
	cat >"$T/web.json" <<-'JSON'
		{ "apiVersion": "v1", "kind": "Pod",
		  "metadata": { "name": "web", "labels": { "app": "web" } },
		  "spec": { "terminationGracePeriodSeconds": 3,
			"readinessGates": [ { "conditionType": "example.com/gate" } ],
			"initContainers": [ { "name": "prep", "image": "busybox", "command": ["echo", "prepared"] } ],
			"containers": [
			{ "name": "web", "image": "busybox", "command": ["sh", "-c",
			  "trap 'echo bye; exit 0' TERM; echo two >&2; sleep 0.1; echo one; echo three; while :; do sleep 1 & wait $!; done"] },
			{ "name": "side", "image": "busybox", "command": ["sh", "-c", "trap 'sleep 1; exit 0' TERM; while :; do sleep 1 & wait $!; done"] } ] } }
	JSON
	minipod run -d "$T/web.json" >/dev/null
	wait_until 20 'the last line' sh -c "'$MINIPOD' --root '$MINIPOD_ROOT' logs web -c web | grep -q three"
}

call() {
	status=0
	minipod "$@" >"$T/out" 2>"$T/err" </dev/null || status=$?
}

test_get_has_kubectls_columns_and_objects() {
	start_web
	call get pods
	assert_status 0
	assert_order "$T/out" '^NAME   READY   STATUS    RESTARTS   AGE$' '^web    2/2     Running   0 '
	call get pods -o wide -A
	assert_match "$T/out" '^NAMESPACE   NAME   READY   STATUS    RESTARTS   AGE +IP +NODE +NOMINATED NODE   READINESS GATES$'
	assert_match "$T/out" '^default     web    2/2     Running .* 0/1$'
	assert_match "$T/out" " $(uname -n) +<none> "
	call get pods -o name
	assert_line "$T/out" pod/web
	call get pods -o json
	assert_json '["v1","List","web"]' "$T/out" '[.apiVersion, .kind, .items[0].metadata.name]'
	call get pod web -o yaml
	assert_line "$T/out" 'kind: Pod'
	call get pod web -o 'jsonpath={range .status.containerStatuses[*]}{.name}{"\n"}{end}'
	assert_order "$T/out" '^side$' '^web$'
	call get pod nobody
	assert_status 1
	assert_line "$T/err" 'Error from server (NotFound): pods "nobody" not found'
	call get pods -n elsewhere
	assert_status 0
	assert_line "$T/err" 'No resources found in elsewhere namespace.'
	minipod delete web --now
}

test_get_w_prints_each_change() {
	start_web
	"$MINIPOD" --root "$MINIPOD_ROOT" get pods -w >"$T/watch" 2>&1 &
	local watcher=$!
	wait_for_line 5 "$T/watch" '^web +2/2 +Running'
	minipod delete web
	wait_for_line 5 "$T/watch" '^web +2/2 +Terminating'
	kill "$watcher"
	wait "$watcher" || true
}

test_describe_shows_containers_conditions_and_events() {
	start_web
	call describe pod web
	assert_status 0
	assert_order "$T/out" '^Name: +web$' '^Labels: +app=web$' '^Status: +Running$' '^Init Containers:$' \
		'^  prep:$' '^    State: +Terminated$' '^      Exit Code: +0$' '^Containers:$' '^  web:$' \
		'^    State: +Running$' '^Conditions:$' '^  Ready +False' '^QoS Class: +BestEffort$' \
		'^Events:$' '^  Normal +Started +.* minipod +Container started$'
	call describe nobody
	assert_status 1
	call logs deploy/web
	assert_match "$T/err" "^error: the server doesn't have a resource type \"deploy\""
	call exec deploy/web -- true
	assert_match "$T/err" "^error: the server doesn't have a resource type \"deploy\""
	minipod delete web --now
}

test_logs_choose_tail_mark_and_limit() {
	start_web
	call logs web
	assert_line "$T/err" 'Defaulted container "web" out of: web, side, prep (init)'
	assert_order "$T/out" '^one$' '^three$'
	assert_line "$T/err" two
	call logs web -c web --tail=1
	assert_count 1 "$T/out" .
	assert_line "$T/out" three
	call logs web -c web --tail=1 --timestamps --prefix
	assert_match "$T/out" '^\[pod/web/web\] [0-9]{4}-[0-9-]+T[0-9:]+\.[0-9]{9}Z three$'
	call logs web --all-containers --prefix
	assert_line "$T/out" '[pod/web/prep] prepared'
	call logs web -c web --tail=1 --limit-bytes=2
	assert_eq th "$(cat "$T/out")" 'what two bytes show'
	call logs web -c web -p
	assert_status 1
	assert_line "$T/err" 'Error from server (BadRequest): previous terminated container "web" in pod "web" not found'
	call logs web -c nobody
	assert_line "$T/err" 'error: container nobody is not valid for pod web'
	minipod delete web --now
}

test_logs_of_a_selector_show_ten_entries_of_each_pod() {
	local name
	for name in a b; do
		jq -n --arg name "$name" '{apiVersion: "v1", kind: "Pod", metadata: {name: $name, labels: {app: "web"}},
			spec: {terminationGracePeriodSeconds: 1, initContainers: [{name: "prep", image: "busybox", command: ["echo", "prepared"]}],
				containers: [{name: "c", image: "busybox", command: ["sh", "-c", "seq 12; trap \"exit 0\" TERM; while :; do sleep 1 & wait $!; done"]}]}}' >"$T/$name.json"
		minipod run -d "$T/$name.json" >/dev/null
		wait_until 5 'the last line' sh -c "'$MINIPOD' --root '$MINIPOD_ROOT' logs $name -c c | grep -qx 12"
	done
	call logs -l app=web --prefix
	assert_status 0
	assert_count 10 "$T/out" '^\[pod/a/c\] '
	assert_order "$T/out" '^\[pod/a/c\] 3$' '^\[pod/a/c\] 12$' '^\[pod/b/c\] 3$' '^\[pod/b/c\] 12$'
	call logs -l app=web --tail=-1 --all-containers
	assert_count 26 "$T/out" .
	call logs -l app=other
	assert_status 0
	assert_line "$T/err" 'No resources found in default namespace.'
	call logs -l app=web -f --max-log-requests=1
	assert_status 1
	assert_line "$T/err" 'error: you are attempting to follow 2 log streams, but maximum allowed concurrency is 1, use --max-log-requests to increase the limit'
	call logs -l app=web a
	assert_line "$T/err" 'error: only a selector (-l) or a POD name is allowed'
	call logs
	assert_match "$T/err" '^error: POD or TYPE/NAME is a required argument for the logs command'
	minipod logs -l app=web -f --prefix --tail=1 >"$T/followed" 2>/dev/null &
	local follower=$!
	wait_for_line 5 "$T/followed" '^\[pod/b/c\] 12$'
	minipod delete a
	kill -0 "$follower"
	minipod delete b
	wait_until 5 'the follower' pod_is_gone "$follower"
	wait "$follower"
}

test_logs_f_ends_with_the_container_and_misses_nothing() {
	start_web
	minipod logs web -c web -f >"$T/followed" 2>/dev/null &
	local follower=$!
	wait_for_line 5 "$T/followed" '^three$'
	minipod delete web
	wait_until 5 'the follower' pod_is_gone "$follower"
	wait "$follower"
	assert_order "$T/followed" '^one$' '^three$' '^bye$'
}

watches_something() {
	grep -qs '^inotify wd' "/proc/$1/fdinfo"/*
}

# There is no file before the first byte of output, nor anything in its way once it comes.
test_silent_container_has_an_empty_log_that_can_be_followed() {
	cat >"$T/shy.json" <<-'JSON'
		{ "apiVersion": "v1", "kind": "Pod", "metadata": { "name": "shy" },
		  "spec": { "restartPolicy": "Never", "containers": [
			{ "name": "late", "image": "busybox", "command": ["sh", "-c",
			  "while [ ! -e /dev/shm/go ]; do sleep 0.02; done; echo first; while [ -e /dev/shm/go ]; do sleep 0.02; done; echo last"] },
			{ "name": "silent", "image": "busybox", "command": ["true"] } ] } }
	JSON
	minipod run -d --wait-for=started "$T/shy.json" >/dev/null
	call logs shy -c silent
	assert_status 0
	assert_count 0 "$T/out" .
	call logs shy --all-containers --tail=3
	assert_status 0
	assert_count 0 "$T/out" .
	assert_count 0 "$T/err" .
	[[ -z $(ls "$MINIPOD_ROOT/log/pods" 2>/dev/null) ]] || fail 'there are log directories'
	"$MINIPOD" --root "$MINIPOD_ROOT" logs shy -c late -f --tail=0 >"$T/followed" 2>"$T/err" &
	local follower=$!
	wait_until 5 'the follower to wait' watches_something "$follower"
	minipod exec shy -c late -- touch /dev/shm/go
	wait_for_line 5 "$T/followed" '^first$'
	[[ -f $(echo "$MINIPOD_ROOT"/log/pods/default_shy_*/late/0.log) ]] || fail 'no file where a node has it'
	minipod exec shy -c late -- rm /dev/shm/go
	wait_until 5 'the follower' pod_is_gone "$follower"
	wait "$follower"
	assert_eq $'first\nlast' "$(cat "$T/followed")" 'what the follower saw'
	call logs shy -c silent -f
	assert_status 0
	minipod delete shy --now
	[[ -z $(ls "$MINIPOD_ROOT/log/pods") ]] || fail 'the log directory is still there'
}

pod_is_gone() {
	local state
	state=$(awk '/^State:/ { print $2 }' "/proc/$1/status" 2>/dev/null) || return 0
	[[ -z $state || $state == Z ]]
}

test_crash_loop_shows_the_last_instance() {
	cat >"$T/crash.json" <<-'JSON'
		{ "apiVersion": "v1", "kind": "Pod", "metadata": { "name": "crash" },
		  "spec": { "containers": [ { "name": "c", "image": "busybox",
			"command": ["sh", "-c", "echo life; exit 3"] } ] } }
	JSON
	minipod run -d "$T/crash.json" >/dev/null
	wait_until 5 'the back-off' sh -c "'$MINIPOD' --root '$MINIPOD_ROOT' get pods | grep -q CrashLoopBackOff"
	call logs crash
	assert_line "$T/out" life
	call logs crash -p
	assert_line "$T/out" life
	call exec crash -- true
	assert_status 1
	minipod delete crash --now
}

test_exec_passes_streams_and_exit_code() {
	start_web
	call exec web -c web -- sh -c 'echo out; echo err >&2; exit 7'
	assert_status 7
	assert_line "$T/out" out
	assert_line "$T/err" err
	assert_line "$T/err" 'command terminated with exit code 7'
	call exec web -c web -- no-such-program
	assert_status 127
	call exec web -c web -- /etc/passwd
	assert_status 126
	call exec web -c nobody -- true
	assert_status 1
	assert_line "$T/err" 'error: container nobody is not valid for pod web'
	call exec web -c prep -- true
	assert_line "$T/err" 'error: container prep does not run'
	call exec web ls
	assert_line "$T/err" 'error: exec [POD] [COMMAND] is not supported anymore. Use exec [POD] -- [COMMAND] instead'
	call exec web -c web -- sh -c 'kill -TERM $$'
	assert_status 143
	seq 100000 >"$T/in"
	minipod exec -i web -c web -- cat <"$T/in" >"$T/copy"
	cmp "$T/in" "$T/copy"
	minipod delete web --now
}

test_exec_on_a_terminal_restores_it_and_passes_the_size() {
	command -v script >/dev/null || skip 'no script(1)'
	start_web
	# Its end of input would be typed on the terminal.
	exec 9< <(exec sleep 1000)
	local typist=$!
	# shellcheck disable=SC2016 # for the inner shells
	script -qec 'stty rows 33 cols 77; before=$(stty -g); '"'$MINIPOD' --root '$MINIPOD_ROOT'"' exec -it web -c web -- sh -c "test -t 0 && stty size; exit 5"; echo code $?; [ "$before" = "$(stty -g)" ] && echo restored' \
		/dev/null <&9 9<&- | tr -d '\r' >"$T/typed"
	kill "$typist"
	wait "$typist" || true
	exec 9<&-
	assert_line "$T/typed" '33 77'
	assert_line "$T/typed" 'code 5'
	assert_line "$T/typed" 'restored'
	minipod delete web --now
}

test_wait_for_conditions_paths_and_deletion() {
	start_web
	call wait web --for=condition=Ready --timeout=300ms
	assert_status 1
	assert_line "$T/err" 'error: timed out waiting for the condition on pods/web'
	minipod set-condition web example.com/gate=True
	call wait web --for=condition=Ready --timeout=10s
	assert_status 0
	assert_line "$T/out" 'pod/web condition met'
	call wait web --for=jsonpath=status.phase=Running --timeout=5s
	assert_status 0
	call wait web --for=jsonpath=status.reason --timeout=300ms
	assert_status 1
	assert_line "$T/err" 'error: timed out waiting for the condition on pods/web'
	call wait web
	assert_match "$T/err" '^error: --for is missing: --for=condition=Ready'
	call set-condition web example.com/other=True
	assert_status 1
	minipod delete web --wait=false >/dev/null
	call get pods
	assert_match "$T/out" '^web +2/2 +Terminating '
	call get pod web -o 'jsonpath={.metadata.deletionGracePeriodSeconds}'
	assert_eq 3 "$(cat "$T/out")" 'the grace period'
	call wait web --for=delete --timeout=20s
	assert_status 0
}

# An API server answers when it has stored what was asked for. The supervisor gets the processor only when
# nobody else of its processor wants it: whoever was told "ok" looks before it goes on.
test_what_a_client_was_told_shows_when_it_looks() {
	cat >"$T/gate.json" <<-'JSON'
		{ "apiVersion": "v1", "kind": "Pod", "metadata": { "name": "gate" },
		  "spec": { "readinessGates": [ { "conditionType": "a/b" } ], "terminationGracePeriodSeconds": 1,
			"containers": [ { "name": "c", "image": "busybox", "command": ["sleep", "54321"] } ] } }
	JSON
	taskset -c 0 chrt --idle 0 "$MINIPOD" --root "$MINIPOD_ROOT" run -d "$T/gate.json" >/dev/null
	cat >"$T/look.sh" <<-'SH'
		for wanted in True False True False True False True False; do
			"$MINIPOD" --root "$MINIPOD_ROOT" set-condition gate a/b=$wanted >/dev/null
			"$MINIPOD" --root "$MINIPOD_ROOT" get pod gate -o "jsonpath={.status.conditions[?(@.type=='a/b')].status} "
		done
		"$MINIPOD" --root "$MINIPOD_ROOT" delete gate --wait=false >/dev/null
		"$MINIPOD" --root "$MINIPOD_ROOT" get pod gate -o 'jsonpath={.metadata.deletionGracePeriodSeconds}'
	SH
	assert_eq 'True False True False True False True False 1' "$(taskset -c 0 bash "$T/look.sh")" 'what was seen'
	minipod wait gate --for=delete
}

test_delete_refuses_what_makes_no_sense() {
	call delete nobody
	assert_status 1
	assert_line "$T/err" 'Error from server (NotFound): pods "nobody" not found'
	call delete nobody --ignore-not-found
	assert_status 0
	call delete
	assert_status 1
	call delete x --now --grace-period=3
	assert_status 1
}

test_pod_of_a_killed_supervisor_is_unknown_and_can_be_deleted() {
	cat >"$T/web.json" <<-'JSON'
		{ "apiVersion": "v1", "kind": "Pod", "metadata": { "name": "web" },
		  "spec": { "containers": [ { "name": "c", "image": "busybox", "command": ["sleep", "1000"] } ] } }
	JSON
	minipod run -d "$T/web.json" >/dev/null
	local pid
	pid=$(pgrep -f -- "run -d $T/web.json")
	kill -KILL "$pid"
	wait_until 5 Unknown sh -c "'$MINIPOD' --root '$MINIPOD_ROOT' get pods | grep -q Unknown"
	assert_eq Unknown "$(minipod get pod web -o 'jsonpath={.status.phase}')" 'the phase'
	call exec web -- true
	assert_status 1
	call delete web
	assert_status 0
	call get pods
	assert_line "$T/err" 'No resources found in default namespace.'
}

test_pod_of_a_killed_supervisor_is_ended_in_the_cgroup_root_it_was_started_with() {
	cat >"$T/web.json" <<-'JSON'
		{ "apiVersion": "v1", "kind": "Pod", "metadata": { "name": "web" },
		  "spec": { "containers": [ { "name": "c", "image": "busybox", "command": ["sleep", "1234"] } ] } }
	JSON
	minipod --cgroup-root minipod/minipod run -d "$T/web.json" >/dev/null
	kill -KILL "$(pgrep -f -- "run -d $T/web.json")"
	wait_until 5 Unknown sh -c "'$MINIPOD' --root '$MINIPOD_ROOT' get pods | grep -q Unknown"
	pgrep -f '^sleep 1234' >/dev/null || fail 'the container died with the supervisor'
	call exec web -- true
	assert_match "$T/err" 'minipod recover'
	call delete web
	assert_status 0
	! pgrep -f '^sleep 1234' >/dev/null || fail 'the container lives on without its pod'
}

test_hostile_client_gets_an_answer_and_hurts_nobody() {
	command -v python3 >/dev/null || skip 'no python3'
	start_web
	python3 - "$MINIPOD_ROOT/run/pods/default_web" >"$T/out" <<-'PYTHON'
		import json, os, socket, sys
		os.chdir(sys.argv[1])
		def connect():
		    s = socket.socket(socket.AF_UNIX)
		    s.connect("control.sock") # waits while the queue of connections is full
		    s.settimeout(30)
		    return s
		def ask(text):
		    s = connect()
		    s.sendall(text)
		    return s.makefile().readline().strip()
		for text in (b"{\n", b"[]\n", b'{"version":2,"request":"watch"}\n', b'{"version":1,"request":"fly"}\n',
		             b'{"version":1,"request":"exec","container":"web","argv":["true"]}\n',
		             b'{"version":1,"request":"delete","graceSeconds":-1}\n',
		             b'{"version":1,"request":"watch"}\n{"version":1,"request":"watch"}\n'):
		    print("refused" if json.loads(ask(text))["ok"] is False else "accepted")
		# What is still being sent when the answer comes may cost the answer: either will do.
		try:
		    answer = ask(b"x" * 70000)
		except OSError:
		    answer = ""
		print("long", json.loads(answer)["errno"] if answer else "hung up")
		def watch():
		    s = connect()
		    s.sendall(b'{"version":1,"request":"watch"}\n')
		    lines = s.makefile()
		    return s, lines, json.loads(lines.readline())["ok"]
		# More than there is room for: whoever asks for nothing gives way, one after the other.
		silent = [connect() for _ in range(200)]
		watchers = [watch() for _ in range(200)]
		print("watchers", sum(ok for _, _, ok in watchers))
		_, lines, _ = watch()
		for line in lines: # ends with the time limit of the socket
		    if json.loads(line).get("status", {}).get("phase") == "Running":
		        print("phase Running")
		        break
	PYTHON
	assert_count 7 "$T/out" '^refused$'
	assert_match "$T/out" '^long (90|hung up)'
	assert_line "$T/out" 'watchers 200'
	assert_line "$T/out" 'phase Running'
	minipod delete web --now
}

run_tests
