/* SPDX-License-Identifier: Apache-2.0 */
/* Generated volumes of a pod follow its objects and labels: mp_exec_refresh_volumes(). */
#include "runtime/supervisor.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "rootfs/subpath.h"
#include "rootfs/volumes.h"
#include "runtime/base/fd.h"
#include "runtime/manifest.h"

#define POD                                                                                                        \
	"apiVersion: v1\nkind: Pod\nmetadata: {name: p, labels: {a: b}}\nspec:\n"                                  \
	"  containers: [{name: c, image: i}]\n  volumes:\n"                                                        \
	"  - {name: cm, configMap: {name: cm, items: [{key: k, path: d/f}, {key: l, path: g}], optional: true}}\n" \
	"  - {name: dw, downwardAPI: {items: [{path: labels, fieldRef: {fieldPath: metadata.labels}}]}}\n"         \
	"  - {name: s, secret: {secretName: s}}\n  - {name: e, emptyDir: {}}\n"
#define OBJECTS(k, more)                                                                         \
	"---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: cm}\ndata: {k: " k "" more "}\n" \
	"---\napiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {x: '1'}\n"

struct fixture {
	char dir[40];
	int base;
	struct mp_manifest before, after;
	struct mp_supervisor sv;
	struct mp_volume_rt volumes[4];
};

static void load(struct mp_manifest *m, const char *text)
{
	const struct mp_manifest_options options = { .wall = 0 };
	struct mp_error err = MP_ERROR_NONE;

	if (mp_manifest_load_text(m, "p.yaml", text, strlen(text), &options, &err) < 0)
		fail_msg("%s", m->errors.first ? m->errors.first->text : err.msg);
}

static unsigned int refresh(struct fixture *f, const char *text)
{
	mp_manifest_done(&f->after);
	f->after = (struct mp_manifest){ .n_pods = 0 };
	load(&f->after, text);
	f->sv.config.objects = &f->after.objects;
	f->sv.spec = &f->after.pods->spec;
	return mp_exec_refresh_volumes(&f->sv);
}

static void expect(const struct fixture *f, const char *path, const char *expected)
{
	char *text = NULL;

	if (mp_file_read(f->base, path, 4096, NULL, &text, NULL, NULL) < 0)
		assert_null(expected);
	else
		assert_string_equal(text, expected);
	free(text);
}

static struct fixture *open_fixture(void)
{
	static const char *const names[] = { "cm", "dw", "s", "e" };
	struct fixture *f = calloc(1, sizeof(*f));
	struct mp_error err = MP_ERROR_NONE;

	assert_non_null(f);
	strcpy(f->dir, "/tmp/minipod-refresh-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	f->base = open(f->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(f->base >= 0);
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(mp_volume_dir(f->base, names[i], &f->volumes[i].fd, &err), 0);
		f->volumes[i].is_ready = true;
	}
	f->sv.volumes = f->volumes;
	f->sv.queue = calloc(MP_QUEUE_MAX, sizeof(*f->sv.queue));
	assert_non_null(f->sv.queue);
	assert_int_equal(refresh(f, POD OBJECTS("one", ", l: L")), 3);
	return f;
}

static void close_fixture(struct fixture *f)
{
	static const char *const names[] = { "cm", "dw", "s", "e" };

	for (size_t i = 0; i < 4; i++) {
		mp_closep(&f->volumes[i].fd);
		assert_int_equal(mp_volume_remove(f->base, names[i], NULL), 0);
	}
	(void)close(f->base);
	assert_int_equal(rmdir(f->dir), 0);
	mp_manifest_done(&f->after);
	free(f->sv.queue);
	free(f);
}

static void files_follow_the_objects_and_labels(void **unused)
{
	(void)unused;
	struct fixture *f = open_fixture();

	expect(f, "cm/d/f", "one");
	expect(f, "cm/g", "L");
	expect(f, "dw/labels", "a=\"b\"");
	assert_int_equal(refresh(f, POD OBJECTS("two", ", l: L")), 1);
	expect(f, "cm/d/f", "two");
	assert_int_equal(refresh(f, POD OBJECTS("two", "")), 1);
	expect(f, "cm/g", NULL); /* optional: the file goes with the key */
	expect(f, "cm/d/f", "two");
	assert_int_equal(faccessat(f->base, "e/..data", F_OK, AT_SYMLINK_NOFOLLOW), -1);
	close_fixture(f);
}

static void nothing_is_written_when_nothing_changed(void **unused)
{
	(void)unused;
	struct fixture *f = open_fixture();
	char before[256] = "", after[256] = "";

	assert_true(readlinkat(f->base, "cm/..data", before, sizeof(before) - 1) > 0);
	assert_int_equal(refresh(f, POD OBJECTS("one", ", l: L, other: x")), 0);
	assert_true(readlinkat(f->base, "cm/..data", after, sizeof(after) - 1) > 0);
	assert_string_equal(before, after);
	close_fixture(f);
}

/* A reader that had opened the directory sees the old version to its end; a sub-path keeps it. */
static void what_was_opened_or_bound_before_stays_as_it_was(void **unused)
{
	(void)unused;
	struct fixture *f = open_fixture();
	struct mp_error err = MP_ERROR_NONE;
	char text[8] = "";
	int sub = -EBADF;

	assert_int_equal(mp_subpath_open(f->volumes[0].fd, "d/f", "cm", "c", &sub, &err), 0);

	mp_auto_fd open_file = openat(f->base, "cm/d/f", O_RDONLY | O_CLOEXEC);
	char link[40];

	assert_true(open_file >= 0);
	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", sub);
	assert_int_equal(refresh(f, POD OBJECTS("two", ", l: L")), 1);
	assert_int_equal(read(open_file, text, sizeof(text) - 1), 3);
	assert_string_equal(text, "one");

	struct stat st;

	assert_int_equal(fstat(sub, &st), 0);
	assert_int_equal(st.st_nlink, 0); /* the file of the version that is gone */
	(void)close(sub);
	close_fixture(f);
}

static void a_missing_object_keeps_the_files_and_is_told(void **unused)
{
	(void)unused;
	struct fixture *f = open_fixture();

	assert_int_equal(refresh(f,
				 POD "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: cm}\n"
				     "data: {k: two, l: L}\n"),
			 1);
	expect(f, "cm/d/f", "two");
	expect(f, "s/x", "1");
	assert_int_equal(f->sv.n_queued, 1);
	assert_int_equal(f->sv.queue[0].ev.type, MP_EV_NOTE);
	assert_string_equal(f->sv.queue[0].ev.note.reason, "FailedMount");
	assert_string_equal(f->sv.queue[0].ev.note.message,
			    "MountVolume.SetUp failed for volume \"s\" : secret \"s\" not found");
	close_fixture(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files_follow_the_objects_and_labels),
		cmocka_unit_test(nothing_is_written_when_nothing_changed),
		cmocka_unit_test(what_was_opened_or_bound_before_stays_as_it_was),
		cmocka_unit_test(a_missing_object_keeps_the_files_and_is_told),
	};

	return cmocka_run_group_tests_name("refresh", tests, NULL, NULL);
}
