/* SHA-256 (FIPS 180-4, by libmd), of files and of named inputs. */
#pragma once

#include "base/err.h"

#include <sha2.h>

#define DIGEST_HEX_LEN 64

struct digest {
	SHA2_CTX ctx;
};

void digest_init(struct digest *d);
void digest_add(struct digest *d, const void *bytes, size_t n);
/* A field: name and value with their lengths, so that no two lists of fields collide. A NULL value
 * differs from "". */
void digest_field(struct digest *d, const char *name, const char *value);
void digest_number(struct digest *d, const char *name, int64_t value);
void digest_hex(struct digest *d, char out[DIGEST_HEX_LEN + 1]);

/* Of the rest of the file behind fd. -1: it could not be read. */
MUST_CHECK int digest_fd(int fd, char out[DIGEST_HEX_LEN + 1], struct err *err);
MUST_CHECK int digest_file(const char *path, char out[DIGEST_HEX_LEN + 1], struct err *err);
void digest_bytes(const void *bytes, size_t n, char out[DIGEST_HEX_LEN + 1]);
