/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The objects that stand beside the pod in a manifest: ConfigMaps, Secrets, Services, claims and
 * the volumes they are bound to. Values in memory; environment and volumes look them up here.
 * Source: core/v1; pod-semantics reference sections 9.2 and 9.8.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "lifecycle/spec.h"
#include "runtime/base/str.h"

enum mp_object_kind {
	MP_OBJECT_CONFIG_MAP = 0,
	MP_OBJECT_SECRET,
	MP_OBJECT_PVC,
	MP_OBJECT_SERVICE,
	MP_OBJECT_PV,
};

/** struct mp_object_entry - one key; @bytes is followed by a NUL that is not counted. */
struct mp_object_entry {
	const char *key;
	const char *bytes;
	size_t len;
	bool is_binary; /* of a ConfigMap's binaryData: a file in volumes, no variable */
};

struct mp_service_port {
	const char *name, *protocol; /* NULL: none, TCP */
	int64_t port;
};

/** struct mp_service - what a Service's variables tell. */
struct mp_service {
	const char *cluster_ip; /* NULL or "": any; "None" or an address */
	const char *type;       /* NULL: ClusterIP */
	const struct mp_service_port *ports;
	size_t n_ports;
};

/** struct mp_claim - what a PersistentVolumeClaim asks for. */
struct mp_claim {
	struct mp_strings access_modes;
	const char *storage_class; /* NULL: none was written */
	const char *volume_name;   /* NULL: any that fits */
	const char *volume_mode;   /* NULL: Filesystem */
	struct mp_resources resources;
};

/** struct mp_pv - a PersistentVolume: a directory of this machine. */
struct mp_pv {
	struct mp_strings access_modes;
	struct mp_resource_list capacity;
	const char *storage_class, *volume_mode;
	bool has_host_path, has_local;
	const char *path;      /* of the one or the other */
	const char *path_type; /* hostPath.type */
	bool has_claim_ref;
	const char *claim_namespace, *claim_name;
};

struct mp_object {
	enum mp_object_kind kind;
	const char *namespace_; /* "default" when the manifest had none */
	const char *name;
	const char *type;            /* Secret: "Opaque" when absent; others NULL */
	const char *service_account; /* whose token a Secret holds; NULL: nobody's */
	bool is_immutable;
	struct mp_object_entry *entries; /* sorted by key, byte order */
	size_t n_entries;
	struct mp_service service; /* by kind */
	struct mp_claim claim;
	struct mp_pv pv;
	const char *raw;  /* the object as compact JSON */
	const char *file; /* where it stands: as given on the command line, "<stdin>" for "-" */
	int line;
	struct mp_object *next;
};

/** struct mp_objects - a set; zero-initialise. Entries live in the arena they were added with. */
struct mp_objects {
	struct mp_object *first, *last;
	size_t n;
};

/** mp_object_kind_text() - "ConfigMap", "Secret", "PersistentVolumeClaim" and so on. */
const char *mp_object_kind_text(enum mp_object_kind kind);

/** mp_objects_add() - take @object (arena memory) into the set; sorts its entries. */
void mp_objects_add(struct mp_objects *set, struct mp_object *object);

/** mp_objects_find() - the object, or NULL. PersistentVolumes are in no namespace: pass "". */
const struct mp_object *mp_objects_find(const struct mp_objects *set, enum mp_object_kind kind,
					const char *namespace_, const char *name);

/** mp_object_key() - the entry of @object called @key, or NULL. */
const struct mp_object_entry *mp_object_key(const struct mp_object *object, const char *key);

/**
 * mp_objects_token() - the token of a service account, or NULL: the key "token" of a Secret of type
 * kubernetes.io/service-account-token that names the account.
 */
const struct mp_object_entry *mp_objects_token(const struct mp_objects *set, const char *namespace_,
					       const char *service_account);
