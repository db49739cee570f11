/* The members of an exported box, in their order: box.json comes first, so that everything behind
 * it is checked as it arrives. */
#pragma once

#include "boxes/boxes.h"

struct member {
	const char *name; /* in the tar */
	const char *kind; /* of the artefact */
};
enum { N_MEMBERS = 4 };
extern const struct member box_members[N_MEMBERS];
#define BOX_MANIFEST "box.json"

/* An image from elsewhere must stand alone: no backing file and no external data, which would be
 * read from the host. */
MUST_CHECK int qcow2_check(const char *path, struct err *err);
