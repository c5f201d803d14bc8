/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Codecs of single values. What each accepts is what the API server's decoder accepts for the Go
 * type of the field: strings are never made from numbers or booleans, integers have the range of
 * the field's type, quantities and ports are strings or bare numbers.
 * Source: apimachinery intstr, resource.Quantity, encoding/json.
 */
#include "runtime/manifest_fields.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

/* ---- strings ---------------------------------------------------------------------------- */

static void decode_string(struct mp_decoder *d, const struct mp_field *f,
			  const struct mp_node *node, void *object)
{
	const char **slot = mp_slot(object, f);

	if (node->kind == MP_NODE_STRING)
		*slot = node->text;
	else
		mp_decode_expect(d, node, f->codec->expects);
}

static void encode_string(struct mp_json *w, const struct mp_field *f, const void *object)
{
	const char *const *slot = mp_slot_const(object, f);

	if (*slot)
		mp_json_put_string(w, f->name, *slot);
}

const struct mp_codec mp_codec_string = { "a string", decode_string, encode_string };

/* A deprecated name of another field: that one wins, whichever comes first. */
static void decode_alias(struct mp_decoder *d, const struct mp_field *f, const struct mp_node *node,
			 void *object)
{
	const char **slot = mp_slot(object, f);

	if (node->kind != MP_NODE_STRING)
		mp_decode_expect(d, node, f->codec->expects);
	else if (!*slot || !**slot)
		*slot = node->text;
}

const struct mp_codec mp_codec_alias = { "a string", decode_alias, encode_string };

static void decode_enum(struct mp_decoder *d, const struct mp_field *f, const struct mp_node *node,
			void *object)
{
	const char **text = (const char **)(void *)((char *)object + f->text);
	int value = f->value;

	static_assert(sizeof(enum mp_restart_policy) == sizeof(int), "enums are as wide as int");
	if (node->kind != MP_NODE_STRING) {
		mp_decode_expect(d, node, f->codec->expects);
		return;
	}
	for (size_t i = 0; i < f->n_names; i++)
		if (strcmp(f->names[i].text, node->text) == 0)
			value = f->names[i].value;
	*text = node->text;
	memcpy(mp_slot(object, f), &value, sizeof(value));
}

static void encode_enum(struct mp_json *w, const struct mp_field *f, const void *object)
{
	const char *text;
	int value;

	memcpy(&value, mp_slot_const(object, f), sizeof(value));
	memcpy(&text, (const char *)object + f->text, sizeof(text));
	for (size_t i = 0; i < f->n_names; i++)
		if (f->names[i].value == value)
			text = f->names[i].text;
	if (text)
		mp_json_put_string(w, f->name, text);
}

const struct mp_codec mp_codec_enum = { "a string", decode_enum, encode_enum };

/* ---- booleans ------------------------------------------------------------------------------ */

static void decode_bool(struct mp_decoder *d, const struct mp_field *f, const struct mp_node *node,
			void *object)
{
	bool *slot = mp_slot(object, f);

	if (node->kind == MP_NODE_BOOL)
		*slot = node->boolean;
	else
		mp_decode_expect(d, node, f->codec->expects);
}

static void encode_bool(struct mp_json *w, const struct mp_field *f, const void *object)
{
	const bool *slot = mp_slot_const(object, f);

	if (*slot)
		mp_json_put_bool(w, f->name, true);
}

const struct mp_codec mp_codec_bool = { "a boolean", decode_bool, encode_bool };

static void decode_opt_bool(struct mp_decoder *d, const struct mp_field *f,
			    const struct mp_node *node, void *object)
{
	enum mp_opt_bool *slot = mp_slot(object, f);

	if (node->kind == MP_NODE_BOOL)
		*slot = node->boolean ? MP_TRUE : MP_FALSE;
	else
		mp_decode_expect(d, node, f->codec->expects);
}

static void encode_opt_bool(struct mp_json *w, const struct mp_field *f, const void *object)
{
	const enum mp_opt_bool *slot = mp_slot_const(object, f);

	if (*slot != MP_UNSET)
		mp_json_put_bool(w, f->name, *slot == MP_TRUE);
}

const struct mp_codec mp_codec_opt_bool = { "a boolean", decode_opt_bool, encode_opt_bool };

/* ---- integers ------------------------------------------------------------------------------- */

static bool read_int(struct mp_decoder *d, const struct mp_node *node, const char *expects,
		     int64_t low, int64_t high, int64_t *ret)
{
	int64_t value;

	if (node->kind != MP_NODE_NUMBER) {
		mp_decode_expect(d, node, expects);
		return false;
	}
	if (!node->is_integer) {
		mp_decode_error(d, mp_node_place(node), "Invalid value: %.80s: must be %s",
				node->source, expects);
		return false;
	}
	if (!mp_node_int64(node, &value) || value < low || value > high) {
		mp_decode_error(d, mp_node_place(node),
				"Invalid value: %.80s: must be between %" PRId64 " and %" PRId64,
				node->source, low, high);
		return false;
	}
	*ret = value;
	return true;
}

static void decode_int32(struct mp_decoder *d, const struct mp_field *f, const struct mp_node *node,
			 void *object)
{
	(void)read_int(d, node, f->codec->expects, INT32_MIN, INT32_MAX, mp_slot(object, f));
}

static void decode_int64(struct mp_decoder *d, const struct mp_field *f, const struct mp_node *node,
			 void *object)
{
	(void)read_int(d, node, f->codec->expects, INT64_MIN, INT64_MAX, mp_slot(object, f));
}

static void encode_int(struct mp_json *w, const struct mp_field *f, const void *object)
{
	const int64_t *slot = mp_slot_const(object, f);

	if (*slot != 0 || f->is_always)
		mp_json_put_int(w, f->name, *slot);
}

const struct mp_codec mp_codec_int32 = { "a whole number", decode_int32, encode_int };
const struct mp_codec mp_codec_int64 = { "a whole number", decode_int64, encode_int };

static void decode_opt_int32(struct mp_decoder *d, const struct mp_field *f,
			     const struct mp_node *node, void *object)
{
	struct mp_opt_int *slot = mp_slot(object, f);

	slot->is_set = read_int(d, node, f->codec->expects, INT32_MIN, INT32_MAX, &slot->v);
}

static void decode_opt_int64(struct mp_decoder *d, const struct mp_field *f,
			     const struct mp_node *node, void *object)
{
	struct mp_opt_int *slot = mp_slot(object, f);

	slot->is_set = read_int(d, node, f->codec->expects, INT64_MIN, INT64_MAX, &slot->v);
}

static void encode_opt_int(struct mp_json *w, const struct mp_field *f, const void *object)
{
	const struct mp_opt_int *slot = mp_slot_const(object, f);

	if (slot->is_set)
		mp_json_put_int(w, f->name, slot->v);
}

const struct mp_codec mp_codec_opt_int32 = { "a whole number", decode_opt_int32, encode_opt_int };
const struct mp_codec mp_codec_opt_int64 = { "a whole number", decode_opt_int64, encode_opt_int };

struct int_list {
	const int64_t *items;
	size_t n;
};

static void decode_ints(struct mp_decoder *d, const struct mp_field *f, const struct mp_node *node,
			void *object, int64_t low, int64_t high)
{
	struct int_list *slot = mp_slot(object, f);
	const struct mp_step *up = d->at;
	int64_t *items;

	if (node->kind != MP_NODE_LIST) {
		mp_decode_expect(d, node, f->codec->expects);
		return;
	}
	items = mp_decode_alloc(d, node->count, sizeof(*items));
	if (!items)
		return;
	for (size_t i = 0; i < node->count; i++) {
		struct mp_step step = { .up = up, .index = i };

		d->at = &step;
		if (node->items[i]->kind != MP_NODE_NULL)
			(void)read_int(d, node->items[i], "a whole number", low, high, &items[i]);
		d->at = up;
	}
	slot->items = items;
	slot->n = node->count;
}

static void decode_int32s(struct mp_decoder *d, const struct mp_field *f,
			  const struct mp_node *node, void *object)
{
	decode_ints(d, f, node, object, INT32_MIN, INT32_MAX);
}

static void decode_int64s(struct mp_decoder *d, const struct mp_field *f,
			  const struct mp_node *node, void *object)
{
	decode_ints(d, f, node, object, INT64_MIN, INT64_MAX);
}

static void encode_ints(struct mp_json *w, const struct mp_field *f, const void *object)
{
	const struct int_list *slot = mp_slot_const(object, f);

	if (slot->n == 0)
		return;
	mp_json_put_list(w, f->name);
	for (size_t i = 0; i < slot->n; i++)
		mp_json_int(w, slot->items[i]);
	mp_json_list_end(w);
}

const struct mp_codec mp_codec_int32s = { "a list of whole numbers", decode_int32s, encode_ints };
const struct mp_codec mp_codec_int64s = { "a list of whole numbers", decode_int64s, encode_ints };

/* ---- quantities, ports, times ------------------------------------------------------------------ */

bool mp_decode_quantity(struct mp_decoder *d, const struct mp_node *node, struct mp_quantity *ret)
{
	struct mp_error err = MP_ERROR_NONE;
	const char *text = node->text;
	size_t len = node->text_len;

	if (node->kind != MP_NODE_STRING && node->kind != MP_NODE_NUMBER) {
		mp_decode_expect(d, node, mp_codec_quantity.expects);
		return false;
	}
	/* The API server trims blanks around a quantity before it looks at it. */
	while (len > 0 && strchr(" \t\r\n", text[0])) {
		text++;
		len--;
	}
	while (len > 0 && strchr(" \t\r\n", text[len - 1]))
		len--;
	if (len != node->text_len) {
		text = mp_arena_dup(&d->m->arena, text, len);
		if (!text) {
			d->is_out_of_memory = true;
			return false;
		}
	}
	if (mp_quantity_parse(text, ret, &err) < 0) {
		char quoted[256];
		struct mp_buf buf = MP_BUF(quoted);

		mp_buf_addq(&buf, node->text, node->text_len > 60 ? 60 : node->text_len);
		mp_decode_error(d, mp_node_place(node), "Invalid value: %s: %s", quoted, err.msg);
		return false;
	}
	return true;
}

static void decode_quantity(struct mp_decoder *d, const struct mp_field *f,
			    const struct mp_node *node, void *object)
{
	(void)mp_decode_quantity(d, node, mp_slot(object, f));
}

static void encode_quantity(struct mp_json *w, const struct mp_field *f, const void *object)
{
	const struct mp_quantity *slot = mp_slot_const(object, f);
	char text[MP_QUANTITY_TEXT_MAX];

	if (slot->is_set)
		mp_json_put_string(w, f->name, mp_quantity_text(slot, text));
}

const struct mp_codec mp_codec_quantity = { "a quantity, as a string or a number", decode_quantity,
					    encode_quantity };

static void decode_port(struct mp_decoder *d, const struct mp_field *f, const struct mp_node *node,
			void *object)
{
	struct mp_int_or_string *slot = mp_slot(object, f);

	if (node->kind == MP_NODE_STRING) {
		slot->name = node->text;
		slot->is_set = true;
		return;
	}
	slot->is_set = read_int(d, node, f->codec->expects, INT32_MIN, INT32_MAX, &slot->number);
}

static void encode_port(struct mp_json *w, const struct mp_field *f, const void *object)
{
	const struct mp_int_or_string *slot = mp_slot_const(object, f);

	if (!slot->is_set)
		return;
	if (slot->name)
		mp_json_put_string(w, f->name, slot->name);
	else
		mp_json_put_int(w, f->name, slot->number);
}

const struct mp_codec mp_codec_port = { "a whole number or the name of a port", decode_port,
					encode_port };

/* Two or four digits at *@text within [low, high]; moves on. */
static bool take_digits(const char **text, size_t n, int64_t low, int64_t high, int64_t *ret)
{
	int64_t v = 0;

	for (size_t i = 0; i < n; i++, (*text)++) {
		if (**text < '0' || **text > '9')
			return false;
		v = v * 10 + (**text - '0');
	}
	*ret = v;
	return v >= low && v <= high;
}

static bool take_char(const char **text, const char *any)
{
	if (!**text || !strchr(any, **text))
		return false;
	(*text)++;
	return true;
}

static int64_t days_before(int64_t year, int64_t month, int64_t day)
{
	/* March-based years put the leap day last: days since 1970-01-01 without a table. */
	int64_t y = month <= 2 ? year - 1 : year;
	int64_t m = (month + 9) % 12;

	return y * 365 + y / 4 - y / 100 + y / 400 + (m * 306 + 5) / 10 + (day - 1) - 719468;
}

static bool parse_time(const char *text, int64_t *ret)
{
	int64_t year, month, day, hour, minute, second, seconds, zone_h = 0, zone_m = 0;
	int64_t fraction = 0, unit = MP_NSEC_PER_S / 10;
	int64_t sign = 1;

	if (!take_digits(&text, 4, 1970, 2261, &year) || !take_char(&text, "-") ||
	    !take_digits(&text, 2, 1, 12, &month) || !take_char(&text, "-") ||
	    !take_digits(&text, 2, 1, 31, &day) || !take_char(&text, "Tt") ||
	    !take_digits(&text, 2, 0, 23, &hour) || !take_char(&text, ":") ||
	    !take_digits(&text, 2, 0, 59, &minute) || !take_char(&text, ":") ||
	    !take_digits(&text, 2, 0, 60, &second))
		return false;
	if (take_char(&text, ".")) {
		if (*text < '0' || *text > '9')
			return false;
		for (; *text >= '0' && *text <= '9'; text++, unit /= 10)
			fraction += (*text - '0') * unit;
	}
	if (!take_char(&text, "Zz")) {
		sign = *text == '-' ? -1 : 1;
		if (!take_char(&text, "+-") || !take_digits(&text, 2, 0, 23, &zone_h) ||
		    !take_char(&text, ":") || !take_digits(&text, 2, 0, 59, &zone_m))
			return false;
	}
	if (*text)
		return false;
	seconds = days_before(year, month, day) * 86400 + hour * 3600 + minute * 60 + second -
		  sign * (zone_h * 3600 + zone_m * 60);
	*ret = seconds * MP_NSEC_PER_S + fraction;
	return true;
}

static void decode_time(struct mp_decoder *d, const struct mp_field *f, const struct mp_node *node,
			void *object)
{
	if (node->kind != MP_NODE_STRING)
		mp_decode_expect(d, node, f->codec->expects);
	else if (!parse_time(node->text, mp_slot(object, f)))
		mp_decode_error(d, mp_node_place(node), "Invalid value: must be %s",
				f->codec->expects);
}

static void encode_time(struct mp_json *w, const struct mp_field *f, const void *object)
{
	const int64_t *slot = mp_slot_const(object, f);
	char text[MP_TIME_TEXT_MAX];

	if (*slot != 0)
		mp_json_put_string(w, f->name, mp_time_rfc3339(*slot, text));
}

const struct mp_codec mp_codec_time = { "a time such as \"2024-01-02T03:04:05Z\"", decode_time,
					encode_time };
