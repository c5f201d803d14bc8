/* SPDX-License-Identifier: Apache-2.0 */
/* A case as files: a manifest and a script for `minipod simulate` (docs/simulate.md). */
#include <stdio.h>

#include "tests/sim/sim.h"

static const char *policy_text(enum mp_restart_policy policy)
{
	return policy == MP_RESTART_ALWAYS     ? "Always" :
	       policy == MP_RESTART_ON_FAILURE ? "OnFailure" :
						 "Never";
}

static void print_probe(FILE *f, const char *name, const struct mp_probe_spec *p)
{
	if (!p->is_set)
		return;
	(void)fprintf(f,
		      ", \"%s\": {\"exec\": {\"command\": [\"true\"]}, \"initialDelaySeconds\": "
		      "%lld, \"timeoutSeconds\": %lld, \"periodSeconds\": %lld, "
		      "\"successThreshold\": %lld, \"failureThreshold\": %lld",
		      name, (long long)p->initial_delay_s, (long long)p->timeout_s,
		      (long long)p->period_s, (long long)p->success_threshold,
		      (long long)p->failure_threshold);
	if (p->grace_s.is_set)
		(void)fprintf(f, ", \"terminationGracePeriodSeconds\": %lld",
			      (long long)p->grace_s.v);
	(void)fputs("}", f);
}

static void print_rules(FILE *f, const struct mp_container_spec *s)
{
	(void)fputs(", \"restartPolicyRules\": [", f);
	for (size_t r = 0; r < s->n_rules; r++) {
		const struct mp_restart_rule *rule = &s->rules[r];

		(void)fprintf(f,
			      "%s{\"action\": \"%s\", \"exitCodes\": {\"operator\": \"%s\", "
			      "\"values\": [%lld",
			      r > 0 ? ", " : "", rule->action_text, rule->operator_text,
			      (long long)rule->values[0]);
		for (size_t v = 1; v < rule->n_values; v++)
			(void)fprintf(f, ", %lld", (long long)rule->values[v]);
		(void)fputs("]}}", f);
	}
	(void)fputs("]", f);
}

static void print_lifecycle(FILE *f, const struct mp_lifecycle_spec *l)
{
	const char *comma = "";

	if (!l->has_pre_stop && !l->has_post_start && l->stop_signal == NULL)
		return;
	(void)fputs(", \"lifecycle\": {", f);
	if (l->has_post_start) {
		(void)fputs("\"postStart\": {\"exec\": {\"command\": [\"true\"]}}", f);
		comma = ", ";
	}
	if (l->has_pre_stop) {
		(void)fprintf(f, "%s\"preStop\": {\"exec\": {\"command\": [\"true\"]}}", comma);
		comma = ", ";
	}
	if (l->stop_signal != NULL)
		(void)fprintf(f, "%s\"stopSignal\": \"%s\"", comma, l->stop_signal);
	(void)fputs("}", f);
}

static void print_container(FILE *f, const struct mp_container_spec *s)
{
	(void)fprintf(f, "{\"name\": \"%s\", \"image\": \"%s\", \"imagePullPolicy\": \"%s\"",
		      s->name, s->image, s->pull_policy);
	if (s->restart != MP_RESTART_UNSET)
		(void)fprintf(f, ", \"restartPolicy\": \"%s\"", policy_text(s->restart));
	if (s->n_rules > 0)
		print_rules(f, s);
	print_probe(f, "startupProbe", &s->probes[MP_PROBE_STARTUP]);
	print_probe(f, "readinessProbe", &s->probes[MP_PROBE_READINESS]);
	print_probe(f, "livenessProbe", &s->probes[MP_PROBE_LIVENESS]);
	print_lifecycle(f, &s->lifecycle);
	(void)fputs("}", f);
}

static void print_manifest(FILE *f, const struct mp_pod_spec *spec)
{
	(void)fprintf(
		f,
		"{\"apiVersion\": \"v1\", \"kind\": \"Pod\",\n\"metadata\": {\"name\": \"%s\", "
		"\"namespace\": \"%s\", \"uid\": \"%s\"},\n\"spec\": {\"restartPolicy\": \"%s\", "
		"\"terminationGracePeriodSeconds\": %lld, \"os\": {\"name\": \"linux\"}",
		spec->meta.name, spec->meta.namespace_, spec->meta.uid, policy_text(spec->restart),
		(long long)spec->grace_s.v);
	if (spec->active_deadline_s.is_set)
		(void)fprintf(f, ", \"activeDeadlineSeconds\": %lld",
			      (long long)spec->active_deadline_s.v);
	if (spec->n_readiness_gates > 0)
		(void)fprintf(f, ", \"readinessGates\": [{\"conditionType\": \"%s\"}]",
			      spec->readiness_gates[0]);
	if (spec->share_process_namespace == MP_TRUE)
		(void)fputs(", \"shareProcessNamespace\": true", f);
	if (spec->n_init > 0)
		(void)fputs(",\n\"initContainers\": [", f);
	for (size_t i = 0; i < mp_spec_n_containers(spec); i++) {
		if (i == spec->n_init)
			(void)fprintf(f, "%s,\n\"containers\": [", i > 0 ? "]" : "");
		else if (i > 0)
			(void)fputs(",\n  ", f);
		print_container(f, &spec->containers[i]);
	}
	(void)fputs("]}}\n", f);
}

static void print_time(FILE *f, const char *key, mp_nsec span)
{
	if (span == MP_NSEC_NEVER)
		(void)fprintf(f, "\"%s\": \"never\", ", key);
	else if (span != 0)
		(void)fprintf(f, "\"%s\": \"%lldms\", ", key, (long long)(span / MP_NSEC_PER_MS));
}

static void print_text(FILE *f, const char *key, const char *text)
{
	if (text != NULL)
		(void)fprintf(f, "\"%s\": \"%s\", ", key, text);
}

static void print_run(FILE *f, const struct mp_sim_run *run)
{
	(void)fputs("{", f);
	print_text(f, "createError", run->create_error);
	print_text(f, "createReason", run->create_reason);
	print_text(f, "startError", run->start_error);
	print_time(f, "createTakes", run->create_takes);
	print_time(f, "startTakes", run->start_takes);
	print_time(f, "termTakes", run->term_takes);
	print_time(f, "killTakes", run->kill_takes);
	if (run->lasts != MP_NSEC_NEVER)
		(void)fprintf(f, "\"lasts\": \"%lldms\", ",
			      (long long)(run->lasts / MP_NSEC_PER_MS));
	(void)fprintf(f, "\"oom\": %s, \"ignoresTerm\": %s, \"exitCode\": %d, \"termCode\": %d}",
		      run->is_oom ? "true" : "false", run->ignores_term ? "true" : "false",
		      run->code, run->term_code);
}

static const char *outcome_text(enum mp_probe_outcome outcome)
{
	switch (outcome) {
	case MP_PROBE_SUCCESS:
		return "success";
	case MP_PROBE_WARNING:
		return "warning";
	case MP_PROBE_FAILURE:
		return "failure";
	case MP_PROBE_ERROR:
		return "error";
	case MP_PROBE_ERROR_UNREADABLE:
		break;
	}
	return "unreadable";
}

static void print_behaviour(FILE *f, const struct mp_sim_container *b)
{
	static const char *const hooks[] = { "postStart", "preStop" };
	static const char *const probes[] = { "startup", "readiness", "liveness" };

	(void)fprintf(f, "{\"imageAbsent\": %s", b->is_image_absent ? "true" : "false");
	if (b->image_error != NULL)
		(void)fprintf(f, ", \"imageError\": \"%s\", \"imageReason\": \"%s\"",
			      b->image_error, b->image_reason);
	if (b->is_run_cycle)
		(void)fputs(", \"instancesCycle\": true", f);
	for (size_t i = 0; i < b->n_runs; i++) {
		(void)fputs(i == 0 ? ",\n  \"instances\": [" : ",\n    ", f);
		print_run(f, &b->runs[i]);
	}
	(void)fputs(b->n_runs > 0 ? "]" : "", f);
	for (size_t i = 0; i < b->n_pulls; i++) {
		(void)fputs(i == 0 ? ",\n  \"pulls\": [{" : ", {", f);
		print_time(f, "takes", b->pulls[i].takes);
		print_text(f, "error", b->pulls[i].error);
		(void)fprintf(f, "\"reason\": \"%s\"}",
			      b->pulls[i].reason == NULL ? "ErrImagePull" : b->pulls[i].reason);
	}
	(void)fputs(b->n_pulls > 0 ? "]" : "", f);
	for (size_t k = 0; k < 2; k++) {
		for (size_t i = 0; i < b->n_hooks[k]; i++) {
			(void)fprintf(f, i == 0 ? ",\n  \"%s\": [{" : ", {", hooks[k]);
			print_text(f, "error", b->hooks[k][i].error);
			if (b->hooks[k][i].fallback != NULL)
				print_text(f, "fallback", b->hooks[k][i].fallback);
			if (b->hooks[k][i].takes == MP_NSEC_NEVER)
				(void)fputs("\"takes\": \"never\"}", f);
			else
				(void)fprintf(f, "\"takes\": \"%lldms\"}",
					      (long long)(b->hooks[k][i].takes / MP_NSEC_PER_MS));
		}
		(void)fputs(b->n_hooks[k] > 0 ? "]" : "", f);
	}
	for (size_t k = 0; k < MP_N_PROBES; k++) {
		if (b->is_probe_cycle[k])
			(void)fprintf(f, ", \"%sCycle\": true", probes[k]);
		for (size_t i = 0; i < b->n_probes[k]; i++) {
			const struct mp_sim_probe *p = &b->probes[k][i];

			(void)fprintf(f, i == 0 ? ",\n  \"%s\": [{" : ", {", probes[k]);
			print_time(f, "takes", p->takes);
			print_text(f, "output", p->output);
			(void)fprintf(f, "\"times\": %lld, \"outcome\": \"%s\"}",
				      (long long)p->times, outcome_text(p->outcome));
		}
		(void)fputs(b->n_probes[k] > 0 ? "]" : "", f);
	}
	(void)fputs("}", f);
}

static void print_do(FILE *f, const struct sim_case *c, const struct mp_sim_do *d)
{
	const char *name = c->containers[d->container].name;
	const long long span = (long long)(d->span / MP_NSEC_PER_MS);

	(void)fprintf(f, "{\"at\": \"%lldms\", ", (long long)(d->at / MP_NSEC_PER_MS));
	switch (d->type) {
	case MP_SIM_DO_DELETE:
		(void)fputs("\"delete\": {", f);
		if (d->grace_s.is_set)
			(void)fprintf(f, "\"graceSeconds\": %lld, ", (long long)d->grace_s.v);
		(void)fprintf(f, "\"force\": %s}}", d->is_forced ? "true" : "false");
		break;
	case MP_SIM_DO_CONDITION:
		(void)fprintf(f, "\"condition\": {\"type\": \"%s\", \"status\": \"%s\"}}",
			      d->text[0], d->text[1]);
		break;
	case MP_SIM_DO_EVICT:
		(void)fprintf(f, "\"evict\": {\"message\": \"%s\"}}", d->text[0]);
		break;
	case MP_SIM_DO_REJECT:
		(void)fprintf(f, "\"reject\": {\"reason\": \"%s\", \"message\": \"%s\"}}",
			      d->text[0], d->text[1]);
		break;
	case MP_SIM_DO_KILL_PAUSE:
		(void)fputs("\"killPause\": {}}", f);
		break;
	case MP_SIM_DO_RECOVER:
		(void)fprintf(
			f, "\"recover\": {\"after\": \"%lldms\", \"known\": %s, \"survives\": %s}}",
			span, d->is_known ? "true" : "false", d->is_surviving ? "true" : "false");
		break;
	case MP_SIM_DO_CLOCK:
		(void)fprintf(f, "\"clock\": {\"by\": \"%lldms\"}}", span);
		break;
	case MP_SIM_DO_EXIT:
		(void)fprintf(f, "\"exit\": {\"container\": \"%s\", \"code\": %d, \"oom\": %s}}",
			      name, d->code, d->is_oom ? "true" : "false");
		break;
	case MP_SIM_DO_DEFINITION:
		(void)fprintf(f, "\"definitionChanged\": {\"container\": \"%s\"}}", name);
		break;
	}
}

static void print_step(FILE *f, const char *name, const struct mp_sim_step *step)
{
	(void)fprintf(f, "\"%s\": {\"takes\": \"%lldms\", \"failures\": %lld},\n", name,
		      (long long)(step->takes / MP_NSEC_PER_MS), (long long)step->failures);
}

static void print_script(FILE *f, const struct sim_case *c)
{
	const struct mp_sim_script *s = &c->script;

	(void)fprintf(f, "{\"seed\": \"%llu\", \"shuffle\": %s, \"warm\": %s, \"planSize\": %zu,\n",
		      (unsigned long long)s->seed, s->is_shuffled ? "true" : "false",
		      s->is_warm ? "true" : "false", s->plan_size);
	print_step(f, "prepare", &s->prepare);
	print_step(f, "volumes", &s->volumes);
	print_step(f, "sandbox", &s->sandbox);
	print_step(f, "stop", &s->stop);
	print_step(f, "tearDown", &s->tear_down);
	(void)fputs("\"containers\": {", f);
	for (size_t i = 0; i < mp_spec_n_containers(&c->spec); i++) {
		(void)fprintf(f, "%s\"%s\": ", i > 0 ? ",\n" : "", c->containers[i].name);
		print_behaviour(f, &c->behave[i]);
	}
	(void)fputs("},\n\"do\": [", f);
	for (size_t i = 0; i < s->n_dos; i++) {
		(void)fputs(i > 0 ? ",\n  " : "", f);
		print_do(f, c, &s->dos[i]);
	}
	(void)fputs("]}\n", f);
}

void sim_case_print(const struct sim_case *c, const char *manifest_path, const char *script_path)
{
	FILE *f = fopen(manifest_path, "we");

	if (f != NULL) {
		print_manifest(f, &c->spec);
		(void)fclose(f);
	}
	f = fopen(script_path, "we");
	if (f != NULL) {
		print_script(f, c);
		(void)fclose(f);
	}
}
