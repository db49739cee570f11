/*
 * A machine's synced folders as the host has them. Machines may write what they share: a link that
 * one of them has put in the way of another's folder must lead nowhere, so what lies beneath a
 * shared folder (folder_use.top) is opened without following any.
 */
#pragma once

#include "base/digest.h"
#include "core/spec.h"

#define FOLDER_HIDDEN ".prov" /* of the project: nothing of a machine's */

/* What stands behind top in path ("" is top itself); NULL: it does not lie there. */
const char *folder_beneath(const char *top, const char *path);
/* Opens the host's folder by O_PATH, made where it is absent and `create` says so; it then belongs
 * to whom the folder above belongs to. ERR_CONFIG names it. */
MUST_CHECK int folder_open(const struct folder_use *folder, int *out, struct err *err);
/* Where the project's own files are, seen from the folder: ".prov", "lab/.prov". NULL: they are not
 * in it. The caller frees. */
char *folder_hidden(const struct machine_spec *spec, const struct folder_use *folder);
/* By which a virtual machine knows the device of a folder: "prov0". The caller frees. */
char *folder_tag(size_t index);
/* Everything that decides what a machine sees; a project that was moved as a whole is the same. */
void folder_digest(
        const struct machine_spec *spec, const struct folder_use *folder, struct digest *digest);
const char *folder_type_name(enum folder_type type);
/* Changes travel from the host to the machine alone. */
bool folder_is_copied(const struct folder_use *folder);
/* Whether host and box can do virtiofs; where the box has no files to look at, it is supposed to.
 */
bool folder_virtiofs(const struct machine_spec *spec);
/* The same for 9p, which QEMU itself serves; where the box has no files to look at, it is supposed
 * to. */
bool folder_can_9p(const struct machine_spec *spec);
/* type: auto becomes what works here, once the box is known. The project's folder is never copied:
 * it stays auto, which is nowhere. */
void folders_settle(struct machine_spec *spec);
