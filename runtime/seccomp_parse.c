/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/seccomp_parse.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "namespaces/creds.h"
#include "runtime/base/auto.h"
#include "runtime/base/document.h"

#if defined(__aarch64__)
#define NATIVE_ARCH   "SCMP_ARCH_AARCH64"
#define NATIVE_GOARCH "arm64"
#else
#define NATIVE_ARCH   "SCMP_ARCH_X86_64"
#define NATIVE_GOARCH "amd64"
#endif

#define ARGS_MAX 64

struct reader {
	const char *name;
	const struct mp_seccomp_context *context;
	struct mp_arena *arena;
	struct mp_error *err;
};

static int bad(const struct reader *rd, uint32_t line, uint32_t column, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

static int bad(const struct reader *rd, uint32_t line, uint32_t column, const char *fmt, ...)
{
	char text[MP_ERROR_MSG_MAX];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return mp_fail_text(rd->err, EINVAL, "%s:%u:%u: %.400s", rd->name, line, column, text);
}

/* The same position in front of a sentence that somebody else wrote. */
static int at(const struct reader *rd, const struct mp_node *node, int r)
{
	return r < 0 ? mp_wrap(rd->err, r, "%s:%u:%u", rd->name, node->line, node->column) : 0;
}

static int no_memory(const struct reader *rd)
{
	return mp_fail(rd->err, ENOMEM, "read seccomp profile %s", rd->name);
}

static int check_fields(const struct reader *rd, const struct mp_node *map, const char *what,
			const char *const *names, size_t n)
{
	if (map->kind != MP_NODE_MAP)
		return bad(rd, map->line, map->column, "%s must be an object, not %s", what,
			   mp_node_kind_text(map->kind));
	for (size_t i = 0; i < map->count; i++) {
		const struct mp_entry *e = &map->entries[i];
		const char *near;
		bool is_known = false;

		for (size_t j = 0; j < n && !is_known; j++)
			is_known = strcmp(e->key, names[j]) == 0;
		if (is_known)
			continue;
		near = mp_closest(e->key, names, n);
		if (near)
			return bad(rd, e->line, e->column,
				   "unknown field \"%s\" of %s, did you mean \"%s\"?", e->key, what,
				   near);
		return bad(rd, e->line, e->column, "unknown field \"%s\" of %s", e->key, what);
	}
	return 0;
}

static bool is_absent(const struct mp_node *node)
{
	return !node || node->kind == MP_NODE_NULL;
}

static int get_text(const struct reader *rd, const struct mp_node *node, const char *what,
		    const char **ret)
{
	*ret = NULL;
	if (is_absent(node))
		return 0;
	if (node->kind != MP_NODE_STRING)
		return bad(rd, node->line, node->column, "%s must be a string, not %s", what,
			   mp_node_kind_text(node->kind));
	*ret = node->text;
	return 0;
}

static int get_texts(const struct reader *rd, const struct mp_node *node, const char *what,
		     const char ***ret, size_t *ret_n)
{
	const char **list;

	*ret = NULL;
	*ret_n = 0;
	if (is_absent(node))
		return 0;
	if (node->kind != MP_NODE_LIST)
		return bad(rd, node->line, node->column, "%s must be an array of strings, not %s",
			   what, mp_node_kind_text(node->kind));
	list = mp_arena_alloc(rd->arena, node->count + 1, sizeof(*list));
	if (!list)
		return no_memory(rd);
	for (size_t i = 0; i < node->count; i++) {
		const int r = get_text(rd, node->items[i], what, &list[i]);

		if (r < 0)
			return r;
		if (!list[i])
			return bad(rd, node->items[i]->line, node->items[i]->column,
				   "%s must not have a null", what);
	}
	*ret = list;
	*ret_n = node->count;
	return 0;
}

/* A whole number from 0 to @max. */
static int get_number(const struct reader *rd, const struct mp_node *node, const char *what,
		      uint64_t max, uint64_t *ret)
{
	unsigned long long value;
	char *end;

	if (node->kind != MP_NODE_NUMBER || !node->is_integer || node->text[0] == '-')
		return bad(rd, node->line, node->column, "%s must be a whole number from 0 to %llu",
			   what, (unsigned long long)max);
	errno = 0;
	value = strtoull(node->text, &end, 10);
	if (errno != 0 || *end != '\0' || value > max)
		return bad(rd, node->line, node->column, "%s must be a whole number from 0 to %llu",
			   what, (unsigned long long)max);
	*ret = value;
	return 0;
}

static int get_errno(const struct reader *rd, const struct mp_node *map, const char *field,
		     bool *ret_has, uint32_t *ret)
{
	const struct mp_node *node = mp_node_get(map, field);
	uint64_t value = 0;
	int r;

	if (is_absent(node))
		return 0;
	/* The kernel cuts it at MAX_ERRNO: seccomp(2). */
	r = get_number(rd, node, field, 4095, &value);
	if (r < 0)
		return r;
	*ret_has = true;
	*ret = (uint32_t)value;
	return 0;
}

/* containers/common writes the name beside the number; the number is what counts. */
static int check_errno_name(const struct reader *rd, const struct mp_node *map, const char *name,
			    const char *number)
{
	const struct mp_node *node = mp_node_get(map, name);

	if (is_absent(node) || !is_absent(mp_node_get(map, number)))
		return 0;
	return bad(rd, node->line, node->column, "%s needs the number beside it, as %s", name,
		   number);
}

static int get_action(const struct reader *rd, const struct mp_node *map, const char *field,
		      const char *what, enum mp_seccomp_action *ret)
{
	const struct mp_node *node = mp_node_get(map, field);
	const char *text;
	int r = get_text(rd, node, field, &text);

	if (r < 0)
		return r;
	if (!text)
		return bad(rd, map->line, map->column, "%s has no \"%s\"", what, field);
	return at(rd, node, mp_seccomp_action_parse(text, ret, rd->err));
}

/* ---- includes, excludes ------------------------------------------------------------------- */

/* "4.8" and the like; 0 for what is none. */
static uint32_t parse_kernel(const char *text)
{
	char *end;
	const unsigned long major = strtoul(text, &end, 10);
	unsigned long minor = 0;

	if (end == text || major > UINT16_MAX)
		return 0;
	if (*end == '.')
		minor = strtoul(end + 1, &end, 10);
	return *end != '\0' || minor > UINT16_MAX ? 0 : (uint32_t)(major << 16 | minor);
}

/*
 * What one filter says of this container. For includes everything has to be there (@is_all), for
 * excludes one is enough. An absent or empty filter says nothing (@ret_has false).
 */
static int ask_filter(const struct reader *rd, const struct mp_node *filter, const char *what,
		      bool is_all, bool *ret_has, bool *ret_is_met)
{
	static const char *const fields[] = { "caps", "arches", "minKernel" };
	const char **caps = NULL, **arches = NULL, *kernel = NULL;
	size_t n_caps = 0, n_arches = 0, n_asked = 0, n_met = 0;
	int r;

	*ret_has = false;
	*ret_is_met = false;
	if (is_absent(filter))
		return 0;
	r = check_fields(rd, filter, what, fields, MP_ARRAY_SIZE(fields));
	if (r == 0)
		r = get_texts(rd, mp_node_get(filter, "caps"), "caps", &caps, &n_caps);
	if (r == 0)
		r = get_texts(rd, mp_node_get(filter, "arches"), "arches", &arches, &n_arches);
	if (r == 0)
		r = get_text(rd, mp_node_get(filter, "minKernel"), "minKernel", &kernel);
	for (size_t i = 0; i < n_caps && r == 0; i++) {
		unsigned int cap = 0;

		r = at(rd, filter, mp_cap_parse(caps[i], &cap, rd->err));
		n_asked++;
		n_met += r == 0 && (rd->context->caps >> cap & 1) != 0 ? 1 : 0;
	}
	if (r < 0)
		return r;
	if (n_arches > 0) {
		bool is_ours = false;

		for (size_t i = 0; i < n_arches; i++)
			is_ours |= strcmp(arches[i], NATIVE_GOARCH) == 0;
		n_asked++;
		n_met += is_ours ? 1 : 0;
	}
	if (kernel) {
		const uint32_t wanted = parse_kernel(kernel);

		if (wanted == 0)
			return bad(rd, filter->line, filter->column,
				   "minKernel must be like \"4.8\", not \"%s\"", kernel);
		n_asked++;
		n_met += rd->context->kernel >= wanted ? 1 : 0;
	}
	*ret_has = n_asked > 0;
	*ret_is_met = is_all ? n_met == n_asked : n_met > 0;
	return 0;
}

static int is_wanted(const struct reader *rd, const struct mp_node *rule, bool *ret)
{
	bool has, is_met;
	int r = ask_filter(rd, mp_node_get(rule, "includes"), "includes", true, &has, &is_met);

	*ret = !has || is_met;
	if (r < 0)
		return r;
	r = ask_filter(rd, mp_node_get(rule, "excludes"), "excludes", false, &has, &is_met);
	*ret = *ret && !(has && is_met);
	return r;
}

/* ---- rules -------------------------------------------------------------------------------- */

static int parse_arg(const struct reader *rd, const struct mp_node *node,
		     struct mp_seccomp_arg *ret)
{
	static const char *const fields[] = { "index", "value", "valueTwo", "op" };
	const struct mp_node *index, *value, *two;
	struct mp_seccomp_arg arg = { .index = 0 };
	const char *op = NULL;
	uint64_t number = 0;
	int r = check_fields(rd, node, "args", fields, MP_ARRAY_SIZE(fields));

	if (r < 0)
		return r;
	index = mp_node_get(node, "index");
	value = mp_node_get(node, "value");
	two = mp_node_get(node, "valueTwo");
	if (is_absent(index) || is_absent(value))
		return bad(rd, node->line, node->column, "args needs \"index\" and \"value\"");
	r = get_number(rd, index, "index", 5, &number);
	arg.index = (unsigned int)number;
	if (r == 0)
		r = get_number(rd, value, "value", UINT64_MAX, &arg.value);
	if (r == 0 && !is_absent(two))
		r = get_number(rd, two, "valueTwo", UINT64_MAX, &arg.value_two);
	if (r == 0)
		r = get_text(rd, mp_node_get(node, "op"), "op", &op);
	if (r < 0)
		return r;
	if (!op)
		return bad(rd, node->line, node->column, "args needs \"op\"");
	r = at(rd, mp_node_get(node, "op"), mp_seccomp_op_parse(op, &arg.op, rd->err));
	*ret = arg;
	return r;
}

static int parse_args(const struct reader *rd, const struct mp_node *node,
		      struct mp_seccomp_rule *rule)
{
	struct mp_seccomp_arg *args;

	if (is_absent(node))
		return 0;
	if (node->kind != MP_NODE_LIST || node->count > ARGS_MAX)
		return bad(rd, node->line, node->column, "args must be an array of at most %d",
			   ARGS_MAX);
	args = mp_arena_alloc(rd->arena, node->count + 1, sizeof(*args));
	if (!args)
		return no_memory(rd);
	for (size_t i = 0; i < node->count; i++) {
		const int r = parse_arg(rd, node->items[i], &args[i]);

		if (r < 0)
			return r;
	}
	rule->args = args;
	rule->n_args = node->count;
	return 0;
}

static int parse_rule(const struct reader *rd, const struct mp_node *node,
		      struct mp_seccomp_rule *ret, bool *ret_is_wanted)
{
	/* name is from before a rule could have several; the last five are not OCI's. */
	static const char *const fields[] = {
		"names", "name",    "action",   "errnoRet", "errno",
		"args",  "comment", "comments", "includes", "excludes"
	};
	struct mp_seccomp_rule rule = { .n_names = 0 };
	const char **names = NULL, **one;
	const char *name = NULL;
	int r = check_fields(rd, node, "syscalls", fields, MP_ARRAY_SIZE(fields));

	if (r == 0)
		r = get_texts(rd, mp_node_get(node, "names"), "names", &names, &rule.n_names);
	if (r == 0)
		r = get_text(rd, mp_node_get(node, "name"), "name", &name);
	if (r < 0)
		return r;
	rule.names = names;
	if (name && rule.n_names > 0)
		return bad(rd, node->line, node->column,
			   "syscalls has both \"name\" and \"names\"");
	if (name) {
		one = mp_arena_alloc(rd->arena, 1, sizeof(*one));
		if (!one)
			return no_memory(rd);
		one[0] = name;
		rule.names = one;
		rule.n_names = 1;
	}
	if (rule.n_names == 0)
		return bad(rd, node->line, node->column, "syscalls has no \"names\"");
	r = get_action(rd, node, "action", "syscalls", &rule.action);
	if (r == 0)
		r = check_errno_name(rd, node, "errno", "errnoRet");
	if (r == 0)
		r = get_errno(rd, node, "errnoRet", &rule.has_errno, &rule.errno_ret);
	if (r == 0)
		r = parse_args(rd, mp_node_get(node, "args"), &rule);
	if (r == 0)
		r = is_wanted(rd, node, ret_is_wanted);
	*ret = rule;
	return r;
}

static int parse_rules(const struct reader *rd, const struct mp_node *node,
		       struct mp_seccomp_profile *profile)
{
	struct mp_seccomp_rule *rules;
	size_t n = 0;

	if (is_absent(node))
		return 0;
	if (node->kind != MP_NODE_LIST)
		return bad(rd, node->line, node->column, "syscalls must be an array, not %s",
			   mp_node_kind_text(node->kind));
	rules = mp_arena_alloc(rd->arena, node->count + 1, sizeof(*rules));
	if (!rules)
		return no_memory(rd);
	for (size_t i = 0; i < node->count; i++) {
		bool is_in = false;
		const int r = parse_rule(rd, node->items[i], &rules[n], &is_in);

		if (r < 0)
			return r;
		n += is_in ? 1 : 0;
	}
	profile->rules = rules;
	profile->n_rules = n;
	return 0;
}

/* ---- architectures ------------------------------------------------------------------------ */

/* Docker's form: the entry for this machine's architecture, with its sub-architectures. */
static int parse_arch_map(const struct reader *rd, const struct mp_node *map,
			  struct mp_seccomp_profile *profile)
{
	static const char *const fields[] = { "architecture", "subArchitectures" };

	if (map->kind != MP_NODE_LIST)
		return bad(rd, map->line, map->column, "archMap must be an array, not %s",
			   mp_node_kind_text(map->kind));
	if (profile->n_architectures > 0)
		return bad(rd, map->line, map->column,
			   "both \"architectures\" and \"archMap\" are given");
	for (size_t i = 0; i < map->count; i++) {
		const char **subs, **all;
		const char *arch = NULL;
		size_t n = 0;
		int r = check_fields(rd, map->items[i], "archMap", fields, MP_ARRAY_SIZE(fields));

		if (r == 0)
			r = get_text(rd, mp_node_get(map->items[i], "architecture"), "architecture",
				     &arch);
		if (r == 0)
			r = get_texts(rd, mp_node_get(map->items[i], "subArchitectures"),
				      "subArchitectures", &subs, &n);
		if (r < 0)
			return r;
		if (!mp_streq(arch, NATIVE_ARCH))
			continue;
		all = mp_arena_alloc(rd->arena, n + 1, sizeof(*all));
		if (!all)
			return no_memory(rd);
		all[0] = arch;
		for (size_t j = 0; j < n; j++)
			all[j + 1] = subs[j];
		profile->architectures = all;
		profile->n_architectures = n + 1;
	}
	return 0;
}

static int parse_root(const struct reader *rd, const struct mp_node *root,
		      struct mp_seccomp_profile *profile)
{
	static const char *const fields[] = { "defaultAction", "defaultErrnoRet", "defaultErrno",
					      "architectures", "archMap",         "flags",
					      "syscalls",      "comment",         "comments" };
	const char **list = NULL;
	int r = check_fields(rd, root, "the profile", fields, MP_ARRAY_SIZE(fields));

	if (r == 0)
		r = get_action(rd, root, "defaultAction", "the profile", &profile->default_action);
	if (r == 0)
		r = check_errno_name(rd, root, "defaultErrno", "defaultErrnoRet");
	if (r == 0)
		r = get_errno(rd, root, "defaultErrnoRet", &profile->has_default_errno,
			      &profile->default_errno_ret);
	if (r == 0)
		r = get_texts(rd, mp_node_get(root, "architectures"), "architectures", &list,
			      &profile->n_architectures);
	if (r < 0)
		return r;
	profile->architectures = list;
	if (!is_absent(mp_node_get(root, "archMap")))
		r = parse_arch_map(rd, mp_node_get(root, "archMap"), profile);
	if (r == 0)
		r = get_texts(rd, mp_node_get(root, "flags"), "flags", &list, &profile->n_flags);
	profile->flags = r == 0 ? list : NULL;
	return r < 0 ? r : parse_rules(rd, mp_node_get(root, "syscalls"), profile);
}

int mp_seccomp_parse(const char *name, const char *bytes, size_t len,
		     const struct mp_seccomp_context *context, struct mp_arena *arena,
		     struct mp_seccomp_profile *ret, struct mp_error *err)
{
	struct mp_error own = MP_ERROR_NONE;
	const struct reader rd = {
		.name = name, .context = context, .arena = arena, .err = err ? err : &own
	};
	struct mp_seccomp_profile profile = { .n_rules = 0 };
	struct mp_document document;
	int r = mp_document_parse(arena, name, bytes, len, MP_DOCUMENT_JSON, &document, rd.err);

	if (r < 0)
		return r;
	if (document.count != 1)
		return bad(&rd, document.roots[1]->line, document.roots[1]->column,
			   "more than one value: a profile is one object");
	r = parse_root(&rd, document.roots[0], &profile);
	if (r == 0)
		*ret = profile;
	return r;
}
