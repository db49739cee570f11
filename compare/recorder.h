/*
 * A sink that turns what workers say into stamps: when each machine reached each phase. Stamps are
 * the host's clock on arrival; a guest's clock is never asked. Where a phase is reached by several
 * steps, the last one counts.
 */
#pragma once

#include "compare/load.h"
#include "core/event.h"

struct timeline {
	char *machine;              /* selector */
	int64_t begin_ns, end_ns;   /* of the worker */
	int64_t phase_ns[N_PHASES]; /* 0: not reached */
	int64_t provision_ns;       /* sum of the provisioning steps' durations */
	int64_t channel_ns;         /* the guest's last line on the channel without SSH; 0: none */
	char *phases_file;          /* where that line appears; NULL: not watched */
	bool failed;
	char *error; /* the first one; NULL: none */
};

struct compare_recorder {
	struct event_sink sink;   /* first: it is cast */
	struct event_sink *other; /* warnings and errors are handed on; NULL: dropped */
	struct timeline *lines;
	size_t n;
	char *accelerator; /* the last note about it; NULL: none */
	struct load_sample
	        answered; /* of the host, when the last transport answered; t_ns 0: none */
};

void recorder_init(struct compare_recorder *r, struct event_sink *other);
void recorder_clear(struct compare_recorder *r);
/* Forgets all machines. */
void recorder_reset(struct compare_recorder *r);
/* From now on, this machine's file of phases is looked at every RECORDER_TICK_MS. */
#define RECORDER_TICK_MS 20
void recorder_watch(struct compare_recorder *r, const char *machine, const char *phases_file);
/* NULL: nothing was said of it. */
const struct timeline *recorder_of(const struct compare_recorder *r, const char *machine);
