/* SPDX-License-Identifier: Apache-2.0 */
/* Field tables: the specs of Services, claims and PersistentVolumes. Rows sorted by name. */
#include "runtime/manifest_fields.h"
#include "runtime/manifest_objects.h"

#define NO_ROUTING   "minipod routes no Services: their variables are all there is of them"
#define NO_PROVISION "there is no storage class here: a volume is a directory that exists"
#define NO_STORAGE                                                                         \
	"minipod mounts no network storage; mount it on this machine and use hostPath or " \
	"local"
#define SKIP(name_, why) MP_INLINE(name_, skip, .support = MP_SUPPORT_HARMLESS, .note = (why))

/* ---- Service ----------------------------------------------------------------------------------- */

#define T struct mp_service_port
static const struct mp_field port_fields[] = {
	SKIP("appProtocol", NO_ROUTING),    MP_F("name", string, name),
	SKIP("nodePort", NO_ROUTING),       MP_F("port", int32, port),
	MP_F("protocol", string, protocol), MP_INLINE("targetPort", skip),
};
static const struct mp_type port_type = MP_TYPE("ServicePort", port_fields, T);
#undef T

#define T struct mp_service
static const struct mp_field service_fields[] = {
	SKIP("allocateLoadBalancerNodePorts", NO_ROUTING),
	MP_F("clusterIP", string, cluster_ip),
	MP_INLINE("clusterIPs", skip),
	SKIP("externalIPs", NO_ROUTING),
	SKIP("externalName", NO_ROUTING),
	SKIP("externalTrafficPolicy", NO_ROUTING),
	SKIP("healthCheckNodePort", NO_ROUTING),
	SKIP("internalTrafficPolicy", NO_ROUTING),
	MP_INLINE("ipFamilies", skip),
	MP_INLINE("ipFamilyPolicy", skip),
	SKIP("loadBalancerClass", NO_ROUTING),
	SKIP("loadBalancerIP", NO_ROUTING),
	SKIP("loadBalancerSourceRanges", NO_ROUTING),
	MP_F("ports", list, ports, .type = &port_type),
	MP_INLINE("publishNotReadyAddresses", skip),
	MP_INLINE("selector", skip),
	SKIP("sessionAffinity", NO_ROUTING),
	SKIP("sessionAffinityConfig", NO_ROUTING),
	SKIP("trafficDistribution", NO_ROUTING),
	MP_F("type", string, type),
};
const struct mp_type mp_type_service_spec = MP_TYPE("ServiceSpec", service_fields, T);
#undef T

/* ---- PersistentVolumeClaim ----------------------------------------------------------------------- */

#define T struct mp_claim
static const struct mp_field claim_fields[] = {
	MP_F("accessModes", strings, access_modes),
	SKIP("dataSource", NO_PROVISION),
	SKIP("dataSourceRef", NO_PROVISION),
	MP_F("resources", object, resources, .type = &mp_type_resources),
	SKIP("selector", "volumes are chosen by name, class, modes and size only"),
	MP_F("storageClassName", string, storage_class),
	SKIP("volumeAttributesClassName", NO_PROVISION),
	MP_F("volumeMode", string, volume_mode),
	MP_F("volumeName", string, volume_name),
};
const struct mp_type mp_type_claim_spec = MP_TYPE("PersistentVolumeClaimSpec", claim_fields, T);
#undef T

/* ---- PersistentVolume ------------------------------------------------------------------------------ */

#define T struct mp_pv
static const struct mp_field claim_ref_fields[] = {
	MP_INLINE("apiVersion", skip),
	MP_INLINE("fieldPath", skip),
	MP_INLINE("kind", skip),
	MP_F("name", string, claim_name),
	MP_F("namespace", string, claim_namespace),
	MP_INLINE("resourceVersion", skip),
	MP_INLINE("uid", skip),
};
static const struct mp_type claim_ref_type = MP_TYPE("ObjectReference", claim_ref_fields, T);

static const struct mp_field host_path_fields[] = {
	MP_F("path", string, path),
	MP_F("type", string, path_type),
};
static const struct mp_type host_path_type =
	MP_TYPE("PersistentVolumeHostPath", host_path_fields, T);

static const struct mp_field local_fields[] = {
	SKIP("fsType", "the path must be a directory: minipod formats no disks"),
	MP_F("path", string, path),
};
static const struct mp_type local_type = MP_TYPE("LocalVolumeSource", local_fields, T);

static const struct mp_field pv_fields[] = {
	MP_F("accessModes", strings, access_modes),
	MP_REFUSE("awsElasticBlockStore", NO_STORAGE),
	MP_REFUSE("azureDisk", NO_STORAGE),
	MP_REFUSE("azureFile", NO_STORAGE),
	MP_F("capacity", quantities, capacity),
	MP_REFUSE("cephfs", NO_STORAGE),
	MP_REFUSE("cinder", NO_STORAGE),
	MP_INLINE("claimRef", object, .flag = MP_FLAG(T, has_claim_ref), .type = &claim_ref_type),
	MP_REFUSE("csi", NO_STORAGE),
	MP_REFUSE("fc", NO_STORAGE),
	MP_REFUSE("flexVolume", NO_STORAGE),
	MP_REFUSE("flocker", NO_STORAGE),
	MP_REFUSE("gcePersistentDisk", NO_STORAGE),
	MP_REFUSE("glusterfs", NO_STORAGE),
	MP_INLINE("hostPath", object, .flag = MP_FLAG(T, has_host_path), .type = &host_path_type),
	MP_REFUSE("iscsi", NO_STORAGE),
	MP_INLINE("local", object, .flag = MP_FLAG(T, has_local), .type = &local_type),
	SKIP("mountOptions", "the directory is bound as it is"),
	MP_REFUSE("nfs", NO_STORAGE),
	SKIP("nodeAffinity", "this machine is the only node"),
	SKIP("persistentVolumeReclaimPolicy", "the directory is never removed"),
	MP_REFUSE("photonPersistentDisk", NO_STORAGE),
	MP_REFUSE("portworxVolume", NO_STORAGE),
	MP_REFUSE("quobyte", NO_STORAGE),
	MP_REFUSE("rbd", NO_STORAGE),
	MP_REFUSE("scaleIO", NO_STORAGE),
	MP_F("storageClassName", string, storage_class),
	MP_REFUSE("storageos", NO_STORAGE),
	SKIP("volumeAttributesClassName", NO_PROVISION),
	MP_F("volumeMode", string, volume_mode),
	MP_REFUSE("vsphereVolume", NO_STORAGE),
};
const struct mp_type mp_type_pv_spec = MP_TYPE("PersistentVolumeSpec", pv_fields, T);
#undef T
