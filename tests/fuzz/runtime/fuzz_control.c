/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The control socket: whatever a client sends, in whatever pieces, it gets answers or is hung up
 * on, and nothing of it stays. Each input is one connection; a byte 0xff ends a piece. Only root is
 * listened to.
 */
#include <assert.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "runtime/base/fd.h"
#include "runtime/control_client.h"
#include "runtime/manifest.h"
#include "runtime/supervisor.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char pod[] =
	"{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":\"web\"},\"spec\":{"
	"\"readinessGates\":[{\"conditionType\":\"example.com/gate\"}],"
	"\"containers\":[{\"name\":\"c\",\"image\":\"busybox\"}]}}";

static struct mp_supervisor sv;
static struct mp_manifest manifest;
static char dir[] = "/tmp/fuzz_control.XXXXXX";

static void clean_up(void)
{
	mp_control_free(sv.control);
	(void)mp_tree_remove(AT_FDCWD, dir, NULL);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	const struct mp_manifest_options options = { .wall = 1 };
	struct mp_pod_config config = { .seed = 1 };

	(void)argc;
	(void)argv;
	if (!mkdtemp(dir) ||
	    mp_manifest_load_text(&manifest, "pod.json", pod, strlen(pod), &options, NULL) < 0)
		abort();
	sv.config.spec = &manifest.pods->spec;
	sv.config.objects = &manifest.objects;
	mp_live_init(&sv);
	sv.node = (struct mp_node_facts){ .node_name = "node", .host_ip = "192.0.2.1" };
	sv.dir = MP_STATE_DIR_NONE;
	sv.dir.run_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	sv.queue = calloc(MP_QUEUE_MAX, sizeof(*sv.queue));
	sv.records = calloc(1, sizeof(struct mp_record *));
	sv.volumes = calloc(1, sizeof(*sv.volumes));
	sv.pod_mem = calloc(1, mp_pod_size(sv.spec));
	if (sv.dir.run_fd < 0 || !sv.queue || !sv.records || !sv.volumes || !sv.pod_mem)
		abort();
	sv.pod = mp_pod_init(sv.pod_mem, sv.spec, &config);
	if (mp_loop_new(&sv.loop, NULL) < 0 || mp_control_open(&sv, &sv.control, NULL) < 0)
		abort();
	(void)atexit(clean_up);
	return 0;
}

static void turn(void)
{
	(void)mp_loop_poll(sv.loop, NULL);
	assert(sv.n_queued <= MP_QUEUE_MAX);
	sv.n_queued = 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	(void)snprintf(addr.sun_path, sizeof(addr.sun_path), "%s/" MP_CONTROL_NAME, dir);
	if (fd < 0 || connect(fd, (const struct sockaddr *)&addr, sizeof(addr)) < 0)
		abort();
	turn();
	while (size > 0) {
		const uint8_t *end = memchr(data, 0xff, size);
		const size_t n = end ? (size_t)(end - data) : size;
		size_t sent = 0;

		while (sent < n) {
			const ssize_t k = send(fd, data + sent, n - sent, MSG_NOSIGNAL);

			if (k > 0)
				sent += (size_t)k;
			turn();
			if (k < 0 && sv.control->n_clients == 0)
				break;
		}
		data += n + (end ? 1 : 0);
		size -= n + (end ? 1 : 0);
	}
	(void)close(fd);
	for (int i = 0; i < 1000 && sv.control->n_clients > 0; i++)
		turn();
	assert(sv.control->n_clients == 0);
	assert(!sv.control->execs && !sv.control->attached);
	return 0;
}
