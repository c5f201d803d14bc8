/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one file that sees libfyaml. Its event parser is pulled event by event and document_build
 * makes the tree, so that our limits hold while the parser works; its own document type is not
 * used. JSON is cut into its values first and each is parsed with JSON forced. What libfyaml has
 * to say is collected, never printed.
 */
#include "runtime/base/document.h"

#include <errno.h>
#include <libfyaml.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/base/auto.h"
#include "runtime/base/document_build.h"
#include "runtime/base/document_scan.h"
#include "runtime/base/scalar.h"

#define CORE_TAG "tag:yaml.org,2002:"

/* One run of the parser over a part of the input. */
struct run {
	struct mp_build *build;
	struct mp_place base; /* where the part begins */
	bool is_json;
	bool is_empty; /* the open document has no root, or one without a single character */
};

static struct mp_place to_place(const struct run *run, int line, int column)
{
	const uint32_t l = line > 0 ? (uint32_t)line : 0, c = column > 0 ? (uint32_t)column : 0;

	return (struct mp_place){ run->base.line + l, l == 0 ? run->base.column + c : c + 1 };
}

static struct mp_place event_place(const struct run *run, struct fy_event *event)
{
	const struct fy_mark *mark = fy_event_start_mark(event);

	if (!mark) /* a value of no characters */
		return mp_build_place(run->build);

	int column = mark->column;

	if (event->type == FYET_ALIAS) {
		column--; /* the mark is behind the '*' */
	} else if (event->type == FYET_SCALAR) {
		const enum fy_scalar_style style = fy_token_scalar_style(event->scalar.value);

		/* The mark is behind the opening quote. */
		if (style == FYSS_SINGLE_QUOTED || style == FYSS_DOUBLE_QUOTED)
			column--;
	}
	return to_place(run, mark->line, column);
}

static int refuse_tag(struct run *run, struct fy_token *tag, struct mp_place at)
{
	size_t len = 0;
	const char *text = fy_token_get_text(tag, &len);
	const size_t prefix = strlen(CORE_TAG);
	const bool is_core = text && len > prefix && memcmp(text, CORE_TAG, prefix) == 0;

	if (is_core) {
		text += prefix;
		len -= prefix;
	}
	return mp_build_fail(run->build, at, "tag '%s%.*s' is not supported", is_core ? "!!" : "",
			     text && len < 200 ? (int)len : 0, text ? text : "");
}

/* The tag without the core prefix: "" for none or "!", NULL for one outside it. */
static const char *core_tag(struct fy_token *tag, char *buf, size_t size)
{
	size_t len = 0;
	const char *text = tag ? fy_token_get_text(tag, &len) : "";
	const size_t prefix = strlen(CORE_TAG);

	if (text && (len == 0 || (len == 1 && text[0] == '!')))
		return "";
	if (!text || len <= prefix || len - prefix >= size || memcmp(text, CORE_TAG, prefix) != 0)
		return NULL;
	memcpy(buf, text + prefix, len - prefix);
	buf[len - prefix] = '\0';
	return buf;
}

/* RFC 8259 section 6. */
static bool is_json_number(const char *s)
{
	if (*s == '-')
		s++;
	if (*s == '0')
		s++;
	else if (*s >= '1' && *s <= '9')
		s += strspn(s, "0123456789");
	else
		return false;
	if (*s == '.') {
		const size_t n = strspn(++s, "0123456789");

		if (n == 0)
			return false;
		s += n;
	}
	if (*s == 'e' || *s == 'E') {
		s += s[1] == '+' || s[1] == '-' ? 2 : 1;

		const size_t n = strspn(s, "0123456789");

		if (n == 0)
			return false;
		s += n;
	}
	return *s == '\0';
}

static int json_plain(struct run *run, const char *text, struct mp_place at, struct mp_node *ret)
{
	if (strcmp(text, "null") == 0) {
		ret->kind = MP_NODE_NULL;
	} else if (strcmp(text, "true") == 0 || strcmp(text, "false") == 0) {
		ret->kind = MP_NODE_BOOL;
		ret->boolean = text[0] == 't';
	} else if (is_json_number(text)) {
		ret->kind = MP_NODE_NUMBER;
		ret->is_integer = strpbrk(text, ".eE") == NULL;
	} else {
		return mp_build_fail(run->build, at, "invalid JSON: '%.40s' is no value", text);
	}
	return 0;
}

/* The meaning of an untagged or core-tagged YAML scalar that is not simply a string. */
static int yaml_plain(struct run *run, const char *tag, const char *text, size_t len,
		      struct mp_place at, struct mp_scalar *ret)
{
	bool fits = true;

	mp_scalar_resolve(text, len, ret);
	if (ret->kind == MP_SCALAR_NOT_FINITE)
		return mp_build_fail(run->build, at, "'%.40s': a number must be finite", text);
	if (ret->kind == MP_SCALAR_TOO_LARGE)
		return mp_build_fail(run->build, at, "'%.40s': a number must fit 64 bits", text);
	if (strcmp(tag, "null") == 0)
		fits = ret->kind == MP_SCALAR_NULL;
	else if (strcmp(tag, "bool") == 0)
		fits = ret->kind == MP_SCALAR_BOOL;
	else if (strcmp(tag, "int") == 0)
		fits = ret->kind == MP_SCALAR_NUMBER && !ret->is_float;
	else if (strcmp(tag, "float") == 0)
		fits = ret->kind == MP_SCALAR_NUMBER;
	return fits ? 0 :
		      mp_build_fail(run->build, at, "'%.40s' is no value for the tag !!%s", text,
				    tag);
}

static bool is_scalar_tag(const char *tag)
{
	static const char *const known[] = { "", "str", "null", "bool", "int", "float" };

	for (size_t i = 0; i < MP_ARRAY_SIZE(known); i++) {
		if (strcmp(tag, known[i]) == 0)
			return true;
	}
	return false;
}

static int set_text(struct run *run, struct mp_node *node, const char *text)
{
	if (strcmp(node->source, text) == 0)
		text = node->source;
	else
		text = mp_arena_strdup(run->build->arena, text);
	if (!text)
		return mp_build_no_memory(run->build);
	node->text = text;
	node->text_len = strlen(text);
	return 0;
}

/* Fills @ret from a scalar event; as a key, @ret->text is the key. */
static int read_scalar(struct run *run, struct fy_event *event, struct mp_place at, bool is_key,
		       struct mp_node *ret)
{
	struct fy_token *tag_token = event->scalar.tag;
	const enum fy_scalar_style style = fy_token_scalar_style(event->scalar.value);
	struct mp_scalar scalar;
	char buf[16];
	size_t len = 0;
	const char *bytes = fy_token_get_text(event->scalar.value, &len);
	const char *text = bytes ? mp_arena_dup(run->build->arena, bytes, len) : NULL;

	if (!text)
		return mp_build_no_memory(run->build);
	*ret = (struct mp_node){
		.kind = MP_NODE_STRING, .text = text, .text_len = len, .source = text
	};
	if (strlen(text) != len)
		return mp_build_fail(run->build, at, "a string must not contain the NUL character");

	const char *tag = core_tag(tag_token, buf, sizeof(buf));

	if (!tag || !is_scalar_tag(tag))
		return refuse_tag(run, tag_token, at);
	if (strcmp(tag, "str") == 0 || (tag[0] == '\0' && (tag_token || style != FYSS_PLAIN)))
		return 0;
	if (run->is_json)
		return json_plain(run, text, at, ret);

	const int r = yaml_plain(run, tag, text, len, at, &scalar);

	if (r < 0 || scalar.kind == MP_SCALAR_STRING)
		return r;
	ret->kind = scalar.kind == MP_SCALAR_NULL ? MP_NODE_NULL :
		    scalar.kind == MP_SCALAR_BOOL ? MP_NODE_BOOL :
						    MP_NODE_NUMBER;
	ret->boolean = scalar.boolean;
	ret->is_integer = scalar.is_integer;
	return set_text(run, ret, is_key ? mp_scalar_key_text(&scalar) : scalar.text);
}

static int copy_anchor(struct run *run, struct fy_token *token, const char **ret)
{
	size_t len = 0;
	const char *text = token ? fy_token_get_text(token, &len) : NULL;

	*ret = NULL;
	if (!token)
		return 0;
	*ret = text ? mp_arena_dup(run->build->arena, text, len) : NULL;
	return *ret ? 0 : mp_build_no_memory(run->build);
}

static int take_key(struct run *run, struct fy_event *event, const char *anchor, struct mp_place at)
{
	struct mp_build *b = run->build;
	struct mp_node node = { .kind = MP_NODE_NULL };
	const bool is_plain = fy_token_scalar_style(event->scalar.value) == FYSS_PLAIN;
	const int r = read_scalar(run, event, at, true, &node);

	if (r < 0)
		return r;
	if (node.kind == MP_NODE_NULL)
		return mp_build_fail(b, at, "a key must be a string");
	if (run->is_json && node.kind != MP_NODE_STRING)
		return mp_build_fail(b, at, "invalid JSON: a key must be a string");
	if (anchor) {
		struct mp_built *built = mp_arena_alloc(b->arena, 1, sizeof(*built));

		if (!built)
			return mp_build_no_memory(b);
		built->node = node;
		built->node.line = at.line;
		built->node.column = at.column;
		built->weight = 1;

		const int named = mp_build_anchor(b, anchor, built, at);

		if (named < 0)
			return named;
	}
	return mp_build_key(b, node.text,
			    is_plain && !event->scalar.tag && strcmp(node.text, "<<") == 0, at);
}

static int take_scalar(struct run *run, struct fy_event *event)
{
	struct mp_build *b = run->build;
	const struct mp_place at = event_place(run, event);
	const char *anchor;
	struct mp_node node = { .kind = MP_NODE_NULL };
	int r = copy_anchor(run, event->scalar.anchor, &anchor);

	if (r < 0)
		return r;
	if (mp_build_wants_key(b))
		return take_key(run, event, anchor, at);
	r = read_scalar(run, event, at, false, &node);
	if (r < 0)
		return r;
	if (b->n_frames == 0)
		run->is_empty = node.kind == MP_NODE_NULL && node.source[0] == '\0';
	return mp_build_scalar(b, &node, anchor, at);
}

static int take_open(struct run *run, struct fy_event *event, bool is_map, struct fy_token *anchor,
		     struct fy_token *tag)
{
	const struct mp_place at = event_place(run, event);
	const char *name;
	char buf[16];
	const char *core = core_tag(tag, buf, sizeof(buf));

	if (!core || (core[0] != '\0' && strcmp(core, is_map ? "map" : "seq") != 0))
		return refuse_tag(run, tag, at);
	if (mp_build_wants_key(run->build))
		return mp_build_fail(run->build, at, "a key must be a string");

	const int r = copy_anchor(run, anchor, &name);

	if (r < 0)
		return r;
	run->is_empty = false;
	return mp_build_open(run->build, is_map, name, at);
}

static int take_alias(struct run *run, struct fy_event *event)
{
	const struct mp_place at = event_place(run, event);
	const char *name;
	const int r = copy_anchor(run, event->alias.anchor, &name);

	return r < 0 ? r : mp_build_alias(run->build, name ? name : "", at);
}

static int take_event(struct run *run, struct fy_event *event)
{
	switch (event->type) {
	case FYET_NONE:
	case FYET_STREAM_START:
	case FYET_STREAM_END:
		return 0;
	case FYET_DOCUMENT_START:
		run->is_empty = true;
		return 0;
	case FYET_DOCUMENT_END:
		return mp_build_end(run->build, run->is_empty);
	case FYET_MAPPING_START:
		return take_open(run, event, true, event->mapping_start.anchor,
				 event->mapping_start.tag);
	case FYET_SEQUENCE_START:
		return take_open(run, event, false, event->sequence_start.anchor,
				 event->sequence_start.tag);
	case FYET_MAPPING_END:
	case FYET_SEQUENCE_END:
		return mp_build_close(run->build);
	case FYET_SCALAR:
		return take_scalar(run, event);
	case FYET_ALIAS:
		return take_alias(run, event);
	}
	return 0;
}

/* Where the parser's own words would puzzle the author of a manifest. */
static const struct {
	const char *theirs, *ours;
} translations[] = {
	{ "Invalid JSON plain scalar",
	  "this is no JSON value; strings and keys need double quotes" },
	{ "Multi line double quoted scalars not supported in JSON mode",
	  "a string must not contain a line break; write \\n" },
	{ "Invalid JSON unescaped character", "a tab in a string must be written \\t" },
	{ "JSON disallows trailing comma before closing brace", "comma before '}'" },
	{ "JSON disallows trailing comma before closing bracket", "comma before ']'" },
	{ "JSON does not allow empty values in a mapping", "key without a value; ':' expected" },
	{ "single quoted scalars not supported in JSON mode", "strings need double quotes" },
	{ "missing document start", "more text after the end of the value" },
	{ "plain scalar cannot start with '#'",
	  "a value cannot start with '#'; JSON has no comments" },
	{ "double-quoted scalar has invalid UTF8 escape", "this escape makes no character" },
	{ "invalid nested block mapping on the same line",
	  "a second ': ' in one line; quote the value if the ': ' belongs to it" },
	{ "tab character may not be used as indentation", "indent with spaces, not with tabs" },
	{ "invalid mapping in plain multiline", "indented less than the lines before it" },
	{ "invalid value after mapping", "this line has no ': ' after its key" },
	{ "did not find expected key",
	  "a key was expected here; is it indented as the others are?" },
};

/* Turns the first thing libfyaml complained about into our sentence. */
static int report(struct run *run, struct fy_diag *diag)
{
	void *prev = NULL;
	const struct fy_diag_error *e = fy_diag_errors_iterate(diag, &prev);
	const char *kind = run->is_json ? "JSON" : "YAML";

	if (!e || !e->msg)
		return mp_build_fail(run->build, run->base, "this %s cannot be read", kind);

	const struct mp_place at = to_place(run, e->line - 1, e->column - 1);
	const char *what = e->msg;

	for (size_t i = 0; i < MP_ARRAY_SIZE(translations); i++) {
		if (strcmp(translations[i].theirs, what) == 0)
			what = translations[i].ours;
	}
	return mp_build_fail(run->build, at, "invalid %s: %s", kind, what);
}

static void keep_silent(struct fy_diag *diag, void *user, const char *text, size_t len)
{
	(void)diag;
	(void)user;
	(void)text;
	(void)len;
}

static void destroy_parser(struct fy_parser **parser)
{
	if (*parser)
		fy_parser_destroy(*parser);
}

static void destroy_diag(struct fy_diag **diag)
{
	if (*diag)
		fy_diag_destroy(*diag);
}

/* Parses @len bytes, which are JSON of one value or YAML of many documents. */
static int run_parser(struct run *run, const char *text, size_t len)
{
	struct fy_diag_cfg diag_cfg;

	fy_diag_cfg_default(&diag_cfg);
	diag_cfg.fp = NULL;
	diag_cfg.output_fn = keep_silent;
	diag_cfg.colorize = false;

	__attribute__((cleanup(destroy_diag))) struct fy_diag *diag = fy_diag_create(&diag_cfg);

	if (!diag)
		return mp_build_no_memory(run->build);
	fy_diag_set_collect_errors(diag, true);

	const struct fy_parse_cfg cfg = {
		.search_path = "",
		.flags = run->is_json ? FYPCF_JSON_FORCE : FYPCF_JSON_NONE,
		.diag = diag,
	};
	__attribute__((cleanup(destroy_parser))) struct fy_parser *parser = fy_parser_create(&cfg);

	if (!parser || fy_parser_set_string(parser, text, len) != 0)
		return mp_build_no_memory(run->build);
	for (;;) {
		struct fy_event *event = fy_parser_parse(parser);

		if (!event)
			return fy_parser_get_stream_error(parser) || fy_diag_got_error(diag) ?
				       report(run, diag) :
				       0;

		const bool is_end = event->type == FYET_STREAM_END;
		const int r = take_event(run, event);

		fy_parser_event_free(parser, event);
		if (r < 0 || is_end)
			return r;
	}
}

/* JSON values one after the other; in AUTO, YAML's "---" may follow one of them. */
static int parse_json(struct mp_build *b, const char *text, size_t len, bool allows_yaml)
{
	struct mp_place place = { 1, 1 };
	size_t known = 0;

	for (size_t at = mp_scan_blank(text, len, 0); at < len;) {
		size_t end;
		const bool is_yaml = allows_yaml && b->n_roots > 0 && len - at >= 3 &&
				     memcmp(text + at, "---", 3) == 0;

		mp_scan_advance(&place, text, known, at);
		known = at;
		if (b->n_roots > 0 && !is_yaml && text[at] != '{' && text[at] != '[')
			return mp_build_fail(b, place, "text after the end of the JSON value");

		struct run run = { .build = b, .base = place, .is_json = !is_yaml };
		int r = 0;

		if (is_yaml) {
			end = len;
			r = mp_scan_yaml(b->name, text, len, at, b->err);
		} else {
			r = mp_scan_json(b->name, text, len, at, &end, b->err);
		}
		if (r >= 0)
			r = run_parser(&run, text + at, end - at);
		if (r < 0)
			return r;
		at = mp_scan_blank(text, len, end);
	}
	return 0;
}

/*
 * Whether what begins at @at is JSON. A map whose first key has no double quotes is one in
 * YAML's flow style, "{kind: Pod}", which kubectl reads as well.
 */
static bool begins_json(const char *text, size_t len, size_t at)
{
	if (text[at] == '[')
		return true;
	if (text[at] != '{')
		return false;
	at = mp_scan_blank(text, len, at + 1);
	return at == len || text[at] == '"' || text[at] == '}';
}

static int parse_into(struct mp_build *b, const char *text, size_t len,
		      enum mp_document_format format)
{
	static const char byte_order_mark[] = "\xef\xbb\xbf";

	if (len >= 3 && memcmp(text, byte_order_mark, 3) == 0) {
		text += 3;
		len -= 3;
	}

	const int r = mp_scan_encoding(b->name, text, len, b->err);
	const size_t first = mp_scan_blank(text, len, 0);

	if (r < 0)
		return r;
	if (first == len)
		return mp_fail_text(b->err, EINVAL, "%s: the input is empty", b->name);
	if (format == MP_DOCUMENT_JSON ||
	    (format == MP_DOCUMENT_AUTO && begins_json(text, len, first)))
		return parse_json(b, text, len, format == MP_DOCUMENT_AUTO);

	struct run run = { .build = b, .base = { 1, 1 } };
	const int scanned = mp_scan_yaml(b->name, text, len, 0, b->err);

	return scanned < 0 ? scanned : run_parser(&run, text, len);
}

int mp_document_parse(struct mp_arena *arena, const char *name, const char *bytes, size_t len,
		      enum mp_document_format format, struct mp_document *ret, struct mp_error *err)
{
	__attribute__((cleanup(mp_build_done))) struct mp_build b = {
		.arena = arena,
		.name = mp_arena_strdup(arena, name),
		.err = err,
	};

	if (!b.name)
		return mp_fail(err, ENOMEM, "%s", name);
	if (len > MP_DOCUMENT_BYTES_MAX)
		return mp_fail_text(err, EFBIG, "%s: more than %zu MiB", name,
				    MP_DOCUMENT_BYTES_MAX / 1024 / 1024);

	const int r = parse_into(&b, bytes, len, format);

	if (r < 0)
		return r;
	if (b.n_roots == 0)
		return mp_fail_text(err, EINVAL, "%s: there is no document in it", name);

	const size_t size = b.n_roots * sizeof(const struct mp_node *);
	const struct mp_node **roots = mp_arena_alloc(arena, 1, size);

	if (!roots)
		return mp_fail(err, ENOMEM, "%s", name);
	memcpy(roots, b.roots, size);
	*ret = (struct mp_document){ .name = b.name, .roots = roots, .count = b.n_roots };
	return 0;
}
