/*
 * The journal is the state, the lock and the stopwatch of a machine or a lab: one append-only file,
 * flock()ed by its single writer, every line with a checksum; state is the fold of its lines.
 *
 *   CRC32 {"k":"header", …}\n
 *
 * A torn last line is dropped by readers and cut off by the next writer. A bad checksum before the
 * last line sets state.damaged: destroy then reverts every step of the provider; what can be read
 * is folded all the same. Killing the process loses nothing; only the header is synced to disk, and
 * only where something that it tells of would survive a power cut elsewhere (journal_sync).
 */
#pragma once

#include "base/err.h"
#include "base/str.h"
#include "base/clock.h"

#include <sys/types.h>

enum step_state { STEP_ABSENT, STEP_BEGUN, STEP_DONE, STEP_REVERTING };

struct step_record {
	char *name;
	enum step_state state;
	char digest[65];               /* of the inputs, in "done" */
	char boot_id[BOOT_ID_LEN + 1]; /* of the boot in which it was done */
	bool is_volatile;
	int64_t begun_ns, done_ns; /* wall clock */
};

struct journal_fact {
	char *key, *value;
};

struct journal_state {
	bool exists; /* a header was read */
	bool damaged;
	size_t damaged_line; /* the first bad one, from 1 */
	/* Lines may be missing: a step may have begun whether it is listed or not. */
	bool torn;     /* a tail was dropped, now or once */
	bool rebooted; /* the host booted since the first line, so the last ones before may be lost
	                */
	int format;    /* of the file; a newer one than this prov's is refused */
	char *kind;    /* "machine" or "lab" */
	char *provider;
	char *spec;                /* JSON of spec_write, or of the lab's header */
	char *boot_id;             /* of the last writer; NULL: none */
	struct step_record *steps; /* in order of first appearance */
	size_t n_steps;
	struct journal_fact *facts;
	size_t n_facts;
	char *failed_step, *failed_message; /* of the last run; NULL if it did not fail */
	int failed_code;
};

struct journal;

/*
 * Opens for writing, creating file and folder; takes the lock without waiting. ERR_BUSY names the
 * holder (pid and command line, from /proc/locks). A torn tail is cut off. The descriptor is
 * close-on-exec; a child that outlives the command must close it (close_range), or it keeps the
 * lock.
 */
MUST_CHECK int journal_open(const char *path, struct journal **out, struct err *err);
/* For a journal that only the dying worker of a killed command can still hold (the caller has the
 * lab's lock): waits for the end of that process, timeout_ns at most. */
MUST_CHECK int journal_open_after(
        const char *path, int64_t timeout_ns, struct journal **out, struct err *err);
/* flock()s fd exclusively, waiting for the end of the process that has it, timeout_ns at most. path
 * is for the error. */
MUST_CHECK int journal_await_lock(int fd, const char *path, int64_t timeout_ns, struct err *err);
void journal_close(struct journal *journal);
/* In a forked child: gives up the parent's lock, which stays locked there. All else is left as it
 * is, because to free it would copy its pages. NULL: nothing. */
void journal_leave(struct journal *journal);
/*
 * Removes the folder that holds the journal with all that is in it, the journal itself last, so
 * that a kill in between leaves a machine that can be destroyed again. The lock is held until
 * journal_close, and lines may still be appended: they go with the file.
 */
MUST_CHECK int journal_discard(struct journal *journal, struct err *err);
const char *journal_path(const struct journal *journal);
const char *journal_boot_id(const struct journal *journal); /* of now */
const struct journal_state *journal_state(const struct journal *journal);

/* The process that holds the lock of the journal at path, and its command line, escaped, for
 * people. 0: nobody does, or a process of another PID namespace. */
pid_t journal_holder(const char *path, struct str *command);

/* Reads without a lock. An absent file is an empty state (exists = false). */
MUST_CHECK int journal_read(const char *path, struct journal_state *out, struct err *err);
void journal_state_clear(struct journal_state *state);
const struct step_record *journal_step(
        const struct journal_state *state, const char *step); /* NULL: never begun */
const char *journal_fact(const struct journal_state *state, const char *key); /* NULL: none */
/* Something of it that halt undoes was made since the host's start: as far as its own commands
 * know, it runs. */
bool journal_started(const struct journal_state *state);
/* Nothing can have begun: its writer was killed before the header was complete, and the header
 * comes before any step. */
bool journal_is_blank(const struct journal_state *state);
/* ERR_FAILED with the line and a hint if the journal is damaged: for verbs that build on it. */
MUST_CHECK int journal_intact(const struct journal_state *state, const char *path, struct err *err);

/* Appends. A changed spec is written as a new header line, which keeps steps and facts; an
 * unchanged one writes nothing. */
MUST_CHECK int journal_header(struct journal *j, const char *kind, const char *provider,
        const char *spec, struct err *err);
/* On disk is then every line up to the last header; nothing to do where that was synced before. */
MUST_CHECK int journal_sync(struct journal *j, struct err *err);
MUST_CHECK int journal_begun(struct journal *j, const char *step, struct err *err);
MUST_CHECK int journal_done(
        struct journal *j, const char *step, const char *digest, bool is_volatile, struct err *err);
MUST_CHECK int journal_reverting(struct journal *j, const char *step, struct err *err);
MUST_CHECK int journal_reverted(struct journal *j, const char *step, struct err *err);
MUST_CHECK int journal_failed(
        struct journal *j, const char *step, const struct err *why, struct err *err);
MUST_CHECK int journal_set(
        struct journal *j, const char *key, const char *value, struct err *err); /* NULL: forget */
