#include "providers/kvm/phases.h"

#include <fcntl.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

void phases_open(struct phases *p, const char *path)
{
	*p = (struct phases){.inotify = -1, .fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)};
	if (p->fd < 0)
		return;
	p->inotify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (p->inotify >= 0 && inotify_add_watch(p->inotify, path, IN_MODIFY) < 0)
		util_close_fd(&p->inotify);
}

void phases_close(struct phases *p)
{
	util_close_fd(&p->inotify);
	util_close_fd(&p->fd);
}

static void take_line(struct phases *p, void (*reached)(void *, enum phase), void *ctx)
{
	static const struct {
		const char *line;
		enum phase phase;
	} known[] = {
	        {"initrd", PHASE_KERNEL},
	        {"network", PHASE_NETWORK},
	        {"init", PHASE_INIT},
	};

	p->line[p->n] = '\0';
	p->n = 0;
	p->any = true;
	p->network = p->network || str_eq(p->line, "network");
	p->init = p->init || str_eq(p->line, "init");
	p->ssh = p->ssh || str_eq(p->line, "ssh");
	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		if (str_eq(p->line, known[i].line))
			reached(ctx, known[i].phase);
}

void phases_read(struct phases *p, void (*reached)(void *ctx, enum phase phase), void *ctx)
{
	char buf[512], events[1024];
	ssize_t n;

	while (p->inotify >= 0 && read(p->inotify, events, sizeof(events)) > 0)
		;
	while (p->fd >= 0 && (n = read(p->fd, buf, sizeof(buf))) > 0) {
		for (ssize_t i = 0; i < n; i++) {
			/* A guest may write anything: what is too long for a phase is cut. */
			if (buf[i] == '\n')
				take_line(p, reached, ctx);
			else if (p->n < sizeof(p->line) - 1)
				p->line[p->n++] = buf[i];
		}
	}
}
