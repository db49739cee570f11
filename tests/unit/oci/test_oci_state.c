#include "oci/hooks.h"
#include "oci/state.h"

#include "base/fs.h"
#include "base/proc.h"
#include "tests/fake/check_util.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static struct err err;
static char root[64];

static void make_root(void)
{
	snprintf(root, sizeof(root), "/tmp/prov-oci-test-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(root));
}

static void remove_root(void)
{
	ck_assert_int_eq(fs_remove_tree(root, &err), 0);
}

START_TEST(ids)
{
	static const char *const good[] = {"a", "web-1", "a.b_c+d", "...", "0"};
	static const char *const bad[] = {".", "..", "a/b", "a b", "a\n", "caf\303\251", "a:b"};
	char longest[257];

	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		ck_assert_int_eq(oci_id_check(good[i], &err), 0);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		AUTO_FREE char *message = xasprintf(
		        "'%s' is no id of a container: letters, digits and _ + . - are", bad[i]);
		ck_assert_int_eq(oci_id_check(bad[i], &err), -1);
		ck_assert_str_eq(err.message, message);
	}
	memset(longest, 'x', 256);
	longest[256] = '\0';
	ck_assert_int_eq(oci_id_check(longest, &err), -1);
	ck_assert_str_eq(err.message, "the container's id is longer than 255 characters");
	ck_assert_int_eq(oci_id_check("", &err), -1);
	ck_assert_str_eq(err.message, "the container's id is empty");
}
END_TEST

START_TEST(an_id_is_taken_once)
{
	AUTO_HOME first = {.fd = -1};
	AUTO_HOME second = {.fd = -1};

	ck_assert_int_eq(oci_home_make(root, "web", &first, &err), 0);
	ck_assert_int_eq(oci_home_make(root, "web", &second, &err), -1);
	ck_assert_str_eq(err.message, "container 'web' already exists");
	ck_assert_int_eq(oci_home_open(root, "db", false, &second, &err), -1);
	ck_assert_str_eq(err.message, "container 'db' does not exist");
	ck_assert_int_eq(err.kind, ERR_MISSING);
	ck_assert_int_eq(oci_home_remove(&first, &err), 0);
	ck_assert_int_eq(oci_home_open(root, "web", false, &second, &err), -1);
}
END_TEST

START_TEST(state_survives)
{
	AUTO_HOME home = {.fd = -1};
	AUTO_HOME other = {.fd = -1};
	char id[] = "web", bundle[] = "/b \"x\"", rootfs[] = "/b/r", cgroup[] = "c";
	struct oci_state s = {.id = id,
	        .bundle = bundle,
	        .rootfs = rootfs,
	        .cgroup = cgroup,
	        .pid = getpid(),
	        .own_cgroup = true,
	        .below_root = 77};
	struct oci_state back;

	ck_assert_int_eq(oci_home_make(root, "web", &home, &err), 0);
	/* While who makes it is at it, it is being created. */
	ck_assert_int_eq(oci_home_open(root, "web", false, &other, &err), 0);
	ck_assert_int_eq(oci_state_read(&other, "web", &back, &err), 0);
	ck_assert_int_eq(oci_state_status(&other, &back), OCI_CREATING);
	oci_state_clear(&back);
	ck_assert_int_eq(proc_start_time(s.pid, &s.start_ticks, &err), 0);
	s.annotations = json_pack("{s:s}", "a", "b");
	ck_assert_int_eq(oci_state_write(&home, &s, &err), 0);
	ck_assert_int_eq(oci_state_read(&home, "web", &back, &err), 0);
	ck_assert_str_eq(back.bundle, s.bundle);
	ck_assert_str_eq(back.cgroup, "c");
	ck_assert(back.pid == s.pid && back.start_ticks == s.start_ticks);
	ck_assert(back.own_cgroup && back.below_root == 77);
	ck_assert_int_eq(oci_state_status(&home, &back), OCI_RUNNING);
	AUTO_FREE char *fifo = xasprintf("%s/web/start", root);
	ck_assert_int_eq(mkfifo(fifo, 0600), 0);
	ck_assert_int_eq(oci_state_status(&home, &back), OCI_CREATED);
	back.start_ticks++; /* the same number, another process */
	ck_assert_int_eq(oci_state_status(&home, &back), OCI_STOPPED);
	json_t *shown = oci_state_json(&back, OCI_RUNNING);
	AUTO_FREE char *text = json_dumps(shown, JSON_COMPACT);
	AUTO_FREE char *wanted = xasprintf(
	        "{\"ociVersion\":\"1.2.0\",\"id\":\"web\",\"status\":\"running\",\"pid\":%d,"
	        "\"bundle\":\"/b \\\"x\\\"\",\"annotations\":{\"a\":\"b\"}}",
	        getpid());
	ck_assert_str_eq(text, wanted);
	json_decref(shown);
	json_decref(s.annotations);
	oci_state_clear(&back);
}
END_TEST

START_TEST(a_damaged_state_is_said)
{
	AUTO_HOME home = {.fd = -1};
	struct oci_state back;

	ck_assert_int_eq(oci_home_make(root, "web", &home, &err), 0);
	AUTO_FREE char *path = xasprintf("%s/web/state.json", root);
	ck_assert_int_eq(fs_replace(path, "{", 1, 0600, &err), 0);
	ck_assert_int_eq(oci_state_read(&home, "web", &back, &err), -1);
	ck_assert_ptr_nonnull(strstr(err.message, "state.json' is damaged: "));
	ck_assert_str_eq(err.hint, "prov-oci delete --force web removes what is left of it");
}
END_TEST

static int run_hook(const char *command, const char *more)
{
	AUTO_FREE char *full = xasprintf(
	        "{\"hooks\": {\"prestart\": [{\"path\": \"/bin/sh\", \"args\": [\"sh\", \"-c\", "
	        "\"%s\"], \"env\": [\"A=b\"]%s}]}}",
	        command, more);
	json_t *tree = json_loads(full, 0, NULL);
	json_t *state = json_pack("{s:s}", "id", "web");
	struct node top = {NULL, NULL, 0, tree};
	struct hooks hooks;

	ck_assert_ptr_nonnull(tree);
	ck_assert_int_eq(hooks_read(&top, &hooks, &err), 0);
	int rc = hooks_run(&hooks, HOOK_PRESTART, state, root, NULL, NULL, &err);
	hooks_clear(&hooks);
	json_decref(state);
	json_decref(tree);
	return rc;
}

START_TEST(hooks_get_the_state)
{
	AUTO_STR said = {0};
	AUTO_FREE char *path = xasprintf("%s/out", root);

	ck_assert_msg(run_hook("cat >out; echo /$A/$HOME/ >>out", "") == 0, "%s", err.message);
	ck_assert_int_eq(fs_read(path, 100, &said, &err), 0);
	ck_assert_str_eq(str_text(&said), "{\"id\":\"web\"}/b//\n");
	ck_assert_int_eq(run_hook("echo no >&2; exit 3", ""), -1);
	ck_assert_str_eq(err.message, "prestart hook '/bin/sh' exited with 3: no");
	ck_assert_int_eq(run_hook("sleep 1000", ", \"timeout\": 1"), -1);
	ck_assert_str_eq(err.message, "prestart hook '/bin/sh': 'sh' ran longer than 1 s");
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {ids, an_id_is_taken_once, state_survives,
	        a_damaged_state_is_said, hooks_get_the_state};

	return suite_run("oci state", tests, ARRAY_SIZE(tests), make_root, remove_root);
}
