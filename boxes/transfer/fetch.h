/*
 * Downloading a file, so that an interrupted download goes on where it stopped:
 * HOME/store/partial/KEY (KEY: digest of the URL) with KEY.tag beside it, the server's validator,
 * without which the rest of another file could be appended. TLS is always verified; only http and
 * https; a redirect never leaves TLS.
 */
#pragma once

#include "boxes/transfer/job.h"

struct fetched {
	char *path; /* complete; fetch_discard removes it */
	char *tag;
	int lock; /* on the path: one download of a URL at a time */
};

/* Follows at most 5 redirects, tries again from where it stopped while something arrives. ERR_BUSY:
 * another prov downloads this URL. */
MUST_CHECK int fetch_url(
        const struct box_job *job, const char *url, struct fetched *out, struct err *err);
void fetch_discard(struct fetched *f); /* the file goes */
void fetch_close(struct fetched *f);   /* the file stays, for the next try */

/* The URL for people: without user and password. The caller frees. */
char *fetch_shown(const char *url);
