#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# cp: files into a container and out of it, and what a hostile one makes of it.
. "$(dirname "$0")/../support/pod_lib.sh"

# start_web [FIELDS]: the pod "web", with more fields of its spec.
start_web() {
	jq -n --argjson fields "${1:-{\}}" '{ apiVersion: "v1", kind: "Pod", metadata: { name: "web" },
		spec: ({ terminationGracePeriodSeconds: 1,
			containers: [ { name: "c", image: "busybox", command: ["sleep", "1000"],
				volumeMounts: [ { name: "data", mountPath: "/data" } ] } ],
			volumes: [ { name: "data", emptyDir: { medium: "Memory" } } ] } + $fields) }' >"$T/web.json"
	minipod run -d "$T/web.json" >/dev/null
}

call() {
	status=0
	minipod "$@" >"$T/out" 2>"$T/err" </dev/null || status=$?
}

tree() {
	mkdir -p "$T/tree/sub"
	echo one >"$T/tree/one"
	head -c 300000 /dev/urandom >"$T/tree/sub/big"
	chmod 0750 "$T/tree/one"
	ln -s one "$T/tree/link"
}

test_files_and_directories_go_in_and_out() {
	tree
	start_web
	call cp "$T/tree" web:/data
	assert_status 0
	assert_eq one "$(minipod exec web -- cat /data/tree/one)" 'the file'
	assert_eq one "$(minipod exec web -- cat /data/tree/link)" 'the link'
	assert_eq 750 "$(minipod exec web -- stat -c %a /data/tree/one)" 'the mode'
	call cp web:/data/tree "$T/back"
	assert_status 0
	cmp "$T/tree/sub/big" "$T/back/sub/big"
	cmp "$T/tree/one" "$T/back/link"
	call cp "$T/tree/one" default/web:/data/other
	assert_eq one "$(minipod exec web -- cat /data/other)" 'the renamed file'
	call cp web:/data/other "$T/" -c c
	cmp "$T/tree/one" "$T/other"
	call cp "$T/tree/one" web:/data/mode --no-preserve
	assert_eq 644 "$(minipod exec web -- stat -c %a /data/mode)" 'the mode of a new file'
	minipod delete web
}

test_mistakes_are_told() {
	start_web
	call cp web:/nothing "$T/x"
	assert_status 1
	assert_line "$T/err" 'error: web:/nothing: No such file or directory'
	call cp "$T/web.json" web:/no/such/dir/x
	assert_status 1
	assert_line "$T/err" 'error: web:/no/such/dir/x: No such file or directory'
	call cp a b
	assert_line "$T/err" 'error: one of src or dest must be a remote file specification: POD:PATH'
	call cp web:/a web:/b
	assert_line "$T/err" 'error: one of src or dest must be a local file specification'
	call cp nobody:/a "$T/x"
	assert_line "$T/err" 'Error from server (NotFound): pods "nobody" not found'
	call cp "$T/web.json" web:/x -c nobody
	assert_status 1
	minipod delete web
}

test_links_of_a_container_never_lead_out_of_it() {
	start_web
	echo secret >"$T/secret"
	minipod exec web -- sh -c "ln -s '$T' /out; ln -s '$T/secret' /data/leak; mkdir -p /data/d; ln -s /etc/hostname /data/d/x; mkfifo /data/d/fifo"
	call cp web:/data/leak "$T/got"
	assert_status 1
	[[ ! -e $T/got ]] || fail 'a file of the host came out'
	call cp "$T/web.json" web:/out/planted
	assert_status 1
	[[ ! -e $T/planted ]] || fail 'a file was written on the host'
	call cp web:/data/d "$T/d"
	assert_status 0
	assert_match "$T/err" 'not a file or directory'
	assert_match "$T/err" '^warning: skipping symlink: "web:/data/d/x" -> "/etc/hostname"$'
	minipod exec web -- sh -c "ln -s '$T/secret' /data/over"
	echo new >"$T/new"
	call cp "$T/new" web:/data/over
	assert_eq secret "$(cat "$T/secret")" 'the file of the host'
	assert_eq new "$(minipod exec web -- cat /data/over)" 'the file in place of the link'
	minipod delete web
}

test_files_belong_to_the_root_of_a_user_namespace() {
	needs_idmapped_tmpfs
	start_web '{"hostUsers":false}'
	echo one >"$T/one"
	call cp "$T/one" web:/data/one
	assert_status 0
	assert_eq '0:0' "$(minipod exec web -- stat -c %u:%g /data/one)" 'the owner inside'
	call cp web:/data/one "$T/back"
	cmp "$T/one" "$T/back"
	minipod delete web
}

run_tests
