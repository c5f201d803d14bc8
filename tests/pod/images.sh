#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Images: into the store, seen in it, used by pods, out of it.
. "$(dirname "$0")/../support/pod_lib.sh"
. "$(dirname "$0")/../support/image_lib.sh"

call() {
	status=0
	minipod "$@" >"$T/out" 2>"$T/err" </dev/null || status=$?
}

make_app() {
	image_root "$T/base" sh cat id echo sleep
	mkdir -p "$T/top/srv" "$T/top/etc"
	echo 'from the top' >"$T/top/srv/file"
	oci_layout "$T/app" example.org/app:1 "${1:-{\}}" "$T/base" "$T/top"
}

# pod_of IMAGE [COMMAND_JSON]
pod_of() {
	jq -n --arg image "$1" --argjson command "${2:-null}" \
		'{apiVersion: "v1", kind: "Pod", metadata: {name: "web"}, spec: {restartPolicy: "Never",
		  terminationGracePeriodSeconds: 1, containers: [{name: "web", image: $image,
		  imagePullPolicy: "IfNotPresent"} + (if $command then {command: $command} else {} end)]}}'
}

test_a_loaded_image_runs_as_its_configuration_says() {
	# shellcheck disable=SC2016 # for the container's shell
	make_app '{"Entrypoint":["/bin/sh","-c"],"Cmd":["echo $WHAT $PWD; cat file; id -u"],
		"Env":["WHAT=thing","PATH=/bin"],"User":"7:8","WorkingDir":"/srv"}'
	call image load "$T/app"
	assert_status 0
	assert_line "$T/out" 'Loaded image: example.org/app:1'
	pod_of example.org/app:1 >"$T/pod.json"
	run_pod "$T/pod.json"
	assert_status 0
	assert_order "$T/out" 'thing /srv$' 'from the top$' '7$'
}

test_users_and_signals_of_the_image_hold_unless_the_pod_says_otherwise() {
	image_root "$T/base" sh id kill sleep
	printf 'root:x:0:0::/:/bin/sh\nweb:x:101:202::/srv:/bin/sh\n' >"$T/base/etc/passwd"
	printf 'root:x:0:\nweb:x:202:\nmore:x:303:web\nother:x:404:\n' >"$T/base/etc/group"
	# shellcheck disable=SC2016 # for the container's shell
	oci_layout "$T/named" example.org/named:1 \
		'{"User":"web","Cmd":["sh","-c","id; echo home $HOME; trap \"echo quit; exit 5\" QUIT; echo up; while :; do sleep 0.1; done"],
		  "Env":["PATH=/bin"],"StopSignal":"SIGQUIT"}' "$T/base"
	oci_layout "$T/group" example.org/group:1 '{"User":"web:other","Cmd":["id"],"Env":["PATH=/bin"]}' "$T/base"
	oci_layout "$T/unknown" example.org/unknown:1 '{"User":"nobody","Cmd":["id"],"Env":["PATH=/bin"]}' "$T/base"
	local name
	for name in named group unknown; do
		minipod image load -q "$T/$name"
	done
	pod_of example.org/named:1 >"$T/pod.json"
	start_pod "$T/pod.json"
	wait_for_line 10 "$T/out" 'up$'
	assert_match "$T/out" 'uid=101\(web\) gid=202\(web\) groups=.*303\(more\)'
	assert_match "$T/out" 'home /srv$'
	minipod delete web
	wait_pod 10
	assert_match "$T/out" 'quit$'
	pod_of example.org/group:1 >"$T/pod.json"
	run_pod "$T/pod.json"
	assert_match "$T/out" 'uid=101\(web\) gid=404\(other\)'
	jq '.spec.securityContext = {runAsUser: 7, runAsGroup: 8}' "$T/pod.json" >"$T/ids.json"
	run_pod "$T/ids.json"
	assert_match "$T/out" 'uid=7 gid=8'
	pod_of example.org/unknown:1 >"$T/pod.json"
	start_pod "$T/pod.json"
	wait_for_line 10 "$T/err" 'Error: .*nobody'
	minipod delete web
	wait_pod 10
}

# Section 9.1, all four.
test_command_and_arguments_of_pod_and_image_merge_as_in_kubernetes() {
	image_root "$T/base" echo
	oci_layout "$T/app" example.org/echo:1 '{"Entrypoint":["echo","entry"],"Cmd":["cmd"],"Env":["PATH=/bin"]}' "$T/base"
	minipod image load -q "$T/app"
	pod_of example.org/echo:1 >"$T/none.json"
	jq '.spec.containers[0].args = ["args"]' "$T/none.json" >"$T/args.json"
	jq '.spec.containers[0].command = ["echo", "command"]' "$T/none.json" >"$T/command.json"
	jq '.spec.containers[0].args = ["args"]' "$T/command.json" >"$T/both.json"
	local -A want=([none]='entry cmd' [args]='entry args' [command]='command' [both]='command args')
	local name
	for name in none args command both; do
		run_pod --no-prefix "$T/$name.json"
		assert_line "$T/out" "${want[$name]}"
	done
	oci_layout "$T/empty" example.org/empty:1 '{}' "$T/base"
	minipod image load -q "$T/empty"
	pod_of example.org/empty:1 >"$T/pod.json"
	start_pod "$T/pod.json"
	wait_for_line 10 "$T/err" 'no command specified'
	minipod delete web
	wait_pod 10
}

# As a node's runtime has it: they are volumes of their own, whatever the root is.
test_volumes_of_the_image_stay_writable_in_a_read_only_root() {
	image_root "$T/base" sh cat echo
	mkdir -p "$T/base/data"
	echo content >"$T/base/data/file"
	oci_layout "$T/app" example.org/volumes:1 '{"Volumes":{"/data":{},"/made/here/":{}},"Env":["PATH=/bin"]}' "$T/base"
	minipod image load -q "$T/app"
	pod_of example.org/volumes:1 '["sh","-c","cat /data/file; echo a >/data/new && echo b >/made/here/new && cat /data/new /made/here/new; echo c >/etc/new || echo refused"]' |
		jq '.spec.containers[0].securityContext = {readOnlyRootFilesystem: true}' >"$T/pod.json"
	run_pod --no-prefix "$T/pod.json"
	assert_status 0
	assert_order "$T/out" '^content$' '^a$' '^b$' '^refused$'
	jq '.spec.containers[0] += {volumeMounts: [{name: "own", mountPath: "/data"}],
		command: ["sh", "-c", "cat /data/file || echo covered"]} | .spec.volumes = [{name: "own", emptyDir: {}}]' \
		"$T/pod.json" >"$T/covered.json"
	run_pod --no-prefix "$T/covered.json"
	assert_line "$T/out" covered
}

test_images_are_listed_and_inspected_in_podmans_shapes() {
	make_app '{"Cmd":["x"],"Labels":{"a":"b"}}'
	minipod image load "$T/app" --tag other:2
	call image ls
	assert_status 0
	assert_order "$T/out" '^REPOSITORY +TAG +IMAGE ID +AGE +SIZE$' '^docker.io/library/busybox +1 ' \
		'^docker.io/library/other +2 +[0-9a-f]{12} +[0-9]+[dy][0-9dh]* +[0-9.]+ [kM]B$' '^example.org/app +1 '
	call image ls -q example.org/app:1
	local id
	id=$(cat "$T/out")
	call image ls -o json
	jq '.[] | select(.Id == "'"$id"'")' "$T/out" >"$T/one"
	assert_json '["docker.io/library/other:2","example.org/app:1"]' "$T/one" .RepoTags
	assert_json '["docker.io/library/other@sha256","example.org/app@sha256"]' "$T/one" \
		'[.RepoDigests[] | split(":")[0]]'
	call image inspect "${id:7:6}"
	assert_json '[["x"],{"a":"b"},2,"2024-05-06T07:08:09Z"]' "$T/out" \
		'.[0] | [.Config.Cmd, .Config.Labels, (.RootFS.Layers | length), .Created]'
	call image inspect nowhere
	assert_status 1
	assert_line "$T/err" 'error: image "nowhere" not found'
	call image lst
	assert_line "$T/err" "error: unknown command 'image lst': did you mean 'ls'?"
}

test_an_image_goes_with_its_last_name_and_its_layers_with_it() {
	make_app '{}'
	minipod image load "$T/app" --tag other:2
	oci_layout "$T/shared" example.org/base:1 '{}' "$T/base"
	minipod image load "$T/shared"
	assert_eq 2 "$(find "$MINIPOD_ROOT/lib/layers" -mindepth 1 -maxdepth 1 -type d | wc -l)" 'layers'
	call image rm other:2
	assert_eq 'Untagged: docker.io/library/other:2' "$(cat "$T/out")" 'output'
	call image rm example.org/app:1
	assert_match "$T/out" '^Deleted: sha256:[0-9a-f]{64}$'
	assert_eq 1 "$(find "$MINIPOD_ROOT/lib/layers" -mindepth 1 -maxdepth 1 -type d | wc -l)" 'layers that are left'
	pod_of example.org/base:1 '["sh","-c","exit 3"]' >"$T/pod.json"
	run_pod "$T/pod.json"
	assert_status 3
	call image prune --all
	assert_eq 0 "$(find "$MINIPOD_ROOT/lib/layers" -mindepth 1 | wc -l)" 'files below layers'
	assert_eq 0 "$(find "$MINIPOD_ROOT/lib/images" -mindepth 1 -type f ! -name .lock | wc -l)" 'files below images'
}

test_what_a_pod_uses_is_not_removed() {
	make_app '{}'
	minipod image load "$T/app"
	pod_of example.org/app:1 '["sh","-c","sleep 60"]' >"$T/pod.json"
	minipod run -d --wait-for=ready "$T/pod.json"
	local id
	id=$(minipod image ls -q example.org/app:1)
	call image rm example.org/app:1
	assert_status 1
	assert_line "$T/err" 'error: image example.org/app:1 is used by pod default/web'
	# Its name moves on; the container goes on with what it was started from.
	rm -rf "$T/app"
	make_app '{"Cmd":["new"]}'
	echo other >"$T/top/srv/other"
	oci_layout "$T/app" example.org/app:1 '{"Cmd":["new"]}' "$T/base" "$T/top"
	minipod image load "$T/app"
	call image rm --force "$id"
	assert_status 1
	assert_match "$T/err" 'is used by pod default/web'
	minipod image prune --all
	minipod exec web -- cat /srv/file >"$T/out"
	assert_line "$T/out" 'from the top'
	minipod delete web --now
	minipod image prune --all
	assert_eq '' "$(minipod image ls -q example.org/app:1 2>/dev/null)" 'images'
}

test_an_image_for_another_architecture_is_refused_and_an_index_chosen_from() {
	make_app '{}'
	ARCHITECTURE=s390x oci_layout "$T/s390x" example.org/z:1 '{}' "$T/top"
	call image load "$T/s390x"
	assert_status 1
	assert_match "$T/err" 's390x: the image is for linux/s390x, this machine is linux/'
	jq -cs '{schemaVersion: 2, manifests: [(.[0].manifests[0] | del(.annotations) + {platform: {os: "linux", architecture: "s390x"}}),
		(.[1].manifests[0] | del(.annotations) + {platform: {os: "linux", architecture: "'"$(machine_architecture)"'"}})]}' \
		"$T/s390x/index.json" "$T/app/index.json" >"$T/index"
	cp -r "$T/s390x/blobs" "$T/app/"
	jq -cn --arg d "$(put_blob "$T/app" "$T/index")" --argjson size "$(stat -c %s "$T/index")" \
		'{schemaVersion: 2, manifests: [{mediaType: "application/vnd.oci.image.index.v1+json", digest: $d,
		  size: $size, annotations: {"io.containerd.image.name": "example.org/multi:1"}}]}' >"$T/app/index.json"
	call image load "$T/app"
	assert_status 0
	assert_line "$T/out" 'Loaded image: example.org/multi:1'
	call image inspect example.org/multi:1
	assert_json "$(machine_architecture)" "$T/out" '.[0].Architecture'
}

test_a_root_file_system_is_imported_from_a_tar_and_from_a_directory() {
	image_root "$T/root" sh cat
	echo mine >"$T/root/etc/file"
	chown 12:34 "$T/root/etc/file"
	ln "$T/root/etc/file" "$T/root/etc/hard"
	echo '{"Cmd":["cat","/etc/hard"],"User":"12"}' >"$T/config.json"
	call image import "$T/root" example.org/dir:1 --config "$T/config.json"
	assert_status 0
	assert_line "$T/out" 'Imported image: example.org/dir:1'
	pod_of example.org/dir:1 >"$T/pod.json"
	run_pod "$T/pod.json"
	assert_status 0
	assert_match "$T/out" 'mine$'
	assert_eq '12 34 2' "$(stat -c '%u %g %h' "$MINIPOD_ROOT"/lib/layers/*/etc/file)" 'owner and links'
	tar_of "$T/root" "$T/root.tar"
	zstd -q "$T/root.tar"
	call image import "$T/root.tar.zst" example.org/tar:1
	assert_status 0
	pod_of example.org/tar:1 '["cat","/etc/file"]' >"$T/pod.json"
	run_pod "$T/pod.json"
	assert_match "$T/out" 'mine$'
	mkdir "$T/root/dev"
	mknod "$T/root/dev/null" c 1 3
	call image import "$T/root" example.org/dev:1
	assert_status 1
	assert_match "$T/err" 'dev/null: is a device node, which are not made unless --devices asks for it'
	call image import "$T/root" example.org/dev:1 --devices
	assert_status 0
	call image import "$T/root" 'No Name'
	assert_match "$T/err" "couldn't parse image name \"No Name\""
	echo '[]' >"$T/config.json"
	call image import "$T/root.tar" example.org/x:1 --config "$T/config.json"
	assert_match "$T/err" 'image configuration: expected an object'
	assert_eq '' "$(find "$MINIPOD_ROOT/lib/layers" -name '.tmp*')" 'unfinished layers'
}

# The n-th moment differs from run to run; what has to hold does not.
test_a_load_that_is_killed_leaves_a_store_that_works() {
	make_app '{"Cmd":["cat","/srv/file"]}'
	head -c 30000000 /dev/urandom >"$T/base/big"
	oci_layout "$T/app" example.org/app:1 '{"Cmd":["cat","/srv/file"]}' "$T/base" "$T/top"
	local pid delay
	for delay in 0.02 0.1 0.2 0.4; do
		"$MINIPOD" --root "$MINIPOD_ROOT" image load "$T/app" >/dev/null 2>&1 &
		pid=$!
		sleep "$delay"
		kill -KILL "$pid" 2>/dev/null || true
		wait "$pid" 2>/dev/null || true
	done
	call image load "$T/app"
	assert_status 0
	pod_of example.org/app:1 >"$T/pod.json"
	run_pod "$T/pod.json"
	assert_match "$T/out" 'from the top$'
	assert_eq '' "$(find "$MINIPOD_ROOT/lib/layers" -maxdepth 1 -name '.tmp*')" 'unfinished layers'
}

test_an_empty_file_is_no_archive() {
	: >"$T/empty.tar"
	call image load "$T/empty.tar"
	assert_status 1
	assert_line "$T/err" "error: load $T/empty.tar: the archive: it is empty"
}

test_a_full_disk_stops_a_load_and_spoils_nothing() {
	make_app '{"Cmd":["cat","/srv/file"]}'
	mkdir -p "$MINIPOD_ROOT/lib"
	mount -t tmpfs -o size=4m tmpfs "$MINIPOD_ROOT/lib"
	minipod image load "$T/app"
	head -c 6000000 /dev/urandom >"$T/top/big"
	oci_layout "$T/large" example.org/large:1 '{}' "$T/base" "$T/top"
	call image load "$T/large"
	assert_status 1
	assert_match "$T/err" 'No space left on device'
	# A layer with holes in its files must not stay under the name of the whole one.
	assert_eq 2 "$(find "$MINIPOD_ROOT/lib/layers" -mindepth 1 -maxdepth 1 | wc -l)" 'number of layers'
	assert_eq '' "$(find "$MINIPOD_ROOT/lib/layers" -maxdepth 1 -name '.tmp*')" 'unfinished layers'
	call image ls -o name
	assert_no_match "$T/out" large
	rm "$T/top/big"
	pod_of example.org/app:1 >"$T/pod.json"
	run_pod "$T/pod.json"
	assert_match "$T/out" 'from the top$'
	umount "$MINIPOD_ROOT/lib"
}

run_tests
