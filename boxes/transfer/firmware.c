#include "boxes/transfer/firmware.h"

#include <stdint.h>
#include <string.h>

enum {
	CODE_LENGTH = 440, /* in front of the disk's id; what a BIOS starts */
	MBR_TABLE = 446,
	MBR_ENTRY = 16,
	MBR_ENTRIES = 4,
	MBR_TYPE = 4,
	MBR_TYPE_EFI = 0xef,
	GPT_FIRST_ENTRY = 72, /* in its header: where its table begins, how much and how large */
	GPT_ENTRIES = 80,
	GPT_ENTRY = 84,
	GUID = 16
};

/* C12A7328-F81F-11D2-BA4B-00A0C93EC93B, as it stands on a disk. */
static const unsigned char efi_system[GUID] = {0x28, 0x73, 0x2a, 0xc1, 0x1f, 0xf8, 0xd2, 0x11, 0xba,
        0x4b, 0x00, 0xa0, 0xc9, 0x3e, 0xc9, 0x3b};

static uint64_t little_endian(const unsigned char *p, size_t n)
{
	uint64_t value = 0;

	while (n-- > 0)
		value = value << 8 | p[n];
	return value;
}

static bool has_code(const unsigned char *head)
{
	for (size_t i = 0; i < CODE_LENGTH; i++)
		if (head[i])
			return true;
	return false;
}

static bool mbr_has_efi(const unsigned char *head)
{
	for (size_t i = 0; i < MBR_ENTRIES; i++)
		if (head[MBR_TABLE + i * MBR_ENTRY + MBR_TYPE] == MBR_TYPE_EFI)
			return true;
	return false;
}

static bool gpt_has_efi(const unsigned char *head, size_t n)
{
	const unsigned char *header = head + FIRMWARE_SECTOR;

	if (n < 2 * (size_t)FIRMWARE_SECTOR || memcmp(header, "EFI PART", 8) != 0)
		return false;
	uint64_t at = little_endian(header + GPT_FIRST_ENTRY, 8);
	uint64_t count = little_endian(header + GPT_ENTRIES, 4);
	uint64_t size = little_endian(header + GPT_ENTRY, 4);
	if (at >= FIRMWARE_SECTORS || size < GUID || size > n)
		return false;
	for (uint64_t i = at * FIRMWARE_SECTOR; count && i + GUID <= n; i += size, count--)
		if (memcmp(head + i, efi_system, GUID) == 0)
			return true;
	return false;
}

bool firmware_is_uefi_alone(const unsigned char *head, size_t n)
{
	return n >= FIRMWARE_SECTOR && !has_code(head) &&
	        (mbr_has_efi(head) || gpt_has_efi(head, n));
}
