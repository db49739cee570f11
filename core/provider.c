#include "core/provider.h"

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
