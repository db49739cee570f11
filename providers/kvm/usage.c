/* What a virtual machine uses, as libvirt and the kernel tell; and its processors stopped. */
#include "providers/kvm/kvm.h"

#include "base/fs.h"

#include <stdio.h>
#include <string.h>

#define LEAST_ROOM (1024 * 1024) /* bytes that a disk can grow by before it is worth to go on */

/* Pages that QEMU shares count in part: never summed RSS. -1: not known. */
static int64_t pss_of(int pid)
{
	AUTO_FREE char *path = xasprintf("/proc/%d/smaps_rollup", pid);
	AUTO_STR text = {0};
	long long kib;

	if (pid <= 0 || fs_read(path, 64 * 1024, &text, NULL) < 0)
		return -1;
	const char *line = strstr(str_text(&text), "\nPss:");
	return line && sscanf(line, "\nPss: %lld kB", &kib) == 1 ? (int64_t)kib * 1024 : -1;
}

/* A row for each of libvirt's fields; those with a number in them ("block.0.rd.bytes") are added
 * up. */
struct stat_row {
	const char *before, *after; /* of the number; after NULL: the whole name */
	size_t field;
	int64_t factor;
};
static const struct stat_row stat_rows[] = {
        {"cpu.time", NULL, offsetof(struct usage, cpu_ns), 1},
        {"cpu.user", NULL, offsetof(struct usage, cpu_user_ns), 1},
        {"cpu.system", NULL, offsetof(struct usage, cpu_system_ns), 1},
        {"balloon.maximum", NULL, offsetof(struct usage, memory_limit_bytes), 1024},
        {"block.", ".rd.bytes", offsetof(struct usage, io_read_bytes), 1},
        {"block.", ".wr.bytes", offsetof(struct usage, io_written_bytes), 1},
        {"net.", ".rx.bytes", offsetof(struct usage, net_received_bytes), 1},
        {"net.", ".tx.bytes", offsetof(struct usage, net_sent_bytes), 1},
};

static void take(const char *name, int64_t value, struct usage *out)
{
	for (size_t i = 0; i < ARRAY_SIZE(stat_rows); i++) {
		const struct stat_row *row = &stat_rows[i];
		int64_t *field = (int64_t *)(void *)((char *)out + row->field);
		bool match = row->after
		        ? str_starts(name, row->before) && str_ends(name, row->after)
		        : str_eq(name, row->before);
		if (match)
			*field = (*field > 0 ? *field : 0) + value * row->factor;
	}
}

/* All in one call: each costs a round trip to libvirtd. */
static int read_stats(virDomainPtr domain, struct usage *out)
{
	virDomainPtr list[] = {domain, NULL};
	virDomainStatsRecordPtr *records = NULL;
	int n = virDomainListGetStats(list,
	        VIR_DOMAIN_STATS_CPU_TOTAL | VIR_DOMAIN_STATS_BALLOON | VIR_DOMAIN_STATS_INTERFACE |
	                VIR_DOMAIN_STATS_BLOCK,
	        &records, 0);

	if (n < 0)
		return -1;
	for (int i = 0; n == 1 && i < records[0]->nparams; i++) {
		const virTypedParameter *p = &records[0]->params[i];
		if (p->type == VIR_TYPED_PARAM_ULLONG)
			take(p->field, (int64_t)p->value.ul, out);
		else if (p->type == VIR_TYPED_PARAM_LLONG)
			take(p->field, p->value.l, out);
	}
	virDomainStatsRecordListFree(records);
	return 0;
}

int kvm_usage(void *session, struct usage *out, struct err *err)
{
	struct kvm_session *s = session;
	AUTO_DOMAIN domain = NULL;
	virDomainInfo info;

	if (kvm_domain(s, &domain, err) < 0)
		return -1;
	if (!domain || virDomainIsActive(domain) != 1)
		return err_set(
		        err, ERR_FAILED, "the machine '%s' is not running", s->spec->selector);
	usage_init(out);
	out->memory_bytes = pss_of(kvm_qemu_pid(s));
	/* Not every driver has the long list. */
	if (read_stats(domain, out) < 0 || out->cpu_ns < 0) {
		if (virDomainGetInfo(domain, &info) < 0)
			return libvirt_err(err, "measure the domain '%s'", s->names->domain);
		out->cpu_ns = (int64_t)info.cpuTime;
		out->memory_limit_bytes = (int64_t)info.maxMem * 1024;
	}
	snprintf(out->method, sizeof(out->method), "%s",
	        out->memory_bytes < 0 ? "not known: QEMU is on another host, or not ours to read"
	                              : "PSS of QEMU: guest memory it has touched, translation "
	                                "cache, device emulation");
	return 0;
}

/* What it could not write it writes again as soon as it goes on, and is paused again. */
static int refuse_full_disk(const struct kvm_session *s, int reason, struct err *err)
{
	uint64_t left = 0;

	if (reason != VIR_DOMAIN_PAUSED_IOERROR || !libvirt_is_local_system(s->spec->kvm.uri) ||
	        fs_free_bytes(s->names->dir, &left, NULL) < 0 || left >= LEAST_ROOM)
		return 0;
	err_set(err, ERR_FAILED, "'%s' cannot go on: no space is left in '%s' for its disk",
	        s->spec->selector, s->names->dir);
	return err_hint(err, "make room, then prov resume %s", s->spec->selector);
}

int kvm_freeze(void *session, bool freeze, struct err *err)
{
	struct kvm_session *s = session;
	AUTO_DOMAIN domain = NULL;
	int state, reason;

	if (kvm_domain(s, &domain, err) < 0)
		return -1;
	if (!domain || virDomainGetState(domain, &state, &reason, 0) < 0)
		return err_set(
		        err, ERR_FAILED, "the machine '%s' is not running", s->spec->selector);
	if ((state == VIR_DOMAIN_PAUSED) == freeze)
		return 0;
	if (!freeze && refuse_full_disk(s, reason, err) < 0)
		return -1;
	if ((freeze ? virDomainSuspend(domain) : virDomainResume(domain)) < 0)
		return libvirt_err(
		        err, "%s the domain '%s'", freeze ? "suspend" : "resume", s->names->domain);
	return 0;
}
