/* SPDX-License-Identifier: Apache-2.0 */
/* Which instance `logs` reads and how entries are shown: section 13.4 of the reference. */
#include "runtime/log_select.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "runtime/base/auto.h"
#include "runtime/base/clock.h"
#include "runtime/cli.h"
#include "runtime/pod_view.h"

#define LAST "\"lastState\":{\"terminated\":{\"containerID\":\"minipod://old\"}}"

static void each_state_chooses_its_instance(void **unused)
{
	static const struct {
		const char *status;
		bool previous;
		int r;
		int64_t count;
		bool runs;
		const char *says;
	} rows[] = {
		{ "\"restartCount\":2,\"containerID\":\"minipod://new\"," LAST
		  ",\"state\":{\"running\":{}}",
		  false, 0, 2, true, NULL },
		{ "\"restartCount\":2,\"containerID\":\"minipod://new\"," LAST
		  ",\"state\":{\"running\":{}}",
		  true, 0, 1, false, NULL },
		{ "\"restartCount\":0,\"containerID\":\"minipod://a\",\"lastState\":{},\"state\":{"
		  "\"running\":{}}",
		  true, -ENOENT, 0, false,
		  "previous terminated container \"c\" in pod \"p\" not found" },
		{ "\"restartCount\":1,\"containerID\":\"minipod://a\",\"state\":{\"terminated\":{"
		  "\"containerID\":\"minipod://a\"}}",
		  false, 0, 1, false, NULL },
		{ "\"restartCount\":1,\"containerID\":\"\",\"state\":{\"terminated\":{}}", false,
		  -EAGAIN, 0, false, "container \"c\" in pod \"p\" is terminated" },
		/* CrashLoopBackOff: the last instance is the latest one. */
		{ "\"restartCount\":3,\"containerID\":\"minipod://old\"," LAST
		  ",\"state\":{\"waiting\":{\"reason\":\"CrashLoopBackOff\"}}",
		  false, 0, 3, false, NULL },
		/* A new instance was made, but waits. */
		{ "\"restartCount\":3,\"containerID\":\"minipod://new\"," LAST
		  ",\"state\":{\"waiting\":{\"reason\":\"ContainerCreating\"}}",
		  false, 0, 2, false, NULL },
		{ "\"restartCount\":0,\"state\":{\"waiting\":{\"reason\":\"PodInitializing\"}}",
		  false, -EAGAIN, 0, false,
		  "container \"c\" in pod \"p\" is waiting to start: PodInitializing" },
		{ "\"restartCount\":0,\"state\":{\"waiting\":{\"reason\":\"ErrImagePull\"}}", false,
		  -EAGAIN, 0, false,
		  "container \"c\" in pod \"p\" is waiting to start: image can't be pulled" },
		{ "\"restartCount\":0,\"state\":{\"waiting\":{\"reason\":\"ImagePullBackOff\"}}",
		  false, -EAGAIN, 0, false,
		  "container \"c\" in pod \"p\" is waiting to start: trying and failing to pull "
		  "image" },
	};

	(void)unused;
	for (size_t i = 0; i < MP_ARRAY_SIZE(rows); i++) {
		struct mp_arena arena = { 0 };
		struct mp_error err = MP_ERROR_NONE;
		struct mp_document doc;
		int64_t count = -1;
		bool runs = false;
		char *text = mp_arena_printf(
			&arena,
			"{\"metadata\":{\"name\":\"p\"},\"status\":{\"containerStatuses\":["
			"{\"name\":\"c\",%s}]}}",
			rows[i].status);

		assert_int_equal(mp_document_parse(&arena, "t", text, strlen(text),
						   MP_DOCUMENT_JSON, &doc, &err),
				 0);
		assert_int_equal(mp_log_choose(doc.roots[0], "c", rows[i].previous, &count, &runs,
					       &err),
				 rows[i].r);
		if (rows[i].says)
			assert_string_equal(err.msg, rows[i].says);
		if (rows[i].r == 0) {
			assert_int_equal(count, rows[i].count);
			assert_int_equal(runs, rows[i].runs);
		}
		assert_int_equal(mp_log_choose(doc.roots[0], "x", false, &count, &runs, &err),
				 -ENOENT);
		assert_string_equal(err.msg, "container \"x\" in pod \"p\" is not available");
		mp_arena_done(&arena);
	}
}

static const char *const lines[] = {
	"2024-01-02T03:04:05.1Z stdout F one",
	"2024-01-02T03:04:06Z stderr F two",
	"2024-01-02T03:04:07.5Z stdout P thr",
	"2024-01-02T03:04:08Z stdout F ee",
	"this is no entry",
	"2024-01-02T03:04:09Z stdout F ",
};

/* Shows all lines; returns what went to stdout. */
static void show(struct mp_log_view view, char *out, char *err_out, size_t size)
{
	char *o = NULL, *e = NULL;
	size_t n_o = 0, n_e = 0;

	view.out = open_memstream(&o, &n_o);
	view.err = open_memstream(&e, &n_e);
	assert_non_null(view.out);
	assert_non_null(view.err);
	for (size_t i = 0; i < MP_ARRAY_SIZE(lines); i++)
		if (!mp_log_show(&view, lines[i], strlen(lines[i])))
			break;
	(void)fclose(view.out);
	(void)fclose(view.err);
	(void)snprintf(out, size, "%s", o);
	(void)snprintf(err_out, size, "%s", e);
	free(o);
	free(e);
}

static void entries_are_shown_as_the_container_wrote_them(void **unused)
{
	char out[1024], err[1024];

	(void)unused;
	show((struct mp_log_view){ .limit = -1, .prefix = "" }, out, err, sizeof(out));
	assert_string_equal(out, "one\nthree\n\n");
	assert_string_equal(err, "two\n");
}

static void times_and_prefixes_stand_at_the_start_of_lines_only(void **unused)
{
	char out[1024], err[1024];

	(void)unused;
	show((struct mp_log_view){ .limit = -1, .prefix = "[p] ", .has_times = true }, out, err,
	     sizeof(out));
	assert_string_equal(out, "[p] 2024-01-02T03:04:05.100000000Z one\n"
				 "[p] 2024-01-02T03:04:07.500000000Z three\n"
				 "[p] 2024-01-02T03:04:09.000000000Z \n");
}

static void since_leaves_out_what_is_older(void **unused)
{
	const char *at = "2024-01-02T03:04:07.5Z";
	char out[1024], err[1024];

	(void)unused;
	show((struct mp_log_view){ .limit = -1,
				   .prefix = "",
				   .since_wall = mp_time_parse(at, strlen(at)) },
	     out, err, sizeof(out));
	assert_string_equal(out, "three\n\n");
	assert_string_equal(err, "");
}

static void limit_cuts_within_a_line(void **unused)
{
	char out[1024], err[1024];

	(void)unused;
	show((struct mp_log_view){ .limit = 6, .prefix = "" }, out, err, sizeof(out));
	assert_string_equal(out, "one\n");
	assert_string_equal(err, "tw");
}

static void times_are_read_as_they_are_written(void **unused)
{
	static const int64_t rows[] = { 0,          951782400,  951868800, 1709164800,
					1709251199, 4102444799, 5000000000 };
	char text[MP_TIME_TEXT_MAX];

	(void)unused;
	for (size_t i = 0; i < MP_ARRAY_SIZE(rows); i++) {
		const int64_t wall = rows[i] * MP_NSEC_PER_S + 123456789;

		mp_time_rfc3339_nano(wall, text);
		assert_int_equal(mp_time_parse(text, strlen(text)), wall);
	}
	assert_int_equal(mp_time_parse("2024-13-02T03:04:05Z", 20), -1);
	assert_int_equal(mp_time_parse("2024-01-02T03:04:05", 19), -1);
	assert_int_equal(mp_time_parse("2024-01-02T03:04:05+01:00", 25), -1);
	assert_int_equal(mp_time_parse("", 0), -1);
}

static void durations_are_gos(void **unused)
{
	static const struct {
		const char *text;
		mp_nsec wanted; /* -1: refused */
	} rows[] = {
		{ "30", 30 * MP_NSEC_PER_S },
		{ "0", 0 },
		{ "1m30s", 90 * MP_NSEC_PER_S },
		{ "1.5h", 5400 * MP_NSEC_PER_S },
		{ "250ms", 250 * MP_NSEC_PER_MS },
		{ "2h3m", 7380 * MP_NSEC_PER_S },
		{ "1us", 1000 },
		{ "", -1 },
		{ "s", -1 },
		{ "1x", -1 },
		{ "1m 3s", -1 },
		{ "1.s2", -1 },
	};

	(void)unused;
	for (size_t i = 0; i < MP_ARRAY_SIZE(rows); i++) {
		mp_nsec span = -1;
		const int r = mp_duration_parse("--timeout", rows[i].text, &span, NULL);

		assert_int_equal(r, rows[i].wanted < 0 ? -EINVAL : 0);
		assert_int_equal(span, rows[i].wanted);
	}
}

static void ages_are_kubectls(void **unused)
{
	static const struct {
		int64_t seconds;
		const char *wanted;
	} rows[] = { { 0, "0s" },        { 119, "119s" },   { 120, "2m" },
		     { 192, "3m12s" },   { 600, "10m" },    { 10799, "179m" },
		     { 10800, "3h" },    { 18180, "5h3m" }, { 86400, "24h" },
		     { 187200, "2d4h" }, { 864000, "10d" }, { 86400L * 800, "2y70d" },
		     { -5, "<invalid>" } };
	char text[MP_TIME_TEXT_MAX];

	(void)unused;
	for (size_t i = 0; i < MP_ARRAY_SIZE(rows); i++)
		assert_string_equal(mp_human_age(mp_seconds(rows[i].seconds), text),
				    rows[i].wanted);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_state_chooses_its_instance),
		cmocka_unit_test(entries_are_shown_as_the_container_wrote_them),
		cmocka_unit_test(times_and_prefixes_stand_at_the_start_of_lines_only),
		cmocka_unit_test(since_leaves_out_what_is_older),
		cmocka_unit_test(limit_cuts_within_a_line),
		cmocka_unit_test(times_are_read_as_they_are_written),
		cmocka_unit_test(durations_are_gos),
		cmocka_unit_test(ages_are_kubectls),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
