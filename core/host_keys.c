/* The files beside a machine's journal that hold its host keys and its machine id. */
#include "core/host_keys.h"

#include "base/fs.h"
#include "base/proc.h"
#include "core/keys.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>

#define KEY_MAX (64 * 1024)

static char *beside(const struct names *names, const char *name)
{
	return xasprintf("%s/%s", names->dir, name);
}

/* Written in this order; the private key last says that all are there. */
static const char *const key_files[] = {
        "machine-id", "host_key.pub", "host_key.dropbear", "host_key"};

static int write_one(
        const struct names *names, const char *name, const void *bytes, size_t n, struct err *err)
{
	AUTO_FREE char *path = beside(names, name);

	return fs_replace(path, bytes, n, 0600, err);
}

/* LAB/keys/SELECTOR. The caller frees. */
static char *stock_of(const struct names *names)
{
	const char *slash = strrchr(names->dir, '/');

	return xasprintf("%s/keys/%s", names->lab_dir, slash ? slash + 1 : names->dir);
}

/* 1: they were in stock; 0: there are none. */
static int take_stock(const struct names *names, struct err *err)
{
	AUTO_FREE char *folder = names->lab_dir ? stock_of(names) : xstrdup("");
	AUTO_FREE char *last = xasprintf("%s/host_key", folder);

	if (!*folder || !fs_exists(last))
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(key_files); i++) {
		AUTO_FREE char *path = xasprintf("%s/%s", folder, key_files[i]);
		AUTO_STR bytes = {0};
		int rc = fs_read(path, KEY_MAX, &bytes, err);
		if (rc == 0)
			rc = write_one(names, key_files[i], bytes.buf, bytes.len, err);
		explicit_bzero(bytes.buf, bytes.len);
		if (rc < 0)
			return -1;
	}
	return 1;
}

static int write_keys(const struct names *names, const struct key_pair *pair, struct err *err)
{
	unsigned char random[16];
	AUTO_STR id = {0};

	if (getrandom(random, sizeof(random), 0) != sizeof(random))
		return err_sys(err, "draw a machine id");
	for (size_t i = 0; i < sizeof(random); i++)
		str_addf(&id, "%02x", random[i]);
	if (write_one(names, "machine-id", id.buf, id.len, err) < 0 ||
	        write_one(names, "host_key.pub", pair->public_line, strlen(pair->public_line),
	                err) < 0 ||
	        write_one(names, "host_key.dropbear", pair->dropbear, pair->dropbear_n, err) < 0)
		return -1;
	return write_one(names, "host_key", pair->private_key, strlen(pair->private_key), err);
}

/* Two commands that need them at once make one pair. */
static int lock_folder(const struct names *names, struct err *err)
{
	AUTO_FD int fd = open(names->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 || flock(fd, LOCK_EX) < 0)
		return err_sys(err, "lock '%s'", names->dir);
	return util_steal_fd(&fd);
}

int host_keys_make(const struct names *names, const char *comment, struct err *err)
{
	AUTO_FREE char *path = beside(names, "host_key");
	struct key_pair pair = {0};
	void *ops;

	if (fs_exists(path))
		return 0;
	if (fs_mkdirs(names->dir, 0711, err) < 0)
		return -1;
	AUTO_FD int lock = lock_folder(names, err);
	if (lock < 0)
		return -1;
	int taken = fs_exists(path) ? 1 : take_stock(names, err);
	if (taken)
		return taken < 0 ? -1 : 0;
	if (module_symbol("prov-ssh", "prov_keys", &ops, err) < 0 ||
	        ((const struct key_ops *)ops)->generate(comment, &pair, err) < 0)
		return -1;
	int rc = write_keys(names, &pair, err);
	key_pair_clear(&pair);
	return rc;
}

int host_keys_stock(const struct names *names, const char *comment, struct err *err)
{
	AUTO_FREE char *own = beside(names, "host_key");
	AUTO_FREE char *folder = stock_of(names);
	const struct names stock = {.dir = folder};

	return fs_exists(own) ? 0 : host_keys_make(&stock, comment, err);
}

int host_keys_public(const struct names *names, struct str *out, struct err *err)
{
	AUTO_FREE char *folder = stock_of(names);
	AUTO_FREE char *own = beside(names, "host_key.pub");
	AUTO_FREE char *stock = xasprintf("%s/host_key.pub", folder);

	if (fs_exists(own))
		return fs_read(own, KEY_MAX, out, err);
	if (fs_exists(stock))
		return fs_read(stock, KEY_MAX, out, err);
	return err_set(err, ERR_MISSING, "there is no host key in '%s'", names->dir);
}

int host_keys_remove(const struct names *names, struct err *err)
{
	for (size_t i = ARRAY_SIZE(key_files); i-- > 0;) {
		AUTO_FREE char *path = beside(names, key_files[i]);
		if (fs_unlink(path, err) < 0)
			return -1;
	}
	return 0;
}

void host_keys_explain(const struct names *names, struct str *out)
{
	str_add(out,
	        "The machine's SSH host key is made on the host, so that the first connection "
	        "already knows it.\nssh-keygen -t ed25519 -N '' -f ");
	AUTO_FREE char *path = beside(names, "host_key");
	str_add_shell(out, path);
	str_add(out, "\n");
}

int host_keys_seed(const struct names *names, struct seed *seed, struct err *err)
{
	static const struct {
		const char *file, *path;
		mode_t mode;
	} rows[] = {
	        {"host_key", "/etc/ssh/ssh_host_ed25519_key", 0600},
	        {"host_key.pub", "/etc/ssh/ssh_host_ed25519_key.pub", 0644},
	        {"host_key.dropbear", "/etc/dropbear/dropbear_ed25519_host_key", 0600},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		AUTO_FREE char *path = beside(names, rows[i].file);
		AUTO_STR bytes = {0};
		if (fs_read(path, KEY_MAX, &bytes, err) < 0)
			return -1;
		seed_add(seed, rows[i].path, rows[i].mode, bytes.buf, bytes.len);
		explicit_bzero(bytes.buf, bytes.len);
	}
	return 0;
}

void host_keys_lines(const struct machine_spec *spec, const char *public_line, struct str *out)
{
	/* "TYPE KEY COMMENT": the comment is nobody's business there. */
	size_t type = strcspn(public_line, " "), key = type + strspn(public_line + type, " ");

	key += strcspn(public_line + key, " \n");
	if (spec->hostname)
		str_addf(out, "%s %.*s\n", spec->hostname, (int)key, public_line);
	for (size_t i = 0; i < spec->n_nics; i++) {
		const char *const addresses[] = {spec->nics[i].address, spec->nics[i].address6};
		for (size_t a = 0; a < ARRAY_SIZE(addresses); a++)
			if (addresses[a])
				str_addf(out, "%s %.*s\n", addresses[a], (int)key, public_line);
	}
}

int host_keys_known(const struct names *names, const struct machine_spec *spec, struct err *err)
{
	AUTO_FREE char *path = beside(names, "host_key.pub");
	AUTO_STR line = {0}, text = {0};

	if (fs_read(path, KEY_MAX, &line, err) < 0)
		return -1;
	host_keys_lines(spec, str_text(&line), &text);
	return fs_replace(names->known_hosts, str_text(&text), text.len, 0644, err);
}
