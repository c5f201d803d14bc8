/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel's text files about cgroups, as values. Pure: text in, values out. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** struct mp_mount_line - one line of /proc/<pid>/mountinfo. Strings are unescaped. */
struct mp_mount_line {
	char root[4096];   /* directory of the file system that is mounted */
	char point[4096];  /* where */
	char type[64];     /* "cgroup2" */
	char options[256]; /* of the file system: "rw,cpu,cpuacct" */
};

/**
 * mp_parse_mountinfo() - the next line of mountinfo that is well formed.
 * @text: where to begin; moved behind the line that was read.
 * @ret:  written on success only.
 *
 * Lines that are malformed or too long are skipped. Return: false at the end of the text.
 * Source: proc_pid_mountinfo(5): optional fields end with " - ", blanks are \040.
 */
bool mp_parse_mountinfo(const char **text, struct mp_mount_line *ret);

/**
 * mp_parse_own_cgroup() - our path in one hierarchy, from /proc/<pid>/cgroup.
 * @controller: "" for the v2 hierarchy ("0::/path"), otherwise a v1 controller's name.
 * @buf:        receives the path.
 *
 * Return: 0; -ENOENT when there is no such line; -ENAMETOOLONG. Source: cgroups(7).
 */
int mp_parse_own_cgroup(const char *text, const char *controller, char *buf, size_t size);

/**
 * mp_parse_below() - @path as seen from a mount whose root is @root: "/a/b" below "/a" is "/b".
 *
 * Return: a borrowed pointer into @path ("" when they are the same), or NULL when it is outside.
 */
const char *mp_parse_below(const char *path, const char *root);

/** mp_parse_number() - a decimal number, "max" as UINT64_MAX, then blank or end. False: neither. */
bool mp_parse_number(const char *text, uint64_t *ret);

/**
 * mp_parse_keyed() - the number behind @key in a "key value" per line file (memory.events,
 * cpu.stat, memory.oom_control).
 *
 * Return: false when the key is absent or its value is not a number; @ret is then untouched.
 */
bool mp_parse_keyed(const char *text, const char *key, uint64_t *ret);

/** mp_parse_has_word() - whether @word is one of the words of @text, parted by blanks or newlines. */
bool mp_parse_has_word(const char *text, const char *word);

/**
 * mp_parse_pid() - the next number of a cgroup.procs or tasks file.
 * @text: moved behind it.
 *
 * Return: false at the end. A pid that our pid namespace does not see reads 0 and is skipped.
 */
bool mp_parse_pid(const char **text, int *ret_pid);

/** struct mp_parsed_stall - one line of a pressure file, as struct mp_cgroup_stall. */
struct mp_parsed_stall {
	uint32_t avg10, avg60, avg300; /* hundredths of a per cent */
	uint64_t total_us;
};

/**
 * mp_parse_pressure() - the line that begins with @kind ("some", "full").
 *
 * Return: false when it is absent or malformed. Source: Documentation/accounting/psi.rst.
 */
bool mp_parse_pressure(const char *text, const char *kind, struct mp_parsed_stall *ret);
