#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Bad input and unfriendly hosts: one clear sentence on stderr, exit 125, nothing started, nothing left.
. "$(dirname "$0")/../support/pod_lib.sh"

# refused FILE REGEX: run refuses it with such a sentence and starts nothing.
refused() {
	run_pod "$1"
	assert_status 125
	assert_match "$T/err" "$2"
	assert_no_match "$T/err" 'Started'
	[[ ! -s $T/out ]] || fail 'something was printed on stdout'
}

pod() {
	printf '{"apiVersion":"v1","kind":"Pod","metadata":{"name":"p"},"spec":{"restartPolicy":"Never",%s"containers":[{"name":"c","image":"busybox","command":["true"]%s}]}}' \
		"${1:-}" "${2:-}" >"$T/pod.json"
}

test_missing_file() {
	refused "$T/nothing.json" 'nothing.json.*No such file'
}

test_directory_instead_of_a_file() {
	refused "$T" '[Dd]irectory'
}

test_empty_file() {
	: >"$T/pod.json"
	refused "$T/pod.json" 'pod.json'
}

test_neither_json_nor_a_pod() {
	printf 'hello world\n' >"$T/pod.json"
	refused "$T/pod.json" 'pod.json:1'
}

test_wrong_type() {
	pod '"activeDeadlineSeconds":"soon",'
	refused "$T/pod.json" 'pod.json:1:[0-9]+: spec.activeDeadlineSeconds'
}

test_duplicate_key() {
	pod '"hostname":"a","hostname":"b",'
	refused "$T/pod.json" 'pod.json:1:[0-9]+.*hostname'
}

test_unknown_field_says_what_was_meant() {
	pod '' ',"livenesProbe":{}'
	refused "$T/pod.json" 'livenesProbe.*did you mean .*livenessProbe'
}

test_all_errors_at_once() {
	pod '"hostname":"-","terminationGracePeriodSeconds":1,"dnsPolicy":"Best",' ',"imagePullPolicy":"Often"'
	refused "$T/pod.json" 'spec.hostname'
	assert_match "$T/err" 'spec.dnsPolicy: Unsupported value: "Best"'
	assert_match "$T/err" 'spec.containers\[0\].imagePullPolicy: Unsupported value: "Often"'
}

test_sixty_four_levels_of_nesting() {
	{
		printf '[%.0s' {1..64}
		printf ']%.0s' {1..64}
	} >"$T/pod.json"
	refused "$T/pod.json" 'pod.json:1'
}

test_ten_megabytes() {
	head -c 10485760 /dev/zero | tr '\0' ' ' >"$T/pod.json"
	refused "$T/pod.json" 'pod.json'
}

test_nul_in_a_string() {
	pod '' ',"workingDir":"/\u0000"'
	refused "$T/pod.json" 'pod.json:1'
}

test_invalid_utf8() {
	pod '' ",\"workingDir\":\"/$(printf '\xff\xfe')\""
	refused "$T/pod.json" 'pod.json'
}

test_two_pods_are_one_too_many() {
	pod
	cp "$T/pod.json" "$T/second.json"
	sed -i 's/"p"/"q"/' "$T/second.json"
	run_pod "$T/pod.json" "$T/second.json"
	assert_status 125
	assert_match "$T/err" 'one Pod|2 Pods|exactly one'
}

test_unknown_option_says_what_was_meant() {
	status=0
	minipod run --no-prefx x 2>"$T/err" || status=$?
	assert_status 125
	assert_match "$T/err" 'did you mean --no-prefix'
}

# option_refused REGEX OPTION...: as refused, for what the command line says.
option_refused() {
	local want=$1
	shift
	status=0
	timeout 20 "$MINIPOD" run "$@" "$T/pod.json" >"$T/out" 2>"$T/err" || status=$?
	assert_status 125
	assert_match "$T/err" "$want"
	assert_no_match "$T/err" 'Normal|FailedCreatePod'
}

test_ranges_and_cgroup_roots_that_cannot_work_are_refused_before_the_pod_starts() {
	pod
	option_refused "--pod-cidr: address range 'here' is not like 10" --pod-cidr here
	option_refused "--pod-cidr: .*10.0.0.0/32" --pod-cidr 10.0.0.0/32
	option_refused "--cgroup-root: cgroup root '../up'" --cgroup-root ../up
	option_refused "--cgroup-root: cgroup root '/'" --cgroup-root /
	option_refused 'at most 255 characters' --cgroup-root "$(printf 'a%.0s' {1..256})"
}

test_log_size_that_keeps_nothing_is_refused() {
	pod
	run_pod --log-max-size 1 "$T/pod.json"
	assert_status 125
	assert_match "$T/err" "--log-max-size: '1' would rotate a log at each line: at least 4Ki, or 0 for never"
	run_pod -q --log-max-size 4Ki "$T/pod.json"
	assert_status 0
}

test_result_file_never_takes_the_place_of_a_device_or_a_link() {
	pod
	mkfifo "$T/fifo"
	ln -s "$T/fifo" "$T/link"
	option_refused '--result-file .*/fifo: is not a regular file' --result-file "$T/fifo"
	option_refused '--result-file .*/link: is not a regular file' --result-file "$T/link"
	[[ -p $T/fifo && -L $T/link ]] || fail 'it was replaced'
}

test_manifest_with_an_empty_name_is_asked_for_by_name() {
	refused '' 'name of a manifest is empty'
}

test_pod_name_too_long_for_the_files_is_refused_and_no_pod() {
	local name
	name=$(printf 'a%.0s' {1..211})
	pod
	sed -i "s/\"p\"/\"$name\"/" "$T/pod.json"
	refused "$T/pod.json" 'metadata.name: 218 characters together with the namespace, .* room for 217'
	sed -i "s/\"aa/\"a/" "$T/pod.json"
	run_pod "$T/pod.json"
	assert_status 0
	status=0
	minipod get pod "$(printf 'a%.0s' {1..253})" 2>"$T/err" || status=$?
	assert_status 1
	assert_match "$T/err" 'NotFound.*not found'
}

test_quit_key_deletes_the_pod_as_ctrl_c_does() {
	printf '{"apiVersion":"v1","kind":"Pod","metadata":{"name":"q"},"spec":{"terminationGracePeriodSeconds":1,"containers":[{"name":"c","image":"busybox","command":["sleep","1000"]}]}}' >"$T/pod.json"
	start_pod "$T/pod.json"
	wait_for_line 10 "$T/err" 'Container started'
	kill -QUIT "$pod_pid"
	wait_pod 10
	assert_status 137
	assert_match "$T/err" 'SIGQUIT: deleting the pod'
}

test_lost_standard_output_is_a_failure() {
	status=0
	minipod version >/dev/full 2>"$T/err" || status=$?
	assert_status 1
	assert_match "$T/err" 'standard output: No space left on device'
}

test_somebody_who_is_not_root_is_told_so() {
	pod
	chmod 755 "$TMP" "$T"
	chmod 644 "$T/pod.json"
	status=0
	setpriv --reuid 65534 --regid 65534 --clear-groups "$MINIPOD" run "$T/pod.json" 2>"$T/err" || status=$?
	assert_status 125
	assert_match "$T/err" 'needs root'
}

test_read_only_run_directory() {
	pod
	mkdir -p "$TMP/ro"
	mount -t tmpfs -o ro tmpfs "$TMP/ro"
	status=0
	"$MINIPOD" --root "$TMP/ro/x" run "$T/pod.json" 2>"$T/err" || status=$?
	umount "$TMP/ro"
	assert_status 125
	assert_match "$T/err" 'Read-only file system'
	assert_no_match "$T/err" 'Started'
}

test_full_disk_leaves_nothing_behind() {
	pod
	mkdir -p "$TMP/full"
	mount -t tmpfs -o size=16k tmpfs "$TMP/full"
	head -c 16384 /dev/zero >"$TMP/full/fill" 2>/dev/null || true
	status=0
	timeout 20 "$MINIPOD" --root "$TMP/full/x" run "$T/pod.json" >"$T/out" 2>"$T/err" || status=$?
	# The root's own empty directories may stay; anything of the pod may not.
	find "$TMP/full" -mindepth 1 ! -name fill ! -path "$TMP/full/x" ! -path "$TMP/full/x/run" \
		! -path "$TMP/full/x/run/pods" >"$T/left"
	umount "$TMP/full"
	assert_status 125
	assert_match "$T/err" 'No space left on device'
	[[ ! -s $T/left ]] || fail "left on the disk: $(cat "$T/left")"
}

test_disk_without_room_for_the_image_is_told_at_once_and_left_clean() {
	pod
	mkdir -p "$TMP/small"
	mount -t tmpfs -o size=1m tmpfs "$TMP/small"
	status=0
	timeout 20 "$MINIPOD" --root "$TMP/small/x" run "$T/pod.json" >"$T/out" 2>"$T/err" || status=$?
	find "$TMP/small" -type f ! -path "$TMP/small/x/lib/images/.lock" >"$T/left"
	umount "$TMP/small"
	assert_status 125
	assert_match "$T/err" '^minipod: error: container "c": unpack the embedded image .*: No space left on device$'
	[[ ! -s $T/left ]] || fail "left on the disk: $(cat "$T/left")"
}

test_too_few_open_files_are_told_at_once() {
	pod
	status=0
	(
		# Whoever may raise the limit has no trouble.
		ulimit -n 20
		exec timeout 20 setpriv --bounding-set=-sys_resource --inh-caps=-sys_resource \
			"$MINIPOD" --root "$MINIPOD_ROOT" run "$T/pod.json"
	) >"$T/out" 2>"$T/err" || status=$?
	assert_status 125
	assert_match "$T/err" "^minipod: error: supervising this pod takes up to 112 open files, and the limit is 20: raise it"
}

test_containers_have_the_limit_of_open_files_that_minipod_was_started_with() {
	printf '{"apiVersion":"v1","kind":"Pod","metadata":{"name":"p"},"spec":{"restartPolicy":"Never","containers":[{"name":"c","image":"busybox","command":["sh","-c","ulimit -Sn"]}]}}' >"$T/pod.json"
	status=0
	(
		ulimit -Sn 40
		exec timeout 20 "$MINIPOD" --root "$MINIPOD_ROOT" run --no-prefix "$T/pod.json"
	) >"$T/out" 2>"$T/err" || status=$?
	assert_status 0
	assert_eq 40 "$(cat "$T/out")" 'the limit in a container'
	minipod run --no-prefix "$T/pod.json" >"$T/usual" 2>/dev/null
	ulimit -Sn >"$T/ours"
	cmp "$T/ours" "$T/usual"
}

test_same_name_twice_is_refused_with_the_way_out() {
	printf '{"apiVersion":"v1","kind":"Pod","metadata":{"name":"twin"},"spec":{"restartPolicy":"Never","terminationGracePeriodSeconds":1,"containers":[{"name":"c","image":"busybox","command":["sh","-c","trap exit TERM; while :; do sleep 0.1; done"]}]}}' >"$T/pod.json"
	start_pod "$T/pod.json"
	wait_for_line 10 "$T/err" 'Container started'
	status=0
	minipod run "$T/pod.json" 2>"$T/second" || status=$?
	assert_status 125
	assert_match "$T/second" 'already exists'
	kill -TERM "$pod_pid"
	wait_pod 10
}

test_an_empty_root_is_not_the_systems() {
	status=0
	"$MINIPOD" --root '' delete --all 2>"$T/err" >"$T/out" || status=$?
	assert_status 1
	assert_match "$T/err" '^error: --root is empty: name a directory, or leave it out$'
}

run_tests
