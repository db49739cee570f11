/* The table of keys as a whole: each can be used, is on the page and has the default that it tells.
 */
#include "lab/file/schema.h"
#include "tests/unit/lab/load.h"

static struct loaded l;

/* Every key there is, used as it is meant: nothing but "not supported yet" may be said. */
static const char everything[] =
        "prov: 1\n"
        "lab: shop\n"
        "domain: shop.test\n"
        "defaults:\n"
        "  box: debian/12\n"
        "  provider: container\n"
        "  cpus: 1\n"
        "  memory: 512MiB\n"
        "  env: { TZ: Europe/Madrid }\n"
        "networks:\n"
        "  lan:  { mode: nat, subnet: 10.77.0.0/24 }\n"
        "  back: { mode: isolated, subnet: 10.77.1.0/24 }\n"
        "volumes:\n"
        "  pg: { size: 1GiB }\n"
        "machines:\n"
        "  db:\n"
        "    box: docker://postgres:16\n"
        "    networks: [ { name: back, ip: 10.77.1.10, aliases: [sql] } ]\n"
        "    volumes: [ \"pg:/var/lib/postgresql/data\" ]\n"
        "    env: { POSTGRES_PASSWORD: lab, PGPORT: 5432 }\n"
        "    container: { command: [postgres, -c, fsync=off], pids: 256, stop_signal: SIGINT, "
        "stop_timeout: 20s }\n"
        "    ready: { exec: \"pg_isready -U postgres\", timeout: 60s }\n"
        "  web:\n"
        "    provider: [container, kvm]\n"
        "    cpus: 1.5\n"
        "    cpu_weight: 200\n"
        "    cpuset: \"0-1\"\n"
        "    memory: 768MiB\n"
        "    disk: 4GiB\n"
        "    user: student\n"
        "    networks: [ lan, back ]\n"
        "    ports: [ \"8080:80\" ]\n"
        "    synced_folders:\n"
        "      - \".:/srv/site:ro\"\n"
        "      - { host: ., guest: /vagrant, type: auto, read_only: true, exclude: [.git] }\n"
        "    depends_on: [ db ]\n"
        "    provision:\n"
        "      - name: nginx\n"
        "        shell: |\n"
        "          apt-get update\n"
        "          apt-get install -y nginx\n"
        "      - name: site\n"
        "        file: { source: site.conf, destination: /etc/nginx/conf.d/site.conf, mode: "
        "\"0644\" }\n"
        "      - name: warm-up\n"
        "        shell: { path: setup.sh, args: [a, b] }\n"
        "        env: { STAGE: lab }\n"
        "        user: student\n"
        "        run: always\n"
        "        timeout: 5m\n"
        "    ready: { tcp: 80, timeout: 60s, interval: 1s, successes: 3 }\n"
        "    container: { init: systemd, read_only: false, capabilities: { drop: [NET_RAW] } }\n"
        "    kvm:\n"
        "      ports: [ \"8081:80\" ]\n"
        "      accelerator: auto\n"
        "  node:\n"
        "    provider: kvm\n"
        "    count: 3\n"
        "    networks: [ { name: lan, ip: 10.77.0.20 } ]\n"
        "    provision: [ { name: join, shell: { path: join.sh } } ]\n"
        "  attic:\n"
        "    networks: none\n"
        "    autostart: false\n";

START_TEST(a_file_with_every_key)
{
	load_begin(&l);
	load_file(&l, "prov.yaml", everything, strlen(everything));
	load_file(&l, "site.conf", "", 0);
	load_file(&l, "setup.sh", "", 0);
	load_file(&l, "join.sh", "", 0);
	load_now(&l, NULL);
	ck_assert_int_ge(l.problems.n, 1);
	for (size_t i = 0; i < l.problems.n; i++)
		ck_assert_msg(strstr(l.problems.rows[i].text, "not supported yet") != NULL,
		        "%d: %s", l.problems.rows[i].line, l.problems.rows[i].text);
	load_end(&l);
}
END_TEST

START_TEST(every_key_is_on_the_page)
{
	AUTO_STR page = {0};

	schema_write_man(&page);
	for (size_t i = 0; i < schema_n; i++) {
		ck_assert_msg(schema[i].doc && str_ends(schema[i].doc, "."), "%s", schema[i].name);
		const char *doc = schema[i].doc;
		AUTO_FREE char *start = xstrndup(doc, strcspn(doc, "-'\\"));
		ck_assert_msg(strstr(page.buf, start) != NULL, "%s", schema[i].name);
		AUTO_FREE char *entry = xasprintf(".TP\n.B %s\n", schema[i].name);
		ck_assert_msg(strstr(page.buf, entry) != NULL, "%s", entry);
	}
	ck_assert_ptr_nonnull(strstr(page.buf, ".I Not supported yet."));
}
END_TEST

static void write_defaults(struct str *out, enum section section, const char *indent)
{
	for (size_t i = 0; i < schema_n; i++) {
		const struct key *key = &schema[i];
		bool literal = key->initial && !(key->flags & KEY_LATER) &&
		        !strchr(key->initial, ' ') && key->type != TYPE_TEXTS;
		if (key->section == section && key->field && literal)
			str_addf(out, "%s%s: %s\n", indent, key->name, key->initial);
	}
}

static char *spec_text(const char *text, const char *kind)
{
	struct str out = {0};

	load_good(&l, text, kind);
	struct machine_spec *m = &l.lab.machines[0];
	free(m->project);
	m->project = NULL; /* another folder each time */
	spec_drop_implicit_folders(m);
	spec_write(m, &out);
	load_end(&l);
	return str_steal(&out);
}

/* What the table calls the default is what spec_init sets. */
START_TEST(the_defaults_are_those_of_the_spec)
{
	static const char head[] =
	        "lab: x\nmachines:\n  a:\n    box: tiny\n    ready:\n      tcp: 1\n";
	AUTO_STR text = {0};

	str_add(&text, head);
	write_defaults(&text, IN_READY, "      ");
	write_defaults(&text, IN_MACHINE, "    ");
	str_add(&text, "    container:\n");
	write_defaults(&text, IN_CONTAINER, "      ");
	str_add(&text, "    kvm:\n");
	write_defaults(&text, IN_KVM, "      ");
	ck_assert_ptr_nonnull(strstr(text.buf, "      boot_timeout: 5m\n"));
	for (size_t i = 0; schema_kinds[i]; i++) {
		AUTO_FREE char *plain = spec_text(head, schema_kinds[i]);
		AUTO_FREE char *written = spec_text(text.buf, schema_kinds[i]);
		ck_assert_str_eq(written, plain);
	}
}
END_TEST

START_TEST(more_problems_than_anybody_reads)
{
	AUTO_STR text = {0};

	str_add(&text, "machines: { a: { box: tiny } }\n");
	for (int i = 0; i < 5000; i++)
		str_addf(&text, "unknown%d: 1\n", i);
	load_begin(&l);
	load_file(&l, "prov.yaml", text.buf, text.len);
	load_now(&l, NULL);
	ck_assert_str_eq(l.err.message, "prov.yaml: 5000 problems");
	ck_assert_int_eq(l.problems.n, 101);
	ck_assert_str_eq(l.problems.rows[0].text, "unknown key 'unknown0'");
	ck_assert_str_eq(l.problems.rows[100].text, "4900 more problems from here on");
	ck_assert_int_eq(l.problems.rows[100].line, 102);
	load_end(&l);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("schema_keys");
	TCase *tc = tcase_create("schema_keys");

	tcase_set_timeout(tc, 30);
	tcase_add_test(tc, a_file_with_every_key);
	tcase_add_test(tc, every_key_is_on_the_page);
	tcase_add_test(tc, the_defaults_are_those_of_the_spec);
	tcase_add_test(tc, more_problems_than_anybody_reads);
	suite_add_tcase(suite, tc);
	return suite_finish(suite);
}
