/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/usage_sample.h"

#include <inttypes.h>
#include <stdio.h>

#include "runtime/base/str.h"

const char *const mp_usage_headings[MP_USAGE_CELLS] = {
	"CPU(cores)",   "CPU LIMIT", "THROTTLED", "MEMORY(bytes)",
	"MEMORY LIMIT", "PROCESSES", "OOM KILLS", "PRESSURE(cpu/memory/io)",
	"CPU TIME",
};

void mp_usage_read(const struct mp_cgroup *cg, struct mp_usage_sample *s, bool is_second)
{
	if (!is_second) {
		s->has_first = mp_cgroup_usage_read(cg, &s->first, NULL) == 0;
		return;
	}
	s->has_second = mp_cgroup_usage_read(cg, &s->second, NULL) == 0;
	for (int i = 0; i < 3; i++)
		s->has_pressure[i] = mp_cgroup_pressure_read(cg, (enum mp_cgroup_resource)i,
							     &s->pressure[i], NULL) == 0;
}

uint64_t mp_usage_cpu_milli(const struct mp_usage_sample *s)
{
	const uint64_t before = s->has_first ? s->first.cpu_us : 0;
	const uint64_t used_us = s->second.cpu_us > before ? s->second.cpu_us - before : 0;
	const uint64_t span_us = s->between > 0 ? (uint64_t)s->between / 1000 : 0;

	if (!s->has_first || !s->has_second || span_us == 0)
		return 0;
	return (used_us * 1000 + span_us - 1) / span_us;
}

uint64_t mp_usage_throttled_percent(const struct mp_usage_sample *s)
{
	uint64_t periods = s->second.periods;
	uint64_t throttled = s->second.throttled_periods;

	if (s->has_first && s->second.periods > s->first.periods) {
		periods -= s->first.periods;
		throttled -= s->first.throttled_periods;
	}
	return periods > 0 ? throttled * 100 / periods : 0;
}

static void put_mebi(char *cell, uint64_t bytes)
{
	(void)snprintf(cell, MP_USAGE_CELL_MAX, "%" PRIu64 "Mi", (bytes + (1U << 20) - 1) >> 20);
}

static void put_pressure(const struct mp_usage_sample *s, char *cell)
{
	struct mp_buf buf = { .text = cell, .size = MP_USAGE_CELL_MAX };

	cell[0] = '\0';
	for (int i = 0; i < 3; i++) {
		const uint32_t avg = s->pressure[i].some.avg10;

		mp_buf_adds(&buf, i > 0 ? "/" : "");
		if (s->has_pressure[i])
			mp_buf_addf(&buf, "%u.%02u%%", avg / 100, avg % 100);
		else
			mp_buf_adds(&buf, "-");
	}
}

void mp_usage_cells(const struct mp_usage_sample *s, char cells[MP_USAGE_CELLS][MP_USAGE_CELL_MAX])
{
	const struct mp_cgroup_usage *u = &s->second;

	for (size_t i = 0; i < MP_USAGE_CELLS; i++)
		(void)snprintf(cells[i], MP_USAGE_CELL_MAX, "-");
	if (!s->has_second)
		return;
	if (u->has_cpu && s->has_first)
		(void)snprintf(cells[0], MP_USAGE_CELL_MAX, "%" PRIu64 "m", mp_usage_cpu_milli(s));
	if (u->cpu_limit_milli)
		(void)snprintf(cells[1], MP_USAGE_CELL_MAX, "%" PRIu64 "m", u->cpu_limit_milli);
	if (u->cpu_limit_milli && u->has_throttling)
		(void)snprintf(cells[2], MP_USAGE_CELL_MAX, "%" PRIu64 "%%",
			       mp_usage_throttled_percent(s));
	if (u->has_memory)
		put_mebi(cells[3], u->working_set_bytes);
	if (u->memory_max_bytes)
		put_mebi(cells[4], u->memory_max_bytes);
	if (u->has_pids)
		(void)snprintf(cells[5], MP_USAGE_CELL_MAX, "%" PRIu64, u->pids);
	if (u->has_memory)
		(void)snprintf(cells[6], MP_USAGE_CELL_MAX, "%" PRIu64, u->oom_kills);
	put_pressure(s, cells[7]);
	if (u->has_cpu)
		(void)snprintf(cells[8], MP_USAGE_CELL_MAX, "%" PRIu64 ".%03" PRIu64 "s",
			       u->cpu_us / 1000000, u->cpu_us / 1000 % 1000);
}

static void put_uint(struct mp_json *w, const char *key, uint64_t value)
{
	mp_json_key(w, key);
	mp_json_uint(w, value);
}

static void put_stall(struct mp_json *w, const char *key, const struct mp_cgroup_stall *stall)
{
	mp_json_put_object(w, key);
	mp_json_key(w, "avg10");
	mp_json_double(w, stall->avg10 / 100.0);
	mp_json_key(w, "avg300");
	mp_json_double(w, stall->avg300 / 100.0);
	mp_json_key(w, "avg60");
	mp_json_double(w, stall->avg60 / 100.0);
	put_uint(w, "totalMicroseconds", stall->total_us);
	mp_json_object_end(w);
}

static void put_cpu(struct mp_json *w, const struct mp_usage_sample *s)
{
	const struct mp_cgroup_usage *u = &s->second;

	if (!u->has_cpu)
		return;
	mp_json_put_object(w, "cpu");
	if (u->cpu_limit_milli)
		put_uint(w, "limitMillicores", u->cpu_limit_milli);
	if (u->has_throttling) {
		put_uint(w, "periods", u->periods);
		put_uint(w, "throttledMicroseconds", u->throttled_us);
		put_uint(w, "throttledPeriods", u->throttled_periods);
	}
	if (s->has_first)
		put_uint(w, "usageMillicores", mp_usage_cpu_milli(s));
	put_uint(w, "usedMicroseconds", u->cpu_us);
	mp_json_object_end(w);
}

static void put_memory(struct mp_json *w, const struct mp_cgroup_usage *u)
{
	if (!u->has_memory)
		return;
	mp_json_put_object(w, "memory");
	if (u->memory_max_bytes)
		put_uint(w, "limitBytes", u->memory_max_bytes);
	put_uint(w, "oomKills", u->oom_kills);
	put_uint(w, "usageBytes", u->memory_bytes);
	put_uint(w, "workingSetBytes", u->working_set_bytes);
	mp_json_object_end(w);
}

void mp_usage_json(struct mp_json *w, const struct mp_usage_sample *s)
{
	static const char *const resources[] = { "cpu", "memory", "io" };
	const struct mp_cgroup_usage *u = &s->second;

	if (!s->has_second)
		return;
	put_cpu(w, s);
	put_memory(w, u);
	mp_json_put_object(w, "pressure");
	for (int i = 0; i < 3; i++) {
		if (!s->has_pressure[i])
			continue;
		mp_json_put_object(w, resources[i]);
		put_stall(w, "full", &s->pressure[i].full);
		put_stall(w, "some", &s->pressure[i].some);
		mp_json_object_end(w);
	}
	mp_json_object_end(w);
	if (!u->has_pids)
		return;
	mp_json_put_object(w, "processes");
	put_uint(w, "count", u->pids);
	if (u->pids_max)
		put_uint(w, "limit", u->pids_max);
	mp_json_object_end(w);
}
