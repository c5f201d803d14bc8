/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the typed pod to the small configs of the effect folders. Pure: numbers, flags and names;
 * no descriptor, no file. Source: pod-semantics reference sections 9.5, 9.6 and 10.
 */
#pragma once

#include "cgroups/limits.h"
#include "lifecycle/spec.h"
#include "namespaces/creds.h"
#include "rootfs/mounts.h"
#include "rootfs/volumes.h"

/** mp_assemble_pod_limits() - the pod's own cgroup (10.5). */
struct mp_cgroup_limits mp_assemble_pod_limits(const struct mp_pod_spec *spec);

/** mp_assemble_container_limits() - one container's cgroup (10.4, 10.6). */
struct mp_cgroup_limits mp_assemble_container_limits(const struct mp_pod_spec *spec, size_t index);

/** mp_assemble_wants_hugepages() - the pod or a container of it asks for huge pages. */
bool mp_assemble_wants_hugepages(const struct mp_pod_spec *spec);

/**
 * mp_assemble_hugetlb() - what a cgroup may take of each page size (10.4): 0 of those not asked for.
 * @index: the container; -1: the pod, whose part is the sum (10.3).
 * @pages: @n sizes in bytes.
 * @ret:   room for @n.
 */
void mp_assemble_hugetlb(const struct mp_pod_spec *spec, int index, const uint64_t *pages, size_t n,
			 struct mp_cgroup_hugetlb *ret);

/** mp_assemble_pod_cgroup() - "pod<uid>", "burstable/pod<uid>", "besteffort/pod<uid>". */
void mp_assemble_pod_cgroup(const struct mp_pod_spec *spec, struct mp_buf *out);

/** mp_assemble_oom_score_adj() - of a container's processes (10.5). @memory_bytes: the machine's. */
int mp_assemble_oom_score_adj(const struct mp_pod_spec *spec, size_t index, int64_t memory_bytes);

/** enum mp_seccomp_choice - which filter a container gets. */
enum mp_seccomp_choice { MP_SECCOMP_NONE = 0, MP_SECCOMP_DEFAULT, MP_SECCOMP_LOCALHOST };

/** struct mp_identity - a container's effective security settings: its own, else the pod's. */
struct mp_identity {
	bool has_user, has_group;
	int64_t user, group;
	bool must_be_non_root;
	bool is_privileged;
	bool has_no_new_privs;
	bool is_root_read_only;
	bool is_unmasked;         /* procMount: Unmasked */
	bool merges_image_groups; /* supplementalGroupsPolicy Merge */
	enum mp_seccomp_choice seccomp;
	bool is_seccomp_unset; /* neither container nor pod says anything: the node's default */
	const char *seccomp_profile;       /* MP_SECCOMP_LOCALHOST: relative to the root */
	const struct mp_profile *apparmor; /* borrowed from the spec; NULL: nothing was said */
	uint64_t caps;
};

/**
 * mp_assemble_identity() - merge container and pod security context.
 *
 * Return: 0, or -EINVAL for an unknown capability.
 */
int mp_assemble_identity(const struct mp_pod_spec *spec, size_t index, uint64_t known_caps,
			 struct mp_identity *ret, struct mp_error *err);

/**
 * mp_assemble_check_non_root() - runAsNonRoot against what the image says (9.6).
 * @image_user: "" when the image names none.
 * @uid:        the resolved user.
 *
 * Return: 0, or -EPERM with the sentence of CreateContainerConfigError.
 */
int mp_assemble_check_non_root(const struct mp_pod_spec *spec, size_t index,
			       const struct mp_identity *identity, const char *image_user,
			       int64_t uid, struct mp_error *err);

/** mp_assemble_propagation() - a volume mount's mountPropagation. */
enum mp_propagation mp_assemble_propagation(const struct mp_volume_mount *mount);

/**
 * mp_assemble_page_size() - "2Mi" of an emptyDir's medium HugePages-2Mi; for plain HugePages the one
 * size that the containers ask for.
 *
 * Return: 0; -EINVAL when the containers ask for none, or for several.
 */
int mp_assemble_page_size(const struct mp_pod_spec *spec, const char *medium, const char **ret,
			  struct mp_error *err);

/** mp_assemble_host_path_type() - hostPath.type. */
enum mp_host_path_type mp_assemble_host_path_type(const char *type);

/** mp_pod_desc() - "<name>_<namespace>(<uid>)" of messages. */
void mp_pod_desc(const struct mp_pod_spec *spec, struct mp_buf *out);

/** mp_signal_number() - "SIGTERM", "TERM", "15", "SIGRTMIN+3" to its number, or -EINVAL. */
int mp_signal_number(const char *name);
