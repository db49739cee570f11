/* Which file a lab is read from, and what the template of a new one says. */
#include "tests/unit/lab/load.h"

#include <sys/stat.h>
#include <unistd.h>

static struct loaded l;

START_TEST(the_lab_is_named_after_its_folder)
{
	load_begin(&l);
	AUTO_FREE char *folder = xasprintf("%s/My Lab_(copy)", l.folder);
	AUTO_FREE char *file = xasprintf("%s/prov.yml", folder), *found = NULL;
	ck_assert_int_eq(mkdir(folder, 0755), 0);
	ck_assert_int_eq(fs_replace(file, "machines:\n", 10, 0644, &l.err), 0);
	ck_assert_int_eq(config_find(folder, &found, &l.err), 0);
	ck_assert_str_eq(found, file);
	ck_assert_int_eq(config_load(found, NULL, &l.lab, &l.problems, &l.err), 0);
	ck_assert_str_eq(l.lab.lab, "my-lab-copy");
	ck_assert_str_eq(l.lab.folder, folder);
	ck_assert_str_eq(l.lab.file, file);
	ck_assert_int_eq(l.lab.n, 0);
	load_end(&l);
}
END_TEST

START_TEST(the_file_is_found_upwards)
{
	load_begin(&l);
	AUTO_FREE char *deep = xasprintf("%s/a/b", l.folder), *found = NULL, *again = NULL;
	AUTO_FREE char *want = xasprintf("%s/prov.yaml", l.folder);
	ck_assert_int_eq(fs_mkdirs(deep, 0755, &l.err), 0);
	AUTO_FREE char *none = xasprintf("no prov.yaml found in '%s' or above", deep);
	if (config_find(deep, &found, &l.err) == 0) {
		printf("SKIP /tmp has a prov.yaml above it: %s\n", found);
		ck_assert_ptr_null(getenv("PROV_TEST_MUST_RUN"));
	} else {
		ck_assert_str_eq(l.err.message, none);
		ck_assert_int_eq(l.err.kind, ERR_CONFIG);
		ck_assert_str_eq(l.err.hint, "write one with 'prov init', or name one with --file");
		load_file(&l, "prov.yaml", "", 0);
		ck_assert_int_eq(config_find(deep, &found, &l.err), 0);
		ck_assert_str_eq(found, want);
	}
	load_file(&l, "prov.yaml", "", 0);
	load_file(&l, "prov.yml", "", 0);
	ck_assert_int_eq(config_find(deep, &again, &l.err), -1);
	AUTO_FREE char *both = xasprintf("both prov.yaml and prov.yml are in '%s'", l.folder);
	ck_assert_str_eq(l.err.message, both);
	load_end(&l);
}
END_TEST

START_TEST(a_link_is_read_where_it_lies)
{
	load_begin(&l);
	AUTO_FREE char *folder = xasprintf("%s/lab", l.folder);
	AUTO_FREE char *file = xasprintf("%s/prov.yaml", folder);
	load_file(&l, "shared.yaml", "machines:\n", 10);
	ck_assert(mkdir(folder, 0755) == 0 && symlink("../shared.yaml", file) == 0);
	ck_assert_int_eq(config_load(file, NULL, &l.lab, &l.problems, &l.err), 0);
	ck_assert_str_eq(l.lab.folder, folder);
	load_end(&l);
}
END_TEST

START_TEST(files_that_cannot_be_read)
{
	load_begin(&l);
	load_now(&l, NULL);
	ck_assert(l.rc == -1 && l.err.kind == ERR_CONFIG && l.problems.n == 0);
	AUTO_FREE char *absent =
	        xasprintf("open '%s/prov.yaml': No such file or directory", l.folder);
	ck_assert_str_eq(l.err.message, absent);
	lab_decl_clear(&l.lab);
	AUTO_FREE char *path = xasprintf("%s/prov.yaml", l.folder);
	ck_assert_int_eq(mkfifo(path, 0600), 0);
	load_now(&l, NULL); /* does not wait for a writer */
	ck_assert(l.rc == -1 && l.err.kind == ERR_CONFIG);
	AUTO_FREE char *fifo = xasprintf("'%s' is not a file", path);
	ck_assert_str_eq(l.err.message, fifo);
	load_end(&l);
}
END_TEST

START_TEST(the_template_loads)
{
	load_good(&l, config_template(), NULL);
	ck_assert_int_eq(l.lab.n, 1);
	ck_assert_str_eq(l.lab.machines[0].selector, "web@container");
	load_end(&l);
}
END_TEST

/* Every line that is commented out of the template is right, too. */
START_TEST(the_template_s_comments_load)
{
	AUTO_STR text = {0};
	const char *p = config_template();

	while (*p) {
		size_t n = strcspn(p, "\n"), indent = strspn(p, " ");
		bool key = p[indent] == '#' && indent > 0 && !strstr(config_template(), "\t");
		if (key && strncmp(p + indent, "# depends_on", 12) == 0)
			key = false; /* there is no db */
		if (key)
			str_addf(&text, "%.*s%.*s\n", (int)indent, p, (int)(n - indent - 2),
			        p + indent + 2);
		else
			str_addf(&text, "%.*s\n", (int)n, p);
		p += n + (p[n] == '\n');
	}
	load_begin(&l);
	load_file(&l, "prov.yaml", text.buf, text.len);
	load_file(&l, "site.conf", "", 0);
	load_file(&l, "setup.sh", "", 0);
	load_now(&l, NULL);
	AUTO_FREE char *problems = load_problems(&l);
	ck_assert_msg(l.rc == 0, "%s\n%s", problems, text.buf);
	ck_assert(l.lab.n == 3 && l.lab.machines[0].n_provision == 3);
	ck_assert_int_eq(l.lab.machines[0].ready.type, READY_TCP);
	load_end(&l);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("config_file");
	TCase *tc = tcase_create("config");

	tcase_set_timeout(tc, 30);
	tcase_add_test(tc, the_lab_is_named_after_its_folder);
	tcase_add_test(tc, the_file_is_found_upwards);
	tcase_add_test(tc, a_link_is_read_where_it_lies);
	tcase_add_test(tc, files_that_cannot_be_read);
	tcase_add_test(tc, the_template_loads);
	tcase_add_test(tc, the_template_s_comments_load);
	suite_add_tcase(suite, tc);
	return suite_finish(suite);
}
