/* A new file system from its type and options, by fsopen(2) and its kin. */
#include "engine/engine_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What the file system itself says; it is told to the descriptor only. */
static int refuse(int fs, const char *what, const struct fs_row *row, struct err *err)
{
	char words[256];
	int code = errno;
	ssize_t n = read(fs, words, sizeof(words) - 1);

	errno = code;
	if (n <= 2)
		return err_sys(err, "%s %s for '%s'", what, row->type, row->path);
	words[n] = '\0';
	words[strcspn(words, "\n")] = '\0';
	errno = code;
	return err_sys(err, "%s %s for '%s' (%s)", what, row->type, row->path, words + 2);
}

static int set_option(int fs, char *option)
{
	char *value = strchr(option, '=');

	if (!value)
		return fsconfig(fs, FSCONFIG_SET_FLAG, option, NULL, 0);
	*value++ = '\0';
	return fsconfig(fs, FSCONFIG_SET_STRING, option, value, 0);
}

static int set_options(int fs, const struct fs_row *row, struct err *err)
{
	AUTO_FREE char *copy = row->data ? xstrdup(row->data) : NULL;
	char *save = NULL;

	if (row->source && fsconfig(fs, FSCONFIG_SET_STRING, "source", row->source, 0) < 0)
		return refuse(fs, "name the source of", row, err);
	for (char *option = copy ? strtok_r(copy, ",", &save) : NULL; option;
	        option = strtok_r(NULL, ",", &save))
		if (set_option(fs, option) < 0)
			return refuse(fs, "set the options of", row, err);
	return 0;
}

int new_file_system(const struct fs_row *row, struct err *err)
{
	AUTO_FD int fs = fsopen(row->type, FSOPEN_CLOEXEC);

	if (fs < 0)
		return err_sys(err, "mount %s on '%s'", row->type, row->path);
	if (set_options(fs, row, err) < 0)
		return -1;
	if (fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return refuse(fs, "make", row, err);
	int mount = fsmount(fs, FSMOUNT_CLOEXEC, (unsigned)row->attr_set);
	return mount < 0 ? refuse(fs, "mount", row, err) : mount;
}
