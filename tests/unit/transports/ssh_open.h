/* A real SSH server and the transport to it, for the suites of the SSH transport. */
#pragma once

#include "tests/fake/sshd_case.h"
#include "transports/ssh/module.h"

static struct fake_sshd sshd;
static struct transport *t;

/* Loop tests: 0 is OpenSSH, 1 dropbear. False: skipped. */
static inline bool begin(int kind)
{
	struct err err = {0};

	if (!sshd_begin(&sshd, kind))
		return false;
	ck_assert_msg(prov_ssh.open(&sshd.target, 0, NULL, &t, &err) == 0, "%s", err.message);
	return true;
}

static inline void end(void)
{
	if (t)
		t->ops->close(t);
	t = NULL;
	fake_sshd_stop(&sshd);
}

static inline void collect(void *ctx, int stream, const char *data, size_t n)
{
	struct str *both = ctx;

	str_addn(&both[stream - 1], data, n);
}

static inline int run_cmd(struct transport_cmd *cmd, struct str both[2])
{
	struct err err = {0};
	int status = -1;

	cmd->output = collect;
	cmd->ctx = both;
	ck_assert_msg(t->ops->run(t, cmd, &status, &err) == 0, "%s", err.message);
	return status;
}

static inline int run_sh(const char *script, struct str both[2])
{
	const char *const argv[] = {"sh", "-c", script, NULL};
	struct transport_cmd cmd = {.argv = argv, .in_fd = -1};

	return run_cmd(&cmd, both);
}
