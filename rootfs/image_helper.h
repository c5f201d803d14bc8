/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Unpacking archives from strangers in a process that may do little else: locked into the target
 * directory, with the few capabilities that setting owners and modes needs, no network, and no
 * other process in sight. Internal to rootfs/.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rootfs/sha256.h"
#include "runtime/base/error.h"

enum mp_image_helper_task {
	MP_IMAGE_HELPER_ARCHIVE, /* a tar of files that make up images: files, directories, links */
	MP_IMAGE_HELPER_LAYER, /* a layer, compressed or not, with whiteouts as overlay wants them */
};

/** struct mp_image_unpacked - what a helper reports. */
struct mp_image_unpacked {
	char blob_hex[MP_SHA256_HEX_MAX]; /* digest of the bytes as they came */
	char diff_hex[MP_SHA256_HEX_MAX]; /* digest of the bytes decompressed */
	uint64_t blob_bytes;
	char *opaque; /* owned: paths of opaque directories, each ended by a NUL */
	size_t opaque_len;
};

/** struct mp_image_helper_job - what to do, and how. */
struct mp_image_helper_job {
	enum mp_image_helper_task task;
	bool keeps_devices;                          /* of a layer: make device nodes */
	void (*progress)(void *ctx, uint64_t bytes); /* NULL: not wanted; bytes of the input read */
	void *ctx;
};

/**
 * mp_image_helper_run() - unpack @in_fd into @dir_fd and wait for it.
 * @in_fd:  borrowed, at its start.
 * @dir_fd: borrowed: an empty directory.
 * @ret:    on success; free() its opaque.
 *
 * Return: 0; -EINVAL for what no archive should hold (the sentence names the entry); -ENOPKG when
 * libarchive is not installed; another -errno.
 * Source: OCI image layer specification (whiteouts), libarchive(3).
 */
int mp_image_helper_run(const struct mp_image_helper_job *job, int in_fd, int dir_fd,
			struct mp_image_unpacked *ret, struct mp_error *err);

/**
 * mp_image_untar() - the task itself: reads descriptor 0, reports to descriptor 1, unpacks into
 * the working directory, which is the root. Runs in the helper only.
 * @lock_down: called in each of its processes before it reads anything; 0 or negative.
 *
 * Return: exit status, 0 when all went well.
 */
int mp_image_untar(const struct mp_image_helper_job *job, int (*lock_down)(void));

/** mp_image_untar_load() - find libarchive, while the file system is still there. false: missing. */
bool mp_image_untar_load(void);
