#include "boxes/transfer/reader.h"

#include "base/str.h"

#include <locale.h>
#include <stdlib.h>
#include <string.h>

static struct archive *reader(int (*format)(struct archive *))
{
	static int (*const filters[])(struct archive *) = {archive_read_support_filter_gzip,
	        archive_read_support_filter_bzip2, archive_read_support_filter_xz,
	        archive_read_support_filter_zstd, archive_read_support_filter_lz4,
	        archive_read_support_filter_compress};
	struct archive *a = archive_read_new();

	if (!a)
		abort();
	for (size_t i = 0; i < ARRAY_SIZE(filters); i++)
		filters[i](a);
	format(a);
	return a;
}

struct archive *unpack_reader(void)
{
	return reader(archive_read_support_format_tar);
}

struct archive *unpack_raw_reader(void)
{
	return reader(archive_read_support_format_raw);
}

int unpack_failed(struct archive *a, struct err *err)
{
	const char *text = archive_error_string(a);
	AUTO_STR said = {0};

	text = text ? text : "it is damaged";
	str_add_escaped(&said, text, strlen(text));
	return err_set(err, ERR_FAILED, "the archive cannot be read: %s", str_text(&said));
}

void *unpack_locale_begin(void)
{
	locale_t utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);

	return utf8 ? uselocale(utf8) : NULL;
}

void unpack_locale_end(void *saved)
{
	locale_t now = saved ? uselocale(saved) : NULL;

	if (now && now != LC_GLOBAL_LOCALE)
		freelocale(now);
}
