/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The support page, written from the decoder's tables: what it says about a field is what the
 * decoder does with it.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/manifest_fields.h"
#include "runtime/manifest_objects.h"

#define TYPES_MAX 96

struct type_list {
	const struct mp_type *types[TYPES_MAX];
	size_t n;
};

/* Depth first, so that a page reads from the pod inwards. */
static void collect(struct type_list *list, const struct mp_type *type)
{
	for (size_t i = 0; i < list->n; i++)
		if (list->types[i] == type)
			return;
	if (list->n == TYPES_MAX)
		return;
	list->types[list->n++] = type;
	for (size_t i = 0; i < type->n_fields; i++)
		if (type->fields[i].type)
			collect(list, type->fields[i].type);
}

static const char *support_word(enum mp_support support)
{
	switch (support) {
	case MP_SUPPORT_DONE:
		return "done";
	case MP_SUPPORT_HARMLESS:
	case MP_SUPPORT_OURS:
		return "harmless";
	case MP_SUPPORT_PARTLY:
		return "partly";
	case MP_SUPPORT_LATER:
	case MP_SUPPORT_REFUSED:
		return "refused";
	}
	return "";
}

static void write_anchor(FILE *f, const char *name)
{
	for (; *name; name++)
		(void)fputc(tolower((unsigned char)*name), f);
}

static void write_row(FILE *f, const struct mp_field *field)
{
	(void)fprintf(f, "| `%s` | ", field->name);
	if (field->support == MP_SUPPORT_REFUSED || field->codec == &mp_codec_skip) {
		(void)fputs("", f);
	} else if (field->type) {
		(void)fprintf(f, "%s: [%s](#", field->codec->expects, field->type->name);
		write_anchor(f, field->type->name);
		(void)fputc(')', f);
	} else {
		(void)fputs(field->codec->expects, f);
	}
	(void)fprintf(f, " | %s | %s |\n", support_word(field->support),
		      field->note ? field->note : "");
}

static void write_type(FILE *f, const struct type_list *list, const struct mp_type *type)
{
	const char *between = "Used by ";

	(void)fprintf(f, "\n## %s\n\n", type->name);
	for (size_t i = 0; i < list->n; i++)
		for (size_t j = 0; j < list->types[i]->n_fields; j++)
			if (list->types[i]->fields[j].type == type) {
				(void)fprintf(f, "%s`%s.%s`", between, list->types[i]->name,
					      list->types[i]->fields[j].name);
				between = ", ";
			}
	if (between[0] == ',')
		(void)fputs(".\n\n", f);
	(void)fputs("| field | value | support | |\n| --- | --- | --- | --- |\n", f);
	for (size_t i = 0; i < type->n_fields; i++)
		write_row(f, &type->fields[i]);
}

static const char head[] =
	"# Fields of a manifest\n"
	"\n"
	"<!-- Written by `minipod check --fields`; do not edit. -->\n"
	"\n"
	"Every field of the Kubernetes 1.36 Pod API, and of the objects that may stand beside a pod,\n"
	"with what minipod does with it. A field that is in none of these tables is an error.\n"
	"\n"
	"| support | meaning |\n"
	"| --- | --- |\n"
	"| done | means what it means in Kubernetes |\n"
	"| harmless | accepted with a note on stderr, kept and shown again, has no effect here |\n"
	"| partly | some values are an error, for the reason given; the others are done |\n"
	"| refused | an error; nothing is started |\n";

char *mp_manifest_fields_text(void)
{
	struct type_list list = { .n = 0 };
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	if (!f)
		return NULL;
	collect(&list, &mp_type_pod);
	collect(&list, &mp_type_config_map);
	collect(&list, &mp_type_secret);
	collect(&list, &mp_type_service);
	collect(&list, &mp_type_claim);
	collect(&list, &mp_type_pv);
	(void)fputs(head, f);
	for (size_t i = 0; i < list.n; i++)
		write_type(f, &list, list.types[i]);
	(void)fputs("\n## Other kinds\n\n"
		    "`List` and `<kind>List` are taken apart. Every other kind is refused.\n",
		    f);
	if (fclose(f) != 0) {
		free(text);
		return NULL;
	}
	return text;
}
