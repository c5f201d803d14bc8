/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/cmd_about.h"

#include <errno.h>
#include <string.h>
#include <sys/utsname.h>

#include "runtime/base/auto.h"
#include "runtime/base/json.h"
#include "runtime/cli.h"
#include "runtime/doctor.h"
#include "runtime/man_page.h"

#ifndef MINIPOD_VERSION
#define MINIPOD_VERSION "0.0"
#endif

#define KUBERNETES_VERSION "1.36"

const struct mp_option mp_about_options[] = {
	{ "output", 'o', "FORMAT", "json or yaml", false },
	{ NULL, 0, NULL, NULL, false },
};

enum format { TEXT, JSON, YAML };

static int format_of(const struct mp_args *args, enum format *ret, struct mp_error *err)
{
	const char *text = mp_args_get(args, "output");

	*ret = TEXT;
	if (!text)
		return 0;
	if (strcmp(text, "json") != 0 && strcmp(text, "yaml") != 0)
		return mp_fail_text(err, EINVAL, "--output: '%s' is neither json nor yaml", text);
	*ret = strcmp(text, "json") == 0 ? JSON : YAML;
	return 0;
}

static void begin(struct mp_json *w, enum format format)
{
	mp_json_init(w, format == JSON ? MP_JSON_INDENTED : MP_JSON_YAML);
	mp_json_object_begin(w);
}

static int end(struct mp_json *w)
{
	size_t len;
	const char *text;

	mp_json_object_end(w);
	text = mp_json_finish(w, &len, NULL);
	if (text)
		(void)fwrite(text, 1, len, stdout);
	mp_json_done(w);
	return text ? 0 : MP_EXIT_ERROR;
}

int mp_cmd_version(const struct mp_args *args)
{
	struct mp_error err;
	struct utsname uts;
	enum format format;
	struct mp_json w;
	const int r = format_of(args, &format, &err);

	if (r < 0)
		return mp_cli_fail(r, &err);
	if (format == TEXT) {
		(void)printf("minipod %s (Kubernetes %s pod semantics)\n", MINIPOD_VERSION,
			     KUBERNETES_VERSION);
		return 0;
	}
	begin(&w, format);
	mp_json_put_string(&w, "version", MINIPOD_VERSION);
	mp_json_put_string(&w, "kubernetes", KUBERNETES_VERSION);
	mp_json_put_string(&w, "compiler", __VERSION__);
	if (uname(&uts) == 0) {
		mp_json_put_string(&w, "kernel", uts.release);
		mp_json_put_string(&w, "architecture", uts.machine);
	}
	return end(&w);
}

int mp_cmd_help(const struct mp_args *args)
{
	const struct mp_verb *verb = NULL;
	struct mp_error err = MP_ERROR_NONE;

	if (args->n_positional > 0 && mp_verb_find(args->positional[0], &verb, &err) < 0)
		return mp_cli_fail(-EINVAL, &err);
	mp_help_print(stdout, verb);
	return 0;
}

static void print_text(const struct mp_symptom *symptoms, size_t n)
{
	static const char *const colors[] = { "\033[32m", "\033[33m", "\033[31m" };
	const bool has_color = mp_cli_wants_color(fileno(stdout));
	const char *area = "";

	for (size_t i = 0; i < n; i++) {
		const struct mp_symptom *s = &symptoms[i];

		if (strcmp(area, s->area) != 0)
			(void)printf("%s%s\n", i > 0 ? "\n" : "", s->area);
		area = s->area;
		(void)printf("  %s%-7s%s  %s: %s\n", has_color ? colors[s->finding] : "",
			     mp_finding_text(s->finding), has_color ? "\033[0m" : "", s->what,
			     s->seen);
		if (*s->consequence)
			(void)printf("           %s\n", s->consequence);
	}
}

int mp_cmd_doctor(const struct mp_args *args)
{
	struct mp_symptom symptoms[MP_SYMPTOMS_MAX];
	struct mp_error err;
	enum format format;
	struct mp_json w;
	int r = format_of(args, &format, &err);
	size_t n, n_missing = 0;

	if (r < 0)
		return mp_cli_fail(r, &err);
	n = mp_doctor_examine(symptoms);
	for (size_t i = 0; i < n; i++)
		n_missing += symptoms[i].finding == MP_FINDING_MISSING;
	if (format == TEXT) {
		print_text(symptoms, n);
		(void)printf("\n%s\n",
			     n_missing > 0 ? "Pods cannot run here." : "Pods can run here.");
		return n_missing > 0 ? MP_EXIT_ERROR : 0;
	}
	begin(&w, format);
	mp_json_put_bool(&w, "canRunPods", n_missing == 0);
	mp_json_put_list(&w, "findings");
	for (size_t i = 0; i < n; i++) {
		mp_json_object_begin(&w);
		mp_json_put_string(&w, "area", symptoms[i].area);
		mp_json_put_string(&w, "what", symptoms[i].what);
		mp_json_put_string(&w, "finding", mp_finding_text(symptoms[i].finding));
		mp_json_put_string(&w, "seen", symptoms[i].seen);
		if (*symptoms[i].consequence)
			mp_json_put_string(&w, "consequence", symptoms[i].consequence);
		mp_json_object_end(&w);
	}
	mp_json_list_end(&w);
	r = end(&w);
	return r == 0 && n_missing > 0 ? MP_EXIT_ERROR : r;
}

int mp_cmd_man(const struct mp_args *args)
{
	(void)args;
	mp_man_page(stdout, MINIPOD_VERSION);
	return 0;
}
