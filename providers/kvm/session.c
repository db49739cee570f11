#include "providers/kvm/kvm.h"

#include "net/libvirt/xml.h"
#include "providers/kvm/domain.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int kvm_conn(struct kvm_session *s, virConnectPtr *out, struct err *err)
{
	if (!s->conn && libvirt_open(s->spec->kvm.uri, &s->conn, err) < 0)
		return -1;
	*out = s->conn;
	return 0;
}

void kvm_domain_free(virDomainPtr *domain)
{
	if (*domain)
		virDomainFree(*domain);
	*domain = NULL;
}

int kvm_domain(struct kvm_session *s, virDomainPtr *out, struct err *err)
{
	const char *name = s->names->domain;
	virConnectPtr conn;

	if (kvm_conn(s, &conn, err) < 0)
		return -1;
	AUTO_DOMAIN domain = virDomainLookupByName(conn, name);
	if (!domain && libvirt_code() != VIR_ERR_NO_DOMAIN)
		return libvirt_err(err, "look up the domain '%s'", name);
	if (domain) {
		AUTO_FREE char *xml = virDomainGetXMLDesc(domain, VIR_DOMAIN_XML_INACTIVE);
		if (!xml)
			return libvirt_err(err, "read the domain '%s'", name);
		if (xml_check_mark(xml, s->spec->lab_id, "domain", name, err) < 0)
			return -1;
	}
	*out = STEAL(domain);
	return 0;
}

int kvm_owner(struct kvm_session *s, const struct kvm_owner **out, struct err *err)
{
	virConnectPtr conn;
	unsigned uid, gid;

	*out = &s->owner;
	if (s->owner_known || geteuid() != 0 || !libvirt_is_local_system(s->spec->kvm.uri))
		return 0;
	if (kvm_conn(s, &conn, err) < 0)
		return -1;
	AUTO_FREE char *capabilities = virConnectGetCapabilities(conn);
	if (!capabilities)
		return libvirt_err(err, "ask libvirt for its capabilities");
	AUTO_FREE char *label = domain_base_label(capabilities, "qemu");
	if (!label)
		label = domain_base_label(capabilities, "kvm");
	if (label && domain_label_ids(label, &uid, &gid))
		s->owner = (struct kvm_owner){STEAL(label), uid, gid};
	s->owner_known = true;
	return 0;
}

int kvm_give(struct kvm_session *s, int fd, const char *path, struct err *err)
{
	const struct kvm_owner *owner;

	if (kvm_owner(s, &owner, err) < 0)
		return -1;
	if (owner->label && fchown(fd, owner->uid, owner->gid) < 0)
		return err_sys(err, "give '%s' to the user that QEMU runs as", path);
	return fchmod(fd, 0600) < 0 ? err_sys(err, "set the mode of '%s'", path) : 0;
}
