/* SPDX-License-Identifier: Apache-2.0 */
/* Decoding of the objects beside the pod; internal to the manifest files. */
#pragma once

#include "runtime/manifest_fields.h"
#include "runtime/objects.h"

/**
 * mp_decode_beside() - decode and validate @node as @kind, and add it to the manifest's objects.
 *
 * Errors and notes go to the decoder's manifest; an object with errors is not added.
 */
void mp_decode_beside(struct mp_decoder *d, enum mp_object_kind kind, const struct mp_node *node);
