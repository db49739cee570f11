/* The fake's files, shared by provider and transport. */
#pragma once

#include "base/str.h"

/* $PROV_FAKE/…; the caller frees. */
char *fake_path(const char *fmt, ...) PRINTF_LIKE(1, 2);
void fake_logf(const char *fmt, ...) PRINTF_LIKE(1, 2);
/* The fault that is set for this call, or NULL; the caller frees. */
char *fake_fault(const char *what, const char *selector, const char *step);

struct transport;
struct transport *fake_transport(const char *selector);
