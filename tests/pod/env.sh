#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A container's environment, command line, names and DNS. After the checks of Kubernetes' own node tests
# (test/e2e/common/node: configmap, secrets, expansion, downwardapi, containers, file_key, kubelet_etc_hosts).
# shellcheck disable=SC2016 # what stands in single quotes is for the shell of a container
. "$(dirname "$0")/../support/pod_lib.sh"

# pod: a pod p that runs to its end, from the YAML of its spec on stdin, with the objects below.
pod() {
	{
		printf 'apiVersion: v1\nkind: Pod\nmetadata: {name: p, labels: {app: web}, annotations: {note: hi}}\nspec:\n'
		printf '  restartPolicy: Never\n  terminationGracePeriodSeconds: 0\n'
		sed 's/^/  /'
		cat <<-'YAML'
			---
			apiVersion: v1
			kind: ConfigMap
			metadata: {name: cm}
			data: {data_1: value-1, data_2: value-2, key.with-dots: '3', raw: $(data_1)}
			---
			apiVersion: v1
			kind: Secret
			metadata: {name: s}
			data: {data-1: dmFsdWUtMQo=, other: eA==}
			---
			apiVersion: v1
			kind: Service
			metadata: {name: fooservice}
			spec: {clusterIP: 10.0.0.9, ports: [{port: 8765, targetPort: 8080}]}
		YAML
	} >"$T/pod.yaml"
}

# prints TEXT: the pod ends well, and its containers print exactly that.
prints() {
	run_pod "$T/pod.yaml" --no-prefix
	diff <(printf '%s\n' "$1") "$T/out" >"$T/diff" || fail "expected < but got >: $(cat "$T/diff")"
	assert_status 0
}

container() {
	printf -- '- name: %s\n  image: busybox\n  command: [sh, -c, %s]\n' "$1" "$(jq -n --arg s "$2" '$s')"
}

waits_now() {
	minipod get pod p -o json | jq -e --arg r "$1" --arg m "$2" \
		'.status.phase == "Pending" and (.status.containerStatuses[0].state.waiting | .reason == $r and .message == $m)'
}

test_variables_come_from_everywhere() {
	pod <<-YAML
		containers:
		- name: c
		  image: busybox
		  command: [env]
		  resources: {limits: {cpu: 1250m, memory: 64Mi}, requests: {cpu: 250m}}
		  envFrom: [{configMapRef: {name: cm}}, {prefix: p_, secretRef: {name: s}}, {secretRef: {name: absent, optional: true}}]
		  env:
		  - {name: A, value: '\$(data_1);\$(B);\$\$(data_1);\$(FOOSERVICE_SERVICE_HOST)'}
		  - {name: B, value: '<\$(A)>'}
		  - {name: B, value: '\$(B)!'}
		  - {name: KEY, valueFrom: {configMapKeyRef: {name: cm, key: raw}}}
		  - {name: SEC, valueFrom: {secretKeyRef: {name: s, key: other}}}
		  - {name: OPT, valueFrom: {secretKeyRef: {name: s, key: absent, optional: true}}}
		  - {name: NAME, valueFrom: {fieldRef: {fieldPath: metadata.name}}}
		  - {name: LABEL, valueFrom: {fieldRef: {fieldPath: "metadata.labels['app']"}}}
		  - {name: CPU, valueFrom: {resourceFieldRef: {resource: limits.cpu}}}
		  - {name: CPU_REQUEST, valueFrom: {resourceFieldRef: {resource: requests.cpu, divisor: 1m}}}
		  - {name: MEM, valueFrom: {resourceFieldRef: {resource: requests.memory, divisor: 1Mi}}}
	YAML
	run_pod "$T/pod.yaml" --no-prefix
	assert_status 0
	grep -v '^FOOSERVICE_PORT' "$T/out" | sort >"$T/sorted"
	# The Secret's first value ends with a newline.
	diff - "$T/sorted" >"$T/diff" <<-'TEXT' || fail "expected < but got >: $(cat "$T/diff")"

		A=value-1;$(B);$(data_1);10.0.0.9
		B=<value-1;$(B);$(data_1);10.0.0.9>!
		CPU=2
		CPU_REQUEST=250
		FOOSERVICE_SERVICE_HOST=10.0.0.9
		FOOSERVICE_SERVICE_PORT=8765
		HOME=/root
		HOSTNAME=p
		KEY=$(data_1)
		LABEL=web
		MEM=64
		NAME=p
		PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
		SEC=x
		data_1=value-1
		data_2=value-2
		key.with-dots=3
		p_data-1=value-1
		p_other=x
		raw=$(data_1)
	TEXT
}

test_addresses_and_names_are_those_of_the_pod() {
	pod <<-YAML
		nodeName: a-node
		containers:
		$(container c '[ "$IP" = "$IPS" ] && ip -o addr | grep -q "inet $IP/" && echo "pod IP"; echo "$NODE"; [ -n "$HOST" ] && echo "host IP"; [ ${#ID} -eq 36 ] && echo uid')
		  env:
		  - {name: IP, valueFrom: {fieldRef: {fieldPath: status.podIP}}}
		  - {name: IPS, valueFrom: {fieldRef: {fieldPath: status.podIPs}}}
		  - {name: HOST, valueFrom: {fieldRef: {fieldPath: status.hostIP}}}
		  - {name: NODE, valueFrom: {fieldRef: {fieldPath: spec.nodeName}}}
		  - {name: ID, valueFrom: {fieldRef: {fieldPath: metadata.uid}}}
	YAML
	ip addr add 192.0.2.7/24 dev lo
	prints $'pod IP\na-node\nhost IP\nuid'
	ip addr del 192.0.2.7/24 dev lo
}

test_command_and_args_are_expanded_once() {
	pod <<-'YAML'
		containers:
		- name: c
		  image: busybox
		  command: [sh, -c, 'echo "$(A)|$(NONE)|$$(A)|$0|$1"', '$(A)']
		  args: ['$(B)$(FOOSERVICE_SERVICE_PORT)']
		  env: [{name: A, value: one}, {name: B, value: '$(A)$$(A)'}]
	YAML
	# What was left of the unknown name and of the escaped one is the shell's: it finds no such commands.
	run_pod "$T/pod.yaml" --no-prefix
	assert_status 0
	assert_line "$T/out" 'one|||one|one$(A)8765'
}

test_a_file_of_a_volume_gives_variables() {
	pod <<-YAML
		volumes: [{name: v, emptyDir: {}}]
		initContainers:
		$(container i "printf \"# made\\nONE='value1'\\nTWO='two\\n lines' # note\\n\" >/v/config.env; ln -s /config.env /v/link; mkfifo /v/fifo")
		  volumeMounts: [{name: v, mountPath: /v}]
		containers:
		$(container c 'echo "$ONE|$TWO|$LINK|${OPT-unset}"; ls /v 2>&1 || true')
		  env:
		  - {name: ONE, valueFrom: {fileKeyRef: {volumeName: v, path: config.env, key: ONE}}}
		  - {name: TWO, valueFrom: {fileKeyRef: {volumeName: v, path: config.env, key: TWO}}}
		  - {name: LINK, valueFrom: {fileKeyRef: {volumeName: v, path: link, key: ONE}}}
		  - {name: OPT, valueFrom: {fileKeyRef: {volumeName: v, path: config.env, key: NONE, optional: true}}}
	YAML
	prints $'value1|two\n lines|value1|unset\nls: /v: No such file or directory'
}

test_what_is_missing_keeps_the_container_waiting_with_the_reason() {
	local from message
	while IFS='|' read -r from message; do
		pod <<-YAML
			volumes: [{name: v, emptyDir: {}}]
			initContainers:
			$(container i "echo \"A = 'x'\" >/v/bad; echo \"A='x'\" >/v/good; mkfifo /v/fifo; ln -s ../../../../etc/passwd /v/out")
			  volumeMounts: [{name: v, mountPath: /v}]
			containers:
			$(container c true)
			  $from
		YAML
		start_pod "$T/pod.yaml"
		wait_until 60 "$message" waits_now CreateContainerConfigError "$message"
		kill -TERM "$pod_pid"
		wait_pod 60
	done <<-'TEXT'
		env: [{name: A, valueFrom: {configMapKeyRef: {name: cm, key: absent}}}]|couldn't find key absent in ConfigMap default/cm
		env: [{name: A, valueFrom: {secretKeyRef: {name: s, key: absent}}}]|couldn't find key absent in Secret default/s
		env: [{name: A, valueFrom: {configMapKeyRef: {name: absent, key: a}}}]|configmap "absent" not found
		envFrom: [{secretRef: {name: absent}}]|secret "absent" not found
		env: [{name: A, valueFrom: {fileKeyRef: {volumeName: v, path: bad, key: A}}}]|couldn't parse env file
		env: [{name: A, valueFrom: {fileKeyRef: {volumeName: v, path: fifo, key: A, optional: true}}}]|couldn't parse env file
		env: [{name: A, valueFrom: {fileKeyRef: {volumeName: v, path: out, key: A}}}]|couldn't parse env file
		env: [{name: A, valueFrom: {fileKeyRef: {volumeName: v, path: good, key: B}}}]|environment variable key "B" not found in file "good"
	TEXT
}

test_services_have_variables_unless_links_are_off() {
	pod <<-YAML
		enableServiceLinks: false
		containers:
		$(container c 'env | grep -c FOOSERVICE')
	YAML
	run_pod "$T/pod.yaml" --no-prefix
	assert_line "$T/out" 0
	sed -i '/enableServiceLinks/d' "$T/pod.yaml"
	sed -i 's/grep -c FOOSERVICE/grep FOOSERVICE | sort/' "$T/pod.yaml"
	prints 'FOOSERVICE_PORT=tcp://10.0.0.9:8765
FOOSERVICE_PORT_8765_TCP=tcp://10.0.0.9:8765
FOOSERVICE_PORT_8765_TCP_ADDR=10.0.0.9
FOOSERVICE_PORT_8765_TCP_PORT=8765
FOOSERVICE_PORT_8765_TCP_PROTO=tcp
FOOSERVICE_SERVICE_HOST=10.0.0.9
FOOSERVICE_SERVICE_PORT=8765'
}

test_names_of_the_pod_follow_its_spec() {
	local fields kernel hosts
	while IFS='|' read -r fields _ kernel hosts; do
		pod <<-YAML
			$(printf '%b' "$fields")
			containers:
			$(container c 'hostname; echo $HOSTNAME; cat /etc/hostname; tail -n 1 /etc/hosts | cut -f 2-; stat -c %a /etc/hosts')
		YAML
		prints "$kernel"$'\n'"$kernel"$'\n'"$kernel"$'\n'"$(printf "%b" "$hosts")"$'\n644'
	done <<-'TEXT'
		hostname: web|web|web|web
		dnsPolicy: Default||p|p
		subdomain: sub|p|p|p.sub.default.svc.cluster.local\tp
		hostname: h\nsubdomain: sub\nsetHostnameAsFQDN: true|h|h.sub.default.svc.cluster.local|h.sub.default.svc.cluster.local\th
		hostnameOverride: over.example|over.example|over.example|over.example
	TEXT
}

test_hosts_file_has_the_aliases_and_the_hosts_own_lines_on_its_network() {
	pod <<-YAML
		hostAliases: [{ip: 123.45.67.89, hostnames: [foo, bar]}]
		containers:
		$(container c 'head -n 2 /etc/hosts; tail -n 3 /etc/hosts; echo mine >>/etc/hosts && tail -n 1 /etc/hosts')
	YAML
	prints $'# Kubernetes-managed hosts file.\n127.0.0.1\tlocalhost\n\n# Entries added by HostAliases.\n123.45.67.89\tfoo\tbar\nmine'
	echo '10.9.8.7 the-host' >"$T/hosts"
	mount --bind "$T/hosts" /etc/hosts
	pod <<-YAML
		hostNetwork: true
		hostAliases: [{ip: 123.45.67.89, hostnames: [foo]}]
		containers:
		$(container c 'cat /etc/hosts; [ "$(hostname)" = "$HOSTNAME" ] && echo same')
	YAML
	run_pod "$T/pod.yaml" --no-prefix
	umount /etc/hosts
	assert_eq $'# Kubernetes-managed hosts file (host network).\n10.9.8.7 the-host\n\n# Entries added by HostAliases.\n123.45.67.89\tfoo\nsame' \
		"$(cat "$T/out")" 'the hosts file'
}

test_dns_follows_policy_and_config() {
	printf 'nameserver 1.1.1.1\nsearch old.example\nsearch a.example b.example.\noptions ndots:2 rotate\n' >"$T/resolv"
	local expected
	touch /etc/resolv.conf 2>/dev/null || skip 'no /etc/resolv.conf'
	mount --bind "$T/resolv" /etc/resolv.conf
	pod <<-YAML
		dnsPolicy: ClusterFirst
		dnsConfig: {nameservers: [8.8.8.8, 1.1.1.1], searches: [c.example], options: [{name: ndots, value: '5'}, {name: edns0}]}
		containers:
		$(container c 'cat /etc/resolv.conf')
	YAML
	run_pod "$T/pod.yaml" --no-prefix
	expected=$'search a.example b.example c.example\nnameserver 1.1.1.1\nnameserver 8.8.8.8\noptions ndots:5 rotate edns0'
	[[ $(cat "$T/out") == "$expected" ]] || {
		umount /etc/resolv.conf
		fail "resolv.conf is $(cat "$T/out")"
	}
	assert_match "$T/err" 'Warning  MissingClusterDNS'
	sed -i 's/ClusterFirst/None/' "$T/pod.yaml"
	run_pod "$T/pod.yaml" --no-prefix
	umount /etc/resolv.conf
	assert_eq $'search c.example\nnameserver 8.8.8.8\nnameserver 1.1.1.1\noptions ndots:5 edns0' "$(cat "$T/out")" 'resolv.conf'
}

run_tests
