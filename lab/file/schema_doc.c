/* prov.yaml(5), written from the table: a section for each map of the file, an entry for each key.
 */
#include "lab/file/schema.h"

#include "base/str.h"

#include <string.h>

static const struct chapter {
	enum section section;
	const char *title, *intro;
} chapters[] = {
        {IN_TOP, "THE FILE", "The keys at the top:"},
        {IN_MACHINE, "MACHINES",
                "Keys below machines.NAME. Those marked with D may stand under defaults too, those "
                "marked with K under container and kvm, where they hold for that kind only."},
        {IN_CONTAINER, "MACHINES: CONTAINER", "Keys below container, for containers only:"},
        {IN_CAPABILITIES, "MACHINES: CONTAINER: CAPABILITIES", "Keys below capabilities:"},
        {IN_KVM, "MACHINES: KVM", "Keys below kvm, for virtual machines only:"},
        {IN_NIC, "MACHINES: NETWORKS", "An item of the list may be a map of these keys:"},
        {IN_FOLDER, "MACHINES: SYNCED_FOLDERS", "An item of the list may be a map of these keys:"},
        {IN_ITEM, "MACHINES: PROVISION", "Keys of each item:"},
        {IN_SHELL, "MACHINES: PROVISION: SHELL", "Where it is a map:"},
        {IN_FILE, "MACHINES: PROVISION: FILE", "Keys below file:"},
        {IN_ANSIBLE, "MACHINES: PROVISION: ANSIBLE", "Where it is a map:"},
        {IN_READY, "MACHINES: READY", "Keys below ready:"},
        {IN_NETWORK, "NETWORKS", "Keys below networks.NAME:"},
        {IN_VOLUME, "VOLUMES", "Keys below volumes.NAME:"},
};

static const struct topic {
	const char *name, *text;
} topics[] = {
        {"Sizes", "Whole numbers of B, KiB, MiB, GiB or TiB: 512MiB."},
        {"Durations", "Numbers with h, m, s or ms: 90s, 1m30s."},
        {"Booleans", "true or false, nothing else."},
        {"Modes", "Octal: 0644."},
        {"Text", "As it is written. Values of env and ports are never numbers, and '$' is a '$'."},
        {"Paths", "On the host, relative to the folder of this file; ~/ is the home folder."},
        {"Names",
                "Of machines, networks and volumes: DNS labels of a-z, 0-9 and '-'. NAME@PROVIDER "
                "names a machine as one kind, NAME all its kinds and instances."},
        {"Limits",
                "1 MiB, 64 levels, 100,000 values, 10,000 machines. Anchors, aliases and merges "
                "(<<) work; tags and several documents are refused."},
};

/* As roff text: a leading dot or quote would be a request, a backslash an escape, a '-' a hyphen.
 */
static void add_text(struct str *out, const char *text)
{
	if (*text == '.' || *text == '\'')
		str_add(out, "\\&");
	for (; *text; text++) {
		if (*text == '\\')
			str_add(out, "\\e");
		else if (*text == '-')
			str_add(out, "\\-");
		else
			str_addn(out, text, 1);
	}
	str_add(out, "\n");
}

static void add_choices(struct str *out, const struct key *key)
{
	for (size_t i = 0; key->choices[i]; i++) {
		str_add(out, i == 0 ? "" : key->choices[i + 1] ? ", " : " or ");
		str_add(out, key->choices[i]);
	}
}

static void add_key(struct str *out, const struct key *key)
{
	AUTO_STR facts = {0};

	str_add(out, ".TP\n.B ");
	add_text(out, key->name);
	if (key->type == TYPE_CHOICE)
		add_choices(&facts, key);
	else
		str_add(&facts, schema_type_name(key->type));
	if (key->type == TYPE_INT)
		str_addf(&facts, " from %lld to %lld", (long long)key->min, (long long)key->max);
	if (key->initial)
		str_addf(&facts, "; default: %s", key->initial);
	if (key->flags & KEY_REQUIRED)
		str_add(&facts, "; required");
	if (key->section == IN_MACHINE && (key->flags & KEY_COMMON))
		str_addf(&facts, " [%s%s]", key->flags & KEY_DEFAULTS ? "D" : "",
		        key->flags & KEY_KIND ? "K" : "");
	str_add(&facts, ")");
	str_add(out, "(");
	add_text(out, str_text(&facts));
	str_add(out, ".br\n");
	if (key->flags & KEY_LATER)
		str_add(out, ".I Not supported yet.\n");
	add_text(out, key->doc);
}

static const char example[] = "prov: 1\n"
                              "defaults:\n"
                              "  box: debian/12\n"
                              "machines:\n"
                              "  db:\n"
                              "    memory: 1GiB\n"
                              "    provision:\n"
                              "      - shell: apt-get update && apt-get install -y postgresql\n"
                              "    ready: { tcp: 5432 }\n"
                              "  web:\n"
                              "    provider: both\n"
                              "    depends_on: [ db ]\n";

void schema_write_man(struct str *out)
{
	str_add(out,
	        ".TH PROV.YAML 5 \"\" prov \"File formats\"\n"
	        ".SH NAME\nprov.yaml \\- the declaration of a lab\n"
	        ".SH DESCRIPTION\n"
	        "prov looks for prov.yaml or prov.yml in the working folder and above it; --file "
	        "names another one.\n"
	        "Unknown keys are errors, and so are known ones that this version does not support "
	        "yet; prov validate reports all of them with their places.\n"
	        ".SH EXAMPLE\n.nf\n");
	str_add(out, example);
	str_add(out, ".fi\n.SH VALUES\n");
	for (size_t i = 0; i < ARRAY_SIZE(topics); i++) {
		str_addf(out, ".TP\n.B %s\n", topics[i].name);
		add_text(out, topics[i].text);
	}
	for (size_t c = 0; c < ARRAY_SIZE(chapters); c++) {
		str_addf(out, ".SH \"%s\"\n", chapters[c].title);
		add_text(out, chapters[c].intro);
		for (size_t i = 0; i < schema_n; i++)
			if (schema[i].section == chapters[c].section)
				add_key(out, &schema[i]);
	}
	str_add(out, ".SH SEE ALSO\n.BR prov (1)\n");
}
