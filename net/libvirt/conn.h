/* A connection to libvirt whose set-up and silence are bounded, and libvirt's errors as ours. */
#pragma once

#include "base/err.h"

#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>

/*
 * Opens uri. ERR_HOST with a hint if nobody answers (within 30 s). Once open, a daemon that does
 * not answer for 30 s ends the running call with an error. libvirt prints nothing to standard error
 * by itself from now on, and its default event loop is registered.
 */
MUST_CHECK int libvirt_open(const char *uri, virConnectPtr *out, struct err *err);
void libvirt_close(virConnectPtr *conn); /* for AUTO_CONN; NULL inside is fine */
#define AUTO_CONN __attribute__((cleanup(libvirt_close))) virConnectPtr

/* ERR_FAILED "context: what libvirt said last". Returns -1. */
int libvirt_err(struct err *err, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* The code of libvirt's last error, VIR_ERR_…; VIR_ERR_OK: none. */
int libvirt_code(void);

/* True if what uri names runs on this machine, as the system's daemon ("qemu:///system"). */
bool libvirt_is_local_system(const char *uri);
/* True if it runs on this machine at all (no host in the URI). */
bool libvirt_is_local(const char *uri);
