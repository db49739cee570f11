#!/bin/sh
# CVE-2022-0492, CVE-2023-25809: no cgroup hierarchy can be mounted, none that is seen can be written but the
# container's own, and nothing of the host's release agents or event files is in reach.
. "$(dirname "$0")/../../isolation.sh"
need_box tiny
remember_host
machine tiny
arm web mounts writable

# What the host would notice: an agent that runs when a group is empty, limits, groups that come from inside.
host_state() {
	cat /sys/fs/cgroup/*/release_agent /sys/fs/cgroup/*/notify_on_release 2>/dev/null
	find /sys/fs/cgroup -name '*attack*' 2>/dev/null
}
host_state >"$scratch/before.cgroup"

# Positive control, in a mount namespace of its own: root of the host may.
ATTACK_APART=1 unshare -m --propagation private "$attacks/mounts" tmpfs >"$out" 2>&1
expect_text "$out" '^got mount-tmpfs'
expect_text "$out" '^got fsmount-tmpfs'
expect_text "$out" '^got umount-/proc '

attack mounts cgroup cgroup2 tmpfs proc sysfs overlay debugfs tracefs securityfs bpf configfs binfmt_misc devpts mqueue \
	ext4 squashfs fuse nfs ramfs
expect_repelled "a mount" 100

if prov exec web -- sh -c 'test -d /sys/fs/cgroup && grep -q " /sys/fs/cgroup" /proc/self/mountinfo'; then
	# A file system of groups is there: nothing in it but the own group, and no switch of the host's.
	prov exec web -- /writable /sys/fs/cgroup >"$out" 2>"$err" </dev/null
	expect_no_text "$out" '^got write .*(release_agent|cgroup.event_control|notify_on_release)'
	expect_no_text "$out" '^got write /sys/fs/cgroup/[^ ]*(memory\.max|memory\.limit_in_bytes|cpu\.max|cpu\.cfs_quota_us|pids\.max|devices\.(allow|deny)|cpuset\.cpus)$'
	# A way up: a group beside or above the own one.
	expect 0 prov exec web -- find /sys/fs/cgroup -maxdepth 2
	expect_no_text "$out" 'prov-|machine'
	prov exec web -- sh -c 'mkdir /sys/fs/cgroup/attack /sys/fs/cgroup/*/attack' >"$out" 2>&1 </dev/null
fi
expect 0 prov exec web -- cat /proc/self/cgroup /proc/1/cgroup
expect_no_text "$out" ':/.+'
expect 0 prov exec web -- sh -c 'find / -name release_agent 2>/dev/null; true'
for agent in $(cat "$out"); do
	prov exec web -- sh -c "echo /attack >$agent" 2>/dev/null </dev/null
done

# With SYS_ADMIN on request, only what begins at the own group is seen, and the agent is still nobody's to set.
expect 0 prov destroy -f
machine tiny '    container: { capabilities: { add: [SYS_ADMIN] } }'
arm web mounts
trees=$(awk '$3 ~ /^cgroup/ {print $2}' /proc/self/mounts)
for tree in $trees; do
	mkdir "$tree/prov-iso-$$"
done
prov exec web -- sh -c '
	mkdir -p /mnt/c
	for type in memory pids devices cpu,cpuacct rdma none,name=systemd none,name=attack; do
		mount -t cgroup -o $type x /mnt/c 2>/dev/null || continue
		echo "mounted $type"
		ls -d /mnt/c/prov-* /mnt/c/*/prov-* /mnt/c/machine 2>/dev/null
		for f in /mnt/c/release_agent /mnt/c/devices.allow /mnt/c/memory.limit_in_bytes; do
			[ ! -e $f ] || { echo /attack >$f; } 2>/dev/null && [ -e $f ] && echo "wrote $f"
		done
		umount /mnt/c
	done
	mount -t cgroup2 x /mnt/c 2>/dev/null && ls /mnt/c && umount /mnt/c
	true' >"$out" 2>"$err" </dev/null
code=$?
for tree in $trees; do
	rmdir "$tree/prov-iso-$$"
done
[ $code -eq 0 ] || fail "the machine with SYS_ADMIN does not run"
expect_no_text "$out" '^wrote|prov-|machine'
host_state >"$scratch/after.cgroup"
cmp -s "$scratch/before.cgroup" "$scratch/after.cgroup" || fail "the host's groups have changed"
expect 0 prov destroy -f
expect_clean destroy
