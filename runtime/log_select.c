/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/log_select.h"

#include <errno.h>
#include <string.h>

#include "runtime/base/auto.h"
#include "runtime/pod_view.h"

static const struct mp_node *find_status(const struct mp_node *pod, const char *container)
{
	static const char *const lists[] = { "containerStatuses", "initContainerStatuses",
					     "ephemeralContainerStatuses" };

	for (size_t k = 0; k < MP_ARRAY_SIZE(lists); k++) {
		const struct mp_node *list = mp_node_in(pod, "status", lists[k], NULL);

		for (size_t i = 0; list && i < list->count; i++)
			if (mp_streq(mp_node_text(list->items[i], "name", NULL), container))
				return list->items[i];
	}
	return NULL;
}

/* The restart count of the instance in lastState: the status' own while that one is the latest. */
static int64_t count_of_last(const struct mp_node *st)
{
	const char *now = mp_node_text(st, "containerID", NULL);
	const char *last = mp_node_text(st, "lastState", "terminated", "containerID", NULL);
	int64_t n = 0;

	(void)mp_node_int64(mp_node_get(st, "restartCount"), &n);
	return now[0] && strcmp(now, last) == 0 ? n : n - 1;
}

static int say_waiting(const char *container, const char *pod, const char *reason,
		       struct mp_error *err)
{
	if (mp_streq(reason, "ErrImagePull"))
		reason = "image can't be pulled";
	else if (mp_streq(reason, "ImagePullBackOff"))
		reason = "trying and failing to pull image";
	return mp_fail_text(err, EAGAIN, "container \"%s\" in pod \"%s\" is waiting to start: %s",
			    container, pod, reason);
}

int mp_log_choose(const struct mp_node *pod, const char *container, bool previous,
		  int64_t *ret_count, bool *ret_running, struct mp_error *err)
{
	const char *name = mp_node_text(pod, "metadata", "name", NULL);
	const struct mp_node *st = find_status(pod, container);
	const struct mp_node *last = mp_node_in(st, "lastState", "terminated", NULL);
	int64_t count = 0;

	if (!st)
		return mp_fail_text(err, ENOENT, "container \"%s\" in pod \"%s\" is not available",
				    container, name);
	(void)mp_node_int64(mp_node_get(st, "restartCount"), &count);
	*ret_running = false;
	if (previous) {
		if (!last || !mp_node_text(last, "containerID", NULL)[0])
			return mp_fail_text(err, ENOENT,
					    "previous terminated container \"%s\" in pod \"%s\" "
					    "not found",
					    container, name);
		*ret_count = count_of_last(st);
	} else if (mp_node_in(st, "state", "running", NULL)) {
		*ret_count = count;
		*ret_running = true;
	} else if (mp_node_in(st, "state", "terminated", NULL)) {
		if (mp_node_text(st, "state", "terminated", "containerID", NULL)[0])
			*ret_count = count;
		else if (last && mp_node_text(last, "containerID", NULL)[0])
			*ret_count = count_of_last(st);
		else
			return mp_fail_text(err, EAGAIN,
					    "container \"%s\" in pod \"%s\" is terminated",
					    container, name);
	} else if (last) {
		*ret_count = count_of_last(st);
	} else {
		return say_waiting(container, name,
				   mp_node_text(st, "state", "waiting", "reason", NULL), err);
	}
	return 0;
}

/* Writes within the limit; false when it is used up. */
static bool put(struct mp_log_view *v, FILE *to, const char *text, size_t len)
{
	if (v->limit >= 0 && (unsigned long long)v->limit < len)
		len = (size_t)v->limit;
	(void)fwrite(text, 1, len, to);
	if (v->limit >= 0)
		v->limit -= (long long)len;
	return v->limit != 0;
}

bool mp_log_show(struct mp_log_view *v, const char *line, size_t len)
{
	struct mp_cri_entry e;
	char time[MP_TIME_TEXT_MAX + 1];
	int64_t wall;

	if (v->limit == 0)
		return false;
	if (!mp_cri_parse(line, len, &e))
		return true;
	wall = mp_time_parse(e.time, e.time_len);
	if (v->since_wall > 0 && wall < v->since_wall)
		return true;

	const size_t stream = e.stream == MP_CRI_STDERR ? 1 : 0;
	FILE *to = stream == 1 ? v->err : v->out;
	bool goes_on = true;

	if (!v->is_inside[stream] && v->prefix[0])
		goes_on = put(v, to, v->prefix, strlen(v->prefix));
	if (goes_on && !v->is_inside[stream] && v->has_times) {
		mp_time_rfc3339_nano(wall, time);
		goes_on = put(v, to, time, strlen(time)) && put(v, to, " ", 1);
	}
	v->is_inside[stream] = e.is_partial;
	if (goes_on)
		goes_on = put(v, to, e.text, e.len);
	if (goes_on && !e.is_partial)
		goes_on = put(v, to, "\n", 1);
	return goes_on;
}

const char *mp_log_default_container(const struct mp_node *pod, char *note, size_t size)
{
	const struct mp_node *mains = mp_node_in(pod, "spec", "containers", NULL);
	const struct mp_node *inits = mp_node_in(pod, "spec", "initContainers", NULL);
	const char *chosen = mp_node_text(pod, "metadata", "annotations",
					  "kubectl.kubernetes.io/default-container", NULL);
	struct mp_buf out = { .text = note, .size = size };

	note[0] = '\0';
	if (chosen[0] || !mains || mains->count == 0)
		return chosen;
	chosen = mp_node_text(mains->items[0], "name", NULL);
	if (mains->count + (inits ? inits->count : 0) < 2)
		return chosen;
	mp_buf_addf(&out, "Defaulted container \"%s\" out of: ", chosen);
	for (size_t i = 0; i < mains->count; i++)
		mp_buf_addf(&out, "%s%s", i > 0 ? ", " : "",
			    mp_node_text(mains->items[i], "name", NULL));
	for (size_t i = 0; inits && i < inits->count; i++)
		mp_buf_addf(&out, ", %s (init)", mp_node_text(inits->items[i], "name", NULL));
	return chosen;
}
