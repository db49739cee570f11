#!/bin/sh
. "$(dirname "$0")/lib.sh"
image=provbench
peer_available() {
	need lxc
	need_socket /var/snap/lxd/common/lxd/unix.socket /var/lib/lxd/unix.socket
	[ -n "$(lxc storage list --format csv 2>/dev/null)" ] || {
		echo "it has no storage pool"
		exit 1
	}
}
peer_version() { echo "lxd $(lxc --version)"; }
peer_note() { echo "lxd serves all containers and is not counted; the box's own init; no network device"; }
peer_pool() { lxc storage list --format csv | head -n 1 | cut -d, -f1; }
# LXD takes a tar of the tree and one that describes it.
peer_prepare() {
	printf 'architecture: %s\ncreation_date: 1\n' "$(uname -m)" >"$work/metadata.yaml"
	tar -C "$work" -cf "$work/metadata.tar" metadata.yaml && tar -C "$1" -cf "$work/rootfs.tar" . || exit 1
	lxc image import "$work/metadata.tar" "$work/rootfs.tar" --alias "$image" &&
		lxc profile create provbench &&
		lxc profile device add provbench root disk path=/ pool="$(peer_pool)"
}
peer_start() { echo "lxc launch $image $1 --profile provbench"; }
peer_exec() { echo "lxc exec $1 -- /bin/busybox true"; }
peer_stop() { echo "lxc delete --force $1"; }
peer_pids() {
	pid=$(lxc info "$1" | sed -n 's/^PID: *//p') && echo "$pid $(parent_of "$pid")"
}
peer_cleanup() {
	for id in $(lxc list --format csv -c n provbench-lxd-); do
		lxc delete --force "$id"
	done
	lxc image delete "$image"
	lxc profile delete provbench
}
peer_main "$@"
