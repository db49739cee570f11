#include "compare/html.h"

#include <string.h>

void html_text(struct str *out, const char *text)
{
	AUTO_STR safe = {0};

	if (!text)
		text = "–";
	str_add_escaped(&safe, text, strlen(text));
	str_add_markup(out, str_text(&safe));
}

void html_element(struct str *out, const char *tag, const char *class_, const char *text)
{
	str_addf(out, class_ ? "<%s class=\"%s\">" : "<%s>", tag, class_);
	html_text(out, text);
	str_addf(out, "</%s>\n", tag);
}

const char *html_kind(const char *kind)
{
	static const struct {
		const char *kind, *class_;
	} known[] = {{"host", "k-host"}, {"process", "k-process"}, {"container", "k-container"},
	        {"container+init", "k-init"}, {"kvm", "k-kvm"}, {"kvm-warm", "k-warm"}};
	static const char *const peers[] = {"k-peer0", "k-peer1", "k-peer2", "k-peer3"};
	unsigned sum = 0;

	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		if (str_eq(kind, known[i].kind))
			return known[i].class_;
	for (const char *p = kind ? kind : ""; *p; p++)
		sum = sum * 31 + (unsigned char)*p;
	return peers[sum % ARRAY_SIZE(peers)];
}

void html_key(struct str *out, const char *kind)
{
	str_addf(out, "<span class=\"key %s\"></span>", html_kind(kind));
	html_text(out, kind);
}

void html_begin(struct str *out, const char *title)
{
	str_add(out,
	        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
	        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
	        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
	        "style-src 'unsafe-inline'\">\n"
	        "<meta name=\"color-scheme\" content=\"light dark\">\n");
	html_element(out, "title", NULL, title);
	str_add(out, "<style>\n");
	for (size_t i = 0; i < html_n_style; i++)
		str_add(out, html_style[i]);
	str_add(out, "</style>\n</head>\n<body>\n");
}

void html_end(struct str *out)
{
	str_add(out, "</body>\n</html>\n");
}

void html_emulated(struct str *out, const char *note)
{
	if (!note)
		return;
	str_add(out, "<p class=\"emulated\" role=\"note\"><strong>Emulated.</strong> ");
	html_text(out, note);
	str_add(out, "</p>\n");
}
