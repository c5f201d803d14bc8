/* SPDX-License-Identifier: Apache-2.0 */
/* Servers for network checks to meet, good and bad: processes of their own on 127.0.0.1. */
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <nghttp2/nghttp2.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct net_server {
	pid_t pid;
	int port;
};

static inline int listen_any(int *ret_port)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(address);
	const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)(void *)&address, sizeof(address)) < 0 ||
	    listen(fd, 64) < 0 || getsockname(fd, (struct sockaddr *)(void *)&address, &len) < 0)
		abort();
	*ret_port = ntohs(address.sin_port);
	return fd;
}

static inline void die_with_parent(void)
{
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)signal(SIGPIPE, SIG_IGN);
}

/* A process that gives each connection to @serve, in a process of its own. */
static inline struct net_server start_server(void (*serve)(int fd))
{
	struct net_server s;
	const int fd = listen_any(&s.port);

	s.pid = fork();
	if (s.pid < 0)
		abort();
	if (s.pid == 0) {
		die_with_parent();
		(void)signal(SIGCHLD, SIG_IGN);
		for (;;) {
			const int conn = accept(fd, NULL, NULL);

			if (conn >= 0 && fork() == 0) {
				die_with_parent();
				(void)close(fd);
				serve(conn);
				_exit(0);
			}
			(void)close(conn);
		}
	}
	(void)close(fd);
	return s;
}

static inline void stop_server(struct net_server *s)
{
	if (s->pid <= 0)
		return;
	(void)kill(s->pid, SIGKILL);
	(void)waitpid(s->pid, NULL, 0);
	s->pid = 0;
}

static inline bool put(int fd, const char *text)
{
	const size_t len = strlen(text);

	return send(fd, text, len, MSG_NOSIGNAL) == (ssize_t)len;
}

static inline void pause_ms(long ms)
{
	const struct timespec span = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };

	(void)nanosleep(&span, NULL);
}

static inline void hang(void)
{
	for (;;)
		(void)pause();
}

/* ---- HTTP: the path says what to do ------------------------------------------------------- */

static inline bool is_path(const char *request, const char *path)
{
	const size_t n = strlen(path);

	return strncmp(request, "GET ", 4) == 0 && strncmp(request + 4, path, n) == 0 &&
	       strchr(" ?/", request[4 + n]) != NULL;
}

static inline void drip(int fd, const char *text)
{
	char one[2] = "";

	for (; *text; text++) {
		one[0] = *text;
		if (!put(fd, one))
			_exit(0);
		pause_ms(40);
	}
}

static inline void flood(int fd, const char *text)
{
	while (put(fd, text))
		;
}

static inline void answer_redirect(int fd, const char *request)
{
	char text[512], host[128] = "";
	const char *at = strstr(request, "Host: ");
	const int n = (int)strtol(request + 4 + strlen("/hops/"), NULL, 10);

	if (at)
		(void)sscanf(at, "Host: %127s", host);
	if (is_path(request, "/loop"))
		(void)snprintf(text, sizeof(text),
			       "HTTP/1.1 302 Found\r\nLocation: /loop?%d\r\n\r\n", n);
	else if (is_path(request, "/away"))
		(void)snprintf(
			text, sizeof(text),
			"HTTP/1.1 301 Moved\r\nLocation: http://127.0.0.2/x\r\n\r\nfar away");
	else if (is_path(request, "/badloc"))
		(void)snprintf(text, sizeof(text),
			       "HTTP/1.1 301 Moved\r\nLocation: http://a:b/\r\n\r\n");
	else if (n > 0)
		(void)snprintf(text, sizeof(text),
			       "HTTP/1.1 307 T\r\nLocation: http://%s/hops/%d\r\n\r\n", host,
			       n - 1);
	else
		(void)snprintf(text, sizeof(text), "HTTP/1.1 200 OK\r\n\r\narrived");
	(void)put(fd, text);
}

static inline void answer_badly(int fd, const char *request)
{
	const struct linger reset = { .l_onoff = 1 };

	if (is_path(request, "/garbage")) {
		(void)put(fd, "SSH-2.0-OpenSSH_9.2\r\n");
	} else if (is_path(request, "/reset")) {
		(void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	} else if (is_path(request, "/silent")) {
		hang();
	} else if (is_path(request, "/drip")) {
		drip(fd,
		     "HTTP/1.1 200 OK\r\nX-Slow: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
	} else if (is_path(request, "/dripbody")) {
		(void)put(fd, "HTTP/1.1 200 OK\r\n\r\n");
		drip(fd,
		     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
	} else if (is_path(request, "/endless")) {
		(void)put(fd, "HTTP/1.1 200 OK\r\n");
		flood(fd,
		      "X-Header: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n");
	} else if (is_path(request, "/oneline")) {
		(void)put(fd, "HTTP/1.1 200 OK\r\nX-Header: ");
		flood(fd, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
	} else if (is_path(request, "/provisional")) {
		flood(fd, "HTTP/1.1 100 Continue\r\n\r\n");
	} else if (is_path(request, "/chunkgarbage")) {
		(void)put(fd,
			  "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nzz");
		(void)put(fd, "\r\n");
		hang();
	} else if (is_path(request, "/short")) {
		(void)put(fd, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc");
	}
}

static inline void answer_well(int fd, const char *request)
{
	char text[128];

	if (is_path(request, "/ok")) {
		(void)put(fd, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
		hang(); /* the connection is not kept: nobody waits for its end */
	} else if (is_path(request, "/echo")) {
		(void)put(fd, "HTTP/1.1 200 OK\r\n\r\n");
		(void)put(fd, request);
	} else if (is_path(request, "/status")) {
		(void)snprintf(text, sizeof(text), "HTTP/1.1 %d Whatever\r\n\r\nbody",
			       (int)strtol(request + 4 + strlen("/status/"), NULL, 10));
		(void)put(fd, text);
	} else if (is_path(request, "/chunked")) {
		(void)put(fd, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
			      "5;a=b\r\nhello\r\n");
		pause_ms(20);
		(void)put(fd, "6\r\n world\r\n0\r\nX-Trailer: 1\r\n\r\n");
		hang();
	} else if (is_path(request, "/big")) {
		(void)put(fd, "HTTP/1.1 200 OK\r\n\r\n");
		flood(fd, "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef");
	} else if (is_path(request, "/longline")) {
		(void)put(fd, "HTTP/1.1 200 OK\r\nSet-Cookie: ");
		for (int i = 0; i < 4000; i++)
			(void)put(fd, "12345");
		(void)put(fd, "\r\nContent-Length: 2\r\n\r\nok");
	}
}

static inline void serve_http(int fd)
{
	static char request[65536];
	size_t len = 0;

	while (len + 1 < sizeof(request) && !strstr(request, "\r\n\r\n")) {
		const ssize_t n = recv(fd, request + len, sizeof(request) - 1 - len, 0);

		if (n <= 0) /* bytes of TLS, perhaps: what a plain server says to them */
			break;
		len += (size_t)n;
		if (request[0] == 0x16) {
			(void)put(fd, "HTTP/1.1 400 Bad Request\r\n\r\n");
			(void)shutdown(fd, SHUT_WR);
			(void)recv(fd, request, sizeof(request), 0);
			return;
		}
	}
	answer_redirect(is_path(request, "/loop") || is_path(request, "/away") ||
					is_path(request, "/badloc") || is_path(request, "/hops") ?
				fd :
				-1,
			request);
	answer_badly(fd, request);
	answer_well(fd, request);
}

/* ---- gRPC: the service says what to do ---------------------------------------------------- */

struct grpc_peer {
	int fd;
	char service[64];
	size_t n_request;
	unsigned char request[256];
	unsigned char answer[64];
	size_t n_answer;
	bool is_over;
};

static inline bool is_service(const struct grpc_peer *p, const char *name)
{
	return strcmp(p->service, name) == 0;
}

static inline nghttp2_nv grpc_nv(const char *name, const char *value)
{
	union {
		const char *text;
		uint8_t *bytes;
	} n = { name }, v = { value };

	return (nghttp2_nv){ .name = n.bytes,
			     .value = v.bytes,
			     .namelen = strlen(name),
			     .valuelen = strlen(value) };
}

static inline ssize_t grpc_body(nghttp2_session *session, int32_t stream, uint8_t *buf, size_t size,
				uint32_t *flags, nghttp2_data_source *source, void *ctx)
{
	struct grpc_peer *p = ctx;
	const nghttp2_nv trailers[] = { grpc_nv("grpc-status", "0") };

	(void)size;
	(void)source;
	memcpy(buf, p->answer, p->n_answer);
	*flags |= NGHTTP2_DATA_FLAG_EOF;
	if (!is_service(p, "no-trailers")) {
		*flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
		(void)nghttp2_submit_trailer(session, stream, trailers, 1);
	}
	return (ssize_t)p->n_answer;
}

static inline void grpc_answer(nghttp2_session *session, int32_t stream, struct grpc_peer *p)
{
	const nghttp2_data_provider body = { .read_callback = grpc_body };
	const nghttp2_nv ok[] = { grpc_nv(":status", "200"),
				  grpc_nv("content-type", "application/grpc+proto") };
	nghttp2_nv only[] = { grpc_nv(":status", "200"),
			      grpc_nv("content-type", "application/grpc"),
			      grpc_nv("grpc-status", "5"),
			      grpc_nv("grpc-message", "no%20such service") };
	const nghttp2_nv web[] = { grpc_nv(":status", "404"),
				   grpc_nv("content-type", "text/html") };
	unsigned char status = 1;

	if (is_service(p, "silent"))
		return;
	if (is_service(p, "close")) {
		p->is_over = true;
	} else if (is_service(p, "reset")) {
		(void)nghttp2_submit_rst_stream(session, 0, stream, NGHTTP2_REFUSED_STREAM);
	} else if (is_service(p, "web")) {
		(void)nghttp2_submit_response(session, stream, web, 2, NULL);
	} else if (is_service(p, "missing") || is_service(p, "unimplemented")) {
		if (is_service(p, "unimplemented"))
			only[2] = grpc_nv("grpc-status", "12");
		(void)nghttp2_submit_response(session, stream, only, 4, NULL);
	} else {
		if (is_service(p, "down"))
			status = 2;
		else if (is_service(p, "odd"))
			status = 9;
		memcpy(p->answer, (unsigned char[]){ 0, 0, 0, 0, 2, 8, status }, 7);
		p->n_answer = 7;
		if (is_service(p, "bad-message"))
			p->answer[5] = 0xff;
		else if (is_service(p, "large"))
			p->answer[1] = 0x10;
		(void)nghttp2_submit_response(session, stream, ok, 2, &body);
	}
}

static inline int grpc_data_came(nghttp2_session *session, uint8_t flags, int32_t stream,
				 const uint8_t *bytes, size_t len, void *ctx)
{
	struct grpc_peer *p = ctx;

	(void)session;
	(void)flags;
	(void)stream;
	if (p->n_request + len > sizeof(p->request))
		abort();
	memcpy(p->request + p->n_request, bytes, len);
	p->n_request += len;
	return 0;
}

static inline int grpc_frame_came(nghttp2_session *session, const nghttp2_frame *frame, void *ctx)
{
	struct grpc_peer *p = ctx;

	if (frame->hd.type != NGHTTP2_DATA || !(frame->hd.flags & NGHTTP2_FLAG_END_STREAM))
		return 0;
	if (p->n_request > 7)
		memcpy(p->service, p->request + 7, p->n_request - 7);
	grpc_answer(session, frame->hd.stream_id, p);
	return 0;
}

static inline void serve_grpc(int fd)
{
	struct grpc_peer p = { .fd = fd };
	nghttp2_session_callbacks *callbacks;
	nghttp2_session *session;

	if (nghttp2_session_callbacks_new(&callbacks) != 0)
		abort();
	nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, grpc_data_came);
	nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, grpc_frame_came);
	if (nghttp2_session_server_new(&session, callbacks, &p) != 0 ||
	    nghttp2_submit_settings(session, NGHTTP2_FLAG_NONE, NULL, 0) != 0)
		abort();
	while (!p.is_over) {
		static uint8_t bytes[16384];
		const uint8_t *out;
		ssize_t n = nghttp2_session_mem_send(session, &out);

		if (n > 0) {
			(void)!send(fd, out, (size_t)n, MSG_NOSIGNAL);
			continue;
		}
		n = recv(fd, bytes, sizeof(bytes), 0);
		if (n <= 0 || nghttp2_session_mem_recv(session, bytes, (size_t)n) < 0)
			break;
	}
	_exit(0);
}

/* Settings, then pings without end; what comes back is not read. */
static inline void serve_ping_flood(int fd)
{
	static const char settings[9] = { 0, 0, 0, 4, 0, 0, 0, 0, 0 };
	static const char ping[17] = { 0, 0, 8, 6, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8 };

	(void)!send(fd, settings, sizeof(settings), MSG_NOSIGNAL);
	while (send(fd, ping, sizeof(ping), MSG_NOSIGNAL) > 0)
		;
	hang();
}

static inline void serve_nothing(int fd)
{
	(void)fd;
	hang();
}

static inline void serve_close(int fd)
{
	(void)close(fd);
}
