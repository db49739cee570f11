/* The processes of a container as the host sees them, with the names that the container has for
 * their users. */
#include "providers/container/describe.h"

#include "engine/cgroup/cgroup.h"
#include "transports/exec_user.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

/* The number that a user of the host has inside; -1: none. */
static int64_t inside_uid(const char *map, uid_t uid)
{
	unsigned inside, outside, count;
	int used;

	for (const char *p = map; sscanf(p, "%u %u %u%n", &inside, &outside, &count, &used) == 3;
	        p += used)
		if (uid >= outside && uid - outside < count)
			return (int64_t)inside + (uid - outside);
	return -1;
}

/* One look-up for each user: most processes are of the same few. */
static char *user_name(
        int root, const char *map, uid_t uid, const struct machine_process *v, size_t n)
{
	int64_t inside = inside_uid(map, uid);
	struct exec_user user;
	char number[24];

	for (size_t i = 0; i < n; i++)
		if (v[i].p.uid == uid)
			return xstrdup(v[i].user);
	if (inside < 0)
		return xasprintf("(%u)", uid);
	snprintf(number, sizeof(number), "%lld", (long long)inside);
	if (root < 0 || exec_user_find(number, root, &user, NULL) < 0)
		return xstrdup(number);
	char *name = xstrdup(user.name);
	exec_user_clear(&user);
	return name;
}

static int by_inside(const void *a, const void *b)
{
	const struct machine_process *x = a, *y = b;

	return (x->p.inside > y->p.inside) - (x->p.inside < y->p.inside);
}

int container_processes(void *session, struct machine_process **out, size_t *n, struct err *err)
{
	const struct session *s = session;
	pid_t init = container_pid(s);
	AUTO_FD int proc = init ? procfs_open(init) : -1;
	AUTO_FD int root = proc < 0 ? -1 : openat(proc, "root", O_PATH | O_DIRECTORY | O_CLOEXEC);
	AUTO_FREE pid_t *pids = NULL;
	AUTO_STR map = {0};
	size_t count = 0;

	if (!init)
		return err_set(err, ERR_FAILED, "'%s' is not running", s->spec->selector);
	if (cgroup_pids(&s->tree, s->names->cgroup, &pids, &count, err) < 0)
		return -1;
	if (proc >= 0 && procfs_read(proc, "uid_map", 65536, &map) < 0)
		str_reset(&map);
	struct machine_process *v = xcalloc(count + 1, sizeof(*v));
	*n = 0;
	/* One that ended meanwhile is left out. */
	for (size_t i = 0; i < count; i++) {
		if (procfs_process(pids[i], &v[*n].p) < 0)
			continue;
		v[*n].user = user_name(root, str_text(&map), v[*n].p.uid, v, *n);
		++*n;
	}
	qsort(v, *n, sizeof(*v), by_inside);
	*out = v;
	return 0;
}
