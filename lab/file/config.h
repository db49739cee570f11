/*
 * prov.yaml: found, read, checked and expanded into one spec per instance and kind. Every problem
 * of a file is reported in one run, with its place. What is read here is only what was declared:
 * nothing of the host but the file, and the presence of the scripts that it names, is looked at.
 */
#pragma once

#include "base/yaml.h"
#include "core/spec.h"
#include "net/network.h"

struct problem {
	int line, column; /* from 1 */
	char *text;       /* names the key and the offending text; control characters escaped */
	char *hint;       /* what to try; NULL: nothing to say */
};
struct problems {
	struct problem *rows; /* in the order of the file */
	size_t n;
};

/* An entry of networks:. The one called default is not among them: it is nat, and always there. */
struct network_decl {
	char *name;
	enum net_mode mode;
	char *subnet; /* "10.77.0.0/24"; NULL: a free one */
	char *bridge; /* of the host; NULL but in mode bridge */
	bool ipv6;
	int mtu; /* 0: as usual */
};

/* An entry of volumes:. */
struct volume_decl {
	char *name;
	int64_t size_bytes;
};

/* The file as it was read: where each thing stands (lab/file/place.h). */
struct config_source {
	char *file; /* absolute */
	struct yaml_doc doc;
};

struct lab_decl {
	char *file, *folder; /* absolute */
	char *lab, *domain;
	/*
	 * Every instance x kind, in file order. depends_on holds selectors that are in this list.
	 * user NULL: the box's. nics hold network, aliases, default_route and the address that was
	 * written. Left for the caller: lab_id, the rest of nics, hosts and all of box but its
	 * name.
	 */
	struct machine_spec *machines;
	size_t n;
	struct network_decl *networks;
	size_t n_networks;
	struct volume_decl *volumes; /* also those that no machine has */
	size_t n_volumes;
	struct config_source *source; /* stays where it is; NULL: the file could not be read */
};

/* Finds prov.yaml or prov.yml from the folder `from` upwards; the caller frees *path. ERR_CONFIG:
 * there is none, or a folder has both. */
MUST_CHECK int config_find(const char *from, char **path, struct err *err);

/* What a lab is called whose file does not say: the folder's name as a DNS label, "My Lab (copy)"
 * is my-lab-copy. The caller frees it. */
char *config_lab_name(const char *folder);

struct config_options {
	const char
	        *provider; /* --provider or PROV_PROVIDER, as in the file; NULL: as the file says */
};
/* -1 with ERR_CONFIG if there was any problem ("prov.yaml: 3 problems"): *problems has them. The
 * file may be named by any path. problems and out are cleared by the caller in either case. */
MUST_CHECK int config_load(const char *path, const struct config_options *options,
        struct lab_decl *out, struct problems *problems, struct err *err);

void lab_decl_clear(struct lab_decl *lab);
/* Puts problems in the file's order; ERR_CONFIG "prov.yaml: 3 problems" if there are any. */
MUST_CHECK int problems_judge(struct problems *problems, const char *file, struct err *err);
void problems_clear(struct problems *problems);

/* The commented file that `prov init` writes; it loads without a problem. */
const char *config_template(void);
