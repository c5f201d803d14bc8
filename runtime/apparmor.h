/* SPDX-License-Identifier: Apache-2.0 */
/* What this machine's AppArmor can do. Source: Documentation/admin-guide/LSM/apparmor.rst. */
#pragma once

#include <stdbool.h>

/** MP_APPARMOR_DEFAULT - the profile behind RuntimeDefault, when the administrator loaded it. */
#define MP_APPARMOR_DEFAULT "minipod-default"

/** mp_apparmor_is_enabled() - the kernel has it, and it is switched on. */
bool mp_apparmor_is_enabled(void);

/** mp_apparmor_has_profile() - a profile of that name is loaded. False also when none can be read. */
bool mp_apparmor_has_profile(const char *name);

/** mp_apparmor_list_has() - @list as in /sys/kernel/security/apparmor/profiles: "name (mode)" lines. */
bool mp_apparmor_list_has(const char *list, const char *name);
