/* What goes into a virtual machine beside its domain: labels, accounts, its network, its disk. */
#include "core/host_keys.h"
#include "providers/kvm/domain.h"
#include "providers/kvm/identity.h"
#include "providers/kvm/qcow2.h"
#include "tests/fake/check_util.h"

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
	Suite *s = suite_create("kvm parts");
	TCase *t = tcase_create("kvm domain");

	tcase_add_test(t, vcpus_round_up);
	tcase_add_test(t, labels);
	tcase_add_test(t, accounts);
	tcase_add_test(t, network_and_known_hosts);
	tcase_add_test(t, qcow2_size);
	suite_add_tcase(s, t);
	return suite_finish(s);
}
