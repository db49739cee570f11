/* Who holds a journal: one writer at a time, and what becomes of the lock. */
#include "tests/unit/core/journal_files.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

START_TEST(a_second_writer_is_told_who_holds_it)
{
	struct journal *other = NULL;

	ck_assert_int_eq(journal_open(path, &other, &err), -1);
	ck_assert_int_eq(err.kind, ERR_BUSY);
	AUTO_FREE char *end = xasprintf(" (pid %d)", getpid());
	AUTO_FREE char *begin = xasprintf("'%s' is held by test_journal_lock", path);
	ck_has(err.message, begin);
	ck_assert_msg(str_ends(err.message, end), "%s", err.message);
	ck_assert_ptr_null(other);
	AUTO_STR command = {0};
	ck_assert_int_eq(journal_holder(path, &command), getpid());
	ck_has(str_text(&command), "test_journal_lock");
	reopen();
}
END_TEST

START_TEST(nobody_holds_what_is_closed_or_absent)
{
	AUTO_FREE char *absent = xasprintf("%s.absent", path);
	AUTO_STR command = {0};

	journal_close(j);
	j = NULL;
	ck_assert_int_eq(journal_holder(path, &command), 0);
	ck_assert_int_eq(journal_holder(absent, &command), 0);
	ck_assert_str_eq(str_text(&command), "");
	reopen();
}
END_TEST

/* Re-executes this program as "prov up web" with a colour code among its words. */
START_TEST(the_holder_is_another_program)
{
	int ready[2];
	char c;

	journal_close(j);
	j = NULL;
	ck_assert_int_eq(pipe(ready), 0);
	pid_t pid = fork();
	if (pid == 0) {
		AUTO_FREE char *fd = xasprintf("%d", ready[1]);
		execl("/proc/self/exe", "/usr/bin/prov", "up", "w\033[31meb", "--hold", path, fd,
		        (char *)NULL);
		_exit(1);
	}
	close(ready[1]);
	ck_assert_int_eq(read(ready[0], &c, 1), 1);
	ck_assert_int_eq(journal_open(path, &j, &err), -1);
	AUTO_FREE char *part = xasprintf("is held by prov up w\\x1b[31meb --hold %s", root);
	ck_has(err.message, part);
	AUTO_FREE char *end = xasprintf(" (pid %d)", pid);
	ck_assert_msg(str_ends(err.message, end), "%s", err.message);
	kill(pid, SIGKILL);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	close(ready[0]);
	ck_ok(journal_open(path, &j, &err));
}
END_TEST

START_TEST(the_lock_goes_with_the_process)
{
	int fds[2];
	char c;

	journal_close(j);
	j = NULL;
	ck_assert_int_eq(pipe(fds), 0);
	pid_t pid = fork();
	if (pid == 0) {
		struct journal *own;
		if (journal_open(path, &own, NULL) == 0 && write(fds[1], "x", 1) == 1)
			poll(NULL, 0, -1);
		_exit(1);
	}
	close(fds[1]);
	ck_assert_int_eq(read(fds[0], &c, 1), 1);
	ck_assert_int_eq(journal_open(path, &j, &err), -1);
	kill(pid, SIGKILL);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	ck_ok(journal_open(path, &j, &err));
	close(fds[0]);
}
END_TEST

/* The next command waits for a worker on its way out, but not for ever. */
START_TEST(a_dying_holder_is_waited_for)
{
	int ready[2], go[2];
	char c;

	journal_close(j);
	j = NULL;
	ck_assert_int_eq(pipe(ready), 0);
	ck_assert_int_eq(pipe(go), 0);
	pid_t pid = fork();
	if (pid == 0) {
		struct journal *own;
		close(go[1]);
		bool ok = journal_open(path, &own, NULL) == 0 && write(ready[1], "x", 1) == 1;
		/* Ends 100 ms after the parent has stopped to wait for it. */
		ok = ok && read(go[0], &c, 1) == 0;
		poll(NULL, 0, 100);
		_exit(!ok);
	}
	ck_assert_int_eq(read(ready[0], &c, 1), 1);
	int64_t start = clock_mono_ns();
	ck_assert_int_eq(journal_open_after(path, 50000000, &j, &err), -1);
	ck_assert_int_eq(err.kind, ERR_BUSY);
	ck_assert_int_ge(clock_mono_ns() - start, 50000000);
	close(go[1]);
	ck_ok(journal_open_after(path, INT64_C(60000000000), &j, &err));
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	close(go[0]);
	close(ready[0]);
	close(ready[1]);
}
END_TEST

START_TEST(discard_removes_all_and_can_still_be_written)
{
	AUTO_FREE char *folder = xasprintf("%s/a/b", root);
	AUTO_FREE char *inside = xasprintf("%s/a/b/upper/x", root);
	struct journal *next = NULL;

	write_some();
	ck_ok(fs_mkdirs(inside, 0755, &err));
	ck_ok(journal_discard(j, &err));
	ck_assert(!fs_exists(folder));
	ck_ok(journal_reverted(j, "kvm.disk", &err));
	ck_ok(journal_discard(j, &err));
	/* A new machine of that name has a journal of its own at once. */
	ck_ok(journal_open(path, &next, &err));
	ck_assert(!journal_state(next)->exists);
	journal_close(next);
}
END_TEST

START_TEST(the_lock_of_an_unlinked_file_is_none)
{
	struct journal *second = NULL;

	write_some();
	ck_ok(fs_unlink(path, &err));
	ck_ok(journal_open(path, &second, &err));
	ck_assert_uint_eq(journal_state(second)->n_steps, 0);
	journal_close(second);
}
END_TEST

START_TEST(the_descriptor_is_not_inherited)
{
	AUTO_STRV names = {0};

	ck_ok(fs_list("/proc/self/fd", &names, &err));
	size_t found = 0;
	for (size_t i = 0; i < names.n; i++) {
		char target[4096] = "";
		AUTO_FREE char *fd = xasprintf("/proc/self/fd/%s", names.v[i]);
		if (readlink(fd, target, sizeof(target) - 1) > 0 && str_eq(target, path)) {
			ck_assert(fcntl(atoi(names.v[i]), F_GETFD) & FD_CLOEXEC);
			found++;
		}
	}
	ck_assert_uint_eq(found, 1);
}
END_TEST

/* As the child of the_holder_is_another_program: holds the journal until it is killed. */
static int hold(const char *journal, int fd)
{
	struct journal *own;

	if (journal_open(journal, &own, &err) < 0 || write(fd, "x", 1) != 1)
		return 1;
	return poll(NULL, 0, -1);
}

int main(int argc, char **argv)
{
	const TTest *const tests[] = {a_second_writer_is_told_who_holds_it,
	        nobody_holds_what_is_closed_or_absent, the_holder_is_another_program,
	        the_lock_goes_with_the_process, a_dying_holder_is_waited_for,
	        discard_removes_all_and_can_still_be_written, the_lock_of_an_unlinked_file_is_none,
	        the_descriptor_is_not_inherited};

	if (argc == 6 && str_eq(argv[3], "--hold"))
		return hold(argv[4], atoi(argv[5]));
	return suite_run("journal_lock", tests, ARRAY_SIZE(tests), set_up, tear_down);
}
