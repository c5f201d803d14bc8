#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# minipod started in a chroot: setns(2) starts at the root of a mount namespace, not at a chroot.
. "$(dirname "$0")/../support/pod_lib.sh"

# The same files, reached by another mount.
enter_chroot() {
	mkdir "$T/c"
	mount --rbind / "$T/c"
	mount --make-rslave "$T/c"
}

leave_chroot() {
	umount -R -l "$T/c"
	rmdir "$T/c"
}

test_hooks_and_exec_run_in_the_container_not_on_the_machine() {
	cat >"$T/pod.json" <<-'JSON'
		{ "apiVersion": "v1", "kind": "Pod", "metadata": { "name": "caged" },
		  "spec": { "restartPolicy": "Never", "terminationGracePeriodSeconds": 2, "containers": [ { "name": "c", "image": "busybox",
			"command": ["sh", "-c", "trap 'exit 3' TERM; while [ ! -e /by-exec ]; do sleep 0.1; done; test -e /by-hook"],
			"lifecycle": { "postStart": { "exec": { "command": ["touch", "/by-hook"] } } } } ] } }
	JSON
	enter_chroot
	chroot "$T/c" "$MINIPOD" --root "$MINIPOD_ROOT" run -d "$T/pod.json" >/dev/null
	chroot "$T/c" "$MINIPOD" --root "$MINIPOD_ROOT" exec caged -- touch /by-exec
	minipod wait caged --for=jsonpath='{.status.phase}'=Succeeded --timeout=30s
	[[ ! -e /by-exec && ! -e /by-hook ]] || fail 'a command ran on the machine'
	minipod delete caged >/dev/null
	leave_chroot
}

run_tests
