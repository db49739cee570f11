#include "guest/supervisor.h"
#include "providers/container/session.h"

#include "base/procfs.h"

pid_t container_supervisor(pid_t init)
{
	AUTO_STR status = {0}, comm = {0};
	AUTO_FD int proc = procfs_open(init);

	if (proc < 0 || procfs_read(proc, "status", 65536, &status) < 0)
		return 0;
	pid_t parent = (pid_t)procfs_number(str_text(&status), "PPid", 10, 0);
	AUTO_FD int its = parent > 0 ? procfs_open(parent) : -1;
	if (its < 0 || procfs_read(its, "comm", 64, &comm) < 0)
		return 0;
	return str_eq(str_text(&comm), COMM_COMMITTED "\n") ? parent : 0;
}
