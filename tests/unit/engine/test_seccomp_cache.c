/* Profiles that are refused, and programs that are kept. */
#include "engine/caps.h"
#include "engine/seccomp.h"
#include "tests/fake/check_util.h"
#include "tests/unit/engine/seccomp_load.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

static struct err err;
static char *home, *cache;
static struct seccomp_profile profile;

/* All is allowed but uname, which gives errno 77. */
static void set_up(void)
{
	home = tmp_begin();
	cache = xasprintf("%s/deep/kept", home);
	profile = (struct seccomp_profile){
	        .default_action = xstrdup("SCMP_ACT_ALLOW"), .default_errno = -1};
	struct seccomp_rule *rule = seccomp_rule_add_to(&profile, "SCMP_ACT_ERRNO");
	strv_add(&rule->names, "uname");
	strv_add(&rule->names, "a_call_of_another_kernel");
	rule->errno_ret = 77;
}

static void tear_down(void)
{
	seccomp_profile_clear(&profile);
	free(cache);
	tmp_end(home);
}

/* errno of the call in a child that has loaded p; 256 + n if signal n ended it. */
static int call(const struct seccomp_program *p, long number, long a, long b)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		seccomp_load(p);
		_exit(syscall(number, a, b) < 0 ? errno : 0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 256 + WTERMSIG(status);
}

static void denies_uname(const char *folder)
{
	struct seccomp_program p = {0};
	struct utsname name;

	ck_ok(seccomp_compile(&profile, folder, &p, &err));
	ck_assert_int_eq(call(&p, SYS_uname, (long)&name, 0), 77);
	ck_assert_int_eq(call(&p, SYS_getpid, 0, 0), 0);
	seccomp_clear(&p);
}

static char *kept(void)
{
	AUTO_STRV names = {0};

	ck_ok(fs_list(cache, &names, &err));
	ck_assert_uint_eq(names.n, 1);
	return xasprintf("%s/%s", cache, names.v[0]);
}

START_TEST(without_a_cache)
{
	denies_uname(NULL);
}
END_TEST

START_TEST(kept_and_used_without_the_library)
{
	struct stat st;

	denies_uname(cache);
	AUTO_FREE char *path = kept();
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0600);
	setenv("PROV_MODULE_DIR", home, 1);
	denies_uname(cache);

	struct seccomp_program p = {0};
	ck_assert_int_eq(seccomp_compile(&profile, NULL, &p, &err), -1);
	ck_assert_int_eq(err.kind, ERR_HOST);
	AUTO_FREE char *want = xasprintf("cannot open the module '%s/prov-seccomp.so'", home);
	ck_has(err.message, want);
	/* Another profile is another file. */
	profile.rules[0].errno_ret = 78;
	ck_assert_int_eq(seccomp_compile(&profile, cache, &p, &err), -1);
}
END_TEST

static void write_at(const char *path, off_t at, const char *bytes)
{
	AUTO_FD int fd = open(path, O_WRONLY | O_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(pwrite(fd, bytes, strlen(bytes), at), (ssize_t)strlen(bytes));
}

static void grow(const char *path)
{
	ck_assert_int_eq(truncate(path, 24 + 8 * 5000), 0);
}
static void cut(const char *path)
{
	ck_assert_int_eq(truncate(path, 24 + 8), 0);
}
static void cut_odd(const char *path)
{
	ck_assert_int_eq(truncate(path, 27), 0);
}
static void cut_head(const char *path)
{
	ck_assert_int_eq(truncate(path, 5), 0);
}
static void clear(const char *path)
{
	ck_assert_int_eq(truncate(path, 0), 0);
}
static void flip(const char *path)
{
	write_at(path, 24 + 8, "x");
}
static void spoil_magic(const char *path)
{
	write_at(path, 0, "x");
}
static void open_to_all(const char *path)
{
	ck_assert_int_eq(chmod(path, 0666), 0);
	flip(path);
}
static void replace_by_link(const char *path)
{
	AUTO_FREE char *other = xasprintf("%s.other", home);

	ck_assert_int_eq(rename(path, other), 0);
	ck_assert_int_eq(symlink(other, path), 0);
	flip(other);
	ck_assert_int_eq(unlink(other), 0);
}
static void replace_by_fifo(const char *path)
{
	ck_assert_int_eq(unlink(path) | mkfifo(path, 0600), 0);
}

START_TEST(garbage_is_compiled_anew)
{
	static void (*const spoil[])(const char *) = {grow, cut, cut_odd, cut_head, clear, flip,
	        spoil_magic, open_to_all, replace_by_link, replace_by_fifo};
	AUTO_STR good = {0}, now = {0};
	struct stat st;

	denies_uname(cache);
	AUTO_FREE char *path = kept();
	ck_ok(fs_read(path, 1 << 20, &good, &err));
	for (size_t i = 0; i < ARRAY_SIZE(spoil); i++) {
		spoil[i](path);
		denies_uname(cache);
		ck_assert_int_eq(lstat(path, &st), 0);
		ck_assert_uint_eq(st.st_mode, S_IFREG | 0600);
		str_reset(&now);
		ck_ok(fs_read(path, 1 << 20, &now, &err));
		ck_assert_uint_eq(now.len, good.len);
		ck_assert_mem_eq(now.buf, good.buf, good.len);
	}
	if (geteuid() != 0)
		return;
	ck_assert_int_eq(chown(path, 1000, 1000), 0);
	denies_uname(cache);
	ck_assert_int_eq(lstat(path, &st), 0);
	ck_assert_uint_eq(st.st_uid, 0);
}
END_TEST

/* A file stands where the folder should be. */
START_TEST(a_cache_that_cannot_be_written)
{
	AUTO_FREE char *deep = xasprintf("%s/deep", home);

	ck_ok(fs_replace(deep, "", 0, 0600, &err));
	denies_uname(cache);
}
END_TEST

START_TEST(alternatives_and_conditions)
{
	struct seccomp_program p = {0};
	struct seccomp_rule *rule = seccomp_rule_add_to(&profile, "SCMP_ACT_ERRNO");

	strv_add(&rule->names, "getpriority");
	rule->errno_ret = 66;
	seccomp_arg_add_to(rule, 0, "SCMP_CMP_EQ", 1, 0);
	seccomp_arg_add_to(rule, 0, "SCMP_CMP_GT", 7, 0);
	rule = seccomp_rule_add_to(&profile, "SCMP_ACT_ERRNO");
	strv_add(&rule->names, "dup2");
	rule->errno_ret = 67;
	seccomp_arg_add_to(rule, 0, "SCMP_CMP_EQ", 0, 0);
	seccomp_arg_add_to(rule, 1, "SCMP_CMP_MASKED_EQ", 0xf0, 0x50);
	ck_ok(seccomp_compile(&profile, NULL, &p, &err));
	ck_assert_int_eq(call(&p, SYS_getpriority, 1, 0), 66);
	ck_assert_int_eq(call(&p, SYS_getpriority, 8, 0), 66);
	ck_assert_int_eq(call(&p, SYS_getpriority, 7, 0), EINVAL);
	ck_assert_int_eq(call(&p, SYS_dup2, 0, 0x5f), 67);
	ck_assert_int_eq(call(&p, SYS_dup2, 0, 0x6f), 0);
	ck_assert_int_eq(call(&p, SYS_dup2, 1, 0x5f), 0);
	seccomp_clear(&p);
}
END_TEST

START_TEST(actions_and_flags)
{
	struct seccomp_program p = {0};
	static const struct {
		const char *action;
		int want;
	} rows[] = {
	        {"SCMP_ACT_KILL", 256 + SIGSYS},
	        {"SCMP_ACT_KILL_THREAD", 256 + SIGSYS},
	        {"SCMP_ACT_KILL_PROCESS", 256 + SIGSYS},
	        {"SCMP_ACT_TRAP", 256 + SIGSYS},
	        {"SCMP_ACT_LOG", EFAULT},
	        {"SCMP_ACT_TRACE", ENOSYS},
	        {"SCMP_ACT_ALLOW", EFAULT},
	};

	strv_add(&profile.flags, "SECCOMP_FILTER_FLAG_LOG");
	strv_add(&profile.flags, "SECCOMP_FILTER_FLAG_SPEC_ALLOW");
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		free(profile.rules[0].action);
		profile.rules[0].action = xstrdup(rows[i].action);
		ck_ok(seccomp_compile(&profile, cache, &p, &err));
		ck_assert_uint_eq(
		        p.flags, SECCOMP_FILTER_FLAG_LOG | SECCOMP_FILTER_FLAG_SPEC_ALLOW);
		ck_assert_int_eq(call(&p, SYS_uname, 1, 0), rows[i].want);
		seccomp_clear(&p);
	}
}
END_TEST

static void set(char **text, const char *value)
{
	free(*text);
	*text = xstrdup(value);
}

START_TEST(what_is_refused)
{
	struct seccomp_program p = {0};
	struct seccomp_rule *rule = &profile.rules[0];

#define REFUSED(text) ck_fails(seccomp_compile(&profile, cache, &p, &err), ERR_CONFIG, text)
	set(&rule->action, "ALLOW");
	REFUSED("there is no seccomp action 'ALLOW'");
	set(&rule->action, "SCMP_ACT_ERRNO");
	rule->errno_ret = 70000;
	REFUSED("the seccomp error number 70000 is too large");
	rule->errno_ret = 1;
	seccomp_arg_add_to(rule, 6, "SCMP_CMP_EQ", 0, 0);
	REFUSED("seccomp: a call has no argument 6");
	rule->args[0].index = 0;
	set(&rule->args[0].op, "==");
	REFUSED("there is no seccomp comparison '=='");
	set(&rule->args[0].op, "SCMP_CMP_EQ");
	strv_add(&profile.architectures, "SCMP_ARCH_VAX");
	REFUSED("there is no seccomp architecture 'SCMP_ARCH_VAX'");
	strv_clear(&profile.architectures);
	strv_add(&profile.flags, "SECCOMP_FILTER_FLAG_NEW_LISTENER");
	REFUSED("the seccomp flag 'SECCOMP_FILTER_FLAG_NEW_LISTENER' is not supported");
	strv_clear(&profile.flags);
	set(&profile.default_action, "");
	REFUSED("there is no seccomp action ''");
	ck_assert(!fs_exists(cache));
}
END_TEST

/* The default one is another for each set of capabilities that matters, and only then. */
START_TEST(programs_of_the_default)
{
	struct seccomp_program p = {0};
	static const uint64_t caps[] = {0, 1, 1 << 18, 3};
	AUTO_STRV names = {0};

	for (size_t i = 0; i < ARRAY_SIZE(caps); i++) {
		ck_ok(seccomp_compile_default(caps[i], cache, &p, &err));
		seccomp_clear(&p);
	}
	ck_ok(fs_list(cache, &names, &err));
	ck_assert_uint_eq(names.n, 2);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {without_a_cache, kept_and_used_without_the_library,
	        garbage_is_compiled_anew, a_cache_that_cannot_be_written,
	        alternatives_and_conditions, actions_and_flags, what_is_refused,
	        programs_of_the_default};

	use_built_modules();
	return suite_run("seccomp-cache", tests, ARRAY_SIZE(tests), set_up, tear_down);
}
