#include "providers/kvm/cards.h"

#include <stdlib.h>
#include <string.h>

#define OPEN       "<interface "
#define CLOSE      "</interface>"
#define MAC_OPEN   "<mac address='"
#define MAC_LENGTH 17
#define DEV_OPEN   "<target dev='"

static const char link_down[] = "<link state='down'/>";

void cards_parse(const char *xml, struct cards *out)
{
	for (const char *p = xml, *end; (p = strstr(p, OPEN)); p = end) {
		const char *close = strstr(p, CLOSE);
		if (!close)
			return;
		end = close + strlen(CLOSE);
		AUTO_FREE char *text = xstrndup(p, (size_t)(end - p));
		const char *mac = strstr(text, MAC_OPEN);
		if (!mac || strcspn(mac + strlen(MAC_OPEN), "'") != MAC_LENGTH)
			continue;
		out->v = xrealloc(out->v, out->n + 1, sizeof(*out->v));
		struct card *card = &out->v[out->n++];
		card->mac = xstrndup(mac + strlen(MAC_OPEN), MAC_LENGTH);
		card->down = strstr(text, link_down) != NULL;
		const char *device = strstr(text, DEV_OPEN);
		if (device) {
			device += strlen(DEV_OPEN);
			card->device = xstrndup(device, strcspn(device, "'"));
		}
		card->xml = STEAL(text);
	}
}

int cards_read(virDomainPtr domain, struct cards *out, struct err *err)
{
	AUTO_FREE char *xml = virDomainGetXMLDesc(domain, 0);

	if (!xml)
		return libvirt_err(err, "read the domain '%s'", virDomainGetName(domain));
	cards_parse(xml, out);
	return 0;
}

void cards_clear(struct cards *cards)
{
	for (size_t i = 0; i < cards->n; i++) {
		free(cards->v[i].mac);
		free(cards->v[i].xml);
		free(cards->v[i].device);
	}
	free(cards->v);
	*cards = (struct cards){0};
}

const struct card *cards_find(const struct cards *cards, const char *mac)
{
	for (size_t i = 0; i < cards->n; i++)
		if (str_eq(cards->v[i].mac, mac))
			return &cards->v[i];
	return NULL;
}

char *card_with_link(const struct card *card, bool up)
{
	const char *old = strstr(card->xml, link_down);
	size_t head = old ? (size_t)(old - card->xml) : strlen(card->xml) - strlen(CLOSE);
	const char *rest = card->xml + head + (old ? strlen(link_down) : 0);

	return xasprintf(
	        "%.*s<link state='%s'/>%s", (int)head, card->xml, up ? "up" : "down", rest);
}

int card_set_link(virDomainPtr domain, const struct card *card, bool up, struct err *err)
{
	AUTO_FREE char *xml = card_with_link(card, up);

	if (virDomainUpdateDeviceFlags(domain, xml, VIR_DOMAIN_AFFECT_LIVE) < 0)
		return libvirt_err(
		        err, "%s the network card %s", up ? "plug in" : "unplug", card->mac);
	return 0;
}
