/* SPDX-License-Identifier: Apache-2.0 */
/* Images made byte by byte, good and hostile, for the tests that load them. To be included once. */
#pragma once

#include "tests/effects/rootfs/env.h"

#include "rootfs/image_load.h"
#include "rootfs/sha256.h"

/* A tar in memory. */
struct tar {
	char bytes[1 << 18];
	size_t len;
};

static struct tar layer_tar __attribute__((unused)), other_tar __attribute__((unused)),
	outer_tar __attribute__((unused));

static inline void add_entry(struct tar *t, const char *name, char type, unsigned int mode,
			     const char *link, const void *data, size_t size)
{
	char *h = t->bytes + t->len;
	unsigned int sum = 0;

	assert_true(t->len + 1536 + size < sizeof(t->bytes));
	memset(h, 0, 512);
	(void)snprintf(h, 100, "%s", name);
	(void)snprintf(h + 100, 8, "%07o", mode);
	(void)snprintf(h + 108, 8, "%07o", 0U);
	(void)snprintf(h + 116, 8, "%07o", 0U);
	(void)snprintf(h + 124, 12, "%011o", (unsigned int)size);
	(void)snprintf(h + 136, 12, "%011o", 1000000000U);
	memset(h + 148, ' ', 8);
	h[156] = type;
	(void)snprintf(h + 157, 100, "%s", link ? link : "");
	(void)snprintf(h + 257, 6, "ustar");
	(void)snprintf(h + 263, 3, "00"); /* its NUL is the first byte of an empty user name */
	(void)snprintf(h + 329, 8, "%07o", 1U);
	(void)snprintf(h + 337, 8, "%07o", 3U);
	for (size_t i = 0; i < 512; i++)
		sum += (unsigned char)h[i];
	(void)snprintf(h + 148, 8, "%06o", sum);
	t->len += 512;
	if (size > 0)
		memcpy(t->bytes + t->len, data, size);
	t->len += (size + 511) / 512 * 512;
}

static inline void add_file(struct tar *t, const char *name, const char *text)
{
	add_entry(t, name, '0', 0644, NULL, text, strlen(text));
}

static inline void add_dir(struct tar *t, const char *name)
{
	add_entry(t, name, '5', 0755, NULL, NULL, 0);
}

static inline void start_tar(struct tar *t)
{
	memset(t, 0, sizeof(*t));
}

static inline void end_tar(struct tar *t)
{
	t->len += 1024;
}

static inline void write_bytes(const char *path, const void *bytes, size_t len)
{
	mp_auto_fd fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	MUST(fd);
	assert_int_equal(write(fd, bytes, len), len);
}

/* Stores a blob in the layout at("oci") and returns its digest's digits. */
static inline const char *put_blob(const void *bytes, size_t len)
{
	static char hexes[16][MP_SHA256_HEX_MAX];
	static unsigned int turn;
	char *hex = hexes[turn++ % 16];

	(void)mp_sha256_text(bytes, len, hex);
	write_bytes(at("oci/blobs/sha256/%s", hex), bytes, len);
	return hex;
}

static inline const char *gzip_blob(const struct tar *t)
{
	char *text = NULL;
	size_t len;
	const char *hex;

	write_bytes(at("plain.tar"), t->bytes, t->len);
	const char *const gzip[] = { "gzip", "-c", at("plain.tar"), NULL };

	run_tool(gzip, at("gz"));
	MUST(mp_file_read(AT_FDCWD, at("gz"), 1 << 20, NULL, &text, &len, NULL));
	hex = put_blob(text, len);
	free(text);
	return hex;
}

/* An OCI layout of these layers, bottom first; digits of digest and diff id of each. */
static inline void make_layout(const char *const *blobs, const char *const *diffs, size_t n,
			       const char *architecture, const char *annotation)
{
	char config[2048], manifest[2048], index[2048];
	struct mp_buf c = MP_BUF(config), m = MP_BUF(manifest);
	const char *hex;

	config[0] = manifest[0] = '\0';
	mp_buf_addf(
		&c,
		"{\"architecture\":\"%s\",\"os\":\"linux\",\"config\":{\"User\":\"web\",\"Env\":"
		"[\"A=1\",\"PATH=/bin\"],\"Entrypoint\":[\"/entry\"],\"Cmd\":[\"x\",\"y\"],"
		"\"WorkingDir\":\"/srv\",\"StopSignal\":\"SIGQUIT\",\"Volumes\":{\"/data\":{}}},"
		"\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[",
		architecture);
	for (size_t i = 0; i < n; i++)
		mp_buf_addf(&c, "%s\"sha256:%s\"", i > 0 ? "," : "", diffs[i]);
	mp_buf_adds(&c, "]}}");
	mp_buf_addf(
		&m,
		"{\"schemaVersion\":2,\"config\":{\"mediaType\":"
		"\"application/vnd.oci.image.config.v1+json\",\"digest\":\"sha256:%s\",\"size\":%zu},"
		"\"layers\":[",
		put_blob(config, c.len), c.len);
	for (size_t i = 0; i < n; i++)
		mp_buf_addf(&m, "%s{\"digest\":\"sha256:%s\",\"size\":1}", i > 0 ? "," : "",
			    blobs[i]);
	mp_buf_adds(&m, "]}");
	hex = put_blob(manifest, m.len);
	(void)snprintf(index, sizeof(index),
		       "{\"schemaVersion\":2,\"manifests\":[{\"digest\":\"sha256:%s\",\"size\":%zu,"
		       "\"annotations\":{\"org.opencontainers.image.ref.name\":\"%s\"}}]}",
		       hex, m.len, annotation);
	put(at("oci/index.json"), index);
	put(at("oci/oci-layout"), "{\"imageLayoutVersion\":\"1.0.0\"}");
}

static inline void start_layout(void)
{
	MUST(mkdir(at("oci"), 0755));
	MUST(mkdir(at("oci/blobs"), 0755));
	MUST(mkdir(at("oci/blobs/sha256"), 0755));
}

static inline const char *diff_of(const struct tar *t)
{
	static char hexes[8][MP_SHA256_HEX_MAX];
	static unsigned int turn;

	return mp_sha256_text(t->bytes, t->len, hexes[turn++ % 8]);
}

static inline int load(const char *path, const char *name, struct mp_arena *arena,
		       struct mp_image_loaded **ret, struct mp_error *err)
{
	struct mp_image_store *store = NULL;
	int r = mp_image_store_open(at("s"), NULL, &store, err);

	assert_int_equal(r, 0);
	r = mp_image_load(store, path, &(struct mp_image_load_options){ .name = name }, arena, ret,
			  err);
	mp_image_store_close(store);
	return r;
}

static inline void look_up(const char *name, struct mp_arena *arena, struct mp_image *ret)
{
	struct mp_error err = MP_ERROR_NONE;
	struct mp_image_store *store = NULL;
	enum mp_image_found found = MP_IMAGE_ABSENT;

	MUST_OK(mp_image_store_open(at("s"), NULL, &store, &err), err);
	MUST_OK(mp_image_lookup(store, name, arena, &found, ret, &err), err);
	assert_int_equal(found, MP_IMAGE_PRESENT);
	mp_image_store_close(store);
}

static inline void expect_no_trace(void)
{
	DIR *dir = opendir(at("s/layers"));

	assert_non_null(dir);
	for (const struct dirent *e; (e = readdir(dir));)
		assert_int_equal(e->d_name[0], '.');
	rewinddir(dir);
	for (const struct dirent *e; (e = readdir(dir));)
		assert_false(mp_starts_with(e->d_name, ".tmp"));
	(void)closedir(dir);
	assert_int_equal(access(at("s/images/refs"), F_OK), -1);
}

/* Loads an image of this one layer and expects a refusal that contains @want. */
static inline void refuse_layer(const char *want, int code)
{
	struct mp_arena arena = { .head = NULL };
	struct mp_error err = MP_ERROR_NONE;
	struct mp_image_loaded *list = NULL;
	int r;

	end_tar(&layer_tar);
	start_layout();

	const char *const blobs[] = { put_blob(layer_tar.bytes, layer_tar.len) };
	const char *const diffs[] = { diff_of(&layer_tar) };

	make_layout(blobs, diffs, 1, "amd64", "evil.org/x:1");
	r = load(at("oci"), NULL, &arena, &list, &err);
	if (r != -code || !strstr(err.msg, want))
		fail_msg("wanted -%d '%s', got %d '%s'", code, want, r, err.msg);
	assert_null(list);
	expect_no_trace();
	MUST(mp_tree_remove(AT_FDCWD, at("oci"), NULL));
	mp_arena_done(&arena);
	start_tar(&layer_tar);
}
