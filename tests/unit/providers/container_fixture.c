#include "tests/unit/providers/container_fixture.h"

#include "base/clock.h"
#include "base/proc.h"

#include <net/if.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

struct ctr ctr;
struct err ctr_err;
static char *world, *box;

static int skip(const char *why)
{
	printf("SKIP containers: %s\n", why);
	return -1;
}

/* Outside of a test Check cannot report. */
static void must(int rc, const struct err *err)
{
	if (rc == 0)
		return;
	printf("cannot make the box: %s\n", err->message);
	exit(1);
}

static void copy_busybox(const char *to)
{
	struct err err;
	AUTO_STR out = {0};
	AUTO_FREE char *bin = xasprintf("%s/usr/bin", to);
	AUTO_FREE char *link = xasprintf("%s/bin", to);
	AUTO_FREE char *busybox = xasprintf("%s/busybox", bin);
	const char *copy[] = {"cp", "/bin/busybox", busybox, NULL};
	const char *links[] = {"/bin/busybox", "--install", "-s", bin, NULL};

	must(proc_check(copy, NULL, &err), &err);
	/* They name the path of the program that makes them, which is one of these two. */
	must(proc_check(links, &out, &err), &err);
	must(symlink("usr/bin", link), &err);
}

static void make_box(void)
{
	static const char *const folders[] = {"", "/usr/bin", "/etc", "/root", "/home", "/home/ann",
	        "/tmp", "/proc", "/sys", "/dev", "/var"};
	static const char passwd[] = "root:x:0:0:root:/root:/bin/sh\n"
	                             "ann:x:1000:1000:Ann:/home/ann:/bin/sh\n";
	static const char group[] = "root:x:0:\nann:x:1000:\nstaff:x:50:bob,ann\nadm:x:4:root\n";
	struct err err;

	box = xasprintf("%s/box", world);
	for (size_t i = 0; i < ARRAY_SIZE(folders); i++) {
		AUTO_FREE char *path = xasprintf("%s%s", box, folders[i]);
		must(fs_mkdirs(path, 0755, &err), &err);
	}
	AUTO_FREE char *tmp = xasprintf("%s/tmp", box);
	must(chmod(tmp, 01777), &err);
	AUTO_FREE char *ann = xasprintf("%s/home/ann", box);
	must(chown(ann, 1000, 1000), &err);
	AUTO_FREE char *p = xasprintf("%s/etc/passwd", box);
	AUTO_FREE char *g = xasprintf("%s/etc/group", box);
	must(fs_replace(p, passwd, strlen(passwd), 0644, &err), &err);
	must(fs_replace(g, group, strlen(group), 0644, &err), &err);
	copy_busybox(box);
}

int ctr_world_begin(void)
{
	struct err err;
	struct cgroup_tree tree;

	use_built_modules();
	if (geteuid() != 0)
		return skip("only root may make them");
	if (!fs_exists("/bin/busybox"))
		return skip("there is no /bin/busybox");
	if (cgroup_tree_find(CGROUP_ROOT, &tree, &err) < 0)
		return skip(err.message);
	cgroup_tree_clear(&tree);
	world = xstrdup("/tmp/prov-test-box-XXXXXX");
	if (!mkdtemp(world))
		return skip("cannot write in /tmp");
	make_box();
	return 0;
}

void ctr_world_end(void)
{
	struct err err;

	if (world && fs_remove_tree(world, &err) < 0)
		printf("%s\n", err.message);
	free(world);
	free(box);
	world = box = NULL;
}

const char *ctr_box(void)
{
	return box;
}

static void take_event(struct event_sink *sink, const struct event *event)
{
	(void)sink;
	if (event->kind == EVENT_WARNING || event->kind == EVENT_NOTE)
		str_addf(&ctr.notes, "%s\n", event->text);
}
static struct event_sink sink = {.emit = take_event};

static void fill_spec(struct machine_spec *spec)
{
	spec_init(spec);
	spec->lab = xstrdup("t");
	spec->lab_id = xasprintf("t%05d", getpid() % 100000);
	spec->domain = xstrdup("t.test");
	spec->name = xstrdup("web");
	spec->provider = xstrdup("container");
	spec->selector = xstrdup("web@container");
	spec->hostname = xstrdup("web");
	spec->index = spec->count = 1;
	spec->box.name = xstrdup("busybox");
	spec->box.digest = xstrdup("0000");
	spec->box.rootfs = xstrdup(box);
	spec->cpus = 1;
	spec->memory_bytes = 64 << 20;
	spec->user = xstrdup("root");
	spec->network_mode = NET_NONE;
	/* For what never ends: none of these has to be killed because the host is slow. */
	spec->container.stop_timeout_ns = INT64_C(60000000000);
	spec->container.id_base = 0x70000000;
}

/* Long enough for an emulated machine that others load. */
bool ctr_until(bool (*holds)(void))
{
	int64_t deadline = clock_mono_ns() + INT64_C(60000000000);

	while (!holds()) {
		if (clock_mono_ns() > deadline)
			return false;
		usleep(2000);
	}
	return true;
}

#define err ctr_err /* what ck_ok looks at */

static bool journal_opens(void)
{
	return journal_open(ctr.names.journal, &ctr.journal, &ctr_err) == 0;
}

static void open_all(void)
{
	struct runner *r = &ctr.runner;

	/* What a killed process had just cloned may hold the lock for a moment more. */
	ck_assert_msg(ctr_until(journal_opens), "%s", ctr_err.message);
	*r = (struct runner){
	        .provider = &container_provider,
	        .spec = &ctr.spec,
	        .names = &ctr.names,
	        .journal = ctr.journal,
	        .sink = &sink,
	        .machine = ctr.spec.selector,
	        .steps = container_provider.steps,
	        .n_steps = container_provider.n_steps,
	};
	ck_ok(container_provider.open(&ctr.spec, &ctr.names, &r->session, &ctr_err));
}

static void close_all(void)
{
	runner_clear(&ctr.runner);
	container_provider.close(ctr.runner.session);
	journal_close(ctr.journal);
}

void ctr_begin(void)
{
	memset(&ctr, 0, sizeof(ctr));
	ctr.home = tmp_begin();
	fill_spec(&ctr.spec);
	names_derive(&ctr.names, ctr.home, ctr.spec.lab_id, ctr.spec.name, ctr.spec.provider);
	ck_ok(fs_mkdirs(ctr.names.dir, 0711, &ctr_err));
	open_all();
}

void ctr_reopen(void)
{
	close_all();
	open_all();
}

struct status ctr_status(void)
{
	struct status status;

	ck_ok(container_provider.inspect(ctr.runner.session, &status, &ctr_err));
	return status;
}

int ctr_up(void)
{
	struct status world_now = ctr_status();
	struct up_options options = {0};

	err_clear(&ctr_err);
	return run_up(&ctr.runner, &world_now, &options, &ctr.changed, &ctr_err);
}

int ctr_halt(void)
{
	err_clear(&ctr_err);
	return run_halt(&ctr.runner, &ctr.changed, &ctr_err);
}

void ctr_end(void)
{
	ck_ok(run_destroy(&ctr.runner, &ctr_err));
	ctr_nothing_left();
	close_all();
	spec_clear(&ctr.spec);
	names_clear(&ctr.names);
	str_clear(&ctr.notes);
	str_clear(&ctr.out);
	tmp_end(ctr.home);
}

#undef err

pid_t ctr_pid(void)
{
	return ctr_status().pid;
}

static void collect(void *ctx, int stream, const char *data, size_t n)
{
	(void)ctx;
	(void)stream;
	str_addn(&ctr.out, data, n);
}

int ctr_sh_as(const char *user, const char *script)
{
	const char *const argv[] = {"sh", "-c", script, NULL};
	struct transport_cmd cmd = {.argv = argv,
	        .user = user,
	        .in_fd = -1,
	        .out_fd = -1,
	        .err_fd = -1,
	        .output = collect};
	struct transport *t;
	int status = -1;
	struct err err;

	str_clear(&ctr.out);
	ck_ok(container_provider.connect(ctr.runner.session, 0, NULL, &t, &err));
	ck_ok(t->ops->run(t, &cmd, &status, &err));
	t->ops->close(t);
	return status;
}

int ctr_sh(const char *script)
{
	return ctr_sh_as(NULL, script);
}

void ctr_nothing_left(void)
{
	const struct session *s = ctr.runner.session;
	AUTO_STR mounts = {0};
	struct err err;

	for (size_t i = 0; i < s->tree.dirs.n; i++) {
		AUTO_FREE char *dir = xasprintf("%s/%s", s->tree.dirs.v[i], ctr.names.cgroup);
		ck_assert_msg(!fs_exists(dir), "left: %s", dir);
	}
	ck_assert_uint_eq(if_nametoindex(ctr.names.link), 0);
	ck_assert(!fs_exists(ctr.names.upper));
	ck_ok(fs_read("/proc/self/mounts", 1 << 20, &mounts, &err));
	ck_lacks(str_text(&mounts), ctr.home);
}

void ctr_says(const char *script, const char *output)
{
	int rc = ctr_sh(script);

	ck_assert_msg(rc == 0, "'%s': %d: %s", script, rc, str_text(&ctr.out));
	ck_assert_str_eq(str_text(&ctr.out), output);
}
