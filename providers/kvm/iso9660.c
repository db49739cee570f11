/*
 * The least of ISO 9660 (ECMA-119) that can be mounted: a volume descriptor, the two path tables
 * and one folder. No file's time is told, so that the same files are the same image.
 */
#include "providers/kvm/cidata.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Where it lies, in sectors: 16 of the system's, which are empty, first. */
enum {
	SECTOR = 2048,
	DESCRIPTOR = 16,
	TERMINATOR,
	PATHS_LITTLE,
	PATHS_BIG,
	FOLDER,
	FIRST_FILE,
	MAX_FILES = 16
};
enum { RECORD = 33 /* 9.1: bytes of a record before its name */, FLAG_FOLDER = 2 };

static void put_little(unsigned char *p, uint32_t value, int bytes)
{
	for (int i = 0; i < bytes; i++)
		p[i] = (unsigned char)(value >> 8 * i);
}

static void put_big(unsigned char *p, uint32_t value, int bytes)
{
	for (int i = 0; i < bytes; i++)
		p[i] = (unsigned char)(value >> 8 * (bytes - 1 - i));
}

/* 7.2.3, 7.3.3: first the one, then the other byte order. */
static void put_both(unsigned char *p, uint32_t value, int bytes)
{
	put_little(p, value, bytes);
	put_big(p + bytes, value, bytes);
}

static uint32_t sectors(size_t bytes)
{
	return (uint32_t)((bytes + SECTOR - 1) / SECTOR);
}

/* 9.1. Returns its length, which is even. */
static size_t put_record(unsigned char *p, const char *name, size_t name_n, uint32_t sector,
        uint32_t bytes, int flags)
{
	size_t n = RECORD + name_n + (name_n % 2 == 0);

	p[0] = (unsigned char)n;
	put_both(p + 2, sector, 4);
	put_both(p + 10, bytes, 4);
	/* 1 January 1970: of a year that is 0, some readers make the year 1900. */
	p[18] = 70, p[19] = 1, p[20] = 1;
	p[25] = (unsigned char)flags;
	put_both(p + 28, 1, 2);
	p[32] = (unsigned char)name_n;
	memcpy(p + RECORD, name, name_n);
	return n;
}

/* 9.4: the root alone. */
static void put_path(unsigned char *p, bool big)
{
	p[0] = 1;
	(big ? put_big : put_little)(p + 2, FOLDER, 4);
	(big ? put_big : put_little)(p + 6, 1, 2);
}

static void put_text(unsigned char *p, const char *text, size_t n)
{
	memset(p, ' ', n);
	memcpy(p, text, strlen(text));
}

/* 8.4.26: sixteen digits and a time zone; all "0" is "not told". */
static void put_no_time(unsigned char *p)
{
	memset(p, '0', 16);
}

/* 8.4 */
static void put_descriptor(unsigned char *p, const char *label, uint32_t total)
{
	p[0] = 1;
	memcpy(p + 1, "CD001\1", 6);
	memset(p + 8, ' ', 32);
	put_text(p + 40, label, 32);
	put_both(p + 80, total, 4);
	put_both(p + 120, 1, 2);
	put_both(p + 124, 1, 2);
	put_both(p + 128, SECTOR, 2);
	put_both(p + 132, 10, 4);
	put_little(p + 140, PATHS_LITTLE, 4);
	put_big(p + 148, PATHS_BIG, 4);
	put_record(p + 156, "", 1, FOLDER, SECTOR, FLAG_FOLDER);
	memset(p + 190, ' ', 813 - 190);
	for (int i = 0; i < 4; i++)
		put_no_time(p + 813 + i * 17);
	p[881] = 1;
}

/* The files' records are in the order of their names (9.3). */
static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct iso_file *)a)->name, ((const struct iso_file *)b)->name);
}

void iso_image(const char *label, const struct iso_file *given, size_t n, struct str *out)
{
	struct iso_file files[MAX_FILES];
	uint32_t total = FIRST_FILE;

	if (n > MAX_FILES)
		abort();
	memcpy(files, given, n * sizeof(*files));
	qsort(files, n, sizeof(*files), by_name);
	for (size_t i = 0; i < n; i++)
		total += sectors(files[i].bytes->len);
	size_t size = (size_t)total * SECTOR;
	AUTO_FREE unsigned char *image = xcalloc(1, size);
	unsigned char *folder = image + (size_t)FOLDER * SECTOR;
	put_descriptor(image + (size_t)DESCRIPTOR * SECTOR, label, total);
	memcpy(image + (size_t)TERMINATOR * SECTOR, "\377CD001\1", 7);
	put_path(image + (size_t)PATHS_LITTLE * SECTOR, false);
	put_path(image + (size_t)PATHS_BIG * SECTOR, true);
	folder += put_record(folder, "", 1, FOLDER, SECTOR, FLAG_FOLDER);
	folder += put_record(folder, "\1", 1, FOLDER, SECTOR, FLAG_FOLDER);
	uint32_t at = FIRST_FILE;
	for (size_t i = 0; i < n; i++) {
		const struct str *bytes = files[i].bytes;
		folder += put_record(
		        folder, files[i].name, strlen(files[i].name), at, (uint32_t)bytes->len, 0);
		if (bytes->len)
			memcpy(image + (size_t)at * SECTOR, bytes->buf, bytes->len);
		at += sectors(bytes->len);
	}
	str_addn(out, image, size);
	explicit_bzero(image, size); /* a host key */
}
