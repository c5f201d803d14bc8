/* SPDX-License-Identifier: Apache-2.0 */
/*
 * subPath of a volume mount: a file or directory inside a volume, found without ever leaving
 * the volume, whatever a container does to it meanwhile. Parent side.
 */
#pragma once

#include "runtime/base/error.h"

/**
 * mp_subpath_open() - open @sub_path inside the volume, making missing directories with the
 * mode of the volume's root.
 * @volume_fd: borrowed: the volume's root directory.
 * @sub_path:  relative, no "..".
 * @volume:    name of the volume mount, for the sentence.
 * @container: name of the container, for the sentence.
 * @ret_fd:    on success, an O_PATH descriptor for struct mp_bind.source_fd; owned, CLOEXEC.
 *
 * Return: 0; -EINVAL for a path that is not relative or has ".."; another -errno. The sentence
 * is Kubernetes' own: failed to create subPath directory for volumeMount "v" of container "c",
 * failed to prepare subPath for volumeMount "v" of container "c".
 * Source: openat2(2) (5.6); pod-semantics 9.7.
 */
int mp_subpath_open(int volume_fd, const char *sub_path, const char *volume, const char *container,
		    int *ret_fd, struct mp_error *err);
