#include "providers/kvm/plug_inside.h"

#include <stdlib.h>

#define INSIDE_NS INT64_C(120000000000) /* on a busy host, under TCG */

/* $1 MAC, $2 ADDRESS/PREFIX, $3 GATEWAY, $4 MTU, $5 and $6 of IPv6; "-" is none. udev may give the
 * device another name, which it has when udev is through. */
static const char inside_script[] =
        "find() { dev=; for d in /sys/class/net/*; do\n"
        "[ \"$(cat $d/address)\" != \"$1\" ] || dev=${d##*/}; done; [ \"$dev\" ]; }\n"
        "n=0; until find $1; do n=$((n + 1))\n"
        "[ $n -lt 300 ] || { echo \"no network card $1 appears\" >&2; exit 1; }\n"
        "sleep 0.1 2>/dev/null || sleep 1; done\n"
        "! command -v udevadm >/dev/null || { udevadm settle -t 5; find $1; }\n"
        "set -e\n"
        "[ $4 = 0 ] || ip link set dev $dev mtu $4\n"
        "if [ $5 != - ]; then for s in accept_ra accept_dad; do\n"
        "echo 0 >/proc/sys/net/ipv6/conf/$dev/$s; done; fi\n"
        "ip link set dev $dev up\n"
        "[ $2 = - ] || ip address add $2 broadcast + dev $dev\n"
        "[ $3 = - ] || ip route add default via $3\n"
        "[ $5 = - ] || ip -6 address add $5 dev $dev\n"
        "[ $6 = - ] || ip -6 route add default via $6 dev $dev\n"
        "[ -d /etc/prov ] || exit 0\n"
        "file=/etc/prov/connected\n"
        "{ grep -v \"^$1 \" $file 2>/dev/null || :\n"
        "[ $2 = - ] || echo \"$1 $2 $3 $4\"; [ $5 = - ] || echo \"$1 $5 $6 $4\"; } >$file.new\n"
        "mv $file.new $file; sync\n";

/* $1 the text, $2 the domain; see seed_is_resolver. A link stays, too. */
static const char resolve_script[] =
        "file=/etc/resolv.conf; [ ! -L $file ] || exit 0\n"
        "if [ -s $file ]; then [ $(wc -l <$file) = 2 ] && {\n"
        "read -r key value; read -r key2 rest; } <$file &&\n"
        "[ \"$key $value $key2\" = \"search $2 nameserver\" ] || exit 0; fi\n"
        "echo \"$1\" | head -n 2 >$file\n";

static char *with_prefix(const char *address, int prefix)
{
	return address ? xasprintf("%s/%d", address, prefix) : xstrdup("-");
}

int plug_configure(struct transport *t, const struct nic *nic, bool route, struct err *err)
{
	AUTO_FREE char *address = with_prefix(nic->address, nic->prefix);
	AUTO_FREE char *address6 = with_prefix(nic->address6, nic->prefix6);
	AUTO_FREE char *mtu = xasprintf("%d", nic->mtu);
	const char *const argv[] = {"sh", "-c", inside_script, "prov-plug", nic->mac, address,
	        route && nic->gateway ? nic->gateway : "-", mtu, address6,
	        route && nic->address6 && nic->gateway6 ? nic->gateway6 : "-", NULL};
	const struct transport_cmd cmd = {.argv = argv, .in_fd = -1, .timeout_ns = INSIDE_NS};
	AUTO_STR said = {0}, shown = {0};

	int status = transport_ask(t, &cmd, &said, &said, err);
	if (status <= 0)
		return status;
	str_add_escaped(&shown, str_text(&said), said.len);
	return err_set(err, ERR_FAILED, "the network card in '%s' cannot be set up inside: %s",
	        nic->network, shown.len ? str_text(&shown) : "no word why");
}

int plug_resolve(
        struct transport *t, const struct machine_spec *spec, const char *text, struct err *err)
{
	const char *const argv[] = {
	        "sh", "-c", resolve_script, "prov-plug", text, spec->domain, NULL};
	const struct transport_cmd cmd = {.argv = argv, .in_fd = -1, .timeout_ns = INSIDE_NS};

	return transport_ask(t, &cmd, NULL, NULL, err) < 0 ? -1 : 0;
}
