#include "compare/load.h"

#include "base/clock.h"
#include "base/fs.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Beyond these a run says as much about its neighbours as about itself. */
#define OTHER_LIMIT 0.25
#define STEAL_LIMIT 0.05

int load_parse(
        const char *stat, const char *loadavg, long hz, struct load_sample *out, struct err *err)
{
	double user, nice, system, idle, wait, irq, softirq, steal, load;

	/* proc(5): guest time is in user time already. */
	if (sscanf(stat, "cpu %lf %lf %lf %lf %lf %lf %lf %lf", &user, &nice, &system, &idle, &wait,
	            &irq, &softirq, &steal) != 8)
		return err_set(err, ERR_FAILED, "/proc/stat does not begin with the CPUs' times");
	if (sscanf(loadavg, "%lf", &load) != 1)
		return err_set(err, ERR_FAILED, "/proc/loadavg does not begin with a number");
	out->busy_s = (user + nice + system + irq + softirq) / (double)hz;
	out->steal_s = steal / (double)hz;
	out->load1 = load;
	return 0;
}

int load_read(struct load_sample *out, struct err *err)
{
	AUTO_STR stat = {0};
	AUTO_STR average = {0};

	if (fs_read("/proc/stat", 1 << 20, &stat, err) < 0 ||
	        fs_read("/proc/loadavg", 256, &average, err) < 0 ||
	        load_parse(str_text(&stat), str_text(&average), sysconf(_SC_CLK_TCK), out, err) < 0)
		return -1;
	out->t_ns = clock_mono_ns();
	return 0;
}

void load_judge(const struct load_sample *before, const struct load_sample *after, double own_s,
        struct load_use *out)
{
	double wall_s = (double)(after->t_ns - before->t_ns) / 1e9;

	*out = (struct load_use){0};
	if (wall_s <= 0)
		return;
	out->other = (after->busy_s - before->busy_s - own_s) / wall_s;
	out->steal = (after->steal_s - before->steal_s) / wall_s;
	if (out->other < 0)
		out->other = 0; /* ticks are counted whole */
	out->disturbed = out->other > OTHER_LIMIT || out->steal > STEAL_LIMIT;
}
