# Bundles made by hand, run with prov-oci alone. Sourced after lib.sh.
# shellcheck shell=sh
need_root
need_tool busybox unshare
busybox=$(command -v busybox)
! ldd "$busybox" >/dev/null 2>&1 || skip "a static busybox is needed"
[ -x "$build/prov-oci" ] || skip "prov-oci is not built"

bundle=$scratch/bundle
rootfs=$bundle/rootfs
state_root=$scratch/state
oci() { "$build/prov-oci" --root "$state_root" "$@"; }

clean() {
	for c in $(oci list -q 2>/dev/null); do oci delete --force "$c"; done
}
at_end=clean

mkdir -p "$rootfs/bin" "$rootfs/tmp" "$rootfs/etc"
cp "$busybox" "$rootfs/bin/busybox"
for applet in $("$busybox" --list); do
	[ "$applet" = busybox ] || ln -sf busybox "$rootfs/bin/$applet"
done

# A config.json from these parts, each of which begins with a comma where it adds something.
new() {
	args='["true"]' process='' mounts='' linux='' top='' root='' user='{"uid": 0, "gid": 0}'
	namespaces='{"type": "pid"}, {"type": "network"}, {"type": "ipc"}, {"type": "uts"}, {"type": "mount"}'
	caps='["CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_KILL", "CAP_SETUID", "CAP_SETGID", "CAP_MKNOD", "CAP_NET_RAW"]'
	hostname='"hostname": "web",'
	n=$((n + 1))
	id=c$$-$n
}
n=0
write() {
	cat >"$bundle/config.json" <<-E
		{"ociVersion": "1.0.2", $hostname "root": {"path": "rootfs" $root},
		 "process": {"user": $user, "args": $args, "cwd": "/", "env": ["PATH=/bin", "A=b"],
		  "capabilities": {"bounding": $caps, "effective": $caps, "permitted": $caps} $process},
		 "mounts": [{"destination": "/proc", "type": "proc", "source": "proc"},
		  {"destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "mode=755", "size=64k"]},
		  {"destination": "/dev/pts", "type": "devpts", "source": "devpts", "options": ["newinstance", "ptmxmode=0666"]},
		  {"destination": "/sys", "type": "sysfs", "source": "sysfs", "options": ["ro"]} $mounts],
		 "linux": {"namespaces": [$namespaces] $linux} $top}
	E
}
script() { args="[\"sh\", \"-c\", \"$1\"]"; }
# shellcheck disable=SC2120 # not every script has more options
create() { oci create --bundle "$bundle" "$@" "$id" >"$out" 2>"$err" </dev/null; }
status() { oci state "$id" 2>/dev/null | sed -n 's/.*"status": "\(.*\)".*/\1/p'; }
pid() { oci state "$id" | sed -n 's/.*"pid": \([0-9]*\).*/\1/p'; }
wait_for() { # STATUS
	await "$id is $1" has_status "$1"
}
has_status() { [ "$(status)" = "$1" ]; }
# Creates, starts and waits; what the program wrote is in $out.
run() {
	write
	create || fail "$context: create"
	oci start "$id" 2>>"$err" || fail "$context: start"
	wait_for stopped
	oci delete "$id" || fail "$context: delete"
}
# create must fail with this message, and leave nothing.
refused() { # MESSAGE
	write
	! create || fail "$context: create did not fail"
	expect_text "$err" "$1"
	[ -z "$(status)" ] || fail "$context: something is left"
}
lines() { expect_same "$context" "$1" "$(tr '\n' '|' <"$out")"; }
