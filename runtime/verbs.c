/* SPDX-License-Identifier: Apache-2.0 */
/* The table of verbs and the options they all take. */
#include "runtime/base/auto.h"
#include "runtime/cmd_about.h"
#include "runtime/cmd_apply.h"
#include "runtime/cmd_check.h"
#include "runtime/cmd_completion.h"
#include "runtime/cmd_condition.h"
#include "runtime/cmd_cp.h"
#include "runtime/cmd_delete.h"
#include "runtime/cmd_describe.h"
#include "runtime/cmd_events.h"
#include "runtime/cmd_exec.h"
#include "runtime/cmd_get.h"
#include "runtime/cmd_image.h"
#include "runtime/cmd_label.h"
#include "runtime/cmd_logs.h"
#include "runtime/cmd_prune.h"
#include "runtime/cmd_recover.h"
#include "runtime/cmd_replay.h"
#include "runtime/cmd_run.h"
#include "runtime/cmd_simulate.h"
#include "runtime/cmd_top.h"
#include "runtime/cmd_wait.h"
#include "runtime/options.h"

static const struct mp_option common[] = {
	{ "root", 0, "DIR", "keep all state below DIR (MINIPOD_ROOT)", false },
	{ "cgroup-root", 0, "NAME", "cgroup of all pods (minipod, MINIPOD_CGROUP_ROOT)", false },
	{ "quiet", 'q', NULL, "only errors on stderr, no container output", false },
	{ "verbose", 'v', NULL, "say more; twice: say everything", false },
	{ "help", 'h', NULL, "this text", false },
	{ NULL, 0, NULL, NULL, false },
};

static const struct mp_option check_options[] = {
	{ "filename", 'f', "FILE", "a manifest; may be given again; - is standard input", false },
	{ "fields", 0, NULL, "print which fields of the Pod API are supported", false },
	{ NULL, 0, NULL, NULL, false },
};

static int cmd_check(const struct mp_args *args)
{
	char *argv[2 * MP_OPTION_VALUES_MAX + 66];
	static char verb[] = "check", flag[] = "-f", fields[] = "--fields";
	int argc = 0;
	union {
		const char *in;
		char *out;
	} word;

	argv[argc++] = verb;
	for (size_t i = 0; i < args->n_values; i++) {
		if (args->values[i].option == &check_options[0]) {
			word.in = args->values[i].value;
			argv[argc++] = flag;
			argv[argc++] = word.out;
		} else if (args->values[i].option == &check_options[1]) {
			argv[argc++] = fields;
		}
	}
	for (size_t i = 0; i < args->n_positional; i++) {
		word.in = args->positional[i];
		argv[argc++] = word.out;
	}
	argv[argc] = NULL;
	return mp_cmd_check(argc, argv);
}

static const struct mp_verb verbs[] = {
	{ "run", "FILE...", 0, 64, "Run one pod until it has ended, or in the background",
	  "  minipod run examples/lifecycle.json\n  minipod run -f pod.yaml -f config.yaml\n"
	  "  minipod run -d --wait-for=ready --timeout=1m pod.yaml\n"
	  "  generate | minipod run -",
	  mp_run_options, mp_cmd_run, false, false },
	{ "get", "pods|events|configmaps|secrets|all [NAME...]", 1, 64,
	  "Show pods, events, configmaps and secrets",
	  "  minipod get pods\n  minipod get pods,events\n  minipod get pod/web cm/settings\n  minipod get pod web -o jsonpath='{.status.podIP}'\n"
	  "  minipod get pods -A -w\n  minipod get pods -l app=web --field-selector "
	  "status.phase=Running\n"
	  "  minipod get pods -o custom-columns=NAME:.metadata.name,IP:.status.podIP",
	  mp_get_options, mp_cmd_get, false, false },
	{ "describe", "[pod|configmap|secret] [NAME...]", 0, 64,
	  "Show all about pods, with their events; or what is in ConfigMaps",
	  "  minipod describe web\n  minipod describe pods\n  minipod describe cm settings",
	  mp_describe_options, mp_cmd_describe, false, false },
	{ "delete", "NAME...", 0, 64, "End pods with their grace period and remove them",
	  "  minipod delete web\n  minipod delete pod web --now\n  minipod delete -f pod.yaml\n"
	  "  minipod delete -l app=web\n  minipod delete web -o json\n"
	  "  minipod delete configmap settings        # from the pods that have it",
	  mp_delete_options_table, mp_cmd_delete, false, false },
	{ "logs", "[NAME [CONTAINER]]", 0, 2, "Print what a container has written",
	  "  minipod logs web -f\n  minipod logs web -c sidecar --tail=20 --timestamps\n"
	  "  minipod logs web --all-containers --prefix\n  minipod logs -l app=web -f --prefix",
	  mp_logs_options, mp_cmd_logs, false, false },
	{ "exec", "NAME -- COMMAND [ARG...]", 1, 64, "Run a command in a running container",
	  "  minipod exec web -- ls /\n  minipod exec -it web -c app -- sh", mp_exec_options,
	  mp_cmd_exec, true, false },
	{ "attach", "NAME", 1, 1, "See what a container prints, and type into it",
	  "  minipod attach web\n  minipod attach -it web -c app", mp_attach_options, mp_cmd_attach,
	  false, false },
	{ "debug", "NAME [-- COMMAND [ARG...]]", 1, 1,
	  "Add an ephemeral container to a running pod, to look into it",
	  "  minipod debug -it web --image=busybox --target=app -- sh\n"
	  "  minipod debug web --image=busybox -c probe -- wget -qO- 127.0.0.1:8080",
	  mp_debug_options, mp_cmd_debug, true, false },
	{ "wait", "NAME...", 0, 64, "Wait until pods are in a state",
	  "  minipod wait web --for=condition=Ready --timeout=1m\n"
	  "  minipod wait web --for=jsonpath='{.status.phase}'=Succeeded",
	  mp_wait_options, mp_cmd_wait, false, false },
	{ "events", "", 0, 0, "Show what happened to pods",
	  "  minipod events --for pod/web\n  minipod events -A -w", mp_events_options,
	  mp_cmd_events, false, false },
	{ "top", "[pod [NAME...]]", 0, 64,
	  "Show what pods use, their limits, throttling, pressure and OOM kills",
	  "  minipod top\n  minipod top pod web --containers\n  minipod top web -o json "
	  "--interval=2s",
	  mp_top_options, mp_cmd_top, false, false },
	{ "image", "pull|load|import|ls|inspect|tag|rm|prune [ARG...]", 1, 61,
	  "Images: pull, load, import, ls, inspect, tag, rm, prune",
	  "  minipod image pull registry.example/app:1\n"
	  "  minipod image load app.tar --tag example.org/app:1\n"
	  "  minipod image import rootfs.tar example.org/base:1 --config config.json\n"
	  "  minipod image ls -o json\n"
	  "  minipod image rm example.org/app:1",
	  mp_image_options, mp_cmd_image, false, false },
	{ "cp", "SOURCE DESTINATION", 2, 2, "Copy files into a container or out of it",
	  "  minipod cp config.yaml web:/etc/app/\n  minipod cp web:/var/log/app ./logs\n"
	  "  minipod cp other/web:/etc/hosts . -c side",
	  mp_cp_options, mp_cmd_cp, false, false },
	{ "apply", "FILE...", 0, 64, "Give running pods a changed manifest, ConfigMap or Secret",
	  "  minipod apply -f config.yaml\n  minipod apply -f pod.yaml", mp_apply_options,
	  mp_cmd_apply, false, false },
	{ "label", "NAME... KEY=VALUE|KEY-...", 1, 64, "Change the labels of pods",
	  "  minipod label pod web tier=front\n  minipod label web tier- --overwrite\n"
	  "  minipod label pods -l app=web release=3 --overwrite",
	  mp_label_options, mp_cmd_label, false, false },
	{ "annotate", "NAME... KEY=VALUE|KEY-...", 1, 64, "Change the annotations of pods",
	  "  minipod annotate web example.com/note='checked today'", mp_annotate_options,
	  mp_cmd_annotate, false, false },
	{ "set-condition", "NAME TYPE=STATUS", 2, 2, "Set a readiness gate's condition",
	  "  minipod set-condition web example.com/gate=True", mp_condition_options,
	  mp_cmd_condition, false, false },
	{ "recover", "NAME... | --all", 0, 64, "Supervise pods again whose supervisor died",
	  "  minipod recover web\n  minipod recover --all", mp_recover_options, mp_cmd_recover,
	  false, false },
	{ "prune", "", 0, 0, "Remove what is left of pods that nobody knows any more",
	  "  minipod prune --dry-run\n  minipod prune --ended --logs", mp_prune_options,
	  mp_cmd_prune, false, false },
	{ "check", "FILE...", 0, 64, "Say whether manifests are valid; nothing is started",
	  "  minipod check pod.yaml", check_options, cmd_check, false, false },
	{ "simulate", "FILE...", 1, 64, "Live a pod in virtual time on a simulated node; no root",
	  "  minipod simulate pod.yaml\n"
	  "  minipod simulate pod.yaml --script crash.yaml --until 2h",
	  mp_simulate_options, mp_cmd_simulate, false, false },
	{ "replay", "TRACE", 1, 1, "Live a recorded journal again and compare; no root",
	  "  minipod replay /run/minipod/pods/default_web/trace.jsonl", NULL, mp_cmd_replay, false,
	  false },
	{ "doctor", "", 0, 0, "Say what this host offers to pods, and what it lacks",
	  "  minipod doctor\n  minipod doctor -o json", mp_about_options, mp_cmd_doctor, false,
	  false },
	{ "completion", "bash|zsh|fish", 1, 1, "Print a shell's completion script",
	  "  source <(minipod completion bash)\n"
	  "  minipod completion zsh >\"${fpath[1]}/_minipod\"\n"
	  "  minipod completion fish | source",
	  NULL, mp_cmd_completion, false, false },
	{ "help", "[VERB]", 0, 1, "Say what there is, or more about a verb",
	  "  minipod help\n  minipod help run", NULL, mp_cmd_help, false, false },
	{ "version", "", 0, 0, "Say which minipod this is",
	  "  minipod version\n  minipod version -o json", mp_about_options, mp_cmd_version, false,
	  false },
	{ "__complete", "-- WORD...", 0, 0, "What the last word may become", NULL, NULL,
	  mp_cmd_complete, true, true },
	{ "__man", "", 0, 0, "The manual page", NULL, NULL, mp_cmd_man, false, true },
};

const struct mp_verb *mp_verbs(size_t *ret_n)
{
	*ret_n = MP_ARRAY_SIZE(verbs);
	return verbs;
}

const struct mp_option *mp_common_options(void)
{
	return common;
}
