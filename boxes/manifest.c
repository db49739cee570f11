/* box.json, schema 1: read field by field, because it may come from anywhere, and written in one
 * fixed order, so that equal boxes have equal manifests. */
#include "base/digest.h"
#include "boxes/store.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define SCHEMA   1
#define MAX_SIZE ((int64_t)1 << 50)

/* Which formats an artefact of a kind may have. */
static const struct {
	const char *kind, *format;
} artefact_forms[] = {
        {"rootfs", "tree"},
        {"disk", "qcow2"},
        {"kernel", "raw"},
        {"initrd", "raw"},
};

/* The text fields of a box: name in JSON, place in the struct, longest value. */
static const struct {
	const char *key;
	size_t offset, max;
	bool required;
} text_fields[] = {
        {"name", offsetof(struct box, name), 64, true},
        {"version", offsetof(struct box, version), 64, true},
        {"architecture", offsetof(struct box, architecture), 32, true},
        {"description", offsetof(struct box, description), 512, false},
        {"cmdline", offsetof(struct box, cmdline), 1024, false},
        {"user", offsetof(struct box, user), 32, true},
};

static char **text_field(const struct box *box, size_t i)
{
	return (char **)((uintptr_t)box + text_fields[i].offset);
}

void box_clear(struct box *box)
{
	for (size_t i = 0; i < ARRAY_SIZE(text_fields); i++)
		free(*text_field(box, i));
	for (size_t i = 0; i < box->n_artefacts; i++) {
		free(box->artefacts[i].kind);
		free(box->artefacts[i].format);
		free(box->artefacts[i].digest);
	}
	free(box->artefacts);
	free(box->digest);
	*box = (struct box){0};
}

const struct artefact *box_artefact(const struct box *box, const char *kind)
{
	for (size_t i = 0; i < box->n_artefacts; i++)
		if (str_eq(box->artefacts[i].kind, kind))
			return &box->artefacts[i];
	return NULL;
}

int64_t box_size(const struct box *box)
{
	int64_t sum = 0;

	for (size_t i = 0; i < box->n_artefacts; i++)
		sum += box->artefacts[i].size;
	return sum;
}

static bool is_printable(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			return false;
	return true;
}

/* What useradd accepts by default; the name ends up in paths and command lines. */
static bool is_user_name(const char *text)
{
	size_t n = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_-");

	return n > 0 && !text[n] && !strchr("0123456789-", text[0]);
}

static int read_text(const json_t *root, size_t i, struct box *box, struct err *err)
{
	const char *key = text_fields[i].key;
	const json_t *value = json_object_get(root, key);
	const char *text = json_string_value(value);

	if (!value && !text_fields[i].required)
		return 0;
	if (!text)
		return err_set(err, ERR_FAILED, "'%s' is missing or not text", key);
	if (strlen(text) > text_fields[i].max || json_string_length(value) != strlen(text) ||
	        !is_printable(text))
		return err_set(err, ERR_FAILED, "'%s' is too long or has control characters", key);
	*text_field(box, i) = xstrdup(text);
	return 0;
}

static bool is_digest(const char *text)
{
	return text && strlen(text) == DIGEST_HEX_LEN &&
	        strspn(text, "0123456789abcdef") == DIGEST_HEX_LEN;
}

static int read_artefact(const json_t *row, struct box *box, struct err *err)
{
	const char *kind = json_string_value(json_object_get(row, "kind"));
	const char *format = json_string_value(json_object_get(row, "format"));
	const char *digest = json_string_value(json_object_get(row, "sha256"));
	const json_t *size = json_object_get(row, "size");
	size_t form = 0;

	while (form < ARRAY_SIZE(artefact_forms) && !str_eq(artefact_forms[form].kind, kind))
		form++;
	if (!kind || form == ARRAY_SIZE(artefact_forms))
		return err_set(err, ERR_FAILED, "an artefact is of the unknown kind '%s'",
		        kind ? kind : "");
	if (box_artefact(box, kind))
		return err_set(err, ERR_FAILED, "there are two artefacts of the kind '%s'", kind);
	if (!str_eq(format, artefact_forms[form].format))
		return err_set(err, ERR_FAILED, "the %s has the unknown format '%s'", kind,
		        format ? format : "");
	if (!is_digest(digest))
		return err_set(
		        err, ERR_FAILED, "'sha256' of the %s is not 64 hexadecimal digits", kind);
	if (!json_is_integer(size) || json_integer_value(size) < 0 ||
	        json_integer_value(size) > MAX_SIZE)
		return err_set(err, ERR_FAILED, "'size' of the %s is not a number of bytes", kind);
	box->artefacts = xrealloc(box->artefacts, box->n_artefacts + 1, sizeof(*box->artefacts));
	box->artefacts[box->n_artefacts++] = (struct artefact){.kind = xstrdup(kind),
	        .format = xstrdup(format),
	        .digest = xstrdup(digest),
	        .size = json_integer_value(size)};
	return 0;
}

static int check_whole(const struct box *box, struct err *err)
{
	if (box_check_name(box->name, err) < 0)
		return -1;
	if (!is_user_name(box->user))
		return err_set(err, ERR_FAILED, "'user' is not a user's name: '%s'", box->user);
	if (!box_artefact(box, "rootfs") && !box_artefact(box, "disk"))
		return err_set(err, ERR_FAILED, "it has neither a rootfs nor a disk");
	if (!box_artefact(box, "kernel") != !box_artefact(box, "initrd"))
		return err_set(err, ERR_FAILED, "kernel and initrd must both be there, or neither");
	return 0;
}

static int read_object(const json_t *root, struct box *box, struct err *err)
{
	const json_t *schema = json_object_get(root, "schema"),
	             *rows = json_object_get(root, "artefacts");
	const json_t *created = json_object_get(root, "created");

	if (!json_is_integer(schema))
		return err_set(err, ERR_FAILED, "'schema' is missing or not a number");
	if (json_integer_value(schema) != SCHEMA)
		return err_set(err, ERR_FAILED,
		        "schema %lld is newer than this prov, which knows %d",
		        (long long)json_integer_value(schema), SCHEMA);
	for (size_t i = 0; i < ARRAY_SIZE(text_fields); i++)
		if (read_text(root, i, box, err) < 0)
			return -1;
	if (created && !json_is_integer(created))
		return err_set(err, ERR_FAILED, "'created' is not a number of seconds");
	box->created = json_integer_value(created);
	if (!json_is_array(rows))
		return err_set(err, ERR_FAILED, "'artefacts' is missing or not a list");
	for (size_t i = 0; i < json_array_size(rows); i++)
		if (read_artefact(json_array_get(rows, i), box, err) < 0)
			return -1;
	return check_whole(box, err);
}

int manifest_read(const char *json, size_t n, struct box *out, struct err *err)
{
	json_error_t where;
	json_t *root = json_loadb(json, n, JSON_REJECT_DUPLICATES, &where);
	struct box box = {0};
	char digest[DIGEST_HEX_LEN + 1];

	if (!root)
		return err_set(err, ERR_FAILED, "the box's manifest is not JSON: line %d: %s",
		        where.line, where.text);
	int rc = json_is_object(root) ? read_object(root, &box, err)
	                              : err_set(err, ERR_FAILED, "it is not an object");
	json_decref(root);
	if (rc < 0) {
		box_clear(&box);
		return err_wrap(err, "the box's manifest");
	}
	digest_bytes(json, n, digest);
	box.digest = xstrdup(digest);
	*out = box;
	return 0;
}

void manifest_write(const struct box *box, struct str *out)
{
	json_t *root = json_object(), *rows = json_array();

	json_object_set_new(root, "schema", json_integer(SCHEMA));
	for (size_t i = 0; i < ARRAY_SIZE(text_fields); i++)
		if (*text_field(box, i))
			json_object_set_new(
			        root, text_fields[i].key, json_string(*text_field(box, i)));
	json_object_set_new(root, "created", json_integer(box->created));
	for (size_t i = 0; i < box->n_artefacts; i++) {
		const struct artefact *a = &box->artefacts[i];
		json_array_append_new(rows,
		        json_pack("{s:s, s:s, s:s, s:I}", "kind", a->kind, "format", a->format,
		                "sha256", a->digest, "size", (json_int_t)a->size));
	}
	json_object_set_new(root, "artefacts", rows);
	char *text = json_dumps(root, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
	json_decref(root);
	str_add(out, text ? text : "");
	str_add(out, "\n");
	free(text);
}
