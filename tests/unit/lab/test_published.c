/* Published ports: read into specs, given out once, and refused where somebody else has them. */
#include "tests/unit/lab/lab_fixture.h"

#include "base/fs.h"
#include "lab/network/published.h"
#include "net/ports.h"
#include "tests/fake/check_util.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <sys/socket.h>

#define HEAD "prov: 1\ndefaults: { box: tiny }\nmachines:\n"

static struct fixture fixture;
static struct err err;

static void begin(void)
{
	lab_fixture_begin(&fixture);
}

static void end(void)
{
	lab_fixture_end(&fixture);
}

static int publish(const char *folder, const char *text, struct lab *lab)
{
	struct machine **chosen = NULL;
	struct strv none = {0};
	size_t n;

	if (text)
		lab_fixture_write(folder, text);
	lab_fixture_open(folder, lab);
	ck_ok(lab_lock(lab, &err));
	ck_ok(lab_select(lab, &none, &chosen, &n, &err));
	int rc = published_alloc(lab, chosen, n, &err);
	free(chosen);
	return rc;
}

static void fact_is(const struct lab *lab, const char *machine, const char *text)
{
	AUTO_FREE char *key = xasprintf("port.%s", machine);
	const char *value = journal_fact(journal_state(lab->journal), key);

	ck_assert_str_eq(value ? value : "", text);
}

START_TEST(every_form)
{
	struct lab lab;
	struct published_list list = {0};

	ck_ok(publish(fixture.project,
	        HEAD "  web: { ports: ['58080:80', '0.0.0.0:58053:53/udp', "
	             "'58100-58102:9100-9102'] }\n"
	             "  node: { count: 2, ports: ['58200-58209:80'] }\n"
	             "  both: { provider: both, autostart: true, ports: ['58300-58301:80'] }\n",
	        &lab));
	fact_is(&lab, "web@container",
	        "127.0.0.1:58080:80/tcp 0.0.0.0:58053:53/udp "
	        "127.0.0.1:58100-58102:9100-9102/tcp");
	fact_is(&lab, "node-1@container", "127.0.0.1:58200:80/tcp");
	fact_is(&lab, "node-2@container", "127.0.0.1:58201:80/tcp");
	fact_is(&lab, "both@container", "127.0.0.1:58300:80/tcp");
	fact_is(&lab, "both@kvm", "127.0.0.1:58301:80/tcp");
	published_read(journal_state(lab.journal), &list);
	ck_assert_int_eq((int)list.n, 7);
	const struct published *row = published_next(&list, "web@container", NULL);
	row = published_next(&list, "web@container", row);
	ck_assert(row->map.address.v4 && !row->map.address.v6 && !row->map.address.ip4);
	ck_assert_int_eq(row->map.guest, 53);
	ck_assert(row->map.udp);
	published_clear(&list);
	lab_clear(&lab);
}
END_TEST

/* A port without an address is on the loopback of both families, where the network has both. */
START_TEST(families)
{
	struct lab lab;

	ck_ok(publish(fixture.project,
	        "prov: 1\nnetworks: { six: { subnet: 10.9.8.0/24, ipv6: true } }\n"
	        "defaults: { box: tiny }\nmachines:\n"
	        "  web: { networks: six, ports: ['58080:80', '[::]:58081:80', '127.0.0.1:58082:80',"
	        " '[::1]:58082:81', '0.0.0.0:58081:82'] }\n",
	        &lab));
	AUTO_FREE char *wanted = xasprintf(
	        "%s:58080:80/tcp [::]:58081:80/tcp 127.0.0.1:58082:80/tcp [::1]:58082:81/tcp "
	        "0.0.0.0:58081:82/tcp",
	        ports_loopback6() ? "localhost" : "127.0.0.1");
	fact_is(&lab, "web@container", wanted);
	if (!ports_loopback6())
		ck_fails(published_check(&lab, &(struct machine *){lab.machines}, 1, &err),
		        ERR_HOST,
		        "'web@container' would publish a port of [::1], which this host cannot "
		        "lead "
		        "to a machine: its bridges hand IPv6 to the firewall "
		        "(bridge-nf-call-ip6tables)");
	lab_clear(&lab);
}
END_TEST

START_TEST(free_ones_are_kept)
{
	static const char text[] = HEAD "  a: { ports: ['80', '20001:1'] }\n"
	                                "  b: { ports: ['80', '90-92'] }\n";
	struct lab lab;

	ck_ok(publish(fixture.project, text, &lab));
	AUTO_FREE char *before =
	        xstrdup(journal_fact(journal_state(lab.journal), "port.b@container"));
	ck_assert(before && strchr(before, '*'));
	lab_clear(&lab);
	/* Another one before it in the list does not take its port. */
	ck_ok(publish(fixture.project,
	        HEAD "  a: { ports: ['81', '80'] }\n  b: { ports: ['80', '90-92'] }\n", &lab));
	fact_is(&lab, "b@container", before);
	lab_clear(&lab);
	ck_ok(publish(fixture.project, HEAD "  a: { ports: [] }\n", &lab));
	fact_is(&lab, "a@container", "");
	fact_is(&lab, "b@container", "");
	lab_clear(&lab);
}
END_TEST

START_TEST(two_labs_share_none)
{
	static const char text[] = HEAD "  web: { ports: ['0.0.0.0:58080:80', '80'] }\n";
	AUTO_FREE char *other = xasprintf("%s/other", fixture.root);
	struct lab a, b;

	ck_ok(publish(fixture.project, text, &a));
	AUTO_FREE char *wanted = xasprintf(
	        "'web@container' would publish port 127.0.0.1:58080/tcp of the host, which "
	        "'web@container' of the lab 'project' (%s) publishes",
	        a.id);
	ck_fails(publish(other, HEAD "  web: { ports: ['58080:80'] }\n", &b), ERR_FAILED, wanted);
	ck_assert_str_eq(err.hint,
	        "write another one, or only the machine's port (\"80\") for any "
	        "that is free");
	ck_fails(published_check(&b, &(struct machine *){b.machines}, 1, &err), ERR_FAILED, wanted);
	lab_clear(&b);
	ck_ok(publish(other, HEAD "  web: { ports: ['80'] }\n", &b));
	AUTO_FREE char *first =
	        xstrdup(journal_fact(journal_state(a.journal), "port.web@container"));
	const char *second = journal_fact(journal_state(b.journal), "port.web@container");
	ck_assert_ptr_nonnull(strchr(second, '*'));
	ck_assert_ptr_null(strstr(first, second));
	lab_clear(&b);
	lab_clear(&a);
}
END_TEST

START_TEST(a_journal_that_cannot_be_read)
{
	AUTO_FREE char *other = xasprintf("%s/other", fixture.root);
	struct lab a, b;

	ck_ok(publish(fixture.project, HEAD "  web: { ports: ['80'] }\n", &a));
	AUTO_FREE char *id = xstrdup(a.id);
	AUTO_FREE char *path = xasprintf("%s/lab.journal", a.dir);
	lab_clear(&a);
	ck_ok(fs_unlink(path, &err));
	ck_ok(fs_mkdirs(path, 0755, &err));
	AUTO_FREE char *wanted = xasprintf("look for the ports that lab '%s' has: ", id);
	ck_assert_int_eq(publish(other, HEAD "  web: { ports: ['80'] }\n", &b), -1);
	ck_assert_msg(str_starts(err.message, wanted), "%s", err.message);
	ck_has(err.message, path);
	ck_assert_str_eq(
	        err.hint, "mend or remove that file: without it they could be given out twice");
	fact_is(&b, "web@container", "");
	err = (struct err){0};
	ck_assert_int_eq(published_check(&b, &(struct machine *){b.machines}, 1, &err), -1);
	ck_assert_msg(str_starts(err.message, wanted), "%s", err.message);
	lab_clear(&b);
}
END_TEST

START_TEST(a_process_has_it)
{
	AUTO_FD int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(0x7f000001)}};
	socklen_t size = sizeof(address);
	struct lab lab;

	ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, size), 0);
	ck_assert_int_eq(listen(fd, 1), 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&address, &size), 0);
	int port = ntohs(address.sin_port);
	AUTO_FREE char *text = xasprintf(HEAD "  web: { ports: ['%d:80'] }\n", port);
	AUTO_FREE char *wanted =
	        xasprintf("'web@container' would publish port 127.0.0.1:%d/tcp of the host, which "
	                  "test_published (pid %d) listens on",
	                port, (int)getpid());
	lab_fixture_write(fixture.project, text);
	lab_fixture_open(fixture.project, &lab);
	ck_fails(published_check(&lab, &(struct machine *){lab.machines}, 1, &err), ERR_FAILED,
	        wanted);
	ck_assert_ptr_null(lab.id);
	lab_clear(&lab);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {every_form, families, free_ones_are_kept, two_labs_share_none,
	        a_journal_that_cannot_be_read, a_process_has_it};

	return suite_run("published", tests, ARRAY_SIZE(tests), begin, end);
}
