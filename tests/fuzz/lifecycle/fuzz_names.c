/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hand-written name checks against the regular expressions that the API states: both must say
 * the same about any name.
 */
#include <arpa/inet.h>
#include <assert.h>
#include <regex.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lifecycle/names.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define LABEL  "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
#define SEARCH "_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?"
#define SYSCTL "[a-z0-9]([-_a-z0-9]*[a-z0-9])?"
#define NAME   "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"

static const struct {
	struct mp_name_faults (*check)(const char *);
	const char *regex;
	size_t len_max; /* of what the expression is about, 0 = none */
} rules[] = {
	{ mp_name_dns_label, "^" LABEL "$", 63 },
	{ mp_name_dns_subdomain, "^" LABEL "(\\." LABEL ")*$", 253 },
	{ mp_name_dns_search, "^" SEARCH "(\\." SEARCH ")*$", 253 },
	{ mp_name_env, "^[ -<>-~]+$", 0 },
	{ mp_name_label_value, "^(" NAME ")?$", 63 },
	{ mp_name_http_header, "^[-A-Za-z0-9]+$", 0 },
	{ mp_name_sysctl, "^(" SYSCTL "[./])*" SYSCTL "$", 253 },
	{ mp_name_qualified, "^(" LABEL "(\\." LABEL ")*/)?" NAME "$", 63 },
	{ mp_name_annotation_key,
	  "^([A-Za-z0-9]([-A-Za-z0-9]*[A-Za-z0-9])?"
	  "(\\.[A-Za-z0-9]([-A-Za-z0-9]*[A-Za-z0-9])?)*/)?" NAME "$",
	  63 },
};

#define N_RULES (sizeof(rules) / sizeof(rules[0]))

static void check(const char *text)
{
	static regex_t compiled[N_RULES];
	static int is_ready;
	unsigned char address[16];

	for (size_t i = 0; i < N_RULES && !is_ready; i++)
		assert(regcomp(&compiled[i], rules[i].regex, REG_EXTENDED | REG_NOSUB) == 0);
	is_ready = 1;
	for (size_t i = 0; i < N_RULES; i++) {
		const int matches = regexec(&compiled[i], text, 0, NULL, 0) == 0;
		const struct mp_name_faults f = rules[i].check(text);

		assert(f.n <= MP_NAME_FAULTS_MAX);
		if (rules[i].len_max == 0 || strlen(text) <= rules[i].len_max)
			assert((f.n == 0) == matches);
		else if (f.n == 0)
			assert(matches);
	}
	(void)mp_name_port(text);
	(void)mp_name_config_key(text);
	/* inet_pton takes IPv4-mapped addresses, which the API refuses; nothing else differs. */
	if (mp_name_is_ip(text))
		assert(inet_pton(AF_INET, text, address) == 1 ||
		       inet_pton(AF_INET6, text, address) == 1);
	else if (inet_pton(AF_INET6, text, address) == 1)
		assert(memcmp(address, "\0\0\0\0\0\0\0\0\0\0\xff\xff", 12) == 0);
	else
		assert(inet_pton(AF_INET, text, address) != 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	/* Longer names teach nothing and make the expressions slow. */
	if (text && size < 600) {
		if (size > 0)
			memcpy(text, data, size);
		text[size] = '\0';
		check(text);
	}
	free(text);
	return 0;
}
