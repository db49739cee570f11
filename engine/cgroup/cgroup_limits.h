/*
 * What a control group may be told, as plain data: the superset of what prov's machines and OCI's
 * linux.resources (runtime-spec config-linux.md) ask for, in the units of the kernel's documents
 * (admin-guide/cgroup-v1/, cgroup-v2.rst). A struct of zeros asks for nothing: every field that is
 * not set leaves what the kernel has.
 */
#pragma once

#include "base/str.h"

/* A number that may be left alone. Where the kernel has "no limit", that is -1. */
struct limit {
	bool set;
	int64_t value;
};
#define LIMIT(number) ((struct limit){true, (number)})

enum { DEVICE_READ = 1, DEVICE_WRITE = 2, DEVICE_MKNOD = 4, DEVICE_ANY = 7 };

/* Later rows win. A process is refused what no row allows, once there is any row. */
struct device_rule {
	bool allow;
	char type;            /* 'c', 'b', or 'a': both, with every number */
	int64_t major, minor; /* -1: every one */
	unsigned access;      /* DEVICE_… */
};

/* One disk. Rates of 0 or less: no limit. */
struct io_device {
	unsigned major, minor;
	struct limit weight, leaf_weight; /* 10-1000, as OCI has them; leaf_weight v1 alone */
	struct limit read_bps, write_bps, read_iops, write_iops;
};

struct hugepage_limit {
	char *size; /* "2MB", as the kernel's file has it */
	int64_t bytes;
};

struct rdma_limit {
	char *device;
	struct limit handles, objects;
};

struct cgroup_limits {
	struct {
		struct limit bytes;
		struct limit with_swap;   /* memory and swap together; v2 gets the difference */
		struct limit reservation; /* v1 soft limit, v2 memory.low; -1: nothing is kept */
		struct limit kernel, kernel_tcp; /* v1, where the kernel still has them */
		struct limit swappiness;         /* 0-100; v1 */
		bool no_oom_killer;              /* v1 */
		bool check_before_update; /* a limit below what is in use is an error; else what is
		                             beyond it is reclaimed, or the OOM killer comes */
	} memory;
	struct {
		struct limit shares; /* 2-262144, as v1 has it; v2 gets the weight that runtimes
		                        agree on */
		struct limit weight; /* 1-10000, as v2 has it, 100 is the kernel's default; v1 gets
		                        shares, 1024 for 100. Not together with shares */
		struct limit quota, period, burst;  /* microseconds */
		struct limit rt_runtime, rt_period; /* v1 */
		struct limit idle;                  /* 0 or 1 */
		char *cpus, *mems;                  /* "0-1,3"; NULL: as the parent */
	} cpu;
	struct limit pids;
	struct {
		struct limit
		        weight; /* 1-10000, as v2's io.weight has it; v1 gets what it has for it */
		struct limit blkio_weight, leaf_weight; /* 10-1000, as OCI has them */
		struct io_device *devices;
		size_t n_devices;
	} io;
	struct hugepage_limit *hugepages;
	size_t n_hugepages;
	struct {
		struct limit class_id;  /* v1 net_cls */
		struct strv priorities; /* "eth0 5", v1 net_prio */
	} network;
	struct rdma_limit *rdma;
	size_t n_rdma;
	struct strv unified; /* "memory.high=1048576": files of v2, written last and as they are */
	struct device_rule *rules;
	size_t n_rules;
};

void cgroup_limits_clear(struct cgroup_limits *limits);
void device_rule_add(struct cgroup_limits *limits, const struct device_rule *rule);
/* What every container may use: nothing but null, zero, full, random, urandom, tty, ptmx, pts and
 * console; and making nodes of any kind (that cannot be opened). Added behind what there is. */
void device_rules_default(struct cgroup_limits *limits);

/* As runtimes convert, so that a container has the same share under each of them. */
int64_t cgroup_weight_of_shares(int64_t shares);   /* 2-262144 to 1-10000 */
int64_t cgroup_shares_of_weight(int64_t weight);   /* 1-10000 to 2-262144, 100 to 1024 */
int64_t cgroup_io_weight_of_blkio(int64_t weight); /* 10-1000 to 1-10000 */
int64_t cgroup_bfq_of_io_weight(int64_t weight);   /* 1-10000 to 1-1000, 100 to 100 */
