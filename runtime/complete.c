/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/complete.h"

#include <string.h>

#include "runtime/base/auto.h"
#include "runtime/base/str.h"

/* Values that an option takes; the table's help line says the same to people. */
static const struct {
	const char *verb, *option, *value;
} values[] = {
	{ NULL, "output", "json" },       { NULL, "output", "yaml" },
	{ NULL, "output", "name" },       { "get", "output", "wide" },
	{ "get", "output", "jsonpath=" }, { "get", "output", "custom-columns=" },
	{ "run", "wait-for", "started" }, { "run", "wait-for", "ready" },
	{ "run", "wait-for", "none" },    { "wait", "for", "condition=" },
	{ "wait", "for", "delete" },      { "wait", "for", "jsonpath=" },
	{ "delete", "wait", "true" },     { "delete", "wait", "false" },
};

struct line {
	const struct mp_verb *verb;
	const char *namespace_;
	const char *first; /* first argument of the verb */
	size_t n_positional;
	const struct mp_option *awaits; /* the option whose value comes next */
	bool is_command;                /* after "--" */
};

struct session {
	struct mp_complete_out out;
	mp_complete_names names;
	void *ctx;
};

void mp_complete_say(struct mp_complete_out *out, const char *word, const char *what)
{
	if (!mp_starts_with(word, out->prefix) || strpbrk(word, "\t\n"))
		return;
	(void)fprintf(out->out, "%s%s%s\n", word, *what ? "\t" : "", what);
}

static const struct mp_option *option_of(const struct mp_verb *verb, const char *word, size_t len)
{
	const struct mp_option *tables[] = { verb ? verb->options : NULL, mp_common_options() };

	for (size_t t = 0; t < MP_ARRAY_SIZE(tables); t++) {
		for (const struct mp_option *o = tables[t]; o && o->name; o++) {
			if (strlen(o->name) == len && memcmp(o->name, word, len) == 0)
				return o;
			if (len == 1 && o->letter == word[0])
				return o;
		}
	}
	return NULL;
}

static void take_value(struct line *line, const struct mp_option *o, const char *value)
{
	if (strcmp(o->name, "namespace") == 0)
		line->namespace_ = value;
}

/* -x, -xVALUE, switches run together: only the last letter may wait for a value. */
static void take_short(struct line *line, const char *word)
{
	for (const char *at = word + 1; *at; at++) {
		const struct mp_option *o = option_of(line->verb, at, 1);

		if (!o || !o->arg || o->is_optional_arg)
			continue;
		if (at[1] == '\0')
			line->awaits = o;
		else
			take_value(line, o, at[1] == '=' ? at + 2 : at + 1);
		return;
	}
}

static void take_word(struct line *line, const char *word)
{
	const char *eq = strchr(word, '=');

	if (line->awaits) {
		take_value(line, line->awaits, word);
		line->awaits = NULL;
	} else if (strcmp(word, "--") == 0) {
		line->is_command = true;
	} else if (mp_starts_with(word, "--")) {
		const size_t len = eq ? (size_t)(eq - word) - 2 : strlen(word) - 2;
		const struct mp_option *o = len > 1 ? option_of(line->verb, word + 2, len) : NULL;

		if (o && eq)
			take_value(line, o, eq + 1);
		else if (o && o->arg && !o->is_optional_arg)
			line->awaits = o;
	} else if (word[0] == '-' && word[1]) {
		take_short(line, word);
	} else if (!line->verb) {
		size_t n;
		const struct mp_verb *verbs = mp_verbs(&n);

		for (size_t i = 0; i < n; i++)
			if (strcmp(verbs[i].name, word) == 0)
				line->verb = &verbs[i];
	} else {
		if (line->n_positional == 0)
			line->first = word;
		line->n_positional++;
	}
}

static void ask(struct session *s, const struct line *line, enum mp_complete_kind kind)
{
	const struct mp_complete_ask question = {
		.kind = kind,
		.namespace_ = line->namespace_,
		.pod = line->first,
	};

	if (s->names)
		s->names(s->ctx, &question, &s->out);
}

static void offer_verbs(struct session *s)
{
	size_t n;
	const struct mp_verb *verbs = mp_verbs(&n);

	for (size_t i = 0; i < n; i++)
		if (!verbs[i].is_hidden)
			mp_complete_say(&s->out, verbs[i].name, verbs[i].summary);
}

/* A word of a usage line: "FILE...", "[NAME...]", "pods|events", "NAME", "CONTAINER", "VERB". */
static void offer_for(struct session *s, const struct line *line, const char *word, size_t len)
{
	while (len > 0 && word[0] == '[')
		word++, len--;
	while (len > 0 && (word[len - 1] == ']' || word[len - 1] == '.'))
		len--;
	if (len == 4 && memcmp(word, "NAME", 4) == 0) {
		ask(s, line, MP_COMPLETE_POD);
	} else if (len == 9 && memcmp(word, "CONTAINER", 9) == 0) {
		ask(s, line, MP_COMPLETE_CONTAINER);
	} else if (len == 4 && memcmp(word, "VERB", 4) == 0) {
		offer_verbs(s);
	} else if (len > 0 && word[0] >= 'a' && word[0] <= 'z') {
		char choice[64];

		for (size_t i = 0, from = 0; i <= len; i++) {
			if (i < len && word[i] != '|')
				continue;
			(void)snprintf(choice, sizeof(choice), "%.*s", (int)(i - from),
				       word + from);
			mp_complete_say(&s->out, choice, "");
			from = i + 1;
		}
	} else if (len > 0) {
		(void)fputs(":file\n", s->out.out);
	}
}

static void offer_positional(struct session *s, const struct line *line)
{
	const char *at = line->verb->args, *word = at;
	size_t len = 0;

	/* The word of the usage line that stands where we are; the last one if it goes on ("..."). */
	for (size_t i = 0; *at && i <= line->n_positional; i++) {
		const size_t next = strcspn(at, " ");
		const bool goes_on = len > 3 && memchr(word, '.', len) != NULL;

		if (next >= 2 && memcmp(at, "--", 2) == 0) {
			len = 0;
			break;
		}
		if (goes_on)
			break;
		word = at;
		len = next;
		at += next + strspn(at + next, " ");
		if (*at == '\0' && i < line->n_positional && !memchr(word, '.', len))
			len = 0; /* no more arguments */
	}
	offer_for(s, line, word, len);
}

static void offer_value(struct session *s, const struct line *line, const struct mp_option *o)
{
	const char *verb = line->verb ? line->verb->name : "";

	if (strcmp(o->name, "namespace") == 0)
		ask(s, line, MP_COMPLETE_NAMESPACE);
	else if (strcmp(o->arg, "CONTAINER") == 0 || strcmp(o->name, "container") == 0)
		ask(s, line, MP_COMPLETE_CONTAINER);
	else if (strcmp(o->arg, "FILE") == 0)
		(void)fputs(":file\n", s->out.out);
	else if (strcmp(o->arg, "DIR") == 0)
		(void)fputs(":dir\n", s->out.out);
	for (size_t i = 0; i < MP_ARRAY_SIZE(values); i++)
		if (strcmp(values[i].option, o->name) == 0 &&
		    (!values[i].verb || strcmp(values[i].verb, verb) == 0))
			mp_complete_say(&s->out, values[i].value, "");
}

static void offer_options(struct session *s, const struct line *line)
{
	const struct mp_option *tables[] = { line->verb ? line->verb->options : NULL,
					     mp_common_options() };

	for (size_t t = 0; t < MP_ARRAY_SIZE(tables); t++) {
		for (const struct mp_option *o = tables[t]; o && o->name; o++) {
			char word[80];

			(void)snprintf(word, sizeof(word), "--%s%s", o->name,
				       o->arg && !o->is_optional_arg ? "=" : "");
			mp_complete_say(&s->out, word, o->help);
		}
	}
}

void mp_complete(const char *const *words, size_t n, mp_complete_names names, void *ctx, FILE *out)
{
	const char *last = words[n - 1];
	const char *eq = strchr(last, '=');
	struct line line = { 0 };
	struct session s = { { out, last }, names, ctx };

	for (size_t i = 0; i + 1 < n; i++)
		take_word(&line, words[i]);
	if (line.is_command) {
		(void)fputs(":file\n", out);
	} else if (line.awaits) {
		offer_value(&s, &line, line.awaits);
	} else if (mp_starts_with(last, "--") && eq) {
		const struct mp_option *o = option_of(line.verb, last + 2, (size_t)(eq - last) - 2);

		s.out.prefix = eq + 1; /* the shells complete what follows the sign */
		if (o && o->arg)
			offer_value(&s, &line, o);
	} else if (last[0] == '-') {
		offer_options(&s, &line);
	} else if (line.verb) {
		offer_positional(&s, &line);
	} else {
		offer_verbs(&s);
	}
}

/*
 * bash breaks words at "=", so a value comes as a word of its own behind a word "=": the function
 * puts "--option", "=", "value" together again before it asks.
 */
static const char bash_script[] =
	"# bash completion for minipod: source <(minipod completion bash)\n"
	"_minipod() {\n"
	"\tlocal IFS=$'\\n' line words=() i cur=${COMP_WORDS[COMP_CWORD]}\n"
	"\tfor ((i = 1; i <= COMP_CWORD; i++)); do\n"
	"\t\tif [[ ${COMP_WORDS[i]} == = && ${#words[@]} -gt 0 ]]; then\n"
	"\t\t\twords[${#words[@]}-1]+='='\n"
	"\t\t\t((i < COMP_CWORD)) && words[${#words[@]}-1]+=${COMP_WORDS[++i]}\n"
	"\t\telse\n"
	"\t\t\twords+=(\"${COMP_WORDS[i]}\")\n"
	"\t\tfi\n"
	"\tdone\n"
	"\t[[ $cur != = ]] || cur=\n"
	"\tCOMPREPLY=()\n"
	"\twhile read -r line; do\n"
	"\t\tcase $line in\n"
	"\t\t:file) COMPREPLY+=($(compgen -f -- \"$cur\")); compopt -o filenames ;;\n"
	"\t\t:dir) COMPREPLY+=($(compgen -d -- \"$cur\")); compopt -o filenames ;;\n"
	"\t\t*)\n"
	"\t\t\tline=${line%%$'\\t'*}\n"
	"\t\t\t[[ $line != *= ]] || compopt -o nospace\n"
	"\t\t\tCOMPREPLY+=(\"$line\")\n"
	"\t\t\t;;\n"
	"\t\tesac\n"
	"\tdone < <(\"${COMP_WORDS[0]}\" __complete -- \"${words[@]}\" 2>/dev/null)\n"
	"}\n"
	"complete -F _minipod minipod\n";

static const char zsh_script[] =
	"#compdef minipod\n"
	"# zsh completion for minipod: minipod completion zsh >\"${fpath[1]}/_minipod\"\n"
	"_minipod() {\n"
	"\tlocal line word\n"
	"\tlocal -a plain open\n"
	"\t[[ ${words[CURRENT]} != --*=* ]] || compset -P '*='\n"
	"\tfor line in \"${(@f)$(\"${words[1]}\" __complete -- \"${(@)words[2,CURRENT]}\" "
	"2>/dev/null)}\"; do\n"
	"\t\tword=${${line%%$'\\t'*}//:/\\\\:}\n"
	"\t\tcase $line in\n"
	"\t\t'') ;;\n"
	"\t\t:file) _files ;;\n"
	"\t\t:dir) _files -/ ;;\n"
	"\t\t*$'\\t'*) if [[ $word == *= ]]; then open+=(\"$word:${line#*$'\\t'}\"); "
	"else plain+=(\"$word:${line#*$'\\t'}\"); fi ;;\n"
	"\t\t*=) open+=(\"$word\") ;;\n"
	"\t\t*) plain+=(\"$word\") ;;\n"
	"\t\tesac\n"
	"\tdone\n"
	"\t(( ! $#plain )) || _describe minipod plain\n"
	"\t(( ! $#open )) || _describe minipod open -S ''\n"
	"}\n"
	"if [[ $funcstack[1] == _minipod ]]; then _minipod \"$@\"; else compdef _minipod minipod; fi\n";

static const char fish_script[] =
	"# fish completion for minipod: minipod completion fish | source\n"
	"function __minipod_complete\n"
	"\tset -l words (commandline -opc) (commandline -ct)\n"
	"\tfor line in ($words[1] __complete -- $words[2..-1] 2>/dev/null)\n"
	"\t\tset -l current (commandline -ct)\n"
	"\t\tset -l head ''\n"
	"\t\tif string match -q -- '--*=*' $current\n"
	"\t\t\tset head (string replace -r -- '=.*' '=' $current)\n"
	"\t\tend\n"
	"\t\tswitch $line\n"
	"\t\t\tcase :file :dir\n"
	"\t\t\t\t__fish_complete_path (string replace -r -- '^--[^=]*=' '' $current)\n"
	"\t\t\tcase '*'\n"
	"\t\t\t\techo \"$head$line\"\n"
	"\t\tend\n"
	"\tend\n"
	"end\n"
	"complete -c minipod -f -a '(__minipod_complete)'\n";

const char *mp_complete_script(const char *shell)
{
	if (strcmp(shell, "bash") == 0)
		return bash_script;
	if (strcmp(shell, "zsh") == 0)
		return zsh_script;
	if (strcmp(shell, "fish") == 0)
		return fish_script;
	return NULL;
}
