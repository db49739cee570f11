/* Who listens on a port of the host: /proc/net/{tcp,udp}{,6} tell the socket, /proc/PID/fd the
 * process. */
#include "net/ports.h"

#include "base/fs.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct wanted {
	const struct host_address *address;
	int first, last;
	unsigned state; /* of a socket that waits: TCP_LISTEN, or TCP_CLOSE for UDP */
};

/* The words are the address as the kernel holds it, in network byte order. What listens on "::"
 * gets connections of both families. */
static bool address_of(const char *hex, struct host_address *out)
{
	struct in6_addr ip6;
	unsigned w[4] = {0};

	if (strlen(hex) == 8) {
		if (sscanf(hex, "%8x", &w[0]) != 1)
			return false;
		*out = host_address_v4(__builtin_bswap32(w[0]));
		return true;
	}
	if (sscanf(hex, "%8x%8x%8x%8x", &w[0], &w[1], &w[2], &w[3]) != 4)
		return false;
	memcpy(&ip6, w, sizeof(ip6));
	if (IN6_IS_ADDR_V4MAPPED(&ip6)) {
		*out = host_address_v4(__builtin_bswap32(w[3]));
		return true;
	}
	*out = host_address_v6(&ip6);
	out->v4 = IN6_IS_ADDR_UNSPECIFIED(&ip6);
	return true;
}

static bool matches(const struct wanted *w, const char *line, int *port, unsigned long *inode)
{
	char hex[33];
	unsigned number, state;
	struct host_address address;

	if (sscanf(line,
	            "%*d: %32[0-9A-Fa-f]:%x %*[0-9A-Fa-f]:%*x %x %*x:%*x %*x:%*x %*x %*u %*d %lu",
	            hex, &number, &state, inode) != 4)
		return false;
	*port = (int)number;
	return state == w->state && *port >= w->first && *port <= w->last &&
	        address_of(hex, &address) && host_address_overlap(&address, w->address);
}

/* An absent file: that protocol is not there. */
static bool find_socket(
        const char *proc, const char *file, const struct wanted *w, int *port, unsigned long *inode)
{
	AUTO_FREE char *path = xasprintf("%s/net/%s", proc, file);
	FILE *f = fopen(path, "re");
	char line[512];
	bool found = false;

	while (f && !found && fgets(line, sizeof(line), f))
		found = matches(w, line, port, inode);
	if (f)
		fclose(f);
	return found;
}

static bool has_socket(const char *proc, const char *pid, unsigned long inode)
{
	AUTO_FREE char *dir = xasprintf("%s/%s/fd", proc, pid);
	AUTO_FREE char *wanted = xasprintf("socket:[%lu]", inode);
	AUTO_STRV fds = {0};

	if (fs_list(dir, &fds, NULL) < 0)
		return false;
	for (size_t i = 0; i < fds.n; i++) {
		AUTO_FREE char *path = xasprintf("%s/%s", dir, fds.v[i]);
		char target[64];
		ssize_t n = readlink(path, target, sizeof(target) - 1);
		if (n < 0)
			continue;
		target[n] = '\0';
		if (str_eq(target, wanted))
			return true;
	}
	return false;
}

static void name_process(const char *proc, const char *pid, struct port_holder *out)
{
	AUTO_FREE char *path = xasprintf("%s/%s/comm", proc, pid);
	AUTO_STR comm = {0}, safe = {0};

	out->pid = atoi(pid);
	if (fs_read(path, 64, &comm, NULL) == 0)
		str_add_escaped(&safe, str_text(&comm), strcspn(str_text(&comm), "\n"));
	snprintf(out->name, sizeof(out->name), "%s", str_text(&safe));
}

int port_holder_find(const char *proc, const struct host_address *address, int first, int last,
        bool udp, struct port_holder *out, struct err *err)
{
	struct wanted w = {address, first, last, udp ? 7 : 10};
	unsigned long inode = 0;
	AUTO_STRV pids = {0};
	int port;

	if (!find_socket(proc, udp ? "udp" : "tcp", &w, &port, &inode) &&
	        !find_socket(proc, udp ? "udp6" : "tcp6", &w, &port, &inode))
		return 0;
	if (fs_list(proc, &pids, err) < 0)
		return -1;
	*out = (struct port_holder){.port = port};
	for (size_t i = 0; i < pids.n && !out->pid; i++)
		if (isdigit((unsigned char)pids.v[i][0]) && has_socket(proc, pids.v[i], inode))
			name_process(proc, pids.v[i], out);
	return 1;
}
