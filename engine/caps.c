#include "engine/caps.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/capability.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PREFIX "cap_"

static uint64_t bit(int cap)
{
	return UINT64_C(1) << cap;
}

/*
 * Podman's default and NET_RAW: ping of the usual systems is marked in its file with it, and cannot
 * even be executed where the bounding set lacks it. In a user namespace it reaches no further than
 * the container's own network.
 */
uint64_t caps_container(void)
{
	return bit(CAP_CHOWN) | bit(CAP_DAC_OVERRIDE) | bit(CAP_FOWNER) | bit(CAP_FSETID) |
	        bit(CAP_KILL) | bit(CAP_SETGID) | bit(CAP_SETUID) | bit(CAP_SETPCAP) |
	        bit(CAP_SETFCAP) | bit(CAP_NET_BIND_SERVICE) | bit(CAP_SYS_CHROOT) |
	        bit(CAP_NET_RAW);
}

/* The kernel may know more than libcap has names for, or fewer. */
uint64_t caps_all(void)
{
	int n = cap_max_bits();

	return n >= 64 ? UINT64_MAX : bit(n) - 1;
}

/* Its name in lower case without "cap_"; NULL: it has none. The caller frees. */
static char *short_name(int cap)
{
	char *name = cap_to_name(cap);
	char *copy = name && str_starts(name, PREFIX) ? xstrdup(name + strlen(PREFIX)) : NULL;

	cap_free(name);
	return copy;
}

static int unknown(const char *name, const char *word, struct err *err)
{
	AUTO_STRV known = {0};

	for (int cap = 0; cap < 64; cap++) {
		char *one = short_name(cap);
		if (one)
			strv_take(&known, one);
	}
	const char *near = str_nearest(word, (const char *const *)known.v, known.n);
	err_set(err, ERR_CONFIG, "there is no capability '%s'", name);
	if (!near)
		return err_hint(err, "capabilities(7) lists them; ALL is every one");
	AUTO_FREE char *upper = xstrdup(near);
	for (char *p = upper; *p; p++)
		*p = (char)toupper((unsigned char)*p);
	return err_hint(err, "did you mean %s?", upper);
}

int caps_parse(const char *name, uint64_t *out, struct err *err)
{
	AUTO_FREE char *lower = xstrdup(name);
	cap_value_t cap;

	for (char *p = lower; *p; p++)
		*p = (char)tolower((unsigned char)*p);
	const char *word = str_starts(lower, PREFIX) ? lower + strlen(PREFIX) : lower;
	if (str_eq(lower, "all")) {
		*out = caps_all();
		return 0;
	}
	AUTO_FREE char *full = xasprintf(PREFIX "%s", word);
	/* libcap takes numbers too, which mean nothing to a reader. */
	if (isdigit((unsigned char)*word) || cap_from_name(full, &cap) < 0)
		return unknown(name, word, err);
	*out = bit(cap);
	return 0;
}

/* The union of what one pass takes: "ALL", or everything but it. */
static int collect(const struct strv *names, bool all, uint64_t *out, struct err *err)
{
	uint64_t one;

	*out = 0;
	for (size_t i = 0; names && i < names->n; i++) {
		if ((strcasecmp(names->v[i], "ALL") == 0) != all)
			continue;
		if (caps_parse(names->v[i], &one, err) < 0)
			return -1;
		*out |= one;
	}
	return 0;
}

int caps_choose(uint64_t base, const struct strv *add, const struct strv *drop, uint64_t *out,
        struct err *err)
{
	uint64_t mask = base, given, taken;

	for (int all = 1; all >= 0; all--) {
		if (collect(drop, all, &taken, err) < 0 || collect(add, all, &given, err) < 0)
			return -1;
		mask = (mask & ~taken) | given;
	}
	*out = mask;
	return 0;
}

void caps_names(uint64_t mask, struct strv *out)
{
	for (int cap = 0; cap < 64; cap++) {
		if (!(mask & bit(cap)))
			continue;
		AUTO_FREE char *name = short_name(cap);
		for (char *p = name; p && *p; p++)
			*p = (char)toupper((unsigned char)*p);
		if (name)
			strv_addf(out, "CAP_%s", name);
		else
			strv_addf(out, "%d", cap);
	}
}

struct caps caps_of(uint64_t mask, bool root)
{
	uint64_t own = root ? mask : 0;

	return (struct caps){.bounding = mask, .effective = own, .permitted = own};
}

int caps_permitted(uint64_t *out)
{
	struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct now[2];

	if (syscall(SYS_capget, &header, now) < 0)
		return -1;
	*out = now[0].permitted | (uint64_t)now[1].permitted << 32;
	return 0;
}
