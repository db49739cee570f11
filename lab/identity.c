/* Which lab a folder holds, when it was copied, moved, or its .prov/lab-id was tampered with. */
#include "lab/lab.h"

#include "base/fs.h"
#include "base/io.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ID_LEN = 8 };
static const char id_letters[] = "abcdefghijklmnopqrstuvwxyz234567";

int lab_header_read(const char *json, struct lab_header *out, struct err *err)
{
	json_error_t where;
	json_t *root = json ? json_loads(json, 0, &where) : NULL;
	const char *lab = NULL, *folder = NULL, *host = NULL;
	json_int_t dev = 0, inode = 0;

	if (!root ||
	        json_unpack(root, "{s:s, s:s, s:s, s:I, s:I}", "lab", &lab, "folder", &folder,
	                "host", &host, "dev", &dev, "inode", &inode) < 0) {
		json_decref(root);
		return err_set(err, ERR_FAILED, "the lab's journal has no readable header");
	}
	*out = (struct lab_header){
	        xstrdup(lab), xstrdup(folder), xstrdup(host), (uint64_t)dev, (uint64_t)inode};
	json_decref(root);
	return 0;
}

void lab_header_write(const struct lab_header *h, struct str *out)
{
	json_t *root = json_pack("{s:s, s:s, s:s, s:I, s:I}", "lab", h->lab, "folder", h->folder,
	        "host", h->host, "dev", (json_int_t)h->dev, "inode", (json_int_t)h->inode);
	AUTO_FREE char *text = json_dumps(root, JSON_COMPACT);

	json_decref(root);
	str_add(out, text ? text : "");
}

void lab_header_clear(struct lab_header *h)
{
	free(h->lab);
	free(h->folder);
	free(h->host);
	*h = (struct lab_header){0};
}

int identity_header(const char *lab, const char *folder, struct lab_header *out, struct err *err)
{
	struct stat st;
	char host[HOST_NAME_MAX + 1] = "";

	if (stat(folder, &st) < 0)
		return err_sys(err, "look at '%s'", folder);
	gethostname(host, sizeof(host) - 1);
	*out = (struct lab_header){
	        xstrdup(lab), xstrdup(folder), xstrdup(host), st.st_dev, st.st_ino};
	return 0;
}

static bool is_id(const char *text)
{
	return strlen(text) == ID_LEN && strspn(text, id_letters) == ID_LEN;
}

/* .prov beside prov.yaml: a guest may be able to write there, so it is no link, and nothing in it
 * is followed. -1 with errno. */
static int open_mark_folder(const char *folder)
{
	AUTO_FREE char *dir = xasprintf("%s/.prov", folder);

	return open(dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* The id that the folder's own file claims; NULL: none, or not one. */
static char *claimed_id(const char *folder)
{
	AUTO_FD int dir = open_mark_folder(folder);
	AUTO_FD int fd = dir < 0
	        ? -1
	        : openat(dir, "lab-id", O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	char text[ID_LEN + 2] = "";

	if (fd < 0 || io_read_full(fd, text, ID_LEN + 1) < ID_LEN)
		return NULL;
	text[strcspn(text, "\n")] = '\0';
	return is_id(text) ? xstrdup(text) : NULL;
}

static bool read_header(const char *home, const char *id, struct lab_header *out)
{
	AUTO_FREE char *path = xasprintf("%s/labs/%s/lab.journal", home, id);
	struct journal_state state = {0};
	bool ok = journal_read(path, &state, NULL) == 0 && state.exists &&
	        lab_header_read(state.spec, out, NULL) == 0;

	journal_state_clear(&state);
	return ok;
}

/* A command was killed before it wrote the header, which comes before any effect: the lab holds
 * nothing, so that the folder may have it. */
static bool is_unborn(const char *home, const char *id)
{
	AUTO_FREE char *dir = lab_dir_of(home, id);
	AUTO_FREE char *path = xasprintf("%s/lab.journal", dir);
	AUTO_FREE char *machines = xasprintf("%s/machines", dir);
	AUTO_STRV names = {0};
	struct journal_state state = {0};

	bool unborn = fs_is_dir(dir) && fs_list(machines, &names, NULL) == 0 && names.n == 0 &&
	        journal_read(path, &state, NULL) == 0 && journal_is_blank(&state);
	journal_state_clear(&state);
	return unborn;
}

static bool same_folder(const struct lab_header *h, const char *folder)
{
	struct stat st;

	return str_eq(h->folder, folder) && stat(folder, &st) == 0 && st.st_ino == h->inode;
}

/* The header's own folder stands, is the one it was, and still claims this id: then another folder
 * that claims it is a copy. */
static bool still_holds(const struct lab_header *h, const char *id)
{
	AUTO_FREE char *claimed = claimed_id(h->folder);

	return same_folder(h, h->folder) && str_eq(claimed, id);
}

/* A lab whose header names this very folder, whatever the file in it says. */
static int find_by_folder(const char *home, const char *folder, char **id, struct err *err)
{
	AUTO_STRV ids = {0};

	if (lab_ids(home, &ids, err) < 0)
		return -1;
	for (size_t i = 0; i < ids.n && !*id; i++) {
		struct lab_header h = {0};
		if (read_header(home, ids.v[i], &h) && same_folder(&h, folder))
			*id = xstrdup(ids.v[i]);
		lab_header_clear(&h);
	}
	return 0;
}

/* Its machines may well run: nobody is to read that there never were any. */
static char *lab_elsewhere(const char *home, const char *id)
{
	return xasprintf("this folder's lab %s is not below '%s': %s", id, home,
	        geteuid() == 0 ? "another PROV_HOME has it, or nothing any more"
	                       : "it may be root's (sudo prov), or another PROV_HOME has it");
}

int identity_find(const char *home, const char *folder, char **id, char **notice, struct err *err)
{
	AUTO_FREE char *claimed = claimed_id(folder);
	struct lab_header h = {0};

	*id = NULL;
	if (!claimed || !read_header(home, claimed, &h)) {
		if (find_by_folder(home, folder, id, err) < 0)
			return -1;
		if (claimed && !*id && is_unborn(home, claimed))
			*id = STEAL(claimed);
		else if (claimed && !*id)
			*notice = lab_elsewhere(home, claimed);
		return 0;
	}
	bool own = same_folder(&h, folder);
	/* A lab that was made in this very folder is not given up for what the file in it says. */
	if (!own && find_by_folder(home, folder, id, err) < 0) {
		lab_header_clear(&h);
		return -1;
	}
	if (own || (!*id && !still_holds(&h, claimed)))
		*id = STEAL(claimed); /* moved: its old path is gone or holds something else */
	else if (!*id)
		*notice = xasprintf("this folder is a copy of '%s', whose machines belong to lab "
		                    "%s: it gets an id of its own",
		        h.folder, claimed);
	lab_header_clear(&h);
	return 0;
}

static int draw_id(const char *home, char text[ID_LEN + 1], struct err *err)
{
	unsigned char bytes[ID_LEN];

	do {
		if (getrandom(bytes, sizeof(bytes), 0) != sizeof(bytes))
			return err_sys(err, "draw a lab id");
		for (int i = 0; i < ID_LEN; i++)
			text[i] = id_letters[bytes[i] % 32];
		text[ID_LEN] = '\0';
		AUTO_FREE char *lab = lab_dir_of(home, text);
		if (!fs_exists(lab))
			return 0;
	} while (true);
}

static int write_mark(const char *folder, const char *id, struct err *err)
{
	static const char tmp[] = "lab-id.tmp";
	AUTO_FREE char *path = xasprintf("%s/.prov", folder);

	if (mkdir(path, 0755) < 0 && errno != EEXIST)
		return err_sys(err, "create folder '%s'", path);
	AUTO_FD int dir = open_mark_folder(folder);
	if (dir < 0)
		return err_sys(err, "open '%s' as a folder of its own", path);
	unlinkat(dir, tmp, 0); /* of a command that was killed */
	AUTO_FD int fd =
	        openat(dir, tmp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	AUTO_FREE char *line = xasprintf("%s\n", id);
	if (fd < 0)
		return err_sys(err, "create '%s/%s'", path, tmp);
	if (io_write_all(fd, line, strlen(line), err) < 0)
		return err_wrap(err, "write '%s/%s'", path, tmp);
	/* Not synced: a lab whose mark a power cut has lost is found by its header's folder. */
	if (renameat(dir, tmp, dir, "lab-id") < 0)
		return err_sys(err, "write '%s/lab-id'", path);
	return 0;
}

int identity_create(const char *home, const char *folder, char **id, struct err *err)
{
	char text[ID_LEN + 1];

	if (draw_id(home, text, err) < 0 || write_mark(folder, text, err) < 0)
		return -1;
	*id = xstrdup(text);
	return 0;
}

void identity_remove(const char *folder)
{
	AUTO_FREE char *path = xasprintf("%s/.prov", folder);
	AUTO_FD int dir = open_mark_folder(folder);

	if (dir < 0)
		return;
	unlinkat(dir, "lab-id", 0);
	rmdir(path); /* fails where the user keeps something in it: it stays */
}

int lab_home_lock(const char *home, struct err *err)
{
	AUTO_FREE char *path = xasprintf("%s/alloc.lock", home);
	AUTO_FD int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0 || flock(fd, LOCK_EX) < 0)
		return err_sys(err, "lock '%s'", path);
	return util_steal_fd(&fd);
}

int lab_ids(const char *home, struct strv *out, struct err *err)
{
	AUTO_FREE char *labs = xasprintf("%s/labs", home);
	AUTO_STRV all = {0};

	if (fs_list(labs, &all, err) < 0)
		return -1;
	for (size_t i = 0; i < all.n; i++)
		if (is_id(all.v[i]))
			strv_add(out, all.v[i]);
	return 0;
}

int lab_other(const struct lab *lab, const char *id, const char *what, struct journal_state *out,
        struct err *err)
{
	AUTO_FREE char *path = xasprintf("%s/labs/%s/lab.journal", lab->home, id);

	if (str_eq(id, lab->id) || journal_read(path, out, err) == 0)
		return 0;
	err_wrap(err, "look for the %s that lab '%s' has", what, id);
	return err_hint(err, "mend or remove that file: without it they could be given out twice");
}
