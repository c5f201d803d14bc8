/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/cli.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runtime/base/auto.h"

const char *mp_cli_option(const struct mp_args *args, const char *name, const char *variable,
			  const char *fallback)
{
	const char *value = mp_args_get(args, name);

	if (!value && variable)
		value = getenv(variable);
	return value && value[0] ? value : fallback;
}

int mp_cli_roots(const struct mp_args *args, struct mp_roots *ret, struct mp_error *err)
{
	const char *given = mp_args_get(args, "root");

	/* --root "$DIR" with DIR unset must not mean the system's pods. */
	if (given && !*given)
		return mp_fail_text(err, EINVAL,
				    "--root is empty: name a directory, or leave it out");
	return mp_roots_init(mp_cli_option(args, "root", "MINIPOD_ROOT", NULL), ret, err);
}

const char *mp_cli_namespace(const struct mp_args *args)
{
	return mp_cli_option(args, "namespace", NULL, "default");
}

int mp_cli_fail(int r, const struct mp_error *err)
{
	(void)fputs(r == -ENOENT ? "Error from server (NotFound): " : "error: ", stderr);
	mp_print_clean(stderr, err->msg[0] ? err->msg : strerror(-r));
	(void)fputc('\n', stderr);
	return MP_EXIT_ERROR;
}

bool mp_cli_wants_color(int fd)
{
	const char *no_color = getenv("NO_COLOR");

	return isatty(fd) && !(no_color && no_color[0]);
}

static mp_nsec unit_of(const char **at)
{
	static const struct {
		const char *name;
		mp_nsec ns;
	} units[] = {
		{ "ns", 1 },
		{ "us", 1000 },
		{ "ms", MP_NSEC_PER_MS },
		{ "s", MP_NSEC_PER_S },
		{ "m", 60 * MP_NSEC_PER_S },
		{ "h", 3600 * MP_NSEC_PER_S },
	};

	for (size_t i = 0; i < MP_ARRAY_SIZE(units); i++) {
		const size_t len = strlen(units[i].name);

		/* "m" must not eat the head of "ms". */
		if (strncmp(*at, units[i].name, len) == 0 &&
		    ((*at)[len] == '\0' || ((*at)[len] >= '0' && (*at)[len] <= '9'))) {
			*at += len;
			return units[i].ns;
		}
	}
	return 0;
}

/* One "1.5h"; false when @*at is not at one. */
static bool take_span(const char **at, mp_nsec *sum)
{
	mp_nsec whole = 0, part = 0, scale = 1;
	const char *p = *at;
	size_t n = 0;

	for (; *p >= '0' && *p <= '9' && whole < INT64_C(1) << 32; p++, n++)
		whole = whole * 10 + (*p - '0');
	if (*p == '.')
		for (p++; *p >= '0' && *p <= '9' && scale < 1000000000; p++, n++, scale *= 10)
			part = part * 10 + (*p - '0');

	const mp_nsec unit = n > 0 ? unit_of(&p) : 0;
	mp_nsec span;

	if (unit == 0 || __builtin_mul_overflow(whole, unit, &span))
		return false;
	/* With nine digits of fraction at most and hours at most, this stays below 2^63. */
	*sum = mp_nsec_add(*sum,
			   mp_nsec_add(span, unit / scale * part + unit % scale * part / scale));
	*at = p;
	return true;
}

int mp_duration_parse(const char *what, const char *text, mp_nsec *ret, struct mp_error *err)
{
	const char *at = text;
	mp_nsec sum = 0;
	char *end;

	errno = 0;

	const long long seconds = strtoll(text, &end, 10);

	if (end != text && *end == '\0' && errno == 0) {
		*ret = mp_seconds(seconds);
		return 0;
	}
	while (*at)
		if (!take_span(&at, &sum))
			return mp_fail_text(err, EINVAL,
					    "%s: '%s' is not a duration such as 30s or 1m30s", what,
					    text);
	if (at == text)
		return mp_fail_text(err, EINVAL, "%s: the duration is empty", what);
	*ret = sum;
	return 0;
}

char *mp_human_age(mp_nsec age, char buf[MP_TIME_TEXT_MAX])
{
	struct mp_buf out = { .text = buf, .size = MP_TIME_TEXT_MAX };
	const long long s = age / MP_NSEC_PER_S, m = s / 60, h = s / 3600, d = h / 24;

	/* Source: k8s.io/apimachinery/pkg/util/duration, HumanDuration. */
	buf[0] = '\0';
	if (s < -1)
		mp_buf_adds(&out, "<invalid>");
	else if (s < 120)
		mp_buf_addf(&out, "%llds", s < 0 ? 0 : s);
	else if (m < 10 && s % 60 != 0)
		mp_buf_addf(&out, "%lldm%llds", m, s % 60);
	else if (m < 180)
		mp_buf_addf(&out, "%lldm", m);
	else if (h < 8 && m % 60 != 0)
		mp_buf_addf(&out, "%lldh%lldm", h, m % 60);
	else if (h < 48)
		mp_buf_addf(&out, "%lldh", h);
	else if (d < 8 && h % 24 != 0)
		mp_buf_addf(&out, "%lldd%lldh", d, h % 24);
	else if (d < 730)
		mp_buf_addf(&out, "%lldd", d);
	else if (d < 8LL * 365 && d % 365 != 0)
		mp_buf_addf(&out, "%lldy%lldd", d / 365, d % 365);
	else
		mp_buf_addf(&out, "%lldy", d / 365);
	return buf;
}

const char *mp_cli_pod_name(const char *word)
{
	static const char *const prefixes[] = { "pod/", "pods/", "po/" };

	for (size_t i = 0; i < MP_ARRAY_SIZE(prefixes); i++)
		if (mp_starts_with(word, prefixes[i]))
			return word + strlen(prefixes[i]);
	return word;
}

void mp_table_row(struct mp_table *t, const char *const *cells)
{
	if (t->n_rows == t->size) {
		const size_t size = t->size > 0 ? t->size * 2 : 16;
		const char ***rows = mp_arena_alloc(t->arena, size, sizeof(*rows));

		if (!rows)
			return;
		if (t->n_rows > 0)
			memcpy(rows, t->rows, t->n_rows * sizeof(*rows));
		t->rows = rows;
		t->size = size;
	}

	const char **row = mp_arena_alloc(t->arena, t->n_columns, sizeof(*row));

	if (!row)
		return;
	for (size_t i = 0; i < t->n_columns; i++)
		row[i] = mp_arena_strdup(t->arena, cells[i]);
	t->rows[t->n_rows++] = row;
}

void mp_print_clean(FILE *out, const char *text)
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

void mp_table_print(const struct mp_table *t, FILE *out)
{
	for (size_t y = 0; y < t->n_rows; y++) {
		for (size_t x = 0; x < t->n_columns; x++) {
			size_t width = 0;

			mp_print_clean(out, t->rows[y][x]);
			if (x + 1 == t->n_columns)
				break;
			for (size_t k = 0; k < t->n_rows; k++)
				if (strlen(t->rows[k][x]) > width)
					width = strlen(t->rows[k][x]);
			if (t->widths && t->widths[x] > width)
				width = t->widths[x];
			if (t->widths)
				t->widths[x] = width;
			(void)fprintf(out, "%*s", (int)(width - strlen(t->rows[y][x]) + 3), "");
		}
		(void)fputc('\n', out);
	}
}
