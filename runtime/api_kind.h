/* SPDX-License-Identifier: Apache-2.0 */
/* The kinds that verbs know, and the words that name them: "pods", "cm/settings". */
#pragma once

#include <stdbool.h>

#include "runtime/base/str.h"
#include "runtime/options.h"

enum mp_api_kind {
	MP_API_POD,
	MP_API_EVENT,
	MP_API_CONFIG_MAP,
	MP_API_SECRET,
};

/** mp_api_word() - "pod", "event", "configmap", "secret". */
const char *mp_api_word(enum mp_api_kind kind);

/** mp_api_find() - the kind that @len bytes name ("po", "Pods", "cm"); false: none does. */
bool mp_api_find(const char *word, size_t len, enum mp_api_kind *ret);

/** struct mp_api_args - the objects a command line names. Borrowed from argv. */
struct mp_api_args {
	enum mp_api_kind kind;
	const char *names[64];
	size_t n_names;
	size_t n_used; /* words taken */
};

/**
 * mp_api_args_parse() - "pods", "pod a b", "pod/a pod/b"; without a kind, names are pods.
 * @needs_kind: a first word that names no kind is an error, as with kubectl.
 * @n_max:      most words to look at (the rest means something else).
 *
 * Return: 0 or -EINVAL with kubectl's sentence.
 */
int mp_api_args_parse(const struct mp_args *args, bool needs_kind, size_t n_max,
		      struct mp_api_args *ret, struct mp_error *err);

/** struct mp_api_groups - the objects of a command line that may name several kinds. */
struct mp_api_groups {
	struct mp_api_args *items; /* arena; at least one; neighbours differ in kind */
	size_t n;
	bool is_all; /* "all" was said: of whatever kind there is */
};

/**
 * mp_api_groups_parse() - "pods,events", "pod,cm a b", "pod/a secret/b", "all", and what
 * mp_api_args_parse() takes; the first word must name a kind.
 * @arena: owns @ret's items; names are borrowed from argv.
 *
 * Return: 0, -EINVAL with kubectl's sentence, -ENOMEM.
 * Source: k8s.io/cli-runtime/pkg/resource/builder.go, ResourceTypeOrNameArgs.
 */
int mp_api_groups_parse(const struct mp_args *args, struct mp_arena *arena,
			struct mp_api_groups *ret, struct mp_error *err);
