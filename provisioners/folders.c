#include "provisioners/folders.h"

#include "guest/nine.h"

#include <stdlib.h>
#include <string.h>

#define MOUNT_NS INT64_C(60000000000)

/* $1 folder, $2 type, $3 tag, $4 options, $5 the folder as the table of mounts has it. The initrd's
 * init of prov's boxes has mounted it already; disks that boot by themselves have no such init, and
 * where it failed, here is said why. */
static const char mount_script[] =
        "set -e; mkdir -p \"$1\"\n"
        "if grep -qF \"$3 $5 $2 \" /proc/mounts &&\n"
        "{ ! command -v mountpoint >/dev/null || mountpoint -q \"$1\"; }\n"
        "then exit 0; fi\n"
        "modprobe \"$2\" 2>/dev/null || :\n"
        "[ \"$2\" != 9p ] || modprobe 9pnet_virtio 2>/dev/null || :\n"
        "mount -t \"$2\" -o \"$4\" \"$3\" \"$1\"";

static bool is_mounted_inside(const struct folder_use *f)
{
	return f->type == FOLDER_VIRTIOFS || f->type == FOLDER_9P;
}

bool folders_need_step(const struct machine_spec *spec)
{
	for (size_t i = 0; i < spec->n_folders; i++)
		if (folder_is_copied(&spec->folders[i]) || is_mounted_inside(&spec->folders[i]))
			return true;
	return false;
}

/* proc_mounts(5), fstab(5): blanks and backslashes by their numbers. */
static char *as_in_mounts(const char *path)
{
	AUTO_STR out = {0};

	for (; *path; path++)
		if (strchr(" \t\n\\", *path))
			str_addf(&out, "\\%03o", (unsigned)*path);
		else
			str_addn(&out, path, 1);
	return str_steal(&out);
}

static int mount_inside(struct run *run, struct transport *t, size_t index, struct err *err)
{
	const struct folder_use *f = &run->spec->folders[index];
	bool nine = f->type == FOLDER_9P;
	AUTO_FREE char *tag = folder_tag(index), *listed = as_in_mounts(f->guest);
	AUTO_FREE char *options = xasprintf(
	        "%s,nosuid,nodev%s", f->read_only ? "ro" : "rw", nine ? "," NINE_OPTIONS : "");
	const char *const argv[] = {"/bin/sh", "-c", mount_script, "sh", f->guest,
	        folder_type_name(f->type), tag, options, listed, NULL};
	AUTO_STR said = {0}, shown = {0};
	const struct transport_cmd cmd = {.argv = argv,
	        .cwd = "/",
	        .in_fd = -1,
	        .timeout_ns = MOUNT_NS,
	        .stop = run_stop(run)};

	int status = transport_ask(t, &cmd, &said, &said, err);
	if (status <= 0)
		return status;
	str_add_escaped(&shown, str_text(&said), strcspn(str_text(&said), "\n"));
	if (f->implicit) {
		run_note(run, "the project is not at '%s': %s", f->guest, str_text(&shown));
		return 0;
	}
	err_set(err, ERR_FAILED, "mount '%s' by %s: %s", f->guest, folder_type_name(f->type),
	        str_text(&shown));
	return err_hint(err, "the kernel of %s may have no %s: type: rsync works with every box",
	        run->spec->selector, folder_type_name(f->type));
}

static int copy_there(
        struct run *run, struct transport *t, const struct folder_use *f, struct err *err)
{
	const struct folder_copy copy = {.spec = run->spec,
	        .names = run->names,
	        .folder = f,
	        .transport = t,
	        .stop = run_stop(run),
	        .whole = true};
	struct folder_copied done;

	if (folder_copy(&copy, &done, err) < 0)
		return -1;
	run_note(run,
	        "'%s' is a copy (rsync) of '%s': changes travel from the host to the machine "
	        "alone, with prov sync",
	        f->guest, f->host);
	if (f->read_only)
		run_note(run, "read_only of '%s' has no effect: a copy is the machine's own",
		        f->guest);
	return 0;
}

static int apply(struct run *run, struct err *err)
{
	struct transport *t;

	if (run_transport(run, &t, err) < 0)
		return -1;
	for (size_t i = 0; i < run->spec->n_folders; i++) {
		const struct folder_use *f = &run->spec->folders[i];
		if (is_mounted_inside(f) && mount_inside(run, t, i, err) < 0)
			return -1;
		if (is_mounted_inside(f) && !f->implicit)
			run_note(run, "'%s' is mounted by %s: changes travel %s%s", f->guest,
			        folder_type_name(f->type),
			        f->read_only ? "from the host to the machine alone" : "both ways",
			        f->type == FOLDER_9P && !f->read_only
			                ? "; of the machine's users root alone writes"
			                : "");
		if (folder_is_copied(f) && copy_there(run, t, f, err) < 0)
			return -1;
	}
	return 0;
}

static void inputs(const struct run *run, struct digest *digest)
{
	for (size_t i = 0; i < run->spec->n_folders; i++)
		folder_digest(run->spec, &run->spec->folders[i], digest);
}

static void explain(const struct run *run, struct str *out)
{
	str_add(out, "Folders of the host are mounted in the machine, or copied to it.\n");
	for (size_t i = 0; i < run->spec->n_folders; i++) {
		const struct folder_use *f = &run->spec->folders[i];
		AUTO_FREE char *tag = folder_tag(i);
		str_addf(out, "prov exec %s -- ", run->spec->selector);
		if (is_mounted_inside(f))
			str_addf(out, "mount -t %s %s ", folder_type_name(f->type), tag);
		else
			str_add(out, "tar -xpC ");
		str_add_shell(out, f->guest);
		if (!is_mounted_inside(f)) {
			str_add(out, " <(tar -cC ");
			str_add_shell(out, f->host);
			str_add(out, " .)");
		}
		str_add(out, "\n");
	}
}

/* Mounts are gone when the machine stops; so may be copies, where they lay in its memory. */
struct step folders_step(void)
{
	return (struct step){.name = xstrdup("folders"),
	        .flags = STEP_VOLATILE,
	        .stale = CHANGE_LIVE,
	        .inputs = inputs,
	        .apply = apply,
	        .explain = explain};
}
