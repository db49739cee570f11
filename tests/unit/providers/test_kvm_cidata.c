/* What a machine of a foreign box is told, and the image that it is told by. */
#include "core/spec.h"
#include "providers/kvm/cidata.h"
#include "tests/fake/check_util.h"

#include <archive.h>
#include <archive_entry.h>
#include <stdlib.h>
#include <string.h>

static const struct cidata keys = {.authorized = "ssh-ed25519 AAAAlab lab\n",
        .host_key = "-----BEGIN KEY-----\nb25l\ndHdv\n-----END KEY-----\n",
        .host_key_pub = "ssh-ed25519 AAAAhost web-kvm\n"};

static void make_spec(struct machine_spec *spec, const char *user)
{
	spec_init(spec);
	spec->provider = xstrdup("kvm");
	spec->hostname = xstrdup("web-kvm");
	spec->domain = xstrdup("shop.test");
	free(spec->user);
	spec->user = xstrdup(user);
	spec->nics = xcalloc(2, sizeof(*spec->nics));
	spec->n_nics = 2;
	spec->nics[0].mac = xstrdup("52:54:00:00:00:01");
	spec->nics[1].mac = xstrdup("52:54:00:00:00:02");
	spec->nics[1].address6 = xstrdup("fd00::7");
	spec->nics[1].gateway6 = xstrdup("fd00::1");
	spec->nics[1].prefix6 = 64;
	spec->nics[1].mtu = 1400;
	spec->nics[1].default_route = true;
}

START_TEST(user_data_has_keys_and_users)
{
	struct machine_spec spec;
	AUTO_STR root = {0}, student = {0};

	make_spec(&spec, "root");
	cidata_user_data(&spec, &keys, &root);
	ck_assert_str_eq(str_text(&root),
	        "#cloud-config\nhostname: web-kvm\nfqdn: web-kvm.shop.test\ndisable_root: false\n"
	        "ssh_authorized_keys:\n- \"ssh-ed25519 AAAAlab lab\"\nssh_deletekeys: true\n"
	        "ssh_keys:\n  ed25519_private: |\n    -----BEGIN KEY-----\n    b25l\n    dHdv\n"
	        "    -----END KEY-----\n  ed25519_public: \"ssh-ed25519 AAAAhost web-kvm\"\n"
	        "users:\n- default\n");
	spec_clear(&spec);
	make_spec(&spec, "student");
	cidata_user_data(&spec, &keys, &student);
	ck_assert_ptr_nonnull(strstr(str_text(&student),
	        "- default\n- name: \"student\"\n  sudo: \"ALL=(ALL) NOPASSWD:ALL\"\n"
	        "  ssh_authorized_keys:\n  - \"ssh-ed25519 AAAAlab lab\"\n"));
	spec_clear(&spec);
}
END_TEST

START_TEST(network_is_dhcp_by_mac)
{
	struct machine_spec spec;
	AUTO_STR text = {0};

	make_spec(&spec, "root");
	cidata_network(&spec, &text);
	ck_assert_str_eq(str_text(&text),
	        "version: 2\nethernets:\n"
	        "  prov0:\n    match:\n      macaddress: \"52:54:00:00:00:01\"\n    dhcp4: true\n"
	        "    dhcp4-overrides:\n      use-routes: false\n"
	        "  prov1:\n    match:\n      macaddress: \"52:54:00:00:00:02\"\n    mtu: 1400\n"
	        "    dhcp4: true\n    accept-ra: false\n    addresses:\n    - \"fd00::7/64\"\n"
	        "    routes:\n    - to: \"::/0\"\n      via: \"fd00::1\"\n");
	spec_clear(&spec);
}
END_TEST

/* Who asked on a bridge of the host would get an address from somebody else. */
START_TEST(on_a_bridge_addresses_are_fixed)
{
	struct machine_spec spec;
	AUTO_STR text = {0};

	make_spec(&spec, "root");
	for (size_t i = 0; i < 2; i++) {
		struct nic *nic = &spec.nics[i];
		nic->bridged = true;
		nic->address = xasprintf("10.202.%zu.7", i);
		nic->prefix = 24;
		nic->gateway = xasprintf("10.202.%zu.1", i);
		nic->dns = xstrdup("192.0.2.53");
		free(nic->address6);
		nic->address6 = NULL;
	}
	cidata_network(&spec, &text);
	ck_assert_str_eq(str_text(&text),
	        "version: 2\nethernets:\n"
	        "  prov0:\n    match:\n      macaddress: \"52:54:00:00:00:01\"\n    dhcp4: false\n"
	        "    addresses:\n    - \"10.202.0.7/24\"\n"
	        "  prov1:\n    match:\n      macaddress: \"52:54:00:00:00:02\"\n    mtu: 1400\n"
	        "    dhcp4: false\n    addresses:\n    - \"10.202.1.7/24\"\n"
	        "    routes:\n    - to: \"0.0.0.0/0\"\n      via: \"10.202.1.1\"\n"
	        "    nameservers:\n      addresses: [\"192.0.2.53\"]\n");
	spec_clear(&spec);
}
END_TEST

/* What is done once for an instance is done again where it was told something else, and only
 * then. */
START_TEST(instance_follows_from_the_rest)
{
	struct machine_spec spec;
	char a[] = "a", b[] = "b";
	struct str one = {.buf = a, .len = 1}, two = {.buf = b, .len = 1};
	AUTO_STR first = {0}, same = {0}, other = {0};

	make_spec(&spec, "root");
	cidata_meta_data(&spec, &one, &two, &first);
	cidata_meta_data(&spec, &one, &two, &same);
	cidata_meta_data(&spec, &two, &two, &other);
	ck_assert_str_eq(str_text(&first), str_text(&same));
	ck_assert_str_ne(str_text(&first), str_text(&other));
	ck_assert(str_starts(str_text(&first), "instance-id: prov-"));
	ck_assert_ptr_nonnull(strstr(str_text(&first), "\nlocal-hostname: web-kvm\n"));
	spec_clear(&spec);
}
END_TEST

static void check_file(struct archive *a, const char *name, const struct str *wanted)
{
	struct archive_entry *entry;
	AUTO_FREE char *got = xmalloc(wanted->len + 1);

	ck_assert_int_eq(archive_read_next_header(a, &entry), ARCHIVE_OK);
	ck_assert_str_eq(archive_entry_pathname(entry), name);
	ck_assert_int_eq(archive_entry_size(entry), (la_int64_t)wanted->len);
	ck_assert_int_eq(archive_read_data(a, got, wanted->len + 1), (la_ssize_t)wanted->len);
	ck_assert_mem_eq(got, wanted->buf, wanted->len);
}

/* Read back by somebody else's reader; one file fills more than a sector, one exactly one. */
START_TEST(image_is_iso9660)
{
	AUTO_STR image = {0}, again = {0}, meta = {0}, user = {0}, network = {0};
	struct archive_entry *entry;

	str_add(&meta, "instance-id: x\n");
	for (int i = 0; i < 300; i++)
		str_add(&user, "0123456789\n");
	for (int i = 0; i < 128; i++)
		str_add(&network, "0123456789abcdef");
	const struct iso_file files[] = {
	        {"META-DATA.;1", &meta}, {"USER-DATA.;1", &user}, {"NETWORK-CONFIG.;1", &network}};
	iso_image("cidata", files, 3, &image);
	iso_image("cidata", files, 3, &again);
	ck_assert_uint_eq(image.len, 25 * 2048);
	ck_assert_uint_eq(image.len, again.len);
	ck_assert_mem_eq(image.buf, again.buf, image.len);
	ck_assert_mem_eq(image.buf + 16 * 2048 + 40, "cidata  ", 8);
	struct archive *a = archive_read_new();
	archive_read_support_format_iso9660(a);
	ck_assert_int_eq(archive_read_open_memory(a, image.buf, image.len), ARCHIVE_OK);
	ck_assert_int_eq(archive_read_next_header(a, &entry), ARCHIVE_OK);
	ck_assert_str_eq(archive_entry_pathname(entry), ".");
	check_file(a, "META-DATA", &meta);
	check_file(a, "NETWORK-CONFIG", &network);
	check_file(a, "USER-DATA", &user);
	ck_assert_int_eq(archive_read_next_header(a, &entry), ARCHIVE_EOF);
	archive_read_free(a);
}
END_TEST

static void nothing(void)
{
}

int main(void)
{
	const TTest *const tests[] = {user_data_has_keys_and_users, network_is_dhcp_by_mac,
	        on_a_bridge_addresses_are_fixed, instance_follows_from_the_rest, image_is_iso9660};

	return suite_run("kvm cidata", tests, ARRAY_SIZE(tests), nothing, nothing);
}
