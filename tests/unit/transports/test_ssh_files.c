/* Files and folders over SSH, with the tools of the host (OpenSSH) and with busybox's (dropbear).
 */
#include "base/proc.h"
#include "tests/unit/transports/ssh_open.h"

#include <sys/stat.h>
#include <unistd.h>

/* A path in the server's folder, which both sides see. The caller frees. */
static char *in_dir(const char *name)
{
	return xasprintf("%s/%s", sshd.dir, name);
}

/* Runs a script on the host with $D the folder; returns what it printed. The caller frees. */
static char *host(const char *script)
{
	AUTO_FREE char *text = xasprintf("D=%s; %s", sshd.dir, script);
	const char *const argv[] = {"sh", "-c", text, NULL};
	struct err err = {0};
	struct str out = {0};

	ck_assert_msg(proc_check(argv, &out, &err) == 0, "%s: %s", script, err.message);
	return str_steal(&out);
}

static void host_says(const char *script, const char *wanted)
{
	AUTO_FREE char *said = host(script);

	ck_assert_msg(strcmp(said, wanted) == 0, "%s: '%s' is not '%s'", script, said, wanted);
}

static int copy(int (*op)(struct transport *, const struct transport_file *, struct err *),
        const char *from, const char *to, int mode, const char *owner, struct err *err)
{
	AUTO_FREE char *source = *from == '/' ? xstrdup(from) : in_dir(from);
	AUTO_FREE char *destination = in_dir(to);
	const struct transport_file file = {
	        .source = source, .destination = destination, .mode = mode, .owner = owner};

	return op(t, &file, err);
}

static void put(const char *from, const char *to, int mode, const char *owner)
{
	struct err err = {0};

	ck_assert_msg(copy(t->ops->put, from, to, mode, owner, &err) == 0, "%s", err.message);
}

static void get(const char *from, const char *to, int mode)
{
	struct err err = {0};

	ck_assert_msg(copy(t->ops->get, from, to, mode, NULL, &err) == 0, "%s", err.message);
}

static void refused(int (*op)(struct transport *, const struct transport_file *, struct err *),
        const char *from, const char *to, const char *owner, const char *text)
{
	struct err err = {0};

	ck_assert_int_eq(copy(op, from, to, -1, owner, &err), -1);
	ck_assert_msg(strstr(err.message, text), "'%s' is not in '%s'", text, err.message);
}

START_TEST(test_file)
{
	if (!begin(_i))
		return;
	free(host("umask 022; printf 'one\\n' >$D/a; chmod 4751 $D/a; : >$D/empty"));
	put("a", "new/folder/it's b", -1, NULL);
	host_says(
	        "stat -c '%a %U:%G' $D/new/folder/*; cat $D/new/folder/*", "4751 root:root\none\n");
	host_says("stat -c %a $D/new $D/new/folder; ls $D/new/folder", "755\n755\nit's b\n");
	put("a", "new/folder/it's b", 0640, "12:34");
	host_says("stat -c '%a %u:%g' $D/new/folder/*", "640 12:34\n");
	put("empty", "new/folder/it's b", -1, FAKE_SSHD_USER);
	host_says("stat -c '%a %s %u:%g' $D/new/folder/*", "644 0 23456:23456\n");
	put("a", "staff", 0600, FAKE_SSHD_USER ":staff");
	host_says("stat -c '%a %u:%g' $D/staff", "600 23456:50\n");
	end();
}
END_TEST

START_TEST(test_file_back)
{
	if (!begin(_i))
		return;
	free(host("umask 022; printf 'one\\n' >$D/a; chmod 4751 $D/a; chown 12:34 $D/a"));
	get("a", "back/b", -1);
	/* The host decides about owners and set-id bits. */
	host_says("stat -c '%a %u:%g' $D/back/b; cat $D/back/b", "751 0:0\none\n");
	get("a", "back/b", 0600);
	host_says("stat -c %a $D/back/b; ls -A $D/back", "600\nb\n");
	get("/proc/self/cmdline", "back/c", -1);
	host_says("tr '\\0' ' ' <$D/back/c", "cat /proc/self/cmdline ");
	end();
}
END_TEST

START_TEST(test_big_file)
{
	if (!begin(_i))
		return;
	free(host("head -c 10485767 /dev/urandom >$D/big"));
	put("big", "there", -1, NULL);
	get("there", "back", -1);
	host_says("cmp $D/big $D/there && cmp $D/big $D/back && echo same", "same\n");
	end();
}
END_TEST

START_TEST(test_folder)
{
	static const char list[] = "cd $D/%s && find . -printf '%%P %%y %%m %%l\\n' | sort";
	if (!begin(_i))
		return;
	free(host("umask 022; mkdir -p $D/tree/sub/deep $D/tree/empty; cd $D/tree; echo 1 >sub/x; "
	          "chmod 640 sub/x; ln -s sub/x link; ln -s /nowhere dangling; chmod 700 empty; "
	          "echo h >h1; ln h1 h2; touch \"sub/deep/two words's\"; "
	          "name=$(printf 'n%.0s' $(seq 120)); mkdir $name; echo l >$name/$name"));
	put("tree", "far/copy", -1, NULL);
	AUTO_FREE char *list_source = xasprintf(list, "tree");
	AUTO_FREE char *list_far = xasprintf(list, "far/copy");
	AUTO_FREE char *list_back = xasprintf(list, "back");
	AUTO_FREE char *wanted = host(list_source);
	host_says(list_far, wanted);
	host_says("diff -r --no-dereference $D/tree $D/far/copy && echo same", "same\n");
	get("far/copy", "back", -1);
	host_says(list_back, wanted);
	host_says("diff -r --no-dereference $D/tree $D/back && echo same", "same\n");
	put("tree", "owned", -1, FAKE_SSHD_USER);
	/* busybox's tar leaves the owner of symbolic links alone. */
	host_says("find $D/owned ! -type l '(' ! -user 23456 -o ! -group 23456 ')'", "");
	end();
}
END_TEST

START_TEST(test_folder_that_is_there)
{
	if (!begin(_i))
		return;
	free(host("mkdir -m 700 $D/tree; echo new >$D/tree/a; mkdir -m 1777 $D/there; echo old "
	          ">$D/there/a; echo keep >$D/there/b; chown 7:8 $D/there $D/there/b"));
	put("tree", "there", -1, NULL);
	host_says("cd $D/there; stat -c '%n %a %u:%g' . b; cat a b",
	        ". 1777 7:8\nb 644 7:8\nnew\nkeep\n");
	end();
}
END_TEST

START_TEST(test_an_evil_machine)
{
	if (!begin(_i))
		return;
	free(host("mkdir $D/evil; cd $D/evil; echo x >suid; chmod 6755 suid; chown 12:34 suid; "
	          "ln -s $D/outside out; mkdir $D/outside $D/back; ln -s $D/outside $D/back/trap"));
	get("evil", "back", -1);
	AUTO_FREE char *wanted = xasprintf("suid 755 0:0\n%s/outside\n", sshd.dir);
	host_says("cd $D/back; stat -c '%n %a %u:%g' suid; readlink out; ls $D/outside", wanted);
	free(host("mknod $D/evil/null c 1 3"));
	get("evil", "other", -1);
	host_says("cd $D/other; find . | sort", ".\n./out\n./suid\n");
	/* A link that stands where a folder is to come is not gone through. */
	free(host("rm -rf $D/evil/*; mkdir $D/evil/trap; echo x >$D/evil/trap/file"));
	refused(t->ops->get, "evil", "back", NULL, "'trap' leads through a symbolic link");
	host_says("ls $D/outside", "");
	end();
}
END_TEST

START_TEST(test_refusals)
{
	if (!begin(_i))
		return;
	free(host("mkdir $D/folder; echo x >$D/file; mkfifo $D/fifo"));
	refused(t->ops->put, "absent", "x", NULL, "absent': No such file or directory");
	refused(t->ops->put, "file", "folder", NULL, "/folder' is a folder");
	refused(t->ops->put, "fifo", "x", NULL, "/fifo' is neither a file nor a folder");
	refused(t->ops->put, "file", "x", "nosuchuser", "nosuchuser");
	refused(t->ops->put, "folder", "x", "nosuchuser", "nosuchuser");
	host_says("ls -A $D/folder; ls -d $D/x* 2>/dev/null; true", "");
	refused(t->ops->get, "absent", "x", NULL, "there is no such file in the machine");
	refused(t->ops->get, "fifo", "x", NULL, "it is neither a file nor a folder");
	refused(t->ops->get, "file", "folder", NULL, "/folder' is a folder");
	host_says("ls -d $D/x* 2>/dev/null; true", "");
	end();
}
END_TEST

int main(void)
{
	const struct sshd_case both[] = {
	        {"file", test_file},
	        {"file back", test_file_back},
	        {"big", test_big_file},
	        {"folder", test_folder},
	        {"existing folder", test_folder_that_is_there},
	        {"evil", test_an_evil_machine},
	        {"refusals", test_refusals},
	};
	Suite *s = sshd_suite("ssh_files", both, ARRAY_SIZE(both), 60);

	use_built_modules();
	return suite_finish(s);
}
