/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A machine that goes on from its checkpoint, as under a supervisor that takes a journal over. Saving and
 * loading are one walk, so the values alone tell where they belong; names are the journal's affair.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lifecycle/snapshot.h"
#include "tests/sim/sim.h"

#define TAPE_BYTES ((size_t)4 * 1024 * 1024)

static char tape[TAPE_BYTES];
static size_t at;

static void must(bool is_good, const char *what)
{
	if (is_good)
		return;
	(void)fprintf(stderr, "sim: a checkpoint cannot be %s\n", what);
	exit(2);
}

static void pass_by(void *ctx, const char *name)
{
	(void)ctx;
	(void)name;
}

static void pass_end(void *ctx)
{
	(void)ctx;
}

static void move_bytes(void *to, const void *from, size_t size)
{
	must(at + size <= TAPE_BYTES, "kept");
	memcpy(to, from, size);
	at += size;
}

static void save_number(void *ctx, const char *name, int64_t *value)
{
	(void)ctx;
	(void)name;
	move_bytes(tape + at, value, sizeof(*value));
}

static void save_text(void *ctx, const char *name, char *text, size_t size)
{
	(void)ctx;
	(void)name;
	(void)size;
	move_bytes(tape + at, text, strlen(text) + 1);
}

static void load_number(void *ctx, const char *name, int64_t *value)
{
	(void)ctx;
	(void)name;
	move_bytes(value, tape + at, sizeof(*value));
}

static void load_text(void *ctx, const char *name, char *text, size_t size)
{
	const size_t len = strlen(tape + at) + 1;

	(void)ctx;
	(void)name;
	must(len <= size, "read");
	move_bytes(text, tape + at, len);
}

void sim_go_on_from_checkpoint(struct mp_sim *sim)
{
	static const struct mp_snapshot_io save = { pass_by, pass_end, save_number, save_text,
						    NULL };
	static const struct mp_snapshot_io load = { pass_by, pass_end, load_number, load_text,
						    NULL };
	const char *bad = NULL;
	void *mem;
	size_t end;

	if (!mp_pod_may_save(sim->pod))
		return;
	at = 0;
	mp_pod_save(sim->pod, &save);
	end = at;
	at = 0;
	mem = malloc(sim->mem_size);
	must(mem != NULL, "loaded");
	sim->pod = mp_pod_load(mem, sim->spec, &load, &bad);
	must(sim->pod != NULL && at == end, "loaded");
	free(sim->mem);
	sim->mem = mem;
}
