/* A recipe's script fills a folder; from that one tree come the container's rootfs and the virtual
 * machine's disk. */
#include "base/fs.h"
#include "base/proc.h"
#include "boxes/transfer/disk.h"
#include "boxes/transfer/ops.h"
#include "boxes/transfer/recipe.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

struct build {
	struct stage *stage;
	const char *dir; /* of the recipe */
	struct recipe recipe;
	struct job_stage now;
	char *tree, *out, *work;
};

static void begin(struct build *b, const char *name)
{
	job_stage_begin(b->stage->job, &b->now, name);
}

/* Beside the running program, as in the build folder, else where it was installed. "": nowhere; the
 * recipe says so. */
static char *initrd_init(void)
{
	char self[4096];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (n > 0) {
		self[n] = '\0';
		*(strrchr(self, '/') + 1) = '\0';
		char *beside = xasprintf("%sprov-initrd", self);
		if (fs_exists(beside))
			return beside;
		free(beside);
	}
	char *installed = xasprintf("%s/prov-initrd", MODULE_DIR);
	if (fs_exists(installed))
		return installed;
	free(installed);
	return xstrdup("");
}

/* Only what a build may depend on: it is the same in every user's shell, but for the way to the
 * packages. */
static void recipe_env(const struct build *b, struct strv *env)
{
	static const char *const kept[] = {"http_proxy", "https_proxy", "no_proxy", "APT_CONFIG"};
	AUTO_FREE char *init = initrd_init();

	strv_add(env, "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
	strv_add(env, "LC_ALL=C");
	strv_add(env, "HOME=/root");
	strv_addf(env, "TMPDIR=%s", b->work);
	strv_addf(env, "BOX_TREE=%s", b->tree);
	strv_addf(env, "BOX_OUT=%s", b->out);
	strv_addf(env, "BOX_WORK=%s", b->work);
	strv_addf(env, "BOX_INITRD_INIT=%s", init);
	strv_addf(env, "SOURCE_DATE_EPOCH=%" PRId64, b->recipe.epoch);
	strv_addf(env, "RECIPE_SUITE=%s", b->recipe.suite ? b->recipe.suite : "");
	for (size_t i = 0; i < ARRAY_SIZE(kept); i++)
		if (getenv(kept[i]))
			strv_addf(env, "%s=%s", kept[i], getenv(kept[i]));
}

/*
 * As root in PID and mount namespaces of its own, so that nothing the script started or mounted
 * outlives it or, by --kill-child, prov.
 */
static int run_script(struct build *b, struct err *err)
{
	AUTO_FREE char *script = xasprintf("%s/recipe.sh", b->dir);
	const char *contained[] = {"unshare", "--mount", "--pid", "--fork", "--kill-child=KILL",
	        "--mount-proc", "sh", script, NULL};
	const char *plain[] = {"sh", script, NULL};
	AUTO_STRV env = {0};

	recipe_env(b, &env);
	struct job_tool tool = {.argv = geteuid() == 0 ? contained : plain,
	        .env = (const char *const *)env.v,
	        .cwd = b->work,
	        .show = true};
	if (job_run(b->stage->job, &tool, b->stage->dir, err) == 0)
		return 0;
	/* A recipe that ends with 3 says what the host lacks, as prov itself does. */
	if (err->kind == ERR_FAILED && err->code == 3)
		err->kind = ERR_HOST;
	return err_wrap(err, "the recipe '%s'", script);
}

static int read_result(struct build *b, struct err *err)
{
	AUTO_FREE char *meta = xasprintf("%s/meta", b->out);
	AUTO_STRV entries = {0};

	if (fs_exists(meta) && recipe_read(meta, &b->recipe, err) < 0)
		return -1;
	if (fs_list(b->tree, &entries, err) < 0)
		return -1;
	if (!entries.n)
		return err_set(err, ERR_FAILED, "the recipe '%s' left the tree empty", b->dir);
	return 0;
}

static void describe(const struct build *b, struct box *box)
{
	const struct recipe *r = &b->recipe;
	struct utsname host;

	box->name = xstrdup(r->name);
	box->version = xstrdup(r->version);
	box->architecture = xstrdup(uname(&host) == 0 ? host.machine : "unknown");
	box->description = xstrdup(r->description);
	box->cmdline = xstrdup(r->cmdline);
	box->user = xstrdup(r->user);
	box->created = r->epoch;
}

/* Disk, kernel and initrd where the recipe made a kernel; a box without one is for containers only.
 */
static int add_vm_parts(
        struct build *b, const struct tree_sum *sum, struct box *box, struct err *err)
{
	AUTO_FREE char *kernel = xasprintf("%s/kernel", b->out),
	               *initrd = xasprintf("%s/initrd", b->out);
	AUTO_FREE char *disk = stage_path(b->stage, "disk");
	struct disk_plan plan = {.tree = b->tree,
	        .sum = sum,
	        .size = b->recipe.disk_bytes,
	        .epoch = b->recipe.epoch};

	if (!fs_exists(kernel))
		return 0;
	begin(b, "box.disk");
	if (disk_make(b->stage, &plan, disk, err) < 0 ||
	        stage_blob(b->stage, disk, "disk", "qcow2", box, err) < 0)
		return -1;
	begin(b, "box.kernel");
	if (stage_blob(b->stage, kernel, "kernel", "raw", box, err) < 0)
		return -1;
	return stage_blob(b->stage, initrd, "initrd", "raw", box, err);
}

static int assemble(struct build *b, struct box *box, struct err *err)
{
	const struct box_job *job = b->stage->job;
	struct tree_sum sum;

	if (read_result(b, err) < 0)
		return -1;
	describe(b, box);
	begin(b, "box.tree");
	if (tree_settle(b->tree, b->recipe.epoch, err) < 0 ||
	        tree_digest(job, b->tree, &sum, err) < 0)
		return -1;
	/* Again: reading a symbolic link has set its access time, which mke2fs copies. */
	if (tree_settle(b->tree, b->recipe.epoch, err) < 0 || add_vm_parts(b, &sum, box, err) < 0)
		return -1;
	begin(b, "box.store");
	if (stage_tree(b->stage, b->tree, &sum, box, err) < 0)
		return -1;
	return stage_publish(b->stage, box, err);
}

static int build_in(struct build *b, struct box *box, struct err *err)
{
	const char *const folders[] = {b->tree, b->out, b->work};

	for (size_t i = 0; i < ARRAY_SIZE(folders); i++)
		if (fs_mkdirs(folders[i], 0755, err) < 0)
			return -1;
	if (stage_need(b->stage, b->recipe.room_bytes, b->recipe.name, err) < 0)
		return -1;
	begin(b, "box.recipe");
	if (run_script(b, err) < 0)
		return -1;
	return assemble(b, box, err);
}

int box_build(const struct box_job *job, const char *recipe_dir, struct box *out, struct err *err)
{
	AUTO_FREE char *dir = realpath(recipe_dir, NULL);
	AUTO_FREE char *meta = xasprintf("%s/recipe.meta", dir ? dir : recipe_dir);
	AUTO_STAGE stage = {0};
	struct build b = {.stage = &stage, .dir = dir};
	struct box box = {0};

	int rc = recipe_read(meta, &b.recipe, err);
	if (rc == 0)
		rc = recipe_check(meta, &b.recipe, err);
	if (rc == 0)
		rc = stage_open(&stage, job, err);
	if (rc == 0) {
		b.tree = stage_path(&stage, "tree");
		b.out = stage_path(&stage, "out");
		b.work = stage_path(&stage, "work");
		rc = build_in(&b, &box, err);
		job_stage_end(job, &b.now, rc == 0);
	}
	if (rc == 0)
		*out = box;
	else
		box_clear(&box);
	recipe_clear(&b.recipe);
	free(b.tree);
	free(b.out);
	free(b.work);
	return rc;
}
