/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes, read as each of the kernel's cgroup files. Pointers stay inside, texts end. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cgroups/parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_mountinfo(const char *text)
{
	static struct mp_mount_line line;
	const char *at = text;
	const char *before = at;

	while (mp_parse_mountinfo(&at, &line)) {
		assert(at > before && at <= text + strlen(text));
		before = at;
		assert(line.root[0] && memchr(line.root, '\0', sizeof(line.root)));
		assert(line.point[0] && memchr(line.point, '\0', sizeof(line.point)));
		assert(line.type[0] && memchr(line.type, '\0', sizeof(line.type)));
		assert(line.options[0] && memchr(line.options, '\0', sizeof(line.options)));

		const char *below = mp_parse_below(line.point, line.root);

		assert(!below || (below >= line.point && below <= line.point + strlen(line.point)));
	}
	assert(*at == '\0');
}

static void read_own_cgroup(const char *text)
{
	static const char *const controllers[] = { "", "cpu", "memory", "name=systemd" };
	char buf[64];

	for (size_t i = 0; i < 4; i++) {
		if (mp_parse_own_cgroup(text, controllers[i], buf, sizeof(buf)) == 0)
			assert(memchr(buf, '\0', sizeof(buf)) && !strchr(buf, '\n'));
	}
}

static void read_numbers(const char *text)
{
	static const char *const keys[] = { "oom_kill", "populated", "usage_usec", "" };
	struct mp_parsed_stall stall;
	const char *at = text;
	const char *before = at;
	uint64_t v;
	int pid;

	(void)mp_parse_number(text, &v);
	for (size_t i = 0; i < 4; i++)
		(void)mp_parse_keyed(text, keys[i], &v);
	(void)mp_parse_pressure(text, "some", &stall);
	(void)mp_parse_pressure(text, "full", &stall);
	(void)mp_parse_has_word(text, "cpu");
	while (mp_parse_pid(&at, &pid)) {
		assert(pid > 0 && at > before && at <= text + strlen(text));
		before = at;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1); /* exactly as long as it is, so that one byte more is seen */

	assert(text);
	if (size)
		memcpy(text, data, size);
	text[size] = '\0';
	read_mountinfo(text);
	read_own_cgroup(text);
	read_numbers(text);
	free(text);
	return 0;
}
