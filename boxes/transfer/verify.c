/* Every artefact of a box hashed again. */
#include "boxes/layout.h"
#include "boxes/transfer/ops.h"
#include "boxes/transfer/tree.h"

#include <string.h>

static int digest_of(const struct box_job *job, const struct artefact *a, const char *path,
        char out[DIGEST_HEX_LEN + 1], struct err *err)
{
	struct tree_sum sum;

	if (!str_eq(a->format, "tree"))
		return digest_file(path, out, err);
	if (tree_digest(job, path, &sum, err) < 0)
		return -1;
	memcpy(out, sum.digest, sizeof(sum.digest));
	return 0;
}

static int verify_artefact(
        const struct box_job *job, const struct box *box, const struct artefact *a, struct err *err)
{
	AUTO_FREE char *path = layout_artefact(job->home, a);
	char digest[DIGEST_HEX_LEN + 1];

	if (digest_of(job, a, path, digest, err) < 0)
		return err_wrap(err, "the %s of the box '%s'", a->kind, box->name);
	if (str_eq(digest, a->digest))
		return 0;
	err_set(err, ERR_FAILED, "the %s of the box '%s' was changed: '%s' has the digest %s",
	        a->kind, box->name, path, digest);
	return err_hint(err, "prov box remove %s, then build or add it again", box->name);
}

int box_verify(const struct box_job *job, const char *name, struct err *err)
{
	struct job_meter meter = {.what = "verify"};
	struct box box;
	int rc = 0;

	if (store_find(job->home, name, &box, err) < 0)
		return -1;
	meter.total = (int64_t)box.n_artefacts;
	for (size_t i = 0; rc == 0 && i < box.n_artefacts; i++) {
		rc = job_go_on(job, err);
		if (rc == 0)
			rc = verify_artefact(job, &box, &box.artefacts[i], err);
		job_advance(job, &meter, 1);
	}
	box_clear(&box);
	return rc;
}
