/* The lab's network on libvirt: made, kept up to date while it runs, removed. */
#include "net/libvirt/network.h"

#include "base/fs.h"
#include "net/libvirt/conn.h"
#include "net/libvirt/network_update.h"
#include "net/libvirt/network_xml.h"
#include "net/libvirt/xml.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DEFAULT_MTU 1500
#define START_TRIES 5

static void network_free(virNetworkPtr *net)
{
	if (*net)
		virNetworkFree(*net);
}
#define AUTO_NET __attribute__((cleanup(network_free))) virNetworkPtr

/* 0 with *net NULL: there is none of that name. Anything found is this lab's; *xml is its
 * description. */
static int find(virConnectPtr conn, const char *name, const char *lab_id, virNetworkPtr *net,
        char **xml, struct err *err)
{
	*net = virNetworkLookupByName(conn, name);
	if (!*net)
		return libvirt_code() == VIR_ERR_NO_NETWORK
		        ? 0
		        : libvirt_err(err, "look up the network '%s'", name);
	*xml = virNetworkGetXMLDesc(*net, 0);
	if (!*xml)
		return libvirt_err(err, "read the network '%s'", name);
	return xml_check_mark(*xml, lab_id, "network", name, err);
}

static int start_failed(const struct net_spec *spec, struct err *err)
{
	AUTO_FREE char *why = xstrdup(virGetLastErrorMessage());
	const char *clash = strstr(why, "already in use by interface");

	if (!clash)
		return err_set(err, ERR_FAILED, "start the network '%s': %s", spec->libvirt, why);
	err_set(err, ERR_FAILED, "the subnet %s/%d of the network '%s' is %s on this host",
	        spec->gateway, spec->prefix, spec->libvirt, clash);
	return err_hint(err,
	        "see 'ip route': remove what uses it, or destroy this lab and bring "
	        "it up again so that it takes another subnet");
}

/* dnsmasq gives up where a link of the host goes while it lists them, as with the end of another
 * lab. */
static int start(virNetworkPtr net)
{
	int rc = virNetworkCreate(net);

	for (int tries = 1; rc < 0 && tries < START_TRIES; tries++) {
		if (!strstr(virGetLastErrorMessage(), "failed to find list of interfaces"))
			break;
		rc = virNetworkCreate(net);
	}
	return rc;
}

/* Defined again while it does not run, so that it starts with the hosts of now. */
static int define_and_start(
        virConnectPtr conn, const struct net_spec *spec, virNetworkPtr *net, struct err *err)
{
	char uuid[VIR_UUID_STRING_BUFLEN];
	bool existed = *net != NULL;
	AUTO_STR xml = {0};

	if (existed && virNetworkGetUUIDString(*net, uuid) < 0)
		return libvirt_err(err, "read the network '%s'", spec->libvirt);
	/* The test driver names no bridges by itself. */
	network_xml(spec, existed ? uuid : NULL,
	        str_starts(spec->uri, "test:") ? "provtest0" : NULL, &xml);
	virNetworkPtr defined = virNetworkDefineXML(conn, str_text(&xml));
	if (!defined)
		return libvirt_err(err, "define the network '%s'", spec->libvirt);
	network_free(net);
	*net = defined;
	if (start(*net) == 0)
		return 0;
	start_failed(spec, err);
	if (!existed)
		virNetworkUndefine(*net);
	return -1;
}

static int update_running(
        virNetworkPtr net, const struct net_spec *spec, const char *xml, struct err *err)
{
	if (spec->mode == NET_BRIDGE)
		return 0;
	if (network_has_gateway(xml, spec->gateway))
		return network_update_hosts(net, spec, err);
	err_set(err, ERR_FAILED, "the network '%s' runs with another subnet than %s/%d",
	        spec->libvirt, spec->gateway, spec->prefix);
	return err_hint(err, "prov destroy and prov up make it anew");
}

static int bridge_mtu(const char *uri, const char *bridge)
{
	AUTO_FREE char *path = xasprintf("/sys/class/net/%s/mtu", bridge);
	AUTO_STR text = {0};

	if (!libvirt_is_local(uri) || fs_read(path, 64, &text, NULL) < 0)
		return DEFAULT_MTU;
	int mtu = atoi(str_text(&text));
	return mtu > 0 ? mtu : DEFAULT_MTU;
}

static int describe(
        virNetworkPtr net, const struct net_spec *spec, struct net_info *out, struct err *err)
{
	AUTO_FREE char *bridge = virNetworkGetBridgeName(net);

	if (!bridge)
		return libvirt_err(err, "find the bridge of the network '%s'", spec->libvirt);
	if (strlen(bridge) >= sizeof(out->bridge))
		return err_set(err, ERR_FAILED, "the bridge's name '%s' is too long", bridge);
	strcpy(out->bridge, bridge);
	out->mtu = bridge_mtu(spec->uri, bridge);
	return 0;
}

/* libvirt takes a network for active whose bridge somebody else has removed. */
static bool has_lost_bridge(virNetworkPtr net, const struct net_spec *spec)
{
	AUTO_FREE char *bridge = virNetworkGetBridgeName(net);
	AUTO_FREE char *path = xasprintf("/sys/class/net/%s", bridge ? bridge : "");

	return bridge && spec->mode != NET_BRIDGE && libvirt_is_local_system(spec->uri) &&
	        !fs_exists(path);
}

/* 1: it runs; 0: it does not, or not any more. */
static int running(virNetworkPtr net, const struct net_spec *spec, struct err *err)
{
	if (!net || virNetworkIsActive(net) != 1)
		return 0;
	if (!has_lost_bridge(net, spec))
		return 1;
	if (virNetworkDestroy(net) < 0 && libvirt_code() != VIR_ERR_OPERATION_INVALID)
		return libvirt_err(err, "stop the network '%s'", spec->libvirt);
	return 0;
}

static int update_mark(virNetworkPtr net, unsigned command)
{
	return virNetworkUpdate(net, command, VIR_NETWORK_SECTION_DNS_TXT, -1,
	        "<txt name='prov' value='prov'/>", VIR_NETWORK_UPDATE_AFFECT_LIVE);
}

/* What changes in its DNS makes libvirt look after its name server, and start one where there is
 * none. It restarts nothing else. */
static int renew_server(virNetworkPtr net, const struct net_spec *spec, struct err *err)
{
	if (spec->mode == NET_BRIDGE || !libvirt_is_local_system(spec->uri) ||
	        network_is_served(spec->libvirt))
		return 0;
	/* Refused where a prov that was killed left the mark: then taking it away is the change. */
	(void)update_mark(net, VIR_NETWORK_UPDATE_COMMAND_ADD_LAST);
	if (update_mark(net, VIR_NETWORK_UPDATE_COMMAND_DELETE) < 0)
		return libvirt_err(err, "start the name server of the network '%s'", spec->libvirt);
	return 0;
}

static int ensure(const struct net_spec *spec, struct net_info *out, struct err *err)
{
	AUTO_FREE char *xml = NULL;
	AUTO_CONN conn = NULL;
	AUTO_NET net = NULL;

	if (libvirt_open(spec->uri, &conn, err) < 0 ||
	        find(conn, spec->libvirt, spec->lab_id, &net, &xml, err) < 0)
		return -1;
	int runs = running(net, spec, err), rc = runs;
	if (runs == 1) {
		/* The server first: what is told to it is waited for. */
		rc = renew_server(net, spec, err);
		rc = rc < 0 ? rc : update_running(net, spec, xml, err);
	} else if (runs == 0) {
		rc = define_and_start(conn, spec, &net, err);
	}
	return rc < 0 ? -1 : describe(net, spec, out, err);
}

/* libvirt leaves the pid file of a network's name server and an empty folder for its ports. */
static int remove_traces(const char *uri, const char *libvirt, struct err *err)
{
	AUTO_FREE char *pid = xasprintf(NETWORK_STATE "/%s.pid", libvirt);
	AUTO_FREE char *ports = xasprintf(NETWORK_STATE "/%s", libvirt);

	if (geteuid() != 0 || !libvirt_is_local_system(uri))
		return 0;
	return fs_unlink(pid, err) < 0 ? -1 : fs_remove_tree(ports, err);
}

static int remove_network(const char *uri, const char *libvirt, const char *lab_id, struct err *err)
{
	AUTO_FREE char *xml = NULL;
	AUTO_CONN conn = NULL;
	AUTO_NET net = NULL;

	if (libvirt_open(uri, &conn, err) < 0 || find(conn, libvirt, lab_id, &net, &xml, err) < 0)
		return -1;
	if (!net)
		return remove_traces(uri, libvirt, err);
	/* Somebody else may have stopped or removed it meanwhile: that is what we want. */
	if (virNetworkDestroy(net) < 0 && libvirt_code() != VIR_ERR_OPERATION_INVALID &&
	        libvirt_code() != VIR_ERR_NO_NETWORK)
		return libvirt_err(err, "stop the network '%s'", libvirt);
	if (virNetworkUndefine(net) < 0 && libvirt_code() != VIR_ERR_NO_NETWORK)
		return libvirt_err(err, "undefine the network '%s'", libvirt);
	return remove_traces(uri, libvirt, err);
}

const struct network_ops prov_network = {.ensure = ensure, .remove = remove_network};
