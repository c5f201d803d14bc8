/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/cmd_run.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "lifecycle/admit.h"
#include "runtime/background.h"
#include "runtime/base/clock_io.h"
#include "runtime/base/log.h"
#include "runtime/cli.h"
#include "runtime/client.h"
#include "runtime/manifest.h"
#include "runtime/providers.h"
#include "runtime/recover.h"
#include "runtime/startup.h"
#include "runtime/supervisor.h"

#define SYSCTLS_MAX  64
#define LOG_SIZE_MIN 4096 /* bytes; less keeps nothing that a person could read */

const struct mp_option mp_run_options[] = {
	{ "filename", 'f', "FILE", "a manifest; may be given again; - is standard input", false },
	{ "no-prefix", 0, NULL, "container output without its container's name", false },
	{ "pod-cidr", 0, "RANGE", "addresses for pods (10.88.0.0/16)", false },
	{ "allowed-unsafe-sysctls", 0, "NAMES",
	  "sysctls a pod may set beside the safe ones: names or prefix*, with commas", false },
	{ "seccomp-default", 0, NULL, "RuntimeDefault for containers that have no seccompProfile",
	  false },
	{ "seccomp-profile-root", 0, "DIR", "where Localhost profiles are (<lib>/seccomp)", false },
	{ "detach", 'd', NULL, "run the pod in the background", false },
	{ "wait-for", 0, "STATE",
	  "with -d, return when the pod has: started (default), ready, none", false },
	{ "timeout", 0, "DURATION", "with -d, wait no longer than that (the pod goes on)", false },
	{ "replace", 0, NULL, "delete a pod of that name first", false },
	{ "recover", 0, NULL, "take up a pod of that name whose supervisor died, if there is one",
	  false },
	{ "result-file", 0, "FILE", "write the pod as it ended, a core/v1 object", false },
	{ "log-max-size", 0, "SIZE", "rotate a container's log at that size (10Mi; 0: never)",
	  false },
	{ "log-max-files", 0, "N", "keep so many files of a log, at least 2 (5)", false },
	{ "journal-max-size", 0, "SIZE", "shorten the pod's journal at that size (4Mi; 0: never)",
	  false },
	{ "pvc", 0, "NAME=DIR", "bind the claim NAME to a directory; may be given again", false },
	{ "service-account-token", 0, "FILE", "the token that projected volumes show", false },
	{ NULL, 0, NULL, NULL, false },
};

static void print_lines(enum mp_log_level level, const struct mp_lines *lines)
{
	for (const struct mp_line *l = lines->first; l; l = l->next)
		mp_log(level, "%s", l->text);
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

/* What the command line provides for the pod becomes objects beside it. */
static int provide(const struct mp_args *args, struct mp_manifest *m,
		   const struct mp_pod_spec *spec, struct mp_error *err)
{
	const char *token = mp_args_get(args, "service-account-token");
	int r = 0;

	for (size_t i = 0; i < args->n_values && r == 0; i++)
		if (mp_streq(args->values[i].option->name, "pvc"))
			r = mp_providers_map_claim(m, spec, args->values[i].value, err);
	if (r == 0 && token)
		r = mp_providers_add_token(m, spec->meta.namespace_, mp_service_account(spec),
					   token, err);
	if (r == 0)
		r = mp_providers_check(spec, &m->objects, err);

	const struct mp_volume *access = r == 0 ? mp_providers_lack_token(spec, &m->objects) : NULL;

	if (access)
		mp_log(MP_LOG_NOTE,
		       "volume \"%s\": there is no API server, and no --service-account-token: its "
		       "token is left out",
		       access->name);
	return r;
}

/* What the scheduler does: a pod that names no node is bound to the one there is. */
static int bind_to_node(struct mp_manifest *m, struct mp_error *err)
{
	struct utsname uts;

	if (uname(&uts) < 0)
		return mp_fail(err, errno, "read this machine's name");
	for (struct mp_manifest_pod *pod = m->pods; pod; pod = pod->next) {
		if (pod->spec.node_name && *pod->spec.node_name)
			continue;
		pod->spec.node_name = mp_arena_strdup(&m->arena, uts.nodename);
		if (!pod->spec.node_name)
			return mp_fail(err, ENOMEM, "bind the pod to this machine");
		pod->spec.was_scheduled = true;
	}
	return 0;
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
	if (r == 0)
		r = mp_manifest_only_pod(m, spec, err);
	if (r == 0)
		r = bind_to_node(m, err);
	return r == 0 ? provide(args, m, *spec, err) : r;
}

/* The directory is opened now: a mistake shows at once, and a later chdir does no harm. */
static int open_result(const char *path, struct mp_supervisor_config *config, struct mp_error *err)
{
	char dir[PATH_MAX];
	const char *slash = path ? strrchr(path, '/') : NULL;
	struct stat st;

	config->result_dir_fd = -EBADF;
	if (!path)
		return 0;
	config->result_name = slash ? slash + 1 : path;
	if (!config->result_name[0])
		return mp_fail(err, EISDIR, "--result-file %s", path);
	(void)snprintf(dir, sizeof(dir), "%.*s", slash ? (int)(slash - path) + 1 : 1,
		       slash ? path : ".");
	config->result_dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (config->result_dir_fd < 0)
		return mp_fail(err, errno, "--result-file: open %s", dir);
	/* It is replaced, not written to: /dev/stdout would be gone for the whole machine. */
	if (fstatat(config->result_dir_fd, config->result_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    !S_ISREG(st.st_mode))
		return mp_fail_text(
			err, EINVAL,
			"--result-file %s: is not a regular file: name one, or one that "
			"does not exist yet",
			path);
	return 0;
}

/* "a,b*" and further ones of the same kind, split and checked. */
static int parse_sysctls(const struct mp_args *args, struct mp_arena *arena,
			 struct mp_supervisor_config *config, struct mp_error *err)
{
	const char **list = mp_arena_alloc(arena, SYSCTLS_MAX, sizeof(*list));
	size_t n = 0;

	if (!list)
		return mp_fail(err, ENOMEM, "--allowed-unsafe-sysctls");
	for (size_t i = 0; i < args->n_values; i++) {
		const char *at = args->values[i].value;

		if (!mp_streq(args->values[i].option->name, "allowed-unsafe-sysctls"))
			continue;
		while (*at) {
			const char *end = strchrnul(at, ',');
			int r;

			if (n == SYSCTLS_MAX)
				return mp_fail_text(err, E2BIG,
						    "--allowed-unsafe-sysctls: more than %d names",
						    SYSCTLS_MAX);
			list[n] = mp_arena_printf(arena, "%.*s", (int)(end - at), at);
			if (!list[n])
				return mp_fail(err, ENOMEM, "--allowed-unsafe-sysctls");
			r = mp_sysctl_pattern_check(list[n++], err);
			if (r < 0)
				return mp_wrap(err, r, "--allowed-unsafe-sysctls");
			at = *end ? end + 1 : end;
		}
	}
	config->unsafe_sysctls = list;
	config->n_unsafe_sysctls = n;
	return 0;
}

static int parse_size(const struct mp_args *args, const char *option, const char *variable,
		      int64_t *bytes, struct mp_error *err)
{
	const char *size = mp_cli_option(args, option, variable, NULL);
	struct mp_quantity quantity;
	struct mp_error why = MP_ERROR_NONE;

	if (!size)
		return 0;
	if (mp_quantity_parse(size, &quantity, &why) < 0 || mp_quantity_value(&quantity) < 0)
		return mp_fail_text(err, EINVAL, "--%s: '%s' is not a size such as 10Mi", option,
				    size);
	*bytes = mp_quantity_value(&quantity);
	return 0;
}

static int parse_log_limits(const struct mp_args *args, struct mp_log_limits *limits,
			    struct mp_error *err)
{
	long long files = limits->max_files;
	int r = mp_args_int(args, "log-max-files", 2, 1000, &files, err);

	limits->max_files = (int)files;
	if (r == 0)
		r = parse_size(args, "log-max-size", "MINIPOD_LOG_MAX_SIZE", &limits->max_bytes,
			       err);
	if (r == 0 && limits->max_bytes > 0 && limits->max_bytes < LOG_SIZE_MIN)
		r = mp_fail_text(err, EINVAL,
				 "--log-max-size: '%s' would rotate a log at each line: at least "
				 "4Ki, or 0 for never",
				 mp_cli_option(args, "log-max-size", "MINIPOD_LOG_MAX_SIZE", ""));
	return r;
}

static int replace_pod(const struct mp_supervisor_config *config, struct mp_error *err)
{
	const struct mp_delete_options options = { .wants_object = false };
	struct mp_deletion deletion;
	int r = mp_deletion_begin(config->roots, config->spec->meta.namespace_,
				  config->spec->meta.name, &options, &deletion, err);

	if (r == 0)
		r = mp_deletion_wait(&deletion, MP_NSEC_NEVER, err);
	mp_deletion_done(&deletion);
	if (r == -ENOENT) {
		*err = MP_ERROR_NONE;
		return 0;
	}
	return mp_wrap(err, r, "--replace");
}

/* For a service that is started again: its pod may have survived. */
static int take_up(struct mp_supervisor_config *config, struct mp_recovery *recovery,
		   bool *ret_is_there, struct mp_error *err)
{
	const int result_dir_fd = config->result_dir_fd;
	const char *result_name = config->result_name;
	char dir_name[600];
	int r;

	(void)snprintf(dir_name, sizeof(dir_name), "%s_%s", config->spec->meta.namespace_,
		       config->spec->meta.name);
	r = mp_recovery_open(config->roots, dir_name, recovery, err);
	*ret_is_there = r == 0;
	if (r == -ENOENT ||
	    r == -ENODATA) { /* one that has ended is in nobody's way, or --replace's */
		*err = MP_ERROR_NONE;
		return 0;
	}
	if (r < 0)
		return mp_wrap(err, r, "--recover");
	mp_recovery_config(recovery, config);
	if (result_name) {
		config->result_dir_fd = result_dir_fd;
		config->result_name = result_name;
	}
	return 0;
}

/* ---- the background --------------------------------------------------------------------------- */

static int report_start(const struct mp_pod_spec *spec, int r, int code, const char *text)
{
	if (r == -ETIMEDOUT) {
		mp_log(MP_LOG_ERROR,
		       "pod \"%s\" has not started in time; it goes on: see 'minipod "
		       "describe %s'",
		       spec->meta.name, spec->meta.name);
		return MP_EXIT_TIMEOUT;
	}
	if (r < 0) {
		mp_log(MP_LOG_ERROR, "the supervisor of pod \"%s\" ended without a word: %s",
		       spec->meta.name, strerror(-r));
		return MP_EXIT_OURS;
	}
	if (code == MP_EXIT_OURS)
		mp_log(MP_LOG_ERROR, "%s", text);
	else if (code != 0)
		mp_log(MP_LOG_ERROR,
		       "pod \"%s\" does not start: %s (it is kept: 'minipod describe "
		       "%s', 'minipod delete %s')",
		       spec->meta.name, text, spec->meta.name, spec->meta.name);
	else
		(void)printf("pod/%s created\n", spec->meta.name);
	return code;
}

static int run_detached(struct mp_supervisor_config *config, enum mp_start_goal goal,
			int timeout_ms, int *ret_code, struct mp_error *err)
{
	char text[2048];
	struct mp_background background;
	int r = mp_background_begin(config, goal, &background, err);

	if (r < 0)
		return r;
	r = mp_background_wait(&background, timeout_ms, ret_code, text, sizeof(text));
	*ret_code = report_start(config->spec, r, *ret_code, text);
	return 0;
}

static int parse_waiting(const struct mp_args *args, enum mp_start_goal *ret_goal,
			 int *ret_timeout_ms, struct mp_error *err)
{
	const char *timeout = mp_args_get(args, "timeout");
	mp_nsec span = 0;
	int r = mp_start_goal_parse(mp_cli_option(args, "wait-for", NULL, "started"), ret_goal,
				    err);

	*ret_timeout_ms = -1;
	if (r == 0 && timeout)
		r = mp_duration_parse("--timeout", timeout, &span, err);
	if (r == 0 && timeout)
		*ret_timeout_ms =
			span / MP_NSEC_PER_MS > 86400000 ? 86400000 : (int)(span / MP_NSEC_PER_MS);
	if (r == 0 && !mp_args_has(args, "detach") && (timeout || mp_args_has(args, "wait-for")))
		r = mp_fail_text(err, EINVAL, "--wait-for and --timeout go with -d");
	return r;
}

/* ---- the verb --------------------------------------------------------------------------------- */

static int run(const struct mp_args *args, const struct mp_manifest *m,
	       const struct mp_pod_spec *spec, int *ret_code, struct mp_error *err)
{
	struct mp_roots roots;
	struct mp_supervisor_config config = {
		.spec = spec,
		.objects = &m->objects,
		.roots = &roots,
		.pod_cidr = mp_cli_option(args, "pod-cidr", "MINIPOD_POD_CIDR", "10.88.0.0/16"),
		.cgroup_root = mp_cli_option(args, "cgroup-root", "MINIPOD_CGROUP_ROOT", NULL),
		.seccomp_default =
			mp_args_has(args, "seccomp-default") ||
					mp_streq(getenv("MINIPOD_SECCOMP_DEFAULT"), "1") ?
				"RuntimeDefault" :
				NULL,
		.seccomp_root =
			mp_cli_option(args, "seccomp-profile-root", "MINIPOD_SECCOMP_ROOT", NULL),
		.is_foreground = !mp_args_has(args, "detach"),
		.has_prefix = !mp_args_has(args, "no-prefix"),
		.has_out_color = mp_cli_wants_color(STDOUT_FILENO),
		.has_err_color = mp_cli_wants_color(STDERR_FILENO),
		.is_quiet = mp_args_has(args, "quiet"),
		.start_wall = mp_clock_read().wall,
		.log_limits = MP_LOG_LIMITS_DEFAULT,
		.journal_max_bytes = MP_JOURNAL_BYTES_DEFAULT,
	};
	struct mp_arena arena = { .head = NULL };
	struct mp_recovery *recovery = calloc(1, sizeof(*recovery));
	bool is_there = false;
	enum mp_start_goal goal = MP_START_NONE;
	int timeout_ms = -1;
	int r = !recovery ? mp_fail(err, ENOMEM, "run") :
			    parse_waiting(args, &goal, &timeout_ms, err);

	if (r == 0)
		r = parse_sysctls(args, &arena, &config, err);
	if (r == 0)
		r = parse_log_limits(args, &config.log_limits, err);
	if (r == 0)
		r = parse_size(args, "journal-max-size", "MINIPOD_JOURNAL_MAX_SIZE",
			       &config.journal_max_bytes, err);
	if (r == 0)
		r = mp_supervisor_config_check(&config, err);
	if (r == 0)
		r = mp_cli_roots(args, &roots, err);
	if (r == 0)
		r = open_result(mp_args_get(args, "result-file"), &config, err);
	if (r == 0 && mp_args_has(args, "recover"))
		r = take_up(&config, recovery, &is_there, err);
	if (r == 0 && !is_there && mp_args_has(args, "replace"))
		r = replace_pod(&config, err);
	if (r == 0)
		r = config.is_foreground ? mp_supervisor_run(&config, ret_code, err) :
					   run_detached(&config, goal, timeout_ms, ret_code, err);
	if (is_there)
		mp_recovery_done(recovery);
	else if (config.result_dir_fd >= 0)
		(void)close(config.result_dir_fd);
	free(recovery);
	mp_arena_done(&arena);
	return r;
}

int mp_cmd_run(const struct mp_args *args)
{
	struct mp_manifest m = { .n_pods = 0 };
	struct mp_error err = MP_ERROR_NONE;
	const struct mp_pod_spec *spec = NULL;
	int code = MP_EXIT_OURS;
	int r = load(args, &m, &spec, &err);

	assert(r < 0 || spec);
	if (r == 0 && geteuid() != 0)
		r = mp_fail_text(
			&err, EPERM,
			"running a pod makes namespaces, mounts and cgroups and needs root: "
			"try 'sudo minipod run ...'");
	if (r == 0)
		r = run(args, &m, spec, &code, &err);
	if (r < 0 && err.code != 0)
		mp_log(MP_LOG_ERROR, "%s", err.msg);
	mp_manifest_done(&m);
	return r < 0 ? MP_EXIT_OURS : code;
}
