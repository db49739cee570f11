/*
 * kvm.keys: the guest's host key and machine id, drawn once and kept as long as the machine.
 * kvm.seed: the identity as a cpio before the box's initrd, and the host key where SSH looks for
 * it, so that the very first connection knows whom it talks to. A box that is not prov's own gets
 * them on a disk for its cloud-init.
 */
#include "providers/kvm/kvm.h"

#include "base/fs.h"
#include "base/io.h"
#include "base/proc.h"
#include "core/folder.h"
#include "core/host_keys.h"
#include "core/seed.h"
#include "providers/kvm/foreign.h"
#include "providers/kvm/identity.h"
#include "providers/kvm/volumes.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#define KEY_MAX         (64 * 1024)
#define PASSWD_MAX      (1024 * 1024)
#define INITRD_INIT_MAX (4 * 1024 * 1024)

static char *beside(const struct names *names, const char *name)
{
	return xasprintf("%s/%s", names->dir, name);
}

int keys_apply(struct run *run, struct err *err)
{
	return host_keys_make(run->names, run->spec->hostname, err);
}

int keys_revert(struct run *run, struct err *err)
{
	return host_keys_remove(run->names, err);
}

void keys_explain(const struct run *run, struct str *out)
{
	host_keys_explain(run->names, out);
}

bool identity_account(const char *passwd, const char *user, struct account *out)
{
	AUTO_FREE char *start = xasprintf("%s:", user);
	unsigned uid, gid;
	char home[128];

	for (const char *line = passwd; line && *line; line = strchr(line, '\n')) {
		line += *line == '\n';
		/* name:password:uid:gid:comment:home:shell */
		if (!str_starts(line, start))
			continue;
		if (sscanf(line + strlen(start), "%*[^:\n]:%u:%u:%*[^:\n]:%127[^:\n]", &uid, &gid,
		            home) != 3 &&
		        sscanf(line + strlen(start), "%*[^:\n]:%u:%u::%127[^:\n]", &uid, &gid,
		                home) != 3)
			return false;
		*out = (struct account){.uid = uid, .gid = gid};
		memcpy(out->home, home, sizeof(home));
		return home[0] == '/';
	}
	return false;
}

static void add_line(struct str *out, const struct machine_spec *spec, const struct nic *nic,
        const char *address, int prefix, const char *gateway)
{
	bool route = nic == spec_route(spec) && gateway;

	if (address)
		str_addf(out, "%s %s/%d %s %d\n", nic->mac, address, prefix, route ? gateway : "-",
		        nic->mtu);
}

void identity_network(const struct machine_spec *spec, struct str *out)
{
	for (size_t i = 0; i < spec->n_nics; i++) {
		const struct nic *nic = &spec->nics[i];
		add_line(out, spec, nic, nic->address, nic->prefix, nic->gateway);
	}
	/* Behind: an initrd of a box from before reads up to here. */
	for (size_t i = 0; i < spec->n_nics; i++) {
		const struct nic *nic = &spec->nics[i];
		add_line(out, spec, nic, nic->address6, nic->prefix6, nic->gateway6);
	}
}

static void add_authorized(struct seed *seed, const struct account *account, const struct str *key)
{
	AUTO_FREE char *path = xasprintf("%s/.ssh/authorized_keys", account->home);

	seed_add(seed, path, 0600, key->buf, key->len);
	struct seed_file *f = seed_last(seed);
	f->uid = account->uid;
	f->gid = account->gid;
	f->append = true;
}

/* The lab's key opens root and the login user. */
static int add_users(struct seed *seed, struct run *run, struct err *err)
{
	const struct machine_spec *spec = run->spec;
	AUTO_FREE char *path = xasprintf("%s.pub", run->names->key);
	AUTO_STR key = {0}, passwd = {0};
	struct account account = {.home = "/root"};

	if (fs_read(path, KEY_MAX, &key, err) < 0)
		return -1;
	add_authorized(seed, &account, &key);
	if (str_eq(spec->user, "root"))
		return 0;
	AUTO_FREE char *file = xasprintf("%s/etc/passwd", spec->box.rootfs ? spec->box.rootfs : "");
	if (spec->box.rootfs && fs_read(file, PASSWD_MAX, &passwd, err) < 0)
		return -1;
	if (spec->box.rootfs && identity_account(str_text(&passwd), spec->user, &account))
		add_authorized(seed, &account, &key);
	else
		run_warning(run, "the box '%s' has no user '%s': its SSH key opens only root",
		        spec->box.name, spec->user);
	return 0;
}

/* What the initrd's init mounts; the step "folders" does it where that did not. */
static void list_folders(const struct machine_spec *spec, struct str *out)
{
	for (size_t i = 0; i < spec->n_folders; i++) {
		const struct folder_use *f = &spec->folders[i];
		AUTO_FREE char *tag = folder_tag(i);
		if (f->type == FOLDER_VIRTIOFS || f->type == FOLDER_9P)
			str_addf(out, "%s %s%s %s\n", tag, f->read_only ? "ro" : "rw",
			        f->type == FOLDER_9P ? ",9p" : "", f->guest);
	}
}

static int fill_seed(struct seed *seed, struct run *run, struct err *err)
{
	AUTO_FREE char *path = beside(run->names, "machine-id");
	AUTO_STR id = {0}, network = {0}, volumes = {0}, folders = {0};

	if (fs_read(path, KEY_MAX, &id, err) < 0)
		return -1;
	seed_identity(seed, run->spec, str_text(&id));
	identity_network(run->spec, &network);
	seed_add(seed, "/etc/prov/network", 0644, str_text(&network), network.len);
	volumes_list(run->spec, &volumes);
	if (volumes.len)
		seed_add(seed, "/etc/prov/volumes", 0644, str_text(&volumes), volumes.len);
	list_folders(run->spec, &folders);
	if (folders.len)
		seed_add(seed, "/etc/prov/folders", 0644, str_text(&folders), folders.len);
	return host_keys_seed(run->names, seed, err) < 0 ? -1 : add_users(seed, run, err);
}

/* Everything of from, behind what to holds already. */
static int append_file(int to, const char *from, struct err *err)
{
	AUTO_FD int fd = open(from, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return err_sys(err, "open the initrd '%s'", from);
	while ((n = sendfile(to, fd, NULL, 1 << 30)) > 0)
		;
	return n < 0 ? err_sys(err, "copy the initrd '%s'", from) : 0;
}

/* Seed first, padded to 4 bytes, then the box's initrd: the kernel loses the identity silently in
 * any other order. initrd NULL: it is the image of a disk. */
static int write_seed(struct kvm_session *s, const struct str *seed, const char *initrd,
        const char *tmp, struct err *err)
{
	static const char zeros[4];
	AUTO_FD int fd = open(tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return err_sys(err, "create '%s'", tmp);
	if (io_write_all(fd, seed->buf, seed->len, err) < 0)
		return -1;
	if (initrd &&
	        (io_write_all(fd, zeros, (4 - seed->len % 4) % 4, err) < 0 ||
	                append_file(fd, initrd, err) < 0))
		return -1;
	return kvm_give(s, fd, tmp, err);
}

void seed_inputs(const struct run *run, struct digest *digest)
{
	const struct machine_spec *spec = run->spec;

	digest_field(digest, "box", spec->box.digest);
	digest_field(digest, "hostname", spec->hostname);
	digest_field(digest, "domain", spec->domain);
	digest_field(digest, "user", spec->user);
	volumes_digest(spec, digest);
	/* Not the lab's other machines: a new one is no reason to restart the old ones, and DNS
	 * knows it. */
	for (size_t i = 0; i < spec->n_nics; i++) {
		const struct nic *nic = &spec->nics[i];
		digest_field(digest, "mac", nic->mac);
		digest_field(digest, "address", nic->address);
		digest_number(digest, "prefix", nic->prefix);
		digest_field(digest, "gateway", nic->gateway);
		digest_field(digest, "dns", nic->dns);
		digest_number(digest, "route", nic->default_route);
		if (!nic->address6)
			continue;
		digest_field(digest, "address6", nic->address6);
		digest_number(digest, "prefix6", nic->prefix6);
		digest_field(digest, "gateway6", nic->gateway6);
	}
}

/* So that a box that was built by an earlier prov starts as this one means it: kvm.define names the
 * program on the kernel's command line. */
static int add_program(struct str *cpio, struct err *err)
{
	AUTO_FREE char *path = module_file(INITRD_INIT);
	AUTO_STR bytes = {0};

	if (!fs_exists(path))
		return 0;
	if (fs_read(path, INITRD_INIT_MAX, &bytes, err) < 0)
		return -1;
	seed_cpio_program(INITRD_INIT, bytes.buf, bytes.len, cpio);
	return 0;
}

static int own_seed(struct run *run, struct str *cpio, struct err *err)
{
	struct seed seed = {0};
	int rc = fill_seed(&seed, run, err);

	if (rc == 0) {
		seed_cpio(&seed, cpio);
		rc = add_program(cpio, err);
	}
	seed_clear(&seed);
	return rc;
}

int seed_apply(struct run *run, struct err *err)
{
	AUTO_FREE char *tmp = xasprintf("%s.tmp", run->names->seed);
	bool foreign = spec_is_foreign(run->spec);
	AUTO_STR bytes = {0};

	int rc = foreign ? foreign_seed(run, &bytes, err) : own_seed(run, &bytes, err);
	if (rc < 0 || host_keys_known(run->names, run->spec, err) < 0 || fs_unlink(tmp, err) < 0)
		return -1;
	rc = write_seed(run->session, &bytes, run->spec->box.initrd, tmp, err);
	explicit_bzero(bytes.buf, bytes.len);
	if (rc == 0 && rename(tmp, run->names->seed) < 0)
		rc = err_sys(err, "rename '%s' to '%s'", tmp, run->names->seed);
	return rc;
}

int seed_revert(struct run *run, struct err *err)
{
	AUTO_FREE char *tmp = xasprintf("%s.tmp", run->names->seed);

	/* A halted machine can still be started with virsh; up writes it again. */
	if (!run->destroying)
		return 0;
	if (fs_unlink(tmp, err) < 0 || fs_unlink(run->names->seed, err) < 0)
		return -1;
	return fs_unlink(run->names->known_hosts, err);
}

void seed_explain(const struct run *run, struct str *out)
{
	if (spec_is_foreign(run->spec)) {
		str_add(out,
		        "Host name and keys are on a disk for the box's cloud-init (NoCloud); its "
		        "address comes by DHCP, as the lab's network has it.\n"
		        "xorriso -as mkisofs -V cidata -o ");
		str_add_shell(out, run->names->seed);
		str_add(out, " meta-data user-data network-config\n");
		return;
	}
	str_add(out,
	        "Host name, keys and addresses go as a cpio archive before the box's initrd, which "
	        "copies "
	        "them into place before init starts.\ncat seed.cpio ");
	str_add_shell(out, run->spec->box.initrd ? run->spec->box.initrd : "INITRD");
	str_add(out, " > ");
	str_add_shell(out, run->names->seed);
	str_add(out, "\n");
}
