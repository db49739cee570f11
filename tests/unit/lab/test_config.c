/* What a right prov.yaml becomes: merging, kinds, instances, names, dependencies; and how the file
 * is found. */
#include "tests/unit/lab/load.h"

#include <sys/stat.h>
#include <unistd.h>

#define HEAD "prov: 1\nlab: shop\n"

static struct loaded l;

static void expect_list(const struct strv *list, const char *joined)
{
	AUTO_STR out = {0};

	for (size_t i = 0; i < list->n; i++)
		str_addf(&out, "%s%s", i ? " " : "", list->v[i]);
	ck_assert_str_eq(str_text(&out), joined);
}

START_TEST(every_key_that_is_supported)
{
	load_good(&l,
	        HEAD "domain: shop.test\n"
	             "machines:\n"
	             "  web:\n"
	             "    box: debian/12\n"
	             "    provider: kvm\n"
	             "    cpus: 1.5\n"
	             "    memory: 768MiB\n"
	             "    disk: 4GiB\n"
	             "    user: student\n"
	             "    env: { A: 010, B: yes, C: '', D: , E: \"$HOME\", F: null, G: 1e3 }\n"
	             "    networks: [ default ]\n"
	             "    autostart: false\n"
	             "    ready: { tcp: 80, timeout: 2m, interval: 500ms, successes: 3 }\n"
	             "    kvm: { accelerator: tcg, uri: 'qemu:///session', boot_timeout: 1m,\n"
	             "           stop_timeout: 5s }\n"
	             "    container: { command: [a], init: none, pids: 5, stop_signal: INT, "
	             "stop_timeout: 1s }\n",
	        NULL);
	ck_assert_int_eq(l.lab.n, 1);
	const struct machine_spec *m = &l.lab.machines[0];
	ck_assert_str_eq(l.lab.lab, "shop");
	ck_assert_str_eq(m->lab, "shop");
	ck_assert_str_eq(m->domain, "shop.test");
	ck_assert_str_eq(m->project, l.folder);
	ck_assert_str_eq(m->name, "web");
	ck_assert_str_eq(m->selector, "web@kvm");
	ck_assert_str_eq(m->hostname, "web-kvm");
	ck_assert_str_eq(m->alias, "web");
	ck_assert(m->index == 1 && m->count == 0);
	ck_assert_str_eq(m->box.name, "debian/12");
	ck_assert(m->cpus == 1.5 && m->memory_bytes == INT64_C(768) << 20);
	ck_assert(m->disk_bytes == INT64_C(4) << 30 && !m->autostart);
	ck_assert_str_eq(m->user, "student");
	expect_list(&m->env, "A=010 B=yes C= D= E=$HOME F=null G=1e3"); /* as written */
	ck_assert(m->ready.type == READY_TCP && m->ready.port == 80 && m->ready.successes == 3);
	ck_assert(m->ready.timeout_ns == 120000000000 && m->ready.interval_ns == 500000000);
	ck_assert_str_eq(m->kvm.accelerator, "tcg");
	ck_assert_str_eq(m->kvm.uri, "qemu:///session");
	ck_assert(m->kvm.boot_timeout_ns == 60000000000 && m->kvm.stop_timeout_ns == 5000000000);
	ck_assert_ptr_null(m->lab_id);
	ck_assert(m->n_nics == 1 && m->network_mode == NET_LAB && !m->box.digest);
	ck_assert_str_eq(m->nics[0].network, "default");
	ck_assert(m->nics[0].default_route && !m->nics[0].address && !m->nics[0].mac);
	/* The other kind's section is for the other kind. */
	ck_assert(m->container.pids == 1024 && m->container.command.n == 0);
	load_end(&l);
}
END_TEST

START_TEST(containers)
{
	load_good(&l,
	        HEAD "machines:\n  web:\n    box: ./x.box\n    container:\n"
	             "      { command: [sh, -c, \"sleep 1\"], init: /sbin/init, pids: 5,\n"
	             "        stop_signal: SIGINT, stop_timeout: 1s }\n"
	             "    networks: host\n  b: { box: tiny, networks: none }\n",
	        NULL);
	const struct machine_spec *m = load_machine(&l, "web@container");
	AUTO_FREE char *box = xasprintf("%s/x.box", l.folder);
	ck_assert_str_eq(m->box.name, box);
	expect_list(&m->container.command, "sh -c sleep 1");
	ck_assert_int_eq(m->container.command.n, 3);
	ck_assert_str_eq(m->container.init, "/sbin/init");
	ck_assert(m->container.pids == 5 && m->container.stop_signal == 2);
	ck_assert(m->container.stop_timeout_ns == 1000000000 && m->network_mode == NET_HOST);
	ck_assert(load_machine(&l, "b@container")->network_mode == NET_NONE);
	ck_assert_ptr_null(m->user);
	ck_assert_str_eq(m->domain, "shop"); /* the lab's name */
	load_end(&l);
}
END_TEST

START_TEST(defaults_merge_maps_and_replace_lists)
{
	load_good(&l,
	        HEAD "defaults:\n"
	             "  box: debian/12\n"
	             "  memory: 1GiB\n"
	             "  env: { A: d, B: d }\n"
	             "  provision: [ { name: first, shell: a } ]\n"
	             "  ready: { tcp: 80, timeout: 5s }\n"
	             "  container: { command: [x, y], pids: 7 }\n"
	             "  kvm: { memory: 2GiB, env: { K: d } }\n"
	             "machines:\n"
	             "  web:\n"
	             "    provider: both\n"
	             "    env: { B: m, C: m }\n"
	             "    provision: [ { name: second, shell: b } ]\n"
	             "    ready: { exec: 'true' }\n"
	             "    container: { command: [z] }\n"
	             "    kvm: { provision: [ { name: third, shell: c } ], cpus: 2 }\n"
	             "  plain:\n",
	        NULL);
	ck_assert_int_eq(l.lab.n, 3);
	const struct machine_spec *c = load_machine(&l, "web@container");
	expect_list(&c->env, "A=d B=m C=m");
	ck_assert_int_eq(c->n_provision, 2);
	ck_assert_str_eq(c->provision[0].name, "first");
	ck_assert_str_eq(c->provision[1].name, "second");
	ck_assert(c->ready.type == READY_EXEC && c->ready.timeout_ns == 5000000000);
	expect_list(&c->container.command, "z");
	ck_assert(c->container.pids == 7 && c->memory_bytes == INT64_C(1) << 30 && c->cpus == 1);
	const struct machine_spec *k = load_machine(&l, "web@kvm");
	expect_list(&k->env, "K=d B=m C=m"); /* the default for the kind replaces the default */
	ck_assert_str_eq(k->provision[0].name, "first");
	ck_assert_str_eq(k->provision[1].name, "third");
	ck_assert(k->memory_bytes == INT64_C(2) << 30 && k->cpus == 2);
	const struct machine_spec *p = load_machine(&l, "plain@container");
	ck_assert(p->ready.type == READY_TCP && p->n_provision == 1 && p->container.command.n == 2);
	load_end(&l);
}
END_TEST

START_TEST(capabilities)
{
	load_good(&l,
	        HEAD "defaults:\n"
	             "  box: debian/12\n"
	             "  container: { capabilities: { add: [SYS_TIME], drop: [NET_RAW] } }\n"
	             "machines:\n"
	             "  web:\n"
	             "    container: { capabilities: { add: [NET_ADMIN, SYS_ADMIN] } }\n"
	             "  plain:\n",
	        NULL);
	const struct machine_spec *m = load_machine(&l, "web@container");
	expect_list(&m->container.caps_add, "NET_ADMIN SYS_ADMIN");
	expect_list(&m->container.caps_drop, "NET_RAW");
	m = load_machine(&l, "plain@container");
	expect_list(&m->container.caps_add, "SYS_TIME");
	load_end(&l);
}
END_TEST

START_TEST(provision_items)
{
	load_good(&l,
	        HEAD
	        "machines:\n"
	        "  web:\n"
	        "    box: debian/12\n"
	        "    provision:\n"
	        "      - shell: |\n"
	        "          echo $HOME\n"
	        "      - name: warm-up\n"
	        "        shell: { path: script.sh, args: [a, 010, ''] }\n"
	        "        env: { STAGE: lab }\n"
	        "        user: student\n"
	        "        run: always\n"
	        "        timeout: 5m\n"
	        "      - file: { source: script.sh, destination: /x/y, mode: 0640, owner: a:b }\n"
	        "      - file: { source: ., destination: /x/z }\n"
	        "        run: never\n"
	        "      - { shell: id, privileged: false }\n"
	        "      - { shell: id2, privileged: true }\n"
	        "      - { ansible: script.sh, user: student }\n"
	        "      - ansible: { playbook: ./script.sh, args: [-v], extra_vars: { a: 1 } }\n",
	        NULL);
	const struct provision_item *p = l.lab.machines[0].provision;
	AUTO_FREE char *script = xasprintf("%s/script.sh", l.folder);
	ck_assert_int_eq(l.lab.machines[0].n_provision, 8);
	ck_assert_str_eq(p[0].script, "echo $HOME\n");
	ck_assert(p[0].type == PROVISION_SHELL && p[0].run == RUN_ONCE && !p[0].name && !p[0].user);
	ck_assert_str_eq(p[1].path, script);
	expect_list(&p[1].args, "a 010 ");
	expect_list(&p[1].env, "STAGE=lab");
	ck_assert_str_eq(p[1].user, "student");
	ck_assert(p[1].run == RUN_ALWAYS && p[1].timeout_ns == 300000000000 && !p[1].script);
	ck_assert(p[2].type == PROVISION_FILE && p[2].mode == 0640);
	ck_assert_str_eq(p[2].source, script);
	ck_assert_str_eq(p[2].destination, "/x/y");
	ck_assert_str_eq(p[2].owner, "a:b");
	ck_assert(p[3].mode == -1 && p[3].run == RUN_NEVER && !p[3].owner);
	ck_assert_str_eq(p[4].user, "");
	ck_assert_ptr_null(p[5].user);
	ck_assert(p[6].type == PROVISION_ANSIBLE && !p[6].args.n && !p[6].vars.n);
	ck_assert_str_eq(p[6].path, script);
	ck_assert_str_eq(p[6].user, "student");
	ck_assert(p[7].type == PROVISION_ANSIBLE && !p[7].script);
	ck_assert_str_eq(p[7].path, script);
	expect_list(&p[7].args, "-v");
	expect_list(&p[7].vars, "a=1");
	load_end(&l);
}
END_TEST

START_TEST(kinds_and_names)
{
	load_good(&l,
	        HEAD "defaults: { box: tiny }\n"
	             "machines:\n"
	             "  a: { provider: [kvm, container] }\n"
	             "  b: { provider: [kvm] }\n"
	             "  c: {}\n"
	             "  node: { provider: both, count: 2 }\n"
	             "  one: { count: 1 }\n",
	        NULL);
	/* The bare name is the first written kind's. */
	static const char *const want[][3] = {{"a@container", "a-container", NULL},
	        {"a@kvm", "a-kvm", "a"}, {"b@kvm", "b-kvm", "b"},
	        {"c@container", "c-container", "c"},
	        {"node-1@container", "node-1-container", "node-1"},
	        {"node-1@kvm", "node-1-kvm", NULL},
	        {"node-2@container", "node-2-container", "node-2"},
	        {"node-2@kvm", "node-2-kvm", NULL},
	        {"one-1@container", "one-1-container", "one-1"}};
	ck_assert_int_eq(l.lab.n, ARRAY_SIZE(want));
	for (size_t i = 0; i < ARRAY_SIZE(want); i++) { /* in file order */
		ck_assert_str_eq(l.lab.machines[i].selector, want[i][0]);
		ck_assert_str_eq(l.lab.machines[i].hostname, want[i][1]);
		ck_assert_pstr_eq(l.lab.machines[i].alias, want[i][2]);
	}
	const struct machine_spec *m = load_machine(&l, "node-2@kvm");
	ck_assert(m->index == 2 && m->count == 2);
	ck_assert_str_eq(m->name, "node-2");
	load_end(&l);
}
END_TEST

START_TEST(the_option_wins)
{
	static const char text[] = HEAD "defaults: { box: tiny, provider: kvm }\n"
	                                "machines:\n  a: { provider: both }\n  b: {}\n";
	load_good(&l, text, "container");
	ck_assert_int_eq(l.lab.n, 2);
	ck_assert_str_eq(load_machine(&l, "a@container")->hostname, "a-container");
	/* Not the file's kind, but somebody must answer to "b". */
	ck_assert_str_eq(load_machine(&l, "b@container")->hostname, "b-container");
	ck_assert_str_eq(load_machine(&l, "b@container")->alias, "b");
	load_end(&l);
	load_good(&l, text, "both");
	ck_assert_int_eq(l.lab.n, 4);
	/* From one kind to two, the first keeps its names. */
	ck_assert_str_eq(load_machine(&l, "b@kvm")->hostname, "b-kvm");
	ck_assert_str_eq(load_machine(&l, "b@kvm")->alias, "b");
	ck_assert_ptr_null(load_machine(&l, "b@container")->alias);
	load_end(&l);
	load_good(&l, text, NULL);
	ck_assert_str_eq(load_machine(&l, "b@kvm")->hostname, "b-kvm");
	ck_assert_str_eq(load_machine(&l, "b@kvm")->alias, "b");
	lab_decl_clear(&l.lab);
	load_now(&l, "kwm");
	ck_assert(l.rc == -1 && l.err.kind == ERR_USAGE);
	ck_assert_str_eq(l.err.message, "provider: 'kwm' is not one of the choices");
	ck_assert_str_eq(l.err.hint, "did you mean 'kvm'?");
	load_end(&l);
}
END_TEST

START_TEST(dependencies)
{
	load_good(&l,
	        HEAD "defaults: { box: tiny }\n"
	             "machines:\n"
	             "  web: { provider: both, depends_on: [db, cache, node] }\n"
	             "  db: { provider: both }\n"
	             "  cache: { provider: kvm }\n"
	             "  node: { count: 2, depends_on: [db@kvm, db@kvm, db] }\n"
	             "  last: { depends_on: [node-2, web@kvm], kvm: { depends_on: [db] } }\n"
	             "  one: { depends_on: [db] }\n",
	        NULL);
	/* Of one kind: all of db; of two kinds: each its own, as far as there is one. */
	expect_list(&load_machine(&l, "one@container")->depends_on, "db@container db@kvm");
	expect_list(&load_machine(&l, "web@container")->depends_on,
	        "db@container cache@kvm node-1@container node-2@container");
	expect_list(&load_machine(&l, "web@kvm")->depends_on,
	        "db@kvm cache@kvm node-1@container node-2@container");
	expect_list(&load_machine(&l, "node-2@container")->depends_on, "db@kvm db@container");
	expect_list(&load_machine(&l, "last@container")->depends_on, "node-2@container web@kvm");
	expect_list(&load_machine(&l, "db@kvm")->depends_on, "");
	load_end(&l);
}
END_TEST

START_TEST(a_long_chain_is_no_circle)
{
	AUTO_STR text = {0};

	str_add(&text, HEAD "defaults: { box: tiny }\nmachines:\n  m0: {}\n");
	for (int i = 1; i < 5000; i++)
		str_addf(&text, "  m%d: { depends_on: [m%d] }\n", i, i - 1);
	load_good(&l, text.buf, NULL);
	ck_assert_int_eq(l.lab.n, 5000);
	expect_list(&l.lab.machines[4999].depends_on, "m4998@container");
	load_end(&l);
}
END_TEST

START_TEST(the_lab_is_named_after_its_folder)
{
	load_begin(&l);
	AUTO_FREE char *folder = xasprintf("%s/My Lab_(copy)", l.folder);
	AUTO_FREE char *file = xasprintf("%s/prov.yml", folder), *found = NULL;
	ck_assert_int_eq(mkdir(folder, 0755), 0);
	ck_assert_int_eq(fs_replace(file, "machines:\n", 10, 0644, &l.err), 0);
	ck_assert_int_eq(config_find(folder, &found, &l.err), 0);
	ck_assert_str_eq(found, file);
	ck_assert_int_eq(config_load(found, NULL, &l.lab, &l.problems, &l.err), 0);
	ck_assert_str_eq(l.lab.lab, "my-lab-copy");
	ck_assert_str_eq(l.lab.folder, folder);
	ck_assert_str_eq(l.lab.file, file);
	ck_assert_int_eq(l.lab.n, 0);
	load_end(&l);
}
END_TEST

START_TEST(the_file_is_found_upwards)
{
	load_begin(&l);
	AUTO_FREE char *deep = xasprintf("%s/a/b", l.folder), *found = NULL, *again = NULL;
	AUTO_FREE char *want = xasprintf("%s/prov.yaml", l.folder);
	ck_assert_int_eq(fs_mkdirs(deep, 0755, &l.err), 0);
	AUTO_FREE char *none = xasprintf("no prov.yaml found in '%s' or above", deep);
	if (config_find(deep, &found, &l.err) == 0) {
		printf("SKIP /tmp has a prov.yaml above it: %s\n", found);
		ck_assert_ptr_null(getenv("PROV_TEST_MUST_RUN"));
	} else {
		ck_assert_str_eq(l.err.message, none);
		ck_assert_int_eq(l.err.kind, ERR_CONFIG);
		ck_assert_str_eq(l.err.hint, "write one with 'prov init', or name one with --file");
		load_file(&l, "prov.yaml", "", 0);
		ck_assert_int_eq(config_find(deep, &found, &l.err), 0);
		ck_assert_str_eq(found, want);
	}
	load_file(&l, "prov.yaml", "", 0);
	load_file(&l, "prov.yml", "", 0);
	ck_assert_int_eq(config_find(deep, &again, &l.err), -1);
	AUTO_FREE char *both = xasprintf("both prov.yaml and prov.yml are in '%s'", l.folder);
	ck_assert_str_eq(l.err.message, both);
	load_end(&l);
}
END_TEST

START_TEST(a_link_is_read_where_it_lies)
{
	load_begin(&l);
	AUTO_FREE char *folder = xasprintf("%s/lab", l.folder);
	AUTO_FREE char *file = xasprintf("%s/prov.yaml", folder);
	load_file(&l, "shared.yaml", "machines:\n", 10);
	ck_assert(mkdir(folder, 0755) == 0 && symlink("../shared.yaml", file) == 0);
	ck_assert_int_eq(config_load(file, NULL, &l.lab, &l.problems, &l.err), 0);
	ck_assert_str_eq(l.lab.folder, folder);
	load_end(&l);
}
END_TEST

START_TEST(files_that_cannot_be_read)
{
	load_begin(&l);
	load_now(&l, NULL);
	ck_assert(l.rc == -1 && l.err.kind == ERR_CONFIG && l.problems.n == 0);
	AUTO_FREE char *absent =
	        xasprintf("open '%s/prov.yaml': No such file or directory", l.folder);
	ck_assert_str_eq(l.err.message, absent);
	lab_decl_clear(&l.lab);
	AUTO_FREE char *path = xasprintf("%s/prov.yaml", l.folder);
	ck_assert_int_eq(mkfifo(path, 0600), 0);
	load_now(&l, NULL); /* does not wait for a writer */
	ck_assert(l.rc == -1 && l.err.kind == ERR_CONFIG);
	AUTO_FREE char *fifo = xasprintf("'%s' is not a file", path);
	ck_assert_str_eq(l.err.message, fifo);
	load_end(&l);
}
END_TEST

START_TEST(the_template_loads)
{
	load_good(&l, config_template(), NULL);
	ck_assert_int_eq(l.lab.n, 1);
	ck_assert_str_eq(l.lab.machines[0].selector, "web@container");
	load_end(&l);
}
END_TEST

/* Every line that is commented out of the template is right, too. */
START_TEST(the_template_s_comments_load)
{
	AUTO_STR text = {0};
	const char *p = config_template();

	while (*p) {
		size_t n = strcspn(p, "\n"), indent = strspn(p, " ");
		bool key = p[indent] == '#' && indent > 0 && !strstr(config_template(), "\t");
		if (key && strncmp(p + indent, "# depends_on", 12) == 0)
			key = false; /* there is no db */
		if (key)
			str_addf(&text, "%.*s%.*s\n", (int)indent, p, (int)(n - indent - 2),
			        p + indent + 2);
		else
			str_addf(&text, "%.*s\n", (int)n, p);
		p += n + (p[n] == '\n');
	}
	load_begin(&l);
	load_file(&l, "prov.yaml", text.buf, text.len);
	load_file(&l, "site.conf", "", 0);
	load_file(&l, "setup.sh", "", 0);
	load_now(&l, NULL);
	AUTO_FREE char *problems = load_problems(&l);
	ck_assert_msg(l.rc == 0, "%s\n%s", problems, text.buf);
	ck_assert(l.lab.n == 3 && l.lab.machines[0].n_provision == 3);
	ck_assert_int_eq(l.lab.machines[0].ready.type, READY_TCP);
	load_end(&l);
}
END_TEST

START_TEST(networks)
{
	load_good(&l,
	        HEAD "defaults: { box: tiny }\n"
	             "networks:\n"
	             "  lan: { subnet: 10.77.0.0/24, ipv6: true, mtu: 1400 }\n"
	             "  back: { mode: isolated }\n"
	             "  hall: { mode: bridge, bridge: br0, subnet: 192.168.7.0/24 }\n"
	             "machines:\n"
	             "  db: { networks: { name: back, aliases: [sql, sql.example.org] } }\n"
	             "  web: { provider: both, networks: [back, { name: lan, ip: 10.77.0.20,\n"
	             "         aliases: [www] }, default] }\n"
	             "  node: { count: 3, networks: [ { name: hall, ip: 192.168.7.1 } ] }\n"
	             "  alone: { networks: none }\n",
	        NULL);
	ck_assert_uint_eq(l.lab.n_networks, 3);
	const struct network_decl *n = l.lab.networks;
	ck_assert_str_eq(n[0].name, "lan");
	ck_assert(n[0].mode == NET_NAT && n[0].ipv6 && n[0].mtu == 1400 && !n[0].bridge);
	ck_assert_str_eq(n[0].subnet, "10.77.0.0/24");
	ck_assert(n[1].mode == NET_ISOLATED && !n[1].subnet && !n[1].ipv6 && !n[1].mtu);
	ck_assert(n[2].mode == NET_BRIDGE);
	ck_assert_str_eq(n[2].bridge, "br0");

	const struct machine_spec *db = load_machine(&l, "db@container");
	ck_assert_uint_eq(db->n_nics, 1);
	ck_assert(!db->nics[0].default_route && !db->nics[0].address);
	expect_list(&db->nics[0].aliases, "sql sql.example.org");
	/* The first that leads out has the default route; both kinds count on together. */
	const struct machine_spec *web = load_machine(&l, "web@container");
	ck_assert_uint_eq(web->n_nics, 3);
	ck_assert(!web->nics[0].default_route && web->nics[1].default_route &&
	        !web->nics[2].default_route);
	ck_assert_str_eq(web->nics[1].address, "10.77.0.20");
	expect_list(&web->nics[1].aliases, "www");
	web = load_machine(&l, "web@kvm");
	ck_assert_str_eq(web->nics[1].address, "10.77.0.21");
	ck_assert_uint_eq(web->nics[1].aliases.n, 0);
	ck_assert_str_eq(load_machine(&l, "node-3@container")->nics[0].address, "192.168.7.3");
	ck_assert_uint_eq(load_machine(&l, "alone@container")->n_nics, 0);
	load_end(&l);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("config");
	TCase *tc = tcase_create("config");

	tcase_set_timeout(tc, 30);
	tcase_add_test(tc, every_key_that_is_supported);
	tcase_add_test(tc, containers);
	tcase_add_test(tc, defaults_merge_maps_and_replace_lists);
	tcase_add_test(tc, capabilities);
	tcase_add_test(tc, provision_items);
	tcase_add_test(tc, kinds_and_names);
	tcase_add_test(tc, the_option_wins);
	tcase_add_test(tc, dependencies);
	tcase_add_test(tc, a_long_chain_is_no_circle);
	tcase_add_test(tc, the_lab_is_named_after_its_folder);
	tcase_add_test(tc, the_file_is_found_upwards);
	tcase_add_test(tc, a_link_is_read_where_it_lies);
	tcase_add_test(tc, files_that_cannot_be_read);
	tcase_add_test(tc, the_template_loads);
	tcase_add_test(tc, the_template_s_comments_load);
	tcase_add_test(tc, networks);
	suite_add_tcase(suite, tc);
	return suite_finish(suite);
}
