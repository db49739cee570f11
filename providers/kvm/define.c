/* kvm.define: the accelerator is chosen, the domain is known to libvirt. */
#include "providers/kvm/kvm.h"

#include "base/proc.h"
#include "base/clock.h"
#include "base/fs.h"
#include "core/folder.h"
#include "engine/cgroup/cgroup.h"
#include "providers/kvm/accel.h"
#include "providers/kvm/cidata.h"
#include "providers/kvm/domain.h"
#include "providers/kvm/nine.h"
#include "providers/kvm/volumes.h"

#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#define USUAL_WEIGHT     100
#define LIBVIRT_LEAST_IO 100 /* libvirt and v1 take 100-1000 */

void define_inputs(const struct run *run, struct digest *digest)
{
	const struct machine_spec *spec = run->spec;

	digest_field(digest, "uri", spec->kvm.uri);
	digest_field(digest, "accelerator", spec->kvm.accelerator);
	digest_field(digest, "box", spec->box.digest);
	digest_number(digest, "memory", spec->memory_bytes);
	digest_number(digest, "milli-cpus", (int64_t)(spec->cpus * 1000 + 0.5));
	/* Only where they are asked for: so that what an older prov defined is not defined again.
	 */
	if (spec->cpu_weight != USUAL_WEIGHT)
		digest_number(digest, "cpu_weight", spec->cpu_weight);
	if (spec->io_weight != USUAL_WEIGHT)
		digest_number(digest, "io_weight", spec->io_weight);
	if (spec->cpuset)
		digest_field(digest, "cpuset", spec->cpuset);
	volumes_digest(spec, digest);
	for (size_t i = 0; i < spec->n_nics; i++) {
		digest_field(digest, "network", spec->nics[i].libvirt);
		digest_field(digest, "mac", spec->nics[i].mac);
	}
	for (size_t i = 0; i < spec->n_folders; i++)
		if (spec->folders[i].type == FOLDER_VIRTIOFS || spec->folders[i].type == FOLDER_9P)
			digest_number(digest, folder_type_name(spec->folders[i].type), (int64_t)i);
}

/* The project's folder where nothing cheap shows it. */
static void say_no_project(struct run *run)
{
	for (size_t i = 0; i < run->spec->n_folders; i++)
		if (run->spec->folders[i].implicit && run->spec->folders[i].type == FOLDER_AUTO)
			run_note(run,
			        "the project is not at '%s': host or box can do neither virtiofs "
			        "nor 9p "
			        "(synced_folders with type: rsync copies it)",
			        run->spec->folders[i].guest);
}

/* Another host's /dev/kvm cannot be measured from here: libvirt's word is what there is. */
static const char *remote_accelerator(struct run *run, virConnectPtr conn)
{
	AUTO_FREE char *found = virConnectGetDomainCapabilities(conn, NULL, NULL, NULL, "kvm", 0);
	const char *type = found ? "kvm" : "tcg";

	run_note(run, "accelerator %s, as libvirt at '%s' says", type, run->spec->kvm.uri);
	return type;
}

/* Measured once a boot: the fact is "kvm BOOT-ID" or "tcg BOOT-ID". */
static int measured_accelerator(struct run *run, const char **out, struct err *err)
{
	const char *fact = run_fact(run, "accelerator");
	char boot_id[BOOT_ID_LEN + 1];
	struct accel_measure m;
	AUTO_STR text = {0};

	if (clock_boot_id(boot_id, err) < 0)
		return -1;
	if (fact && strlen(fact) > 4 && str_eq(fact + 4, boot_id)) {
		*out = str_starts(fact, "kvm") ? "kvm" : "tcg";
		return 0;
	}
	accel_measure("/dev/kvm", &m);
	*out = accel_is_fast(&m) ? "kvm" : "tcg";
	accel_describe(&m, &text);
	run_note(run, "accelerator %s: /dev/kvm measured: %s", *out, str_text(&text));
	AUTO_FREE char *value = xasprintf("%s %s", *out, boot_id);
	return run_record(run, "accelerator", value, err);
}

/* What the user asks for is done, but not without saying what it means. */
static void warn_if_slow(struct run *run)
{
	struct accel_measure m;
	AUTO_STR text = {0};

	accel_measure("/dev/kvm", &m);
	accel_describe(&m, &text);
	if (!accel_is_fast(&m))
		run_warning(run, "accelerator kvm, as asked for, may never boot here: %s",
		        str_text(&text));
}

/* The type of libvirt's domain: "kvm", "qemu" or "test". */
static int domain_type(struct run *run, virConnectPtr conn, const char **out, struct err *err)
{
	const char *wanted = run->spec->kvm.accelerator;

	if (str_starts(run->spec->kvm.uri, "test:")) {
		*out = "test";
		return 0;
	}
	if (str_eq(wanted, "kvm") && libvirt_is_local(run->spec->kvm.uri))
		warn_if_slow(run);
	if (!wanted || str_eq(wanted, "auto")) {
		if (!libvirt_is_local(run->spec->kvm.uri))
			wanted = remote_accelerator(run, conn);
		else if (measured_accelerator(run, &wanted, err) < 0)
			return -1;
	}
	*out = str_eq(wanted, "kvm") ? "kvm" : "qemu";
	return 0;
}

/* The serial console is the one witness of a boot that fails. */
static char *command_line(const struct machine_spec *spec)
{
	AUTO_FREE char *program = module_file(INITRD_INIT);
	const char *console = "console=ttyS0", *init = "rdinit=/" INITRD_INIT;
	const char *box = spec->box.cmdline ? spec->box.cmdline : "";
	struct str line = {0};

	str_add(&line, box);
	if (!strstr(box, console))
		str_addf(&line, "%s%s", line.len ? " " : "", console);
	if (!strstr(box, "rdinit=") && fs_exists(program))
		str_addf(&line, " %s", init);
	return str_steal(&line);
}

/* libvirt writes them into the host's cgroups as they are. What this host's kernel has no use for
 * would keep the domain from starting. */
static void set_weights(struct run *run, struct domain_plan *plan)
{
	const struct machine_spec *spec = run->spec;
	struct cgroup_tree tree = {0};

	if (spec->cpu_weight == USUAL_WEIGHT && spec->io_weight == USUAL_WEIGHT)
		return;
	bool known =
	        libvirt_is_local(spec->kvm.uri) && cgroup_tree_find(CGROUP_ROOT, &tree, NULL) == 0;
	bool v1 = known && !tree.v2;
	if (spec->cpu_weight != USUAL_WEIGHT)
		plan->cpu_shares =
		        v1 ? cgroup_shares_of_weight(spec->cpu_weight) : spec->cpu_weight;
	if (spec->io_weight != USUAL_WEIGHT && known && !cgroup_offers_io_weight(&tree)) {
		run_warning(run,
		        "io_weight has no effect on this host: no disk has the scheduler bfq (see "
		        "prov doctor)");
	} else if (spec->io_weight != USUAL_WEIGHT) {
		int64_t weight = cgroup_bfq_of_io_weight(spec->io_weight);
		plan->io_weight = weight < LIBVIRT_LEAST_IO ? LIBVIRT_LEAST_IO : weight;
	}
	cgroup_tree_clear(&tree);
}

struct parts {
	char *cmdline, *server;
	struct domain_nic *nics;
	struct domain_folder *folders;
	size_t n_folders;
	struct domain_disk *disks;
	size_t n_disks;
};

/* A box of prov's own gets its seed before the initrd, another one as a disk. */
static void add_cidata(const struct run *run, struct parts *p)
{
	struct domain_disk *disk = &p->disks[p->n_disks++];

	*disk = (struct domain_disk){.path = xstrdup(run->names->seed), .read_only = true};
	strcpy(disk->serial, CIDATA_SERIAL);
}

static void parts_init(const struct run *run, struct parts *p)
{
	const struct machine_spec *spec = run->spec;

	*p = (struct parts){.cmdline = command_line(spec),
	        .server = kvm_folder_server(run->names),
	        .nics = xcalloc(spec->n_nics + 1, sizeof(*p->nics)),
	        .folders = xcalloc(spec->n_folders + 1, sizeof(*p->folders)),
	        .disks = volumes_disks(spec, run->names),
	        .n_disks = spec->n_volumes};
	if (spec_is_foreign(spec))
		add_cidata(run, p);
	for (size_t i = 0; i < spec->n_nics; i++)
		p->nics[i] = (struct domain_nic){spec->nics[i].libvirt, spec->nics[i].mac};
	for (size_t i = 0; i < spec->n_folders; i++) {
		enum folder_type type = spec->folders[i].type;
		if (type == FOLDER_VIRTIOFS)
			p->folders[p->n_folders++] = (struct domain_folder){
			        kvm_folder_path(run->names, i), folder_tag(i), p->server, false};
		if (type == FOLDER_9P)
			p->folders[p->n_folders++] = (struct domain_folder){
			        nine_path(run->names, i), folder_tag(i), NULL, true};
	}
}

static void parts_clear(struct parts *p)
{
	for (size_t i = 0; i < p->n_folders; i++) {
		free(p->folders[i].source);
		free(p->folders[i].tag);
	}
	free(p->folders);
	volumes_disks_free(p->disks);
	free(p->nics);
	free(p->server);
	free(p->cmdline);
}

/* What the spec alone says; the parts are the caller's. */
static void fill_plan(const struct run *run, const struct parts *parts, struct domain_plan *plan)
{
	const struct machine_spec *spec = run->spec;
	const struct names *names = run->names;
	bool foreign = spec_is_foreign(spec);

	*plan = (struct domain_plan){.name = names->domain,
	        .uuid = names->uuid,
	        .lab_id = spec->lab_id,
	        .selector = spec->selector,
	        .memory_bytes = spec->memory_bytes,
	        .cpus = spec->cpus,
	        .cpuset = spec->cpuset,
	        .kernel = spec->box.kernel,
	        .initrd = foreign ? NULL : names->seed,
	        .cmdline = foreign ? NULL : parts->cmdline,
	        .disk = names->disk,
	        .disks = parts->disks,
	        .n_disks = parts->n_disks,
	        .console = names->console,
	        .phases = names->phases,
	        .nics = parts->nics,
	        .n_nics = spec->n_nics,
	        .folders = parts->folders,
	        .n_folders = parts->n_folders};
}

static int make_xml(struct run *run, virConnectPtr conn, struct str *out, struct err *err)
{
	const struct kvm_owner *owner;
	const char *type;

	if (kvm_owner(run->session, &owner, err) < 0 || domain_type(run, conn, &type, err) < 0)
		return -1;
	AUTO_FREE char *capabilities = virConnectGetCapabilities(conn);
	if (!capabilities)
		return libvirt_err(err, "ask libvirt for its capabilities");
	AUTO_FREE char *arch = domain_host_arch(capabilities);
	struct domain_plan plan;
	struct parts parts;
	parts_init(run, &parts);
	fill_plan(run, &parts, &plan);
	plan.type = type;
	plan.arch = arch;
	plan.label = owner->label;
	set_weights(run, &plan);
	domain_xml(&plan, out);
	parts_clear(&parts);
	return 0;
}

int define_apply(struct run *run, struct err *err)
{
	AUTO_DOMAIN existing = NULL;
	virConnectPtr conn;
	AUTO_STR xml = {0};

	/* A stranger of that name is refused here, before it would be replaced. */
	if (kvm_conn(run->session, &conn, err) < 0 ||
	        kvm_domain(run->session, &existing, err) < 0 || make_xml(run, conn, &xml, err) < 0)
		return -1;
	pid_t parent = proc_outlive_begin();
	AUTO_DOMAIN domain = virDomainDefineXML(conn, str_text(&xml));
	proc_outlive_end(parent);
	if (domain) {
		say_no_project(run);
		return 0;
	}
	libvirt_err(err, "define the domain '%s'", run->names->domain);
	return err_hint(err,
	        "prov doctor says what libvirt and QEMU lack; 'kvm: { accelerator: tcg }' does "
	        "without /dev/kvm");
}

void define_explain(const struct run *run, struct str *out)
{
	const struct machine_spec *spec = run->spec;
	bool kvm = str_eq(spec->kvm.accelerator, "kvm");
	struct domain_plan plan;
	struct parts parts;
	struct utsname host;
	AUTO_STR xml = {0};

	parts_init(run, &parts);
	fill_plan(run, &parts, &plan);
	plan.type = kvm ? "kvm" : "qemu";
	plan.arch = uname(&host) == 0 ? host.machine : NULL;
	domain_xml(&plan, &xml);
	parts_clear(&parts);
	str_addf(out,
	        "libvirt knows the machine as a domain with %d vCPU, %lld MiB and its %sdisk "
	        "and networks%s\nprintf %%s ",
	        domain_vcpus(spec->cpus), (long long)(spec->memory_bytes >> 20),
	        spec_is_foreign(spec) ? "" : "kernel, ",
	        kvm ? ""
	            : "; whether /dev/kvm is of use is measured by up, and type is 'kvm' where it "
	              "is");
	str_add_shell(out, str_text(&xml));
	str_add(out, " | virsh -c ");
	str_add_shell(out, spec->kvm.uri);
	str_add(out, " define /dev/stdin\n");
}
