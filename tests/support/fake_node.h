/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A small scripted node in virtual time: carries out the machine's actions at once or as the
 * script says, keeps what happened, and checks at every turn what must always hold.
 */
#pragma once

#include "lifecycle/pod.h"

#define FAKE_CONTAINERS 8
#define FAKE_RUNS       8
#define FAKE_QUEUE      256
#define FAKE_LOG        4096
#define FAKE_EVENTS     512
#define FAKE_ACTIONS    64

#define FAKE_NEVER MP_NSEC_NEVER
#define AT(s)      mp_seconds(s)
#define MS(ms)     ((ms)*MP_NSEC_PER_MS)

/** struct fake_run - how one instance behaves. */
struct fake_run {
	mp_nsec lasts; /* ends by itself after this long; FAKE_NEVER; 0: at once */
	int code;
	bool is_oom;
};

/** struct fake_hook - how a hook behaves. */
struct fake_hook {
	mp_nsec lasts;     /* FAKE_NEVER: hangs */
	const char *error; /* NULL: success */
	const char *fallback;
};

/** struct fake_probe - how a probe answers. */
struct fake_probe {
	mp_nsec good_from, good_until; /* on the node's clock: success in between (0: for ever) */
	enum mp_probe_outcome bad;     /* the answer outside; MP_PROBE_SUCCESS counts as failure */
	enum mp_probe_outcome good;    /* the answer inside */
	mp_nsec lasts;                 /* FAKE_NEVER: hangs */
	const char *output;
	bool is_since_start; /* times count from the container's start */
};

/** struct fake_container - the script of one container. Zero: runs for ever, dies of SIGTERM. */
struct fake_container {
	struct fake_run runs[FAKE_RUNS]; /* by instance; the last one repeats */
	size_t n_runs;                   /* 0: runs for ever */
	bool ignores_term;
	mp_nsec term_lasts;              /* from SIGTERM to the exit */
	int term_code;                   /* 0: exits with 0; negative: killed by the signal, 143 */
	bool is_absent;                  /* image not in the local store */
	enum mp_event_type image_answer; /* other than by @is_absent: IMAGE_FAILED */
	mp_nsec pull_lasts;
	const char *pull_error, *pull_reason; /* pull fails until @pull_good_from */
	bool is_about_volume; /* all that is said of images is about those of its volumes */
	mp_nsec pull_good_from;
	const char *create_error, *create_reason; /* create fails until @create_good_from */
	mp_nsec create_good_from;
	const char *start_error;
	struct fake_hook post_start, pre_stop;
	struct fake_probe probes[MP_N_PROBES];
	/* what happened */
	size_t n_created, n_started, n_term, n_kill;
	char id[80];
	bool is_alive;
	bool is_kill_deaf; /* SIGKILL has no effect (a process in the kernel) */
	mp_nsec started_at;
	uint64_t life; /* tells a late exit of an earlier instance apart */
	size_t n_term_of_life;
};

struct fake_logged {
	mp_nsec at;
	enum mp_action_type type;
	int container, kind; /* kind: of hook or probe */
	int64_t number;      /* attempt, restart count */
	char text[80];
};

struct fake_event_seen {
	mp_nsec at; /* first */
	bool is_warning;
	int container;
	int64_t count;
	uint32_t slot;
	int64_t first_wall;
	char reason[48];
	char message[1400];
};

struct fake_queued {
	mp_nsec at;
	uint64_t seq, life; /* life: 0, or dropped when the container's differs */
	struct mp_event ev;
	char id[80];
};

struct fake_node {
	const struct mp_pod_spec *spec;
	struct mp_pod *pod;
	void *mem;
	mp_nsec now;
	struct fake_container c[FAKE_CONTAINERS];
	bool is_manual[MP_DO_FINISH + 1]; /* the test answers these itself */
	const char *prepare_error, *sandbox_error, *volume_error, *stop_error;
	mp_nsec good_from; /* the errors above end then */
	const char *ip;
	size_t plan_size; /* 0: FAKE_ACTIONS */
	bool is_reversed; /* events of one instant are applied in the opposite order */
	struct fake_queued queue[FAKE_QUEUE];
	size_t n_queue;
	uint64_t seq;
	struct fake_logged log[FAKE_LOG];
	size_t n_log;
	struct fake_event_seen events[FAKE_EVENTS];
	size_t n_events;
	size_t n_turns, n_published;
	bool is_finished;
	mp_nsec wake_at;
	/* for the checks that always hold */
	enum mp_phase last_phase;
	int64_t last_restarts[FAKE_CONTAINERS];
	bool is_sandbox_up;
};

/** fake_init() - a machine for @spec at time 0. */
void fake_init(struct fake_node *node, const struct mp_pod_spec *spec);

/** fake_init_with() - the same with a configuration. */
void fake_init_with(struct fake_node *node, const struct mp_pod_spec *spec,
		    const struct mp_pod_config *config);

/** fake_done() - free. */
void fake_done(struct fake_node *node);

/** fake_run() - let time pass until @until; everything due by then has happened. */
void fake_run(struct fake_node *node, mp_nsec until);

/** fake_run_to_end() - until the machine has finished; fails after @limit. */
void fake_run_to_end(struct fake_node *node, mp_nsec limit);

/** fake_post() - @ev happens now (with the next fake_run()). */
void fake_post(struct fake_node *node, const struct mp_event *ev);

/** fake_post_at() - @ev happens at @at. */
void fake_post_at(struct fake_node *node, mp_nsec at, const struct mp_event *ev);

/** fake_say() - an event of @type for @container without any detail. */
void fake_say(struct fake_node *node, enum mp_event_type type, int container);

/** fake_delete() - delete the pod now; @grace_s < 0: the spec's. */
void fake_delete(struct fake_node *node, int64_t grace_s);

/** fake_exit() - container @c ends now. */
void fake_exit(struct fake_node *node, int c, int code);

/** fake_recover() - the supervisor dies; a new one takes over what runs. */
void fake_recover(struct fake_node *node);

/** fake_status() - published status of container @c. */
const struct mp_container_status *fake_status(const struct fake_node *node, int c);

/** fake_condition() - published condition, or NULL. */
const struct mp_condition *fake_condition(const struct fake_node *node, const char *type);

/** fake_event() - the event with @reason and @message (NULL: any), or NULL. */
const struct fake_event_seen *fake_event(const struct fake_node *node, const char *reason,
					 const char *message);

/** fake_n_events() - occurrences (counts summed) of @reason. */
int64_t fake_n_events(const struct fake_node *node, const char *reason);

/** fake_n() - how often @type was asked for @container (-2: any). */
size_t fake_n(const struct fake_node *node, enum mp_action_type type, int container);

/** fake_when() - time of the @nth (from 0) @type for @container; FAKE_NEVER when there is none. */
mp_nsec fake_when(const struct fake_node *node, enum mp_action_type type, int container,
		  size_t nth);

/** fake_expect_events() - the reasons of all events, in order, joined by spaces. */
const char *fake_event_order(const struct fake_node *node, char *buf, size_t size);
