/* SPDX-License-Identifier: Apache-2.0 */
/*
 * May a pod's spec become another one? Source: pkg/apis/core/validation, ValidatePodUpdate.
 */
#pragma once

#include "lifecycle/spec.h"
#include "runtime/base/error.h"

/**
 * mp_spec_check_update() - only images, a shorter or new active deadline, labels and annotations
 * may differ.
 *
 * Return: 0, or -EPERM with the API server's sentence and the first field that differs.
 */
int mp_spec_check_update(const struct mp_pod_spec *old, const struct mp_pod_spec *given,
			 struct mp_error *err);
