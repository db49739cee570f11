#!/bin/sh
. "$(dirname "$0")/lib.sh"
peer_available() { need lxc-start lxc-attach lxc-stop; }
peer_version() { echo "lxc $(lxc-start --version)"; }
peer_note() { echo "an overlay of its own each; configuration and layers are made before the clock runs; privileged, as lxc-create makes it for root"; }
config() { # ID
	dir=$work/lxc/$1
	[ -d "$dir" ] || mkdir -p "$dir/upper" "$dir/rootfs"
	cat >"$dir/config" <<-C
		lxc.include = /usr/share/lxc/config/common.conf
		lxc.rootfs.path = overlay:$work/base:$dir/upper
		lxc.uts.name = $1
		lxc.net.0.type = empty
		lxc.init.cmd = /sbin/prov-init 15 0
	C
}
peer_prepare() {
	find /sys/fs/cgroup -maxdepth 2 -name lxc.pivot >"$work/pivots"
	mkdir "$work/lxc" && cp -a "$1" "$work/base"
}
peer_start() {
	config "$1"
	echo "lxc-start -P $work/lxc -n $1 -d"
}
peer_run() { peer_start "$1"; }
peer_exec() { echo "lxc-attach -P $work/lxc -n $1 -- /bin/busybox true"; }
peer_stop() { echo "lxc-stop -P $work/lxc -n $1 -k ::: rm -rf --one-file-system $work/lxc/$1"; }
peer_pids() {
	pid=$(lxc-info -P "$work/lxc" -n "$1" -p -H) && echo "$pid $(parent_of "$pid")"
}
peer_cleanup() {
	for dir in "$work"/lxc/*/; do
		[ ! -d "$dir" ] || lxc-stop -P "$work/lxc" -n "$(basename "$dir")" -k
	done
	remove_groups 'lxc.*.provbench-*'
	[ -s "$work/pivots" ] || remove_groups lxc.pivot
}
peer_main "$@" 2>"$work/lxc.err"
