#!/bin/sh
# The same attacks where somebody else writes the plan: config.json for prov-oci. CVE-2024-21626 at start, CVE-2021-30465
# and 2024-45310 with a folder that two share, CVE-2019-16884 and kin as mounts over /proc, CVE-2025-52881.
. "$(dirname "$0")/../../isolation.sh"
need_root
need_tool busybox
oci=$build/prov-oci
[ -x "$oci" ] || skip "prov-oci is not built"
clean() {
	for c in $("$oci" --root "$scratch/oci" list -q 2>/dev/null); do "$oci" --root "$scratch/oci" delete --force "$c"; done
}
at_end=clean
remember_host

canary=$scratch/canary shared=$scratch/shared bundle=$scratch/bundle
mkdir -p "$canary" "$shared" "$bundle/rootfs/bin" "$bundle/rootfs/etc" "$bundle/rootfs/tmp"
chmod 777 "$shared"
cp "$(command -v busybox)" "$bundle/rootfs/bin/busybox"
for applet in sh cat ls true mount readlink; do
	ln -s busybox "$bundle/rootfs/bin/$applet"
done
cp "$attacks/fds" "$bundle/rootfs/bin/"
marker=$scratch/marker
: >"$marker"

# config.json: ARGS and the rest as JSON; prov-oci's own defaults otherwise.
config() { # ARGS CWD MOUNTS LINUX
	cat >"$bundle/config.json" <<J
{"ociVersion": "1.0.2", "root": {"path": "rootfs"}, "hostname": "attacked",
 "process": {"args": $1, "cwd": "$2", "env": ["PATH=/bin"], "user": {"uid": 0, "gid": 0}},
 "mounts": [{"destination": "/proc", "type": "proc", "source": "proc"},
  {"destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": ["mode=755"]}$3],
 "linux": {"namespaces": [{"type": "pid"}, {"type": "mount"}, {"type": "uts"}, {"type": "ipc"}, {"type": "network"}]$4}}
J
}
n=0
run() {
	n=$((n + 1))
	timeout 300 "$oci" --root "$scratch/oci" run --bundle "$bundle" "attack-$$-$n" >"$out" 2>"$err" </dev/null
}

config '["/bin/fds", "self", "'"$marker"'"]' / '' ''
run || fail "an honest container does not run"
expect_text "$out" '^no descriptor beyond 2'
expect_text "$out" '^no host above'

# A working directory in what prov-oci or its caller has open.
exec 5</ 7<"$scratch"
fd=3
while [ $fd -le 64 ]; do
	config '["/bin/fds", "self", "'"$marker"'"]' /proc/self/fd/$fd '' ''
	run && fail "a start in descriptor $fd is not refused"
	! grep -q '^got' "$out" || fail "a start in descriptor $fd leads outside"
	fd=$((fd + 1))
done
for up in /proc/1/root /proc/self/cwd/../../.. /proc/1/cwd; do
	config '["/bin/fds", "self", "'"$marker"'"]' "$up" '' ''
	run
	! grep -q '^got' "$out" || fail "a start in $up leads outside"
done
exec 5<&- 7<&-

# Places of the root file system that are links to the host.
for place in proc dev etc tmp srv; do
	rm -rf "$bundle/rootfs/$place"
	ln -s "$canary" "$bundle/rootfs/$place"
	config '["cat", "/proc/self/mountinfo"]' / ', {"destination": "/'$place'/made/deep", "type": "tmpfs", "source": "tmpfs"},
		{"destination": "/'$place'/file", "type": "bind", "source": "'"$marker"'", "options": ["bind"]}' ''
	run
	[ -z "$(ls -A "$canary")" ] || fail "/$place is a link: made outside: $(ls "$canary")"
	rm -rf "$bundle/rootfs/$place"
	[ $place = srv ] || mkdir "$bundle/rootfs/$place"
done

# A setting goes to the kernel or nowhere: never into a file that lies where /proc should be.
mkdir -p "$scratch/fake/sys/kernel" "$scratch/fake/sys/net/ipv4" "$scratch/fake/self/attr"
for file in sys/kernel/domainname sys/net/ipv4/ip_forward self/attr/exec self/oom_score_adj; do
	echo untouched >"$scratch/fake/$file"
done
ln -s "$canary/made" "$scratch/fake/sys/kernel/msgmax"
for key in kernel.domainname net.ipv4.ip_forward kernel.msgmax; do
	config '["true"]' / '' ', "sysctl": {"'$key'": "8192"}'
	sed 's|{"destination": "/proc"[^}]*}|{"destination": "/proc", "type": "bind", "source": "'"$scratch/fake"'", "options": ["rbind"]}|' \
		"$bundle/config.json" >"$bundle/config.fake"
	mv "$bundle/config.fake" "$bundle/config.json"
	run
	[ "$(cat "$scratch/fake/sys/kernel/domainname" "$scratch/fake/sys/net/ipv4/ip_forward" "$scratch/fake/self/attr/exec" | sort -u)" = untouched ] ||
		fail "$key was written into a file"
	[ -z "$(ls -A "$canary")" ] || fail "$key was written through a link"
done

# A control group that is mounted read-only, and what the container is given below it (podman for a systemd): no limit
# can be written. v2 takes nothing there that is not a group.
if [ -d /sys/fs/cgroup/pids ]; then
	for own in '' ', {"type": "cgroup"}'; do
		config '["sh", "-c", "cd /sys/fs/cgroup && ls pids/pids.max && for f in */*.max */*limit_in_bytes; do ! { echo 1000000 >$f; } 2>/dev/null || echo got $f; done; echo >x && echo got x; echo text >systemd/file && cat systemd/file"]' \
			/ ', {"destination": "/sys", "type": "sysfs", "source": "sysfs", "options": ["ro"]},
			{"destination": "/sys/fs/cgroup", "type": "cgroup", "source": "cgroup", "options": ["ro"]},
			{"destination": "/sys/fs/cgroup/systemd", "type": "tmpfs", "source": "tmpfs"}' ', "resources": {"pids": {"limit": 50}}'
		sed "s|{\"type\": \"network\"}|&$own|" "$bundle/config.json" >"$bundle/config.own"
		mv "$bundle/config.own" "$bundle/config.json"
		run || fail "a read-only cgroup with a mount below does not run"
		expect_text "$out" '^pids/pids.max$'
		expect_text "$out" '^text$'
		expect_no_text "$out" '^got'
	done
fi

# A folder that another shares and swaps for a link, while mounts are made in it.
mkdir "$shared/deep"
config '["cat", "/proc/self/mountinfo"]' / ', {"destination": "/vol", "type": "bind", "source": "'"$shared"'", "options": ["rbind", "rw"]},
	{"destination": "/vol/deep/made/a", "type": "tmpfs", "source": "tmpfs"},
	{"destination": "/vol/deep/made/b", "type": "bind", "source": "'"$marker"'", "options": ["bind"]}' ''
"$attacks/swap" 6 "$shared" deep "$canary" "$scratch/stop" >"$scratch/swap.out" 2>&1 &
swap=$!
children=$swap
starts=0 ran=0
while kill -0 $swap 2>/dev/null; do
	if run; then
		ran=$((ran + 1))
		grep ' /vol/' "$out" | grep -vE ' /vol/(deep|\.deep\.other)/made/[ab] ' >"$scratch/odd.out"
		[ ! -s "$scratch/odd.out" ] || fail "mounted elsewhere"
		! grep -F "$canary" "$out" || fail "the canary is mounted inside"
	fi
	starts=$((starts + 1))
	[ $starts -lt 20 ] || [ $ran -eq 0 ] || : >"$scratch/stop"
	[ -z "$(ls -A "$canary")" ] || fail "made outside: $(ls "$canary")"
done
children=
rounds=$(sed -n 's/^rounds //p' "$scratch/swap.out")
[ "${rounds:-0}" -ge 10000 ] || fail "only $rounds swaps"
[ $starts -ge 20 ] || fail "only $starts starts"
[ $ran -ge 1 ] || fail "no start of $starts came up beside the swapper"
[ -z "$(ls -A "$canary")" ] || fail "made outside: $(ls "$canary")"
! grep -F "$canary" /proc/self/mountinfo || fail "mounted outside"
expect_clean prov-oci
