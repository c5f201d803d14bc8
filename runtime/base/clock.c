/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/base/clock.h"

#include <stdio.h>
#include <string.h>

struct civil {
	int64_t year;
	int month, day, hour, minute, second;
	int64_t nano;
};

/* Days since 1970-01-01 to a proleptic Gregorian date, by counting 400-year eras from March. */
static struct civil civil_from_wall(int64_t wall)
{
	int64_t secs = wall / MP_NSEC_PER_S;
	int64_t nano = wall % MP_NSEC_PER_S;

	if (nano < 0) {
		nano += MP_NSEC_PER_S;
		secs--;
	}

	int64_t days = secs / 86400;
	int64_t rest = secs % 86400;

	if (rest < 0) {
		rest += 86400;
		days--;
	}
	days += 719468; /* 0000-03-01 */

	int64_t era = (days >= 0 ? days : days - 146096) / 146097;
	int64_t doe = days - era * 146097;
	int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	int64_t mp = (5 * doy + 2) / 153;
	int month = (int)(mp < 10 ? mp + 3 : mp - 9);

	return (struct civil){
		.year = yoe + era * 400 + (month <= 2 ? 1 : 0),
		.month = month,
		.day = (int)(doy - (153 * mp + 2) / 5 + 1),
		.hour = (int)(rest / 3600),
		.minute = (int)(rest / 60 % 60),
		.second = (int)(rest % 60),
		.nano = nano,
	};
}

static char *format_time(int64_t wall, int digits, char *buf)
{
	const struct civil c = civil_from_wall(wall);
	int n = snprintf(buf, MP_TIME_TEXT_MAX, "%04lld-%02d-%02dT%02d:%02d:%02d",
			 (long long)c.year, c.month, c.day, c.hour, c.minute, c.second);

	if (n < 0 || n >= MP_TIME_TEXT_MAX)
		return buf;

	size_t left = MP_TIME_TEXT_MAX - (size_t)n;

	if (digits == 9)
		(void)snprintf(buf + n, left, ".%09lldZ", (long long)c.nano);
	else if (digits == 6)
		(void)snprintf(buf + n, left, ".%06lldZ", (long long)(c.nano / 1000));
	else
		(void)snprintf(buf + n, left, "Z");
	return buf;
}

char *mp_time_rfc3339(int64_t wall, char buf[MP_TIME_TEXT_MAX])
{
	return format_time(wall, 0, buf);
}

char *mp_time_rfc3339_micro(int64_t wall, char buf[MP_TIME_TEXT_MAX])
{
	return format_time(wall, 6, buf);
}

char *mp_time_rfc3339_nano(int64_t wall, char buf[MP_TIME_TEXT_MAX])
{
	return format_time(wall, 9, buf);
}

/* "<whole>[.<fraction without trailing zeros>]<unit>" of @v measured in units of @unit ns. */
static void with_fraction(uint64_t v, uint64_t unit, const char *name, char *buf, size_t size)
{
	char frac[12];
	size_t digits = 0;
	uint64_t rest = v % unit;

	/* Digit by digit: the rest is below the unit, a power of ten of at most 1e9. */
	for (uint64_t u = unit / 10; rest > 0 && u > 0; u /= 10) {
		frac[digits++] = (char)('0' + rest / u);
		rest %= u;
	}
	frac[digits] = '\0';
	(void)snprintf(buf, size, "%llu%s%s%s", (unsigned long long)(v / unit),
		       digits > 0 ? "." : "", frac, name);
}

char *mp_duration_text(mp_nsec span, char buf[MP_TIME_TEXT_MAX])
{
	const uint64_t v = span < 0 ? 0U - (uint64_t)span : (uint64_t)span;
	char *at = buf;
	size_t left = MP_TIME_TEXT_MAX;

	if (v == 0) {
		memcpy(buf, "0s", 3);
		return buf;
	}
	if (span < 0) {
		*at++ = '-';
		left--;
	}
	if (v < 1000U) {
		(void)snprintf(at, left, "%lluns", (unsigned long long)v);
	} else if (v < 1000000U) {
		with_fraction(v, 1000U, "\xc2\xb5s", at, left);
	} else if (v < 1000000000U) {
		with_fraction(v, 1000000U, "ms", at, left);
	} else {
		const uint64_t hours = v / 3600000000000U;
		const uint64_t minutes = v / 60000000000U % 60U;
		int n = 0;

		if (hours > 0)
			n = snprintf(at, left, "%lluh%llum", (unsigned long long)hours,
				     (unsigned long long)minutes);
		else if (minutes > 0)
			n = snprintf(at, left, "%llum", (unsigned long long)minutes);
		with_fraction(v % 60000000000U, 1000000000U, "s", at + n, left - (size_t)n);
	}
	return buf;
}
