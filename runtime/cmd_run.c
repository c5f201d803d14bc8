/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/cmd_run.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "runtime/base/clock_io.h"
#include "runtime/base/log.h"
#include "runtime/manifest.h"
#include "runtime/supervisor.h"

#define EXIT_OURS 125

const struct mp_option mp_run_options[] = {
	{ "filename", 'f', "FILE", "a manifest; may be given again; - is standard input", false },
	{ "no-prefix", 0, NULL, "container output without its container's name", false },
	{ "pod-cidr", 0, "RANGE", "addresses for pods (10.88.0.0/16)", false },
	{ NULL, 0, NULL, NULL, false },
};

static void print_lines(enum mp_log_level level, const struct mp_lines *lines)
{
	for (const struct mp_line *l = lines->first; l; l = l->next)
		mp_log(level, "%s", l->text);
}

static bool wants_color(int fd)
{
	const char *no_color = getenv("NO_COLOR");

	return isatty(fd) && !(no_color && no_color[0]);
}

static size_t collect_files(const struct mp_args *args, const char **files, size_t max)
{
	size_t n = 0;

	for (size_t i = 0; i < args->n_positional && n < max; i++)
		files[n++] = args->positional[i];
	for (size_t i = 0; i < args->n_values && n < max; i++)
		if (args->values[i].option == &mp_run_options[0])
			files[n++] = args->values[i].value;
	return n;
}

static int load(const struct mp_args *args, struct mp_manifest *m, const struct mp_pod_spec **spec,
		struct mp_error *err)
{
	const char *files[MP_OPTION_VALUES_MAX];
	const size_t n = collect_files(args, files, MP_ARRAY_SIZE(files));
	const struct mp_manifest_options options = { .wall = mp_clock_read().wall };
	int r;

	if (n == 0)
		return mp_fail_text(err, EINVAL, "no manifest was given: minipod run FILE");
	r = mp_manifest_load(m, files, n, &options, err);
	print_lines(MP_LOG_NOTE, &m->notes);
	print_lines(MP_LOG_WARNING, &m->warnings);
	print_lines(MP_LOG_ERROR, &m->errors);
	return r < 0 ? r : mp_manifest_only_pod(m, spec, err);
}

static const char *option_or(const struct mp_args *args, const char *name, const char *variable,
			     const char *fallback)
{
	const char *value = mp_args_get(args, name);

	if (!value && variable)
		value = getenv(variable);
	return value && value[0] ? value : fallback;
}

int mp_cmd_run(const struct mp_args *args)
{
	struct mp_manifest m = { .n_pods = 0 };
	struct mp_error err = MP_ERROR_NONE;
	struct mp_roots roots;
	const struct mp_pod_spec *spec = NULL;
	int code = EXIT_OURS;
	int r = load(args, &m, &spec, &err);

	if (r == 0 && geteuid() != 0)
		r = mp_fail_text(
			&err, EPERM,
			"running a pod makes namespaces, mounts and cgroups and needs root: "
			"try 'sudo minipod run ...'");
	if (r == 0)
		r = mp_roots_init(option_or(args, "root", "MINIPOD_ROOT", NULL), &roots, &err);
	if (r == 0) {
		const struct mp_supervisor_config config = {
			.spec = spec,
			.objects = &m.objects,
			.roots = &roots,
			.pod_cidr = option_or(args, "pod-cidr", "MINIPOD_POD_CIDR", "10.88.0.0/16"),
			.cgroup_root = option_or(args, "cgroup-root", "MINIPOD_CGROUP_ROOT", NULL),
			.is_foreground = true,
			.has_prefix = !mp_args_has(args, "no-prefix"),
			.has_out_color = wants_color(STDOUT_FILENO),
			.has_err_color = wants_color(STDERR_FILENO),
			.is_quiet = mp_args_has(args, "quiet"),
			.start_wall = mp_clock_read().wall,
		};

		r = mp_supervisor_run(&config, &code, &err);
	}
	if (r < 0 && err.code != 0)
		mp_log(MP_LOG_ERROR, "%s", err.msg);
	mp_manifest_done(&m);
	return r < 0 ? EXIT_OURS : code;
}
