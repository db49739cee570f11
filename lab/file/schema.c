#include "lab/file/schema.h"

#include "core/spec.h"

static const char *const accelerators[] = {"auto", "kvm", "tcg", NULL};
static const char *const run_choices[] = {"once", "always", "never", NULL};
static const char *const network_modes[] = {"nat", "isolated", "routed", "bridge", NULL};
static const char *const folder_types[] = {"auto", "bind", "virtiofs", "9p", "rsync", NULL};
const char *const schema_kinds[] = {"container", "kvm", NULL};

#define FIELD(member) .field = offsetof(struct machine_spec, member)

/* clang-format off: a row is a key, its type and flags on one line, its sentence on the next */
const struct key schema[] = {
        {IN_TOP, "prov", TYPE_INT, 0, .min = 1, .max = 1, .initial = "1",
                .doc = "The format of this file. There is one so far; a higher number is refused."},
        {IN_TOP, "lab", TYPE_LABEL, 0, .initial = "the folder's name",
                .doc = "The name of the lab, a DNS label."},
        {IN_TOP, "domain", TYPE_DOMAIN, 0, .initial = "the lab's name",
                .doc = "The DNS domain of the lab: every machine answers to NAME and to "
                       "NAME.DOMAIN, and each of its kinds to NAME-KIND and NAME-KIND.DOMAIN."},
        {IN_TOP, "defaults", TYPE_MAP, 0, .sub = IN_MACHINE,
                .doc = "Keys of a machine that hold for all machines. Maps are merged with the "
                       "machine's own, anything else is "
                       "replaced by it; the provision items of the defaults run first."},
        {IN_TOP, "machines", TYPE_NAMED, KEY_REQUIRED, .sub = IN_MACHINE,
                .doc = "The machines, by name. Names are DNS labels: a-z, 0-9 and '-'."},
        {IN_TOP, "networks", TYPE_NAMED, 0, .sub = IN_NETWORK,
                .doc = "Networks by name, beside the one called default, which always exists. The "
                       "names default, none and host "
                       "are reserved."},
        {IN_TOP, "volumes", TYPE_NAMED, 0, .sub = IN_VOLUME,
                .doc = "Storage by name that outlives its machines: destroy keeps it, destroy "
                       "--volumes does not. A volume is a file system of its own in a file of "
                       "the host, which takes up what is written to it; containers mount it, "
                       "virtual machines have it as a disk, and each finds what the other has "
                       "left. Containers may have one at the same time; a virtual machine has "
                       "it alone, or with others that only read it."},
        {IN_TOP, "ssh_mesh", TYPE_BOOL, 0, .initial = "false",
                .doc = "Whether the machines can reach each other by SSH. The lab's private key is "
                       "put into the ~/.ssh of root and of the login user, so that who has one "
                       "machine has them all; the host keys and the login users of all are put "
                       "into /etc/ssh. A container whose init is not systemd gets its box's sshd "
                       "started. Not for machines without a network, nor with a read_only root."},
        {IN_TOP, "vars", TYPE_ANY, KEY_LATER, .doc = "Reserved. A '$' in this file is a '$'."},

        {IN_NETWORK, "mode", TYPE_CHOICE, 0, .choices = network_modes, .initial = "nat",
                .doc = "How far it reaches: nat and routed lead out by the host, the one with the "
                       "host's address, the other with the machine's own, which then others must "
                       "have a route to; isolated does not lead out; bridge joins a bridge of the "
                       "host. There prov has no name server: the machines find each other by "
                       "their /etc/hosts, a new one is known to containers with the up that makes "
                       "it, to virtual machines with their next start by prov, and other hosts of "
                       "that network know them by address only."},
        {IN_NETWORK, "subnet", TYPE_SUBNET, 0, .initial = "a free one",
                .doc = "Its addresses, for example 10.77.0.0/24. The first one is the host's, but "
                       "with mode: bridge, where it must be written and is the subnet of the "
                       "bridge. One that the host or another lab uses is refused."},
        {IN_NETWORK, "bridge", TYPE_TEXT, 0, .doc = "With mode: bridge, the bridge of the host."},
        {IN_NETWORK, "ipv6", TYPE_BOOL, 0, .initial = "false",
                .doc = "Whether machines get IPv6 addresses too: of a subnet fd.../64 that follows "
                       "from the lab and the network, with the same last number. Not with mode: "
                       "bridge."},
        {IN_NETWORK, "mtu", TYPE_INT, 0, .min = 576, .max = 65535,
                .doc = "The largest packet in bytes."},

        {IN_VOLUME, "size", TYPE_SIZE, 0, .initial = "1GiB",
                .doc = "How much it holds, 16MiB at least. It grows while no machine that has it "
                       "runs, and never becomes smaller."},

        {IN_MACHINE, "box", TYPE_BOX, KEY_COMMON | KEY_REQUIRED,
                .doc = "What the machine is made from: the name of a box such as debian/12 (see "
                       "prov box list). What begins with "
                       "/, ./, ../ or ~/ is a path."},
        {IN_MACHINE, "provider", TYPE_PROVIDERS, KEY_DEFAULTS, .initial = "container",
                .doc = "The kind of machine: container, kvm, or a list of kinds; both is short for "
                       "[container, kvm]. Each kind is "
                       "a machine of its own: web@container and web@kvm. The option --provider and "
                       "the variable PROV_PROVIDER "
                       "win over the file."},
        {IN_MACHINE, "count", TYPE_INT, 0, .min = 1, .max = 10000,
                .doc = "How many instances there are: node-1, node-2 and so on. With count: 1 "
                       "there is node-1; without count, "
                       "node."},
        {IN_MACHINE, "cpus", TYPE_CPUS, KEY_COMMON, FIELD(cpus), .initial = "1",
                .doc = "CPU time, in CPUs. 1.5 is a quota for a container, and two virtual CPUs "
                       "under that quota for a virtual "
                       "machine."},
        {IN_MACHINE, "cpu_weight", TYPE_INT, KEY_COMMON, FIELD(cpu_weight), .min = 1, .max = 10000,
                .initial = "100", .doc = "The share of CPU time where machines compete."},
        {IN_MACHINE, "io_weight", TYPE_INT, KEY_COMMON, FIELD(io_weight), .min = 1, .max = 10000,
                .initial = "100",
                .doc = "The share of disk time where machines compete. It needs a disk with the "
                       "scheduler bfq; prov doctor tells."},
        {IN_MACHINE, "cpuset", TYPE_CPUSET, KEY_COMMON, FIELD(cpuset),
                .doc = "The CPUs of the host to run on, for example 0-1."},
        {IN_MACHINE, "memory", TYPE_SIZE, KEY_COMMON, FIELD(memory_bytes), .initial = "512MiB",
                .doc = "RAM, with no swap beyond it (see container: swap). A container that needs "
                       "more is "
                       "ended by the kernel, alone."},
        {IN_MACHINE, "disk", TYPE_SIZE, KEY_COMMON, FIELD(disk_bytes), .initial = "as the box",
                .doc = "All that the machine may write. For containers not supported yet: write it "
                       "under kvm:."},
        {IN_MACHINE, "user", TYPE_USER, KEY_COMMON, FIELD(user), .initial = "as the box",
                .doc = "The login user of prov ssh. prov exec is root."},
        {IN_MACHINE, "env", TYPE_ENV, KEY_COMMON,
                .doc = "Variables of provision scripts, exec, ssh and the ready probe, and of the "
                       "first process where that is a "
                       "command. Values are text, as written; '$' has no meaning."},
        {IN_MACHINE, "networks", TYPE_NETWORKS, KEY_COMMON, .sub = IN_NIC, .initial = "default",
                .doc = "What the machine is joined to: a name, a map, a list of both, none, or "
                       "host "
                       "(containers only). The first one that is not isolated has the default "
                       "route."},
        {IN_MACHINE, "ports", TYPE_PORTS, KEY_COMMON,
                .doc = "Published ports, each \"[ADDRESS:]HOST:GUEST[/udp]\"; \"80\" takes any "
                       "free port of the host, "
                       "\"8080-8089:80\" one each for the instances. 0.0.0.0 is every address of "
                       "the host, [::] every one of IPv6, which the machine's network must have "
                       "(ipv6: true). Without an address it is 127.0.0.1, and ::1 as well where "
                       "the network has IPv6 and the host can do it: not with the sysctl "
                       "net.bridge.bridge-nf-call-ip6tables, under which [::1] is refused."},
        {IN_MACHINE, "volumes", TYPE_MOUNTS, KEY_COMMON,
                .doc = "Volumes, each \"NAME:PATH[:ro]\". A new one begins with what the box of "
                       "the first machine that has it keeps at PATH. PATH is no mounted "
                       "synced folder, and none lies in the other."},
        {IN_MACHINE, "synced_folders", TYPE_FOLDERS, KEY_COMMON, .sub = IN_FOLDER,
                .initial = "the project at /vagrant",
                .doc = "Folders of the host inside the machine: a list, each \"HOST:GUEST[:ro]\" "
                       "or "
                       "a map; or none. The project's folder is at /vagrant too, where that costs "
                       "nothing (containers, and virtual machines with virtiofs), unless an item "
                       "with guest: /vagrant says otherwise; .prov in it is hidden. Programs of "
                       "the machine can leave programs in a folder that it may write: share with "
                       "what you do not trust read_only, or none."},
        {IN_MACHINE, "depends_on", TYPE_TEXTS, KEY_KIND,
                .doc = "Machines that must be ready before this one is made: names, or "
                       "NAME@PROVIDER. A name means all its "
                       "instances of all kinds; for a machine that has several kinds itself, each "
                       "kind waits for its own kind where there is one."},
        {IN_MACHINE, "autostart", TYPE_BOOL, KEY_COMMON, FIELD(autostart), .initial = "true",
                .doc = "Whether prov up without names brings it up."},
        {IN_MACHINE, "on_boot", TYPE_BOOL, KEY_COMMON | KEY_LATER, .initial = "false",
                .doc = "Whether it starts when the host boots."},
        {IN_MACHINE, "provision", TYPE_ITEMS, KEY_COMMON, .sub = IN_ITEM,
                .doc = "What is done inside after the first start, in order. Each item has exactly "
                       "one of shell, file and "
                       "ansible."},
        {IN_MACHINE, "ready", TYPE_MAP, KEY_COMMON, .sub = IN_READY,
                .doc = "The probe, exactly one of tcp, exec and log, that tells when the machine "
                       "serves. It runs after "
                       "provisioning; if it fails, so does up."},
        {IN_MACHINE, "container", TYPE_MAP, KEY_DEFAULTS, .sub = IN_CONTAINER,
                .doc = "What only containers can do. Most keys of a machine may stand here too and "
                       "then replace the machine's for "
                       "this kind."},
        {IN_MACHINE, "kvm", TYPE_MAP, KEY_DEFAULTS, .sub = IN_KVM,
                .doc = "The same for virtual machines."},

        {IN_CONTAINER, "command", TYPE_TEXTS, 0, FIELD(container.command), .initial = "prov-init",
                .doc = "The command to run as the container's own, a list of words; no shell reads "
                       "it. Its end halts the machine."},
        {IN_CONTAINER, "init", TYPE_INIT, 0, FIELD(container.init), .initial = "auto",
                .doc = "The first process: auto (prov-init, which runs the command if there is "
                       "one), none (the command itself), "
                       "systemd (of the box, as on a machine of its own), /path (a program of the "
                       "box)."},
        {IN_CONTAINER, "pids", TYPE_INT, 0, FIELD(container.pids), .min = 1, .max = 4194304,
                .initial = "1024", .doc = "The largest number of processes and threads."},
        {IN_CONTAINER, "swap", TYPE_SIZE, 0, FIELD(container.swap_bytes), .initial = "no swap",
                .doc = "How much it may swap out beyond its memory."},
        {IN_CONTAINER, "memory_reservation", TYPE_SIZE, 0,
                FIELD(container.memory_reservation_bytes), .initial = "nothing kept",
                .doc = "Memory that it keeps as long as others can give way."},
        {IN_CONTAINER, "stop_signal", TYPE_SIGNAL, 0, FIELD(container.stop_signal),
                .initial = "that of its init",
                .doc = "The signal that asks the first process to end: SIGTERM, for systemd "
                       "SIGRTMIN+3."},
        {IN_CONTAINER, "stop_timeout", TYPE_DURATION, 0, FIELD(container.stop_timeout_ns),
                .initial = "10s", .doc = "How long it may take before everything is killed."},
        {IN_CONTAINER, "read_only", TYPE_BOOL, 0, FIELD(container.read_only), .initial = "false",
                .doc = "A root that cannot be written, but for tmpfs on /run, /tmp and /var/tmp, "
                       "which begin with what the box has there."},
        {IN_CONTAINER, "privileged", TYPE_BOOL, 0, FIELD(container.privileged), .initial = "false",
                .doc = "Root inside is then root of the host: no user namespace, all "
                       "capabilities, no filter of system calls, all devices may be used, and "
                       "/proc and /sys are open. Nothing is left that a program could not "
                       "break out of."},
        {IN_CONTAINER, "no_new_privileges", TYPE_BOOL, 0, FIELD(container.no_new_privileges),
                .initial = "false",
                .doc = "Programs cannot gain privileges; sudo does not work then."},
        {IN_CONTAINER, "capabilities", TYPE_MAP, 0, .sub = IN_CAPABILITIES,
                .doc = "Capabilities of root inside, beyond the default ones or less of them. "
                       "ALL counts first, so that single names make exceptions. The filter of "
                       "system calls follows: SYS_ADMIN allows new namespaces (systemd's "
                       "PrivateUsers=) and mounts inside, SYS_PTRACE tracing other processes."},
        {IN_CONTAINER, "devices", TYPE_TEXTS, 0, FIELD(container.devices),
                .doc = "Devices of the host, each \"HOST[:INSIDE][:rwm]\", for example /dev/fuse. "
                       "One that the host lacks is refused before anything is made. "
                       "They keep owner and mode: what only root of the host may open, root "
                       "inside may not."},
        {IN_CONTAINER, "time_offset", TYPE_DURATION, 0, FIELD(container.time_offset_ns),
                .doc = "How far its monotonic and boot-time clocks, and so its uptime, are ahead "
                       "of the host's, for example 240h."},

        {IN_CAPABILITIES, "add", TYPE_TEXTS, 0, FIELD(container.caps_add),
                .doc = "Names such as NET_ADMIN."},
        {IN_CAPABILITIES, "drop", TYPE_TEXTS, 0, FIELD(container.caps_drop),
                .doc = "Names such as NET_RAW, or ALL. A name in both lists is refused."},

        {IN_KVM, "accelerator", TYPE_CHOICE, 0, FIELD(kvm.accelerator), .choices = accelerators,
                .initial = "auto",
                .doc = "auto measures whether KVM is of use here and takes TCG, QEMU's own "
                       "emulation, where it is not."},
        {IN_KVM, "uri", TYPE_TEXT, 0, FIELD(kvm.uri), .initial = "qemu:///system",
                .doc = "The libvirt to use."},
        {IN_KVM, "boot_timeout", TYPE_DURATION, 0, FIELD(kvm.boot_timeout_ns), .initial = "5m",
                .doc = "How long a start may take until the machine answers."},
        {IN_KVM, "stop_timeout", TYPE_DURATION, 0, FIELD(kvm.stop_timeout_ns), .initial = "60s",
                .doc = "How long a shutdown may take before the power is cut."},

        {IN_NIC, "name", TYPE_TEXT, KEY_REQUIRED, .doc = "The network."},
        {IN_NIC, "ip", TYPE_IP, 0, .initial = "a free one",
                .doc = "A fixed address; with count the address of the first instance, the next "
                       "ones follow."},
        {IN_NIC, "aliases", TYPE_TEXTS, 0,
                .doc = "Further names in this network. With several kinds the first one has them."},

        {IN_FOLDER, "host", TYPE_TEXT, KEY_REQUIRED,
                .doc = "The folder on the host; ./ is the folder of prov.yaml. Below a folder that "
                       "machines share no symbolic link is followed."},
        {IN_FOLDER, "guest", TYPE_GUEST_PATH, KEY_REQUIRED,
                .doc = "Where it is inside, an absolute path; not in /dev, /proc or /sys."},
        {IN_FOLDER, "type", TYPE_CHOICE, 0, .choices = folder_types, .initial = "auto",
                .doc = "The mechanism: bind (containers), virtiofs and 9p (virtual machines) show "
                       "the host's own files, so that changes travel both ways, at once or within "
                       "a "
                       "second (inside, inotify does not tell of the host's). rsync "
                       "copies from the host to the machine (prov itself, over its own connection: "
                       "it needs no rsync), with up and prov sync; what was "
                       "deleted on the host is deleted inside. auto takes bind for containers, "
                       "else virtiofs where host and box have it, else 9p, else rsync, and says "
                       "so. By 9p all belongs to QEMU's user inside, so that root alone writes; on "
                       "the host what is made belongs to the folder's owner."},
        {IN_FOLDER, "read_only", TYPE_BOOL, 0, .initial = "false",
                .doc = "The machine cannot write to it; not for type: rsync."},
        {IN_FOLDER, "exclude", TYPE_TEXTS, 0,
                .doc = "What is not copied (type: rsync): patterns as .git, *.o (anywhere) or "
                       "/build (at the top). What is not copied is not deleted inside either."},
        {IN_FOLDER, "owner", TYPE_USER, 0, .initial = "the login user",
                .doc = "Who has inside what the folder's owner has on the host, and the other way "
                       "round: what this user makes in a mounted folder belongs to the folder's "
                       "owner on the host. A folder of root's is root's inside. What others make "
                       "in it belongs to nobody on the host. Of copies: the owner of all of "
                       "them."},
        {IN_FOLDER, "group", TYPE_USER, 0, .initial = "the owner's",
                .doc = "The same for the group. Neither is for type: 9p."},
        {IN_FOLDER, "mode", TYPE_MODE, 0, .initial = "as on the host",
                .doc = "The mode of the folder itself: of one that create makes, and of a copy. "
                       "A mounted folder that exists has the host's."},
        {IN_FOLDER, "create", TYPE_BOOL, 0, .initial = "false",
                .doc = "Make the host's folder where it is absent."},
        {IN_FOLDER, "disabled", TYPE_BOOL, 0, .initial = "false",
                .doc = "Leave this item out; with guest: /vagrant, the project's folder too."},

        {IN_ITEM, "name", TYPE_MARK, 0, .initial = "a digest of its content",
                .doc = "The mark that it has run, and its name for --provision-with. Once in a "
                       "machine."},
        {IN_ITEM, "shell", TYPE_SHELL, 0, .sub = IN_SHELL,
                .doc = "The text of a script, or a map with its path. Text without #! is for "
                       "/bin/sh -e. Its standard input is "
                       "empty. It sees PROV_LAB, PROV_MACHINE, PROV_PROVIDER, PROV_INDEX and "
                       "PROV_COUNT."},
        {IN_ITEM, "file", TYPE_MAP, 0, .sub = IN_FILE,
                .doc = "A file or folder to copy into the machine."},
        {IN_ITEM, "ansible", TYPE_ANSIBLE, 0, .sub = IN_ANSIBLE,
                .doc = "The path of a playbook, or a map with it. ansible-playbook runs it on "
                       "the host, limited to this machine, with the inventory of prov(1); user is "
                       "whom it logs in as, env is of ansible-playbook itself. Of edits, those of "
                       "the playbook's own file are noticed."},
        {IN_ITEM, "run", TYPE_CHOICE, 0, .choices = run_choices, .initial = "once",
                .doc = "once: at the first up, and by prov provision. always: at every up and "
                       "reload too. never: only by "
                       "--provision-with NAME."},
        {IN_ITEM, "user", TYPE_USER, 0, .initial = "root", .doc = "Who runs it."},
        {IN_ITEM, "privileged", TYPE_BOOL, 0, .initial = "true",
                .doc = "false: the login user runs it. Not beside user."},
        {IN_ITEM, "env", TYPE_ENV, 0, .doc = "Further variables."},
        {IN_ITEM, "timeout", TYPE_DURATION, 0, .initial = "none",
                .doc = "How long it may take. Then all that it started is killed, also what has "
                       "left its session; what it had another service start (systemd-run, at) is "
                       "not."},

        {IN_SHELL, "path", TYPE_SCRIPT, KEY_REQUIRED,
                .doc = "A script on the host, relative to this file's folder."},
        {IN_SHELL, "args", TYPE_TEXTS, 0, .doc = "Its arguments."},

        {IN_FILE, "source", TYPE_SOURCE, KEY_REQUIRED,
                .doc = "A file or folder on the host, relative to this file's folder."},
        {IN_FILE, "destination", TYPE_GUEST_PATH, KEY_REQUIRED,
                .doc = "Where it goes, an absolute path."},
        {IN_FILE, "mode", TYPE_MODE, 0, .initial = "as at the source",
                .doc = "The mode of a file, octal, for example 0644."},
        {IN_FILE, "owner", TYPE_OWNER, 0, .initial = "root", .doc = "user or user:group."},

        {IN_ANSIBLE, "playbook", TYPE_SCRIPT, KEY_REQUIRED,
                .doc = "A playbook on the host, relative to this file's folder."},
        {IN_ANSIBLE, "args", TYPE_TEXTS, 0, .doc = "Further arguments of ansible-playbook."},
        {IN_ANSIBLE, "extra_vars", TYPE_ENV, 0,
                .doc = "Variables for the playbook. Values are text."},

        {IN_READY, "tcp", TYPE_INT, 0, .min = 1, .max = 65535,
                .doc = "A port of the machine that accepts connections."},
        {IN_READY, "exec", TYPE_TEXT, 0,
                .doc = "A command line for /bin/sh inside the machine that exits with 0."},
        {IN_READY, "log", TYPE_REGEX, 0,
                .doc = "An extended regular expression found in the machine's console or output."},
        {IN_READY, "timeout", TYPE_DURATION, 0, FIELD(ready.timeout_ns), .initial = "60s",
                .doc = "How long it may take until the probe passes."},
        {IN_READY, "interval", TYPE_DURATION, 0, FIELD(ready.interval_ns), .initial = "1s",
                .doc = "The time between two tries."},
        {IN_READY, "successes", TYPE_INT, 0, .min = 1, .max = 1000, .initial = "1",
                .doc = "How many tries in a row must pass."},
};
/* clang-format on */
const size_t schema_n = ARRAY_SIZE(schema);
_Static_assert(ARRAY_SIZE(schema) <= MAX_KEYS, "arrays by key are too small");

const struct key *schema_find(enum section section, const char *name)
{
	for (size_t i = 0; i < schema_n; i++)
		if (schema[i].section == section && str_eq(schema[i].name, name))
			return &schema[i];
	return NULL;
}

size_t schema_index(const struct key *key)
{
	return (size_t)(key - schema);
}
