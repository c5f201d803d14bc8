#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# stdin, stdinOnce and tty of a container, attach, and terminals of exec.
# shellcheck disable=SC2016 # dollar signs are for the shells in containers
. "$(dirname "$0")/../support/pod_lib.sh"

# pod FIELDS COMMAND: one container "c" with these fields of its own.
pod() {
	jq -n --argjson fields "$1" --arg command "$2" '{ apiVersion: "v1", kind: "Pod", metadata: { name: "web" },
		spec: { restartPolicy: "Never", terminationGracePeriodSeconds: 1, containers: [
			{ name: "c", image: "busybox", command: ["sh", "-c", $command] } + $fields ] } }' >"$T/web.json"
	minipod run -d "$T/web.json" >/dev/null
}

call() {
	status=0
	minipod "$@" >"$T/out" 2>"$T/err" </dev/null || status=$?
}

# typing WORD: attaches with a line of input, in the background. Sets typist.
typing() {
	: >"$T/err"
	"$MINIPOD" --root "$MINIPOD_ROOT" attach -i web >/dev/null 2>"$T/err" <<<"$1" &
	typist=$!
}

logged() {
	minipod logs web | grep -q -- "$1"
}

test_attach_passes_input_and_output_and_the_exit_code() {
	pod '{"stdin":true}' 'echo ready; while read -r line; do echo "got $line"; [ "$line" != end ] || exit 6; done; echo eof'
	wait_until 5 'the container' logged ready
	status=0
	printf 'one\nend\n' | minipod attach -i web >"$T/out" 2>"$T/err" || status=$?
	assert_status 6
	assert_order "$T/out" '^got one$' '^got end$'
	logged 'got one'
	minipod delete web
}

test_input_goes_on_for_the_next_client_unless_it_is_once() {
	pod '{"stdin":true}' 'while read -r line; do echo "got $line"; done; echo eof'
	typing one
	wait_until 5 'the first line' logged 'got one'
	kill "$typist"
	wait "$typist" || true
	! logged eof || fail 'stdin was closed'
	typing two
	wait_until 5 'the second line' logged 'got two'
	kill "$typist"
	wait "$typist" || true
	minipod delete web
	pod '{"stdin":true,"stdinOnce":true}' 'while read -r line; do echo "got $line"; done; echo eof; sleep 1000'
	typing one
	wait_until 5 'the end of the input' logged eof
	kill "$typist"
	wait "$typist" || true
	typing two
	wait_for_line 5 "$T/err" 'takes no input'
	kill "$typist"
	wait "$typist" || true
	minipod delete web
}

test_attach_separates_the_streams_and_refuses_what_cannot_be() {
	pod '{}' 'while :; do echo out; echo err >&2; sleep 0.1; done'
	"$MINIPOD" --root "$MINIPOD_ROOT" attach web >"$T/o" 2>"$T/e" </dev/null &
	typist=$!
	wait_for_line 5 "$T/o" '^out$'
	wait_for_line 5 "$T/e" '^err$'
	kill "$typist"
	wait "$typist" || true
	assert_no_match "$T/o" err
	call attach web -c nobody
	assert_status 1
	call attach nobody
	assert_line "$T/err" 'Error from server (NotFound): pods "nobody" not found'
	minipod delete web
	pod '{}' 'exit 0'
	wait_until 5 'its end' sh -c "'$MINIPOD' --root '$MINIPOD_ROOT' get pods | grep -q Completed"
	call attach web
	assert_line "$T/err" 'error: cannot attach a container in a completed pod; current phase is Succeeded'
	minipod delete web
}

test_container_with_a_tty_has_a_console_and_its_output_is_logged() {
	pod '{"tty":true,"stdin":true}' 'tty; test -t 0 && test -t 1 && test -t 2 && echo is a terminal; echo $TERM; echo >/dev/console by console; sleep 1000'
	wait_until 5 'the output' logged 'by console'
	minipod logs web >"$T/log"
	tr -d '\r' <"$T/log" >"$T/plain"
	assert_line "$T/plain" /dev/pts/0
	assert_line "$T/plain" 'is a terminal'
	assert_line "$T/plain" xterm
	minipod delete web
}

# typed SCRIPT: a shell on a terminal of its own of 33 rows and 77 columns; what it shows into $T/typed.
typed() {
	command -v script >/dev/null || skip 'no script(1)'
	printf '%s\n' "$1" >"$T/script"
	# Its end of input would be typed on the terminal.
	exec 9< <(exec sleep 1000)
	local typist=$!
	MINIPOD_ROOT=$MINIPOD_ROOT script -qec "stty rows 33 cols 77; M='$MINIPOD'; . '$T/script'" /dev/null <&9 9<&- |
		tr -d '\r' >"$T/typed"
	kill "$typist"
	wait "$typist" || true
	exec 9<&-
}

test_exec_t_uses_a_terminal_of_the_containers_own() {
	pod '{}' 'sleep 1000'
	typed '$M exec -it web -- sh -c '\''tty; stty size; echo $TERM; test -e $(tty) && echo exists; exit 5'\''; echo code $?'
	assert_line "$T/typed" /dev/pts/0
	assert_line "$T/typed" '33 77'
	assert_line "$T/typed" xterm
	assert_line "$T/typed" exists
	assert_line "$T/typed" 'code 5'
	minipod delete web
}

test_terminal_is_restored_after_a_signal_and_follows_the_size() {
	pod '{}' 'sleep 1000'
	typed 'before=$(stty -g); (sleep 1; stty rows 44 cols 88 </dev/tty; sleep 1; kill -TERM $(cat '"$T"'/pid)) &
		sh -c "echo \$\$ >'"$T"'/pid; exec $M exec -it web -- sh -c '\''trap \"stty size\" WINCH; while :; do sleep 0.2; done'\''"
		echo code $?; [ "$before" = "$(stty -g)" ] || stty -a; [ "$(stty -g)" = "$before" ] && echo restored'
	assert_line "$T/typed" '44 88'
	assert_line "$T/typed" 'code 143'
	assert_line "$T/typed" restored
	minipod delete web
}

test_attach_t_works_on_the_containers_terminal() {
	pod '{"tty":true,"stdin":true}' 'while read -r line; do echo "got $line"; stty size; [ "$line" != end ] || exit 3; done'
	typed '(sleep 1; echo end) | script -qec "stty rows 20 cols 50; $M attach -it web; echo code \$?" /dev/null'
	assert_line "$T/typed" 'got end'
	assert_line "$T/typed" '20 50'
	assert_line "$T/typed" 'code 3'
	minipod delete web
}

test_client_that_does_not_read_never_holds_up_a_container() {
	command -v python3 >/dev/null || skip 'no python3'
	pod '{}' 'until [ -e /go ]; do sleep 0.1; done; dd if=/dev/zero bs=65536 count=200 2>/dev/null | tr "\0" "x" | fold -w 100; echo done'
	python3 - "$MINIPOD_ROOT/run/pods/default_web" "'$MINIPOD' --root '$MINIPOD_ROOT' exec web -- touch /go" >"$T/out" <<-'PYTHON'
		import array, json, os, socket, sys
		os.chdir(sys.argv[1])
		s = socket.socket(socket.AF_UNIX)
		s.connect("control.sock")
		ours, theirs = zip(socket.socketpair(), socket.socketpair())
		s.sendmsg([b'{"version":1,"request":"attach","container":"c"}\n'],
		          [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [t.fileno() for t in theirs]))])
		lines = s.makefile()
		print(json.loads(lines.readline())["ok"], flush=True)
		os.system(sys.argv[2])
		print("refused", json.loads(lines.readline())["errno"])
	PYTHON
	assert_line "$T/out" True
	assert_line "$T/out" 'refused 105'
	wait_until 20 'the end of the output' logged 'done'
	minipod delete web
}

run_tests
