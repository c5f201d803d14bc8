/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Label and field selectors, as kubectl's -l and --field-selector take them. Pure.
 * Source: k8s.io/apimachinery/pkg/labels/selector.go, pkg/fields/selector.go.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "runtime/base/document.h"
#include "runtime/base/error.h"
#include "runtime/base/str.h"

enum mp_selector_op {
	MP_SELECT_IN,     /* also =, == */
	MP_SELECT_NOT_IN, /* also !=; matches where the key is missing, too */
	MP_SELECT_EXISTS,
	MP_SELECT_ABSENT,
	MP_SELECT_ABOVE, /* key>1: whole numbers */
	MP_SELECT_BELOW,
};

/** struct mp_requirement - one of the parts between commas, all of which must hold. */
struct mp_requirement {
	const char *key;
	enum mp_selector_op op;
	const char *const *values;
	size_t n_values;
};

/** struct mp_selector - zero: everything matches. Memory of the arena it was parsed into. */
struct mp_selector {
	const struct mp_requirement *items;
	size_t n;
};

/**
 * mp_selector_parse() - "app=web,tier in (a,b),!old".
 *
 * Return: 0, or -EINVAL with a sentence that names the part.
 */
int mp_selector_parse(struct mp_arena *arena, const char *text, struct mp_selector *ret,
		      struct mp_error *err);

/** mp_selector_matches() - do @labels (a map of strings; NULL: none) fulfil it? */
bool mp_selector_matches(const struct mp_selector *selector, const struct mp_node *labels);

/**
 * mp_field_selector_parse() - "status.phase=Running,metadata.name!=web".
 * @known: the @n_known fields that may be selected by.
 */
int mp_field_selector_parse(struct mp_arena *arena, const char *text, const char *const *known,
			    size_t n_known, struct mp_selector *ret, struct mp_error *err);

/** mp_field_selector_matches() - does @object fulfil it? A field that is missing is "". */
bool mp_field_selector_matches(const struct mp_selector *selector, const struct mp_node *object);
