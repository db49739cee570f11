#include "engine/caps.h"

#include <errno.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

uint64_t caps_container(void)
{
	static const unsigned char kept[] = {CAP_CHOWN, CAP_DAC_OVERRIDE, CAP_FOWNER, CAP_FSETID,
	        CAP_KILL, CAP_SETGID, CAP_SETUID, CAP_SETPCAP, CAP_SETFCAP, CAP_NET_BIND_SERVICE,
	        CAP_NET_RAW, CAP_SYS_CHROOT, CAP_AUDIT_WRITE};
	uint64_t mask = 0;

	for (size_t i = 0; i < ARRAY_SIZE(kept); i++)
		mask |= UINT64_C(1) << kept[i];
	return mask;
}

/* The kernel may know more capabilities than the headers: EINVAL is the end of its list. */
static int drop_bounding(uint64_t mask)
{
	for (unsigned cap = 0; cap < 64; cap++) {
		if (mask & UINT64_C(1) << cap)
			continue;
		if (prctl(PR_CAPBSET_DROP, cap) < 0)
			return errno == EINVAL ? 0 : -1;
	}
	return 0;
}

int caps_limit(uint64_t mask)
{
	struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct now[2], data[2];

	if (drop_bounding(mask) < 0 ||
	        (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0 && errno != EINVAL) ||
	        syscall(SYS_capget, &header, now) < 0)
		return -1;
	for (int i = 0; i < 2; i++) {
		/* Nobody may permit himself what he does not have: the host may be a container
		 * too. */
		uint32_t have = now[i].permitted & (uint32_t)(mask >> (32 * i));
		data[i] = (struct __user_cap_data_struct){have, have, 0};
	}
	return (int)syscall(SYS_capset, &header, data);
}
