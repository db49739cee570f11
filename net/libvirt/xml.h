/* Building libvirt's XML, and the mark by which prov knows its own objects. Pure. */
#pragma once

#include "base/err.h"
#include "base/str.h"

/* Text is escaped; what XML 1.0 cannot hold (control characters) becomes '?'. */

/* ` name='value'`; nothing if value is NULL. */
void xml_add_attr(struct str *out, const char *name, const char *value);
/* `<name>text</name>` on a line of its own behind indent spaces. */
void xml_add_element(struct str *out, int indent, const char *name, const char *text);

/* The metadata element that every object of prov's carries: the lab's id, and who in the lab it is.
 * what NULL: none. */
void xml_add_mark(struct str *out, const char *lab_id, const char *what);
/* The lab id in an object's XML as libvirt prints it. NULL: not prov's. The caller frees. */
char *xml_lab_id(const char *xml);
/* Refuses (ERR_FAILED) an object that is not this lab's. kind: "domain"; name: its name. */
MUST_CHECK int xml_check_mark(
        const char *xml, const char *lab_id, const char *kind, const char *name, struct err *err);
