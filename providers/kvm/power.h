/* Asking a guest to shut down, apart from the step that does it: tested on libvirt's test driver.
 */
#pragma once

#include "base/err.h"

#include <libvirt/libvirt.h>

/* Presses the power button until the domain has stopped or the time is over (then *stopped is false
 * and 0 is returned). */
MUST_CHECK int power_shut_down(virDomainPtr domain, int64_t timeout_ns, const volatile int *stop,
        bool *stopped, struct err *err);
