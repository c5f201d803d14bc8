/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/man_page.h"

#include "runtime/options.h"

/* Text of ours as roff: a leading dot or quote is no request, a hyphen is a hyphen-minus. */
static void put(FILE *out, const char *text)
{
	for (bool is_start = true; *text; text++) {
		if (is_start && (*text == '.' || *text == '\''))
			(void)fputs("\\&", out);
		is_start = *text == '\n';
		switch (*text) {
		case '\\':
			(void)fputs("\\e", out);
			break;
		case '-':
			(void)fputs("\\-", out);
			break;
		default:
			(void)fputc(*text, out);
			break;
		}
	}
}

static void put_options(FILE *out, const struct mp_option *o)
{
	for (; o && o->name; o++) {
		(void)fputs(".TP\n", out);
		if (o->letter)
			(void)fprintf(out, "\\fB\\-%c\\fR, ", o->letter);
		(void)fputs("\\fB\\-\\-", out);
		put(out, o->name);
		(void)fputs("\\fR", out);
		if (o->arg) {
			(void)fputs(o->is_optional_arg ? "[=\\fI" : "=\\fI", out);
			put(out, o->arg);
			(void)fputs(o->is_optional_arg ? "\\fR]" : "\\fR", out);
		}
		(void)fputc('\n', out);
		put(out, o->help);
		(void)fputc('\n', out);
	}
}

static void put_verb(FILE *out, const struct mp_verb *verb)
{
	(void)fputs(".SS \"minipod ", out);
	put(out, verb->name);
	if (*verb->args) {
		(void)fputc(' ', out);
		put(out, verb->args);
	}
	(void)fputs("\"\n", out);
	put(out, verb->summary);
	(void)fputs(".\n", out);
	put_options(out, verb->options);
	if (verb->example) {
		(void)fputs(".PP\n.EX\n", out);
		put(out, verb->example);
		(void)fputs("\n.EE\n", out);
	}
}

static const char head[] =
	".SH NAME\nminipod \\- Kubernetes pods on one Linux machine\n"
	".SH SYNOPSIS\n.B minipod\n[\\fIOPTIONS\\fR] \\fIVERB\\fR ...\n"
	".SH DESCRIPTION\n"
	"minipod runs core/v1 Pods as a Kubernetes 1.36 node would, without a daemon, a cluster or a\n"
	"registry. Each pod has a supervisor of its own: in the foreground\n"
	"(\\fBminipod run\\fR) or in the background (\\fBminipod run \\-d\\fR). Every other verb reads "
	"what the\nsupervisor keeps on disk or asks it through its socket. Data goes to standard "
	"output, talk to\nstandard error.\n";

static const char tail[] =
	".SH EXIT STATUS\nOf \\fBminipod run\\fR in the foreground:\n"
	".TP\n0\nthe pod Succeeded\n"
	".TP\n124\nthe pod's activeDeadlineSeconds passed\n"
	".TP\n125\nminipod itself failed, or refused the manifest\n"
	".TP\n126, 127\na container's command cannot be run, or was not found\n"
	".TP\n128 + n\nthe container was killed by signal n\n"
	".TP\nother\nthe exit code of the first container that failed for good\n"
	".PP\nOther verbs end with 0, or 1 when something is wrong; \\fBexec\\fR with the command's "
	"exit code.\n"
	".SH ENVIRONMENT\n"
	".TP\n\\fBMINIPOD_ROOT\\fR\nas \\fB\\-\\-root\\fR\n"
	".TP\n\\fBMINIPOD_CGROUP_ROOT\\fR\nas \\fB\\-\\-cgroup\\-root\\fR\n"
	".TP\n\\fBNO_COLOR\\fR\nno colours, whatever the terminal can do\n"
	".SH FILES\n"
	".TP\n\\fI/run/minipod/pods/NAMESPACE_NAME/\\fR\nmanifest, status, journal and socket of a pod\n"
	".TP\n\\fI/var/lib/minipod/\\fR\nimages and layers; volumes and writable layers of live pods\n"
	".TP\n\\fI/var/log/minipod/pods/NAMESPACE_NAME_UID/\\fR\nlogs in CRI format\n"
	".SH SEE ALSO\n\\fBnamespaces\\fR(7), \\fBcgroups\\fR(7), \\fBsetns\\fR(2), "
	"\\fBpidfd_open\\fR(2)\n";

void mp_man_page(FILE *out, const char *version)
{
	size_t n;
	const struct mp_verb *verbs = mp_verbs(&n);

	(void)fprintf(out, ".TH MINIPOD 8 \"\" \"minipod %s\" \"System Administration\"\n%s",
		      version, head);
	(void)fputs(".SH COMMON OPTIONS\n", out);
	put_options(out, mp_common_options());
	(void)fputs(".SH VERBS\n", out);
	for (size_t i = 0; i < n; i++)
		if (!verbs[i].is_hidden)
			put_verb(out, &verbs[i]);
	(void)fputs(tail, out);
}
