/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/describe_text.h"

#include <stdio.h>
#include <string.h>

#include "runtime/base/auto.h"
#include "runtime/cli.h"

void mp_describe_put(int indent, const char *name, const char *value)
{
	const int width = indent == 0 ? 18 : 16;

	(void)printf("%*s%s:", indent, "", name);
	(void)printf("%*s", strlen(name) + 1 < (size_t)width ? width - (int)strlen(name) - 1 : 1,
		     "");
	mp_print_clean(stdout, value);
	(void)putchar('\n');
}

void mp_describe_put_if(int indent, const char *name, const char *value)
{
	if (value[0])
		mp_describe_put(indent, name, value);
}

void mp_describe_map(const char *name, const struct mp_node *map, const char *sep)
{
	if (!map || map->count == 0) {
		mp_describe_put(0, name, "<none>");
		return;
	}
	for (size_t i = 0; i < map->count; i++) {
		if (i == 0)
			(void)printf("%s:%*s", name, (int)(17 - strlen(name)), "");
		else
			(void)printf("%18s", "");
		mp_print_clean(stdout, map->entries[i].key);
		(void)fputs(sep, stdout);
		mp_print_clean(stdout,
			       map->entries[i].value->text ? map->entries[i].value->text : "");
		(void)putchar('\n');
	}
}

/* "8080/TCP (http), 9090/TCP"; "" without ports. */
static const char *join_ports(const struct mp_node *ports, const char *key, struct mp_arena *arena)
{
	const char *text = "";

	for (size_t i = 0; ports && i < ports->count && text; i++) {
		const struct mp_node *port = ports->items[i];
		const char *number = mp_node_text(port, key, NULL);
		const char *name =
			strcmp(key, "hostPort") == 0 ? "" : mp_node_text(port, "name", NULL);

		text = mp_arena_printf(arena, "%s%s%s/%s%s%s%s", text, i > 0 ? ", " : "",
				       number[0] ? number : "0",
				       mp_node_text(port, "protocol", NULL), name[0] ? " (" : "",
				       name, name[0] ? ")" : "");
	}
	return text ? text : "";
}

void mp_describe_ports(const struct mp_node *ports, struct mp_arena *arena)
{
	const char *own = join_ports(ports, "containerPort", arena);
	const char *host = join_ports(ports, "hostPort", arena);
	const bool is_one = !strchr(own, ',');

	mp_describe_put(4, is_one ? "Port" : "Ports", own[0] ? own : "<none>");
	mp_describe_put(4, is_one ? "Host Port" : "Host Ports", host[0] ? host : "<none>");
}

/* ---- probes -------------------------------------------------------------------------------------- */

static const char *number_of(const struct mp_node *probe, const char *key, const char *fallback)
{
	const char *text = mp_node_text(probe, key, NULL);

	return text[0] ? text : fallback;
}

/* As Go prints a list of strings. */
static const char *command_of(const struct mp_node *list, struct mp_arena *arena)
{
	const char *text = "";

	for (size_t i = 0; list && i < list->count && text; i++)
		text = mp_arena_printf(arena, "%s%s%s", text, i > 0 ? " " : "",
				       list->items[i]->text ? list->items[i]->text : "");
	return text ? text : "";
}

static const char *lower(const char *text, struct mp_arena *arena)
{
	char *copy = mp_arena_strdup(arena, text);

	for (char *p = copy; p && *p; p++)
		if (*p >= 'A' && *p <= 'Z')
			*p = (char)(*p - 'A' + 'a');
	return copy ? copy : "";
}

static const char *action_of(const struct mp_node *probe, struct mp_arena *arena)
{
	const struct mp_node *exec = mp_node_get(probe, "exec"), *tcp;
	const struct mp_node *http = mp_node_get(probe, "httpGet"), *grpc;
	const char *path = mp_node_text(http, "path", NULL);

	if (exec)
		return mp_arena_printf(arena, "exec [%s]",
				       command_of(mp_node_get(exec, "command"), arena));
	if (http)
		return mp_arena_printf(arena, "http-get %s://%s:%s%s%s",
				       lower(mp_node_text(http, "scheme", NULL), arena),
				       mp_node_text(http, "host", NULL),
				       mp_node_text(http, "port", NULL),
				       path[0] && path[0] != '/' ? "/" : "", path);
	tcp = mp_node_get(probe, "tcpSocket");
	if (tcp)
		return mp_arena_printf(arena, "tcp-socket %s:%s", mp_node_text(tcp, "host", NULL),
				       mp_node_text(tcp, "port", NULL));
	grpc = mp_node_get(probe, "grpc");
	if (grpc)
		return mp_arena_printf(arena, "grpc <pod>:%s %s", mp_node_text(grpc, "port", NULL),
				       mp_node_text(grpc, "service", NULL));
	return "unknown";
}

const char *mp_describe_probe(const struct mp_node *probe, struct mp_arena *arena)
{
	const char *action = action_of(probe, arena);
	const char *text = mp_arena_printf(
		arena, "%s delay=%ss timeout=%ss period=%ss #success=%s #failure=%s",
		action ? action : "", number_of(probe, "initialDelaySeconds", "0"),
		number_of(probe, "timeoutSeconds", "1"), number_of(probe, "periodSeconds", "10"),
		number_of(probe, "successThreshold", "1"),
		number_of(probe, "failureThreshold", "3"));

	return text ? text : "";
}

/* ---- ConfigMaps and Secrets ------------------------------------------------------------------------ */

/* Bytes that base64 text stands for. */
static size_t decoded(const char *text)
{
	const size_t len = strlen(text);
	size_t n = len / 4 * 3;

	for (size_t i = len; i > 0 && text[i - 1] == '='; i--)
		n--;
	return n;
}

static void put_lengths(const struct mp_node *map, const char *between)
{
	for (size_t i = 0; map && i < map->count; i++) {
		mp_print_clean(stdout, map->entries[i].key);
		(void)printf(":%s%zu bytes\n", between,
			     decoded(mp_or_empty(map->entries[i].value->text)));
	}
}

/* The lines of a value are shown as they are. */
static void put_values(const struct mp_node *map)
{
	for (size_t i = 0; map && i < map->count; i++) {
		const char *at = mp_or_empty(map->entries[i].value->text);

		mp_print_clean(stdout, map->entries[i].key);
		(void)fputs(":\n----\n", stdout);
		while (*at) {
			const size_t n = strcspn(at, "\n");
			mp_auto_free char *line = strndup(at, n);

			mp_print_clean(stdout, mp_or_empty(line));
			at += n;
			if (*at == '\n') {
				(void)putchar('\n');
				at++;
			}
		}
		(void)fputs("\n\n", stdout);
	}
}

void mp_describe_object(const struct mp_node *object)
{
	const bool is_secret = mp_streq(mp_node_text(object, "kind", NULL), "Secret");

	mp_describe_put(0, "Name", mp_node_text(object, "metadata", "name", NULL));
	mp_describe_put(0, "Namespace", mp_node_text(object, "metadata", "namespace", NULL));
	mp_describe_map("Labels", mp_node_in(object, "metadata", "labels", NULL), "=");
	mp_describe_map("Annotations", mp_node_in(object, "metadata", "annotations", NULL), ": ");
	if (is_secret) {
		(void)fputs("\nType:  ", stdout);
		mp_print_clean(stdout, mp_node_text(object, "type", NULL));
		(void)fputs("\n\nData\n====\n", stdout);
		put_lengths(mp_node_get(object, "data"), "  ");
		return;
	}
	(void)fputs("\nData\n====\n", stdout);
	put_values(mp_node_get(object, "data"));
	(void)fputs("\nBinaryData\n====\n", stdout);
	put_lengths(mp_node_get(object, "binaryData"), " ");
	(void)fputs("\nEvents:  <none>\n", stdout);
}
