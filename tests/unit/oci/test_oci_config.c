#include "oci/cgroup_mount.h"
#include "oci/config.h"
#include "oci/resources.h"

#include "tests/fake/check_util.h"

#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

static struct err err;

/* ' stands for ". */
static int parse(const char *text, struct oci_config *out)
{
	AUTO_FREE char *copy = xstrdup(text);

	err_clear(&err);
	for (char *p = copy; *p; p++)
		*p = *p == '\'' ? '"' : *p;
	return config_parse("/bundle", "config.json", copy, out, &err);
}

/* The parts of a valid file, with one of them replaced. */
static int parse_with(
        const char *process, const char *mounts, const char *linux_part, struct oci_config *out)
{
	AUTO_FREE char *text = xasprintf(
	        "{'ociVersion': '1.2.0', 'root': {'path': 'rootfs'}, 'process': {'cwd': '/', "
	        "'args': ['true']%s}, 'mounts': [%s], 'linux': {'namespaces': [{'type': 'mount'}, "
	        "{'type': 'pid'}]%s}}",
	        process, mounts, linux_part);

	return parse(text, out);
}

static const struct fs_row *find(const struct oci_config *c, enum fs_op op, const char *path)
{
	for (size_t i = 0; i < c->plan.n_rows; i++)
		if (c->plan.rows[i].op == op && str_eq(c->plan.rows[i].path, path))
			return &c->plan.rows[i];
	return NULL;
}

/* What is added to a part of a good configuration, and what it is told. */
static const struct {
	const char *process, *mounts, *linux_part, *message;
} refused[] = {
        {", 'user': {'uid': -1}", "", "", "process.user.uid: -1 is not between 0 and 4294967295"},
        {", 'env': ['A']", "", "", "process.env[0]: 'A' is not NAME=VALUE"},
        {", 'capabilities': {'bounding': 'CAP_KILL'}", "", "",
                "process.capabilities.bounding: an array is needed, not text"},
        {", 'rlimits': [{'type': 'RLIMIT_X', 'soft': 1, 'hard': 1}]", "", "",
                "process.rlimits[0].type: there is no resource limit 'RLIMIT_X'"},
        {", 'rlimits': [{'type': 'RLIMIT_AS', 'soft': 1}]", "", "",
                "process.rlimits[0].hard: is missing"},
        {", 'oomScoreAdj': 2000", "", "",
                "process.oomScoreAdj: 2000 is not between -1000 and 1000"},
        {", 'ioPriority': {'class': 'X'}", "", "", "process.ioPriority.class: 'X' is not known"},
        {", 'scheduler': {'policy': 'X'}", "", "", "process.scheduler.policy: 'X' is not known"},
        {"", "{'type': 'tmpfs'}", "", "mounts[0].destination: is missing"},
        {"", "{'destination': '/x'}", "", "mounts[0].type: is missing"},
        {"", "{'destination': '/x', 'type': 'bind'}", "", "mounts[0].source: is missing"},
        {"", "{'destination': '/x', 'type': 'tmpfs', 'options': ['idmap']}", "",
                "mounts[0]: a new tmpfs cannot be id-mapped, only a bind mount"},
        {"", "{'destination': '/x', 'source': '/y', 'options': ['bind', 'idmap']}", "",
                "mounts[0]: an id-mapped mount needs uidMappings and gidMappings"},
        {"", "", ", 'namespaces': [{'type': 'pid'}, {'type': 'pid'}]",
                "linux.namespaces[1]: the pid namespace is there twice"},
        {"", "", ", 'namespaces': [{'type': 'x'}]",
                "linux.namespaces[0].type: there is no namespace 'x'"},
        {"", "", ", 'namespaces': [{'type': 'user'}]",
                "linux.uidMappings: a user namespace needs at least one"},
        {"", "", ", 'uidMappings': [{'containerID': 0, 'hostID': 0, 'size': 1}]",
                "linux.uidMappings: there is no user namespace to have it"},
        {"", "", ", 'maskedPaths': ['relative']",
                "linux.maskedPaths[0]: 'relative' is no absolute path"},
        {"", "", ", 'sysctl': {'net/ipv4/../../kernel/panic': '1'}",
                "linux.sysctl.net/ipv4/../../kernel/panic: this is no name of a setting"},
        {"", "", ", 'sysctl': {'net.ipv4.//.kernel': '1'}",
                "linux.sysctl.net.ipv4.//.kernel: this is no name of a setting"},
        {"", "", ", 'sysctl': {'net..x': '1'}",
                "linux.sysctl.net..x: this is no name of a setting"},
        {"", "", ", 'sysctl': {'kernel.panic': '1'}",
                "linux.sysctl.kernel.panic: this setting is the whole host's, no "
                "namespace has it"},
        {"", "", ", 'sysctl': {'net.ipv4.ip_forward': '1'}",
                "linux.sysctl.net.ipv4.ip_forward: its namespace is not the container's "
                "own"},
        {"", "", ", 'rootfsPropagation': 'x'", "linux.rootfsPropagation: 'x' is not known"},
        {"", "", ", 'devices': [{'path': '/dev/x', 'type': 'z'}]",
                "linux.devices[0].type: 'z' is none of c, u, b and p"},
        {"", "", ", 'devices': [{'path': '/dev/x', 'type': 'c'}]",
                "linux.devices[0].major: is missing"},
        {"", "", ", 'resources': {'memory': {'limit': '1'}}",
                "linux.resources.memory.limit: a whole number is needed, not text"},
        {"", "", ", 'resources': {'devices': [{'allow': true, 'access': 'x'}]}",
                "linux.resources.devices[0].access: 'x' is not made of r, w and m"},
        {"", "", ", 'resources': {'unified': {'cgroup.procs': '1'}}",
                "linux.resources.unified.cgroup.procs: 'cgroup.procs' is no file of a "
                "controller"},
        {"", "", ", 'personality': {'domain': 'X'}",
                "linux.personality.domain: 'X' is neither LINUX nor LINUX32"},
        {"", "", ", 'seccomp': {}", "linux.seccomp.defaultAction: is missing"},
        {"", "", ", 'timeOffsets': {'monotonic': {'secs': 1}}",
                "linux.timeOffsets: needs a time namespace of its own"},
};

START_TEST(what_is_wrong_is_said_with_its_place)
{
	for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
		struct oci_config c;
		ck_assert_msg(parse_with(refused[i].process, refused[i].mounts,
		                      refused[i].linux_part, &c) == -1,
		        "accepted: %s", refused[i].message);
		ck_assert_str_eq(err.message, refused[i].message);
		ck_assert_int_eq(err.kind, ERR_CONFIG);
	}
}
END_TEST

START_TEST(the_top_is_checked)
{
	static const struct {
		const char *text, *message;
	} rows[] = {
	        {"{}", "ociVersion: is missing"},
	        {"{'ociVersion': 'invalid'}", "ociVersion: 'invalid' is no version"},
	        {"{'ociVersion': '1.0'}", "ociVersion: '1.0' is no version"},
	        {"{'ociVersion': '2.0.0'}",
	                "ociVersion: version 2.0.0 of runtime-spec is not supported, 1.x is"},
	        {"{'ociVersion': '1.0.2-dev'}", "root: is missing"},
	        {"{'ociVersion': '1.0.0', 'root': {'path': ''}}", "root.path: is empty"},
	        {"{'ociVersion': '1.0.0', 'process': {'cwd': '/'}}", "process.args: is missing"},
	        {"{'ociVersion': '1.0.0', 'process': {'args': [], 'cwd': '/'}}",
	                "process.args: is empty"},
	        {"{'ociVersion': '1.0.0', 'process': {'args': ['a'], 'cwd': 'x'}}",
	                "process.cwd: 'x' is no absolute path"},
	        {"{'ociVersion': '1.0.0', 'hostname': 'x'}",
	                "hostname: needs a uts namespace of its own"},
	        {"{'ociVersion': '1.0.0', 'hooks': {'prestart': [{'path': 'x'}]}}",
	                "hooks.prestart[0].path: 'x' is no absolute path"},
	        {"{'ociVersion': '1.0.0', 'hooks': {'poststop': [{'path': '/x', 'timeout': 0}]}}",
	                "hooks.poststop[0].timeout: 0 is not between 1 and 1000000"},
	        {"{'ociVersion': '1.0.0', 'annotations': {'a': 1}}",
	                "annotations.a: text is needed, not a number"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct oci_config c;
		ck_assert_int_eq(parse(rows[i].text, &c), -1);
		ck_assert_str_eq(err.message, rows[i].message);
	}
}
END_TEST

START_TEST(unknown_keys_are_ignored)
{
	struct oci_config c;

	ck_assert_msg(
	        parse_with(", 'unknown': 1", "", ", 'unknown': {}", &c) == 0, "%s", err.message);
	ck_assert(c.plan.namespaces == (CLONE_NEWNS | CLONE_NEWPID));
	ck_assert_str_eq(c.plan.root, "/bundle/rootfs");
	ck_assert_str_eq(c.plan.argv.v[0], "true");
	ck_assert(c.plan.confine.umask == 022);
	config_clear(&c);
}
END_TEST

START_TEST(mounts_become_rows)
{
	struct oci_config c;

	ck_assert_msg(
	        parse_with("",
	                "{'destination': '/proc', 'type': 'proc', 'source': 'proc'},"
	                "{'destination': '/dev', 'type': 'tmpfs', 'source': 'tmpfs', 'options': "
	                "['nosuid', 'strictatime', 'mode=755', 'ro', 'sync']},"
	                "{'destination': '/b', 'source': 'src', 'options': ['rbind', 'ro', "
	                "'rnosuid', 'rslave']},"
	                "{'destination': 'rel', 'type': 'tmpfs', 'options': ['tmpcopyup', 'ro', "
	                "'rw']},"
	                "{'destination': '/proc', 'type': 'proc', 'options': ['remount', 'ro']}",
	                ", 'devices': [{'path': '/dev/x', 'type': 'b', 'major': 8, 'minor': 1, "
	                "'fileMode': 384, 'uid': 3}], 'maskedPaths': ['/m'], 'readonlyPaths': "
	                "['/r'], 'rootfsPropagation': 'rslave'",
	                &c) == 0,
	        "%s", err.message);
	const struct fs_row *dev = find(&c, FS_MOUNT, "/dev"), *b = find(&c, FS_BIND, "/b");
	ck_assert_str_eq(dev->data, "mode=755,sync");
	/* Devices are made in it first. */
	ck_assert(!(dev->attr_set & MOUNT_ATTR_RDONLY));
	ck_assert(find(&c, FS_CHANGE, "/dev")->attr_set == MOUNT_ATTR_RDONLY);
	ck_assert(dev->attr_set & MOUNT_ATTR_NOSUID && dev->attr_set & MOUNT_ATTR_STRICTATIME);
	ck_assert_str_eq(b->source, "/bundle/src");
	ck_assert(b->flags == (FS_RECURSIVE | FS_TOP) && b->attr_set == MOUNT_ATTR_RDONLY);
	ck_assert(b->propagation == (MS_SLAVE | MS_REC));
	ck_assert(find(&c, FS_CHANGE, "/b")->attr_set == MOUNT_ATTR_NOSUID);
	ck_assert(find(&c, FS_CHANGE, "/b")->flags == FS_RECURSIVE);
	ck_assert(find(&c, FS_MOUNT, "/rel")->flags == FS_COPY_UP);
	ck_assert(!(find(&c, FS_MOUNT, "/rel")->attr_set & MOUNT_ATTR_RDONLY));
	ck_assert(find(&c, FS_CHANGE, "/proc")->attr_set == MOUNT_ATTR_RDONLY);
	const struct fs_row *x = find(&c, FS_NODE, "/dev/x");
	ck_assert(x->mode == (S_IFBLK | 0600) && x->device == makedev(8, 1) && x->uid == 3);
	ck_assert(find(&c, FS_NODE, "/dev/null")->device == makedev(1, 3));
	ck_assert_str_eq(find(&c, FS_LINK, "/dev/fd")->source, "/proc/self/fd");
	ck_assert_ptr_nonnull(find(&c, FS_MASK, "/m"));
	ck_assert_ptr_nonnull(find(&c, FS_READONLY, "/r"));
	ck_assert(c.plan.root_propagation == (MS_SLAVE | MS_REC));
	config_clear(&c);
}
END_TEST

/* Whatever is mounted below: v1's hierarchies, v2, and the folder that holds those of v1 at last.
 */
START_TEST(a_read_only_cgroup_stays_so)
{
	static const char mounts[] =
	        "{'destination': '/sys/fs/cgroup', 'type': 'cgroup', 'source': "
	        "'cgroup', 'options': ['ro', 'nosuid']},"
	        "{'destination': '/sys/fs/cgroup/pids/x', 'type': 'tmpfs'}";

	for (int v2 = 0; v2 < 2; v2++) {
		struct cgroup_tree tree = {.v2 = v2, .controllers = {v2 ? CG_CORE : CG_PIDS}};
		struct oci_config c;
		ck_assert_msg(parse_with("", mounts, ", 'maskedPaths': ['/m']", &c) == 0, "%s",
		        err.message);
		strv_add(&tree.dirs, v2 ? "/sys/fs/cgroup" : "/sys/fs/cgroup/pids");
		cgroup_mounts_expand(&c, &tree, "group");
		const struct fs_row *group =
		        find(&c, FS_BIND, v2 ? "/sys/fs/cgroup" : "/sys/fs/cgroup/pids");
		const struct fs_row *last = &c.plan.rows[c.plan.n_rows - 1];
		ck_assert_ptr_nonnull(group);
		ck_assert(group->attr_set == (MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID));
		ck_assert(v2 || last == find(&c, FS_CHANGE, "/sys/fs/cgroup"));
		ck_assert(v2 || last->attr_set == MOUNT_ATTR_RDONLY);
		config_clear(&c);
		cgroup_tree_clear(&tree);
	}
}
END_TEST

START_TEST(process_and_limits)
{
	struct oci_config c;

	ck_assert_msg(
	        parse_with(", 'terminal': true, 'consoleSize': {'height': 5, 'width': 7}, 'user': "
	                   "{'uid': 1, 'gid': 2, 'additionalGids': [3, 4], 'umask': 63}, "
	                   "'rlimits': [{'type': 'RLIMIT_CORE', 'soft': 0, 'hard': "
	                   "18446744073709551615}], 'capabilities': {'bounding': ['CAP_CHOWN', "
	                   "'CAP_KILL']}, 'oomScoreAdj': -5, 'noNewPrivileges': true",
	                "",
	                ", 'resources': {'memory': {'limit': 100, 'swap': -1, 'reservation': 0}, "
	                "'cpu': {'shares': 1, 'cpus': '0-1'}, 'pids': {'limit': 5}, 'blockIO': "
	                "{'throttleReadBpsDevice': [{'major': 8, 'minor': 0, 'rate': 9}], "
	                "'weightDevice': [{'major': 8, 'minor': 0, 'weight': 10}]}, 'unified': "
	                "{'memory.high': '7'}}",
	                &c) == 0,
	        "%s", err.message);
	const struct confine *p = &c.plan.confine;
	ck_assert(c.plan.terminal && c.plan.terminal_size.rows == 5);
	ck_assert(p->uid == 1 && p->gid == 2 && p->n_groups == 2 && p->groups[1] == 4);
	ck_assert(p->umask == 077 && p->no_new_privileges);
	ck_assert(p->rlimits[0].limit.rlim_max == RLIM_INFINITY);
	ck_assert(p->caps.bounding == ((1u << 0) | (1u << 5)) && p->caps.effective == 0);
	ck_assert(p->has_oom_score_adj && p->oom_score_adj == -5);
	ck_assert(c.limits.memory.bytes.set && c.limits.memory.bytes.value == 100);
	ck_assert(c.limits.memory.with_swap.value == -1 && !c.limits.memory.reservation.set);
	ck_assert(c.limits.cpu.shares.value == 2); /* the least that the kernel takes */
	ck_assert_str_eq(c.limits.cpu.cpus, "0-1");
	ck_assert_uint_eq(c.limits.io.n_devices, 1);
	ck_assert(c.limits.io.devices[0].weight.value == 10);
	ck_assert_str_eq(c.limits.unified.v[0], "memory.high=7");
	/* Without any rule of its own it may use what everybody may. */
	ck_assert(c.limits.n_rules > 5);
	config_clear(&c);
}
END_TEST

START_TEST(limits_by_name)
{
	struct cgroup_limits limits = {0};

	ck_assert_int_eq(resources_set(&limits, "memory.limit", "4096", &err), 0);
	ck_assert(limits.memory.bytes.value == 4096);
	ck_assert_int_eq(resources_set(&limits, "memory.limit", "4k", &err), -1);
	ck_assert_str_eq(err.message, "'4k' is no value of memory.limit");
	ck_assert_int_eq(resources_set(&limits, "blockIO.weight", "5", &err), -1);
	ck_assert_str_eq(err.message, "'5' is no value of blockIO.weight");
	cgroup_limits_clear(&limits);
}
END_TEST

START_TEST(users_by_number)
{
	struct oci_process p = {.confine.gid = 9};

	ck_assert_int_eq(process_user(&p, "5", &err), 0);
	ck_assert(p.confine.uid == 5 && p.confine.gid == 9);
	ck_assert_int_eq(process_user(&p, "5:6", &err), 0);
	ck_assert(p.confine.gid == 6);
	static const char *const wrong[] = {
	        "", "root", "-1", "5:", "5:x", ":6", "5:6:7", "4294967295", " 5", "5 "};
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		AUTO_FREE char *message =
		        xasprintf("'%s' is not UID or UID:GID, in numbers", wrong[i]);
		ck_assert_int_eq(process_user(&p, wrong[i], &err), -1);
		ck_assert_str_eq(err.message, message);
	}
	process_clear(&p);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {what_is_wrong_is_said_with_its_place, the_top_is_checked,
	        unknown_keys_are_ignored, mounts_become_rows, a_read_only_cgroup_stays_so,
	        process_and_limits, limits_by_name, users_by_number};

	return suite_run("oci config", tests, ARRAY_SIZE(tests), NULL, NULL);
}
