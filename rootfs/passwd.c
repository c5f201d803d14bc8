/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/passwd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "rootfs/resolve.h"
#include "runtime/base/auto.h"

struct span {
	const char *at;
	size_t len;
};

/* Takes the next line off @text; false at its end. */
static bool next_line(struct span *text, struct span *ret)
{
	if (text->len == 0)
		return false;

	const char *end = memchr(text->at, '\n', text->len);
	const size_t len = end ? (size_t)(end - text->at) : text->len;

	*ret = (struct span){ text->at, len };
	text->at += len + (end ? 1 : 0);
	text->len -= len + (end ? 1 : 0);
	return true;
}

/* Takes the next field off @line, up to @separator; an exhausted line has empty fields. */
static struct span next_field(struct span *line, char separator)
{
	const char *end = line->len > 0 ? memchr(line->at, separator, line->len) : NULL;
	const struct span field = { line->at, end ? (size_t)(end - line->at) : line->len };
	const size_t skip = field.len + (end ? 1 : 0);

	line->at += skip;
	line->len -= skip;
	return field;
}

static bool equals(struct span s, const char *text)
{
	return s.len == strlen(text) && memcmp(s.at, text, s.len) == 0;
}

/* Decimal, at most 2^32 - 2: the last value means "no id" to the kernel. */
static bool parse_id(struct span s, uint32_t *ret)
{
	uint64_t v = 0;

	if (s.len == 0)
		return false;
	for (size_t i = 0; i < s.len; i++) {
		if (s.at[i] < '0' || s.at[i] > '9')
			return false;
		v = v * 10 + (uint64_t)(s.at[i] - '0');
		if (v >= UINT32_MAX)
			return false;
	}
	*ret = (uint32_t)v;
	return true;
}

static bool copy(char *to, size_t size, struct span s)
{
	if (s.len >= size || memchr(s.at, '\0', s.len))
		return false;
	memcpy(to, s.at, s.len);
	to[s.len] = '\0';
	return true;
}

/* Lines that are no entries are passed over, as every passwd reader does. */
static bool find_user(struct span text, const char *name, uid_t uid, struct mp_passwd_entry *ret)
{
	struct span line;

	while (next_line(&text, &line)) {
		const struct span login = next_field(&line, ':');

		if (login.len == 0 || login.at[0] == '#' || (name && !equals(login, name)))
			continue;
		(void)next_field(&line, ':');

		uint32_t uid_here, gid_here;

		if (!parse_id(next_field(&line, ':'), &uid_here) ||
		    !parse_id(next_field(&line, ':'), &gid_here))
			continue;
		if (!name && uid_here != uid)
			continue;
		(void)next_field(&line, ':');

		struct span home = next_field(&line, ':');

		if (home.len == 0 || home.at[0] != '/')
			home = (struct span){ "/", 1 };
		if (!copy(ret->name, sizeof(ret->name), login) ||
		    !copy(ret->home, sizeof(ret->home), home))
			continue;
		ret->uid = uid_here;
		ret->gid = gid_here;
		return true;
	}
	return false;
}

bool mp_passwd_find_name(const char *text, size_t len, const char *name,
			 struct mp_passwd_entry *ret)
{
	return find_user((struct span){ text, len }, name, 0, ret);
}

bool mp_passwd_find_uid(const char *text, size_t len, uid_t uid, struct mp_passwd_entry *ret)
{
	return find_user((struct span){ text, len }, NULL, uid, ret);
}

bool mp_group_find_name(const char *text, size_t len, const char *name, gid_t *ret_gid)
{
	struct span all = { text, len }, line;

	while (next_line(&all, &line)) {
		const struct span group = next_field(&line, ':');
		uint32_t gid;

		if (group.len == 0 || group.at[0] == '#' || !equals(group, name))
			continue;
		(void)next_field(&line, ':');
		if (!parse_id(next_field(&line, ':'), &gid))
			continue;
		*ret_gid = gid;
		return true;
	}
	return false;
}

static bool has_gid(const gid_t *gids, size_t n, gid_t gid)
{
	for (size_t i = 0; i < n; i++)
		if (gids[i] == gid)
			return true;
	return false;
}

size_t mp_group_list(const char *text, size_t len, const char *user, gid_t *ret_gids, size_t max)
{
	struct span all = { text, len }, line;
	size_t n = 0;

	while (n < max && next_line(&all, &line)) {
		const struct span group = next_field(&line, ':');
		uint32_t gid;

		if (group.len == 0 || group.at[0] == '#')
			continue;
		(void)next_field(&line, ':');
		if (!parse_id(next_field(&line, ':'), &gid))
			continue;

		struct span members = next_field(&line, ':');

		while (members.len > 0) {
			if (!equals(next_field(&members, ','), user))
				continue;
			if (!has_gid(ret_gids, n, gid))
				ret_gids[n++] = gid;
			break;
		}
	}
	return n;
}

/* A file that is not there is an empty one; anything but a regular file is refused. */
static int read_database(int root_fd, const char *path, char **ret, size_t *ret_len,
			 struct mp_error *err)
{
	mp_auto_fd fd = mp_resolve_open(root_fd, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
	struct stat st;

	*ret = NULL;
	*ret_len = 0;
	if (fd == -ENOENT || fd == -ENOTDIR)
		return 0;
	if (fd < 0)
		return mp_fail(err, -fd, "open %s of the image", path);
	if (fstat(fd, &st) < 0)
		return mp_fail(err, errno, "look at %s of the image", path);
	if (!S_ISREG(st.st_mode))
		return mp_fail_text(err, EINVAL, "%s of the image is not a regular file", path);

	size_t room = st.st_size > 0 ? (size_t)st.st_size : 0;

	if (room > MP_PASSWD_FILE_MAX)
		room = MP_PASSWD_FILE_MAX;
	mp_auto_free char *text = malloc(room + 1);
	size_t len = 0;

	if (!text)
		return mp_fail(err, ENOMEM, "read %s of the image", path);
	while (len < room) {
		const ssize_t n = read(fd, text + len, room - len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return mp_fail(err, errno, "read %s of the image", path);
		if (n == 0)
			break;
		len += (size_t)n;
	}
	*ret = mp_steal_ptr(&text);
	*ret_len = len;
	return 0;
}

/* An id made of digits only is a number, also when an entry has such a name. */
static int parse_number(const char *what, struct span s, uint32_t *ret, bool *ret_is_number,
			struct mp_error *err)
{
	*ret_is_number = s.len > 0;
	for (size_t i = 0; i < s.len; i++)
		if (s.at[i] < '0' || s.at[i] > '9')
			*ret_is_number = false;
	if (*ret_is_number && (!parse_id(s, ret) || *ret > INT32_MAX))
		return mp_fail_text(err, EINVAL,
				    "%s %.*s is out of range: ids must be in range 0-2147483647",
				    what, (int)s.len, s.at);
	return 0;
}

static int resolve_user(struct span user, const char *text, size_t len, struct mp_passwd_user *ret,
			struct mp_error *err)
{
	struct mp_passwd_entry entry;
	char name[MP_PASSWD_NAME_MAX];
	bool is_number = true;
	uint32_t uid = 0;
	int r = 0;

	if (user.len > 0)
		r = parse_number("user", user, &uid, &is_number, err);
	if (r < 0)
		return r;
	if (is_number)
		ret->is_known = mp_passwd_find_uid(text, len, uid, &entry);
	else
		ret->is_known = copy(name, sizeof(name), user) &&
				mp_passwd_find_name(text, len, name, &entry);
	if (!ret->is_known && !is_number)
		return mp_fail_text(err, ENOENT,
				    "unable to find user %.*s: no matching entries in passwd file",
				    (int)user.len, user.at);
	ret->uid = ret->is_known ? entry.uid : uid;
	ret->gid = ret->is_known ? entry.gid : 0;
	(void)snprintf(ret->name, sizeof(ret->name), "%s", ret->is_known ? entry.name : "");
	(void)snprintf(ret->home, sizeof(ret->home), "%s", ret->is_known ? entry.home : "/");
	return 0;
}

static int resolve_group(struct span group, const char *text, size_t len, gid_t *ret_gid,
			 struct mp_error *err)
{
	char name[MP_PASSWD_NAME_MAX];
	bool is_number = false;
	uint32_t gid = 0;
	int r = parse_number("group", group, &gid, &is_number, err);

	if (r < 0)
		return r;
	if (!is_number &&
	    (!copy(name, sizeof(name), group) || !mp_group_find_name(text, len, name, &gid)))
		return mp_fail_text(err, ENOENT,
				    "unable to find group %.*s: no matching entries in group file",
				    (int)group.len, group.at);
	*ret_gid = gid;
	return 0;
}

/* Both databases, as far as they were read. */
struct databases {
	char *passwd, *group; /* owned; NULL = no such file */
	size_t passwd_len, group_len;
};

static int resolve(const struct databases *db, const char *user, struct mp_passwd_user *ret,
		   struct mp_error *err)
{
	struct span rest = { user, strlen(user) };
	const struct span login = next_field(&rest, ':');
	struct mp_passwd_user found = { .n_groups = 0 };
	int r = resolve_user(login, db->passwd ? db->passwd : "", db->passwd_len, &found, err);

	if (r == 0 && rest.len > 0)
		r = resolve_group(rest, db->group ? db->group : "", db->group_len, &found.gid, err);
	if (r < 0)
		return r;
	if (found.is_known && db->group)
		found.n_groups = mp_group_list(db->group, db->group_len, found.name, found.groups,
					       MP_PASSWD_GROUPS_MAX);
	*ret = found;
	return 0;
}

int mp_passwd_lookup(int root_fd, const char *user, struct mp_passwd_user *ret,
		     struct mp_error *err)
{
	struct databases db = { .passwd = NULL };
	int r = read_database(root_fd, "/etc/passwd", &db.passwd, &db.passwd_len, err);

	if (r == 0)
		r = read_database(root_fd, "/etc/group", &db.group, &db.group_len, err);
	if (r == 0)
		r = resolve(&db, user, ret, err);
	free(db.passwd);
	free(db.group);
	return r;
}
