#include "oci/log.h"

#include "base/io.h"

#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static void put(json_t *line, const char *key, const char *text)
{
	AUTO_STR escaped = {0};
	json_t *v = json_string(text);

	if (!v) {
		str_add_escaped(&escaped, text, strlen(text));
		v = json_string(str_text(&escaped));
	}
	json_object_set_new(line, key, v);
}

static char *format_line(const struct oci_call *call, const char *level, const char *text)
{
	char now[32];
	time_t t = time(NULL);
	struct tm tm;

	strftime(now, sizeof(now), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&t, &tm));
	if (!str_eq(call->o.log_format, "json"))
		return xasprintf("%s: %s: %s\n", now, level, text);
	json_t *line = json_object();
	put(line, "msg", text);
	put(line, "level", level);
	put(line, "time", now);
	AUTO_FREE char *json = json_dumps(line, JSON_COMPACT);
	json_decref(line);
	return xasprintf("%s\n", json);
}

static void log_line(
        const struct oci_call *call, const char *level, const struct err *why, bool aloud)
{
	AUTO_FREE char *text = xasprintf("%s%s%s%s", why->message, why->hint[0] ? " (" : "",
	        why->hint, why->hint[0] ? ")" : "");

	if (aloud)
		fprintf(stderr, "prov-oci: %s%s\n",
		        str_eq(level, "error") ? "" : "warning: ", text);
	if (!call->o.log)
		return;
	AUTO_FREE char *line = format_line(call, level, text);
	AUTO_FD int fd = open(call->o.log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
	if (fd < 0 || io_write_all(fd, line, strlen(line), NULL) < 0)
		fprintf(stderr, "prov-oci: warning: cannot write '%s'\n", call->o.log);
}

void oci_log_error(const struct oci_call *call, const struct err *why)
{
	log_line(call, "error", why, true);
}

void oci_log_warning(void *ctx, const struct err *why)
{
	const struct oci_call *call = ctx;

	log_line(call, "warning", why, call->o.debug || call->o.log_level);
}
