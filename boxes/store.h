/*
 * The box store, content-addressed: an entry is complete or absent, and verified when it arrives.
 *
 *   HOME/boxes/NAME/box.json                    the manifest (NAME may hold one '/': "debian/12")
 *   HOME/store/blobs/SHA256.SUFFIX              root:root 0444: .qcow2, .kernel, .initrd
 *   HOME/store/trees/SHA256/                    unpacked rootfs, named by the canonical digest of
 *                                               the tree
 *
 * A machine uses paths in the store as the lower layer or backing file; nothing is copied.
 */
#pragma once

#include "base/err.h"
#include "core/spec.h"

struct artefact {
	char *kind;   /* "rootfs", "disk", "kernel", "initrd" */
	char *format; /* "tree", "qcow2", "raw" */
	char *digest; /* sha256; of a tree: the canonical digest */
	int64_t size; /* bytes on disk */
};

struct box {
	char *name, *version, *architecture, *description;
	char *cmdline, *user;
	char *digest;    /* of box.json */
	int64_t created; /* seconds since the epoch: SOURCE_DATE of the recipe, 0 if unknown */
	struct artefact *artefacts;
	size_t n_artefacts;
};

void box_clear(struct box *box);
const struct artefact *box_artefact(
        const struct box *box, const char *kind); /* NULL: it has none */
int64_t box_size(const struct box *box);

/* ERR_MISSING with a hint (prov box build …, did you mean …) if there is none of that name. */
MUST_CHECK int store_find(const char *home, const char *name, struct box *out, struct err *err);
/* A box whose manifest cannot be read is not in the list; what is wrong with it is, a line each, in
 * bad. */
MUST_CHECK int store_list(
        const char *home, struct box **out, size_t *n, struct strv *bad, struct err *err);
/* Fills what a machine needs; ERR_FAILED if an artefact is missing from the store. */
MUST_CHECK int store_use(
        const char *home, const struct box *box, struct box_use *out, struct err *err);
/* Removes the name with every version of it that was built or added, then their blobs and trees
 * that no other box refers to. The caller has checked that no machine uses a box of this name. */
MUST_CHECK int store_remove(const char *home, const char *name, struct err *err);
/* A box name: one or two DNS-like parts, "debian/12"; refuses "..", absolute names, control
 * characters. */
MUST_CHECK int box_check_name(const char *name, struct err *err);

/* The manifest: box.json, schema 1, checked field by field (sizes, digests, no path in a name). */
MUST_CHECK int manifest_read(const char *json, size_t n, struct box *out, struct err *err);
void manifest_write(const struct box *box, struct str *out);
