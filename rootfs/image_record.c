/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/image_record.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/base/auto.h"

static const char first_line[] = "minipod image 1";
static const char last_line[] = "end";

static const struct {
	const char *key;
	size_t offset;
} texts[] = {
	{ "id ", offsetof(struct mp_image_record, image.id) },
	{ "ref ", offsetof(struct mp_image_record, image.ref) },
	{ "user ", offsetof(struct mp_image_record, image.user) },
	{ "workdir ", offsetof(struct mp_image_record, image.workdir) },
	{ "stop ", offsetof(struct mp_image_record, image.stop_signal) },
	{ "embedded ", offsetof(struct mp_image_record, embedded) },
	{ "architecture ", offsetof(struct mp_image_record, architecture) },
};

static const struct {
	const char *key;
	size_t offset;
} lists[] = {
	{ "layer ", offsetof(struct mp_image_record, image.layer_dirs) },
	{ "entrypoint ", offsetof(struct mp_image_record, image.entrypoint) },
	{ "cmd ", offsetof(struct mp_image_record, image.cmd) },
	{ "env ", offsetof(struct mp_image_record, image.env) },
	{ "volume ", offsetof(struct mp_image_record, image.volumes) },
};

static const char **text_slot(struct mp_image_record *record, size_t i)
{
	return (const char **)(void *)((char *)record + texts[i].offset);
}

static const char *const **list_slot(struct mp_image_record *record, size_t i)
{
	return (const char *const **)(void *)((char *)record + lists[i].offset);
}

static const char *const *collect(struct mp_arena *arena, const char *at, const char *end,
				  const char *key, size_t *ret_n)
{
	const size_t key_len = strlen(key);
	size_t n = 0;

	for (const char *p = at; p < end; p += strlen(p) + 1)
		n += strncmp(p, key, key_len) == 0 ? 1 : 0;

	const char **list = mp_arena_alloc(arena, n + 1, sizeof(*list));

	if (!list)
		return NULL;
	*ret_n = n;
	n = 0;
	for (const char *p = at; p < end; p += strlen(p) + 1)
		if (strncmp(p, key, key_len) == 0)
			list[n++] = p + key_len;
	return list;
}

bool mp_image_record_parse(struct mp_arena *arena, const char *text, size_t len,
			   struct mp_image_record *ret)
{
	struct mp_image_record record = { .embedded = "" };
	const char *end = text + len;

	if (len < sizeof(first_line) + sizeof(last_line) || end[-1] != '\0' ||
	    strcmp(text, first_line) != 0 ||
	    memcmp(end - sizeof(last_line) - 1, "\0end", sizeof(last_line) + 1) != 0)
		return false;
	for (size_t i = 0; i < MP_ARRAY_SIZE(texts); i++)
		*text_slot(&record, i) = "";
	for (const char *p = text; p < end; p += strlen(p) + 1) {
		for (size_t i = 0; i < MP_ARRAY_SIZE(texts); i++)
			if (mp_starts_with(p, texts[i].key))
				*text_slot(&record, i) = p + strlen(texts[i].key);
		if (mp_starts_with(p, "size "))
			record.image.size_bytes = strtoull(p + 5, NULL, 10);
	}
	for (size_t i = 0; i < MP_ARRAY_SIZE(lists); i++) {
		size_t n = 0;

		*list_slot(&record, i) = collect(arena, text, end, lists[i].key, &n);
		if (!*list_slot(&record, i))
			return false;
		if (i == 0)
			record.image.n_layer_dirs = n;
	}
	if (!record.image.id[0] || record.image.n_layer_dirs == 0)
		return false;
	*ret = record;
	return true;
}

static void add(struct mp_buf *buf, const char *key, const char *value)
{
	mp_buf_adds(buf, key);
	mp_buf_add(buf, value, strlen(value) + 1);
}

void mp_image_record_write(const struct mp_image_record *record, struct mp_buf *buf)
{
	struct mp_image_record copy = *record;

	mp_buf_add(buf, first_line, sizeof(first_line));
	for (size_t i = 0; i < MP_ARRAY_SIZE(texts); i++) {
		const char *value = *text_slot(&copy, i);

		if (value && value[0])
			add(buf, texts[i].key, value);
	}
	mp_buf_addf(buf, "size %llu", (unsigned long long)record->image.size_bytes);
	mp_buf_add(buf, "", 1);
	for (size_t i = 0; i < MP_ARRAY_SIZE(lists); i++) {
		const char *const *list = *list_slot(&copy, i);

		for (; list && *list; list++)
			add(buf, lists[i].key, *list);
	}
	mp_buf_add(buf, last_line, sizeof(last_line));
}
