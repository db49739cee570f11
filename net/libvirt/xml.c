#include "net/libvirt/xml.h"

#include <string.h>

static void add_text(struct str *out, const char *text)
{
	AUTO_FREE char *plain = xstrdup(text);

	/* XML 1.0 has no place for control characters, escaped or not. */
	for (char *p = plain; *p; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			*p = '?';
	str_add_markup(out, plain);
}

void xml_add_attr(struct str *out, const char *name, const char *value)
{
	if (!value)
		return;
	str_addf(out, " %s='", name);
	add_text(out, value);
	str_add(out, "'");
}

void xml_add_element(struct str *out, int indent, const char *name, const char *text)
{
	str_addf(out, "%*s<%s>", indent, "", name);
	add_text(out, text);
	str_addf(out, "</%s>\n", name);
}

#define MARK_OPEN  "<prov:lab xmlns:prov="
#define MARK_CLOSE "</prov:lab>"

void xml_add_mark(struct str *out, const char *lab_id, const char *what)
{
	str_add(out, "  <metadata>\n    " MARK_OPEN "'urn:prov:lab'");
	xml_add_attr(out, "what", what);
	str_add(out, ">");
	add_text(out, lab_id);
	str_add(out, MARK_CLOSE "\n  </metadata>\n");
}

char *xml_lab_id(const char *xml)
{
	/* Nothing but an element can begin with '<': in texts and attributes it is escaped. */
	const char *mark = strstr(xml, MARK_OPEN);
	const char *end = mark ? strstr(mark, MARK_CLOSE) : NULL;
	const char *text = mark ? strchr(mark, '>') : NULL;

	if (!end || !text || text > end)
		return NULL;
	return xstrndup(text + 1, (size_t)(end - text - 1));
}

int xml_check_mark(
        const char *xml, const char *lab_id, const char *kind, const char *name, struct err *err)
{
	AUTO_FREE char *owner = xml_lab_id(xml);

	if (str_eq(owner, lab_id))
		return 0;
	if (owner)
		err_set(err, ERR_FAILED, "the %s '%s' belongs to lab '%s', not to '%s'", kind, name,
		        owner, lab_id);
	else
		err_set(err, ERR_FAILED, "the %s '%s' was not made by prov", kind, name);
	return err_hint(err, "prov touches only what carries its lab's id; look at it with virsh");
}
