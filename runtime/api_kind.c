/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/api_kind.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "runtime/base/auto.h"

#define ALL "all"

static const struct {
	const char *names[5];
	enum mp_api_kind kind;
} kinds[] = {
	{ { "pod", "pods", "po", ALL }, MP_API_POD },
	{ { "event", "events", "ev" }, MP_API_EVENT },
	{ { "configmap", "configmaps", "cm" }, MP_API_CONFIG_MAP },
	{ { "secret", "secrets" }, MP_API_SECRET },
};

const char *mp_api_word(enum mp_api_kind kind)
{
	for (size_t i = 0; i < MP_ARRAY_SIZE(kinds); i++)
		if (kinds[i].kind == kind)
			return kinds[i].names[0];
	return "";
}

bool mp_api_find(const char *word, size_t len, enum mp_api_kind *ret)
{
	for (size_t i = 0; i < MP_ARRAY_SIZE(kinds); i++) {
		for (const char *const *name = kinds[i].names; *name; name++) {
			if (strlen(*name) == len && strncasecmp(*name, word, len) == 0) {
				*ret = kinds[i].kind;
				return true;
			}
		}
	}
	return false;
}

static int no_such_kind(const char *word, size_t len, struct mp_error *err)
{
	return mp_fail_text(err, EINVAL,
			    "the server doesn't have a resource type \"%.*s\" (there are pods, "
			    "events, configmaps and secrets)",
			    (int)len, word);
}

static int split_pair(const char *word, const char *slash, enum mp_api_kind *ret,
		      struct mp_error *err)
{
	if (!mp_api_find(word, (size_t)(slash - word), ret))
		return no_such_kind(word, (size_t)(slash - word), err);
	if (!slash[1])
		return mp_fail_text(err, EINVAL,
				    "arguments in resource/name form must have a single resource "
				    "and name: '%s'",
				    word);
	return 0;
}

static int needless_kind(const char *word, struct mp_error *err)
{
	return mp_fail_text(err, EINVAL,
			    "there is no need to specify a resource type as a separate argument "
			    "when passing arguments in resource/name form: '%s'",
			    word);
}

static int take_pair(const char *word, const char *slash, struct mp_api_args *ret,
		     struct mp_error *err)
{
	const enum mp_api_kind before = ret->kind;
	int r = split_pair(word, slash, &ret->kind, err);

	if (r == 0 && ret->n_names > 0 && before != ret->kind)
		r = mp_fail_text(err, EINVAL, "only one kind at a time: '%s' is no %s", word,
				 mp_api_word(before));
	if (r == 0)
		ret->names[ret->n_names++] = slash + 1;
	return r;
}

int mp_api_args_parse(const struct mp_args *args, bool needs_kind, size_t n_max,
		      struct mp_api_args *ret, struct mp_error *err)
{
	const size_t n = args->n_positional < n_max ? args->n_positional : n_max;
	size_t first = 0;
	int r = 0;

	*ret = (struct mp_api_args){ .kind = MP_API_POD, .n_used = n };
	if (n > 0 && !strchr(args->positional[0], '/')) {
		const char *word = args->positional[0];
		const size_t len = strlen(word);

		if (mp_api_find(word, len, &ret->kind))
			first = 1;
		else if (needs_kind)
			return no_such_kind(word, len, err);
	}
	for (size_t i = first; i < n && r == 0; i++) {
		const char *word = args->positional[i], *slash = strchr(word, '/');

		if (slash && first > 0)
			r = needless_kind(word, err);
		else if (slash)
			r = take_pair(word, slash, ret, err);
		else
			ret->names[ret->n_names++] = word;
	}
	return r;
}

/* ---- several kinds ------------------------------------------------------------------------------ */

/* "pods,events": each kind once, in the order of the words. */
static int split_kinds(const char *word, struct mp_api_groups *ret, struct mp_error *err)
{
	while (*word) {
		const size_t len = strcspn(word, ",");
		enum mp_api_kind kind;
		bool is_known = false;

		if (!mp_api_find(word, len, &kind))
			return no_such_kind(word, len, err);
		ret->is_all |= len == strlen(ALL) && strncasecmp(word, ALL, len) == 0;
		for (size_t i = 0; i < ret->n; i++)
			is_known |= ret->items[i].kind == kind;
		if (!is_known)
			ret->items[ret->n++] = (struct mp_api_args){ .kind = kind };
		word += len;
		word += *word == ',' ? 1 : 0;
	}
	return ret->n > 0 ? 0 : no_such_kind("", 0, err);
}

static int take_pairs(const struct mp_args *args, struct mp_api_groups *ret, struct mp_error *err)
{
	for (size_t i = 0; i < args->n_positional; i++) {
		const char *word = args->positional[i], *slash = strchr(word, '/');
		enum mp_api_kind kind;
		int r;

		if (!slash)
			return mp_fail_text(err, EINVAL,
					    "there is no kind in '%s': name all objects as "
					    "resource/name, or none",
					    word);
		r = split_pair(word, slash, &kind, err);
		if (r < 0)
			return r;
		if (ret->n == 0 || ret->items[ret->n - 1].kind != kind)
			ret->items[ret->n++] = (struct mp_api_args){ .kind = kind };

		struct mp_api_args *group = &ret->items[ret->n - 1];

		group->names[group->n_names++] = slash + 1;
	}
	return 0;
}

int mp_api_groups_parse(const struct mp_args *args, struct mp_arena *arena,
			struct mp_api_groups *ret, struct mp_error *err)
{
	/* A group for each word, or for each kind of the first. */
	const size_t room = args->n_positional + MP_ARRAY_SIZE(kinds);
	int r;

	*ret = (struct mp_api_groups){ .items = mp_arena_alloc(arena, room, sizeof(*ret->items)) };
	if (!ret->items)
		return mp_fail(err, ENOMEM, "objects");
	if (args->n_positional > 0 && strchr(args->positional[0], '/'))
		return take_pairs(args, ret, err);
	r = split_kinds(args->n_positional > 0 ? args->positional[0] : "", ret, err);
	for (size_t i = 1; i < args->n_positional && r == 0; i++) {
		if (strchr(args->positional[i], '/'))
			return needless_kind(args->positional[i], err);
		for (size_t k = 0; k < ret->n; k++)
			ret->items[k].names[ret->items[k].n_names++] = args->positional[i];
	}
	return r;
}
