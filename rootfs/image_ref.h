/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Image references, as Docker and Kubernetes write them: [domain/]path[:tag][@digest].
 * Pure. Source: the grammar of the distribution project; pod-semantics 3.2, 9.9.
 */
#pragma once

#include <stdbool.h>

#include "runtime/base/error.h"

#define MP_IMAGE_NAME_MAX   255 /* of the domain, and of the path */
#define MP_IMAGE_TAG_MAX    128
#define MP_IMAGE_DIGEST_MAX 160 /* "sha512:" and 128 hex digits fit */
#define MP_IMAGE_REF_MAX    (2 * MP_IMAGE_NAME_MAX + MP_IMAGE_TAG_MAX + MP_IMAGE_DIGEST_MAX + 4)

/** struct mp_image_ref - a reference in its parts, normalised. */
struct mp_image_ref {
	char name[2 * MP_IMAGE_NAME_MAX + 2]; /* "docker.io/library/busybox" */
	char tag[MP_IMAGE_TAG_MAX + 1];       /* "" when the text has none */
	char digest[MP_IMAGE_DIGEST_MAX];     /* "sha256:…", "" when the text has none */
};

/**
 * mp_image_ref_parse() - take a reference apart and normalise it: "busybox" becomes
 * docker.io/library/busybox, "index.docker.io" becomes docker.io. No tag is added.
 * @ret: on success.
 * @err: "couldn't parse image name "<text>": invalid reference format", and its variants.
 *
 * Return: 0 or -EINVAL.
 */
int mp_image_ref_parse(const char *text, struct mp_image_ref *ret, struct mp_error *err);

/**
 * mp_image_ref_text() - write @ref in full, with tag "latest" when it has neither tag nor digest.
 * @buf: at least MP_IMAGE_REF_MAX bytes.
 *
 * Return: @buf.
 */
char *mp_image_ref_text(const struct mp_image_ref *ref, char *buf);
