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

/* By family: the tool that libvirt runs, the chain of those that do not, nft's word. */
static const struct family {
	const char *iptables, *chain, *name;
} families[] = {
        {"iptables", "ip libvirt_network forward", "ip"},
        {"ip6tables", "ip6 libvirt_network forward", "ip6"},
};

static int load(const struct nft_ops **out, struct err *err)
{
	void *symbol;

	if (module_symbol("prov-nft", "prov_nft", &symbol, err) < 0)
		return -1;
	*out = symbol;
	return 0;
}

/* 1: out is what the chain holds; 0: this host has no iptables. */
static int list_forward(bool v6, struct str *out, struct err *err)
{
	const char *const argv[] = {families[v6].iptables, "-w", "-S", "FORWARD", NULL};

	if (proc_check(argv, out, err) == 0)
		return 1;
	if (err && err->kind == ERR_HOST) {
		err_clear(err);
		return 0;
	}
	return -1;
}

/* line is one of iptables -S without quotes: "-A FORWARD …"; command takes the place of -A. */
static int iptables(bool v6, const char *const command[3], const char *line, struct err *err)
{
	AUTO_FREE char *words = xstrdup(line);
	const char *argv[40] = {families[v6].iptables, "-w"};
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

static int delete_accepts(bool v6, const char *listing, const char *table, struct err *err)
{
	static const char *const delete[3] = {"-D", "FORWARD", NULL};
	AUTO_STRV lines = {0};

	marked_lines(listing, table, &lines);
	for (size_t i = 0; i < lines.n; i++)
		if (iptables(v6, delete, lines.v[i], err) < 0)
			return -1;
	return 0;
}

static int renew_accepts(const struct ports *p, bool v6, struct err *err)
{
	static const char *const insert[3] = {"-I", "FORWARD", "1"};
	AUTO_STR listing = {0};
	int rc = list_forward(v6, &listing, err);

	if (rc <= 0 || ports_accepted(p, v6, str_text(&listing)))
		return rc < 0 ? -1 : 0;
	/* Old before new: a rule is deleted by what it says, and the first such one goes. */
	if (delete_accepts(v6, str_text(&listing), p->table, err) < 0)
		return -1;
	for (size_t i = 0; i < p->n_nets; i++) {
		AUTO_FREE char *line = ports_accept_line(p, &p->nets[i], v6);
		if (line && iptables(v6, insert, line, err) < 0)
			return -1;
	}
	return 0;
}

static int remove_accepts(bool v6, const char *table, struct err *err)
{
	AUTO_STR listing = {0};
	int rc = list_forward(v6, &listing, err);

	return rc <= 0 ? rc : delete_accepts(v6, str_text(&listing), table, err);
}

/* Empty: there is no such thing. */
static void list(const struct nft_ops *nft, const char *what, bool handles, struct str *out)
{
	struct err none;

	if (nft->run(what, handles, out, &none) < 0)
		str_reset(out);
}

static void list_libvirt(const struct nft_ops *nft, bool v6, struct str *out)
{
	AUTO_FREE char *what = xasprintf("list chain %s", families[v6].chain);

	list(nft, what, true, out);
}

static void list_table(const struct nft_ops *nft, bool v6, const char *table, struct str *out)
{
	AUTO_FREE char *what = xasprintf("list table %s %s", families[v6].name, table);

	list(nft, what, false, out);
}

static void delete_by_handle(bool v6, const char *listing, const char *table, struct str *script)
{
	AUTO_STRV lines = {0};

	marked_lines(listing, table, &lines);
	for (size_t i = 0; i < lines.n; i++) {
		const char *handle = strstr(lines.v[i], "# handle ");
		if (handle)
			str_addf(script, "delete rule %s %s\n", families[v6].chain, handle + 2);
	}
}

static void accept_in_libvirt(
        const struct ports *p, bool v6, const char *listing, struct str *script)
{
	delete_by_handle(v6, listing, p->table, script);
	for (size_t i = 0; i < p->n_nets; i++) {
		const char *subnet = v6 ? p->nets[i].subnet6 : p->nets[i].subnet;
		if (subnet)
			str_addf(script,
			        "insert rule %s ct status dnat ct reply %s saddr %s accept comment "
			        "\"%s\"\n",
			        families[v6].chain, families[v6].name, subnet, p->table);
	}
}

/* What the kernel holds of the lab, in words. Absent: an empty text. */
static void describe(const struct nft_ops *nft, const char *table, char digest[PORTS_DIGEST])
{
	AUTO_STR text = {0};

	for (int v6 = 0; v6 < 2; v6++) {
		AUTO_STR libvirt = {0}, rules = {0};
		AUTO_STRV lines = {0};
		list_table(nft, v6, table, &rules);
		list_libvirt(nft, v6, &libvirt);
		marked_lines(str_text(&libvirt), table, &lines);
		str_add(&text, str_text(&rules));
		for (size_t i = 0; i < lines.n; i++)
			str_addn(&text, lines.v[i], strcspn(lines.v[i], "#"));
	}
	digest_bytes(str_text(&text), text.len, digest);
}

/* Of IPv6 nothing is touched where there is nothing: the host may do without. */
static bool concerns(const struct nft_ops *nft, const struct ports *p, bool v6)
{
	AUTO_STR rules = {0};

	if (!v6 || ports_any(p, true))
		return true;
	list_table(nft, true, p->table, &rules);
	return rules.len > 0;
}

/* Whether a rule of ip6tables may be left whose table somebody else has removed. nft does not show
 * the rule's comment, and ip6tables alone would load what this host may do without. */
static bool has_forward6(const struct nft_ops *nft)
{
	AUTO_STR rules = {0}, tables = {0};

	list(nft, "list chain ip6 filter FORWARD", false, &rules);
	return rules.len > 0 ||
	        (fs_read("/proc/net/ip6_tables_names", 4096, &tables, NULL) == 0 && tables.len > 0);
}

int ports_ensure(const struct ports *p, char digest[PORTS_DIGEST], struct err *err)
{
	const struct nft_ops *nft;
	AUTO_STR script = {0};
	bool has[2];

	if (load(&nft, err) < 0)
		return -1;
	for (int v6 = 0; v6 < 2; v6++) {
		AUTO_STR libvirt = {0};
		has[v6] = concerns(nft, p, v6);
		if (!has[v6])
			continue;
		/* As ports_remove does: without its table nothing would tell of the rule. */
		if (!ports_any(p, v6) && remove_accepts(v6, p->table, err) < 0)
			return -1;
		ports_script(p, v6, &script);
		list_libvirt(nft, v6, &libvirt);
		if (libvirt.len)
			accept_in_libvirt(p, v6, str_text(&libvirt), &script);
	}
	if (nft->run(str_text(&script), false, NULL, err) < 0)
		return -1;
	for (int v6 = 0; v6 < 2; v6++)
		if (has[v6] && ports_any(p, v6) && renew_accepts(p, v6, err) < 0)
			return -1;
	describe(nft, p->table, digest);
	return 0;
}

int ports_stand(const struct ports *p, const char *digest, bool *stands, struct err *err)
{
	const struct nft_ops *nft;
	char now[PORTS_DIGEST];
	bool yes = true;

	if (load(&nft, err) < 0)
		return -1;
	describe(nft, p->table, now);
	for (int v6 = 0; v6 < 2; v6++) {
		AUTO_STR listing = {0};
		int rc = ports_any(p, v6) ? list_forward(v6, &listing, err) : 0;
		if (rc < 0)
			return -1;
		yes = yes && (rc == 0 || ports_accepted(p, v6, str_text(&listing)));
	}
	*stands = yes && str_eq(now, digest);
	return 0;
}

int ports_remove(const char *table, struct err *err)
{
	const struct ports none = {.table = (char *)(uintptr_t)table};
	const struct nft_ops *nft;
	AUTO_STR script = {0};

	if (load(&nft, err) < 0)
		return -1;
	for (int v6 = 0; v6 < 2; v6++) {
		AUTO_STR libvirt = {0};
		if (!concerns(nft, &none, v6) && !has_forward6(nft))
			continue;
		ports_removal(table, v6, &script);
		list_libvirt(nft, v6, &libvirt);
		delete_by_handle(v6, str_text(&libvirt), table, &script);
		/* Accepting goes first: it means something only while there is a translation. */
		if (remove_accepts(v6, table, err) < 0)
			return -1;
	}
	return nft->run(str_text(&script), false, NULL, err);
}
