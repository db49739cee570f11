/* What a provision item depends on, so that an edit is seen. */
#include "provisioners/internal.h"

#include "base/fs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void add_list(struct digest *digest, const char *name, const struct strv *list)
{
	digest_number(digest, name, (int64_t)list->n);
	for (size_t i = 0; i < list->n; i++)
		digest_field(digest, name, list->v[i]);
}

void provision_item_declared(const struct provision_item *item, struct digest *digest)
{
	digest_number(digest, "type", item->type);
	digest_field(digest, "user", item->user);
	add_list(digest, "env", &item->env);
	digest_field(digest, "script", item->script);
	digest_field(digest, "path", item->path);
	add_list(digest, "args", &item->args);
	/* Marks of items without any are as they were. */
	if (item->vars.n)
		add_list(digest, "vars", &item->vars);
	digest_field(digest, "source", item->source);
	digest_field(digest, "destination", item->destination);
	digest_number(digest, "mode", item->mode);
	digest_field(digest, "owner", item->owner);
}

/* What cannot be read is said by the step that needs it; here it only differs from what can. */
static void add_file(struct digest *digest, const char *path)
{
	char hex[DIGEST_HEX_LEN + 1];

	digest_field(digest, "content", digest_file(path, hex, NULL) == 0 ? hex : NULL);
}

static void add_link(struct digest *digest, const char *path)
{
	char target[4096];
	ssize_t n = readlink(path, target, sizeof(target) - 1);

	target[n > 0 ? n : 0] = '\0';
	digest_field(digest, "link", target);
}

/* follow: of the source itself, which may be a link to what is meant. */
static void add_tree(struct digest *digest, const char *path, bool follow)
{
	struct strv names = {0};
	struct stat st;

	if ((follow ? stat(path, &st) : lstat(path, &st)) < 0) {
		digest_number(digest, "error", errno);
		return;
	}
	digest_number(digest, "mode", st.st_mode);
	if (S_ISREG(st.st_mode))
		add_file(digest, path);
	else if (S_ISLNK(st.st_mode))
		add_link(digest, path);
	else if (S_ISDIR(st.st_mode) && fs_list(path, &names, NULL) == 0)
		for (size_t i = 0; i < names.n; i++) {
			AUTO_FREE char *below = xasprintf("%s/%s", path, names.v[i]);
			digest_field(digest, "entry", names.v[i]);
			add_tree(digest, below, false);
		}
	digest_field(digest, "end", NULL);
	strv_clear(&names);
}

void provision_item_inputs(const struct run *run, struct digest *digest)
{
	const struct provision_item *item = run->step->data;

	provision_item_declared(item, digest);
	if (item->path)
		add_file(digest, item->path);
	if (item->source)
		add_tree(digest, item->source, true);
}
