#include "tests/unit/compare/sample_fixture.h"

#include <math.h>

/* median < 0: this kind has none. */
struct row {
	const char *id, *title, *group, *unit, *method;
	double process, container, init, kvm, warm;
	bool higher;
};

static const struct row rows[] = {
        {"start.t1", "created", "start", "s",
                "monotonic clock of the host, from the start of the command to the provider's "
                "answer",
                -1, 0.0018, 0.0021, 0.55, 0.31, false},
        {"start.t2", "kernel running", "start", "s",
                "first line of the guest's kernel on the serial console, stamped on arrival", -1,
                -1, -1, 1.42, -1, false},
        {"start.t3", "init executed", "start", "s",
                "VM: message over virtio-serial; container: exec of PID 1, both stamped at the "
                "host",
                -1, 0.0031, 0.0052, 3.4, -1, false},
        {"start.t4", "network up", "start", "s",
                "the machine's address answers to ARP on the lab's bridge", -1, 0.0092, 0.21, 6.1,
                0.9, false},
        {"start.t5", "until a command runs", "start", "s",
                "from the start of the command until the transport has run true", 0.0011, 0.0118,
                0.46, 11.4, 1.9, false},
        {"start.t6", "provisioned", "start", "s", "until the last provisioner has ended", -1, 1.9,
                2.4, 29.5, 20.1, false},
        {"start.cpu", "CPU time of the host", "start", "s",
                "user + system of all processes of the machine, from /proc/stat of its cgroup",
                0.0009, 0.0096, 0.38, 12.9, 1.6, false},
        {"start.t5ssh", "until a command runs, over SSH", "start", "s",
                "the same, over SSH in every kind", -1, 0.28, 0.74, 11.9, 2.3, false},
        {"start.t5direct", "until a command runs, without SSH", "start", "s",
                "the same, by setns or by virtio-serial", -1, 0.0118, 0.46, 9.8, 1.4, false},
        {"down", "stopped and removed", "start", "s", "prov destroy", -1, 0.006, 0.21, 0.62, 0.6,
                false},
        {"storm.t5", "8 at once: until a command runs", "storm", "s",
                "8 started by one command, every instance is a value", -1, 0.041, 1.4, 61, 9.5,
                false},
        {"memory.each", "paid for each instance", "memory", "MiB",
                "slope of the fall of MemAvailable over 1, 2, 4 and 8 instances", -1, 0.9, 9.1, 291,
                205, false},
        {"memory.pss.guest", "guest RAM touched", "memory", "MiB",
                "PSS of the memory backend's mapping in QEMU's smaps", -1, -1, -1, 148, 121, false},
        {"memory.pss.tcg", "TCG's translation cache", "memory", "MiB",
                "PSS of the executable anonymous mapping in QEMU's smaps", -1, -1, -1, 96, 52,
                false},
        {"memory.pss.vmm", "the rest of QEMU", "memory", "MiB", "PSS of QEMU less the two above",
                -1, -1, -1, 41, 31, false},
        {"memory.pss.init", "PID 1 and its services", "memory", "MiB", "PSS from smaps_rollup", -1,
                0.012, 7.4, -1, -1, false},
        {"memory.pss.mon", "supervisor", "memory", "MiB", "PSS from smaps_rollup", -1, 0.038, 0.038,
                -1, -1, false},
        {"memory.pss.virtiofsd", "virtiofsd", "memory", "MiB", "PSS from smaps_rollup", -1, -1, -1,
                3.1, 3.1, false},
        {"memory.cgroup", "cgroup's use", "memory", "MiB", "usage less inactive file pages", -1,
                0.7, 8.2, -1, -1, false},
        {"memory.kernel", "kernel memory", "memory", "MiB", "kmem of the cgroup", -1, 0.45, 1.1,
                0.8, 0.8, false},
        {"memory.guest", "what the guest believes it uses", "memory", "MiB",
                "MemTotal - MemAvailable inside", -1, -1, -1, 62, 60, false},
        {"density.started", "really started", "density", "count", "instances that ran a command",
                -1, 64, 16, 8, -1, true},
        {"density.extrapolated", "until 10 % of memory is left", "density", "count",
                "(MemAvailable - 10 %) / slope: calculated, not started", -1, 22000, 2170, 68, 96,
                true},
        {"start.provision", "the same script", "provision", "s",
                "t5 to t6: the script alone, one session kept open", -1, 1.88, 1.95, 18.1, 18.2,
                false},
        {"disk.box", "box, shared by all", "disk", "MiB", "allocated blocks of the artefacts", -1,
                248, 248, 291, 291, false},
        {"disk.delta", "own, after the start", "disk", "MiB",
                "allocated blocks of the upper layer or overlay", -1, 0.05, 0.4, 9.8, 150, false},
        {"disk.provisioned", "own, after provisioning", "disk", "MiB", "the same after t6", -1, 41,
                42, 63, 204, false},
};

/* process: the host itself. */
static const struct row probes[] = {
        {"probe.syscall", "system call", "probe", "ns", "getppid, 1,000,000 times", 61, 74, -1, 890,
                -1, false},
        {"probe.switch", "context switch", "probe", "ns",
                "a byte through two pipes and back, halved", 1450, 1490, -1, 31000, -1, false},
        {"probe.fork", "fork + exec", "probe", "us",
                "vfork and exec of a static program, waited for", 310, 335, -1, 6100, -1, false},
        {"probe.fault", "page fault", "probe", "ns",
                "first write to 64 MiB of anonymous memory, per page", 520, 525, -1, 7800, -1,
                false},
        {"probe.memory", "memory bandwidth", "probe", "MiB/s", "memcpy of 64 MiB", 9100, 9080, -1,
                2100, -1, true},
        {"probe.integer", "integer arithmetic", "probe", "ns",
                "one round of xorshift, 100 million times", 0.9, 0.9, -1, 7.9, -1, false},
        {"probe.fsync", "create a file + fsync", "probe", "us", "on the machine's own disk", 410,
                640, -1, 9200, -1, false},
        {"probe.seqread", "sequential read, direct", "probe", "MiB/s",
                "O_DIRECT, 1 MiB blocks, 256 MiB", 1450, 1390, -1, 210, -1, true},
        {"probe.tcplat", "TCP round trip to the host", "probe", "us",
                "1 byte to and fro, TCP_NODELAY", 18, 26, -1, 410, -1, false},
        {"probe.tcprate", "TCP throughput to the host", "probe", "MiB/s", "one stream, 10 s", 3900,
                3300, -1, 96, -1, true},
};

static const struct fact facts[] = {
        {"identity.kernel", "host", "kernel release", "identity", "6.18.5", "uname -r"},
        {"identity.kernel", "container", "kernel release", "identity", "6.18.5", "uname -r"},
        {"identity.kernel", "kvm", "kernel release", "identity", "6.1.0-41-cloud-amd64",
                "uname -r"},
        {"identity.pid1", "host", "PID 1", "identity", "systemd", "/proc/1/comm"},
        {"identity.pid1", "container", "PID 1", "identity", "prov-init", "/proc/1/comm"},
        {"identity.pid1", "kvm", "PID 1", "identity", "systemd", "/proc/1/comm"},
        {"pid.inside", "container", "PID seen inside", "identity", "7", "sh -c 'echo $$'"},
        {"pid.outside", "container", "PID seen on the host", "identity", "41973",
                "NSpid in /proc/PID/status"},
        {"pid.inside", "kvm", "PID seen inside", "identity", "312", "sh -c 'echo $$'"},
        {"pid.outside", "kvm", "PID seen on the host", "identity", "none: only QEMU, 41020",
                "/proc"},
        {"isolation.kernel", "container", "kernel", "isolation", "shared with the host",
                "uname, boot id"},
        {"isolation.kernel", "kvm", "kernel", "isolation", "its own", "uname, boot id"},
        {"isolation.namespaces", "container", "namespaces", "isolation",
                "pid mnt uts ipc net cgroup user", "/proc/PID/ns"},
        {"isolation.namespaces", "kvm", "namespaces", "isolation", "not needed", "/proc/PID/ns"},
        {"isolation.userns", "container", "root inside is, on the host", "isolation", "uid 1000000",
                "/proc/PID/uid_map"},
        {"isolation.userns", "kvm", "root inside is, on the host", "isolation",
                "uid 64055 (QEMU's user)", "/proc/PID/status"},
        {"isolation.seccomp", "container", "system calls reachable", "isolation", "312 of 456",
                "probed one by one"},
        {"isolation.seccomp", "kvm", "system calls reachable", "isolation",
                "0: hypercalls and devices", "probed one by one"},
        {"isolation.proc", "container", "writable entries of /proc and /sys", "isolation", "41",
                "access(2) of each"},
        {"isolation.proc", "kvm", "writable entries of /proc and /sys", "isolation",
                "2,318, all the guest's own", "access(2) of each"},
        {"isolation.caps", "container", "capabilities", "isolation",
                "14 of 41, in a user namespace", "CapBnd"},
        {"isolation.caps", "kvm", "capabilities", "isolation", "41 of 41, of its own kernel",
                "CapBnd"},
        {"isolation.devices", "container", "devices", "isolation",
                "null zero full random urandom tty pts", "/dev"},
        {"isolation.devices", "kvm", "devices", "isolation",
                "virtio disk, net, serial, rng; emulated q35", "/sys/bus"},
        {"difference.readonly", "kvm", "container.read_only", "difference", "has no meaning here",
                "provider's check"},
};

static const struct claim_result claims[] = {
        {"1", "Starting or stopping a virtual machine takes more than a minute", "B, C",
                VERDICT_REFUTED, "11.4 s [10.6–12.3], 8 at once 61 s"},
        {"2", "A container starts or stops in under a second, practically like a process", "B, C",
                VERDICT_CONFIRMED, "11.8 ms [10.9–13.1]; fork + exec 1.1 ms"},
        {"3", "Hundreds or thousands are deployed in seconds, thousands fit on one server", "B",
                VERDICT_PARTLY,
                "64 started in 1.9 s; 22,000 extrapolated, the bridge ends at 1,023"},
        {"4", "The cost in CPU and memory of emulating the hardware is high", "B",
                VERDICT_CONFIRMED, "291 MiB and 12.9 CPU s per start"},
        {"7", "A container uses the host's kernel: much faster in execution", "A",
                VERDICT_CONFIRMED, "integer 1.00× of the host, VM 8.8×"},
        {"11", "Containers cannot run a system with another kernel", "D", VERDICT_CONFIRMED,
                "6.18.5 in both"},
        {"14", "Files outside the jail cannot be reached (chroot)", "D", VERDICT_REFUTED,
                "root leaves it with two system calls"},
        {"16", "The uts namespace isolates kernel and version identifiers", "A", VERDICT_REFUTED,
                "only host and domain name differ"},
        {"20", "Processes do not know their limits", "D", VERDICT_PARTLY,
                "meminfo shows the host's 24 GiB; /sys/fs/cgroup shows the limit"},
        {"30", "2,000 million containers are started per week (one company)", "C",
                VERDICT_NOT_TESTABLE, "a company's figure; this host would start 32 a second"},
};

static double noise(unsigned *state)
{
	*state = *state * 1664525u + 1013904223u;
	return ((double)(*state >> 8) / 16777216.0 - 0.35) * 0.2;
}

static void add(
        struct result *out, const struct row *row, const char *kind, double median, unsigned *state)
{
	bool storm = str_eq(row->group, "storm"), fixed = str_eq(row->unit, "count");
	int n = storm ? 8 : fixed ? 1 : 5;

	if (median < 0)
		return;
	struct series *s = result_series(out,
	        &(struct series){.id = row->id,
	                .kind = kind,
	                .title = row->title,
	                .group = row->group,
	                .unit = row->unit,
	                .method = row->method,
	                .higher_is_better = row->higher});
	for (int i = 0; i < n; i++) {
		bool loaded = i == 3 && str_eq(row->id, "start.t5") && str_eq(kind, "kvm");
		double by = fixed ? 0 : noise(state) * (storm ? 3 : 1) + (loaded ? 0.4 : 0);
		series_add(s, median * (1 + by), NAN, loaded);
	}
}

static void add_memory(struct result *out, const char *kind, double each, unsigned *state)
{
	struct series *s = result_series(out,
	        &(struct series){.id = "memory.delta",
	                .kind = kind,
	                .title = "fall of MemAvailable",
	                .group = "memory",
	                .unit = "MiB",
	                .method =
	                        "MemAvailable before less after 10 s of settling, at 1, 2, 4 and 8 "
	                        "instances"});

	for (int n = 1; n <= 8; n *= 2)
		for (int i = 0; i < 2; i++)
			series_add(s, each * n * (1 + noise(state) / 2) + 2, n, false);
}

void sample_result(struct result *out, unsigned seed, double scale)
{
	static const char *const notes[] = {
	        "t5 includes the transport: an SSH login costs an emulated VM seconds and setns "
	        "costs a "
	        "container nothing. Both kinds are therefore also measured over SSH and without "
	        "it.",
	        "QEMU's disks use cache=none: the host's page cache does not hold them a second "
	        "time.",
	        "Guest RAM that was never touched costs the host nothing and is not counted.",
	        "KSM is off (/sys/kernel/mm/ksm/run = 0).",
	        "TCG's translation cache is limited to 128 MiB.",
	        "Both kinds have a network: a veth on the bridge, a tap on the same bridge.",
	        "seccomp and the user namespace are on.",
	};
	unsigned state = seed;

	*out = (struct result){.box = xstrdup("debian/12"),
	        .machine = xstrdup("web"),
	        .runs = 5,
	        .parallel = 8,
	        .complete = true};
	out->host = (struct host_info){.kernel = xstrdup("6.18.5"),
	        .cpu = xstrdup("Intel Xeon Processor @ 2.60GHz"),
	        .distribution = xstrdup("Debian GNU/Linux 12 (bookworm)"),
	        .accelerator = xstrdup("TCG"),
	        .date = xstrdup("2026-11-22T06:40:00Z"),
	        .emulated = true,
	        .emulated_note =
	                xstrdup("/dev/kvm exists but emulates each instruction (1,400 ns a "
	                        "loop), so virtual machines run under TCG: on real hardware "
	                        "they start several times faster"),
	        .cpus = 2,
	        .memory_mib = 24110,
	        .prov_version = xstrdup("0.1.0")};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		bool time = str_eq(rows[i].unit, "s");
		double by = time ? scale : 1;
		add(out, &rows[i], "process", rows[i].process, &state);
		add(out, &rows[i], "container", rows[i].container, &state);
		add(out, &rows[i], "container+init", rows[i].init, &state);
		add(out, &rows[i], "kvm", rows[i].kvm * by, &state);
		add(out, &rows[i], "kvm-warm", rows[i].warm * by, &state);
	}
	add_memory(out, "container", 0.9, &state);
	add_memory(out, "container+init", 9.1, &state);
	add_memory(out, "kvm", 291, &state);
	for (size_t i = 0; i < ARRAY_SIZE(probes); i++) {
		add(out, &probes[i], "host", probes[i].process, &state);
		add(out, &probes[i], "container", probes[i].container, &state);
		add(out, &probes[i], "kvm", probes[i].kvm, &state);
	}
	for (size_t i = 0; i < ARRAY_SIZE(facts); i++)
		result_fact(out, &facts[i]);
	for (size_t i = 0; i < ARRAY_SIZE(claims); i++)
		result_claim(out, &claims[i]);
	for (size_t i = 0; i < ARRAY_SIZE(notes); i++)
		strv_add(&out->notes, notes[i]);
}
