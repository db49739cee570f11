#include "core/journal.h"

#include "core/journal_internal.h"
#include "tests/fake/check_util.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static struct err err;
static char *root, *path;
static struct journal *j;
static struct journal_state state;

static void set_up(void)
{
	root = tmp_begin();
	path = xasprintf("%s/a/b/journal", root);
	ck_ok(journal_open(path, &j, &err));
}

static void tear_down(void)
{
	journal_close(j);
	journal_state_clear(&state);
	free(path);
	tmp_end(root);
}

static void reread(void)
{
	journal_state_clear(&state);
	ck_ok(journal_read(path, &state, &err));
}

static void reopen(void)
{
	journal_close(j);
	j = NULL;
	ck_ok(journal_open(path, &j, &err));
}

static void write_some(void)
{
	ck_ok(journal_header(j, "machine", "kvm", "{\"name\":\"web\"}", &err));
	ck_ok(journal_begun(j, "kvm.disk", &err));
	ck_ok(journal_done(j, "kvm.disk", "d1g3st", false, &err));
	ck_ok(journal_begun(j, "kvm.start", &err));
	ck_ok(journal_set(j, "pid", "4711", &err));
	ck_ok(journal_done(j, "kvm.start", "", true, &err));
}

static void check_same(const struct journal_state *a, const struct journal_state *b)
{
	ck_assert_pstr_eq(a->kind, b->kind);
	ck_assert_pstr_eq(a->provider, b->provider);
	ck_assert_pstr_eq(a->spec, b->spec);
	ck_assert_pstr_eq(a->boot_id, b->boot_id);
	ck_assert_pstr_eq(a->failed_step, b->failed_step);
	ck_assert_pstr_eq(a->failed_message, b->failed_message);
	ck_assert_int_eq(a->failed_code, b->failed_code);
	ck_assert_uint_eq(a->n_steps, b->n_steps);
	for (size_t i = 0; i < a->n_steps; i++) {
		ck_assert_str_eq(a->steps[i].name, b->steps[i].name);
		ck_assert_str_eq(a->steps[i].digest, b->steps[i].digest);
		ck_assert_str_eq(a->steps[i].boot_id, b->steps[i].boot_id);
		ck_assert_int_eq(a->steps[i].state, b->steps[i].state);
		ck_assert_int_eq(a->steps[i].is_volatile, b->steps[i].is_volatile);
		ck_assert_int_eq(a->steps[i].begun_ns, b->steps[i].begun_ns);
		ck_assert_int_eq(a->steps[i].done_ns, b->steps[i].done_ns);
	}
	ck_assert_uint_eq(a->n_facts, b->n_facts);
	for (size_t i = 0; i < a->n_facts; i++) {
		ck_assert_str_eq(a->facts[i].key, b->facts[i].key);
		ck_assert_str_eq(a->facts[i].value, b->facts[i].value);
	}
}

START_TEST(lines_fold_to_a_state)
{
	write_some();
	const struct journal_state *s = journal_state(j);
	ck_assert(s->exists && !s->damaged && !s->torn && !s->rebooted);
	ck_assert_str_eq(s->kind, "machine");
	ck_assert_str_eq(s->provider, "kvm");
	ck_assert_str_eq(s->spec, "{\"name\":\"web\"}");
	ck_assert_str_eq(s->boot_id, journal_boot_id(j));
	const struct step_record *disk = journal_step(s, "kvm.disk");
	ck_assert_int_eq(disk->state, STEP_DONE);
	ck_assert_str_eq(disk->digest, "d1g3st");
	ck_assert_str_eq(disk->boot_id, s->boot_id);
	ck_assert_int_gt(disk->begun_ns, 1600000000000000000);
	ck_assert_int_ge(disk->done_ns, disk->begun_ns);
	ck_assert(!disk->is_volatile && journal_step(s, "kvm.start")->is_volatile);
	ck_assert_str_eq(journal_fact(s, "pid"), "4711");
	ck_assert_ptr_null(journal_step(s, "other"));
	ck_assert_ptr_null(journal_fact(s, "other"));
	/* The reader needs no lock and sees the same. */
	reread();
	check_same(&state, s);
}
END_TEST

START_TEST(reverts_and_failures_fold)
{
	struct err why = {.kind = ERR_FAILED, .code = 7};

	write_some();
	snprintf(why.message, sizeof(why.message), "'setup.sh' exited with 7");
	ck_ok(journal_begun(j, "provision:a", &err));
	ck_ok(journal_failed(j, "provision:a", &why, &err));
	ck_assert_str_eq(journal_state(j)->failed_step, "provision:a");
	ck_assert_str_eq(journal_state(j)->failed_message, "'setup.sh' exited with 7");
	ck_assert_int_eq(journal_state(j)->failed_code, 7);
	ck_assert_int_eq(journal_step(journal_state(j), "provision:a")->state, STEP_BEGUN);
	ck_ok(journal_reverting(j, "kvm.start", &err));
	ck_assert_ptr_null(journal_state(j)->failed_step);
	ck_assert_int_eq(journal_step(journal_state(j), "kvm.start")->state, STEP_REVERTING);
	ck_ok(journal_reverted(j, "kvm.start", &err));
	ck_assert_int_eq(journal_step(journal_state(j), "kvm.start")->state, STEP_ABSENT);
	ck_ok(journal_set(j, "pid", NULL, &err));
	ck_ok(journal_set(j, "never", NULL, &err));
	ck_assert_uint_eq(journal_state(j)->n_facts, 0);
	reread();
	check_same(&state, journal_state(j));
}
END_TEST

START_TEST(a_header_is_written_when_it_changes)
{
	struct stat before, after;

	write_some();
	ck_assert_int_eq(stat(path, &before), 0);
	ck_ok(journal_header(j, "machine", "kvm", "{\"name\":\"web\"}", &err));
	ck_assert_int_eq(stat(path, &after), 0);
	ck_assert_int_eq(before.st_size, after.st_size);
	ck_ok(journal_header(j, "machine", "kvm", "{\"name\":\"web2\"}", &err));
	reread();
	ck_assert_str_eq(state.spec, "{\"name\":\"web2\"}");
	ck_assert_uint_eq(state.n_steps, 2);
	ck_assert_str_eq(journal_fact(&state, "pid"), "4711");
}
END_TEST

START_TEST(text_of_any_bytes_survives)
{
	struct err why = {.kind = ERR_FAILED};

	snprintf(why.message, sizeof(why.message), "caf\351 \"q\" \033[0m \\ \n \302");
	ck_ok(journal_failed(j, "provision:caf\303\251", &why, &err));
	ck_ok(journal_set(j, "k\377", "v\377", &err));
	reread();
	ck_assert_str_eq(state.failed_message, why.message);
	ck_assert_str_eq(state.failed_step, "provision:caf\303\251");
	ck_assert_str_eq(journal_fact(&state, "k\377"), "v\377");
}
END_TEST

START_TEST(an_absent_file_is_an_empty_state)
{
	AUTO_FREE char *none = xasprintf("%s/none/journal", root);

	ck_ok(journal_read(none, &state, &err));
	ck_assert(!state.exists && state.n_steps == 0);
	reread();
	ck_assert(!state.exists && !state.torn && !state.damaged);
	AUTO_FREE char *text = xasprintf("'%s' is not a journal", root);
	ck_fails(journal_read(root, &state, &err), ERR_FAILED, text);
}
END_TEST

START_TEST(the_file_is_private_and_its_folder_passable)
{
	AUTO_FREE char *folder = xasprintf("%s/a/b", root);
	struct stat st;

	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_int_eq(st.st_mode & 07777, 0600);
	ck_assert_int_eq(stat(folder, &st), 0);
	ck_assert_int_eq(st.st_mode & 07777, 0711);
}
END_TEST

START_TEST(a_symbolic_link_is_no_journal)
{
	AUTO_FREE char *link_path = xasprintf("%s/link", root);
	struct journal *other;

	ck_assert_int_eq(symlink(path, link_path), 0);
	AUTO_FREE char *text =
	        xasprintf("open the journal '%s': Too many levels of symbolic links", link_path);
	ck_fails(journal_open(link_path, &other, &err), ERR_FAILED, text);
	ck_fails(journal_read(link_path, &state, &err), ERR_FAILED, text);
}
END_TEST

START_TEST(a_second_writer_is_told_who_holds_it)
{
	struct journal *other = NULL;

	ck_assert_int_eq(journal_open(path, &other, &err), -1);
	ck_assert_int_eq(err.kind, ERR_BUSY);
	AUTO_FREE char *end = xasprintf(" (pid %d)", getpid());
	AUTO_FREE char *begin = xasprintf("'%s' is held by test_journal", path);
	ck_has(err.message, begin);
	ck_assert_msg(str_ends(err.message, end), "%s", err.message);
	ck_assert_ptr_null(other);
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
	ck_ok(journal_open_after(path, 10000000000, &j, &err));
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	close(go[0]);
	close(ready[0]);
	close(ready[1]);
}
END_TEST

START_TEST(a_torn_tail_is_ignored_then_cut)
{
	AUTO_STR whole = {0};

	write_some();
	ck_ok(fs_read(path, 1 << 20, &whole, &err));
	size_t last = whole.len - 1;
	while (whole.buf[last - 1] != '\n')
		last--;
	for (size_t n = last + 1; n < whole.len; n++) {
		ck_assert_int_eq(truncate(path, (off_t)last), 0);
		int fd = open(path, O_WRONLY | O_APPEND);
		ck_ok(io_write_all(fd, whole.buf + last, n - last, &err));
		close(fd);
		reread();
		ck_assert(state.torn && !state.damaged);
		ck_assert_int_eq(journal_step(&state, "kvm.start")->state, STEP_BEGUN);
		reopen();
		ck_assert(journal_state(j)->torn);
		ck_ok(journal_done(j, "kvm.start", "", true, &err));
		/* The next opening finds whole lines, and knows that one was lost. */
		reread();
		ck_assert(state.torn && !state.damaged);
		check_same(&state, journal_state(j));
	}
}
END_TEST

START_TEST(a_tail_of_zeros_is_torn)
{
	static const char zeros[4096];

	write_some();
	int fd = open(path, O_WRONLY | O_APPEND);
	ck_ok(io_write_all(fd, zeros, sizeof(zeros), &err));
	close(fd);
	reread();
	ck_assert(state.torn && !state.damaged);
	ck_assert_uint_eq(state.n_steps, 2);
}
END_TEST

START_TEST(damage_is_located_and_the_rest_is_read)
{
	AUTO_STR whole = {0};

	write_some();
	ck_ok(fs_read(path, 1 << 20, &whole, &err));
	*strstr(whole.buf, "d1g3st") = 'D';
	ck_ok(fs_replace(path, whole.buf, whole.len, 0600, &err));
	reread();
	ck_assert(state.damaged && !state.torn);
	ck_assert_uint_eq(state.damaged_line, 3);
	ck_assert_int_eq(journal_step(&state, "kvm.disk")->state, STEP_BEGUN);
	ck_assert_int_eq(journal_step(&state, "kvm.start")->state, STEP_DONE);
	AUTO_FREE char *text = xasprintf("the journal '%s' is damaged at line 3", path);
	ck_fails(journal_intact(&state, path, &err), ERR_FAILED, text);
	ck_assert_str_eq(err.hint,
	        "'prov doctor' explains it; 'prov destroy' removes the machine "
	        "whatever its journal says");
	/* It can still be written, so that a destroy can take notes. */
	reopen();
	ck_ok(journal_reverting(j, "kvm.start", &err));
	reread();
	ck_assert(state.damaged);
	ck_assert_int_eq(journal_step(&state, "kvm.start")->state, STEP_REVERTING);
}
END_TEST

START_TEST(a_line_with_a_right_checksum_but_no_sense)
{
	AUTO_STR text = {0};

	journal_line(&text, "{\"k\":\"header\",\"v\":1,\"kind\":\"lab\",\"spec\":\"{}\"}");
	journal_line(&text, "{\"k\":\"of a later prov\",\"x\":[1]}");
	journal_line(&text, "[]");
	journal_line(&text, "{\"k\":\"begun\"}");
	journal_line(&text, "{\"k\":\"begun\",\"s\":\"a\"}");
	ck_ok(fs_replace(path, text.buf, text.len, 0600, &err));
	reread();
	ck_assert(state.damaged && !state.torn);
	ck_assert_uint_eq(state.damaged_line, 3);
	ck_assert_uint_eq(state.n_steps, 1);
	ck_assert_str_eq(state.kind, "lab");
	ck_assert_ptr_null(state.provider);
}
END_TEST

START_TEST(the_checksum_is_that_of_zlib)
{
	AUTO_STR text = {0};

	journal_line(&text, "123456789");
	ck_assert_str_eq(text.buf, "cbf43926 123456789\n");
}
END_TEST

START_TEST(a_newer_format_is_refused)
{
	AUTO_STR text = {0};

	journal_line(&text, "{\"k\":\"header\",\"v\":2,\"kind\":\"lab\"}");
	ck_ok(fs_replace(path, text.buf, text.len, 0600, &err));
	AUTO_FREE char *expected =
	        xasprintf("the journal '%s' has format 2, this prov knows 1", path);
	ck_fails(journal_read(path, &state, &err), ERR_FAILED, expected);
	ck_assert_str_eq(err.hint, "use the newer prov that wrote it");
}
END_TEST

START_TEST(another_boot_is_noticed)
{
	AUTO_STR text = {0};

	journal_line(&text, "{\"k\":\"header\",\"v\":1,\"boot\":\"other\",\"kind\":\"machine\"}");
	journal_line(&text, "{\"k\":\"begun\",\"s\":\"a\"}");
	journal_line(&text, "{\"k\":\"done\",\"s\":\"a\",\"volatile\":true}");
	ck_ok(fs_replace(path, text.buf, text.len, 0600, &err));
	reopen();
	ck_assert(journal_state(j)->rebooted);
	ck_assert_str_eq(journal_step(journal_state(j), "a")->boot_id, "other");
	ck_ok(journal_begun(j, "b", &err));
	ck_ok(journal_done(j, "b", "", true, &err));
	ck_assert_str_eq(journal_step(journal_state(j), "b")->boot_id, journal_boot_id(j));
	reread();
	ck_assert(state.rebooted);
	check_same(&state, journal_state(j));
}
END_TEST

START_TEST(a_full_disk_leaves_whole_lines)
{
	struct rlimit limit;
	struct stat st;

	write_some();
	ck_assert_int_eq(stat(path, &st), 0);
	signal(SIGXFSZ, SIG_IGN);
	ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = (rlim_t)st.st_size + 20;
	/* Nothing is asserted under the limit: Check writes a file of its own. */
	int set = setrlimit(RLIMIT_FSIZE, &limit);
	int rc = journal_begun(j, "kvm.more", &err);
	limit.rlim_cur = limit.rlim_max;
	int reset = setrlimit(RLIMIT_FSIZE, &limit);
	ck_assert(set == 0 && reset == 0 && rc == -1);
	AUTO_FREE char *text = xasprintf("write the journal '%s': No space left on device", path);
	ck_assert_str_eq(err.message, text);
	ck_assert_ptr_null(journal_step(journal_state(j), "kvm.more"));
	ck_ok(journal_begun(j, "kvm.more", &err));
	reread();
	ck_assert(!state.torn && !state.damaged);
	check_same(&state, journal_state(j));
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
	return poll(NULL, 0, 60000);
}

int main(int argc, char **argv)
{
	const TTest *const tests[] = {lines_fold_to_a_state, reverts_and_failures_fold,
	        a_header_is_written_when_it_changes, text_of_any_bytes_survives,
	        an_absent_file_is_an_empty_state, the_file_is_private_and_its_folder_passable,
	        a_symbolic_link_is_no_journal, a_second_writer_is_told_who_holds_it,
	        the_holder_is_another_program, the_lock_goes_with_the_process,
	        a_dying_holder_is_waited_for, a_torn_tail_is_ignored_then_cut,
	        a_tail_of_zeros_is_torn, damage_is_located_and_the_rest_is_read,
	        a_line_with_a_right_checksum_but_no_sense, the_checksum_is_that_of_zlib,
	        a_newer_format_is_refused, another_boot_is_noticed, a_full_disk_leaves_whole_lines,
	        discard_removes_all_and_can_still_be_written, the_lock_of_an_unlinked_file_is_none,
	        the_descriptor_is_not_inherited};

	if (argc == 6 && str_eq(argv[3], "--hold"))
		return hold(argv[4], atoi(argv[5]));
	return suite_run("journal", tests, ARRAY_SIZE(tests), set_up, tear_down);
}
