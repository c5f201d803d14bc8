#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Where implementations usually go wrong: points of appendix C of the pod-semantics reference that need
# a real pod. docs/vectors.md lists where the others are.
. "$(dirname "$0")/../support/pod_lib.sh"

# pod CONTAINERS [FIELDS]: a Never pod of busybox containers.
pod() {
	jq -cn --argjson containers "$1" --argjson more "${2:-{\}}" '
		{ apiVersion: "v1", kind: "Pod", metadata: { name: "p" },
		  spec: ({ restartPolicy: "Never", terminationGracePeriodSeconds: 5,
			containers: ($containers | map({ image: "busybox" } + .)) } + $more) }
	' >"$T/pod.json"
}

# The final status, from run's result file.
run_for_result() {
	run_pod "$T/pod.json" --result-file "$T/result.json"
}

test_c7_an_http_hook_takes_any_answer_for_success() {
	pod '[{ "name": "c", "command": ["sh", "-c",
		"printf \"HTTP/1.0 500 no\\r\\n\\r\\n\" | nc -l -p 8080 >/dev/null; sleep 0.5"],
		"lifecycle": { "postStart": { "exec": { "command": ["sh", "-c",
			"until grep -q :1F90 /proc/net/tcp /proc/net/tcp6; do sleep 0.1; done"] } } } },
		{ "name": "d", "command": ["sleep", "1"],
		"lifecycle": { "postStart": { "httpGet": { "port": 8080 } } } }]'
	run_pod "$T/pod.json"
	assert_status 0
	assert_no_match "$T/err" FailedPostStartHook
}

test_c7_a_tcp_hook_always_fails_and_a_hook_argv_is_not_expanded() {
	# shellcheck disable=SC2016 # that it is not expanded is the point
	pod '[{ "name": "c", "command": ["sh", "-c", "trap \"exit 0\" TERM; while :; do sleep 0.1; done"],
		"env": [{ "name": "V", "value": "expanded" }],
		"lifecycle": { "postStart": { "exec": { "command": ["test", "$(V)", "=", "expanded"] } } } }]'
	run_pod "$T/pod.json"
	assert_match "$T/err" 'FailedPostStartHook .*PostStartHook failed'
	pod '[{ "name": "c", "command": ["sh", "-c", "trap \"exit 0\" TERM; while :; do sleep 0.1; done"],
		"lifecycle": { "postStart": { "tcpSocket": { "port": 8080 } } } }]'
	run_pod "$T/pod.json"
	assert_match "$T/err" 'FailedPostStartHook .*PostStartHook failed'
}

test_c16_the_message_is_the_end_of_the_file_and_the_log_only_after_an_error() {
	pod '[{ "name": "a", "command": ["sh", "-c",
		"yes x | head -c 5000 >/dev/termination-log; printf end >>/dev/termination-log"] },
		{ "name": "b", "command": ["sh", "-c", "echo fine"],
		"terminationMessagePolicy": "FallbackToLogsOnError" },
		{ "name": "c", "command": ["sh", "-c", "echo broken; exit 1"],
		"terminationMessagePolicy": "FallbackToLogsOnError" }]'
	run_for_result
	assert_json '4096' "$T/result.json" \
		'.status.containerStatuses[0].state.terminated.message | length'
	assert_json 'end' "$T/result.json" '.status.containerStatuses[0].state.terminated.message[-3:]'
	assert_json 'null' "$T/result.json" '.status.containerStatuses[1].state.terminated.message'
	assert_json 'broken' "$T/result.json" \
		'.status.containerStatuses[2].state.terminated.message | rtrimstr("\n")'
}

test_c17_config_volumes_are_read_only_links_and_a_sub_path_is_the_file_itself() {
	pod '[{ "name": "c", "volumeMounts": [{ "name": "v", "mountPath": "/v" },
		{ "name": "v", "mountPath": "/one", "subPath": "key" }],
		"command": ["sh", "-c",
			"[ -L /v/key ] && [ -L /v/..data ] && [ -f /one ] && [ ! -L /one ] || exit 1; if echo x >/v/new || echo x >/one; then exit 2; fi 2>/dev/null; cat /v/key /one"] }]' \
		'{ "volumes": [{ "name": "v", "configMap": { "name": "cm" } }] }'
	jq -cn '{ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "cm" }, data: { key: "text\n" } }' \
		>>"$T/pod.json"
	run_pod "$T/pod.json"
	assert_status 0
	assert_count 2 "$T/out" 'text$'
}

run_tests
