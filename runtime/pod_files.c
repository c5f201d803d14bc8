/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/pod_files.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "runtime/base/document.h"
#include "runtime/base/fd.h"
#include "runtime/pod_view.h"

#define NAMES_MAX ((size_t)4096)

static int take(const struct mp_node *object, const char *file, struct mp_pod_names *names,
		struct mp_error *err)
{
	const char *kind = mp_node_text(object, "kind", NULL);
	const struct mp_node *items = mp_node_get(object, "items");
	int r = 0;

	if (mp_ends_with(kind, "List") && items && items->kind == MP_NODE_LIST) {
		for (size_t i = 0; i < items->count && r == 0; i++)
			r = take(items->items[i], file, names, err);
		return r;
	}
	if (!mp_streq(kind, "Pod"))
		return 0;
	if (names->n == NAMES_MAX)
		return mp_fail_text(err, E2BIG, "%s: more than %zu pods", file, NAMES_MAX);

	struct mp_pod_ref *ref = &names->items[names->n];

	ref->name = mp_node_text(object, "metadata", "name", NULL);
	ref->namespace_ = mp_node_text(object, "metadata", "namespace", NULL);
	if (!ref->name[0])
		return mp_fail_text(err, EINVAL,
				    "%s:%u: metadata.name: the pod has no name here: name it on "
				    "the command line",
				    file, object->line);
	names->n++;
	return 0;
}

static int read_one(const char *file, struct mp_arena *arena, struct mp_pod_names *names,
		    struct mp_error *err)
{
	const bool is_stdin = strcmp(file, "-") == 0;
	const char *shown = is_stdin ? "<stdin>" : file;
	struct mp_document doc;
	char *text;
	size_t len;
	int r = is_stdin ? mp_fd_read_all(STDIN_FILENO, MP_DOCUMENT_BYTES_MAX, arena, &text, &len,
					  err) :
			   mp_file_read(AT_FDCWD, file, MP_DOCUMENT_BYTES_MAX, arena, &text, &len,
					err);

	if (r == 0)
		r = mp_document_parse(arena, shown, text, len,
				      mp_ends_with(file, ".json") ? MP_DOCUMENT_JSON :
								    MP_DOCUMENT_AUTO,
				      &doc, err);
	for (size_t i = 0; r == 0 && i < doc.count; i++)
		r = take(doc.roots[i], shown, names, err);
	return r == -ENOENT ? -EINVAL : r; /* a file that is missing, not a pod */
}

int mp_pod_files_read(const struct mp_args *args, struct mp_arena *arena, struct mp_pod_names *ret,
		      struct mp_error *err)
{
	struct mp_pod_names names = { mp_arena_alloc(arena, NAMES_MAX, sizeof(*names.items)), 0 };
	int r = names.items ? 0 : mp_fail(err, ENOMEM, "manifests");

	for (size_t i = 0; i < args->n_values && r == 0; i++)
		if (strcmp(args->values[i].option->name, "filename") == 0)
			r = read_one(args->values[i].value, arena, &names, err);
	if (r == 0 && names.n == 0)
		r = mp_fail_text(err, EINVAL, "no Pod is defined in the given files");
	if (r == 0)
		*ret = names;
	return r;
}
