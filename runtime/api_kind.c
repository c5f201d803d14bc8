/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/api_kind.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "runtime/base/auto.h"

static const struct {
	const char *names[5];
	enum mp_api_kind kind;
} kinds[] = {
	{ { "pod", "pods", "po", "all" }, MP_API_POD },
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

static int take_pair(const char *word, const char *slash, bool is_first, struct mp_api_args *ret,
		     struct mp_error *err)
{
	const enum mp_api_kind before = ret->kind;

	if (!mp_api_find(word, (size_t)(slash - word), &ret->kind))
		return no_such_kind(word, (size_t)(slash - word), err);
	if (!is_first && before != ret->kind)
		return mp_fail_text(err, EINVAL, "only one kind at a time: '%s' is no %s", word,
				    mp_api_word(before));
	if (!slash[1])
		return mp_fail_text(err, EINVAL,
				    "arguments in resource/name form must have a single resource "
				    "and name: '%s'",
				    word);
	ret->names[ret->n_names++] = slash + 1;
	return 0;
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
		else if (strchr(word, ',') && needs_kind)
			return mp_fail_text(err, EINVAL, "only one kind at a time: '%s'", word);
		else if (needs_kind)
			return no_such_kind(word, len, err);
	}
	for (size_t i = first; i < n && r == 0; i++) {
		const char *word = args->positional[i], *slash = strchr(word, '/');

		if (slash && first > 0)
			r = mp_fail_text(
				err, EINVAL,
				"there is no need to specify a resource type as a separate "
				"argument when passing arguments in resource/name form: "
				"'%s'",
				word);
		else if (slash)
			r = take_pair(word, slash, ret->n_names == 0, ret, err);
		else
			ret->names[ret->n_names++] = word;
	}
	return r;
}
