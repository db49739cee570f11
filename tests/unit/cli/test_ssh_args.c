/* ssh's command line as rsync, git, sftp and Ansible write it. */
#include "cli/ssh_args.h"
#include "tests/fake/check_util.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static struct ssh_args args;
static struct err err;

static void tear_down(void)
{
	ssh_args_clear(&args);
}

/* Words split at blanks; '_' stands for one. */
static int read_line(const char *line)
{
	static char copy[400];
	static char *words[40];
	size_t n = 0;

	ssh_args_clear(&args);
	err = (struct err){0};
	ck_assert(strlen(line) < sizeof(copy));
	strcpy(copy, line);
	for (char *w = strtok(copy, " "); w; w = strtok(NULL, " "))
		words[n++] = w;
	words[n] = NULL;
	for (size_t i = 0; i < n; i++)
		for (char *p = words[i]; *p; p++)
			*p = *p == '_' ? ' ' : *p;
	return ssh_args_read(words, &args, &err);
}

static void reads(const char *line, const char *host, const char *user, const char *command)
{
	ck_assert_msg(read_line(line) == 0, "%s: %s", line, err.message);
	ck_assert_str_eq(args.host, host);
	ck_assert_msg(str_eq(args.user, user), "%s: user %s", line, args.user);
	ck_assert_msg(str_eq(args.command, command), "%s: command %s", line, args.command);
}

static void refuses(const char *line, const char *message)
{
	ck_assert_int_eq(read_line(line), -1);
	ck_assert_int_eq(err.kind, ERR_USAGE);
	ck_assert_str_eq(err.message, message);
}

START_TEST(what_tools_write)
{
	reads("-l web kvm rsync --server -logDtpre.iLsfxCIvu . dir", "kvm", "web",
	        "rsync --server -logDtpre.iLsfxCIvu . dir");
	reads("-o SendEnv=GIT* -p 22 git@web git-upload-pack_'/r.git'", "git@web", NULL,
	        "git-upload-pack '/r.git'");
	reads("-oForwardX11_no -oPermitLocalCommand_no -oClearAllForwardings_yes -s web sftp",
	        "web", NULL, "sftp");
	ck_assert(args.subsystem);
	reads("-C -o ControlMaster=auto -o ControlPersist=60s -o KbdInteractiveAuthentication=no "
	      "-o User=\"debian\" -o ConnectTimeout=10 -o ControlPath=\"/a/b\" -tt web-kvm "
	      "/bin/sh_-c_'echo_~'",
	        "web-kvm", "debian", "/bin/sh -c 'echo ~'");
	ck_assert_int_eq(args.tty, 2);
	ck_assert(args.shared && !args.only_ssh);
	/* What is passed on to ssh has neither user nor path. */
	for (size_t i = 0; i < args.passed.n; i++)
		ck_assert(!strstr(args.passed.v[i], "User") &&
		        !strstr(args.passed.v[i], "ControlPath"));
}
END_TEST

START_TEST(options)
{
	reads("web", "web", NULL, NULL);
	reads("web -p22 -4l root id -un", "web", "root", "id -un");
	ck_assert_str_eq(args.passed.v[0], "-p");
	ck_assert_str_eq(args.passed.v[1], "22");
	reads("-- web -- -x", "web", NULL, "-- -x");
	reads("-l a -o User=b web", "web", "a", NULL);
	reads("-o user_b -l a web", "web", "b", NULL);
	reads("-nqT web x", "web", NULL, "x");
	ck_assert(args.no_stdin && args.quiet && args.tty == -1);
	reads("-o RequestTTY=no -o StdinNull=yes web", "web", NULL, NULL);
	ck_assert(args.no_stdin && args.tty == -1);
	reads("-F /x web", "web", NULL, NULL);
	ck_assert(args.has_file);
	reads("-O check web", "web", NULL, NULL);
	ck_assert(args.control);
	reads("-G web", "web", NULL, NULL);
	ck_assert(args.show);
	ck_assert_int_eq(read_line("-V"), 0);
	ck_assert(args.version);
	reads("-N -L 1:a:2 web", "web", NULL, NULL);
	ck_assert_str_eq(args.only_ssh, "-N");
	reads("-o LocalForward=1_a:2 web", "web", NULL, NULL);
	ck_assert_str_eq(args.only_ssh, "LocalForward");
	reads("-o DynamicForward=none -S none web", "web", NULL, NULL);
	ck_assert(!args.only_ssh && !args.shared);
}
END_TEST

START_TEST(refused)
{
	refuses("", "ssh needs a host");
	refuses("-p 22", "ssh needs a host");
	refuses("-Z web", "ssh has no option '-Z'");
	refuses("web -p", "ssh's option '-p' needs a value");
	refuses("-o Nonsense=1 web", "ssh has no configuration option 'Nonsense'");
	refuses("-s web", "ssh -s needs the name of a subsystem");
	refuses("--verbose web", "ssh has no option '--'");
}
END_TEST

START_TEST(environment)
{
	static char one[] = "LC_ALL=C", two[] = "LC_TIME=x", three[] = "HOME=/x",
	            four[] = "GIT_PROTOCOL=version=2";
	char *env[] = {one, two, three, four, NULL};
	AUTO_STRV out = {0};

	reads("-o SendEnv=LC*_GIT* -o SendEnv=-LC?TIME -o SetEnv=A=b_c web", "web", NULL, NULL);
	ssh_args_env(&args, env, &out);
	ck_assert_int_eq(out.n, 3);
	ck_assert_str_eq(out.v[0], "LC_ALL=C");
	ck_assert_str_eq(out.v[1], "GIT_PROTOCOL=version=2");
	ck_assert_str_eq(out.v[2], "A=b");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("ssh args");
	TCase *tc = tcase_create("ssh args");

	tcase_add_checked_fixture(tc, NULL, tear_down);
	tcase_add_test(tc, what_tools_write);
	tcase_add_test(tc, options);
	tcase_add_test(tc, refused);
	tcase_add_test(tc, environment);
	suite_add_tcase(s, tc);
	return suite_finish(s);
}
