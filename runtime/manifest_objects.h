/* SPDX-License-Identifier: Apache-2.0 */
/* Decoding of the objects beside the pod; internal to the manifest files. */
#pragma once

#include "runtime/manifest_fields.h"
#include "runtime/objects.h"

extern const struct mp_type mp_type_service;      /* manifest_objects.c */
extern const struct mp_type mp_type_claim;        /* the same */
extern const struct mp_type mp_type_pv;           /* the same */
extern const struct mp_type mp_type_service_spec; /* mp_service: manifest_cluster_fields.c */
extern const struct mp_type mp_type_claim_spec;   /* mp_claim: the same */
extern const struct mp_type mp_type_pv_spec;      /* mp_pv: the same */

/**
 * mp_decode_beside() - decode and validate @node as @kind, and add it to the manifest's objects.
 *
 * Errors and notes go to the decoder's manifest; an object with errors is not added.
 */
void mp_decode_beside(struct mp_decoder *d, enum mp_object_kind kind, const struct mp_node *node);
