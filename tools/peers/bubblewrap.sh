#!/bin/sh
. "$(dirname "$0")/lib.sh"
bwrap="bwrap --unshare-all --bind $work/rootfs / --proc /proc --dev /dev --die-with-parent"
peer_available() { need bwrap; }
peer_version() { bwrap --version; }
peer_note() { echo "a program in namespaces: no control group, nothing to enter, stop or remove, so its start is that of \`true\` itself"; }
peer_prepare() { cp -a "$1" "$work/rootfs"; }
peer_start() { echo "$bwrap /bin/busybox true"; }
peer_exec() { :; }
peer_stop() { :; }
# It tells by its block descriptor's JSON which process is inside.
peer_hold() {
	mkfifo "$work/$1.info"
	setsid bwrap --unshare-all --bind "$work/rootfs" / --proc /proc --dev /dev --info-fd 7 \
		/sbin/prov-init 15 0 7>"$work/$1.info" </dev/null >/dev/null 2>&1 &
	echo $! >"$work/$1.pid"
	sed -n 's/.*"child-pid": *\([0-9]*\).*/\1/p' "$work/$1.info" >"$work/$1.child"
}
peer_pids() {
	child=$(cat "$work/$1.child")
	echo "$child $(cat "/proc/$child/task/$child/children") $(cat "$work/$1.pid")"
}
peer_release() { kill -KILL "$(cat "$work/$1.child")" "$(cat "$work/$1.pid")" && rm -f "$work/$1".*; }
peer_cleanup() {
	for held in "$work"/*.pid; do
		[ ! -f "$held" ] || peer_release "$(basename "$held" .pid)"
	done
}
peer_main "$@"
