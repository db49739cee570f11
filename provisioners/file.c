/* A file or folder copied into the machine. */
#include "provisioners/internal.h"

#include <string.h>

/* A destination that ends in '/' is a folder to copy into. The caller frees. */
static char *full_destination(const struct provision_item *item)
{
	AUTO_FREE char *source = xstrdup(item->source);
	size_t n = strlen(source);

	if (!str_ends(item->destination, "/"))
		return xstrdup(item->destination);
	while (n > 1 && source[n - 1] == '/')
		source[--n] = '\0';
	const char *slash = strrchr(source, '/');
	return xasprintf("%s%s", item->destination, slash ? slash + 1 : source);
}

int provision_file(struct run *run, struct err *err)
{
	const struct provision_item *item = run->step->data;
	AUTO_FREE char *destination = full_destination(item);
	AUTO_FREE char *title = provision_item_title(run, "file");
	AUTO_STRV skipped = {0};
	struct transport_file file = {.source = item->source,
	        .destination = destination,
	        .mode = item->mode,
	        .owner = item->owner ? item->owner : provision_item_user(run),
	        .skipped = &skipped};
	struct transport *t;

	if (run_transport(run, &t, err) < 0)
		return -1;
	if (t->ops->put(t, &file, err) < 0)
		return err_wrap(err, "%s", title);
	for (size_t i = 0; i < skipped.n; i++)
		run_warning(run, "%s: '%s' is not copied: neither a file nor a folder", title,
		        skipped.v[i]);
	return 0;
}
