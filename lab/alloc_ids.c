/*
 * Scarce numbers: user and group ids. A container's root is nobody on the host, and no other
 * container either, so each has 65536 ids of its own, in all labs of this host: those of this home
 * are known from the journals, those of other homes as long as the host runs (lab/id_registry.h).
 * The disk holds unshifted owners, so that a machine that does not run can change its range.
 */
#include "lab/id_registry.h"
#include "lab/prepare.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char prefix[] = "ids.";

/* Ranges by the upper half of their first id. Users, and what else hands out ids, end below 0x7000
 * (systemd's UIDS-GIDS); the kernel's ids beyond 0x7fff are negative to some programs. */
enum { RANGES = 0x8000, FIRST = 0x7000, LAST = 0x7ffe, LEAST = 0x1000 };

static void take(bool *taken, const struct journal_state *state)
{
	for (size_t i = 0; i < state->n_facts; i++) {
		if (!str_starts(state->facts[i].key, prefix))
			continue;
		unsigned long range = strtoul(state->facts[i].value, NULL, 10) >> 16;
		if (range < RANGES)
			taken[range] = true;
	}
}

static int take_all(const struct lab *lab, bool *taken, struct err *err)
{
	AUTO_STRV ids = {0};

	if (lab_ids(lab->home, &ids, err) < 0)
		return -1;
	for (size_t i = 0; i < ids.n; i++) {
		struct journal_state state = {0};
		if (lab_other(lab, ids.v[i], "user ids", &state, err) < 0)
			return -1;
		take(taken, &state);
		journal_state_clear(&state);
	}
	take(taken, journal_state(lab->journal));
	return 0;
}

/* 0: none is left. */
static unsigned next_free(bool *taken, unsigned from)
{
	for (unsigned range = from; range <= LAST; range++)
		if (!taken[range])
			return range;
	for (unsigned range = FIRST - 1; range >= LEAST; range--)
		if (!taken[range])
			return range;
	return 0;
}

static char *key_of(const struct machine_spec *spec)
{
	return xasprintf("%s%s", prefix, spec->selector);
}

static bool lacks(const struct lab *lab, const struct machine_spec *spec)
{
	AUTO_FREE char *key = key_of(spec);

	return str_eq(spec->provider, "container") &&
	        !journal_fact(journal_state(lab->journal), key);
}

/* One that no other home has; *range: where to look from. */
static int choose(struct id_registry *registry, bool *taken, unsigned *range,
        const struct machine_spec *spec, struct err *err)
{
	int rc = 0;

	while (rc == 0) {
		if (!(*range = next_free(taken, *range)))
			return err_set(
			        err, ERR_HOST, "no user ids are left for '%s'", spec->selector);
		taken[*range] = true;
		rc = id_registry_take(registry, *range, err);
	}
	return rc < 0 ? -1 : 0;
}

/* Two labs that come up at once choose one after the other. */
static int record_missing(struct lab *lab, struct id_registry *registry, struct err *err)
{
	AUTO_FD int fd = lab_home_lock(lab->home, err);
	AUTO_FREE bool *taken = xcalloc(RANGES, sizeof(*taken));
	unsigned range = FIRST;

	if (fd < 0 || take_all(lab, taken, err) < 0)
		return -1;
	for (size_t i = 0; i < lab->n; i++) {
		const struct machine_spec *spec = &lab->machines[i].spec;
		if (!lacks(lab, spec))
			continue;
		if (choose(registry, taken, &range, spec, err) < 0)
			return -1;
		AUTO_FREE char *key = key_of(spec);
		AUTO_FREE char *value = xasprintf("%u", range << 16);
		if (journal_set(lab->journal, key, value, err) < 0)
			return -1;
	}
	return 0;
}

/* What another home took while the machine did not run (this host was booted since then) is
 * forgotten. */
static int keep_recorded(struct lab *lab, struct id_registry *registry, struct err *err)
{
	for (size_t i = 0; i < lab->n; i++) {
		AUTO_FREE char *key = key_of(&lab->machines[i].spec);
		const char *value = journal_fact(journal_state(lab->journal), key);
		if (!value)
			continue;
		unsigned range = (unsigned)(strtoul(value, NULL, 10) >> 16);
		int rc = id_registry_take(registry, range, err);
		if (rc < 0 || (rc == 0 && journal_set(lab->journal, key, NULL, err) < 0))
			return -1;
	}
	return 0;
}

static int alloc(struct lab *lab, struct id_registry *registry, struct err *err)
{
	bool missing = false;

	if (keep_recorded(lab, registry, err) < 0)
		return -1;
	for (size_t i = 0; i < lab->n; i++)
		missing |= lacks(lab, &lab->machines[i].spec);
	return missing ? record_missing(lab, registry, err) : 0;
}

static bool any_container(const struct lab *lab)
{
	for (size_t i = 0; i < lab->n; i++)
		if (str_eq(lab->machines[i].spec.provider, "container"))
			return true;
	return false;
}

int alloc_ids(struct lab *lab, struct err *err)
{
	struct id_registry registry;

	if (alloc_forget(lab, prefix, err) < 0)
		return -1;
	if (!any_container(lab))
		return 0;
	if (id_registry_open(lab->dir, &registry, err) < 0)
		return -1;
	int rc = alloc(lab, &registry, err);
	id_registry_close(&registry);
	return rc;
}

void alloc_fill_ids(const struct journal_state *state, struct machine_spec *spec)
{
	AUTO_FREE char *key = key_of(spec);
	const char *value = journal_fact(state, key);

	if (str_eq(spec->provider, "container") && value && !spec->container.privileged)
		spec->container.id_base = strtoll(value, NULL, 10);
}
