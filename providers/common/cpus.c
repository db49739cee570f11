#include "providers/common/cpus.h"

#include "base/fs.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* The next range of a set; false at its end. */
static bool next_range(const char **at, long *first, long *last)
{
	char *end;

	*first = *last = strtol(*at, &end, 10);
	if (end == *at)
		return false;
	if (*end == '-')
		*last = strtol(end + 1, &end, 10);
	*at = end + (*end == ',');
	return *last >= *first;
}

static bool has_range(const char *set, long first, long last)
{
	long a, b;

	while (next_range(&set, &a, &b)) {
		if (a <= first && last <= b)
			return true;
		if (a <= first && first <= b)
			first = b + 1;
	}
	return false;
}

int cpus_check(const char *set, const char *online, struct err *err)
{
	const char *at = set ? set : "";
	long first, last;

	while (*online && next_range(&at, &first, &last))
		if (!has_range(online, first, last)) {
			err_of_key(err, "cpuset", "'%s' asks for CPUs that are not here", set);
			return err_hint(err, "this host has the CPUs %s", online);
		}
	return 0;
}

void cpus_online(struct str *out)
{
	str_reset(out);
	if (fs_read("/sys/devices/system/cpu/online", 4096, out, NULL) < 0 || !out->len)
		return;
	out->buf[strcspn(out->buf, "\n")] = '\0';
	out->len = strlen(out->buf);
}
