/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Manifests: files or text in, typed pods and objects out, with every error, warning and note
 * of the input as one sentence each. Nothing is printed and nothing is started here.
 * Source: pod-semantics reference section 11; Kubernetes 1.36 core/v1.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lifecycle/spec.h"
#include "runtime/base/error.h"
#include "runtime/base/str.h"
#include "runtime/objects.h"

/** struct mp_line - one sentence for the user, without a newline. */
struct mp_line {
	const char *text; /* "pod.json:42:27: spec.containers[1].livenessProbe.periodSeconds: ..." */
	const struct mp_line *next;
};

/** struct mp_lines - sentences in the order in which they came up. */
struct mp_lines {
	struct mp_line *first, *last;
	size_t n;
};

/** struct mp_manifest_pod - one Pod document, defaulted. */
struct mp_manifest_pod {
	struct mp_pod_spec spec;
	const char *file; /* as given on the command line; "<stdin>" for "-" */
	int line;         /* where the object starts, from 1 */
	bool is_valid;    /* it has added nothing to the manifest's errors */
	struct mp_manifest_pod *next;
};

/**
 * struct mp_manifest - what was loaded. Zero-initialise; mp_manifest_done() frees. All pointers
 * live in @arena.
 */
struct mp_manifest {
	struct mp_arena arena;
	struct mp_manifest_pod *pods; /* in order of appearance */
	size_t n_pods;
	struct mp_objects objects; /* ConfigMaps, Secrets, and what is only kept */
	struct mp_lines errors;    /* not empty: nothing may be started */
	struct mp_lines warnings;  /* accepted by the API server with a warning */
	struct mp_lines notes;     /* one per field that has no effect here */
};

/** struct mp_manifest_options - what loading needs from outside. */
struct mp_manifest_options {
	int64_t wall; /* now, ns since the epoch: creationTimestamp of the pods */

	/* Identity for every pod; NULL: drawn from getrandom(2) for each. Only @uid and @suffix5
	 * are used. */
	const struct mp_seed *seed;

	/* The input is the pod.json of a pod that exists: uid, creationTimestamp and generation are
	 * kept, there are no notes and warnings, and features are not checked again. */
	bool is_restoring;
};

/**
 * mp_manifest_load() - read @files, decode, default and validate everything in them.
 * @m:     zeroed, or already loaded (then the new objects are added).
 * @files: paths; "-" is standard input, at most once.
 * @err:   may be NULL; set for failures of our own only (out of memory).
 *
 * JSON and YAML, several documents, List kinds. All errors are collected: decoding errors of
 * every file in document order, then, for each pod that decoded cleanly, its validation errors
 * with the position of the field or of its nearest ancestor that exists.
 *
 * Return: 0 when every object is valid; -EINVAL when @m->errors says why not (unreadable files
 * included); -ENOMEM with @err. @m is to be released in all cases.
 */
int mp_manifest_load(struct mp_manifest *m, const char *const *files, size_t n_files,
		     const struct mp_manifest_options *options, struct mp_error *err);

/**
 * mp_manifest_load_text() - the same for @len bytes at @text.
 * @name: stands for the file in messages; a name that ends in ".json" forces JSON.
 */
int mp_manifest_load_text(struct mp_manifest *m, const char *name, const char *text, size_t len,
			  const struct mp_manifest_options *options, struct mp_error *err);

/**
 * mp_manifest_only_pod() - the Pod of a manifest that must hold exactly one, as `run` needs it.
 *
 * Return: 0, or -EINVAL with a sentence that says how many there are.
 */
int mp_manifest_only_pod(const struct mp_manifest *m, const struct mp_pod_spec **ret_spec,
			 struct mp_error *err);

/** mp_manifest_done() - release everything; may be called again, and on NULL. */
void mp_manifest_done(struct mp_manifest *m);

/**
 * mp_manifest_fields_text() - the support page (docs/fields.md), generated from the decoder's own
 * tables.
 *
 * Return: heap memory for the caller to free, or NULL when out of memory.
 */
char *mp_manifest_fields_text(void);
