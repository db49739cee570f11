/* Adding a box, in parts: where it comes from (add.c), what an exported one holds (add_exported.c),
 * and disks that are not prov's (add_disk.c). */
#pragma once

#include "boxes/transfer/stage.h"
#include "boxes/transfer/unpack.h"

struct add {
	struct stage stage;
	const char *source, *name; /* name NULL: from the manifest or the file's name */
	struct archive *outer;
	struct job_meter meter;
	struct job_stage now;
	struct box wanted; /* the manifest that came with an exported box */
	struct box box;
};

/* Unpacks what is left in an archive, after an entry that was read already (NULL: none), and stages
 * the tree; its digest must be that of the manifest, if there is one. */
MUST_CHECK int add_unpacked(
        struct add *add, struct archive *a, struct archive_entry *first, struct err *err);
/* entry is the manifest's. Fills add->box; nothing is published yet. */
MUST_CHECK int add_exported(struct add *add, struct archive_entry *entry, struct err *err);

/* What the file is, by its first sector. */
enum add_image { ADD_NO_IMAGE, ADD_QCOW2, ADD_RAW };
enum add_image add_image_of(int fd);
/* Stages the disk; fd is at its beginning. */
MUST_CHECK int add_image(struct add *add, int fd, enum add_image kind, struct err *err);
/* The archive is a box of Vagrant's, as its first entry tells. Stages its disk. */
bool add_is_vagrant(struct archive_entry *entry);
MUST_CHECK int add_vagrant(struct add *add, struct archive_entry *entry, struct err *err);
