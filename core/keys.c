#include "core/keys.h"

#include <stdlib.h>
#include <string.h>

void key_pair_clear(struct key_pair *pair)
{
	if (pair->private_key)
		explicit_bzero(pair->private_key, strlen(pair->private_key));
	if (pair->dropbear)
		explicit_bzero(pair->dropbear, pair->dropbear_n);
	free(pair->private_key);
	free(pair->public_line);
	free(pair->dropbear);
	*pair = (struct key_pair){0};
}
