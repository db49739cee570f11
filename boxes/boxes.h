/* Making and moving boxes: what prov-box.so exports as "prov_boxes" (libcurl and libarchive live
 * there). */
#pragma once

#include "boxes/store.h"
#include "core/event.h"

struct box_job {
	const char *home;
	struct event_sink *sink;  /* progress and notes; NULL: none */
	const volatile int *stop; /* non-zero: give up, nothing half-made */
};

struct boxes_ops {
	/* recipe_dir: a folder with recipe.sh and its files; the name of the box is in it. */
	int (*build)(const struct box_job *job, const char *recipe_dir, struct box *out,
	        struct err *err);
	/* source: path or URL of an exported box or a rootfs tar. name NULL: from the manifest or
	 * the file's name. sha256 NULL: not checked but printed. */
	int (*add)(const struct box_job *job, const char *source, const char *name,
	        const char *sha256, struct box *out, struct err *err);
	int (*export)(
	        const struct box_job *job, const char *name, const char *path, struct err *err);
	/* Hashes every artefact of the box again; ERR_FAILED names the one that differs. */
	int (*verify)(const struct box_job *job, const char *name, struct err *err);
};
