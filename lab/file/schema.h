/*
 * Every key of prov.yaml, a row each: the one source of what is read, what is refused, and of the
 * prov.yaml(5) page. A key whose feature comes later is here all the same, so that its rules hold
 * from the start; it is refused by name.
 */
#pragma once

#include "base/str.h"

/* The maps of the file; a row belongs to one. */
enum section {
	IN_TOP,
	IN_NETWORK, /* networks.NAME */
	IN_VOLUME,  /* volumes.NAME */
	IN_MACHINE, /* machines.NAME, defaults and, as flagged, their container: and kvm: */
	IN_CONTAINER,
	IN_KVM,
	IN_NIC,    /* an item of a machine's networks */
	IN_FOLDER, /* an item of synced_folders */
	IN_ITEM,   /* an item of provision */
	IN_SHELL,
	IN_FILE,
	IN_ANSIBLE,
	IN_READY,
	IN_CAPABILITIES,
	N_SECTIONS,
};

enum value_type {
	/* One value, as lab/file/value.h reads it. */
	TYPE_TEXT,
	TYPE_BOOL,
	TYPE_INT,
	TYPE_CPUS,
	TYPE_SIZE,
	TYPE_DURATION,
	TYPE_MODE,
	TYPE_SIGNAL,
	TYPE_CHOICE,
	TYPE_LABEL,
	TYPE_DOMAIN,
	TYPE_USER,
	TYPE_OWNER,
	TYPE_BOX,
	TYPE_CPUSET,
	TYPE_REGEX,
	TYPE_IP,
	TYPE_SUBNET,
	TYPE_INIT,
	TYPE_SCRIPT,     /* a file on the host that must exist */
	TYPE_SOURCE,     /* a file or folder on the host that must exist */
	TYPE_GUEST_PATH, /* absolute */
	TYPE_MARK,       /* the name of a provision item */
	TYPE_ANY,        /* not looked into */
	/* More than one. */
	TYPE_MAP,       /* of the keys of the row's `sub` */
	TYPE_NAMED,     /* NAME: a map of the keys of `sub` */
	TYPE_ENV,       /* NAME: text */
	TYPE_TEXTS,     /* a list of texts */
	TYPE_PROVIDERS, /* a kind, a list of kinds, or both */
	TYPE_NETWORKS,  /* NAME, none, host, or a list of names and maps of `sub` */
	TYPE_PORTS,
	TYPE_MOUNTS,  /* a list of "VOLUME:PATH[:ro]" */
	TYPE_FOLDERS, /* a list of "HOST:GUEST[:ro]" and maps of `sub` */
	TYPE_ITEMS,   /* a list of maps of `sub` */
	TYPE_SHELL,   /* a script's text, or a map of `sub` */
	TYPE_ANSIBLE, /* a playbook's path, or a map of `sub` */
	N_TYPES,
};

#define KEY_LATER    1u /* known, checked, refused as "not supported yet" */
#define KEY_DEFAULTS 2u /* IN_MACHINE: may stand under defaults */
#define KEY_KIND     4u /* IN_MACHINE: may stand under container: and kvm: */
#define KEY_REQUIRED 8u
#define KEY_COMMON   (KEY_DEFAULTS | KEY_KIND)

struct key {
	enum section section;
	const char *name;
	enum value_type type;
	unsigned flags;
	size_t field; /* offset in struct machine_spec of what it sets; 0: set by code of its own */
	enum section sub;
	int64_t min, max;           /* TYPE_INT */
	const char *const *choices; /* TYPE_CHOICE: NULL-terminated */
	const char *initial;        /* the default as one writes it; NULL: none */
	const char *doc;            /* a sentence or two */
};

#define MAX_KEYS 96
extern const struct key schema[];
extern const size_t schema_n;

/* The kinds of machines, NULL-terminated. */
extern const char *const schema_kinds[];

const struct key *schema_find(enum section section, const char *name); /* NULL: no such key */
/* Its place in the table, for arrays by key. */
size_t schema_index(const struct key *key);

/* What stands there, for messages and the page: "a size", "a list of texts". */
const char *schema_type_name(enum value_type type);

/* The text of prov.yaml(5) in man(7) macros. */
void schema_write_man(struct str *out);
