/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/base/document.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "runtime/base/auto.h"
#include "runtime/base/json.h"

const char *__lsan_default_suppressions(void);

/* libfyaml 0.7.12 forgets a flow stack on some errors; it is not ours to free. */
const char *__lsan_default_suppressions(void)
{
	return "leak:libfyaml\nleak:fy_";
}

static struct mp_arena arena;

static int release(void **unused)
{
	(void)unused;
	mp_arena_done(&arena);
	return 0;
}

static struct mp_document parse_len(const char *text, size_t len, enum mp_document_format format)
{
	struct mp_document document = { 0 };
	struct mp_error err = MP_ERROR_NONE;

	if (mp_document_parse(&arena, "f", text, len, format, &document, &err) < 0)
		fail_msg("refused: %s", err.msg);
	return document;
}

static struct mp_document parse(const char *text)
{
	return parse_len(text, strlen(text), MP_DOCUMENT_AUTO);
}

/* Every document of the input as compact JSON, one after the other. */
static void assert_reads(const char *text, const char *expected)
{
	const struct mp_document document = parse(text);
	char all[4096] = "";
	struct mp_buf buf = MP_BUF(all);

	for (size_t i = 0; i < document.count; i++) {
		struct mp_json w;

		mp_json_init(&w, MP_JSON_COMPACT);
		mp_json_node(&w, document.roots[i]);
		mp_buf_adds(&buf, mp_json_finish(&w, NULL, NULL));
		mp_json_done(&w);
	}
	assert_string_equal(all, expected);
}

static void assert_refused_len(const char *text, size_t len, enum mp_document_format format,
			       int code, const char *sentence)
{
	struct mp_document document = { .name = "untouched" };
	struct mp_error err = MP_ERROR_NONE;

	assert_int_equal(mp_document_parse(&arena, "f", text, len, format, &document, &err), -code);
	assert_string_equal(err.msg, sentence);
	assert_int_equal(err.code, code);
	assert_string_equal(document.name, "untouched");
}

static void assert_refused(const char *text, const char *sentence)
{
	assert_refused_len(text, strlen(text), MP_DOCUMENT_AUTO, EINVAL, sentence);
}

static void json_values_keep_their_kind_order_and_text(void **unused)
{
	(void)unused;
	const struct mp_document document = parse(
		"{\"z\": null, \"b\": true, \"n\": 1.50, \"s\": \"x\", \"l\": [1], \"m\": {}}");
	const struct mp_node *root = document.roots[0];

	assert_int_equal(document.count, 1);
	assert_string_equal(document.name, "f");
	assert_int_equal(root->kind, MP_NODE_MAP);
	assert_int_equal(root->count, 6);
	assert_string_equal(root->entries[0].key, "z");
	assert_int_equal(root->entries[0].value->kind, MP_NODE_NULL);
	assert_int_equal(mp_node_get(root, "b")->kind, MP_NODE_BOOL);
	assert_true(mp_node_get(root, "b")->boolean);
	assert_int_equal(mp_node_get(root, "n")->kind, MP_NODE_NUMBER);
	assert_string_equal(mp_node_get(root, "n")->text, "1.50");
	assert_int_equal(mp_node_get(root, "s")->kind, MP_NODE_STRING);
	assert_int_equal(mp_node_get(root, "l")->kind, MP_NODE_LIST);
	assert_int_equal(mp_node_get(root, "m")->kind, MP_NODE_MAP);
	assert_null(mp_node_get(root, "missing"));
	assert_null(mp_node_get(mp_node_get(root, "s"), "x"));
	assert_null(mp_node_get(NULL, "x"));
}

static void json_escapes_become_characters(void **unused)
{
	(void)unused;
	const struct mp_document document =
		parse("[\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\u20ac\\ud83d\\ude00\"]");

	assert_string_equal(document.roots[0]->items[0]->text,
			    "\"\\/\b\f\n\r\t\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80");
}

static void nodes_and_keys_know_their_line_and_column(void **unused)
{
	(void)unused;
	const struct mp_document json =
		parse("{\n  \"\xc3\xa9\": \"x\",\t\"list\": [\n\t1, {\"k\": 2}]\n}");
	const struct mp_node *root = json.roots[0];
	const struct mp_node *list = mp_node_get(root, "list");

	assert_int_equal(root->line, 1);
	assert_int_equal(root->column, 1);
	assert_int_equal(root->entries[0].line, 2);
	assert_int_equal(root->entries[0].column, 3);
	assert_int_equal(root->entries[0].value->column, 8); /* characters, not bytes */
	assert_int_equal(root->entries[1].column, 13);       /* a tab is one character */
	assert_int_equal(list->column, 21);
	assert_int_equal(list->items[0]->line, 3);
	assert_int_equal(list->items[0]->column, 2);
	assert_int_equal(list->items[1]->column, 5);
	assert_int_equal(list->items[1]->entries[0].value->column, 11);

	const struct mp_document yaml = parse("a: 1\nb:\n  - 'x'\n  - c:\n");
	const struct mp_node *b = mp_node_get(yaml.roots[0], "b");

	assert_int_equal(b->line, 3);
	assert_int_equal(b->column, 3);
	assert_int_equal(b->items[0]->column, 5);
	assert_int_equal(b->items[1]->line, 4);
	assert_int_equal(b->items[1]->entries[0].value->line, 4); /* no text: that of the key */
	assert_int_equal(b->items[1]->entries[0].value->column, 5);
}

static void several_json_values_may_follow_one_another(void **unused)
{
	(void)unused;
	assert_reads("{\"a\":1}{\"b\":2}\n[3]\n", "{\"a\":1}{\"b\":2}[3]");
	assert_reads("{\"a\":1}\n---\nb: 2\n---\n{\"c\": 3}\n", "{\"a\":1}{\"b\":2}{\"c\":3}");

	const struct mp_document document = parse("{\"a\":1}\n  {\"b\":\n2}");

	assert_int_equal(document.roots[1]->line, 2);
	assert_int_equal(document.roots[1]->column, 3);
	assert_int_equal(mp_node_get(document.roots[1], "b")->line, 3);
	assert_int_equal(mp_node_get(document.roots[1], "b")->column, 1);
}

static void empty_yaml_documents_are_dropped(void **unused)
{
	(void)unused;
	assert_reads("---\n---\na: 1\n---\n# nothing\n---\nb: 2\n...\n", "{\"a\":1}{\"b\":2}");
	assert_reads("null", "null");
}

static void yaml_scalars_mean_what_kubectl_makes_of_them(void **unused)
{
	(void)unused;
	assert_reads("a: [yes, No, on, OFF, y, N, True, ~, null, '', \"no\"]\nb:\n",
		     "{\"a\":[true,false,true,false,true,false,true,null,null,\"\",\"no\"],"
		     "\"b\":null}");
}

static void yaml_numbers_become_json_numbers(void **unused)
{
	(void)unused;
	assert_reads("a: 0644\nb: 0x1F\nc: 1_000\nd: 0b11\ne: 0o17\nf: +7\ng: -0x10\nh: 08\n",
		     "{\"a\":420,\"b\":31,\"c\":1000,\"d\":3,\"e\":15,\"f\":7,\"g\":-16,\"h\":8}");
	assert_reads("a: 1.50\nb: 1e3\nc: .5\nd: 12e-7\ne: 1e21\nf: 99999999999999999999\n",
		     "{\"a\":1.5,\"b\":1000,\"c\":0.5,\"d\":0.0000012,\"e\":1e+21,"
		     "\"f\":100000000000000000000}");
	assert_reads("a: 1e999\nb: 1:30\nc: 2024-01-02\nd: 1.2.3\ne: 0x\nf: '1'\ng: -\xc2\xa0"
		     "1\n",
		     "{\"a\":\"1e999\",\"b\":\"1:30\",\"c\":\"2024-01-02\",\"d\":\"1.2.3\","
		     "\"e\":\"0x\",\"f\":\"1\",\"g\":\"-\xc2\xa0"
		     "1\"}");

	const struct mp_document document = parse("mode: 0644");
	const struct mp_node *mode = mp_node_get(document.roots[0], "mode");

	assert_string_equal(mode->text, "420");
	assert_string_equal(mode->source, "0644");
	assert_refused("a: .inf", "f:1:4: '.inf': a number must be finite");
	assert_refused("a: 0x10000000000000000",
		       "f:1:4: '0x10000000000000000': a number must fit 64 bits");
}

static void yaml_keys_become_strings(void **unused)
{
	(void)unused;
	assert_reads("1: a\non: b\n1.50: c\n0x10: d\n",
		     "{\"1\":\"a\",\"true\":\"b\",\"1.5\":\"c\",\"16\":\"d\"}");
	assert_refused("~: a", "f:1:1: a key must be a string");
	assert_refused("? [a]\n: 1", "f:1:3: a key must be a string");
	assert_refused("a: {? {b: c} : 1}", "f:1:7: a key must be a string");
}

static void yaml_block_texts_and_quotes_are_read(void **unused)
{
	(void)unused;
	assert_reads("a: |\n  x\n   y\n\nb: >-\n  u\n  v\nc: 'it''s'\nd: \"\\x41\\e\"\n",
		     "{\"a\":\"x\\n y\\n\",\"b\":\"u v\",\"c\":\"it's\",\"d\":\"A\\u001b\"}");
}

static void core_tags_decide_and_others_are_refused(void **unused)
{
	(void)unused;
	assert_reads(
		"a: !!str 1\nb: !!int \"0644\"\nc: !!float 3\nd: ! 5\ne: !!map {}\nf: !!seq []\n",
		"{\"a\":\"1\",\"b\":420,\"c\":3,\"d\":\"5\",\"e\":{},\"f\":[]}");
	assert_refused("a: !!int x", "f:1:10: 'x' is no value for the tag !!int");
	assert_refused("a: !!binary aGk=", "f:1:13: tag '!!binary' is not supported");
	assert_refused("a: !mine {b: c}", "f:1:10: tag '!mine' is not supported");
	assert_refused("a: !!map [1]", "f:1:10: tag '!!map' is not supported");
}

static void aliases_share_the_node_they_stand_for(void **unused)
{
	(void)unused;
	const struct mp_document document = parse("a: &x {k: [1]}\nb: *x\nc: &k name\n*k : 2\n");
	const struct mp_node *root = document.roots[0];

	assert_ptr_equal(mp_node_get(root, "a"), mp_node_get(root, "b"));
	assert_string_equal(root->entries[3].key, "name");
	assert_reads("a: &x 1\nb: &x 2\nc: *x\n", "{\"a\":1,\"b\":2,\"c\":2}");
	assert_refused("a: *y", "f:1:4: alias '*y' without an anchor '&y' before it");
	assert_refused("a: &x 1\n---\nb: *x", "f:3:4: alias '*x' without an anchor '&x' before it");
	assert_refused("a: &x [1, *x]", "f:1:11: alias '*x' stands inside what it stands for");
}

static void merge_keys_give_way_to_own_keys_and_to_earlier_maps(void **unused)
{
	(void)unused;
	assert_reads("x: &x {k: 1, l: 1}\nb: {<<: *x, k: 2}\n",
		     "{\"x\":{\"k\":1,\"l\":1},\"b\":{\"k\":2,\"l\":1}}");
	assert_reads("x: &x {k: 1}\nz: &z {k: 2, m: 2}\nb:\n  <<: [*x, *z]\n",
		     "{\"x\":{\"k\":1},\"z\":{\"k\":2,\"m\":2},\"b\":{\"k\":1,\"m\":2}}");
	assert_reads("b: {\"<<\": 3}", "{\"b\":{\"<<\":3}}");
	assert_refused("b: {<<: 3}", "f:1:5: '<<' takes a map or a list of maps");
	assert_refused("b: {<<: [3]}", "f:1:5: '<<' takes a map or a list of maps");
}

static void alias_bombs_are_refused_before_they_expand(void **unused)
{
	(void)unused;
	char text[4096] = "";
	struct mp_buf buf = MP_BUF(text);
	struct mp_document document;
	struct mp_error err = MP_ERROR_NONE;

	mp_buf_adds(&buf, "a: &a [x,x,x,x,x,x,x,x,x]\n");
	for (int c = 'b'; c <= 'i'; c++)
		mp_buf_addf(&buf, "%c: &%c [*%c,*%c,*%c,*%c,*%c,*%c,*%c,*%c,*%c]\n", c, c, c - 1,
			    c - 1, c - 1, c - 1, c - 1, c - 1, c - 1, c - 1, c - 1);
	assert_int_equal(mp_document_parse(&arena, "f", text, buf.len, MP_DOCUMENT_YAML, &document,
					   &err),
			 -EINVAL);
	assert_string_equal(err.msg, "f:6:11: too many values: more than 200000, aliases counted "
				     "as often as they are used");
	assert_true(arena.used_total < 65536);
}

/* The same through merge keys, which copy. */
static void merge_bombs_are_refused_too(void **unused)
{
	(void)unused;
	static char text[400000];
	struct mp_buf buf = MP_BUF(text);
	struct mp_document document;
	struct mp_error err = MP_ERROR_NONE;

	mp_buf_adds(&buf, "a: &a {");
	for (int i = 0; i < 20000; i++)
		mp_buf_addf(&buf, "k%d: 1, ", i);
	mp_buf_adds(&buf, "}\n");
	for (int i = 0; i < 12; i++)
		mp_buf_addf(&buf, "b%d: {<<: *a}\n", i);
	assert_int_equal(mp_document_parse(&arena, "f", text, buf.len, MP_DOCUMENT_YAML, &document,
					   &err),
			 -EINVAL);
	assert_non_null(strstr(err.msg, "too many values"));
}

static void duplicate_keys_are_refused_with_both_positions(void **unused)
{
	(void)unused;
	assert_refused("{\n \"a\": 1,\n \"b\": 2, \"a\": 3\n}",
		       "f:3:10: duplicate key \"a\", first used in line 2, column 2");
	assert_refused("x:\n  a: 1\n  b: 2\n  a: 3\n",
		       "f:4:3: duplicate key \"a\", first used in line 2, column 3");
	assert_refused("{\"a\": 1, \"\\u0061\": 2}",
		       "f:1:10: duplicate key \"a\", first used in line 1, column 2");
	assert_refused("1: a\n0x1: b\n",
		       "f:2:1: duplicate key \"1\", first used in line 1, column 1");
}

static void a_map_of_very_many_keys_is_read_quickly_and_in_order(void **unused)
{
	(void)unused;
	const size_t n = 90000;
	mp_auto_free char *text = malloc(n * 24);
	size_t len = 0;

	assert_non_null(text);
	for (size_t i = 0; i < n; i++)
		len += (size_t)snprintf(text + len, n * 24 - len, "%s\"k%zu\":%zu", i ? "," : "{",
					n - i, i);
	text[len++] = '}';

	const struct mp_document document = parse_len(text, len, MP_DOCUMENT_AUTO);

	assert_int_equal(document.roots[0]->count, n);
	assert_string_equal(document.roots[0]->entries[0].key, "k90000");
	assert_string_equal(document.roots[0]->entries[n - 1].key, "k1");
}

static void input_without_a_document_is_refused(void **unused)
{
	(void)unused;
	assert_refused("", "f: the input is empty");
	assert_refused(" \r\n\t", "f: the input is empty");
	assert_refused("\xef\xbb\xbf", "f: the input is empty");
	assert_refused("# only a comment\n", "f: there is no document in it");
	assert_refused("---\n---\n", "f: there is no document in it");
}

static void json_is_strict(void **unused)
{
	(void)unused;
	const char *value = "invalid JSON: this is no JSON value; strings and keys need double "
			    "quotes";
	static const char *const no_values[] = { "tru", "True", "nan", ".5",  "1.",
						 "+1",  "0x10", "01",  "-",   "1e",
						 "a",   "--1",  "1 2", "NaN", "&a 1" };
	char text[64], sentence[256];

	for (size_t i = 0; i < MP_ARRAY_SIZE(no_values); i++) {
		struct mp_document document;
		struct mp_error err = MP_ERROR_NONE;

		(void)snprintf(text, sizeof(text), "[%s]", no_values[i]);
		assert_int_equal(mp_document_parse(&arena, "f", text, strlen(text),
						   MP_DOCUMENT_JSON, &document, &err),
				 -EINVAL);
		assert_true(mp_starts_with(err.msg, "f:1:2: invalid JSON: ") ||
			    mp_starts_with(err.msg, "f:1:3: invalid JSON: "));
	}
	(void)snprintf(sentence, sizeof(sentence), "f:1:2: %s", value);
	assert_refused_len("{a: 1}", 6, MP_DOCUMENT_JSON, EINVAL, sentence);
	assert_refused_len("{'a': 1}", 8, MP_DOCUMENT_JSON, EINVAL,
			   "f:1:2: invalid JSON: strings need double quotes");
	assert_refused("{\"a\": 1,}", "f:1:8: invalid JSON: comma before '}'");
	assert_refused("[1,]", "f:1:3: invalid JSON: comma before ']'");
	assert_refused("{\"a\" 1}", "f:1:3: invalid JSON: key without a value; ':' expected");
	assert_refused("[\"a\tb\"]", "f:1:4: invalid JSON: a tab in a string must be written \\t");
	assert_refused("[\"a\nb\"]",
		       "f:1:3: invalid JSON: a string must not contain a line break; write \\n");
	assert_refused("[1] # c", "f:1:5: text after the end of the JSON value");
	assert_refused("[\"\\x41\"]",
		       "f:1:3: invalid JSON: invalid escape 'x' in double-quoted string");
	assert_refused("[\"\\ud83d\"]", "f:1:3: invalid JSON: this escape makes no character");
}

static void json_can_be_forced_and_so_can_yaml(void **unused)
{
	(void)unused;
	assert_refused_len("a: 1", 4, MP_DOCUMENT_JSON, EINVAL,
			   "f:1:1: invalid JSON: this is no JSON value; strings and keys need "
			   "double quotes");
	assert_int_equal(parse_len("{a: 1}", 6, MP_DOCUMENT_YAML).roots[0]->kind, MP_NODE_MAP);
	assert_int_equal(parse_len("true", 4, MP_DOCUMENT_JSON).roots[0]->kind, MP_NODE_BOOL);
	assert_refused_len("{}\n---\n{}", 9, MP_DOCUMENT_JSON, EINVAL,
			   "f:2:1: text after the end of the JSON value");
}

static void a_map_in_braces_whose_keys_have_no_double_quotes_is_yaml(void **unused)
{
	(void)unused;
	assert_reads("{a: 1, b: [x, {c: 'd'}], }\n---\n{e: f}\n",
		     "{\"a\":1,\"b\":[\"x\",{\"c\":\"d\"}]}{\"e\":\"f\"}");
	assert_reads(" {\n  'a': 1, # one\n  \"b\": 2\n}\n", "{\"a\":1,\"b\":2}");
	assert_reads("{ # a Pod\n  kind: Pod\n}\n", "{\"kind\":\"Pod\"}");
	assert_refused("{", "f:1:1: this '{' is never closed");
}

static void text_that_is_neither_json_nor_a_map_is_one_string(void **unused)
{
	(void)unused;
	assert_reads("this is not json", "\"this is not json\"");
}

static void text_after_the_json_value_is_refused(void **unused)
{
	(void)unused;
	assert_refused("{\"a\":1} x", "f:1:9: text after the end of the JSON value");
	assert_refused("{\"a\":1}\n}", "f:2:1: text after the end of the JSON value");
}

static void brackets_must_match_and_be_closed(void **unused)
{
	(void)unused;
	assert_refused("{\"a\": [1, 2}\n",
		       "f:1:12: '}' does not close the '[' of line 1, column 7");
	assert_refused("{\n\"a\": {\n\"b\": 1\n}\n", "f:1:1: this '{' is never closed");
	assert_refused("[[1]", "f:1:1: this '[' is never closed");
	assert_refused("[\"abc", "f:1:2: this string has no closing quote");
	assert_refused("[\"abc\\\"]", "f:1:2: this string has no closing quote");
}

static void nesting_stops_at_forty_eight(void **unused)
{
	(void)unused;
	char text[512];

	memset(text, '[', 48);
	memset(text + 48, ']', 48);
	(void)parse_len(text, 96, MP_DOCUMENT_JSON);
	(void)parse_len(text, 96, MP_DOCUMENT_YAML);
	memset(text, '[', 64);
	memset(text + 64, ']', 64);
	assert_refused_len(text, 128, MP_DOCUMENT_AUTO, EINVAL,
			   "f:1:49: nested too deeply: more than 48 objects and arrays");
	assert_refused_len(text, 128, MP_DOCUMENT_YAML, EINVAL,
			   "f:1:49: nested too deeply: more than 48 objects and arrays");
	for (size_t i = 0; i < 128; i++)
		text[i] = i % 2 == 0 ? '-' : ' ';
	assert_refused_len(text, 128, MP_DOCUMENT_YAML, EINVAL,
			   "f:1:97: nested too deeply: more than 48 objects and arrays");
}

static void nesting_is_counted_through_aliases(void **unused)
{
	(void)unused;
	char text[512];
	struct mp_buf buf = MP_BUF(text);

	mp_buf_adds(&buf, "- &a [[[[[[[[[[[[[[[[[[[[[[[[[x]]]]]]]]]]]]]]]]]]]]]]]]]\n");
	mp_buf_adds(&buf, "- [[[[[[[[[[[[[[[[[[[[[[[[[*a]]]]]]]]]]]]]]]]]]]]]]]]]\n");
	assert_refused(text, "f:2:28: nested too deeply: more than 48 objects and arrays");
}

static void ten_megabytes_are_refused(void **unused)
{
	(void)unused;
	const size_t len = (size_t)10 * 1024 * 1024;
	char *text = malloc(len);

	assert_non_null(text);
	memset(text, ' ', len);
	text[0] = '[';
	text[len - 1] = ']';
	assert_refused_len(text, len, MP_DOCUMENT_AUTO, EFBIG, "f: more than 4 MiB");
	text[MP_DOCUMENT_BYTES_MAX - 1] = ']';
	(void)parse_len(text, MP_DOCUMENT_BYTES_MAX, MP_DOCUMENT_AUTO);
	free(text);
}

static void megabytes_of_opening_brackets_are_refused_at_once(void **unused)
{
	(void)unused;
	char *text = malloc(MP_DOCUMENT_BYTES_MAX);

	assert_non_null(text);
	memset(text, '[', MP_DOCUMENT_BYTES_MAX);
	assert_refused_len(text, MP_DOCUMENT_BYTES_MAX, MP_DOCUMENT_YAML, EINVAL,
			   "f:1:100001: more than 100000 brackets are not closed");
	for (size_t i = 0; i < MP_DOCUMENT_BYTES_MAX; i++)
		text[i] = i == 0 ? '[' : i % 2 == 1 ? 'a' : ',';
	assert_refused_len(text, MP_DOCUMENT_BYTES_MAX, MP_DOCUMENT_YAML, EINVAL,
			   "f:1:600001: more than 300000 brackets and commas in one line");
	assert_true(arena.used_total < 65536);
	free(text);
}

static void nul_characters_are_refused_however_they_are_written(void **unused)
{
	(void)unused;
	assert_refused_len("{\"a\":\"b\0c\"}", 11, MP_DOCUMENT_AUTO, EINVAL,
			   "f:1:8: NUL character in the text");
	assert_refused_len("a: b\0c", 6, MP_DOCUMENT_AUTO, EINVAL,
			   "f:1:5: NUL character in the text");
	assert_refused("{\"a\": \"b\\u0000c\"}",
		       "f:1:7: a string must not contain the NUL character");
	assert_refused("{\"a\\u0000\": 1}", "f:1:2: a string must not contain the NUL character");
	assert_refused("a: \"\\0\"", "f:1:4: a string must not contain the NUL character");
}

static void bytes_that_are_not_utf8_are_refused(void **unused)
{
	(void)unused;
	static const char *const bad[] = {
		"\xff",
		"\x80",
		"\xc3",
		"\xc0\xaf",
		"\xe2\x82",
		"\xe0\x80\xaf",
		"\xed\xa0\x80",
		"\xf4\x90\x80\x80",
		"\xf0\x80\x80\xaf",
		"\xf8\x88\x80\x80",
		"\xe2\x28\xa1",
		"\xfe\xff",
	};
	char text[32];

	for (size_t i = 0; i < MP_ARRAY_SIZE(bad); i++) {
		(void)snprintf(text, sizeof(text), "\xc3\xa9\n%s", bad[i]);
		assert_refused(text, "f:2:1: not valid UTF-8");
	}
	assert_refused("[\"a\x01\"]", "f:1:4: control character in the text");
	assert_refused("a: \x1b[0m", "f:1:4: control character in the text");
}

static void a_byte_order_mark_is_skipped(void **unused)
{
	(void)unused;
	assert_reads("\xef\xbb\xbf{\"a\":1}", "{\"a\":1}");
	assert_reads("\xef\xbb\xbf"
		     "a: 1",
		     "{\"a\":1}");
	assert_refused("\xef\xbb\xbf{\"a\":x}",
		       "f:1:6: invalid JSON: this is no JSON value; strings and keys need double "
		       "quotes");
}

static void windows_line_ends_are_read(void **unused)
{
	(void)unused;
	assert_reads("{\r\n\"a\":\r\n1}\r\n", "{\"a\":1}");
	assert_reads("a:\r\n  b: |\r\n    x\r\n    y\r\nc: 1\r\n",
		     "{\"a\":{\"b\":\"x\\ny\\n\"},\"c\":1}");
	assert_refused("a: 1\r\nb: [\r\n",
		       "f:3:1: invalid YAML: flow sequence without a closing bracket");
}

static void yaml_mistakes_are_explained(void **unused)
{
	(void)unused;
	assert_refused("a:\n\tb: 1\n", "f:2:1: invalid YAML: indent with spaces, not with tabs");
	assert_refused("a: b: c", "f:1:5: invalid YAML: a second ': ' in one line; quote the value "
				  "if the ': ' belongs to it");
	assert_refused("x: 1\nfoo\n", "f:2:1: invalid YAML: this line has no ': ' after its key");
	assert_refused("  a: 1\n b: 2\n",
		       "f:2:2: invalid YAML: indented less than the lines before it");
	assert_refused("a: \"un\n",
		       "f:1:5: invalid YAML: double-quoted scalar without closing quote");
}

static void huge_numbers_keep_their_text_and_fit_nothing(void **unused)
{
	(void)unused;
	const struct mp_document document =
		parse("[123456789012345678901234567890, 1e999, 9223372036854775807, "
		      "-9223372036854775808, 9223372036854775808, 1.0, 1e2, -0, true, \"1\"]");
	const struct mp_node *const *n = document.roots[0]->items;
	int64_t i = 7;
	double d = 7;

	assert_string_equal(n[0]->text, "123456789012345678901234567890");
	assert_false(mp_node_int64(n[0], &i));
	assert_true(mp_node_double(n[0], &d));
	assert_true(d > 1.2e29 && d < 1.3e29);
	assert_false(mp_node_double(n[1], &d));
	assert_true(mp_node_int64(n[2], &i));
	assert_true(i == INT64_MAX);
	assert_true(mp_node_int64(n[3], &i));
	assert_true(i == INT64_MIN);
	assert_false(mp_node_int64(n[4], &i));
	assert_false(mp_node_int64(n[5], &i));
	assert_false(n[5]->is_integer);
	assert_false(mp_node_int64(n[6], &i));
	assert_true(i == INT64_MIN); /* untouched by those that failed */
	assert_true(mp_node_int64(n[7], &i));
	assert_true(i == 0);
	assert_false(mp_node_int64(n[8], &i));
	assert_false(mp_node_double(n[9], &d));
	assert_false(mp_node_int64(NULL, &i));
}

static void paths_lead_to_the_deepest_node_that_exists(void **unused)
{
	(void)unused;
	const struct mp_document document =
		parse("spec:\n  containers:\n  - name: a\n    resources:\n      limits: {cpu: 1}\n"
		      "metadata:\n  labels: {app.kubernetes.io/name: x, 'a]b': w}\n");
	const struct mp_node *root = document.roots[0];
	const struct mp_node *labels = mp_node_get(mp_node_get(root, "metadata"), "labels");
	const struct mp_node *a = mp_node_at_path(root, "spec.containers[0]");

	assert_ptr_equal(mp_node_at_path(root, ""), root);
	assert_string_equal(mp_node_at_path(a, "name")->text, "a");
	assert_string_equal(mp_node_at_path(root, "spec.containers[0].resources.limits[cpu]")->text,
			    "1");
	assert_string_equal(mp_node_at_path(root, "metadata.labels[app.kubernetes.io/name]")->text,
			    "x");
	assert_string_equal(mp_node_at_path(root, "metadata.labels[a]b]")->text, "w");
	assert_ptr_equal(mp_node_at_path(root, "metadata.labels[none]"), labels);
	assert_ptr_equal(mp_node_at_path(root, "spec.containers[0].image"), a);
	assert_ptr_equal(mp_node_at_path(root, "spec.containers[1].name"),
			 mp_node_get(mp_node_get(root, "spec"), "containers"));
	assert_ptr_equal(mp_node_at_path(root, "spec.containers[99999999999999999999]"),
			 mp_node_at_path(root, "spec.containers"));
	assert_ptr_equal(mp_node_at_path(root, "nothing.of[this]"), root);
	assert_ptr_equal(mp_node_at_path(root, "spec.containers[0"),
			 mp_node_at_path(root, "spec.containers"));
	assert_null(mp_node_at_path(NULL, "a"));
}

static void too_many_anchors_or_documents_are_refused(void **unused)
{
	(void)unused;
	static char text[65536];
	struct mp_buf buf = MP_BUF(text);

	for (int i = 0; i <= 1000; i++)
		mp_buf_addf(&buf, "k%d: &a%d 1\n", i, i);
	assert_refused(text, "f:1001:15: more than 1000 anchors");
	buf.len = 0;
	for (int i = 0; i <= 1000; i++)
		mp_buf_adds(&buf, "{}\n");
	assert_refused(text, "f:1001:1: more than 1000 documents");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_teardown(name, release)
	const struct CMUnitTest tests[] = {
		TEST(json_values_keep_their_kind_order_and_text),
		TEST(json_escapes_become_characters),
		TEST(nodes_and_keys_know_their_line_and_column),
		TEST(several_json_values_may_follow_one_another),
		TEST(empty_yaml_documents_are_dropped),
		TEST(yaml_scalars_mean_what_kubectl_makes_of_them),
		TEST(yaml_numbers_become_json_numbers),
		TEST(yaml_keys_become_strings),
		TEST(yaml_block_texts_and_quotes_are_read),
		TEST(core_tags_decide_and_others_are_refused),
		TEST(aliases_share_the_node_they_stand_for),
		TEST(merge_keys_give_way_to_own_keys_and_to_earlier_maps),
		TEST(alias_bombs_are_refused_before_they_expand),
		TEST(merge_bombs_are_refused_too),
		TEST(duplicate_keys_are_refused_with_both_positions),
		TEST(a_map_of_very_many_keys_is_read_quickly_and_in_order),
		TEST(input_without_a_document_is_refused),
		TEST(json_is_strict),
		TEST(json_can_be_forced_and_so_can_yaml),
		TEST(a_map_in_braces_whose_keys_have_no_double_quotes_is_yaml),
		TEST(text_that_is_neither_json_nor_a_map_is_one_string),
		TEST(text_after_the_json_value_is_refused),
		TEST(brackets_must_match_and_be_closed),
		TEST(nesting_stops_at_forty_eight),
		TEST(nesting_is_counted_through_aliases),
		TEST(ten_megabytes_are_refused),
		TEST(megabytes_of_opening_brackets_are_refused_at_once),
		TEST(nul_characters_are_refused_however_they_are_written),
		TEST(bytes_that_are_not_utf8_are_refused),
		TEST(a_byte_order_mark_is_skipped),
		TEST(windows_line_ends_are_read),
		TEST(yaml_mistakes_are_explained),
		TEST(huge_numbers_keep_their_text_and_fit_nothing),
		TEST(paths_lead_to_the_deepest_node_that_exists),
		TEST(too_many_anchors_or_documents_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
