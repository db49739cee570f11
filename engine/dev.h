/* What every container has in its /dev, whoever asked for it (config-linux.md of the OCI, "Default
 * Devices"). */
#pragma once

#include <stddef.h>

struct dev_node {
	const char *path;
	unsigned major, minor; /* of a character device that everybody may use */
};
#define DEV_MODE 0666

struct dev_link {
	const char *path, *to;
};

/* Both end with a path of NULL. */
extern const struct dev_node dev_nodes[];
extern const struct dev_link dev_links[];
