/* Files over SSH: through commands, which every machine with a shell has (dropbear brings no SFTP
 * server), in one channel each. */
#include "transports/copy.h"
#include "transports/ssh/transport.h"

int ssh_put(struct transport *t, const struct transport_file *file, struct err *err)
{
	return copy_put(t, file, ((struct ssh_transport *)t)->stop, err);
}

int ssh_get(struct transport *t, const struct transport_file *file, struct err *err)
{
	return copy_get(t, file, ((struct ssh_transport *)t)->stop, err);
}
