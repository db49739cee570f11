#include "net/near.h"

#include <arpa/inet.h>
#include <sys/socket.h>

enum { ANY_PORT = 9 };

bool net_is_near(const struct nic *nic)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(ANY_PORT)}, own;
	socklen_t n = sizeof(own);
	AUTO_FD int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	/* Nothing is sent: the kernel only chooses the way. */
	if (fd < 0 || !nic->address || nic->prefix < 1 ||
	        inet_pton(AF_INET, nic->address, &to.sin_addr) != 1 ||
	        connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0 ||
	        getsockname(fd, (struct sockaddr *)&own, &n) < 0)
		return false;
	return !(ntohl(own.sin_addr.s_addr ^ to.sin_addr.s_addr) >> (32 - nic->prefix));
}

const char *net_near_address(const struct machine_spec *spec)
{
	const char *first = NULL;

	for (size_t i = 0; i < spec->n_nics; i++) {
		if (net_is_near(&spec->nics[i]))
			return spec->nics[i].address;
		first = first ? first : spec->nics[i].address;
	}
	return first;
}

const struct nic *net_way_in(const struct machine_spec *spec)
{
	const struct nic *nic = spec_route(spec);

	return nic ? nic : spec->n_nics ? &spec->nics[0] : NULL;
}
