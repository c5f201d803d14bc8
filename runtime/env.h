/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A container's environment, its expanded command line, and the values of fieldRef and
 * resourceFieldRef. Pure but for memory from the caller's arena.
 * Source: pod-semantics reference sections 9.1 and 9.2.
 */
#pragma once

#include "lifecycle/spec.h"
#include "runtime/objects.h"

/** struct mp_node_facts - what the manifest's references can ask about the machine. */
struct mp_node_facts {
	const char *node_name;
	const char *host_ip, *host_ip6; /* "" when unknown */
	int64_t cpu_milli;              /* capacity, the default of limits.cpu */
	int64_t memory_bytes;
	int64_t ephemeral_bytes;
};

/** struct mp_env_facts - everything outside the spec that values may come from. */
struct mp_env_facts {
	const struct mp_node_facts *node;
	const struct mp_objects *objects;
	const char *pod_ip, *pod_ip6; /* "" when there is none */
	const char *hostname;         /* HOSTNAME */
	const char *const *image_env; /* "NAME=value", NULL-terminated; NULL = none */

	/* The text of a file in a volume (fileKeyRef), arena memory: 0, -EINVAL when it cannot be
	 * read, -ENOENT when there is no such volume. NULL: there are no volumes. */
	int (*read_file)(const void *ctx, const char *volume, const char *path,
			 struct mp_arena *arena, char **ret_text, size_t *ret_len);
	const void *read_ctx;
};

/** struct mp_env - name/value pairs in final order. */
struct mp_env {
	struct mp_key_value *vars;
	size_t n;
};

/**
 * mp_env_build() - the container's variables, image's first, later definitions replacing earlier.
 * @arena: owns everything returned.
 *
 * Return: 0, -ENOMEM, or -EINVAL with the sentence that CreateContainerConfigError shows, e.g.
 * "couldn't find key k in ConfigMap ns/cm".
 */
int mp_env_build(const struct mp_pod_spec *spec, size_t container, const struct mp_env_facts *facts,
		 struct mp_arena *arena, struct mp_env *ret, struct mp_error *err);

/** mp_env_get() - the value of @name, or NULL. */
const char *mp_env_get(const struct mp_env *env, const char *name);

/** mp_env_set() - add or replace; memory from @arena. Return: 0 or -ENOMEM. */
int mp_env_set(struct mp_env *env, struct mp_arena *arena, const char *name, const char *value);

/** mp_env_vector() - "NAME=value" strings, NULL-terminated; NULL when out of memory. */
char **mp_env_vector(const struct mp_env *env, struct mp_arena *arena);

/**
 * mp_env_spec_only() - the variables that "$(VAR)" in command, args and subPathExpr may use:
 * envFrom and env in the order of their first definition, then those of Services; not the image's.
 */
int mp_env_spec_only(const struct mp_pod_spec *spec, size_t container,
		     const struct mp_env_facts *facts, struct mp_arena *arena, struct mp_env *ret,
		     struct mp_error *err);

/**
 * mp_argv_build() - entrypoint and arguments by the merge table of section 9.1, expanded.
 * @image_entrypoint, @image_cmd: of the image's config.
 *
 * Return: 0; -EINVAL "no command specified"; -ENOMEM.
 */
int mp_argv_build(const struct mp_container_spec *c, const struct mp_strings *image_entrypoint,
		  const struct mp_strings *image_cmd, const struct mp_env *env,
		  struct mp_arena *arena, char ***ret_argv, struct mp_error *err);

/**
 * mp_probe_argv() - a probe's exec command: "$(VAR)" expanded with literal env values only
 * (section 7.4); a hook's is taken as it stands.
 */
char **mp_probe_argv(const struct mp_container_spec *c, const struct mp_strings *command,
		     struct mp_arena *arena);

/** mp_strings_argv() - a NULL-terminated copy; NULL when out of memory. */
char **mp_strings_argv(const struct mp_strings *list, struct mp_arena *arena);

/**
 * mp_field_value() - what a fieldRef path stands for.
 * @is_volume: downwardAPI volumes also know metadata.labels and metadata.annotations whole.
 *
 * Return: text (arena or borrowed), or NULL for an unknown path.
 */
const char *mp_field_value(const struct mp_pod_spec *spec, const char *path, bool is_volume,
			   const struct mp_env_facts *facts, struct mp_arena *arena);

/**
 * mp_resource_value() - what a resourceFieldRef stands for, as a decimal integer.
 * @container: default when the reference names none.
 * @is_volume: pod-level limits are a default in env only.
 */
const char *mp_resource_value(const struct mp_pod_spec *spec, size_t container,
			      const struct mp_resource_ref *ref, bool is_volume,
			      const struct mp_env_facts *facts, struct mp_arena *arena);
