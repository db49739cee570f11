#include "boxes/transfer/recipe.h"

#include "base/fs.h"
#include "boxes/store.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define META_MAX (64 * 1024)

enum value_type { VALUE_TEXT, VALUE_SIZE, VALUE_SECONDS };

static const struct {
	const char *name;
	enum value_type type;
	size_t offset;
	bool required;
} keys[] = {
        {"name", VALUE_TEXT, offsetof(struct recipe, name), true},
        {"description", VALUE_TEXT, offsetof(struct recipe, description), false},
        {"version", VALUE_TEXT, offsetof(struct recipe, version), true},
        {"suite", VALUE_TEXT, offsetof(struct recipe, suite), false},
        {"user", VALUE_TEXT, offsetof(struct recipe, user), true},
        {"cmdline", VALUE_TEXT, offsetof(struct recipe, cmdline), false},
        {"disk", VALUE_SIZE, offsetof(struct recipe, disk_bytes), false},
        {"room", VALUE_SIZE, offsetof(struct recipe, room_bytes), false},
        {"epoch", VALUE_SECONDS, offsetof(struct recipe, epoch), false},
};

void recipe_clear(struct recipe *recipe)
{
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		if (keys[i].type == VALUE_TEXT)
			free(*(char **)((uintptr_t)recipe + keys[i].offset));
	*recipe = (struct recipe){0};
}

static bool read_size(const char *text, int64_t *out)
{
	static const struct {
		const char *unit;
		int64_t bytes;
	} units[] = {{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}};
	char *end;

	errno = 0;
	long long value = strtoll(text, &end, 10);
	if (errno || end == text || value < 0 || value > 1 << 20)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(units); i++)
		if (str_eq(end, units[i].unit)) {
			*out = value * units[i].bytes;
			return true;
		}
	return false;
}

static bool read_seconds(const char *text, int64_t *out)
{
	char *end;

	errno = 0;
	*out = strtoll(text, &end, 10);
	return !errno && end != text && !*end && *out >= 0;
}

static int set_key(struct recipe *recipe, const char *key, const char *value, struct err *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		void *field = (void *)((uintptr_t)recipe + keys[i].offset);
		if (!str_eq(key, keys[i].name))
			continue;
		if (keys[i].type == VALUE_TEXT) {
			free(*(char **)field);
			*(char **)field = xstrdup(value);
			return 0;
		}
		if (keys[i].type == VALUE_SIZE ? read_size(value, field)
		                               : read_seconds(value, field))
			return 0;
		return err_set(err, ERR_FAILED, "'%s' is not %s: '%s'", key,
		        keys[i].type == VALUE_SIZE ? "a size in KiB, MiB or GiB"
		                                   : "a number of seconds",
		        value);
	}
	return err_set(err, ERR_FAILED, "unknown key '%s'", key);
}

static char *strip(char *text)
{
	text += strspn(text, " \t");
	size_t n = strlen(text);
	while (n && strchr(" \t\r", text[n - 1]))
		text[--n] = '\0';
	return text;
}

int recipe_read(const char *path, struct recipe *recipe, struct err *err)
{
	AUTO_STR text = {0};
	int number = 0;

	if (fs_read(path, META_MAX, &text, err) < 0)
		return -1;
	for (char *line = text.buf, *next; line; line = next) {
		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		number++;
		char *body = strip(line), *equals = strchr(body, '=');
		if (!*body || *body == '#')
			continue;
		if (!equals)
			return err_set(
			        err, ERR_FAILED, "'%s', line %d: there is no '='", path, number);
		*equals = '\0';
		if (set_key(recipe, strip(body), strip(equals + 1), err) < 0)
			return err_wrap(err, "'%s', line %d", path, number);
	}
	return 0;
}

int recipe_check(const char *path, const struct recipe *recipe, struct err *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		const char *const *field =
		        (const char *const *)((uintptr_t)recipe + keys[i].offset);
		if (keys[i].required && keys[i].type == VALUE_TEXT && !*field)
			return err_set(
			        err, ERR_FAILED, "'%s' does not say '%s'", path, keys[i].name);
	}
	if (box_check_name(recipe->name, err) < 0)
		return err_wrap(err, "'%s'", path);
	return 0;
}
