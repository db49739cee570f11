#include "core/spec_changes.h"

static void show_memory(const struct machine_spec *spec, struct str *out)
{
	if (spec->memory_bytes > 0)
		str_add_size(out, spec->memory_bytes);
}

static void show_disk(const struct machine_spec *spec, struct str *out)
{
	if (spec->disk_bytes > 0)
		str_add_size(out, spec->disk_bytes);
}

static void show_cpus(const struct machine_spec *spec, struct str *out)
{
	if (spec->cpus > 0)
		str_addf(out, "%g", spec->cpus);
}

static void show_cpuset(const struct machine_spec *spec, struct str *out)
{
	str_add(out, spec->cpuset ? spec->cpuset : "");
}

/* A box that was built anew has another digest under the same name. */
static void show_box(const struct machine_spec *spec, struct str *out)
{
	str_addf(out, "%s", spec->box.name ? spec->box.name : "");
	if (spec->box.digest)
		str_addf(out, " (%.8s)", spec->box.digest);
}

static void show_user(const struct machine_spec *spec, struct str *out)
{
	str_add(out, spec->user ? spec->user : "");
}

static void show_networks(const struct machine_spec *spec, struct str *out)
{
	if (spec->network_mode == NET_HOST)
		str_add(out, "host");
	for (size_t i = 0; i < spec->n_nics; i++)
		str_addf(out, "%s%s", i ? " " : "", spec->nics[i].network);
}

static void show_volumes(const struct machine_spec *spec, struct str *out)
{
	for (size_t i = 0; i < spec->n_volumes; i++)
		str_addf(out, "%s%s:%s", i ? " " : "", spec->volumes[i].name,
		        spec->volumes[i].guest);
}

static const struct {
	const char *key;
	void (*show)(const struct machine_spec *spec, struct str *out);
} keys[] = {
        {"box", show_box},
        {"memory", show_memory},
        {"cpus", show_cpus},
        {"cpuset", show_cpuset},
        {"disk", show_disk},
        {"user", show_user},
        {"networks", show_networks},
        {"volumes", show_volumes},
};

void spec_changes(
        const struct machine_spec *before, const struct machine_spec *after, struct str *out)
{
	bool any = false;

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		AUTO_STR was = {0}, is = {0};
		keys[i].show(before, &was);
		keys[i].show(after, &is);
		if (str_eq(str_text(&was), str_text(&is)))
			continue;
		str_addf(out, "%s%s %s -> %s", any ? ", " : "", keys[i].key,
		        was.len ? str_text(&was) : "none", is.len ? str_text(&is) : "none");
		any = true;
	}
}
