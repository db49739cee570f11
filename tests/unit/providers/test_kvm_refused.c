/* What the provider of virtual machines refuses, in which words. */
#include "providers/kvm/kvm.h"
#include "tests/fake/check_util.h"

#include <check.h>
#include <stdlib.h>

static void check_refused(const struct machine_spec *spec, const char *message)
{
	struct err err = {0};

	ck_assert_int_eq(prov_kvm_provider.check_spec(spec, &err), -1);
	ck_assert_int_eq(err.kind, ERR_CONFIG);
	ck_assert_str_eq(err.message, message);
}

START_TEST(spec_is_checked)
{
	struct machine_spec spec = {0};
	struct err err = {0};

	spec_init(&spec);
	spec.memory_bytes = 128LL << 20;
	spec.box.name = xstrdup("debian/12");
	ck_assert_int_eq(prov_kvm_provider.check_spec(&spec, &err), 0); /* not looked up yet */
	spec.box.digest = xstrdup("0123");
	check_refused(&spec, "box: 'debian/12' has no disk, so it cannot be a virtual machine");
	spec.box.disk = xstrdup("/d");
	ck_assert_int_eq(prov_kvm_provider.check_spec(&spec, &err), 0); /* it boots by itself */
	spec.box.kernel = xstrdup("/k");
	check_refused(&spec, "box: 'debian/12' has no initrd, so it cannot be a virtual machine");
	spec.box.initrd = xstrdup("/i");
	ck_assert_int_eq(prov_kvm_provider.check_spec(&spec, &err), 0);
	spec.memory_bytes = 1024;
	check_refused(&spec, "memory: 1024 bytes is less than the 32MiB that a kernel needs");
	spec.memory_bytes = 128LL << 20;
	spec.network_mode = NET_HOST;
	check_refused(&spec, "networks: host is for containers; a virtual machine has its own");
	spec.network_mode = NET_NONE;
	spec.ready.type = READY_LOG;
	ck_assert_int_eq(prov_kvm_provider.check_spec(&spec, &err), 0);
	spec.ready.type = READY_EXEC;
	check_refused(
	        &spec, "ready: exec needs a network with kvm: 'networks: none' leaves no way in");
	spec.ready.type = READY_NONE;
	spec.n_provision = 1;
	check_refused(
	        &spec, "provision needs a network with kvm: 'networks: none' leaves no way in");
	spec.n_provision = 0;
	spec.network_mode = NET_LAB;
	free(spec.kvm.accelerator);
	spec.kvm.accelerator = xstrdup("xen");
	check_refused(&spec, "kvm.accelerator: 'xen' is none of auto, kvm, tcg");
	free(spec.kvm.accelerator);
	spec.kvm.accelerator = NULL;
	/* The header of a qcow2 disk of 4 MiB. */
	char path[] = "/tmp/prov-test-disk-XXXXXX", header[32] = "QFI\xfb";
	AUTO_FD int fd = mkstemp(path);
	header[29] = 0x40;
	ck_assert_int_eq(write(fd, header, sizeof(header)), sizeof(header));
	free(spec.box.disk);
	spec.box.disk = xstrdup(path);
	spec.disk_bytes = 1 << 20;
	check_refused(&spec, "disk: 1 MiB is less than the box 'debian/12' has (4 MiB)");
	spec.disk_bytes = 4 << 20;
	ck_assert_int_eq(prov_kvm_provider.check_spec(&spec, &err), 0);
	unlink(path);
	spec_clear(&spec);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("kvm refused");
	TCase *t = tcase_create("kvm steps");

	tcase_set_timeout(t, 30);
	tcase_add_test(t, spec_is_checked);
	suite_add_tcase(s, t);
	return suite_finish(s);
}
