/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/result.h"

#include <errno.h>
#include <string.h>

#include "runtime/base/fd.h"
#include "runtime/pod_json.h"
#include "runtime/pod_view.h"
#include "runtime/status_json.h"
#include "runtime/supervisor.h"

/* {"deletionGracePeriodSeconds": 30, "deletionTimestamp": "..."}: members for the metadata. */
static const char *deletion_text(const struct mp_supervisor *sv, struct mp_json *w, size_t *ret_len)
{
	const struct mp_pod_status *status = mp_pod_status(sv->pod);
	char time[MP_TIME_TEXT_MAX];

	mp_json_object_begin(w);
	if (status->deletion_grace_s.is_set)
		mp_json_put_int(w, "deletionGracePeriodSeconds", status->deletion_grace_s.v);
	mp_json_put_string(w, "deletionTimestamp", mp_time_rfc3339(status->deletion_wall, time));
	mp_json_object_end(w);
	return mp_json_finish(w, ret_len, NULL);
}

int mp_result_note_deletion(struct mp_supervisor *sv, struct mp_error *err)
{
	const struct mp_pod_status *status = mp_pod_status(sv->pod);
	char storage[256];
	struct mp_json w;
	size_t len;

	if (status->deletion_wall == sv->noted_deletion)
		return 0;
	mp_json_init_fixed(&w, MP_JSON_COMPACT, storage, sizeof(storage));

	const char *text = deletion_text(sv, &w, &len);
	const int r = mp_file_replace(sv->dir.run_fd, "deletion.json", text, len, 0600, err);

	if (r == 0)
		sv->noted_deletion = status->deletion_wall;
	return r;
}

static int finish(struct mp_json *w, struct mp_arena *arena, const char **ret, struct mp_error *err)
{
	size_t len;
	int r = 0;
	const char *text = mp_json_finish(w, &len, &r);

	*ret = text ? mp_arena_dup(arena, text, len) : NULL;
	mp_json_done(w);
	return *ret ? 0 : mp_fail(err, r < 0 ? -r : ENOMEM, "result file");
}

int mp_result_text(struct mp_supervisor *sv, enum mp_json_style style, struct mp_arena *arena,
		   const char **ret, struct mp_error *err)
{
	const struct mp_status_json status = { .spec = sv->spec,
					       .status = mp_pod_status(sv->pod),
					       .host_ip = sv->node.host_ip,
					       .more = mp_debug_statuses,
					       .more_arg = sv };
	const char *parts[3] = { NULL, NULL, NULL };
	const struct mp_node *object = NULL;
	struct mp_json w;
	int r;

	mp_json_init(&w, MP_JSON_COMPACT);
	mp_pod_json_write(&w, sv->spec, NULL);
	r = finish(&w, arena, &parts[0], err);
	if (r == 0) {
		mp_json_init(&w, MP_JSON_COMPACT);
		mp_status_json_write(&w, &status);
		r = finish(&w, arena, &parts[1], err);
	}
	if (r == 0 && status.status->deletion_wall != 0) {
		mp_json_init(&w, MP_JSON_COMPACT);
		(void)deletion_text(sv, &w, NULL);
		r = finish(&w, arena, &parts[2], err);
	}
	if (r == 0)
		r = mp_pod_object_parse(arena, parts[0], parts[1], parts[2], &object, err);
	if (r == 0) {
		mp_json_init(&w, style);
		mp_json_node(&w, object);
		r = finish(&w, arena, ret, err);
	}
	return r;
}

int mp_result_write(struct mp_supervisor *sv, struct mp_error *err)
{
	struct mp_arena arena = { 0 };
	const char *text = NULL;
	int r = mp_result_text(sv, MP_JSON_INDENTED, &arena, &text, err);

	if (r == 0 && text)
		r = mp_file_replace(sv->config.result_dir_fd, sv->config.result_name, text,
				    strlen(text), 0644, err);
	mp_arena_done(&arena);
	return r;
}
