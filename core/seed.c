#include "core/seed.h"

#include "core/spec.h"

#include <stdlib.h>
#include <string.h>

void seed_add(struct seed *seed, const char *path, mode_t mode, const void *bytes, size_t n)
{
	seed->files = xrealloc(seed->files, seed->n + 1, sizeof(*seed->files));
	struct seed_file *f = &seed->files[seed->n++];
	*f = (struct seed_file){
	        .path = xstrdup(path), .mode = mode, .bytes = xmalloc(n + 1), .n = n};
	if (n)
		memcpy(f->bytes, bytes, n);
	f->bytes[n] = '\0';
}

static void add_text(struct seed *seed, const char *path, mode_t mode, const char *text)
{
	seed_add(seed, path, mode, text, strlen(text));
}

struct seed_file *seed_last(struct seed *seed)
{
	return &seed->files[seed->n - 1];
}

void seed_clear(struct seed *seed)
{
	for (size_t i = 0; i < seed->n; i++) {
		explicit_bzero(seed->files[i].bytes, seed->files[i].n); /* may be a host key */
		free(seed->files[i].path);
		free(seed->files[i].bytes);
	}
	free(seed->files);
	*seed = (struct seed){0};
}

/* A line of the lab's begins with it. */
static bool has_line(const struct strv *lines, const char *address)
{
	size_t n = strlen(address);

	for (size_t i = 0; i < lines->n; i++)
		if (str_starts(lines->v[i], address) && lines->v[i][n] == ' ')
			return true;
	return false;
}

/* The machine's own names have its addresses in all its networks. */
static void add_own(struct str *text, const struct machine_spec *spec, const struct nic *nic,
        const char *address, const char *names)
{
	if (!address || has_line(&spec->hosts, address))
		return;
	str_addf(text, "%s %s", address, names);
	for (size_t i = 0; i < nic->aliases.n; i++)
		str_addf(text, " %s", nic->aliases.v[i]);
	str_add(text, "\n");
}

static void add_hosts(struct seed *seed, const struct machine_spec *spec)
{
	AUTO_STR text = {0};
	AUTO_FREE char *names = spec_host_names(spec, spec->alias);

	str_add(&text, "127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n");
	if (spec->n_nics == 0)
		str_addf(&text, "127.0.1.1 %s\n", names);
	for (size_t i = 0; i < spec->hosts.n; i++)
		str_addf(&text, "%s\n", spec->hosts.v[i]);
	for (size_t i = 0; i < spec->n_nics; i++) {
		const struct nic *nic = &spec->nics[i];
		add_own(&text, spec, nic, nic->address, names);
		add_own(&text, spec, nic, nic->address6, names);
	}
	add_text(seed, "/etc/hosts", 0644, str_text(&text));
}

/* One name server is enough: each network's knows the lab. That of the default route is nearest to
 * the world. */
static const char *name_server(const struct machine_spec *spec)
{
	const struct nic *route = spec_route(spec);

	if (route && route->dns)
		return route->dns;
	for (size_t i = 0; i < spec->n_nics; i++)
		if (spec->nics[i].dns)
			return spec->nics[i].dns;
	return NULL;
}

void seed_resolver(const struct machine_spec *spec, struct str *out)
{
	const char *server = name_server(spec);

	str_add(out, "");
	if (server)
		str_addf(out, "search %s\nnameserver %s\n", spec->domain, server);
}

bool seed_is_resolver(const char *text, const char *domain)
{
	AUTO_FREE char *start = xasprintf("search %s\nnameserver ", domain);
	const char *rest = str_starts(text, start) ? strchr(text + strlen(start), '\n') : NULL;

	return !*text || (rest && !rest[1]);
}

void seed_identity(struct seed *seed, const struct machine_spec *spec, const char *machine_id)
{
	AUTO_STR text = {0};

	str_addf(&text, "%s\n", spec->hostname);
	add_text(seed, "/etc/hostname", 0644, str_text(&text));
	add_hosts(seed, spec);
	str_reset(&text);
	seed_resolver(spec, &text);
	if (text.len)
		add_text(seed, "/etc/resolv.conf", 0644, str_text(&text));
	str_reset(&text);
	str_addf(&text, "%s\n", machine_id);
	add_text(seed, "/etc/machine-id", 0444, str_text(&text));
	seed_last(seed)->first_boot = true;
}
