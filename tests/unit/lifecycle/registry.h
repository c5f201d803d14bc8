/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests that register themselves, so that a rule and its expectation stand in one place and
 * none can be forgotten in a list; and an allocator that can be told to fail.
 */
#pragma once

#include <assert.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define REGISTRY_MAX 512

static struct CMUnitTest registry[REGISTRY_MAX];
static size_t n_registered;

static inline void registry_add(const char *name, CMUnitTestFunction test, void *row)
{
	assert(n_registered < REGISTRY_MAX);
	registry[n_registered++] =
		(struct CMUnitTest){ .name = name, .test_func = test, .initial_state = row };
}

/* TEST(a_sentence) { body } defines and registers one test. */
#define TEST(sentence)                                                     \
	static void sentence(void **state);                                \
	__attribute__((constructor)) static void register_##sentence(void) \
	{                                                                  \
		registry_add(#sentence, sentence, NULL);                   \
	}                                                                  \
	static void sentence(void **state)

/* The tests beyond n_registered are empty and must not be run: hence the count. */
static inline int registry_run(const char *group)
{
	return _cmocka_run_group_tests(group, registry, n_registered, NULL, NULL);
}
