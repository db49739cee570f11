/*
 * The transport's bias, taken out: a container is reached by SSH as a virtual machine is. Its own
 * SSH server, the one that the box brings, is started with a host key made for it; prov's SSH
 * transport logs in with the lab's key.
 */
#include "compare/work.h"

#include "base/clock.h"
#include "base/fs.h"
#include "base/proc.h"
#include "compare/measure.h"
#include "core/keys.h"
#include "transports/ssh.h"

#include <math.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#define SECOND_NS INT64_C(1000000000)
#define RETRY_MS  2

/* The servers that boxes bring; the first that is there is taken. Both answer on port 22. */
static const char start_server[] =
        "mkdir -p /run/sshd /root/.ssh; chmod 700 /root/.ssh; cat /run/prov-compare.pub "
        ">>/root/.ssh/authorized_keys; chmod 600 /root/.ssh/authorized_keys; "
        "if [ -x /usr/sbin/sshd ]; then exec /usr/sbin/sshd -h /run/prov-compare.key; fi; "
        "if [ -x /usr/sbin/dropbear ]; then exec /usr/sbin/dropbear -s -r "
        "/run/prov-compare.dropbear; fi; exit 9";

struct files {
	char *known_hosts, *key, *dropbear, *public;
};

static void files_clear(struct files *f)
{
	free(f->known_hosts);
	free(f->key);
	free(f->dropbear);
	free(f->public);
}

static int write_files(const struct work *w, const struct files *f, struct err *err)
{
	const struct key_ops *ops;
	struct key_pair pair = {0};
	void *symbol;

	if (module_symbol("prov-ssh", "prov_keys", &symbol, err) < 0)
		return -1;
	ops = symbol;
	if (ops->generate("prov compare", &pair, err) < 0)
		return -1;
	AUTO_FREE char *known =
	        xasprintf("%s %s", w->access->spec->nics[0].address, pair.public_line);
	int rc = fs_replace(f->known_hosts, known, strlen(known), 0600, err);
	if (rc == 0)
		rc = fs_replace(f->key, pair.private_key, strlen(pair.private_key), 0600, err);
	if (rc == 0)
		rc = fs_replace(f->dropbear, pair.dropbear, pair.dropbear_n, 0600, err);
	key_pair_clear(&pair);
	return rc;
}

static int put(struct work *w, const char *source, const char *destination, struct err *err)
{
	const struct transport_file file = {
	        .source = source, .destination = destination, .mode = 0600};

	return w->transport->ops->put(w->transport, &file, err);
}

static int bring_files(struct work *w, const struct files *f, struct err *err)
{
	if (write_files(w, f, err) < 0 || put(w, f->key, "/run/prov-compare.key", err) < 0 ||
	        put(w, f->dropbear, "/run/prov-compare.dropbear", err) < 0)
		return -1;
	return put(w, f->public, "/run/prov-compare.pub", err);
}

static int log_in(struct work *w, const struct files *f, struct err *err)
{
	const struct ssh_target target = {.host = w->access->spec->nics[0].address,
	        .port = 22,
	        .user = w->access->spec->user,
	        .key = w->access->names->key,
	        .known_hosts = f->known_hosts};
	const char *const argv[] = {"true", NULL};
	int64_t end_ns = clock_mono_ns() + 10 * SECOND_NS;
	struct transport *ssh = NULL;
	AUTO_STR out = {0};

	while (ssh_transport_open(&target, 10 * SECOND_NS, w->job->stop, &ssh, err) < 0) {
		if (err->kind != ERR_BUSY || clock_mono_ns() > end_ns)
			return -1;
		poll(NULL, 0, RETRY_MS); /* refused at once: the server has not bound its port */
	}
	int rc = work_ask(ssh, argv, &out, err);
	ssh->ops->close(ssh);
	return rc;
}

static int measure_it(struct work *w, const struct files *f, double *seconds, struct err *err)
{
	const char *const argv[] = {"/bin/sh", "-c", start_server, NULL};
	AUTO_STR out = {0};

	if (bring_files(w, f, err) < 0)
		return -1;
	int64_t start_ns = clock_mono_ns();
	if (work_ask(w->transport, argv, &out, err) < 0 || log_in(w, f, err) < 0)
		return -1;
	*seconds = (double)(clock_mono_ns() - start_ns) / 1e9;
	return 0;
}

static char *beside(const struct work *w, const char *name)
{
	return xasprintf("%s/%s-%s", w->options->folder, w->access->spec->name, name);
}

void work_over_ssh(struct work *w)
{
	struct files f = {.known_hosts = beside(w, "known_hosts"),
	        .key = beside(w, "key"),
	        .dropbear = beside(w, "dropbear"),
	        .public = xasprintf("%s.pub", w->access->names->key)};
	struct err err = {0};
	double seconds;

	if (!w->access->spec->n_nics)
		err_set(&err, ERR_FAILED, "it has no network");
	else if (!fs_exists(w->access->names->key))
		err_set(&err, ERR_FAILED,
		        "the lab has no key, since no virtual machine is compared");
	else if (measure_it(w, &f, &seconds, &err) == 0)
		measure_add(w->result, "start.ssh", w->options->kind, seconds, NAN, NULL);
	if (err.kind != ERR_NONE)
		strv_addf(&w->result->notes, "%s over SSH: not measured: %s", w->options->kind,
		        err.message);
	files_clear(&f);
}
