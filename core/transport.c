#include "core/transport.h"

/* A machine is not trusted: it does not decide how much memory its words take. */
#define WORDS_MAX ((size_t)4 << 20)

struct words {
	struct str *of[2]; /* of standard output and error */
};

static void keep(void *ctx, int stream, const char *data, size_t n)
{
	struct str *to = ((const struct words *)ctx)->of[stream - 1];
	size_t left = to && to->len < WORDS_MAX ? WORDS_MAX - to->len : 0;

	if (left)
		str_addn(to, data, n > left ? left : n);
}

int transport_ask(struct transport *t, const struct transport_cmd *cmd, struct str *out,
        struct str *errors, struct err *err)
{
	struct words words = {{out, errors}};
	struct transport_cmd caught = *cmd;
	int status = 0;

	caught.out_fd = caught.err_fd = -1;
	caught.output = keep;
	caught.ctx = &words;
	return t->ops->run(t, &caught, &status, err) < 0 ? -1 : status;
}
