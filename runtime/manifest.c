/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loading: text into documents, documents into objects by kind, pods through defaults and
 * validation. Each error finds its position: decoding errors at the node they were met,
 * validation errors by walking their field path as far as the document goes.
 */
#include "runtime/manifest.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "runtime/base/document.h"
#include "runtime/base/fd.h"
#include "runtime/manifest_fields.h"
#include "runtime/manifest_objects.h"

static const char *const kinds[] = {
	"ConfigMap", "List", "PersistentVolume", "PersistentVolumeClaim", "Pod", "Secret", "Service"
};
#define KINDS_TEXT                                                                            \
	"\"ConfigMap\", \"List\", \"PersistentVolume\", \"PersistentVolumeClaim\", \"Pod\", " \
	"\"Secret\", \"Service\""

/* A pod and the document it came from, until it has been validated. */
struct pending {
	struct mp_manifest_pod *pod;
	const struct mp_node *node;
	struct pending *next;
};

/* One call of load: what every document of it shares. */
struct load {
	struct mp_decoder d;
	const struct mp_manifest_options *options;
	struct pending *first, *last;
};

static void add_plain(struct load *l, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void add_plain(struct load *l, const char *fmt, ...)
{
	char text[MP_ERROR_MSG_MAX];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	mp_decode_plain_error(&l->d, text);
}

/* ---- pods ------------------------------------------------------------------------------------ */

static void decode_pod(struct load *l, const struct mp_node *node)
{
	struct mp_manifest *m = l->d.m;
	struct mp_manifest_pod *pod = mp_decode_alloc(&l->d, 1, sizeof(*pod));
	struct mp_manifest_pod **slot = &m->pods;
	struct pending *pending;
	const size_t n_errors = m->errors.n;

	if (!pod)
		return;
	pod->file = l->d.file;
	pod->line = (int)node->line;
	while (*slot)
		slot = &(*slot)->next;
	*slot = pod;
	m->n_pods++;
	mp_decode_object(&l->d, &mp_type_pod, node, &pod->spec);
	/* The lists of init and main containers are offsets into this array, also when empty. */
	if (!pod->spec.containers)
		pod->spec.containers = mp_decode_alloc(&l->d, 0, sizeof(*pod->spec.containers));
	if (m->errors.n > n_errors)
		return;

	pending = mp_decode_alloc(&l->d, 1, sizeof(*pending));
	if (!pending)
		return;
	pending->pod = pod;
	pending->node = node;
	if (l->last)
		l->last->next = pending;
	else
		l->first = pending;
	l->last = pending;
}

/* Source: RFC 9562, version 4. */
static int draw_uid(char uid[37])
{
	uint8_t b[16];

	if (getrandom(b, sizeof(b), 0) != (ssize_t)sizeof(b))
		return -errno;
	b[6] = (uint8_t)((b[6] & 0x0f) | 0x40);
	b[8] = (uint8_t)((b[8] & 0x3f) | 0x80);
	(void)snprintf(uid, 37,
		       "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0],
		       b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12],
		       b[13], b[14], b[15]);
	return 0;
}

/* Source: apimachinery util/rand: no vowels and nothing that looks like another. */
static int draw_suffix(char suffix[6])
{
	static const char letters[] = "bcdfghjklmnpqrstvwxz2456789";
	uint32_t words[5];

	if (getrandom(words, sizeof(words), 0) != (ssize_t)sizeof(words))
		return -errno;
	for (size_t i = 0; i < 5; i++)
		suffix[i] = letters[words[i] % (sizeof(letters) - 1)];
	suffix[5] = '\0';
	return 0;
}

static int default_pod(struct load *l, struct mp_pod_spec *spec)
{
	char uid[37], suffix[6];
	struct mp_seed seed = { .wall = l->options->wall };

	if (l->options->seed) {
		seed.uid = l->options->seed->uid;
		seed.suffix5 = l->options->seed->suffix5;
	} else {
		int r = draw_uid(uid);

		if (r == 0)
			r = draw_suffix(suffix);
		if (r < 0)
			return r;
		seed.uid = mp_arena_strdup(&l->d.m->arena, uid);
		seed.suffix5 = mp_arena_strdup(&l->d.m->arena, suffix);
		if (!seed.uid || !seed.suffix5)
			return -ENOMEM;
	}
	return mp_spec_default(spec, &seed, &l->d.m->arena);
}

static void report(struct load *l, const struct mp_node *root, const struct mp_problems *problems,
		   void (*add)(struct mp_decoder *, struct mp_place, const char *, ...))
{
	for (const struct mp_problem *p = problems->first; p; p = p->next)
		add(&l->d, mp_node_place(mp_node_at_path(root, p->path)), "%s%s%s", p->path,
		    *p->path ? ": " : "", p->text);
	if (problems->is_out_of_memory)
		l->d.is_out_of_memory = true;
}

static int check_pod(struct load *l, const struct pending *pending)
{
	struct mp_pod_spec *spec = &pending->pod->spec;
	struct mp_problems problems, warnings;
	int r = default_pod(l, spec);

	if (r < 0)
		return r;
	l->d.file = pending->pod->file;
	mp_problems_init(&problems, &l->d.m->arena);
	mp_problems_init(&warnings, &l->d.m->arena);
	mp_spec_validate(spec, &problems);
	if (!l->options->is_restoring) {
		mp_spec_refuse_later(spec, &problems);
		mp_spec_warnings(spec, &warnings);
	}
	report(l, pending->node, &problems, mp_decode_error);
	report(l, pending->node, &warnings, mp_decode_warning);
	pending->pod->is_valid = problems.n == 0;
	return 0;
}

/* ---- kinds ------------------------------------------------------------------------------------- */

/* A string at the root of an object, or NULL after an error. */
static const char *root_string(struct load *l, const struct mp_node *root, const char *name,
			       const char *wanted)
{
	const struct mp_node *node = mp_node_get(root, name);
	struct mp_step step = { .name = name };
	const char *text = NULL;

	l->d.at = &step;
	if (!node || node->kind == MP_NODE_NULL ||
	    (node->kind == MP_NODE_STRING && node->text_len == 0))
		mp_decode_error(&l->d, mp_node_place(root), "Required value: must be %s", wanted);
	else if (node->kind != MP_NODE_STRING)
		mp_decode_expect(&l->d, node, "a string");
	else
		text = node->text;
	l->d.at = NULL;
	return text;
}

static void refuse_kind(struct load *l, const struct mp_node *root, const char *kind)
{
	const struct mp_node *node = mp_node_get(root, "kind");
	const struct mp_node *template = mp_node_get(mp_node_get(root, "spec"), "template");
	const char *near = mp_closest(kind, kinds, MP_ARRAY_SIZE(kinds));
	struct mp_step step = { .name = "kind" };

	l->d.at = &step;
	if (template)
		mp_decode_error(
			&l->d, mp_node_place(node),
			"Unsupported value: \"%.80s\": minipod runs Pods: make spec.template "
			"the metadata and spec of a Pod",
			kind);
	else if (near)
		mp_decode_error(&l->d, mp_node_place(node),
				"Unsupported value: \"%.80s\", did you mean \"%s\"?", kind, near);
	else
		mp_decode_error(&l->d, mp_node_place(node),
				"Unsupported value: \"%.80s\": supported values: " KINDS_TEXT,
				kind);
	l->d.at = NULL;
}

static void decode_root(struct load *l, const struct mp_node *root, const char *kind_default);

static void decode_items(struct load *l, const struct mp_node *root, const char *item_kind)
{
	const struct mp_node *items = NULL;

	for (size_t i = 0; i < root->count; i++) {
		const struct mp_entry *entry = &root->entries[i];
		struct mp_step step = { .name = entry->key };

		l->d.at = &step;
		if (mp_streq(entry->key, "items"))
			items = entry->value;
		else if (!mp_streq(entry->key, "apiVersion") && !mp_streq(entry->key, "kind") &&
			 !mp_streq(entry->key, "metadata"))
			mp_decode_error(&l->d, (struct mp_place){ entry->line, entry->column },
					"unknown field \"%.80s\" in List", entry->key);
		if (items && items->kind != MP_NODE_LIST && items->kind != MP_NODE_NULL) {
			mp_decode_expect(&l->d, items, "a list of objects");
			items = NULL;
		}
		l->d.at = NULL;
	}
	if (!items || items->kind == MP_NODE_NULL)
		return;
	for (size_t i = 0; i < items->count; i++)
		decode_root(l, items->items[i], item_kind);
}

/* "PodList" names the kind of its items, which need not repeat it. */
static const char *list_item_kind(const char *kind)
{
	size_t len = strlen(kind);

	if (len <= 4 || strcmp(kind + len - 4, "List") != 0)
		return NULL;
	for (size_t i = 0; i < MP_ARRAY_SIZE(kinds); i++)
		if (strlen(kinds[i]) == len - 4 && strncmp(kinds[i], kind, len - 4) == 0)
			return kinds[i];
	return NULL;
}

static void decode_kind(struct load *l, const struct mp_node *root, const char *kind)
{
	if (mp_streq(kind, "Pod"))
		decode_pod(l, root);
	else if (mp_streq(kind, "ConfigMap"))
		mp_decode_beside(&l->d, MP_OBJECT_CONFIG_MAP, root);
	else if (mp_streq(kind, "Secret"))
		mp_decode_beside(&l->d, MP_OBJECT_SECRET, root);
	else if (mp_streq(kind, "PersistentVolume"))
		mp_decode_beside(&l->d, MP_OBJECT_PV, root);
	else if (mp_streq(kind, "PersistentVolumeClaim"))
		mp_decode_beside(&l->d, MP_OBJECT_PVC, root);
	else if (mp_streq(kind, "Service"))
		mp_decode_beside(&l->d, MP_OBJECT_SERVICE, root);
	else if (mp_streq(kind, "List"))
		decode_items(l, root, NULL);
	else if (list_item_kind(kind))
		decode_items(l, root, list_item_kind(kind));
	else
		refuse_kind(l, root, kind);
}

static bool is_known(const char *kind)
{
	for (size_t i = 0; i < MP_ARRAY_SIZE(kinds); i++)
		if (mp_streq(kind, kinds[i]))
			return true;
	return list_item_kind(kind) != NULL;
}

static void decode_root(struct load *l, const struct mp_node *root, const char *kind_default)
{
	const char *kind = kind_default, *version = "v1";

	if (root->kind != MP_NODE_MAP) {
		mp_decode_expect(&l->d, root, "an object such as a Pod");
		return;
	}
	/* Read in this order: a Deployment has another apiVersion, but its kind is what is wrong. */
	if (!kind || mp_node_get(root, "kind"))
		kind = root_string(l, root, "kind", "one of " KINDS_TEXT);
	if (kind && !is_known(kind)) {
		refuse_kind(l, root, kind);
		return;
	}
	if (!kind_default || mp_node_get(root, "apiVersion"))
		version = root_string(l, root, "apiVersion", "\"v1\"");
	if (version && !mp_streq(version, "v1")) {
		const struct mp_node *node = mp_node_get(root, "apiVersion");
		struct mp_step step = { .name = "apiVersion" };

		l->d.at = &step;
		mp_decode_error(&l->d, mp_node_place(node),
				"Unsupported value: \"%.80s\": supported values: \"v1\"", version);
		l->d.at = NULL;
	}
	if (kind)
		decode_kind(l, root, kind);
}

/* ---- inputs --------------------------------------------------------------------------------------- */

static void load_bytes(struct load *l, const char *name, const char *text, size_t len)
{
	struct mp_error err = MP_ERROR_NONE;
	struct mp_document document;
	int r;

	l->d.file = name;
	r = mp_document_parse(&l->d.m->arena, name, text, len,
			      mp_ends_with(name, ".json") ? MP_DOCUMENT_JSON : MP_DOCUMENT_AUTO,
			      &document, &err);
	if (r == -ENOMEM)
		l->d.is_out_of_memory = true;
	else if (r < 0)
		mp_decode_plain_error(&l->d, err.msg);
	else
		for (size_t i = 0; i < document.count; i++)
			decode_root(l, document.roots[i], NULL);
}

static void load_file(struct load *l, const char *path)
{
	const bool is_stdin = strcmp(path, "-") == 0;
	const char *name = is_stdin ? "<stdin>" : mp_arena_strdup(&l->d.m->arena, path);
	char *text;
	size_t len;
	int r;

	if (!name) {
		l->d.is_out_of_memory = true;
		return;
	}
	if (!path[0]) {
		add_plain(l,
			  "the name of a manifest is empty: name a file, or - for standard input");
		return;
	}
	r = is_stdin ? mp_fd_read_all(STDIN_FILENO, MP_DOCUMENT_BYTES_MAX, &l->d.m->arena, &text,
				      &len, NULL) :
		       mp_file_read(AT_FDCWD, path, MP_DOCUMENT_BYTES_MAX, &l->d.m->arena, &text,
				    &len, NULL);
	if (r == 0)
		load_bytes(l, name, text, len);
	else if (r == -ENOMEM)
		l->d.is_out_of_memory = true;
	else if (r == -EFBIG)
		add_plain(l, "%s: larger than %zu MiB, the most that minipod reads", name,
			  MP_DOCUMENT_BYTES_MAX >> 20);
	else if (r == -EISDIR)
		add_plain(l, "%s: is a directory, not a manifest", name);
	else
		add_plain(l, "%s: %s", name, strerror(-r));
}

static int finish(struct load *l, struct mp_error *err)
{
	for (const struct pending *p = l->first; p; p = p->next) {
		int r = check_pod(l, p);

		if (r == -ENOMEM)
			l->d.is_out_of_memory = true;
		else if (r < 0)
			return mp_fail(err, -r, "draw a uid for the pod");
	}
	if (l->d.is_out_of_memory)
		return mp_fail(err, ENOMEM, "load the manifest");
	return l->d.m->errors.n > 0 ? -EINVAL : 0;
}

int mp_manifest_load(struct mp_manifest *m, const char *const *files, size_t n_files,
		     const struct mp_manifest_options *options, struct mp_error *err)
{
	struct load l = {
		.d = { .m = m, .is_restoring = options->is_restoring },
		.options = options,
	};
	bool has_stdin = false;

	for (size_t i = 0; i < n_files; i++) {
		bool is_stdin = strcmp(files[i], "-") == 0;

		if (is_stdin && has_stdin)
			add_plain(&l, "<stdin>: can be read only once; name \"-\" once");
		else
			load_file(&l, files[i]);
		has_stdin = has_stdin || is_stdin;
	}
	return finish(&l, err);
}

int mp_manifest_load_text(struct mp_manifest *m, const char *name, const char *text, size_t len,
			  const struct mp_manifest_options *options, struct mp_error *err)
{
	struct load l = {
		.d = { .m = m, .is_restoring = options->is_restoring },
		.options = options,
	};
	const char *copy = mp_arena_strdup(&m->arena, name);

	if (!copy)
		l.d.is_out_of_memory = true;
	else
		load_bytes(&l, copy, text, len);
	return finish(&l, err);
}

int mp_manifest_only_pod(const struct mp_manifest *m, const struct mp_pod_spec **ret_spec,
			 struct mp_error *err)
{
	if (m->n_pods == 0)
		return mp_fail_text(err, EINVAL, "there is no Pod in the manifest");
	if (m->n_pods > 1)
		return mp_fail_text(err, EINVAL,
				    "there are %zu Pods in the manifest (the second at %s:%d); "
				    "run one at a time",
				    m->n_pods, m->pods->next->file, m->pods->next->line);
	*ret_spec = &m->pods->spec;
	return 0;
}

void mp_manifest_done(struct mp_manifest *m)
{
	if (!m)
		return;
	mp_arena_done(&m->arena);
	*m = (struct mp_manifest){ .pods = NULL };
}
