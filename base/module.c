#include "base/proc.h"

#include "base/fs.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

char *module_self(void)
{
	char self[4096];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	return n > 0 ? xstrndup(self, (size_t)n) : NULL;
}

char *module_file(const char *name)
{
	const char *folder = getenv("PROV_MODULE_DIR");
	AUTO_FREE char *self = module_self();

	if (folder && *folder)
		return xasprintf("%s/%s", folder, name);
	if (self) {
		*(strrchr(self, '/') + 1) = '\0';
		char *beside = xasprintf("%s%s", self, name);
		if (fs_exists(beside))
			return beside;
		util_free_ptr(&beside);
	}
	return xasprintf("%s/%s", MODULE_DIR, name);
}

int module_symbol(const char *module, const char *symbol, void **out, struct err *err)
{
	AUTO_FREE char *name = xasprintf("%s.so", module);
	AUTO_FREE char *path = module_file(name);
	void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL); /* opened again: the same handle */
	void *found = handle ? dlsym(handle, symbol) : NULL;

	if (!found) {
		err_set(err, ERR_HOST, "cannot open the module '%s': %s", path, dlerror());
		return err_hint(err,
		        "install the libraries it needs with tools/setup, or build prov again with "
		        "make");
	}
	*out = found;
	return 0;
}
