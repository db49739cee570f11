/* prov-nft.so: the only place that knows libnftables (libnftables(3)). */
#include "net/ports.h"

#include <nftables/libnftables.h>
#include <string.h>

static int fail(struct nft_ctx *ctx, struct err *err)
{
	const char *why = nft_ctx_get_error_buffer(ctx);
	const char *text = why ? strstr(why, "Error: ") : NULL;

	text = text ? text + strlen("Error: ") : why ? why : "";
	err_set(err, ERR_FAILED, "nftables: %.*s", (int)strcspn(text, "\n"), text);
	return strstr(text, "not permitted") ? err_hint(err, "only root may publish ports") : -1;
}

static int run(const char *commands, bool handles, struct str *out, struct err *err)
{
	struct nft_ctx *ctx = nft_ctx_new(NFT_CTX_DEFAULT);

	if (!ctx)
		return err_set(err, ERR_HOST, "libnftables cannot be used on this host");
	nft_ctx_buffer_output(ctx);
	nft_ctx_buffer_error(ctx);
	nft_ctx_output_set_flags(ctx,
	        NFT_CTX_OUTPUT_STATELESS | NFT_CTX_OUTPUT_NUMERIC_ALL |
	                (handles ? NFT_CTX_OUTPUT_HANDLE : 0u));
	int rc = nft_run_cmd_from_buffer(ctx, commands) ? fail(ctx, err) : 0;
	if (rc == 0 && out)
		str_add(out, nft_ctx_get_output_buffer(ctx));
	nft_ctx_free(ctx);
	return rc;
}

extern const struct nft_ops prov_nft;
const struct nft_ops prov_nft = {.run = run};
