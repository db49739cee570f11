/* Sections of the file tree: the layers on the host, and what is mounted inside. */
#include "providers/container/describe.h"

#include "base/fs.h"
#include "base/procfs.h"

#include <fts.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* What a layer holds on the disk, the folder itself not counted. */
static void measure(const char *layer, int64_t *bytes, int64_t *files)
{
	AUTO_FREE char *top = xstrdup(layer);
	char *roots[] = {top, NULL};
	FTS *walk = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR | FTS_XDEV, NULL);

	*bytes = *files = 0;
	for (FTSENT *at; walk && (at = fts_read(walk));) {
		if (at->fts_level == 0 || at->fts_info == FTS_DP || !at->fts_statp)
			continue;
		*bytes += (int64_t)at->fts_statp->st_blocks * 512;
		++*files;
	}
	if (walk)
		fts_close(walk);
}

json_t *describe_layers(const struct session *s)
{
	const struct box_use *box = &s->spec->box;
	int64_t bytes, files;

	if (!fs_exists(s->names->upper))
		return NULL;
	measure(s->names->upper, &bytes, &files);
	return json_pack("{s:s*, s:s*, s:s*, s:s, s:I, s:I, s:s, s:s}", "box", box->name,
	        "box_digest", box->digest, "lower", box->rootfs, "upper", s->names->upper,
	        "upper_size_bytes", (json_int_t)bytes, "upper_files", (json_int_t)files, "work",
	        s->names->work, "merged", s->names->merged);
}

/* A field in which the kernel writes white space and backslashes as \ooo. */
static char *unquote(const char *field)
{
	AUTO_STR raw = {0}, shown = {0};

	for (const char *p = field; *p; p++) {
		unsigned c;
		if (*p == '\\' && sscanf(p + 1, "%3o", &c) == 1 && strlen(p) >= 4) {
			char byte = (char)c;
			str_addn(&raw, &byte, 1);
			p += 3;
		} else {
			str_addn(&raw, p, 1);
		}
	}
	str_add_escaped(&shown, str_text(&raw), raw.len);
	return str_steal(&shown);
}

/* One line of mountinfo, see proc_pid_mountinfo(5). */
static json_t *mount_row(char *line)
{
	char *field[5] = {NULL}, *save = NULL;
	char *dash = strstr(line, " - ");

	if (!dash)
		return NULL;
	*dash = '\0';
	for (size_t i = 0; i < 5; i++)
		strtok_r(i ? NULL : line, " ", &save);
	char *options = strtok_r(NULL, " ", &save);
	char *propagation = strtok_r(NULL, " ", &save);
	/* Again from the front: root and target are the fourth and the fifth. */
	char *p = line;
	for (size_t i = 0; i < 5; i++, p += strlen(p) + 1)
		field[i] = p;
	char *type = strtok_r(dash + 3, " ", &save);
	char *source = strtok_r(NULL, " ", &save);
	AUTO_FREE char *root = unquote(field[3]);
	AUTO_FREE char *target = unquote(field[4]);
	AUTO_FREE char *from = unquote(source ? source : "");
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "target", target, "type",
	        type ? type : "", "source", from, "root", root, "options", options ? options : "",
	        "propagation", propagation ? propagation : "private");
}

json_t *describe_mounts(const struct look *look)
{
	AUTO_STR text = {0};
	json_t *out = json_array();
	char *save = NULL;

	if (procfs_read(look->proc, "mountinfo", 1 << 20, &text) < 0 || !text.len) {
		json_decref(out);
		return NULL;
	}
	for (char *line = strtok_r(text.buf, "\n", &save); line;
	        line = strtok_r(NULL, "\n", &save)) {
		json_t *row = mount_row(line);
		if (row)
			json_array_append_new(out, row);
	}
	return out;
}
