/*
 * A lab: what prov.yaml declares, what the journals say exists, and the id that ties both to the
 * host.
 *
 * The id is kept in .prov/lab-id beside prov.yaml and in the header of HOME/labs/ID/lab.journal
 * together with the folder's path, device and inode and the host. The file is never trusted against
 * the header: a guest may be able to write it.
 */
#pragma once

#include "core/journal.h"
#include "core/provider.h"
#include "lab/file/config.h"

struct machine {
	struct machine_spec spec; /* in_file: as declared now; else: of its journal */
	struct names names;
	struct journal_state state; /* as read when the lab was opened */
	bool in_file;
	const struct config_source *source; /* in_file: of the lab's declaration */
};

struct lab {
	char *home;
	char *id;  /* NULL: nothing of it ever came up */
	char *dir; /* HOME/labs/ID; NULL like id */
	char *name;
	char *folder; /* of prov.yaml */
	char *file;   /* prov.yaml itself; NULL: it was not read, or there is none any more */
	char *notice; /* something the user should read once: a copied folder got a new id; NULL:
	                 nothing */
	struct lab_decl decl;
	struct journal_state state;
	struct journal *journal; /* set by lab_lock */
	struct machine
	        *machines; /* declared ones in file order, then those that only journals know */
	size_t n;
};

/* Of a locked lab that of now, else as it was read. */
static inline const struct journal_state *lab_state(const struct lab *lab)
{
	return lab->journal ? journal_state(lab->journal) : &lab->state;
}

struct lab_options {
	const char *from;     /* folder to search from; NULL: the working folder */
	const char *file;     /* --file; NULL: search */
	const char *lab_id;   /* --lab; NULL: the folder's */
	const char *provider; /* --provider or PROV_PROVIDER; NULL: as the file says */
	const char *only;  /* name or selector: of others is known that they exist, their journals
	                      are not read. NULL: all are */
	bool journal_only; /* do not read prov.yaml: destroy and halt work without it, or with a
	                      broken one */
	bool file_only;    /* nothing but prov.yaml: validate needs no home */
};

/* problems: filled where prov.yaml has any (then -1 with ERR_CONFIG). The lab is to be cleared in
 * any case. */
MUST_CHECK int lab_open(const struct lab_options *options, struct lab *lab,
        struct problems *problems, struct err *err);
void lab_clear(struct lab *lab);

/* Takes the lab's lock for this command, giving it an id, folders and a header if it has none.
 * ERR_BUSY names the holder, or says that another command changed the lab since it was opened: the
 * states of machines are read again here. */
MUST_CHECK int lab_lock(struct lab *lab, struct err *err);

/*
 * The machines that patterns name (NAME, NAME@PROVIDER, or the name before an instance's number),
 * in the lab's order; no patterns: all with autostart or a journal. ERR_USAGE names a pattern that
 * selects nothing. Borrowed; free(*out).
 */
MUST_CHECK int lab_select(struct lab *lab, const struct strv *patterns, struct machine ***out,
        size_t *n, struct err *err);
/* Exactly one machine, for exec and ssh. */
MUST_CHECK int lab_select_one(
        struct lab *lab, const char *pattern, struct machine **out, struct err *err);

/* What is given out once in this home, ids and subnets, is given out under this lock: a descriptor
 * that holds it until it is closed. */
MUST_CHECK int lab_home_lock(const char *home, struct err *err);
/* Ids of all labs of this home, and the header's fields of one. */
MUST_CHECK int lab_ids(const char *home, struct strv *out, struct err *err);
/*
 * What another lab of this home has recorded, for who gives out what ("subnets") no two labs may
 * have; nothing for this lab itself, or where there is no journal. One that cannot be read is an
 * error that names it: what it records could be given out twice.
 */
MUST_CHECK int lab_other(const struct lab *lab, const char *id, const char *what,
        struct journal_state *out, struct err *err);

struct lab_header {
	char *lab, *folder, *host;
	uint64_t dev, inode;
};
MUST_CHECK int lab_header_read(const char *json, struct lab_header *out, struct err *err);
void lab_header_write(const struct lab_header *header, struct str *out);
void lab_header_clear(struct lab_header *header);

/* lab/identity.c: decides which id the folder has. Sets *id (NULL: none yet) and *notice. */
MUST_CHECK int identity_find(
        const char *home, const char *folder, char **id, char **notice, struct err *err);
/* Draws a new id and writes .prov/lab-id. */
MUST_CHECK int identity_create(const char *home, const char *folder, char **id, struct err *err);
/* Removes .prov/lab-id and an empty .prov. */
void identity_remove(const char *folder);
/* The header for a lab in this folder on this host. */
MUST_CHECK int identity_header(
        const char *lab, const char *folder, struct lab_header *out, struct err *err);
