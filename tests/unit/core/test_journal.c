#include "tests/unit/core/journal_files.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

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
	ck_assert(journal_started(s));
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
	ck_assert(!journal_started(journal_state(j)));
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

START_TEST(the_checksum_is_that_of_zlib)
{
	AUTO_STR text = {0};

	journal_line(&text, "123456789");
	ck_assert_str_eq(text.buf, "cbf43926 123456789\n");
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
	ck_assert(!journal_started(journal_state(j)));
	ck_ok(journal_begun(j, "b", &err));
	ck_ok(journal_done(j, "b", "", true, &err));
	ck_assert_str_eq(journal_step(journal_state(j), "b")->boot_id, journal_boot_id(j));
	reread();
	ck_assert(state.rebooted);
	check_same(&state, journal_state(j));
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {lines_fold_to_a_state, reverts_and_failures_fold,
	        a_header_is_written_when_it_changes, text_of_any_bytes_survives,
	        an_absent_file_is_an_empty_state, the_file_is_private_and_its_folder_passable,
	        a_symbolic_link_is_no_journal, the_checksum_is_that_of_zlib,
	        another_boot_is_noticed};

	return suite_run("journal", tests, ARRAY_SIZE(tests), set_up, tear_down);
}
