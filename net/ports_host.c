/*
 * Published ports on this host: the lab's table by libnftables (prov-nft.so), and the accept rules
 * in the chains that would refuse. Those are iptables' FORWARD, where libvirt has its rejects, by
 * the same tool that libvirt runs, and the chain of newer libvirts, which speak to nftables
 * themselves.
 */
#include "net/ports.h"

#include "base/digest.h"
#include "base/fs.h"
#include "base/proc.h"

#include <stdlib.h>
#include <string.h>

#define LIBVIRT_CHAIN "ip libvirt_network forward"

static int load(const struct nft_ops **out, struct err *err)
{
	void *symbol;

	if (module_symbol("prov-nft", "prov_nft", &symbol, err) < 0)
		return -1;
	*out = symbol;
	return 0;
}

/* 1: out is what the chain holds; 0: this host has no iptables. */
static int list_forward(struct str *out, struct err *err)
{
	static const char *const argv[] = {"iptables", "-w", "-S", "FORWARD", NULL};

	if (proc_check(argv, out, err) == 0)
		return 1;
	if (err && err->kind == ERR_HOST) {
		err_clear(err);
		return 0;
	}
	return -1;
}

/* line is one of iptables -S without quotes: "-A FORWARD …"; command takes the place of -A. */
static int iptables(const char *const command[3], const char *line, struct err *err)
{
	AUTO_FREE char *words = xstrdup(line);
	const char *argv[40] = {"iptables", "-w"};
	size_t n = 2;
	char *save = NULL;

	for (size_t i = 0; i < 3 && command[i]; i++)
		argv[n++] = command[i];
	strtok_r(words, " ", &save); /* -A */
	strtok_r(NULL, " ", &save);  /* FORWARD */
	for (char *w = strtok_r(NULL, " ", &save); w && n < ARRAY_SIZE(argv) - 1;
	        w = strtok_r(NULL, " ", &save))
		argv[n++] = w;
	return proc_check(argv, NULL, err);
}

/* Whether this line of a listing carries the table's name. */
static bool is_marked(const char *line, const char *table)
{
	AUTO_FREE char *plain = xasprintf("--comment %s ", table);
	AUTO_FREE char *quoted = xasprintf("comment \"%s\" ", table);
	AUTO_FREE char *spaced = xasprintf("%s ", line);

	return strstr(spaced, plain) || strstr(spaced, quoted);
}

/* The lines of a listing that are the lab's. */
static void marked_lines(const char *listing, const char *table, struct strv *out)
{
	for (const char *at = listing; *at;) {
		size_t n = strcspn(at, "\n");
		AUTO_FREE char *line = xstrndup(at, n);
		if (is_marked(line, table))
			strv_take(out, STEAL(line));
		at += n + (at[n] == '\n');
	}
}

static int delete_accepts(const char *listing, const char *table, struct err *err)
{
	static const char *const delete[3] = {"-D", "FORWARD", NULL};
	AUTO_STRV lines = {0};

	marked_lines(listing, table, &lines);
	for (size_t i = 0; i < lines.n; i++)
		if (iptables(delete, lines.v[i], err) < 0)
			return -1;
	return 0;
}

static int renew_accepts(const struct ports *p, struct err *err)
{
	static const char *const insert[3] = {"-I", "FORWARD", "1"};
	AUTO_STR listing = {0};
	int rc = list_forward(&listing, err);

	if (rc <= 0 || ports_accepted(p, str_text(&listing)))
		return rc < 0 ? -1 : 0;
	/* Old before new: a rule is deleted by what it says, and the first such one goes. */
	if (delete_accepts(str_text(&listing), p->table, err) < 0)
		return -1;
	for (size_t i = 0; i < p->n_nets; i++) {
		AUTO_FREE char *line = ports_accept_line(p, &p->nets[i]);
		if (iptables(insert, line, err) < 0)
			return -1;
	}
	return 0;
}

static int remove_accepts(const char *table, struct err *err)
{
	AUTO_STR listing = {0};
	int rc = list_forward(&listing, err);

	return rc <= 0 ? rc : delete_accepts(str_text(&listing), table, err);
}

/* Empty: this host's libvirt has no such chain. */
static void list_libvirt(const struct nft_ops *nft, struct str *out)
{
	struct err none;

	if (nft->run("list chain " LIBVIRT_CHAIN, true, out, &none) < 0)
		str_reset(out);
}

static void delete_by_handle(const char *listing, const char *table, struct str *script)
{
	AUTO_STRV lines = {0};

	marked_lines(listing, table, &lines);
	for (size_t i = 0; i < lines.n; i++) {
		const char *handle = strstr(lines.v[i], "# handle ");
		if (handle)
			str_addf(script, "delete rule " LIBVIRT_CHAIN " %s\n", handle + 2);
	}
}

static void accept_in_libvirt(const struct ports *p, const char *listing, struct str *script)
{
	delete_by_handle(listing, p->table, script);
	for (size_t i = 0; i < p->n_nets; i++)
		str_addf(script,
		        "insert rule " LIBVIRT_CHAIN
		        " ct status dnat ct reply ip saddr %s accept comment \"%s\"\n",
		        p->nets[i].subnet, p->table);
}

/* What the kernel holds of the lab, in words. Absent: an empty text. */
static void describe(const struct nft_ops *nft, const char *table, char digest[PORTS_DIGEST])
{
	AUTO_FREE char *list = xasprintf("list table ip %s", table);
	AUTO_STR text = {0}, libvirt = {0};
	AUTO_STRV lines = {0};
	struct err none;

	if (nft->run(list, false, &text, &none) < 0)
		str_reset(&text);
	list_libvirt(nft, &libvirt);
	marked_lines(str_text(&libvirt), table, &lines);
	for (size_t i = 0; i < lines.n; i++)
		str_addn(&text, lines.v[i], strcspn(lines.v[i], "#"));
	digest_bytes(str_text(&text), text.len, digest);
}

int ports_ensure(const struct ports *p, char digest[PORTS_DIGEST], struct err *err)
{
	const struct nft_ops *nft;
	AUTO_STR script = {0}, libvirt = {0};

	if (load(&nft, err) < 0)
		return -1;
	ports_script(p, &script);
	list_libvirt(nft, &libvirt);
	if (libvirt.len)
		accept_in_libvirt(p, str_text(&libvirt), &script);
	if (nft->run(str_text(&script), false, NULL, err) < 0 ||
	        (p->n_rules ? renew_accepts(p, err) : remove_accepts(p->table, err)) < 0)
		return -1;
	describe(nft, p->table, digest);
	return 0;
}

int ports_stand(const struct ports *p, const char *digest, bool *stands, struct err *err)
{
	const struct nft_ops *nft;
	char now[PORTS_DIGEST];
	AUTO_STR listing = {0};

	if (load(&nft, err) < 0)
		return -1;
	describe(nft, p->table, now);
	int rc = list_forward(&listing, err);
	if (rc < 0)
		return -1;
	*stands = str_eq(now, digest) && (rc == 0 || ports_accepted(p, str_text(&listing)));
	return 0;
}

int ports_remove(const char *table, struct err *err)
{
	const struct nft_ops *nft;
	AUTO_STR script = {0}, libvirt = {0};

	if (load(&nft, err) < 0)
		return -1;
	ports_removal(table, &script);
	list_libvirt(nft, &libvirt);
	delete_by_handle(str_text(&libvirt), table, &script);
	/* Accepting goes first: it means something only while there is a translation. */
	if (remove_accepts(table, err) < 0)
		return -1;
	return nft->run(str_text(&script), false, NULL, err);
}

static bool is_on(const char *path)
{
	AUTO_STR text = {0};

	return fs_read(path, 16, &text, NULL) == 0 && str_starts(str_text(&text), "1");
}

void ports_hairpin(const char *bridge, const char *link, const char *mac)
{
	AUTO_FREE char *own = xasprintf("/sys/class/net/%s/bridge/nf_call_iptables", bridge);
	AUTO_FREE char *dir = xasprintf("/sys/class/net/%s/brif", bridge);
	AUTO_STRV ports = {0};

	if ((!is_on("/proc/sys/net/bridge/bridge-nf-call-iptables") && !is_on(own)) ||
	        fs_list(dir, &ports, NULL) < 0)
		return;
	for (size_t i = 0; i < ports.n; i++) {
		AUTO_FREE char *address = xasprintf("/sys/class/net/%s/address", ports.v[i]);
		AUTO_FREE char *mode = xasprintf("%s/%s/hairpin_mode", dir, ports.v[i]);
		AUTO_STR text = {0};
		bool found = str_eq(ports.v[i], link);
		/* libvirt gives the host's end the same one but for the first byte, fe. */
		if (!found && strlen(mac) > 2 && fs_read(address, 64, &text, NULL) == 0)
			found = str_starts(str_text(&text), "fe") &&
			        str_starts(str_text(&text) + 2, mac + 2);
		if (found)
			(void)!fs_write_attr(mode, "1", NULL);
	}
}

static char *localnet_file(const char *bridge)
{
	return xasprintf("/proc/sys/net/ipv4/conf/%s/route_localnet", bridge);
}

bool ports_localnet(const char *bridge)
{
	AUTO_FREE char *path = localnet_file(bridge);

	return is_on(path);
}

int ports_set_localnet(const char *bridge, bool on, struct err *err)
{
	AUTO_FREE char *path = localnet_file(bridge);

	return fs_exists(path) ? fs_write_attr(path, on ? "1" : "0", err) : 0;
}
