/* SPDX-License-Identifier: Apache-2.0 */
/* `minipod check`: read manifests and say whether they are valid; nothing is started. */
#pragma once

/**
 * mp_cmd_check() - the command.
 * @argv: argv[0] is "check"; files follow, each also as `-f FILE`; "-" is standard input.
 *
 * Problems, warnings and notes go to stderr, `FILE: pod "x" is valid` to stdout. `--fields`
 * prints the field support page instead.
 *
 * Return: the exit code: 0 when everything is valid, otherwise 125.
 */
int mp_cmd_check(int argc, char **argv);
