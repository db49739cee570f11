#include "base/procfs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SECOND_NS INT64_C(1000000000)

int procfs_open(pid_t pid)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d", pid);
	return open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

int procfs_read(int proc, const char *file, size_t max, struct str *out)
{
	AUTO_FD int fd = openat(proc, file, O_RDONLY | O_CLOEXEC);
	char buf[4096];
	ssize_t n = 1;

	if (fd < 0)
		return -1;
	while (out->len < max && (n = read(fd, buf, sizeof(buf))) > 0)
		str_addn(out, buf, (size_t)n);
	return n < 0 ? -1 : 0;
}

/* The text behind "KEY:" at the beginning of a line; NULL: there is no such line. */
static const char *find_field(const char *status, const char *key)
{
	size_t n = strlen(key);

	for (const char *line = status; line && *line;) {
		if (strncmp(line, key, n) == 0 && line[n] == ':')
			return line + n + 1 + strspn(line + n + 1, " \t");
		line = strchr(line, '\n');
		line += line != NULL;
	}
	return NULL;
}

bool procfs_field(const char *status, const char *key, struct str *out)
{
	const char *value = find_field(status, key);
	size_t n = value ? strcspn(value, "\n") : 0;

	while (n && (value[n - 1] == ' ' || value[n - 1] == '\t'))
		n--;
	if (value)
		str_addn(out, value, n);
	return value != NULL;
}

int64_t procfs_number(const char *status, const char *key, int base, int64_t fallback)
{
	const char *value = find_field(status, key);
	char *end;

	if (!value)
		return fallback;
	int64_t n = (int64_t)strtoull(value, &end, base);
	return end == value ? fallback : n;
}

/* The last word of a line of numbers: of NSpid, the one in the innermost namespace. */
static pid_t last_number(const char *status, const char *key, pid_t fallback)
{
	AUTO_STR line = {0};

	if (!procfs_field(status, key, &line) || !line.len)
		return fallback;
	const char *space = strrchr(str_text(&line), '\t');
	return atoi(space ? space + 1 : str_text(&line));
}

static char *command_of(int proc, const char *status)
{
	AUTO_STR raw = {0}, out = {0};

	if (procfs_read(proc, "cmdline", 4096, &raw) == 0 && raw.len) {
		str_addn(&raw, "", 1);
		for (const char *word = raw.buf; word < raw.buf + raw.len - 1;
		        word += strlen(word) + 1) {
			str_add(&out, out.len ? " " : "");
			str_add_shell(&out, word);
		}
		return str_steal(&out);
	}
	str_add(&out, "[");
	procfs_field(status, "Name", &out);
	str_add(&out, "]");
	return str_steal(&out);
}

int procfs_process(pid_t pid, struct procfs_process *out)
{
	AUTO_FD int proc = procfs_open(pid);
	AUTO_STR status = {0}, stat = {0};
	unsigned long user, system, real = 0, effective = 0;
	unsigned long long started;
	int parent;
	char state;
	long tick = sysconf(_SC_CLK_TCK);

	if (proc < 0 || procfs_read(proc, "status", 65536, &status) < 0 ||
	        procfs_read(proc, "stat", 4096, &stat) < 0)
		return -1;
	/* The name in the second field may hold anything, also parentheses. */
	const char *rest = strrchr(str_text(&stat), ')');
	AUTO_STR uids = {0};
	procfs_field(str_text(&status), "Uid", &uids);
	if (!rest ||
	        sscanf(rest + 1,
	                " %c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu %*d %*d %*d "
	                "%*d %*d %*d %llu",
	                &state, &parent, &user, &system, &started) != 5 ||
	        sscanf(str_text(&uids), "%lu %lu", &real, &effective) != 2) {
		errno = ESRCH;
		return -1;
	}
	*out = (struct procfs_process){
	        .pid = pid,
	        .inside = last_number(str_text(&status), "NSpid", pid),
	        .parent = parent,
	        .uid = (uid_t)effective,
	        .state = state,
	        .cpu_ns = (int64_t)(user + system) * (SECOND_NS / tick),
	        .started_ns = (int64_t)started * (SECOND_NS / tick),
	        .memory_bytes = procfs_number(str_text(&status), "VmRSS", 10, 0) * 1024,
	        .command = command_of(proc, str_text(&status)),
	};
	return 0;
}

void procfs_process_clear(struct procfs_process *process)
{
	free(process->command);
	*process = (struct procfs_process){0};
}
