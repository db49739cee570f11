#include "core/provider.h"

#include <stdlib.h>

const char *machine_state_name(enum machine_state state)
{
	static const char *const names[] = {
	        [MACHINE_ABSENT] = "absent",
	        [MACHINE_CREATED] = "created",
	        [MACHINE_RUNNING] = "running",
	        [MACHINE_SUSPENDED] = "suspended",
	        [MACHINE_SAVED] = "saved",
	        [MACHINE_HALTED] = "halted",
	};

	return names[state];
}

int provider_find(const struct providers *table, const char *name, const struct provider **out,
        struct err *err)
{
	for (size_t i = 0; i < table->n; i++)
		if (str_eq(table->entries[i].name, name))
			return table->entries[i].load(out, err);
	return err_set(err, ERR_CONFIG, "there is no provider '%s'", name);
}

void usage_init(struct usage *usage)
{
	*usage = (struct usage){.memory_bytes = -1,
	        .cpu_ns = -1,
	        .memory_limit_bytes = -1,
	        .swap_bytes = -1,
	        .anon_bytes = -1,
	        .file_bytes = -1,
	        .kernel_bytes = -1,
	        .cpu_user_ns = -1,
	        .cpu_system_ns = -1,
	        .io_read_bytes = -1,
	        .io_written_bytes = -1,
	        .net_received_bytes = -1,
	        .net_sent_bytes = -1,
	        .pids = -1,
	        .pids_limit = -1,
	        .oom_kills = -1,
	        .cpu_pressure = -1,
	        .memory_pressure = -1,
	        .io_pressure = -1};
}

void machine_processes_free(struct machine_process *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		procfs_process_clear(&v[i].p);
		free(v[i].user);
	}
	free(v);
}
