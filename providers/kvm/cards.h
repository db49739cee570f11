/*
 * The network cards of a domain that runs. One whose link is down is there for the guest, which
 * keeps what is set up on it, and reaches nobody: so is a machine taken out of its last network of
 * the file, since then nobody could get in to set up another card.
 */
#pragma once

#include "net/libvirt/conn.h"

struct card {
	char *mac;    /* in lower case */
	char *xml;    /* libvirt's element of it */
	char *device; /* the host's end, "vnet0"; NULL: not known */
	bool down;
};
struct cards {
	struct card *v;
	size_t n;
};

MUST_CHECK int cards_read(virDomainPtr domain, struct cards *out, struct err *err);
/* Of libvirt's XML of a domain. */
void cards_parse(const char *xml, struct cards *out);
void cards_clear(struct cards *cards);
#define AUTO_CARDS __attribute__((cleanup(cards_clear))) struct cards

/* NULL: there is none with this MAC. */
const struct card *cards_find(const struct cards *cards, const char *mac);
/* The same element with its link up or down. The caller frees. */
char *card_with_link(const struct card *card, bool up);
MUST_CHECK int card_set_link(
        virDomainPtr domain, const struct card *card, bool up, struct err *err);
