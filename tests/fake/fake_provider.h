/*
 * A provider whose machines are files in a folder, "the world": an effect is a file that holds what
 * it was made from, so that a test can see what stands, what is missing and what is stale. All of
 * its state is in the file system and its root in the environment (PROV_FAKE), so that it works in
 * workers, in killed children and over several runs of a program.
 *
 *   $PROV_FAKE/world/SELECTOR/EFFECT   what stands
 *   $PROV_FAKE/faults/…                what fails
 *   $PROV_FAKE/answers                 what the transport answers
 *   $PROV_FAKE/frozen-SELECTOR         the machine is suspended
 *   $PROV_FAKE/oom-SELECTOR            how many of its processes were killed for lack of memory
 *   $PROV_FAKE/log                     what was called, a line each: "apply web@kvm fake.disk"
 *
 * Steps: fake.folder (box: RECREATE), fake.disk (box, disk: RECREATE; two effects),
 * fake.define (memory: RESTART), fake.limits (cpus: LIVE), fake.network (addresses: RESTART;
 * volatile), fake.start (volatile; records the fact "pid"; phases kernel and init), fake.answer
 * (volatile, quiet; opens the transport; phase transport).
 */
#pragma once

#include "core/run.h"

/* The same steps under each name, "container" and "kvm", so that tests can use `provider: both`. */
extern const struct provider fake_container;
extern const struct providers fake_providers;

/* Makes an empty world below folder (which must not exist) and sets PROV_FAKE to it. */
void fake_begin(const char *folder);
/* Removes the folder. */
void fake_end(void);

/*
 * From now on `what` fails with this message: "apply", "revert" (of a step), "open", "inspect",
 * "connect", "usage", "check" (step NULL). selector NULL: for every machine. The message "hang"
 * does not fail: it waits until the run is stopped. The message "late" fails after the effect.
 */
void fake_fail(const char *what, const char *selector, const char *step, const char *message);
void fake_heal(void); /* nothing fails any more */

/* A command of the transport (its words joined by spaces, then its standard input) that contains
 * part prints output and ends with status. What no answer names prints nothing and ends with 0; the
 * first that fits counts. */
void fake_answer(const char *part, int status, const char *output);

/* What stands: the text of an effect ("disk", "define", …), or NULL. The caller frees. */
char *fake_effect(const char *selector, const char *effect);
/* True if nothing stands of any machine. */
bool fake_empty(void);
/* Volatile effects go, as in a reboot or a crash of the machine; or everything of it. */
void fake_crash(const char *selector);
void fake_vanish(const char *selector);

char *fake_log(void); /* the caller frees */
void fake_log_clear(void);
/* How many lines of the log begin with this. */
size_t fake_log_count(const char *prefix);
