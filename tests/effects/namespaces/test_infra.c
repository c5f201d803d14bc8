/* SPDX-License-Identifier: Apache-2.0 */
#include "namespaces/infra.h"

#include <sys/mman.h>
#include <sys/stat.h>

#include "namespaces/idmap.h"
#include "namespaces/infra_proto.h"
#include "tests/effects/namespaces/helpers.h"

#define SHELL(text)                               \
	(const char *const[])                     \
	{                                         \
		"busybox", "sh", "-c", text, NULL \
	}

static uint64_t ns_of(const struct mp_ns_ids *ids, uint64_t flag)
{
	for (size_t i = 0; i < MP_NS_KINDS; i++)
		if (mp_ns_kinds[i].flag == flag)
			return ids->ids[i];
	return 0;
}

static void pause_has_new_namespaces_exactly_where_asked(void **unused)
{
	static const uint64_t asked[] = { 0, CLONE_NEWNET, CLONE_NEWIPC | CLONE_NEWUTS, POD_JOIN,
					  POD_JOIN | CLONE_NEWPID };
	struct mp_ns_ids ours;
	struct mp_ns_ids theirs;

	(void)unused;
	assert_int_equal(mp_ns_ids_read(0, &ours, NULL), 0);
	for (size_t i = 0; i < MP_ARRAY_SIZE(asked); i++) {
		struct mp_infra_config config = { .unshare = asked[i], .cgroup_fd = -1 };
		struct mp_infra *infra = start_pod(&config);

		assert_int_equal(mp_ns_ids_read(mp_infra_pid(infra), &theirs, NULL), 0);
		for (size_t k = 0; k < MP_NS_KINDS; k++) {
			bool is_new = ((asked[i] | CLONE_NEWNS) & mp_ns_kinds[k].flag) != 0;

			assert_int_equal(theirs.ids[k] != ours.ids[k], is_new);
		}
		end_pod(infra);
	}
	assert_no_children();
}

static void a_container_joins_pod_namespaces_and_sees_host_name_addresses_and_sysctls(void **unused)
{
	static const struct mp_infra_sysctl sysctls[] = {
		{ "net.ipv4.ip_unprivileged_port_start", "0" },
		{ "net/ipv4/ip_local_port_range", "2000 3000" },
		{ "kernel.shm_rmid_forced", "1" },
	};
	struct mp_infra_config config = pod_config();
	struct mp_container_config c;
	struct mp_infra *infra;
	char out[4096];

	(void)unused;
	config.sysctls = sysctls;
	config.n_sysctls = MP_ARRAY_SIZE(sysctls);
	config.ips[1] = "fd00::7";
	config.n_ips = 2;
	infra = start_pod(&config);
	c = container_config(infra, SHELL("hostname; cd /proc/sys;"
					  "cat net/ipv4/ip_unprivileged_port_start "
					  "net/ipv4/ip_local_port_range kernel/shm_rmid_forced;"
					  "ip addr show"));
	assert_int_equal(run_container(&c, out, sizeof(out)), 0);
	assert_non_null(strstr(out, "web\n0\n2000\t3000\n1\n"));
	assert_non_null(strstr(out, "UP,LOWER_UP"));
	assert_non_null(strstr(out, "inet 127.0.0.1/8"));
	assert_non_null(strstr(out, "inet 10.88.0.7/32"));
	assert_non_null(strstr(out, "inet6 fd00::7/128"));
	end_pod(infra);
}

static void pause_has_nothing_a_container_could_use(void **unused)
{
	struct mp_infra_config config = pod_config();
	struct mp_infra *infra = start_pod(&config);
	char path[64];
	char text[4096];
	int fd;

	(void)unused;
	/* Exec is done when create says ready; its first few steps need another moment. */
	for (int tries = 0; tries < 100; tries++) {
		(void)snprintf(path, sizeof(path), "/proc/%d/status", (int)mp_infra_pid(infra));
		fd = open(path, O_RDONLY | O_CLOEXEC);
		read_all(fd, text, sizeof(text));
		(void)close(fd);
		if (strstr(text, "Seccomp:\t2"))
			break;
		(void)poll(NULL, 0, 10);
	}
	assert_non_null(strstr(text, "Name:\tpause\n"));
	assert_non_null(strstr(text, "Seccomp:\t2\n"));
	assert_non_null(strstr(text, "NoNewPrivs:\t1\n"));
	assert_non_null(strstr(text, "CapPrm:\t0000000000000000\n"));
	assert_non_null(strstr(text, "CapBnd:\t0000000000000000\n"));
	(void)snprintf(path, sizeof(path), "/proc/%d/mountinfo", (int)mp_infra_pid(infra));
	fd = open(path, O_RDONLY | O_CLOEXEC);
	read_all(fd, text, sizeof(text));
	(void)close(fd);
	assert_non_null(strstr(text, " / / ro,nosuid,nodev,noexec"));
	assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1); /* that mount only */
	(void)snprintf(path, sizeof(path), "/proc/%d/root/etc", (int)mp_infra_pid(infra));
	assert_int_equal(access(path, F_OK), -1);
	end_pod(infra);
}

static void the_program_cannot_be_overwritten_through_proc(void **unused)
{
	struct mp_infra_config config = pod_config();
	struct mp_infra *infra = start_pod(&config);
	char path[64];
	char target[64] = "";
	int fd;

	(void)unused;
	(void)snprintf(path, sizeof(path), "/proc/%d/exe", (int)mp_infra_pid(infra));
	/* The pod is ready a moment before pause becomes its own program. */
	for (int tries = 0; tries < 500; tries++) {
		memset(target, 0, sizeof(target));
		assert_true(readlink(path, target, sizeof(target) - 1) > 0);
		if (strcmp(target, "/memfd:pause (deleted)") == 0)
			break;
		(void)poll(NULL, 0, 10);
	}
	assert_string_equal(target, "/memfd:pause (deleted)");
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd >= 0) {
		assert_int_equal(write(fd, "x", 1), -1);
		(void)close(fd);
	}
	end_pod(infra);
}

static void orphans_in_a_shared_pid_namespace_are_reaped(void **unused)
{
	struct mp_infra_config config = pod_config();
	struct mp_container_config c;
	struct mp_infra *infra;
	char out[4096];

	(void)unused;
	config.unshare |= CLONE_NEWPID;
	infra = start_pod(&config);
	c = container_config(infra,
			     SHELL("for i in 1 2 3 4 5; do (sleep 0.05 & ) ; done; sleep 0.3;"
				   "cat /proc/[0-9]*/stat | cut -d' ' -f1-4;"
				   "kill -9 1; kill -15 1; sleep 0.05; kill -0 1 && echo alive"));
	c.pid_ns = MP_PID_NS_POD;
	assert_int_equal(run_container(&c, out, sizeof(out)), 0);
	assert_non_null(strstr(out, "1 (pause)"));
	assert_null(strstr(out, "(sleep)")); /* ended, and not a zombie either */
	assert_null(strstr(out, ") Z"));
	assert_non_null(strstr(out, "alive")); /* nobody inside ends pause */
	end_pod(infra);
}

static void killing_pause_ends_all_of_a_shared_pid_namespace(void **unused)
{
	struct mp_infra_config config = pod_config();
	static const char *const argv[] = { "sleep", "1000", NULL };
	struct mp_container_config c;
	struct mp_container_result result;
	struct mp_infra *infra;

	(void)unused;
	config.unshare |= CLONE_NEWPID;
	infra = start_pod(&config);
	c = container_config(infra, argv);
	c.pid_ns = MP_PID_NS_POD;
	assert_int_equal(mp_container_start(&c, &result, NULL), 0);
	assert_int_equal(mp_infra_kill(infra, NULL), 0);
	assert_int_equal(reap(result.pidfd), 1000 + SIGKILL);
	assert_int_equal(reap(mp_infra_pidfd(infra)), 1000 + SIGKILL);
	(void)close(result.pidfd);
	mp_infra_free(infra);
	assert_no_children();
}

static void sigterm_from_outside_ends_pause_politely(void **unused)
{
	struct mp_infra_config config = pod_config();

	(void)unused;
	for (int shared = 0; shared < 2; shared++) {
		struct mp_infra *infra;

		if (shared)
			config.unshare |= CLONE_NEWPID;
		infra = start_pod(&config);
		assert_int_equal(mp_sys_pidfd_send_signal(mp_infra_pidfd(infra), SIGHUP), 0);
		assert_int_equal(mp_sys_pidfd_send_signal(mp_infra_pidfd(infra), SIGTERM), 0);
		assert_int_equal(reap(mp_infra_pidfd(infra)), 0);
		mp_infra_free(infra);
	}
}

static void a_failing_step_is_named_and_leaves_nothing(void **unused)
{
	static const struct mp_infra_sysctl bad[] = { { "net.ipv4.no_such_thing", "1" } };
	static const struct mp_infra_sysctl out[] = { { "../../etc/x", "1" } };
	const struct mp_infra_sysctl *const lists[] = { bad, out };
	int fds = count_fds();

	(void)unused;
	for (size_t i = 0; i < 2; i++) {
		struct mp_infra_config config = pod_config();
		struct mp_infra *infra = NULL;
		struct mp_error err = MP_ERROR_NONE;

		config.sysctls = lists[i];
		config.n_sysctls = 1;
		/* Either may say it: it depends on whether the child ran beside us. */
		assert_true(mp_infra_create(&config, &infra, &err) < 0 ||
			    mp_infra_wait_ready(infra, &err) < 0);
		assert_non_null(strstr(err.msg, "start pause: set sysctl"));
		mp_infra_free(infra);
		assert_no_children();
		assert_int_equal(count_fds(), fds);
	}
}

static void an_impossible_config_starts_nothing(void **unused)
{
	struct mp_infra_config config = pod_config();
	struct mp_infra *infra = NULL;
	struct mp_error err = MP_ERROR_NONE;
	int fds = count_fds();

	(void)unused;
	config.ips[0] = "10.88.0.300";
	assert_int_equal(mp_infra_create(&config, &infra, &err), -EINVAL);
	assert_string_equal(err.msg, "start pause: \"10.88.0.300\" is not an IP address");
	assert_no_children();
	assert_int_equal(count_fds(), fds);
}

static void freeing_one_that_is_still_being_prepared_ends_it(void **unused)
{
	int fds = count_fds();

	(void)unused;
	for (int i = 0; i < 20; i++) {
		struct mp_infra_config config = pod_config();
		struct mp_infra *infra = NULL;

		assert_int_equal(mp_infra_create(&config, &infra, NULL), 0);
		if (i % 2)
			(void)poll(NULL, 0, i / 8);
		mp_infra_free(infra);
		assert_no_children();
		assert_int_equal(count_fds(), fds);
	}
}

static ino_t inode(int fd)
{
	struct stat st;

	assert_int_equal(fstat(fd, &st), 0);
	return st.st_ino;
}

static void kept_files_come_back_to_a_successor(void **unused)
{
	struct mp_infra_config config = pod_config();
	struct mp_infra *infra = start_pod(&config);
	struct mp_infra *successor = NULL;
	struct mp_infra_kept *kept = NULL;
	struct mp_error err = MP_ERROR_NONE;
	pid_t pid = mp_infra_pid(infra);
	mp_auto_fd pidfd = fcntl(mp_infra_pidfd(infra), F_DUPFD_CLOEXEC, 3);
	ino_t inodes[3];
	size_t n = 0;
	int fds[2];
	char buf[16] = "";

	(void)unused;
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	inodes[0] = inode(fds[0]);
	assert_int_equal(mp_infra_keep(infra, "web/stdout", fds[0], &err), 0);
	assert_int_equal(mp_infra_keep(infra, "gone", fds[0], &err), 0);
	assert_int_equal(mp_infra_keep(infra, "twice", fds[0], &err), 0);
	assert_int_equal(mp_infra_keep(infra, "twice", fds[1], &err), 0);
	assert_int_equal(mp_infra_drop(infra, "gone", &err), 0);
	assert_int_equal(mp_infra_drop(infra, "never there", &err), 0);
	assert_int_equal(mp_infra_keep(infra, "", fds[0], &err), -EINVAL);
	assert_int_equal(write(fds[1], "log line", 8), 8);
	(void)close(fds[0]);
	(void)close(fds[1]);
	mp_infra_free(infra); /* as if the supervisor had died: pause stays */
	assert_int_equal(waitid(P_PIDFD, (id_t)pidfd, NULL, WEXITED | WNOHANG | WNOWAIT), 0);

	if (mp_infra_adopt(pid, &successor, &err) < 0 ||
	    mp_infra_take_all(successor, &kept, &n, &err) < 0)
		fail_msg("%s", err.msg);
	if (n != 2 || !kept) {
		fail_msg("%zu kept", n);
		return;
	}
	assert_string_equal(kept[0].tag, "web/stdout");
	assert_int_equal(inode(kept[0].fd), inodes[0]);
	assert_int_equal(read(kept[0].fd, buf, sizeof(buf)), 8);
	assert_string_equal(buf, "log line");
	assert_string_equal(kept[1].tag, "twice");
	assert_true((fcntl(kept[1].fd, F_GETFL) & O_ACCMODE) == O_WRONLY);
	for (size_t i = 0; i < n; i++)
		(void)close(kept[i].fd);
	free(kept);
	/* And the conversation goes on with the next one. */
	assert_int_equal(mp_infra_drop(successor, "twice", &err), 0);
	assert_int_equal(mp_infra_take_all(successor, &kept, &n, &err), 0);
	assert_int_equal(n, 1);
	(void)close(kept[0].fd);
	free(kept);
	end_pod(successor);
	assert_no_children();
}

static int kept_under(const struct mp_infra_kept *kept, size_t n, const char *tag)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(kept[i].tag, tag) == 0)
			return kept[i].fd;
	fail_msg("pause does not keep \"%s\"", tag);
	return -1;
}

static void spares_are_there_and_a_container_leaves_its_pidfd(void **unused)
{
	struct mp_infra_config config = pod_config();
	struct mp_infra_spare spare = { .tag = "spare" };
	struct mp_infra_kept *kept = NULL;
	struct mp_infra *infra;
	struct mp_container_config c;
	struct mp_pidfd_info info;
	char out[64];
	size_t n = 0;
	int fds[2];

	(void)unused;
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	spare.fd = fds[0];
	config.spares = &spare;
	config.n_spares = 1;
	infra = start_pod(&config);
	c = container_config(infra, SHELL("exit 7"));
	c.keeper_fd = mp_infra_socket(infra);
	c.keeper_tag = "web.pid";
	assert_int_equal(run_container(&c, out, sizeof(out)), 7);
	assert_int_equal(mp_infra_take_all(infra, &kept, &n, NULL), 0);
	assert_int_equal(n, 2);
	assert_int_equal(inode(kept_under(kept, n, "spare")), inode(fds[0]));
	/* Somebody else has reaped it long since; Linux 6.15 knows all the same. */
	if (mp_sys_pidfd_info(kept_under(kept, n, "web.pid"), MP_PIDFD_INFO_EXIT, &info) == 0 &&
	    (info.mask & MP_PIDFD_INFO_EXIT)) {
		assert_true(WIFEXITED(info.exit_code));
		assert_int_equal(WEXITSTATUS(info.exit_code), 7);
	}
	for (size_t i = 0; i < n; i++)
		(void)close(kept[i].fd);
	free(kept);
	(void)close(fds[0]);
	(void)close(fds[1]);
	end_pod(infra);
}

static void more_files_than_pause_keeps_are_refused_not_lost_track_of(void **unused)
{
	struct mp_infra_config config = pod_config();
	struct mp_infra *infra = start_pod(&config);
	struct mp_infra_kept *kept = NULL;
	struct mp_error err = MP_ERROR_NONE;
	size_t n = 0;

	(void)unused;
	for (int i = 0; i < MP_INFRA_KEPT_MAX + 20; i++) {
		char tag[32];

		(void)snprintf(tag, sizeof(tag), "file %d", i);
		while (mp_infra_keep(infra, tag, 0, &err) == -EAGAIN)
			(void)poll(NULL, 0, 1);
	}
	if (mp_infra_take_all(infra, &kept, &n, &err) < 0)
		fail_msg("%s", err.msg);
	assert_int_equal(n, MP_INFRA_KEPT_MAX);
	for (size_t i = 0; i < n; i++)
		(void)close(kept[i].fd);
	free(kept);
	end_pod(infra);
}

static void another_process_is_not_adopted(void **unused)
{
	struct mp_infra *infra = NULL;
	struct mp_error err = MP_ERROR_NONE;
	int fds = count_fds();

	(void)unused;
	assert_int_equal(mp_infra_adopt(getpid(), &infra, &err), -ESRCH);
	assert_non_null(strstr(err.msg, "is not pause"));
	assert_int_equal(mp_infra_adopt(0x3ffffff, &infra, &err), -ESRCH);
	assert_int_equal(count_fds(), fds);
}

static void keep_many(struct mp_infra *infra)
{
	const int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	for (int i = 0; i < 100; i++) {
		char tag[24];

		(void)snprintf(tag, sizeof(tag), "file-%d", i);
		while (mp_infra_keep(infra, tag, fd, NULL) < 0)
			(void)usleep(1000); /* its socket is full */
	}
	(void)close(fd);
}

/* Its supervisor had killed it, and died before it was gone: somebody takes it over meanwhile. */
static void pause_that_ends_while_it_answers_is_not_listened_to_any_more(void **unused)
{
	struct mp_infra_config config = { .unshare = CLONE_NEWIPC, .cgroup_fd = -1 };

	(void)unused;
	(void)alarm(60);
	for (int i = 0; i < 40; i++) {
		struct mp_infra *infra = start_pod(&config);
		struct mp_infra_kept *kept = NULL;
		pid_t killer;
		size_t n;

		keep_many(infra);
		killer = fork();
		assert_true(killer >= 0);
		if (killer == 0) {
			(void)usleep((useconds_t)i * 20);
			_exit(kill(mp_infra_pid(infra), SIGKILL) == 0 ? 0 : 1);
		}
		while (mp_infra_take_all(infra, &kept, &n, NULL) == 0) {
			while (n > 0)
				(void)close(kept[--n].fd);
			free(kept);
		}
		assert_int_equal(waitpid(killer, NULL, 0), killer);
		end_pod(infra);
	}
	(void)alarm(0);
	assert_no_children();
}

static void in_a_user_namespace_root_inside_is_nobody_outside(void **unused)
{
	struct mp_infra_config config = pod_config();
	char out[4096];

	(void)unused;
	config.unshare |= CLONE_NEWUSER;
	config.ids = (struct mp_idmap_range){ 0, 65536 * 7, 65536 };
	for (int shared = 0; shared < 2; shared++) {
		struct mp_container_config c;
		struct mp_infra *infra;
		char path[64];
		int fd;

		if (shared)
			config.unshare |= CLONE_NEWPID;
		infra = start_pod(&config);
		c = container_config(infra, SHELL("id -u; cat /proc/self/uid_map; grep CapEff "
						  "/proc/self/status; hostname other && hostname"));
		c.join |= CLONE_NEWUSER;
		c.pid_ns = shared ? MP_PID_NS_POD : MP_PID_NS_OWN;
		c.process.caps = mp_caps_sets(mp_caps_known(), mp_caps_known());
		c.process.has_oom_score_adj = true;
		c.process.oom_score_adj = 100;
		assert_int_equal(run_container(&c, out, sizeof(out)), 0);
		assert_memory_equal(out, "0\n         0     458752      65536\n", 35);
		assert_non_null(strstr(out, "other\n")); /* its own UTS namespace obeys it */
		(void)snprintf(path, sizeof(path), "/proc/%d/status", (int)mp_infra_pid(infra));
		fd = open(path, O_RDONLY | O_CLOEXEC);
		read_all(fd, out, sizeof(out));
		(void)close(fd);
		assert_non_null(strstr(out, "Uid:\t458752\t458752\t458752\t458752\n"));
		end_pod(infra);
		assert_no_children();
	}
}

static void a_user_namespace_for_id_mapped_mounts_needs_no_process(void **unused)
{
	const struct mp_idmap_range map = { 0, 65536 * 9, 65536 };
	struct mp_ns_ids ours;
	int fds = count_fds();
	int fd = -1;

	(void)unused;
	assert_int_equal(mp_idmap_userns_open(map, &fd, NULL), 0);
	assert_no_children();
	assert_int_equal(mp_ns_ids_read(0, &ours, NULL), 0);
	assert_true(inode(fd) != ns_of(&ours, CLONE_NEWUSER));
	(void)close(fd);
	assert_int_equal(count_fds(), fds);
	assert_int_equal(mp_idmap_userns_open((struct mp_idmap_range){ 0, 0, 0 }, &fd, NULL),
			 -EINVAL);
	assert_no_children();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pause_has_new_namespaces_exactly_where_asked),
		cmocka_unit_test(
			a_container_joins_pod_namespaces_and_sees_host_name_addresses_and_sysctls),
		cmocka_unit_test(pause_has_nothing_a_container_could_use),
		cmocka_unit_test(the_program_cannot_be_overwritten_through_proc),
		cmocka_unit_test(orphans_in_a_shared_pid_namespace_are_reaped),
		cmocka_unit_test(killing_pause_ends_all_of_a_shared_pid_namespace),
		cmocka_unit_test(sigterm_from_outside_ends_pause_politely),
		cmocka_unit_test(a_failing_step_is_named_and_leaves_nothing),
		cmocka_unit_test(an_impossible_config_starts_nothing),
		cmocka_unit_test(freeing_one_that_is_still_being_prepared_ends_it),
		cmocka_unit_test(kept_files_come_back_to_a_successor),
		cmocka_unit_test(spares_are_there_and_a_container_leaves_its_pidfd),
		cmocka_unit_test(more_files_than_pause_keeps_are_refused_not_lost_track_of),
		cmocka_unit_test(another_process_is_not_adopted),
		cmocka_unit_test(pause_that_ends_while_it_answers_is_not_listened_to_any_more),
		cmocka_unit_test(in_a_user_namespace_root_inside_is_nobody_outside),
		cmocka_unit_test(a_user_namespace_for_id_mapped_mounts_needs_no_process),
	};

	need_root();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
