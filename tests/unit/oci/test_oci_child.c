/* What the waiting process writes about itself, where the container may have changed the files. */
#include "oci/child.h"

#include "base/fs.h"
#include "tests/fake/check_util.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static struct err err;

/* In a root of its own, where /proc is what the caller put there. */
static int label_in(const char *root, struct err *why)
{
	struct oci_process p = {.selinux = (char *)(uintptr_t) "label"};
	int line[2], status;

	ck_assert_int_eq(pipe(line), 0);
	pid_t pid = fork();
	if (pid == 0) {
		int rc = chroot(root) < 0 || chdir("/") < 0 ? 77 : child_ways(&p, &err) < 0;
		_exit(rc == 1 && write(line[1], &err, sizeof(err)) != sizeof(err) ? 78 : rc);
	}
	close(line[1]);
	if (read(line[0], why, sizeof(*why)) != sizeof(*why))
		*why = (struct err){0};
	close(line[0]);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return WEXITSTATUS(status);
}

START_TEST(labels_go_to_a_procfs_alone)
{
	char root[] = "/tmp/prov-oci-child-XXXXXX";
	struct err why;
	AUTO_STR text = {0};

	if (geteuid() != 0) {
		printf("SKIP oci child: only root may change its root\n");
		return;
	}
	ck_assert_ptr_nonnull(mkdtemp(root));
	AUTO_FREE char *folder = xasprintf("%s/proc/thread-self/attr", root);
	AUTO_FREE char *file = xasprintf("%s/exec", folder);
	AUTO_FREE char *module = xasprintf("%s/sys/fs/selinux", root);
	AUTO_FREE char *enforce = xasprintf("%s/enforce", module);
	ck_ok(fs_mkdirs(folder, 0755, &err));
	ck_ok(fs_mkdirs(module, 0755, &err));
	ck_ok(fs_replace(file, "untouched", 9, 0644, &err));
	ck_ok(fs_replace(enforce, "1", 1, 0644, &err));
	ck_assert_int_eq(label_in(root, &why), 1);
	ck_assert_str_eq(
	        why.message, "set the label 'label': '/proc' of the container is no procfs");
	ck_ok(fs_read(file, 64, &text, &err));
	ck_assert_str_eq(str_text(&text), "untouched");
	ck_ok(fs_remove_tree(root, &err));
}
END_TEST

/* Here the kernel decides about the label: it has no such module. */
START_TEST(a_real_procfs_is_asked)
{
	struct err why;

	if (geteuid() != 0 || fs_exists("/sys/fs/selinux/enforce")) {
		printf("SKIP oci child: not root, or SELinux runs here\n");
		return;
	}
	ck_assert_int_eq(label_in("/", &why), 1);
	ck_has(why.message, "set the label 'label': ");
	ck_assert_ptr_null(strstr(why.message, "no procfs"));
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {labels_go_to_a_procfs_alone, a_real_procfs_is_asked};

	return suite_run("oci_child", tests, ARRAY_SIZE(tests), NULL, NULL);
}
