/* SPDX-License-Identifier: Apache-2.0 */
/*
 * May a pod's spec become another one? Source: pkg/apis/core/validation, ValidatePodUpdate.
 */
#pragma once

#include "lifecycle/spec.h"
#include "runtime/base/error.h"

/** MP_TOLERATIONS - the field of a spec's raw ones that an update may add to. */
#define MP_TOLERATIONS "tolerations"

/**
 * mp_spec_check_update() - only images, a shorter or new active deadline, more tolerations, labels
 * and annotations may differ.
 *
 * Return: 0, or -EPERM with the API server's sentence and the first field that differs.
 */
int mp_spec_check_update(const struct mp_pod_spec *old, const struct mp_pod_spec *given,
			 struct mp_error *err);
