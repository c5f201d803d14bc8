/* SPDX-License-Identifier: Apache-2.0 */
/* How much a directory takes, as du(1) counts: blocks, a file with many links once. */
#pragma once

#include <stdint.h>

/**
 * mp_disk_use() - bytes of @fd, a directory with all it contains or a file.
 *
 * Does not follow links nor enter other file systems. What vanishes meanwhile is skipped; what
 * cannot be read counts nothing. Changes the working directory: for a child that does only this.
 */
int64_t mp_disk_use(int fd);
