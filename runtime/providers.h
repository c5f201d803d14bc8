/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a cluster would provide for a pod, found among the objects that came with it: the volume
 * that a claim is bound to, and the token of a service account. What the command line maps becomes
 * such objects, too, so that there is one place to look and one thing to keep.
 * Source: core/v1 PersistentVolume, PersistentVolumeClaim; pkg/controller/volume/persistentvolume.
 */
#pragma once

#include "runtime/manifest.h"

/**
 * mp_claim_find() - the PersistentVolume that a claim is bound to.
 * @namespace_: of the pod and its claim.
 *
 * A volume that names the claim (claimRef; the last of several), else the one that the claim
 * names (volumeName), else the smallest that nothing else has: of the same class and mode, with
 * every access mode of the claim, and large enough. Claims are bound in the order in which they
 * were given.
 *
 * Return: 0; -ENOENT when there is no such claim, or no volume for it; -EOPNOTSUPP for a claim of a
 * raw block device. The sentence names the claim.
 */
int mp_claim_find(const struct mp_objects *objects, const char *namespace_, const char *claim,
		  const struct mp_object **ret_volume, struct mp_error *err);

/** mp_service_account() - the account of a pod: spec.serviceAccountName or "default". */
const char *mp_service_account(const struct mp_pod_spec *spec);

/**
 * mp_volume_is_api_access() - is this the volume by which the API server's admission gives every
 * container access to the API? A pod that was read from a cluster has it; without a cluster it
 * shows what there is, and what nobody gave (token, ca.crt) is left out.
 * Source: plugin/pkg/admission/serviceaccount.
 */
bool mp_volume_is_api_access(const struct mp_volume *v);

/**
 * mp_providers_lack_token() - the first API access volume whose token nobody gave, or NULL.
 */
const struct mp_volume *mp_providers_lack_token(const struct mp_pod_spec *spec,
						const struct mp_objects *objects);

/**
 * mp_providers_check() - does the pod find a volume for each of its claims and a token for each
 * projection of one that is not an API access volume's? Asked before anything is started.
 *
 * Return: 0, or -ENOENT or -EOPNOTSUPP with a sentence that names the field and the way out.
 */
int mp_providers_check(const struct mp_pod_spec *spec, const struct mp_objects *objects,
		       struct mp_error *err);

/**
 * mp_providers_map_claim() - add the objects that bind a claim of the pod to a directory.
 * @mapping: "NAME=DIRECTORY", as --pvc has it; a relative directory is looked up now.
 *
 * Return: 0; -EINVAL, also for a claim that no volume has; -errno when the directory is not there.
 */
int mp_providers_map_claim(struct mp_manifest *m, const struct mp_pod_spec *spec,
			   const char *mapping, struct mp_error *err);

/**
 * mp_providers_add_token() - add a Secret with the token in @file (a trailing newline is not part
 * of it) for the service account.
 */
int mp_providers_add_token(struct mp_manifest *m, const char *namespace_,
			   const char *service_account, const char *file, struct mp_error *err);
