#include "lab/exposed.h"

#include "base/fs.h"

#include <stdlib.h>
#include <sys/stat.h>

const char lab_exposed_hint[] =
        "chmod o-x keeps other users out, chown gives it to one of them; or share it with "
        "read_only: true";

/* Every folder on the way lets others pass. */
static bool others_reach(const char *path)
{
	struct stat st;

	for (size_t n = 0; (n = fs_part(path, n));) {
		AUTO_FREE char *part = xstrndup(path, n);
		if (stat(part, &st) < 0 || !(st.st_mode & S_IXOTH))
			return false;
	}
	return true;
}

static bool written_as_root(const struct machine_spec *spec, const struct folder_use *f)
{
	bool shown = f->type == FOLDER_BIND || f->type == FOLDER_VIRTIOFS || f->type == FOLDER_9P;
	struct stat st;

	return shown && !f->read_only && stat(f->host, &st) == 0 &&
	        (st.st_uid == 0 || (f->type == FOLDER_BIND && spec->container.privileged));
}

void lab_exposed(struct machine *const *machines, size_t n, bool fresh, struct strv *folders)
{
	for (size_t i = 0; i < n; i++) {
		const struct machine_spec *spec = &machines[i]->spec;
		if (fresh && machines[i]->state.n_steps)
			continue;
		for (size_t k = 0; k < spec->n_folders; k++) {
			const struct folder_use *f = &spec->folders[k];
			if (!strv_has(folders, f->host) && written_as_root(spec, f) &&
			        others_reach(f->host))
				strv_add(folders, f->host);
		}
	}
}
