/* What a right prov.yaml becomes: keys, defaults, merging, provision. */
#include "tests/unit/lab/load.h"

static struct loaded l;

START_TEST(every_key_that_is_supported)
{
	load_good(&l,
	        LOAD_HEAD "domain: shop.test\n"
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
	load_expect(&m->env, "A=010 B=yes C= D= E=$HOME F=null G=1e3"); /* as written */
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
	        LOAD_HEAD "machines:\n  web:\n    box: ./x.box\n    container:\n"
	                  "      { command: [sh, -c, \"sleep 1\"], init: /sbin/init, pids: 5,\n"
	                  "        stop_signal: SIGINT, stop_timeout: 1s }\n"
	                  "    networks: host\n  b: { box: tiny, networks: none }\n",
	        NULL);
	const struct machine_spec *m = load_machine(&l, "web@container");
	AUTO_FREE char *box = xasprintf("%s/x.box", l.folder);
	ck_assert_str_eq(m->box.name, box);
	load_expect(&m->container.command, "sh -c sleep 1");
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
	        LOAD_HEAD "defaults:\n"
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
	load_expect(&c->env, "A=d B=m C=m");
	ck_assert_int_eq(c->n_provision, 2);
	ck_assert_str_eq(c->provision[0].name, "first");
	ck_assert_str_eq(c->provision[1].name, "second");
	ck_assert(c->ready.type == READY_EXEC && c->ready.timeout_ns == 5000000000);
	load_expect(&c->container.command, "z");
	ck_assert(c->container.pids == 7 && c->memory_bytes == INT64_C(1) << 30 && c->cpus == 1);
	const struct machine_spec *k = load_machine(&l, "web@kvm");
	load_expect(&k->env, "K=d B=m C=m"); /* the default for the kind replaces the default */
	ck_assert_str_eq(k->provision[0].name, "first");
	ck_assert_str_eq(k->provision[1].name, "third");
	ck_assert_str_eq(k->provision[0].place, "prov.yaml:7");
	ck_assert_str_eq(k->provision[1].place, "prov.yaml:18");
	ck_assert(k->memory_bytes == INT64_C(2) << 30 && k->cpus == 2);
	const struct machine_spec *p = load_machine(&l, "plain@container");
	ck_assert(p->ready.type == READY_TCP && p->n_provision == 1 && p->container.command.n == 2);
	load_end(&l);
}
END_TEST

START_TEST(capabilities)
{
	load_good(&l,
	        LOAD_HEAD "defaults:\n"
	                  "  box: debian/12\n"
	                  "  container: { capabilities: { add: [SYS_TIME], drop: [NET_RAW] } }\n"
	                  "machines:\n"
	                  "  web:\n"
	                  "    container: { capabilities: { add: [NET_ADMIN, SYS_ADMIN] } }\n"
	                  "  plain:\n",
	        NULL);
	const struct machine_spec *m = load_machine(&l, "web@container");
	load_expect(&m->container.caps_add, "NET_ADMIN SYS_ADMIN");
	load_expect(&m->container.caps_drop, "NET_RAW");
	m = load_machine(&l, "plain@container");
	load_expect(&m->container.caps_add, "SYS_TIME");
	load_end(&l);
}
END_TEST

START_TEST(provision_items)
{
	load_good(&l,
	        LOAD_HEAD
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
	load_expect(&p[1].args, "a 010 ");
	load_expect(&p[1].env, "STAGE=lab");
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
	load_expect(&p[7].args, "-v");
	load_expect(&p[7].vars, "a=1");
	load_end(&l);
}
END_TEST

START_TEST(networks)
{
	load_good(&l,
	        LOAD_HEAD "defaults: { box: tiny }\n"
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
	load_expect(&db->nics[0].aliases, "sql sql.example.org");
	/* The first that leads out has the default route; both kinds count on together. */
	const struct machine_spec *web = load_machine(&l, "web@container");
	ck_assert_uint_eq(web->n_nics, 3);
	ck_assert(!web->nics[0].default_route && web->nics[1].default_route &&
	        !web->nics[2].default_route);
	ck_assert_str_eq(web->nics[1].address, "10.77.0.20");
	load_expect(&web->nics[1].aliases, "www");
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
	tcase_add_test(tc, networks);
	suite_add_tcase(suite, tc);
	return suite_finish(suite);
}
