#!/bin/sh
# What a scanner finds inside: capabilities, filter, system calls, namespaces, devices, kernel files to read and write,
# sockets, mounts. prov's default container shows nothing that Podman's default container of the same tree does not.
. "$(dirname "$0")/../../isolation.sh"
need_box tiny
remember_host
machine tiny
arm web scan

expect 0 prov exec web -- /scan
sort -u "$out" >"$scratch/prov.scan"
# By itself: no namespace of the host's but time's, a filter, no mount, no log, no device but the usual.
expect_text "$scratch/prov.scan" '^filter yes$'
[ "$(grep -c '^call ' "$scratch/prov.scan")" -gt 150 ] || fail "hardly any system call works"
expect_no_text "$scratch/prov.scan" '^shared (ipc|uts|user|pid|cgroup)|^dmesg|^listed|^mount|^root of|^cgroup folder'
grep '^device' "$scratch/prov.scan" | grep -vxE 'device (1:(3|5|7|8|9)|5:[02])' >"$out"
[ ! -s "$out" ] || fail "devices beyond the usual"
grep '^writable' "$scratch/prov.scan" | grep -v ' /proc/pressure/' >"$out"
[ ! -s "$out" ] || fail "kernel files to write to"
command -v podman >/dev/null || {
	expect 0 prov destroy -f
	skip "podman is not installed"
}
tree=$(prov box inspect tiny --json | grep -o '[0-9a-f]\{64\}' | while read -r digest; do
	find "$PROV_HOME/store" -maxdepth 3 -type d -name "*$digest*"
done | head -n 1)
[ -d "$tree" ] || tree=$(find "$PROV_HOME/store/trees" -mindepth 1 -maxdepth 1 -type d | head -n 1)
cp -a "$tree" "$scratch/rootfs"
cp "$attacks/scan" "$scratch/rootfs/"
printf '[containers]\ndefault_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]\n' >"$scratch/containers.conf"
# That file also takes the place of the distribution's: the capabilities are Podman's own list. Debian's leaves out three
# of it, two of which prov has (engine/caps.c says why).
# crun 1.8 does not know a hybrid hierarchy: it gets one of v1 alone.
CONTAINERS_CONF=$scratch/containers.conf unshare -m --propagation private sh -c '
	[ ! -d /sys/fs/cgroup/unified ] || umount /sys/fs/cgroup/unified
	exec timeout 300 podman --root "$1/pod/store" --runroot "$1/pod/run" --tmpdir "$1/pod/tmp" --storage-driver vfs \
		--cgroup-manager cgroupfs --events-backend file run --rm --network none --rootfs "$1/rootfs" /scan' sh "$scratch" \
	>"$scratch/podman.raw" 2>"$err" </dev/null
sort -u "$scratch/podman.raw" >"$scratch/podman.scan"
if [ "$(grep -c '^call ' "$scratch/podman.scan")" -gt 100 ]; then
	# Calls that came after the list of Debian 12's Podman and that its later lists have, and personality(2), which both
	# let through for harmless values only: io_pgetevents, futex_waitv, cachestat, fchmodat2, futex_wake, futex_wait,
	# futex_requeue, map_shadow_stack.
	comm -23 "$scratch/prov.scan" "$scratch/podman.scan" |
		grep -vxE 'call (135|333|449|451|452|453|454|455|456)' >"$scratch/more.out"
	: >"$out"
	[ ! -s "$scratch/more.out" ] || fail "more than in Podman's default container"
else
	echo "SKIP podman does not run here: $(tail -n 1 "$err")"
fi
expect 0 prov destroy -f

# Positive control: without isolation the scanner finds what it looks for.
machine tiny '    container: { privileged: true }'
arm web scan
expect 0 prov exec web -- /scan
expect_text "$out" '^shared user'
expect_text "$out" '^mount possible'
expect 0 prov destroy -f
expect_clean destroy
