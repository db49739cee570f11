/*
 * The seed of a machine whose box is not prov's own: a disk of cloud-init's data source NoCloud, an
 * ISO 9660 image labelled "cidata" with the files meta-data, user-data and network-config. Pure.
 */
#pragma once

#include "core/spec.h"

#define CIDATA_SERIAL "prov-cidata"

struct cidata {
	const char *authorized; /* the lab's public key, a line */
	const char *host_key;   /* the guest's, private, as OpenSSH writes it */
	const char *host_key_pub;
};

/* The files' texts (cloud-init: reference/datasources/nocloud, network-config-format-v2). */
void cidata_user_data(const struct machine_spec *spec, const struct cidata *keys, struct str *out);
void cidata_network(const struct machine_spec *spec, struct str *out);
/* Its instance id is a digest of the others: what cloud-init does once for an instance it does
 * again where they have changed. */
void cidata_meta_data(const struct machine_spec *spec, const struct str *user_data,
        const struct str *network, struct str *out);

struct iso_file {
	const char *name; /* as ISO 9660 has it: "META-DATA.;1", which Linux shows as "meta-data" */
	const struct str *bytes;
};
/* One folder with these files, at most 16. */
void iso_image(const char *label, const struct iso_file *files, size_t n, struct str *out);
