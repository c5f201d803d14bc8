/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Field tables: volumes and their sources. A source that minipod does not have is a row that
 * says what to do instead. Rows sorted by name.
 */
#include "runtime/manifest_fields.h"

#define CLOUD   "minipod attaches no cloud disks; mount the disk on this machine and use hostPath"
#define NETWORK "minipod mounts no network storage; mount it on this machine and use hostPath"
#define GONE    "this volume driver is no longer part of Kubernetes; use hostPath"
#define NO_AUTHORITY \
	"there is no cluster to issue certificates; put them into a Secret or a ConfigMap"

#define T struct mp_field_ref
static const struct mp_field field_ref_fields[] = {
	MP_F("apiVersion", string, api_version),
	MP_F("fieldPath", string, path),
};
const struct mp_type mp_type_field_ref = MP_TYPE("ObjectFieldSelector", field_ref_fields, T);
#undef T

#define T struct mp_resource_ref
static const struct mp_field resource_ref_fields[] = {
	MP_F("containerName", string, container),
	MP_F("divisor", quantity, divisor),
	MP_F("resource", string, resource),
};
const struct mp_type mp_type_resource_ref =
	MP_TYPE("ResourceFieldSelector", resource_ref_fields, T);
#undef T

#define T struct mp_key_item
static const struct mp_field item_fields[] = {
	MP_F("key", string, key),
	MP_F("mode", opt_int32, mode),
	MP_F("path", string, path),
};
static const struct mp_type item_type = MP_TYPE("KeyToPath", item_fields, T);
#undef T

#define T struct mp_object_volume
static const struct mp_field config_map_fields[] = {
	MP_F("defaultMode", opt_int32, default_mode),
	MP_F("items", list, items, .flag = MP_FLAG(T, has_items), .type = &item_type),
	MP_F("name", string, name),
	MP_F("optional", bool, is_optional),
};
static const struct mp_type config_map_type =
	MP_TYPE("ConfigMapVolumeSource", config_map_fields, T);

static const struct mp_field secret_fields[] = {
	MP_F("defaultMode", opt_int32, default_mode),
	MP_F("items", list, items, .flag = MP_FLAG(T, has_items), .type = &item_type),
	MP_F("optional", bool, is_optional),
	MP_F("secretName", string, name),
};
static const struct mp_type secret_type = MP_TYPE("SecretVolumeSource", secret_fields, T);

static const struct mp_field projected_object_fields[] = {
	MP_F("items", list, items, .flag = MP_FLAG(T, has_items), .type = &item_type),
	MP_F("name", string, name),
	MP_F("optional", bool, is_optional),
};
static const struct mp_type projected_secret_type =
	MP_TYPE("SecretProjection", projected_object_fields, T);
static const struct mp_type projected_config_map_type =
	MP_TYPE("ConfigMapProjection", projected_object_fields, T);
#undef T

#define T struct mp_downward_item
static const struct mp_field downward_item_fields[] = {
	MP_F("fieldRef", object, field, .flag = MP_FLAG(T, field.is_set),
	     .type = &mp_type_field_ref),
	MP_F("mode", opt_int32, mode),
	MP_F("path", string, path),
	MP_F("resourceFieldRef", object, resource, .flag = MP_FLAG(T, resource.is_set),
	     .type = &mp_type_resource_ref),
};
static const struct mp_type downward_item_type =
	MP_TYPE("DownwardAPIVolumeFile", downward_item_fields, T);
#undef T

#define T struct mp_downward_volume
static const struct mp_field downward_fields[] = {
	MP_F("defaultMode", opt_int32, default_mode),
	MP_F("items", list, items, .type = &downward_item_type),
};
static const struct mp_type downward_type = MP_TYPE("DownwardAPIVolumeSource", downward_fields, T);

static const struct mp_field projected_downward_fields[] = {
	MP_F("items", list, items, .type = &downward_item_type),
};
static const struct mp_type projected_downward_type =
	MP_TYPE("DownwardAPIProjection", projected_downward_fields, T);
#undef T

#define T struct mp_projected_source
static const struct mp_field token_fields[] = {
	MP_F("audience", string, token.audience),
	MP_F("expirationSeconds", opt_int64, token.expiration_s),
	MP_F("path", string, token.path),
};
static const struct mp_type token_type = MP_TYPE("ServiceAccountTokenProjection", token_fields, T);

static const struct mp_field projection_fields[] = {
	MP_REFUSE("clusterTrustBundle", NO_AUTHORITY),
	MP_F("configMap", object, config_map, .flag = MP_FLAG(T, has_config_map),
	     .type = &projected_config_map_type),
	MP_F("downwardAPI", object, downward, .flag = MP_FLAG(T, has_downward),
	     .type = &projected_downward_type),
	MP_REFUSE("podCertificate", NO_AUTHORITY),
	MP_F("secret", object, secret, .flag = MP_FLAG(T, has_secret),
	     .type = &projected_secret_type),
	MP_INLINE("serviceAccountToken", object, .flag = MP_FLAG(T, has_token),
		  .type = &token_type),
};
static const struct mp_type projection_type = MP_TYPE("VolumeProjection", projection_fields, T);
#undef T

#define T struct mp_volume
static const struct mp_field empty_dir_fields[] = {
	MP_F("medium", string, empty_dir.medium, .support = MP_SUPPORT_PARTLY,
	     .note = "unknown storage medium; use Memory, HugePages or leave it out"),
	MP_F("sizeLimit", quantity, empty_dir.size_limit),
};
static const struct mp_type empty_dir_type = MP_TYPE("EmptyDirVolumeSource", empty_dir_fields, T);

static const struct mp_field host_path_fields[] = {
	MP_F("path", string, host_path.path),
	MP_F("type", string, host_path.type),
};
static const struct mp_type host_path_type = MP_TYPE("HostPathVolumeSource", host_path_fields, T);

static const struct mp_field image_fields[] = {
	MP_F("pullPolicy", string, image.pull_policy),
	MP_F("reference", string, image.reference),
};
static const struct mp_type image_type = MP_TYPE("ImageVolumeSource", image_fields, T);

static const struct mp_field pvc_fields[] = {
	MP_F("claimName", string, pvc.claim_name),
	MP_F("readOnly", bool, pvc.read_only),
};
static const struct mp_type pvc_type = MP_TYPE("PersistentVolumeClaimVolumeSource", pvc_fields, T);

static const struct mp_field projected_fields[] = {
	MP_F("defaultMode", opt_int32, projected.default_mode),
	MP_F("sources", list, projected.sources, .type = &projection_type),
};
static const struct mp_type projected_type = MP_TYPE("ProjectedVolumeSource", projected_fields, T);

static const struct mp_field volume_fields[] = {
	MP_REFUSE("awsElasticBlockStore", CLOUD),
	MP_REFUSE("azureDisk", CLOUD),
	MP_REFUSE("azureFile", NETWORK),
	MP_REFUSE("cephfs", NETWORK),
	MP_REFUSE("cinder", CLOUD),
	MP_F("configMap", source, config_map, .value = MP_VOLUME_CONFIG_MAP,
	     .type = &config_map_type),
	MP_REFUSE("csi",
		  "there are no CSI drivers on a machine without a cluster; mount the storage "
		  "on this machine and use hostPath"),
	MP_F("downwardAPI", source, downward, .value = MP_VOLUME_DOWNWARD, .type = &downward_type),
	MP_INLINE("emptyDir", source, .value = MP_VOLUME_EMPTY_DIR, .type = &empty_dir_type),
	MP_REFUSE("ephemeral", "there is no storage class to make a volume from; use emptyDir"),
	MP_REFUSE("fc", NETWORK),
	MP_REFUSE("flexVolume",
		  "minipod runs no volume drivers; mount the storage on this machine and "
		  "use hostPath"),
	MP_REFUSE("flocker", GONE),
	MP_REFUSE("gcePersistentDisk", CLOUD),
	MP_REFUSE("gitRepo",
		  "nodes no longer clone repositories; clone in an init container into an "
		  "emptyDir"),
	MP_REFUSE("glusterfs", NETWORK),
	MP_INLINE("hostPath", source, .value = MP_VOLUME_HOST_PATH, .type = &host_path_type),
	MP_INLINE("image", source, .value = MP_VOLUME_IMAGE, .type = &image_type),
	MP_REFUSE("iscsi", NETWORK),
	MP_F("name", string, name),
	MP_REFUSE("nfs", NETWORK),
	MP_INLINE("persistentVolumeClaim", source, .value = MP_VOLUME_PVC, .type = &pvc_type),
	MP_REFUSE("photonPersistentDisk", CLOUD),
	MP_REFUSE("portworxVolume", CLOUD),
	MP_INLINE("projected", source, .value = MP_VOLUME_PROJECTED, .type = &projected_type),
	MP_REFUSE("quobyte", GONE),
	MP_REFUSE("rbd", NETWORK),
	MP_REFUSE("scaleIO", GONE),
	MP_F("secret", source, secret, .value = MP_VOLUME_SECRET, .type = &secret_type),
	MP_REFUSE("storageos", GONE),
	MP_REFUSE("vsphereVolume", CLOUD),
};
const struct mp_type mp_type_volume = MP_TYPE("Volume", volume_fields, T);
#undef T
