/*
 * mktar: archives that tar would not write. Each line of the input is an entry:
 *
 *   TYPE NAME [TARGET|MAJOR:MINOR|BYTES] [MODE]
 *
 * with TYPE file, dir, link, hard, block, char or many (BYTES entries called NAME0, NAME1 …), and
 * file's content BYTES zeros. A name is taken as it is; %00, %0a and the like stand for one byte.
 */
#include "attack.h"

#include <stdlib.h>

struct header {
	char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], sum[8], type, link[100];
	char magic[6], version[2], uname[32], gname[32], major[8], minor[8], prefix[155], pad[12];
};

struct entry {
	char type[16], name[256], more[256];
	unsigned mode;
};

static void unescape(char *text)
{
	unsigned byte;
	char *out = text;

	for (; *text; text++)
		if (*text == '%' && sscanf(text + 1, "%2x", &byte) == 1) {
			*out++ = (char)byte;
			text += 2;
		} else {
			*out++ = *text;
		}
	*out = '\0';
}

static void seal(struct header *h)
{
	unsigned sum = 0;

	memcpy(h->magic, "ustar", 6);
	memcpy(h->version, "00", 2);
	memset(h->sum, ' ', sizeof(h->sum));
	for (size_t i = 0; i < sizeof(*h); i++)
		sum += ((unsigned char *)h)[i];
	snprintf(h->sum, sizeof(h->sum), "%06o", sum);
	fwrite(h, sizeof(*h), 1, stdout);
}

static void write_entry(const struct entry *e, const char *name, char type, unsigned long long size)
{
	static const char zeros[65536];
	struct header h;
	unsigned major = 0, minor = 0;

	memset(&h, 0, sizeof(h));
	memcpy(h.name, name, strnlen(name, sizeof(h.name)));
	snprintf(h.mode, sizeof(h.mode), "%07o", e->mode & 07777);
	memcpy(h.uid, "0000000", 8);
	memcpy(h.gid, "0000000", 8);
	snprintf(h.size, sizeof(h.size), "%011llo", size);
	memcpy(h.mtime, "00000000000", 12);
	h.type = type;
	if (type == '1' || type == '2')
		memcpy(h.link, e->more, strnlen(e->more, sizeof(h.link)));
	if ((type == '3' || type == '4') && sscanf(e->more, "%u:%u", &major, &minor) == 2) {
		snprintf(h.major, sizeof(h.major), "%07o", major & 07777777);
		snprintf(h.minor, sizeof(h.minor), "%07o", minor & 07777777);
	}
	seal(&h);
	for (size = (size + 511) / 512 * 512; size;) {
		size_t n = size < sizeof(zeros) ? size : sizeof(zeros);
		fwrite(zeros, n, 1, stdout);
		size -= n;
	}
}

static void write_many(const struct entry *e)
{
	char name[300];

	for (long i = 0, n = atol(e->more); i < n; i++) {
		snprintf(name, sizeof(name), "%s%ld", e->name, i);
		write_entry(e, name, '0', 0);
	}
}

int main(void)
{
	static const struct {
		const char *name;
		char type;
	} types[] = {{"file", '0'}, {"hard", '1'}, {"link", '2'}, {"char", '3'}, {"block", '4'},
	        {"dir", '5'}};
	char line[1024];

	while (fgets(line, sizeof(line), stdin)) {
		struct entry e = {.mode = 0};
		if (sscanf(line, "%15s %255s %255s %o", e.type, e.name, e.more, &e.mode) < 2)
			continue;
		if (!e.mode)
			e.mode = 0644;
		unescape(e.name);
		unescape(e.more);
		if (strcmp(e.type, "many") == 0)
			write_many(&e);
		for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++)
			if (strcmp(e.type, types[i].name) == 0)
				write_entry(&e, e.name, types[i].type,
				        types[i].type == '0' ? strtoull(e.more, NULL, 10) : 0);
	}
	char end[1024] = {0};
	fwrite(end, sizeof(end), 1, stdout);
	return 0;
}
