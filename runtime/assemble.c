/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/assemble.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/base/auto.h"

void mp_pod_desc(const struct mp_pod_spec *spec, struct mp_buf *out)
{
	mp_buf_addf(out, "%s_%s(%s)", spec->meta.name, spec->meta.namespace_, spec->meta.uid);
}

/* ---- resources --------------------------------------------------------------------------- */

static uint64_t bytes_of(const struct mp_quantity *q)
{
	const int64_t v = q ? mp_quantity_value(q) : 0;

	return v > 0 ? (uint64_t)v : 0;
}

static uint64_t milli_of(const struct mp_quantity *q)
{
	const int64_t v = q ? mp_quantity_milli(q) : 0;

	return v > 0 ? (uint64_t)v : 0;
}

static const struct mp_quantity *find(const struct mp_resource_list *list, const char *name)
{
	const struct mp_resource *r = mp_resource_find(list, name);

	return r ? &r->quantity : NULL;
}

/* Its containers have pid namespaces of their own. */
static bool has_own_pid_ns(const struct mp_pod_spec *spec)
{
	return !spec->host_pid && spec->share_process_namespace != MP_TRUE;
}

struct mp_cgroup_limits mp_assemble_pod_limits(const struct mp_pod_spec *spec)
{
	struct mp_cgroup_limits limits = { .level = MP_CGROUP_LEVEL_POD,
					   .has_cpu_request = true,
					   .is_pid_ns = has_own_pid_ns(spec) };
	const struct mp_quantity cpu = mp_spec_effective(spec, "cpu", MP_REQUESTS);
	const struct mp_quantity cpu_max = mp_spec_effective(spec, "cpu", MP_LIMITS);
	const struct mp_quantity memory_max = mp_spec_effective(spec, "memory", MP_LIMITS);

	if (spec->qos == MP_QOS_BEST_EFFORT)
		return limits;
	limits.cpu_request_milli = milli_of(&cpu);
	if (spec->qos == MP_QOS_GUARANTEED || mp_spec_pod_is_limited(spec, "cpu"))
		limits.cpu_limit_milli = milli_of(&cpu_max);
	if (spec->qos == MP_QOS_GUARANTEED || mp_spec_pod_is_limited(spec, "memory"))
		limits.memory_max_bytes = bytes_of(&memory_max);
	return limits;
}

struct mp_cgroup_limits mp_assemble_container_limits(const struct mp_pod_spec *spec, size_t index)
{
	const struct mp_container_spec *c = &spec->containers[index];
	const struct mp_quantity *request = find(&c->resources.requests, "cpu");
	const struct mp_quantity cpu = mp_spec_container_limit(spec, c, "cpu");
	const struct mp_quantity memory = mp_spec_container_limit(spec, c, "memory");

	return (struct mp_cgroup_limits){
		.level = MP_CGROUP_LEVEL_CONTAINER,
		.has_cpu_request = request != NULL,
		.cpu_request_milli = milli_of(request),
		.cpu_limit_milli = milli_of(&cpu),
		.memory_max_bytes = bytes_of(&memory),
		.has_swap_max =
			true, /* NoSwap, the kubelet's default: v2 with or without a limit */
		.is_oom_group = true,
		.is_pid_ns = has_own_pid_ns(spec),
	};
}

/* "hugepages-2Mi": the quantity after the dash is the size of a page. */
static uint64_t page_of(const char *resource)
{
	struct mp_quantity size;

	if (!mp_starts_with(resource, "hugepages-") ||
	    mp_quantity_parse(resource + strlen("hugepages-"), &size, NULL) < 0)
		return 0;
	return bytes_of(&size);
}

static uint64_t huge_bytes(const struct mp_pod_spec *spec, const struct mp_resource_list *list,
			   bool is_pod, uint64_t page)
{
	for (size_t i = 0; i < list->n; i++) {
		if (page_of(list->items[i].name) != page)
			continue;

		const struct mp_quantity sum =
			mp_spec_effective(spec, list->items[i].name, MP_REQUESTS);

		return bytes_of(is_pod ? &sum : &list->items[i].quantity);
	}
	return 0;
}

static uint64_t pod_huge_bytes(const struct mp_pod_spec *spec, uint64_t page)
{
	uint64_t most = huge_bytes(spec, &spec->resources.requests, true, page);

	/* The sum is the same whoever names the size: it is over the whole pod (10.3). */
	for (size_t i = 0; i < mp_spec_n_containers(spec) && most == 0; i++)
		most = huge_bytes(spec, &spec->containers[i].resources.requests, true, page);
	return most;
}

void mp_assemble_hugetlb(const struct mp_pod_spec *spec, int index, const uint64_t *pages, size_t n,
			 struct mp_cgroup_hugetlb *ret)
{
	for (size_t i = 0; i < n; i++) {
		ret[i] = (struct mp_cgroup_hugetlb){ .page_bytes = pages[i] };
		if (index < 0)
			ret[i].max_bytes = pod_huge_bytes(spec, pages[i]);
		else
			ret[i].max_bytes = huge_bytes(
				spec, &spec->containers[index].resources.limits, false, pages[i]);
	}
}

static bool names_hugepages(const struct mp_resource_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		if (mp_starts_with(list->items[i].name, "hugepages-"))
			return true;
	return false;
}

bool mp_assemble_wants_hugepages(const struct mp_pod_spec *spec)
{
	bool is_any = names_hugepages(&spec->resources.limits);

	for (size_t i = 0; i < mp_spec_n_containers(spec) && !is_any; i++)
		is_any = names_hugepages(&spec->containers[i].resources.limits);
	return is_any;
}

void mp_assemble_pod_cgroup(const struct mp_pod_spec *spec, struct mp_buf *out)
{
	switch (spec->qos) {
	case MP_QOS_BEST_EFFORT:
		mp_buf_adds(out, "besteffort/");
		break;
	case MP_QOS_BURSTABLE:
		mp_buf_adds(out, "burstable/");
		break;
	case MP_QOS_GUARANTEED:
		break;
	}
	mp_buf_addf(out, "pod%s", spec->meta.uid);
}

static int64_t memory_request(const struct mp_pod_spec *spec, size_t index, int64_t share)
{
	return (int64_t)bytes_of(find(&spec->containers[index].resources.requests, "memory")) +
	       share;
}

/* What each container gets of a pod-level memory request beyond its own (10.5). */
static int64_t pod_level_share(const struct mp_pod_spec *spec)
{
	const struct mp_quantity *pod = find(&spec->resources.requests, "memory");
	const size_t n = mp_spec_n_containers(spec);
	int64_t sum = 0;

	if (!pod || n == 0)
		return 0;
	for (size_t i = 0; i < n; i++)
		sum += memory_request(spec, i, 0);
	return ((int64_t)bytes_of(pod) - sum) / (int64_t)n;
}

/* 1000 - 1000 * r / M without overflow for any r. */
static int64_t adj(int64_t request, int64_t machine)
{
	return machine > 0 ? 1000 - (int64_t)((__int128)request * 1000 / machine) : 1000;
}

int mp_assemble_oom_score_adj(const struct mp_pod_spec *spec, size_t index, int64_t memory_bytes)
{
	const bool is_critical = mp_streq(spec->priority_class, "system-node-critical");

	if (is_critical || spec->qos == MP_QOS_GUARANTEED)
		return -997;
	if (spec->qos == MP_QOS_BEST_EFFORT)
		return 1000;

	const int64_t share = pod_level_share(spec);
	int64_t a = adj(memory_request(spec, index, share), memory_bytes);

	if (spec->containers[index].kind == MP_KIND_SIDECAR && spec->n_main > 0) {
		int64_t least = INT64_MAX;

		for (size_t i = spec->n_init; i < mp_spec_n_containers(spec); i++) {
			const int64_t r = memory_request(spec, i, share);

			least = r < least ? r : least;
		}
		a = adj(least, memory_bytes) < a ? adj(least, memory_bytes) : a;
	}
	if (a < 3)
		return 3;
	return a >= 1000 ? 999 : (int)a;
}

/* ---- security ---------------------------------------------------------------------------- */

static bool tri(enum mp_opt_bool own, enum mp_opt_bool pod)
{
	return own != MP_UNSET ? own == MP_TRUE : pod == MP_TRUE;
}

/* The whole struct of the container counts, or the pod's; NULL when neither is there. */
static const struct mp_profile *profile_of(const struct mp_profile *own,
					   const struct mp_profile *pod)
{
	return own->is_set ? own : pod->is_set ? pod : NULL;
}

static void set_seccomp(struct mp_identity *id, const struct mp_profile *p)
{
	id->seccomp = MP_SECCOMP_NONE;
	id->is_seccomp_unset = !p && !id->is_privileged;
	if (!p || id->is_privileged || mp_streq(p->type, "Unconfined"))
		return;
	id->seccomp = MP_SECCOMP_DEFAULT;
	if (!mp_streq(p->type, "Localhost"))
		return;
	id->seccomp = MP_SECCOMP_LOCALHOST;
	id->seccomp_profile = p->localhost;
}

int mp_assemble_identity(const struct mp_pod_spec *spec, size_t index, uint64_t known_caps,
			 struct mp_identity *ret, struct mp_error *err)
{
	const struct mp_security *own = &spec->containers[index].security;
	const struct mp_pod_security *pod = &spec->security;
	const struct mp_opt_int user =
		own->run_as_user.is_set ? own->run_as_user : pod->run_as_user;
	const struct mp_opt_int group =
		own->run_as_group.is_set ? own->run_as_group : pod->run_as_group;
	struct mp_identity id = {
		.has_user = user.is_set,
		.user = user.v,
		.has_group = group.is_set,
		.group = group.v,
		.must_be_non_root = tri(own->run_as_non_root, pod->run_as_non_root),
		.is_privileged = own->privileged == MP_TRUE,
		.has_no_new_privs = own->allow_privilege_escalation == MP_FALSE,
		.is_root_read_only = own->read_only_root_filesystem == MP_TRUE,
		.is_unmasked = mp_streq(own->proc_mount, "Unmasked"),
		.merges_image_groups = !mp_streq(pod->supplemental_groups_policy, "Strict"),
		.apparmor = profile_of(&own->apparmor, &pod->apparmor),
		.caps = known_caps,
	};

	set_seccomp(&id, profile_of(&own->seccomp, &pod->seccomp));
	if (!id.is_privileged) {
		const int r = mp_caps_merge(mp_caps_default(), own->cap_add.items, own->cap_add.n,
					    own->cap_drop.items, own->cap_drop.n, known_caps,
					    &id.caps, err);

		if (r < 0)
			return r;
	}
	*ret = id;
	return 0;
}

int mp_assemble_check_non_root(const struct mp_pod_spec *spec, size_t index,
			       const struct mp_identity *identity, const char *image_user,
			       int64_t uid, struct mp_error *err)
{
	char text[1024];
	struct mp_buf desc = MP_BUF(text);
	const char *name = spec->containers[index].name;
	char *end;

	if (!identity->must_be_non_root)
		return 0;
	text[0] = '\0';
	mp_pod_desc(spec, &desc);
	if (identity->has_user) {
		if (identity->user != 0)
			return 0;
		return mp_fail_text(err, EPERM,
				    "container's runAsUser breaks non-root policy (pod: \"%s\", "
				    "container: %s)",
				    text, name);
	}

	/* "name:group" and "uid:gid" are judged by what stands before the colon. */
	const size_t len = strcspn(image_user, ":");

	(void)strtoul(image_user, &end, 10);
	if (len > 0 && end != image_user + len)
		return mp_fail_text(err, EPERM,
				    "container has runAsNonRoot and image has non-numeric user "
				    "(%.*s), cannot verify user is non-root (pod: \"%s\", "
				    "container: %s)",
				    (int)len, image_user, text, name);
	if (uid == 0)
		return mp_fail_text(err, EPERM,
				    "container has runAsNonRoot and image will run as root (pod: "
				    "\"%s\", container: %s)",
				    text, name);
	return 0;
}

/* ---- volumes and signals ------------------------------------------------------------------- */

enum mp_propagation mp_assemble_propagation(const struct mp_volume_mount *mount)
{
	if (mp_streq(mount->propagation, "HostToContainer"))
		return MP_PROPAGATION_SLAVE;
	if (mp_streq(mount->propagation, "Bidirectional"))
		return MP_PROPAGATION_SHARED;
	return MP_PROPAGATION_PRIVATE;
}

enum mp_host_path_type mp_assemble_host_path_type(const char *type)
{
	static const struct {
		const char *text;
		enum mp_host_path_type type;
	} types[] = {
		{ "DirectoryOrCreate", MP_HOST_PATH_DIRECTORY_OR_CREATE },
		{ "Directory", MP_HOST_PATH_DIRECTORY },
		{ "FileOrCreate", MP_HOST_PATH_FILE_OR_CREATE },
		{ "File", MP_HOST_PATH_FILE },
		{ "Socket", MP_HOST_PATH_SOCKET },
		{ "CharDevice", MP_HOST_PATH_CHAR_DEVICE },
		{ "BlockDevice", MP_HOST_PATH_BLOCK_DEVICE },
	};

	for (size_t i = 0; i < MP_ARRAY_SIZE(types); i++)
		if (mp_streq(type, types[i].text))
			return types[i].type;
	return MP_HOST_PATH_ANY;
}

int mp_assemble_page_size(const struct mp_pod_spec *spec, const char *medium, const char **ret,
			  struct mp_error *err)
{
	const char *size = NULL;

	if (mp_starts_with(medium, "HugePages-")) {
		*ret = medium + strlen("HugePages-");
		return 0;
	}
	for (size_t i = 0; i < mp_spec_n_containers(spec); i++) {
		const struct mp_resource_list *asked = &spec->containers[i].resources.requests;

		for (size_t j = 0; j < asked->n; j++) {
			const char *name = asked->items[j].name;

			if (!mp_starts_with(name, "hugepages-"))
				continue;
			name += strlen("hugepages-");
			if (size && !mp_streq(size, name))
				return mp_fail_text(err, EINVAL,
						    "medium: HugePages can't be used if container "
						    "requests multiple huge page sizes");
			size = name;
		}
	}
	if (!size)
		return mp_fail_text(err, EINVAL,
				    "medium: HugePages needs a container that requests huge pages "
				    "of one size; or name it, as in HugePages-2Mi");
	*ret = size;
	return 0;
}

int mp_signal_number(const char *name)
{
	char *end;

	if (mp_starts_with(name, "SIG"))
		name += 3;
	if (mp_starts_with(name, "RTMIN") || mp_starts_with(name, "RTMAX")) {
		const int base = mp_starts_with(name, "RTMIN") ? SIGRTMIN : SIGRTMAX;
		const long off = name[5] ? strtol(name + 5, &end, 10) : 0;
		const long number = base + off;

		if (name[5] && *end != '\0')
			return -EINVAL;
		return number >= SIGRTMIN && number <= SIGRTMAX ? (int)number : -EINVAL;
	}
	if (name[0] >= '0' && name[0] <= '9') {
		const long number = strtol(name, &end, 10);

		return *end == '\0' && number > 0 && number <= SIGRTMAX ? (int)number : -EINVAL;
	}
	for (int s = 1; s < 32; s++) {
		const char *known = sigabbrev_np(s);

		if (known && strcmp(known, name) == 0)
			return s;
	}
	return -EINVAL;
}
