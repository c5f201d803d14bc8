/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/report.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

#define EXIT_DEADLINE    124
#define EXIT_OURS        125
#define EXIT_CANNOT_RUN  126
#define EXIT_NOT_FOUND   127
#define START_ERROR_CODE 128

char *mp_field_path(const struct mp_pod_spec *spec, const struct mp_k8s_event *ev, char buf[256])
{
	buf[0] = '\0';
	if (ev->ephemeral)
		(void)snprintf(buf, 256, "spec.ephemeralContainers{%s}", ev->ephemeral);
	else if (ev->container >= 0)
		(void)snprintf(buf, 256, "spec.%s{%s}",
			       (size_t)ev->container < spec->n_init ? "initContainers" :
								      "containers",
			       spec->containers[ev->container].name);
	return buf;
}

int mp_prefix_color(size_t index)
{
	static const int colors[] = { 36, 33, 32, 35, 34, 31 };

	return colors[index % (sizeof(colors) / sizeof(colors[0]))];
}

/* Control characters of a container's words must not reach the terminal. */
static void print_clean(FILE *out, const char *text)
{
	for (; *text; text++) {
		const unsigned char c = (unsigned char)*text;

		if (c == '\n')
			(void)fputs("\\n", out);
		else if (c < 0x20U || c == 0x7fU)
			(void)fprintf(out, "\\x%02x", c);
		else
			(void)fputc(c, out);
	}
}

static void print_since(const struct mp_report *report, int64_t wall)
{
	const int64_t ms = (wall - report->start_wall) / MP_NSEC_PER_MS;

	(void)fprintf(report->out, "%lld.%03llds", (long long)(ms / 1000),
		      (long long)(ms % 1000 < 0 ? -(ms % 1000) : ms % 1000));
}

void mp_report_event(const struct mp_report *report, const struct mp_pod_spec *spec,
		     const struct mp_k8s_event *ev)
{
	char path[256];

	if (!report->out)
		return;
	if (report->has_color && ev->is_warning)
		(void)fputs("\033[33m", report->out);
	print_since(report, ev->last_wall);
	(void)fprintf(report->out, "  %s  %s  ", ev->is_warning ? "Warning" : "Normal", ev->reason);
	mp_field_path(spec, ev, path);
	if (path[0])
		(void)fprintf(report->out, "%s  ", path);
	print_clean(report->out, ev->message);
	if (ev->count > 1)
		(void)fprintf(report->out, "  (x%lld)", (long long)ev->count);
	if (report->has_color && ev->is_warning)
		(void)fputs("\033[0m", report->out);
	(void)fputc('\n', report->out);
	(void)fflush(report->out);
}

void mp_report_note(const struct mp_report *report, const char *fmt, ...)
{
	va_list ap;

	if (!report->out)
		return;
	(void)fputs("minipod: ", report->out);
	va_start(ap, fmt);
	(void)vfprintf(report->out, fmt, ap);
	va_end(ap);
	(void)fputc('\n', report->out);
	(void)fflush(report->out);
}

static const char *kind_text(enum mp_container_kind kind)
{
	switch (kind) {
	case MP_KIND_INIT:
		return "init";
	case MP_KIND_SIDECAR:
		return "sidecar";
	case MP_KIND_MAIN:
		return "main";
	}
	return "";
}

static void state_text(const struct mp_container_status *st, char *buf, size_t size)
{
	switch (st->state.kind) {
	case MP_STATE_WAITING:
		(void)snprintf(buf, size, "Waiting%s%s", st->state.reason[0] ? ": " : "",
			       st->state.reason);
		return;
	case MP_STATE_RUNNING:
		(void)snprintf(buf, size, "Running");
		return;
	case MP_STATE_TERMINATED:
		(void)snprintf(buf, size, "%s", st->state.terminated.reason);
		return;
	case MP_STATE_NONE:
		break;
	}
	(void)snprintf(buf, size, "-");
}

/* The instance to speak of: the one that ended last. */
static const struct mp_terminated *last_end(const struct mp_container_status *st)
{
	if (st->state.kind == MP_STATE_TERMINATED)
		return &st->state.terminated;
	return st->has_last ? &st->last : NULL;
}

void mp_report_table(const struct mp_report *report, const struct mp_pod_spec *spec,
		     const struct mp_pod_status *status)
{
	size_t width = strlen("CONTAINER");
	size_t state_width = strlen("Completed");

	if (!report->out)
		return;
	for (size_t i = 0; i < status->n_containers; i++) {
		const size_t len = strlen(spec->containers[i].name);
		char state[MP_REASON_MAX + 16];

		state_text(&status->containers[i], state, sizeof(state));
		width = len > width ? len : width;
		state_width = strlen(state) > state_width ? strlen(state) : state_width;
	}
	(void)fprintf(report->out, "\n%-*s  %-7s  %-*s  %4s  %8s  %s\n", (int)width, "CONTAINER",
		      "KIND", (int)state_width, "STATE", "EXIT", "RESTARTS", "RUN TIME");
	for (size_t i = 0; i < status->n_containers; i++) {
		const struct mp_container_status *st = &status->containers[i];
		const struct mp_terminated *end = last_end(st);
		char state[MP_REASON_MAX + 16], code[16] = "-", time[MP_TIME_TEXT_MAX] = "-";

		state_text(st, state, sizeof(state));
		if (end) {
			(void)snprintf(code, sizeof(code), "%d", end->exit_code);
			if (end->started_wall > 0 && end->finished_wall >= end->started_wall)
				mp_duration_text((end->finished_wall - end->started_wall) /
							 MP_NSEC_PER_MS * MP_NSEC_PER_MS,
						 time);
		}
		(void)fprintf(report->out, "%-*s  %-7s  %-*s  %4s  %8lld  %s\n", (int)width,
			      spec->containers[i].name, kind_text(spec->containers[i].kind),
			      (int)state_width, state, code, (long long)st->restart_count, time);
	}
	(void)fprintf(report->out, "\nPod %s/%s: %s", spec->meta.namespace_, spec->meta.name,
		      mp_phase_text(status->phase));
	if (status->reason[0])
		(void)fprintf(report->out, " (%s: %s)", status->reason, status->message);
	(void)fputc('\n', report->out);
	(void)fflush(report->out);
}

static int code_of(const struct mp_terminated *end, int start_errno)
{
	if (end->exit_code == START_ERROR_CODE && strcmp(end->reason, "StartError") == 0)
		return start_errno == ENOENT ? EXIT_NOT_FOUND : EXIT_CANNOT_RUN;
	return end->exit_code;
}

int mp_report_exit_code(const struct mp_pod_spec *spec, const struct mp_pod_status *status,
			const int *start_errno)
{
	if (status->phase == MP_PHASE_SUCCEEDED)
		return 0;
	if (strcmp(status->reason, "DeadlineExceeded") == 0)
		return EXIT_DEADLINE;
	if (status->n_containers == 0 || !status->containers[0].is_present)
		return EXIT_OURS;
	/* Main containers first, in spec order; then what kept them from running. */
	for (int pass = 0; pass < 2; pass++) {
		const size_t from = pass == 0 ? spec->n_init : 0;
		const size_t to = pass == 0 ? mp_spec_n_containers(spec) : spec->n_init;

		for (size_t i = from; i < to; i++) {
			const struct mp_terminated *end = last_end(&status->containers[i]);

			if (spec->containers[i].kind == MP_KIND_SIDECAR || !end ||
			    end->exit_code == 0)
				continue;
			return code_of(end, start_errno[i]);
		}
	}
	return 1;
}
