/* What firmware a disk from elsewhere can be started by, as its first sectors tell. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define FIRMWARE_SECTOR  512
#define FIRMWARE_SECTORS 34 /* up to the end of a GPT's table (UEFI specification, 5.3) */

/* head: the disk's first n bytes. It has an EFI system partition, and nothing that a BIOS could
 * start: no code in its first sector. */
bool firmware_is_uefi_alone(const unsigned char *head, size_t n);
