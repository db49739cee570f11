#include "oci/mount_options.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>

#define ATTR_NOSYMFOLLOW 0x00200000 /* MOUNT_ATTR_NOSYMFOLLOW, newer than some headers */

enum option_kind {
	OPTION_SET,
	OPTION_CLEAR,
	OPTION_BELOW_SET, /* the r… form: mounts below as well */
	OPTION_BELOW_CLEAR,
	OPTION_ATIME, /* one of several: replaces the others */
	OPTION_BELOW_ATIME,
	OPTION_PROPAGATION,
	OPTION_SWITCH,  /* a bool of struct mount_options, at number */
	OPTION_DATA,    /* a flag of the superblock: the kernel reads it among the data */
	OPTION_NOTHING, /* what the kernel does anyway */
};

struct option_row {
	const char *name;
	enum option_kind kind;
	uint64_t number;
};

#define SWITCH(field) offsetof(struct mount_options, field)

static const struct option_row table[] = {
        {"async", OPTION_NOTHING, 0},
        {"atime", OPTION_ATIME, MOUNT_ATTR_RELATIME},
        {"bind", OPTION_SWITCH, SWITCH(bind)},
        {"defaults", OPTION_NOTHING, 0},
        {"dev", OPTION_CLEAR, MOUNT_ATTR_NODEV},
        {"diratime", OPTION_CLEAR, MOUNT_ATTR_NODIRATIME},
        {"dirsync", OPTION_DATA, 0},
        {"exec", OPTION_CLEAR, MOUNT_ATTR_NOEXEC},
        {"idmap", OPTION_SWITCH, SWITCH(id_map)},
        {"iversion", OPTION_NOTHING, 0},
        {"lazytime", OPTION_DATA, 0},
        {"loud", OPTION_NOTHING, 0},
        {"mand", OPTION_DATA, 0},
        {"noatime", OPTION_ATIME, MOUNT_ATTR_NOATIME},
        {"nodev", OPTION_SET, MOUNT_ATTR_NODEV},
        {"nodiratime", OPTION_SET, MOUNT_ATTR_NODIRATIME},
        {"noexec", OPTION_SET, MOUNT_ATTR_NOEXEC},
        {"noiversion", OPTION_NOTHING, 0},
        {"nolazytime", OPTION_NOTHING, 0},
        {"nomand", OPTION_NOTHING, 0},
        {"norelatime", OPTION_NOTHING, 0},
        {"nostrictatime", OPTION_ATIME, MOUNT_ATTR_RELATIME},
        {"nosuid", OPTION_SET, MOUNT_ATTR_NOSUID},
        {"nosymfollow", OPTION_SET, ATTR_NOSYMFOLLOW},
        {"private", OPTION_PROPAGATION, MS_PRIVATE},
        {"ratime", OPTION_BELOW_ATIME, MOUNT_ATTR_RELATIME},
        {"rbind", OPTION_SWITCH, SWITCH(recursive)},
        {"rdev", OPTION_BELOW_CLEAR, MOUNT_ATTR_NODEV},
        {"rdiratime", OPTION_BELOW_CLEAR, MOUNT_ATTR_NODIRATIME},
        {"relatime", OPTION_ATIME, MOUNT_ATTR_RELATIME},
        {"remount", OPTION_SWITCH, SWITCH(remount)},
        {"rexec", OPTION_BELOW_CLEAR, MOUNT_ATTR_NOEXEC},
        {"ridmap", OPTION_SWITCH, SWITCH(id_map_recursive)},
        {"rnoatime", OPTION_BELOW_ATIME, MOUNT_ATTR_NOATIME},
        {"rnodev", OPTION_BELOW_SET, MOUNT_ATTR_NODEV},
        {"rnodiratime", OPTION_BELOW_SET, MOUNT_ATTR_NODIRATIME},
        {"rnoexec", OPTION_BELOW_SET, MOUNT_ATTR_NOEXEC},
        {"rnorelatime", OPTION_NOTHING, 0},
        {"rnostrictatime", OPTION_BELOW_ATIME, MOUNT_ATTR_RELATIME},
        {"rnosuid", OPTION_BELOW_SET, MOUNT_ATTR_NOSUID},
        {"rnosymfollow", OPTION_BELOW_SET, ATTR_NOSYMFOLLOW},
        {"ro", OPTION_SET, MOUNT_ATTR_RDONLY},
        {"rprivate", OPTION_PROPAGATION, MS_PRIVATE | MS_REC},
        {"rrelatime", OPTION_BELOW_ATIME, MOUNT_ATTR_RELATIME},
        {"rro", OPTION_BELOW_SET, MOUNT_ATTR_RDONLY},
        {"rrw", OPTION_BELOW_CLEAR, MOUNT_ATTR_RDONLY},
        {"rshared", OPTION_PROPAGATION, MS_SHARED | MS_REC},
        {"rslave", OPTION_PROPAGATION, MS_SLAVE | MS_REC},
        {"rstrictatime", OPTION_BELOW_ATIME, MOUNT_ATTR_STRICTATIME},
        {"rsuid", OPTION_BELOW_CLEAR, MOUNT_ATTR_NOSUID},
        {"rsymfollow", OPTION_BELOW_CLEAR, ATTR_NOSYMFOLLOW},
        {"runbindable", OPTION_PROPAGATION, MS_UNBINDABLE | MS_REC},
        {"rw", OPTION_CLEAR, MOUNT_ATTR_RDONLY},
        {"shared", OPTION_PROPAGATION, MS_SHARED},
        {"silent", OPTION_NOTHING, 0},
        {"slave", OPTION_PROPAGATION, MS_SLAVE},
        {"strictatime", OPTION_ATIME, MOUNT_ATTR_STRICTATIME},
        {"suid", OPTION_CLEAR, MOUNT_ATTR_NOSUID},
        {"symfollow", OPTION_CLEAR, ATTR_NOSYMFOLLOW},
        {"sync", OPTION_DATA, 0},
        {"tmpcopyup", OPTION_SWITCH, SWITCH(copy_up)},
        {"unbindable", OPTION_PROPAGATION, MS_UNBINDABLE},
};

static int compare_name(const void *name, const void *row)
{
	return strcmp(name, ((const struct option_row *)row)->name);
}

static void set_bits(uint64_t *set, uint64_t *clear, uint64_t bits)
{
	*set |= bits;
	*clear &= ~bits;
}

/* The kernel wants to be told to forget the old one (mount_setattr(2)). */
static void set_atime(uint64_t *set, uint64_t *clear, uint64_t kind)
{
	*clear |= MOUNT_ATTR__ATIME;
	*set = (*set & ~(uint64_t)MOUNT_ATTR__ATIME) | kind;
}

static void add_data(struct mount_options *o, const char *option)
{
	str_addf(&o->data, "%s%s", o->data.len ? "," : "", option);
}

static void apply(struct mount_options *o, const struct option_row *row)
{
	switch (row->kind) {
	case OPTION_SET:
		set_bits(&o->set, &o->clear, row->number);
		break;
	case OPTION_CLEAR:
		set_bits(&o->clear, &o->set, row->number);
		break;
	case OPTION_BELOW_SET:
		set_bits(&o->below_set, &o->below_clear, row->number);
		break;
	case OPTION_BELOW_CLEAR:
		set_bits(&o->below_clear, &o->below_set, row->number);
		break;
	case OPTION_ATIME:
		set_atime(&o->set, &o->clear, row->number);
		break;
	case OPTION_BELOW_ATIME:
		set_atime(&o->below_set, &o->below_clear, row->number);
		break;
	case OPTION_PROPAGATION:
		o->propagation = row->number;
		break;
	case OPTION_SWITCH:
		*((bool *)o + row->number) = true;
		break;
	case OPTION_DATA:
		add_data(o, row->name);
		break;
	case OPTION_NOTHING:
		break;
	}
}

void mount_option(struct mount_options *o, const char *option)
{
	const struct option_row *row =
	        bsearch(option, table, ARRAY_SIZE(table), sizeof(*table), compare_name);

	if (row)
		apply(o, row);
	else if (option[0])
		add_data(o, option);
}

void mount_options_clear(struct mount_options *o)
{
	str_clear(&o->data);
	*o = (struct mount_options){0};
}

uint64_t propagation_flags(const char *word)
{
	const struct option_row *row =
	        bsearch(word, table, ARRAY_SIZE(table), sizeof(*table), compare_name);

	return row && row->kind == OPTION_PROPAGATION ? row->number : 0;
}

void mount_option_names(struct strv *out)
{
	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		strv_add(out, table[i].name);
}
