/* SPDX-License-Identifier: Apache-2.0 */
/* Images: what the local store says, and what a registry says through skopeo. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "rootfs/image_pull.h"
#include "runtime/base/auto.h"
#include "runtime/base/clock_io.h"
#include "runtime/base/sys.h"
#include "runtime/supervisor.h"

/* The machine does not know of ephemeral containers: they have their own start. */
static void post(struct mp_supervisor *sv, const struct mp_event *ev)
{
	if ((size_t)ev->container < mp_spec_n_containers(sv->spec))
		mp_supervisor_post(sv, ev);
	else
		mp_debug_image(sv, ev);
}

static void post_failed(struct mp_supervisor *sv, size_t index, const char *reason,
			const char *message)
{
	post(sv, &(struct mp_event){ .type = MP_EV_IMAGE_FAILED,
				     .container = (int)index,
				     .text = { reason, message } });
}

/* The container's own image, or that of a volume. */
static const char *name_of(const struct mp_supervisor *sv, size_t index, const char *volume)
{
	return volume ? sv->spec->volumes[mp_spec_volume(sv->spec, volume)].image.reference :
			sv->spec->containers[index].image;
}

/*
 * The program's own image has no place on the disk, and the pod is only just beginning: somebody looks
 * on, who would wait for nothing. Later, and in the background, room may come.
 */
static bool is_hopeless(const struct mp_supervisor *sv, int r)
{
	if ((r != -ENOSPC && r != -EDQUOT && r != -EROFS) || !sv->config.is_foreground ||
	    sv->config.recovery)
		return false;
	for (size_t i = 0; i < mp_n_records(sv); i++)
		if (sv->records[i])
			return false;
	return true;
}

/* 0: present or absent is known; negative: posted as a failure. */
static int look_up(struct mp_supervisor *sv, size_t index, const char *name, struct mp_arena *arena,
		   enum mp_image_found *found, struct mp_image *image)
{
	struct mp_error err = MP_ERROR_NONE;
	char text[MP_ERROR_MSG_MAX + 256];
	const int r = mp_image_lookup(sv->images, name, arena, found, image, &err);

	if (r == 0)
		return 0;
	if (is_hopeless(sv, r))
		(void)mp_fail_text(&sv->failure, -r, "container \"%s\": %s",
				   sv->spec->containers[index].name, err.msg);
	if (r == -EINVAL)
		(void)snprintf(text, sizeof(text), "Failed to apply default image tag \"%s\": %s",
			       name, err.msg);
	else
		(void)snprintf(text, sizeof(text), "Failed to inspect image \"%s\": %s", name,
			       err.msg);
	post_failed(sv, index, r == -EINVAL ? "InvalidImageName" : "ImageInspectError", text);
	return r;
}

static void post_image(struct mp_supervisor *sv, size_t index, enum mp_event_type type,
		       const struct mp_image *image, mp_nsec took)
{
	post(sv,
	     &(struct mp_event){
		     .type = type,
		     .container = (int)index,
		     .image = { .resolved = image->name,
				.id = image->ref,
				.stop_signal = image->stop_signal[0] ? image->stop_signal : NULL,
				.took = took,
				.took_waiting = took,
				.bytes = (int64_t)image->size_bytes } });
}

void mp_exec_check_image(struct mp_supervisor *sv, size_t index, const char *volume)
{
	struct mp_arena arena = { .head = NULL };
	enum mp_image_found found = MP_IMAGE_ABSENT;
	struct mp_image image;

	if (look_up(sv, index, name_of(sv, index, volume), &arena, &found, &image) == 0) {
		if (found == MP_IMAGE_PRESENT)
			post_image(sv, index, MP_EV_IMAGE_PRESENT, &image, 0);
		else
			post(sv, &(struct mp_event){ .type = MP_EV_IMAGE_ABSENT,
						     .container = (int)index });
	}
	mp_arena_done(&arena);
}

/* ---- pulling ------------------------------------------------------------------------------------ */

/*
 * In a process of its own, which skopeo and the unpacking are children of: a pull may take minutes,
 * and the loop goes on. It answers with nothing when all went well, else with an errno and a sentence.
 */
struct mp_image_job {
	struct mp_supervisor *sv;
	size_t index;
	const char *name; /* borrowed from the spec */
	pid_t pid;
	int fd; /* owned: its answer */
	struct mp_source source;
	struct {
		int32_t code;
		char text[MP_ERROR_MSG_MAX];
	} answer;
	size_t len;
	mp_nsec began;
	struct mp_image_job *next;
};

_Noreturn static void pull_in_child(struct mp_image_store *store, const char *name, int fd)
{
	const struct mp_image_pull_options options = { .download = NULL };
	struct mp_arena arena = { .head = NULL };
	struct mp_error err = MP_ERROR_NONE;
	struct mp_image_pulled pulled;
	sigset_t none;
	int r;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	if (fd != 3 && dup2(fd, 3) < 0)
		_exit(1);
	(void)mp_sys_close_range(4, ~0U, 0);
	(void)fcntl(3, F_SETFD, FD_CLOEXEC);
	r = mp_image_pull(store, name, &options, &arena, &pulled, &err);
	if (r < 0) {
		const int32_t code = -r;

		(void)!write(3, &code, sizeof(code));
		(void)!write(3, err.msg, strlen(err.msg) + 1);
	}
	_exit(0);
}

/* It is out of the list and its process reaped. */
static void release(struct mp_image_job *job)
{
	mp_loop_remove(&job->source);
	mp_closep(&job->fd);
	free(job);
}

static void take_out(struct mp_image_job *job)
{
	struct mp_image_job **at = &job->sv->pulls;

	while (*at != job)
		at = &(*at)->next;
	*at = job->next;
}

static void reap(const struct mp_image_job *job, int *ret_ws)
{
	while (waitpid(job->pid, ret_ws, 0) < 0 && errno == EINTR)
		;
}

static const char *reason_of(int32_t code)
{
	if (code == EHOSTUNREACH)
		return "RegistryUnavailable";
	return code == EKEYREJECTED ? "SignatureValidationFailed" : "ErrImagePull";
}

/* The store has it, they say: that is what counts. */
static void post_pulled(struct mp_supervisor *sv, size_t index, const char *name, mp_nsec took)
{
	enum mp_image_found found = MP_IMAGE_ABSENT;
	struct mp_arena arena = { .head = NULL };
	struct mp_image image;
	char text[1024];

	if (look_up(sv, index, name, &arena, &found, &image) == 0) {
		if (found == MP_IMAGE_PRESENT) {
			post_image(sv, index, MP_EV_IMAGE_PULLED, &image, took);
		} else {
			(void)snprintf(text, sizeof(text),
				       "failed to pull and unpack image \"%s\": it was removed at "
				       "once",
				       name);
			post_failed(sv, index, "ErrImagePull", text);
		}
	}
	mp_arena_done(&arena);
}

static void answered(struct mp_source *source, uint32_t events)
{
	struct mp_image_job *job = mp_container_of(source, struct mp_image_job, source);
	char *at = (char *)&job->answer + job->len;
	const ssize_t n = read(job->fd, at, sizeof(job->answer) - 1 - job->len);

	(void)events;
	if (n > 0)
		job->len += (size_t)n;
	if (n > 0 || (n < 0 && errno == EINTR))
		return;

	struct mp_supervisor *sv = job->sv;
	const mp_nsec took = mp_clock_read().mono - job->began;
	int ws = 0;

	/* It has closed its end: it is about to end, or did already. */
	reap(job, &ws);
	take_out(job);
	if (job->len > sizeof(job->answer.code))
		post_failed(sv, job->index, reason_of(job->answer.code), job->answer.text);
	else if (!WIFEXITED(ws) || WEXITSTATUS(ws) != 0)
		post_failed(sv, job->index, "ErrImagePull", "the pulling process ended early");
	else
		post_pulled(sv, job->index, job->name, took);
	release(job);
}

static int start_pull(struct mp_supervisor *sv, size_t index, const char *name,
		      struct mp_error *err)
{
	struct mp_image_job *job = calloc(1, sizeof(*job));
	int fds[2], r;

	if (!job)
		return mp_fail(err, ENOMEM, "pull image");
	if (pipe2(fds, O_CLOEXEC) < 0) {
		free(job);
		return mp_fail(err, errno, "pull image: pipe");
	}
	*job = (struct mp_image_job){
		.sv = sv,
		.index = index,
		.name = name,
		.fd = fds[0],
		.began = sv->now.mono,
		.source = { .fd = fds[0], .events = EPOLLIN, .ready = answered },
		.next = sv->pulls
	};

	mp_auto_fd in = fds[1];

	(void)fflush(NULL);
	job->pid = fork();
	if (job->pid == 0)
		pull_in_child(sv->images, name, in);
	r = job->pid < 0 ? mp_fail(err, errno, "pull image: fork") :
			   mp_loop_add(sv->loop, &job->source, err);
	if (r < 0) {
		if (job->pid > 0) {
			(void)kill(job->pid, SIGKILL);
			(void)waitpid(job->pid, NULL, 0);
		}
		mp_closep(&job->fd);
		free(job);
		return r;
	}
	sv->pulls = job;
	/* What was built ahead has the image of before; the pull may bring another. */
	mp_record_drop_ahead(sv);
	return 0;
}

void mp_exec_pull_image(struct mp_supervisor *sv, size_t index, const char *volume)
{
	const char *name = name_of(sv, index, volume);
	enum mp_image_found found = MP_IMAGE_ABSENT;
	struct mp_arena arena = { .head = NULL };
	struct mp_error err = MP_ERROR_NONE;
	bool is_pulled = true;
	struct mp_image image;

	/* What came out of a file, or with the program, has no registry that could know better. */
	if (look_up(sv, index, name, &arena, &found, &image) == 0) {
		if (found == MP_IMAGE_PRESENT)
			(void)mp_image_is_pulled(sv->images, name, &is_pulled, NULL);
		if (!is_pulled)
			post_image(sv, index, MP_EV_IMAGE_PULLED, &image, 0);
		else if (start_pull(sv, index, name, &err) < 0)
			post_failed(sv, index, "ErrImagePull", err.msg);
	}
	mp_arena_done(&arena);
}

void mp_exec_stop_pulls(struct mp_supervisor *sv)
{
	while (sv->pulls) {
		struct mp_image_job *job = sv->pulls;
		int ws;

		sv->pulls = job->next;
		(void)kill(job->pid, SIGKILL);
		reap(job, &ws);
		release(job);
	}
}
