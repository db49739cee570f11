/* The domain's XML byte by byte, and the small pure parts around it. */
#include "base/fs.h"
#include "core/host_keys.h"
#include "net/libvirt/conn.h"
#include "providers/kvm/domain.h"
#include "providers/kvm/identity.h"
#include "providers/kvm/qcow2.h"
#include "tests/fake/check_util.h"

#include <check.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct domain_nic nics[] = {
        {"prov-0a1b2c-default", "52:54:00:01:02:03"},
        {"prov-0a1b2c-back", "52:54:00:01:02:04"},
};

static struct domain_plan plan(void)
{
	return (struct domain_plan){.type = "qemu",
	        .arch = "x86_64",
	        .name = "prov-0a1b2c-web",
	        .uuid = "6b1f9d1c-0000-4000-8000-000000000001",
	        .lab_id = "0a1b2c",
	        .selector = "web@kvm",
	        .memory_bytes = 768LL << 20,
	        .cpus = 1.5,
	        .kernel = "/store/k.kernel",
	        .initrd = "/lab/initrd-seed",
	        .cmdline = "root=/dev/vda quiet console=ttyS0",
	        .disk = "/lab/disk.qcow2",
	        .console = "/lab/console.log",
	        .phases = "/lab/phases",
	        .label = "+64055:+64055",
	        .nics = nics,
	        .n_nics = 2};
}

static void check_golden(const char *name, const struct domain_plan *p)
{
	AUTO_FREE char *path = xasprintf("tests/unit/providers/golden/%s", name);
	AUTO_STR xml = {0}, golden = {0};
	struct err err = {0};

	domain_xml(p, &xml);
	if (getenv("UPDATE_GOLDEN"))
		ck_assert_int_eq(fs_replace(path, xml.buf, xml.len, 0644, &err), 0);
	ck_assert_msg(fs_read(path, 1 << 20, &golden, &err) == 0, "%s", err.message);
	ck_assert_str_eq(str_text(&xml), str_text(&golden));
}

START_TEST(tcg_is_golden)
{
	struct domain_plan p = plan();

	check_golden("domain-tcg.xml", &p);
}
END_TEST

START_TEST(volumes_are_disks)
{
	const struct domain_disk disks[] = {
	        {.path = (char *)(uintptr_t) "/lab/volumes/pg.img", .serial = "pg"},
	        {.path = (char *)(uintptr_t) "/lab/volumes/<b>.img",
	                .serial = "b",
	                .read_only = true},
	};
	struct domain_plan p = plan();
	AUTO_STR xml = {0};

	p.disks = disks;
	p.n_disks = ARRAY_SIZE(disks);
	domain_xml(&p, &xml);
	ck_assert_ptr_nonnull(strstr(str_text(&xml),
	        "      <driver name='qemu' type='raw' discard='unmap'/>\n"
	        "      <source file='/lab/volumes/pg.img'/>\n"
	        "      <target dev='vdb' bus='virtio'/>\n"
	        "      <serial>pg</serial>\n"));
	ck_assert_ptr_nonnull(strstr(str_text(&xml),
	        "      <source file='/lab/volumes/&lt;b&gt;.img'/>\n"
	        "      <target dev='vdc' bus='virtio'/>\n"
	        "      <readonly/>\n"
	        "      <serial>b</serial>\n"));
}
END_TEST

START_TEST(kvm_is_golden)
{
	struct domain_plan p = plan();

	p.type = "kvm";
	p.cpus = 2;
	p.label = NULL;
	p.n_nics = 0;
	check_golden("domain-kvm.xml", &p);
}
END_TEST

START_TEST(shares_and_cpus_of_the_host)
{
	struct domain_plan p = plan();
	AUTO_STR xml = {0};

	p.cpu_shares = 2048;
	p.io_weight = 300;
	p.cpuset = "0-1";
	domain_xml(&p, &xml);
	ck_assert_ptr_nonnull(strstr(str_text(&xml),
	        "  <vcpu cpuset='0-1'>2</vcpu>\n"
	        "  <cputune>\n    <shares>2048</shares>\n    <period>100000</period>\n"
	        "    <quota>75000</quota>\n  </cputune>\n"
	        "  <blkiotune>\n    <weight>300</weight>\n  </blkiotune>\n"));
	p.cpus = 2; /* no quota */
	str_reset(&xml);
	domain_xml(&p, &xml);
	ck_assert_ptr_nonnull(
	        strstr(str_text(&xml), "  <cputune>\n    <shares>2048</shares>\n  </cputune>\n"));
}
END_TEST

START_TEST(folders_share_the_memory)
{
	char source[] = "/run/prov/folders/a&b-0", tag[] = "prov0";
	const struct domain_folder folder = {source, tag, NULL, false};
	struct domain_plan p = plan();
	AUTO_STR xml = {0};

	p.folders = &folder;
	p.n_folders = 1;
	domain_xml(&p, &xml);
	ck_assert_ptr_nonnull(strstr(str_text(&xml),
	        "  <memoryBacking>\n    <source type='memfd'/>\n    <access mode='shared'/>\n"
	        "  </memoryBacking>\n"));
	ck_assert_ptr_nonnull(strstr(str_text(&xml),
	        "    <filesystem type='mount' accessmode='passthrough'>\n"
	        "      <driver type='virtiofs'/>\n"
	        "      <source dir='/run/prov/folders/a&amp;b-0'/>\n      <target dir='prov0'/>\n"
	        "    </filesystem>\n"));
}
END_TEST

START_TEST(nine_shares_no_memory)
{
	char source[] = "/run/prov/9p/a/0", tag[] = "prov0";
	const struct domain_folder folder = {source, tag, NULL, true};
	struct domain_plan p = plan();
	AUTO_STR xml = {0};

	p.folders = &folder;
	p.n_folders = 1;
	domain_xml(&p, &xml);
	ck_assert_ptr_null(strstr(str_text(&xml), "memoryBacking"));
	ck_assert_ptr_nonnull(strstr(str_text(&xml),
	        "    <filesystem type='mount' accessmode='squash'>\n"
	        "      <source dir='/run/prov/9p/a/0'/>\n      <target dir='prov0'/>\n"
	        "    </filesystem>\n"));
}
END_TEST

START_TEST(a_folder_has_its_server)
{
	char source[] = "/run/prov/folders/a-0", tag[] = "prov0";
	const struct domain_folder folder = {source, tag, "/var/lib/a&b/virtiofsd", false};
	struct domain_plan p = plan();
	AUTO_STR xml = {0};

	p.folders = &folder;
	p.n_folders = 1;
	domain_xml(&p, &xml);
	ck_assert_ptr_nonnull(strstr(str_text(&xml),
	        "      <driver type='virtiofs'/>\n      <binary "
	        "path='/var/lib/a&amp;b/virtiofsd'/>\n"
	        "      <source dir="));
}
END_TEST

START_TEST(everything_is_escaped)
{
	struct domain_plan p = plan();
	AUTO_STR xml = {0};
	const char *bad = "<&'\">";
	const struct domain_nic nic = {bad, bad};

	p.name = p.uuid = p.lab_id = p.selector = p.kernel = p.initrd = p.cmdline = bad;
	p.disk = p.console = p.phases = p.label = bad;
	p.nics = &nic;
	p.n_nics = 1;
	domain_xml(&p, &xml);
	ck_assert_ptr_null(strstr(str_text(&xml), bad));
	size_t escaped = 0;
	for (const char *at = str_text(&xml); (at = strstr(at, "&lt;&amp;&apos;&quot;&gt;")); at++)
		escaped++;
	ck_assert_uint_eq(escaped, 13);
}
END_TEST

START_TEST(small_memory_small_cache)
{
	struct domain_plan p = plan();
	AUTO_STR xml = {0};

	p.memory_bytes = 128LL << 20;
	domain_xml(&p, &xml);
	ck_assert_ptr_nonnull(strstr(str_text(&xml), "<tb-cache unit='MiB'>64</tb-cache>"));
	ck_assert_ptr_nonnull(strstr(str_text(&xml), "<memory unit='KiB'>131072</memory>"));
}
END_TEST

START_TEST(vcpus_round_up)
{
	ck_assert_int_eq(domain_vcpus(0.5), 1);
	ck_assert_int_eq(domain_vcpus(1), 1);
	ck_assert_int_eq(domain_vcpus(1.01), 2);
	ck_assert_int_eq(domain_vcpus(2), 2);
	ck_assert_int_eq(domain_vcpus(0), 1);
}
END_TEST

START_TEST(labels)
{
	const char *capabilities =
	        "<host><cpu><arch>x86_64</arch></cpu><secmodel><model>none</model></secmodel>"
	        "<secmodel><model>dac</model><doi>0</doi>"
	        "<baselabel type='kvm'>+107:+107</baselabel>"
	        "<baselabel type='qemu'>+64055:+64056</baselabel></secmodel></host>";
	AUTO_FREE char *label = domain_base_label(capabilities, "qemu");
	AUTO_FREE char *arch = domain_host_arch(capabilities);
	unsigned uid = 1, gid = 1;

	ck_assert_str_eq(label, "+64055:+64056");
	ck_assert_str_eq(arch, "x86_64");
	ck_assert(domain_label_ids(label, &uid, &gid));
	ck_assert_uint_eq(uid, 64055);
	ck_assert_uint_eq(gid, 64056);
	ck_assert(!domain_label_ids("libvirt-qemu:kvm", &uid, &gid));
	ck_assert(!domain_label_ids("+1:+2 ", &uid, &gid));
	ck_assert_ptr_null(domain_base_label("<capabilities/>", "qemu"));
	ck_assert_ptr_null(domain_host_arch("<capabilities/>"));
}
END_TEST

START_TEST(accounts)
{
	const char *passwd = "root:x:0:0:root:/root:/bin/sh\n"
	                     "daemon:x:1:1::/usr/sbin:/usr/sbin/nologin\n"
	                     "stud:x:7:7:not this one:/x:/bin/sh\n"
	                     "student:x:1000:1001:A Student,,,:/home/student:/bin/bash\n"
	                     "bare:x:5:6::/home/bare:\nbroken:x:\n";
	struct account a;

	ck_assert(identity_account(passwd, "student", &a));
	ck_assert_uint_eq(a.uid, 1000);
	ck_assert_uint_eq(a.gid, 1001);
	ck_assert_str_eq(a.home, "/home/student");
	ck_assert(identity_account(passwd, "bare", &a));
	ck_assert_str_eq(a.home, "/home/bare");
	ck_assert(!identity_account(passwd, "broken", &a));
	ck_assert(!identity_account(passwd, "stude", &a));
	ck_assert(!identity_account("", "root", &a));
}
END_TEST

static void fill_nic(struct nic *nic, const char *address, const char *gateway, bool route)
{
	*nic = (struct nic){.mac = xstrdup("52:54:00:01:02:03"),
	        .address = xstrdup(address),
	        .gateway = xstrdup(gateway),
	        .prefix = 24,
	        .default_route = route};
}

START_TEST(network_and_known_hosts)
{
	struct machine_spec spec = {0};
	AUTO_STR out = {0};

	spec_init(&spec);
	spec.nics = xcalloc(3, sizeof(*spec.nics));
	spec.n_nics = 3;
	fill_nic(&spec.nics[0], "10.0.0.2", "10.0.0.1", true);
	fill_nic(&spec.nics[1], "10.0.1.2", "10.0.1.1", false);
	fill_nic(&spec.nics[2], "10.0.2.2", NULL, true);
	spec.nics[1].mtu = 9000;
	identity_network(&spec, &out);
	ck_assert_str_eq(str_text(&out),
	        "52:54:00:01:02:03 10.0.0.2/24 10.0.0.1 0\n"
	        "52:54:00:01:02:03 10.0.1.2/24 - 9000\n"
	        "52:54:00:01:02:03 10.0.2.2/24 - 0\n");
	str_reset(&out);
	host_keys_lines(&spec, "ssh-ed25519 AAAAC3 web\n", &out);
	ck_assert_str_eq(str_text(&out),
	        "10.0.0.2 ssh-ed25519 AAAAC3\n10.0.1.2 ssh-ed25519 "
	        "AAAAC3\n10.0.2.2 ssh-ed25519 AAAAC3\n");
	/* IPv6 behind all of IPv4, the route through the first that has one. */
	spec.nics[1].address6 = xstrdup("fd00:1::2");
	spec.nics[0].address6 = xstrdup("fd00::2");
	spec.nics[0].gateway6 = xstrdup("fd00::1");
	spec.nics[0].prefix6 = spec.nics[1].prefix6 = 64;
	free(spec.nics[2].address);
	spec.nics[2].address = NULL;
	str_reset(&out);
	identity_network(&spec, &out);
	ck_assert_str_eq(str_text(&out),
	        "52:54:00:01:02:03 10.0.0.2/24 10.0.0.1 0\n"
	        "52:54:00:01:02:03 10.0.1.2/24 - 9000\n"
	        "52:54:00:01:02:03 fd00::2/64 fd00::1 0\n"
	        "52:54:00:01:02:03 fd00:1::2/64 - 9000\n");
	str_reset(&out);
	spec.hostname = xstrdup("web-kvm");
	host_keys_lines(&spec, "ssh-ed25519 AAAAC3 web\n", &out);
	ck_assert_str_eq(str_text(&out),
	        "web-kvm ssh-ed25519 AAAAC3\n10.0.0.2 ssh-ed25519 AAAAC3\nfd00::2 ssh-ed25519 "
	        "AAAAC3\n"
	        "10.0.1.2 ssh-ed25519 AAAAC3\nfd00:1::2 ssh-ed25519 AAAAC3\n");
	spec_clear(&spec);
}
END_TEST

START_TEST(qcow2_size)
{
	unsigned char header[32] = "QFI\xfb";
	char path[] = "/tmp/prov-test-qcow2-XXXXXX";
	AUTO_FD int fd = mkstemp(path);
	struct err err = {0};
	int64_t bytes = 0;

	header[29] = 0x40; /* 4 MiB */
	ck_assert_int_eq(write(fd, header, sizeof(header)), sizeof(header));
	ck_assert_int_eq(qcow2_virtual_size(path, &bytes, &err), 0);
	ck_assert_int_eq(bytes, 4 << 20);
	ck_assert_int_eq(pwrite(fd, "X", 1, 0), 1);
	ck_assert_int_eq(qcow2_virtual_size(path, &bytes, &err), -1);
	AUTO_FREE char *expected = xasprintf("'%s' is no qcow2 disk", path);
	ck_assert_str_eq(err.message, expected);
	unlink(path);
	ck_assert_int_eq(qcow2_virtual_size(path, &bytes, &err), -1);
	ck_assert_ptr_nonnull(strstr(err.message, "No such file or directory"));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("kvm domain");
	TCase *t = tcase_create("kvm domain");

	tcase_add_test(t, tcg_is_golden);
	tcase_add_test(t, volumes_are_disks);
	tcase_add_test(t, kvm_is_golden);
	tcase_add_test(t, shares_and_cpus_of_the_host);
	tcase_add_test(t, folders_share_the_memory);
	tcase_add_test(t, a_folder_has_its_server);
	tcase_add_test(t, nine_shares_no_memory);
	tcase_add_test(t, everything_is_escaped);
	tcase_add_test(t, small_memory_small_cache);
	tcase_add_test(t, vcpus_round_up);
	tcase_add_test(t, labels);
	tcase_add_test(t, accounts);
	tcase_add_test(t, network_and_known_hosts);
	tcase_add_test(t, qcow2_size);
	suite_add_tcase(s, t);
	return suite_finish(s);
}
