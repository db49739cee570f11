#include "transports/exec_env.h"

#include <stdlib.h>
#include <string.h>

void env_set(struct strv *env, const char *setting)
{
	size_t key = strcspn(setting, "=");

	for (size_t i = 0; i < env->n; i++) {
		if (strncmp(env->v[i], setting, key) != 0 || env->v[i][key] != '=')
			continue;
		free(env->v[i]);
		env->v[i] = xstrdup(setting);
		return;
	}
	strv_add(env, setting);
}

void env_machine(struct strv *env, const struct strv *machine)
{
	env_set(env, "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
	env_set(env, "LANG=C.UTF-8");
	for (size_t i = 0; machine && i < machine->n; i++)
		env_set(env, machine->v[i]);
}
