#include "providers/kvm/foreign.h"

#include "base/fs.h"
#include "providers/kvm/cidata.h"

#include <stdlib.h>
#include <string.h>

#define KEY_MAX (64 * 1024)

struct keys {
	struct str authorized, host, host_pub;
};

static void keys_clear(struct keys *keys)
{
	if (keys->host.buf)
		explicit_bzero(keys->host.buf, keys->host.len);
	str_clear(&keys->authorized);
	str_clear(&keys->host);
	str_clear(&keys->host_pub);
}

static int keys_read(const struct names *names, struct keys *keys, struct err *err)
{
	AUTO_FREE char *authorized = xasprintf("%s.pub", names->key);
	AUTO_FREE char *host = xasprintf("%s/host_key", names->dir);
	AUTO_FREE char *host_pub = xasprintf("%s/host_key.pub", names->dir);

	if (fs_read(authorized, KEY_MAX, &keys->authorized, err) < 0 ||
	        fs_read(host, KEY_MAX, &keys->host, err) < 0)
		return -1;
	return fs_read(host_pub, KEY_MAX, &keys->host_pub, err);
}

static void make_image(const struct machine_spec *spec, const struct keys *keys, struct str *image)
{
	AUTO_STR user = {0}, meta = {0}, network = {0};
	const struct cidata data = {
	        str_text(&keys->authorized), str_text(&keys->host), str_text(&keys->host_pub)};
	/* Without a network there is no file of one. */
	const struct iso_file files[] = {
	        {"META-DATA.;1", &meta}, {"USER-DATA.;1", &user}, {"NETWORK-CONFIG.;1", &network}};

	cidata_user_data(spec, &data, &user);
	cidata_network(spec, &network);
	cidata_meta_data(spec, &user, &network, &meta);
	iso_image("cidata", files, spec->n_nics ? 3 : 2, image);
	explicit_bzero(user.buf, user.len);
}

int foreign_seed(struct run *run, struct str *image, struct err *err)
{
	struct keys keys = {0};
	int rc = keys_read(run->names, &keys, err);

	if (rc == 0)
		make_image(run->spec, &keys, image);
	keys_clear(&keys);
	return rc;
}
