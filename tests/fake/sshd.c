#include "tests/fake/sshd.h"

#include "base/fs.h"
#include "base/proc.h"
#include "transports/ssh/module.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define USER_ID 23456

static const struct {
	const char *path;
	const char *package;
} servers[] = {
        [FAKE_OPENSSH] = {"/usr/sbin/sshd", "openssh-server"},
        [FAKE_DROPBEAR] = {"/usr/sbin/dropbear", "dropbear-bin"},
};

const char *fake_sshd_missing(enum fake_sshd_kind kind)
{
	if (geteuid() != 0)
		return "an SSH server for several users needs root";
	if (access(servers[kind].path, X_OK) < 0)
		return kind == FAKE_OPENSSH ? "there is no sshd" : "there is no dropbear";
	if (kind == FAKE_DROPBEAR && access("/bin/busybox", X_OK) < 0)
		return "there is no busybox";
	return NULL;
}

static int write_in(const char *dir, const char *name, const void *bytes, size_t n, mode_t mode,
        struct err *err)
{
	AUTO_FREE char *path = xasprintf("%s/%s", dir, name);

	return fs_replace(path, bytes, n, mode, err);
}

static int write_text(
        const char *dir, const char *name, const char *text, mode_t mode, struct err *err)
{
	return write_in(dir, name, text, strlen(text), mode, err);
}

/* A client's key and the known_hosts line of a server's key. */
static int write_keys(const char *dir, const char *prefix, int port, struct err *err)
{
	AUTO_FREE char *key = xasprintf("%skey", prefix);
	AUTO_FREE char *authorized = xasprintf("%sauthorized_keys", prefix);
	AUTO_FREE char *host = xasprintf("%shost_key", prefix);
	AUTO_FREE char *dropbear = xasprintf("%shost_key_dropbear", prefix);
	AUTO_FREE char *known = xasprintf("%sknown_hosts", prefix);
	struct key_pair client = {0}, server = {0};
	int rc = prov_keys.generate("client", &client, err);

	if (rc == 0)
		rc = prov_keys.generate("server", &server, err);
	if (rc == 0) {
		AUTO_FREE char *line = xasprintf("[127.0.0.1]:%d %s", port, server.public_line);
		if (write_text(dir, key, client.private_key, 0600, err) < 0 ||
		        write_text(dir, authorized, client.public_line, 0644, err) < 0 ||
		        write_text(dir, host, server.private_key, 0600, err) < 0 ||
		        write_in(dir, dropbear, server.dropbear, server.dropbear_n, 0600, err) <
		                0 ||
		        write_text(dir, known, line, 0644, err) < 0)
			rc = -1;
	}
	key_pair_clear(&client);
	key_pair_clear(&server);
	return rc;
}

/* dropbear looks nowhere else, and only at files of the user's own. */
static int give_key(const char *dir, const char *home, struct err *err)
{
	AUTO_FREE char *folder = xasprintf("%s/.ssh", home);
	AUTO_FREE char *copy = xasprintf("%s/authorized_keys", folder);
	AUTO_FREE char *keys = xasprintf("%s/authorized_keys", dir);
	AUTO_STR text = {0};

	if (fs_read(keys, 65536, &text, err) < 0)
		return -1;
	if (mkdir(folder, 0700) < 0)
		return err_sys(err, "make '%s'", folder);
	if (fs_replace(copy, text.buf, text.len, 0600, err) < 0)
		return -1;
	if (chown(folder, USER_ID, USER_ID) < 0 || chown(copy, USER_ID, USER_ID) < 0)
		return err_sys(err, "give '%s' to its user", folder);
	return 0;
}

static int write_users(const char *dir, struct err *err)
{
	AUTO_FREE char *home = xasprintf("%s/home", dir);
	AUTO_FREE char *passwd = xasprintf("root:x:0:0:root:/root:/bin/sh\n"
	                                   "sshd:x:100:65534::/run/sshd:/usr/sbin/nologin\n"
	                                   "nobody:x:65534:65534::/:/usr/sbin/nologin\n"
	                                   "%s:x:%d:%d::%s:/bin/sh\n",
	        FAKE_SSHD_USER, USER_ID, USER_ID, home);
	AUTO_FREE char *group = xasprintf(
	        "root:x:0:\nnogroup:x:65534:\nstaff:x:50:\n%s:x:%d:\n", FAKE_SSHD_USER, USER_ID);

	if (mkdir(home, 0755) < 0 || chown(home, USER_ID, USER_ID) < 0)
		return err_sys(err, "make '%s'", home);
	if (give_key(dir, home, err) < 0 || write_text(dir, "passwd", passwd, 0644, err) < 0 ||
	        write_text(dir, "group", group, 0644, err) < 0)
		return -1;
	return write_text(dir, "shadow",
	        "root:*:19000:0:99999:7:::\nnobody:*:19000:0:99999:7:::\n" FAKE_SSHD_USER
	        ":*:19000:0:99999:7:::\n",
	        0600, err);
}

static int write_config(const char *dir, struct err *err)
{
	AUTO_FREE char *text = xasprintf("HostKey %s/host_key\nAuthorizedKeysFile "
	                                 "%s/authorized_keys\nStrictModes no\nUsePAM no\n"
	                                 "PermitRootLogin yes\nPasswordAuthentication no\n"
	                                 "PidFile none\nPrintMotd no\nLogLevel QUIET\n"
	                                 "Subsystem sftp internal-sftp\n",
	        dir, dir);

	return write_text(dir, "sshd_config", text, 0644, err);
}

static int listen_on_loopback(int *port, struct err *err)
{
	struct sockaddr_in address = {
	        .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t n = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	        listen(fd, 16) < 0 || getsockname(fd, (struct sockaddr *)&address, &n) < 0)
		return err_sys(err, "listen on loopback");
	*port = ntohs(address.sin_port);
	return fd;
}

static void must(bool ok, const char *what)
{
	if (ok)
		return;
	perror(what);
	_exit(99);
}

static void bind_over(const char *dir, const char *name, const char *target)
{
	AUTO_FREE char *path = xasprintf("%s/%s", dir, name);

	must(mount(path, target, NULL, MS_BIND, NULL) == 0, target);
}

static void make_private_root(const char *dir, enum fake_sshd_kind kind)
{
	AUTO_FREE char *keys = xasprintf("%s/authorized_keys", dir);
	const char *const busybox[] = {"/bin/busybox", "--install", "-s", "/usr/sbin", NULL};
	struct err err = {0};
	AUTO_STR text = {0};

	must(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0, "private mounts");
	must(mount("proc", "/proc", "proc", 0, NULL) == 0, "/proc");
	must(mount("run", "/run", "tmpfs", 0, "mode=755") == 0, "/run");
	must(mkdir("/run/sshd", 0755) == 0, "/run/sshd");
	must(mount("log", "/var/log", "tmpfs", 0, "mode=755") == 0, "/var/log"); /* lastlog */
	must(mount("root", "/root", "tmpfs", 0, "mode=700") == 0, "/root");
	must(mkdir("/root/.ssh", 0700) == 0, "/root/.ssh");
	must(fs_read(keys, 65536, &text, &err) == 0, err.message);
	must(fs_replace("/root/.ssh/authorized_keys", text.buf, text.len, 0600, &err) == 0,
	        err.message);
	bind_over(dir, "passwd", "/etc/passwd");
	bind_over(dir, "group", "/etc/group");
	bind_over(dir, "shadow", "/etc/shadow");
	if (kind == FAKE_DROPBEAR) {
		must(mount("sbin", "/usr/sbin", "tmpfs", 0, "mode=755") == 0, "/usr/sbin");
		must(proc_check(busybox, NULL, &err) == 0, err.message);
	}
}

static void serve(int listener, int server, const char *dir, enum fake_sshd_kind kind)
{
	AUTO_FREE char *config = xasprintf("%s/sshd_config", dir);
	AUTO_FREE char *host_key = xasprintf("%s/host_key_dropbear", dir);
	const char *const sshd[] = {servers[FAKE_OPENSSH].path, "-i", "-f", config, NULL};
	const char *const dropbear[] = {"dropbear", "-i", "-s", "-r", host_key, NULL};
	char *const *argv = (char *const *)(uintptr_t)(kind == FAKE_OPENSSH ? sshd : dropbear);

	int on = 1;

	for (;;) {
		int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
		if (fd < 0)
			continue;
		/* As dropbear itself does where it listens. */
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
		if (fork() == 0) {
			/* A shell cannot trap what it was born ignoring. */
			for (int number = 1; number < NSIG; number++)
				signal(number, SIG_DFL);
			int null = open("/dev/null", O_WRONLY);
			dup2(fd, 0);
			dup2(fd, 1);
			dup2(null, 2);
			if (kind == FAKE_OPENSSH)
				execv(argv[0], argv);
			else
				fexecve(server, argv, environ);
			_exit(99);
		}
		close(fd);
	}
}

/* Reports one byte once the private root stands. */
static pid_t fork_listener(int listener, const char *dir, enum fake_sshd_kind kind, struct err *err)
{
	int report[2];
	char byte;

	if (pipe2(report, O_CLOEXEC) < 0)
		return err_sys(err, "make a pipe");
	/* A fork into namespaces of its own: with process 1 of it everything ends. */
	pid_t pid = (pid_t)syscall(
	        SYS_clone, CLONE_NEWNS | CLONE_NEWPID | SIGCHLD, NULL, NULL, NULL, NULL);
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		int server = open(servers[kind].path, O_PATH); /* hidden by busybox later */
		make_private_root(dir, kind);
		signal(SIGCHLD, SIG_IGN); /* no zombies */
		must(write(report[1], "1", 1) == 1, "report");
		close(report[1]);
		serve(listener, server, dir, kind);
	}
	close(report[1]);
	ssize_t n = pid < 0 ? -1 : read(report[0], &byte, 1);
	close(report[0]);
	if (n == 1)
		return pid;
	if (pid > 0)
		waitpid(pid, NULL, 0);
	return err_set(err, ERR_FAILED, "the SSH server's surroundings could not be made");
}

static int prepare(struct fake_sshd *s, enum fake_sshd_kind kind, struct err *err)
{
	int port = 0;

	strcpy(s->dir, "/tmp/prov-test-sshd-XXXXXX");
	if (!mkdtemp(s->dir) || chmod(s->dir, 0755) < 0)
		return err_sys(err, "make '%s'", s->dir);
	AUTO_FD int listener = listen_on_loopback(&port, err);
	if (listener < 0 || write_keys(s->dir, "", port, err) < 0 ||
	        write_keys(s->dir, "other_", port, err) < 0 || write_users(s->dir, err) < 0 ||
	        write_config(s->dir, err) < 0)
		return -1;
	s->key = xasprintf("%s/key", s->dir);
	s->known_hosts = xasprintf("%s/known_hosts", s->dir);
	s->other_key = xasprintf("%s/other_key", s->dir);
	s->other_known_hosts = xasprintf("%s/other_known_hosts", s->dir);
	s->target = (struct ssh_target){.host = "127.0.0.1",
	        .port = port,
	        .user = FAKE_SSHD_USER,
	        .key = s->key,
	        .known_hosts = s->known_hosts};
	s->pid = fork_listener(listener, s->dir, kind, err);
	return s->pid < 0 ? -1 : 0;
}

int fake_sshd_start(struct fake_sshd *s, enum fake_sshd_kind kind, struct err *err)
{
	const char *missing = fake_sshd_missing(kind);

	*s = (struct fake_sshd){.pid = -1};
	if (missing)
		return err_set(err, ERR_HOST, "%s", missing);
	if (prepare(s, kind, err) == 0)
		return 0;
	fake_sshd_stop(s);
	return -1;
}

void fake_sshd_kill(struct fake_sshd *s)
{
	if (s->pid <= 0)
		return;
	kill(s->pid, SIGKILL);
	while (waitpid(s->pid, NULL, 0) < 0 && errno == EINTR)
		;
	s->pid = -1;
}

void fake_sshd_stop(struct fake_sshd *s)
{
	fake_sshd_kill(s);
	if (s->dir[0])
		(void)!fs_remove_tree(s->dir, NULL);
	free(s->key);
	free(s->known_hosts);
	free(s->other_key);
	free(s->other_known_hosts);
	*s = (struct fake_sshd){.pid = -1};
}
