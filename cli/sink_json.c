#include "cli/sink.h"

struct event_sink *sink_json(int fd)
{
	return event_sink_fd(fd);
}
