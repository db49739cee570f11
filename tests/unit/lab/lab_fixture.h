/* A temporary home and project folder, a lab opened from a text, and a recorder of what its workers
 * said. */
#pragma once

#include "lab/verbs.h"
#include "tests/fake/fake_provider.h"

struct fixture {
	char *root;    /* temporary folder, removed by lab_fixture_end */
	char *project; /* ROOT/project: holds prov.yaml */
};

void lab_fixture_begin(struct fixture *f);
void lab_fixture_end(struct fixture *f);
/* Writes prov.yaml into folder (made if it is missing). */
void lab_fixture_write(const char *folder, const char *text);
/* Opens the lab of a folder; fails the test on any problem. */
void lab_fixture_open(const char *folder, struct lab *lab);
/* Opens and locks it, and gives its networks and machines their numbers; likewise. */
void lab_fixture_allocate(const char *folder, struct lab *lab);
/* Of the journal of a locked lab; NULL: it is not there. */
const char *lab_fixture_fact(const struct lab *lab, const char *key);

/* A sink that keeps "MACHINE KIND TEXT" lines of ends, notes, warnings and errors. */
struct lab_recorder {
	struct event_sink sink;
	struct str lines;
};
void lab_recorder_init(struct lab_recorder *r);

/* Locks the lab, runs the verb on what the patterns (NULL-terminated) select. */
int lab_fixture_run(struct lab *lab, const struct verb *verb, const char *const *patterns,
        struct lab_recorder *r, struct outcome *out, struct err *err);
