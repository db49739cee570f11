/* The XML of a domain, against files that were looked through by hand. */
#include "providers/kvm/domain.h"
#include "tests/fake/check_util.h"

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

static size_t slots_of(const struct domain_plan *p)
{
	AUTO_STR xml = {0};
	size_t n = 0;

	domain_xml(p, &xml);
	for (const char *at = str_text(&xml); (at = strstr(at, "'pcie-root-port'")); at++)
		n++;
	return n;
}

/* Else a machine with many volumes could not be connected to a further network. */
START_TEST(what_is_attached_finds_a_slot_beside_disks_and_folders)
{
	static const struct domain_disk disks[3];
	static const struct domain_folder folders[2];
	struct domain_plan p = plan();
	size_t plain = slots_of(&p) - p.n_folders;

	p.disks = disks;
	p.n_disks = 3;
	p.folders = folders;
	p.n_folders = 2;
	ck_assert_uint_eq(slots_of(&p), plain + 5);
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

int main(void)
{
	Suite *s = suite_create("kvm domain");
	TCase *t = tcase_create("kvm domain");

	tcase_add_test(t, tcg_is_golden);
	tcase_add_test(t, volumes_are_disks);
	tcase_add_test(t, kvm_is_golden);
	tcase_add_test(t, what_is_attached_finds_a_slot_beside_disks_and_folders);
	tcase_add_test(t, shares_and_cpus_of_the_host);
	tcase_add_test(t, folders_share_the_memory);
	tcase_add_test(t, a_folder_has_its_server);
	tcase_add_test(t, nine_shares_no_memory);
	tcase_add_test(t, everything_is_escaped);
	tcase_add_test(t, small_memory_small_cache);
	suite_add_tcase(s, t);
	return suite_finish(s);
}
