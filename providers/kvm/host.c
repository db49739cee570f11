/* Rows for doctor: each with what to do about it. */
#include "providers/kvm/kvm.h"

#include "providers/kvm/accel.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define NODE        "/dev/kvm"
#define DEFAULT_URI "qemu:///system"

/* A user who may not open the node learns nothing of the processor. */
static const char *kvm_hint(void)
{
	if (faccessat(AT_FDCWD, NODE, R_OK | W_OK, AT_EACCESS) < 0 && errno == EACCES)
		return "join the group kvm (sudo adduser USER kvm, then log in again), or run prov "
		       "with sudo";
	return "virtual machines run under TCG, about ten times slower: enable virtualisation in "
	       "the firmware, or nested virtualisation in the hypervisor of this machine";
}

static void check_kvm(struct checklist *list)
{
	struct accel_measure m;
	AUTO_STR found = {0};

	accel_measure(NODE, &m);
	accel_describe(&m, &found);
	if (accel_is_fast(&m))
		checklist_add(list, CHECK_OK, "kvm", NULL, "%s", str_text(&found));
	else
		checklist_add(list, CHECK_WARN, "kvm", kvm_hint(), "%s", str_text(&found));
}

/* libvirt looks at the node as QEMU's user; where that one may not open it, each look-up probes
 * QEMU again and starting a domain takes more than a minute. */
static void check_node(struct checklist *list)
{
	const struct group *group = getgrnam("kvm");
	const char *hint = "chgrp kvm /dev/kvm && chmod 660 /dev/kvm (tools/setup does it; udev "
	                   "does after a boot)";
	struct stat st;

	if (stat(NODE, &st) < 0) {
		checklist_add(list, CHECK_WARN, "/dev/kvm",
		        "modprobe kvm_intel or kvm_amd; without it machines run under TCG",
		        "absent");
		return;
	}
	bool open_to_all = (st.st_mode & 06) == 06;
	bool open_to_kvm = group && st.st_gid == group->gr_gid && (st.st_mode & 060) == 060;
	const struct group *owner = getgrgid(st.st_gid);
	AUTO_FREE char *number = xasprintf("%u", (unsigned)st.st_gid);
	bool good = open_to_all || open_to_kvm;
	checklist_add(list, good ? CHECK_OK : CHECK_FAIL, "/dev/kvm", good ? NULL : hint,
	        "group %s, mode %04o%s", owner ? owner->gr_name : number,
	        (unsigned)(st.st_mode & 07777),
	        good ? ""
	             : ": QEMU's user cannot open it, and libvirt probes QEMU again for every "
	               "start");
}

static void check_qemu_version(struct checklist *list, virConnectPtr conn)
{
	unsigned long v = 0;

	if (virConnectGetVersion(conn, &v) < 0 || v == 0)
		checklist_add(list, CHECK_FAIL, "qemu", "tools/setup installs qemu-system-x86",
		        "libvirt finds no QEMU: %s", virGetLastErrorMessage());
	else
		checklist_add(list, CHECK_OK, "qemu", NULL, "%lu.%lu.%lu", v / 1000000,
		        v / 1000 % 1000, v % 1000);
}

static void check_libvirt(struct checklist *list)
{
	struct err err = {0};
	AUTO_CONN conn = NULL;
	unsigned long v = 0;

	if (libvirt_open(DEFAULT_URI, &conn, &err) < 0) {
		checklist_add(list, CHECK_FAIL, "libvirt", err.hint, "%s", err.message);
		return;
	}
	virConnectGetLibVersion(conn, &v);
	checklist_add(list, CHECK_OK, "libvirt", NULL, "%lu.%lu.%lu at '%s'", v / 1000000,
	        v / 1000 % 1000, v % 1000, DEFAULT_URI);
	check_qemu_version(list, conn);
}

static void check_tool(struct checklist *list)
{
	static const char *const places[] = {
	        "/usr/bin/qemu-img", "/usr/local/bin/qemu-img", "/bin/qemu-img"};

	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		if (access(places[i], X_OK) == 0) {
			checklist_add(list, CHECK_OK, "qemu-img", NULL, "%s", places[i]);
			return;
		}
	}
	checklist_add(
	        list, CHECK_FAIL, "qemu-img", "tools/setup installs qemu-utils", "not installed");
}

void kvm_check_host(struct checklist *list)
{
	check_kvm(list);
	check_node(list);
	check_libvirt(list);
	check_tool(list);
}
