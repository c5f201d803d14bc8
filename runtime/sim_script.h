/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The script of a simulated node: how containers, probes and hooks behave, and what the user and
 * the machine do when. docs/simulate.md describes it as a document.
 */
#pragma once

#include "lifecycle/event.h"
#include "runtime/base/error.h"
#include "runtime/base/str.h"

#define MP_SIM_LIST_MAX 8

/** struct mp_sim_run - how one instance of a container behaves, from its creation to its end. */
struct mp_sim_run {
	const char *create_error, *create_reason; /* it cannot be created */
	const char *start_error;                  /* it cannot be started */
	mp_nsec create_takes, start_takes;
	mp_nsec lasts; /* ends by itself after this long; MP_NSEC_NEVER */
	int code;
	bool is_oom;
	bool ignores_term;
	mp_nsec term_takes; /* from the stop signal to the end */
	int term_code;
	mp_nsec kill_takes;  /* from SIGKILL to the end */
	const char *message; /* termination message, or NULL */
};

/** struct mp_sim_pull - how one pull of an image goes. */
struct mp_sim_pull {
	mp_nsec takes;
	const char *error, *reason; /* NULL: it works */
};

struct mp_sim_hook {
	mp_nsec takes;     /* MP_NSEC_NEVER: hangs */
	const char *error; /* NULL: success */
	const char *fallback;
};

/** struct mp_sim_probe - @times answers in a row. */
struct mp_sim_probe {
	enum mp_probe_outcome outcome;
	mp_nsec takes; /* MP_NSEC_NEVER: never answers */
	int64_t times; /* 0 counts as 1 */
	const char *output;
};

/*
 * Each list goes through its entries; the last one repeats, or the list starts over when it is a
 * cycle. An empty list is one entry of zeros: works, at once.
 */
struct mp_sim_container {
	struct mp_sim_run runs[MP_SIM_LIST_MAX]; /* empty: runs for ever, ends at the stop signal */
	size_t n_runs;
	bool is_run_cycle;
	bool is_image_absent;
	const char *image_error, *image_reason; /* the local look-up fails */
	struct mp_sim_pull pulls[MP_SIM_LIST_MAX];
	size_t n_pulls;
	struct mp_sim_hook hooks[2][MP_SIM_LIST_MAX]; /* by enum mp_hook_kind */
	size_t n_hooks[2];
	struct mp_sim_probe probes[MP_N_PROBES][MP_SIM_LIST_MAX];
	size_t n_probes[MP_N_PROBES];
	bool is_probe_cycle[MP_N_PROBES];
};

enum mp_sim_do_type {
	MP_SIM_DO_DELETE,     /* .grace_s, .is_forced */
	MP_SIM_DO_CONDITION,  /* .text[0] type, .text[1] status */
	MP_SIM_DO_EVICT,      /* .text[0] message */
	MP_SIM_DO_REJECT,     /* .text[0] reason, .text[1] message */
	MP_SIM_DO_KILL_PAUSE, /* the sandbox dies */
	MP_SIM_DO_RECOVER,    /* the supervisor dies, a new one comes after .span */
	MP_SIM_DO_CLOCK,      /* wall time jumps by .span */
	MP_SIM_DO_EXIT,       /* .container ends with .code */
	MP_SIM_DO_DEFINITION, /* the image of .container changed */
};

struct mp_sim_do {
	mp_nsec at;
	enum mp_sim_do_type type;
	int container;
	struct mp_opt_int grace_s;
	bool is_forced;
	bool is_known;     /* RECOVER: how containers ended meanwhile can be learnt */
	bool is_surviving; /* RECOVER: what was being made was made */
	mp_nsec span;
	int code;
	bool is_oom;
	const char *text[2];
};

/** struct mp_sim_step - something asked of the node for the pod: fails @failures times. */
struct mp_sim_step {
	mp_nsec takes;
	int64_t failures;
};

struct mp_sim_script {
	uint64_t seed;    /* of the machine's jitter, and of the order of events */
	bool is_shuffled; /* events of one instant arrive in any order */
	bool is_warm;     /* not the first supervisor of this pod: probes start delayed */
	size_t plan_size; /* actions handed out at once; 0: 64 */
	struct mp_sim_step prepare, volumes, sandbox, stop, tear_down;
	const struct mp_sim_container *containers; /* as spec->containers; borrowed */
	const struct mp_sim_do *dos;               /* borrowed */
	size_t n_dos;
};

/**
 * mp_sim_script_parse() - read a script.
 * @arena: owns the result.
 * @name:  what to call the input in messages.
 *
 * Return: 0 or -EINVAL with "NAME:LINE:COLUMN: what"; -ENOMEM.
 */
int mp_sim_script_parse(struct mp_arena *arena, const char *name, const char *bytes, size_t len,
			const struct mp_pod_spec *spec, struct mp_sim_script *ret,
			struct mp_error *err);

/** mp_sim_script_none() - every container runs until it is stopped. 0 or -ENOMEM. */
int mp_sim_script_none(struct mp_arena *arena, const struct mp_pod_spec *spec,
		       struct mp_sim_script *ret, struct mp_error *err);
