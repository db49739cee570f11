/* The four operations behind "prov_boxes", one file each. */
#pragma once

#include "boxes/boxes.h"

MUST_CHECK int box_build(
        const struct box_job *job, const char *recipe_dir, struct box *out, struct err *err);
MUST_CHECK int box_add(const struct box_job *job, const char *source, const char *name,
        const char *sha256, struct box *out, struct err *err);
MUST_CHECK int box_export(
        const struct box_job *job, const char *name, const char *path, struct err *err);
MUST_CHECK int box_verify(const struct box_job *job, const char *name, struct err *err);
