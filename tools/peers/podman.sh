#!/bin/sh
. "$(dirname "$0")/lib.sh"
podman="podman --root $work/root --runroot $work/run --tmpdir $work/tmp --storage-driver overlay --cgroup-manager cgroupfs --events-backend file"
# Podman's own limits for root are higher than a root without CAP_SYS_RESOURCE may set: the caller's hard ones,
# and of processes no more than podman first sets for itself.
limits=$(awk '/^Max open files/ {print "--ulimit nofile=" ($5 == "unlimited" ? 1048576 : $5)}
	/^Max processes/ {print "--ulimit nproc=" ($4 == "unlimited" || $4 > 32768 ? 32768 : $4)}' /proc/self/limits | tr '\n' ' ')
peer_available() { need podman; }
peer_version() { podman --version; }
peer_note() { echo "overlay storage, --network none, cgroupfs; runtime $($podman info --format '{{.Host.OCIRuntime.Name}}' 2>/dev/null)"; }
peer_prepare() { tar -C "$1" -c . | $podman import --quiet - localhost/provbench; }
peer_start() { echo "$podman run --detach --quiet --name $1 --cgroup-parent /provbench-podman --network none $limits localhost/provbench /sbin/prov-init 15 0"; }
peer_run() { peer_start "$1"; }
peer_exec() { echo "$podman exec $1 /bin/busybox true"; }
peer_stop() { echo "$podman rm --force --time 0 $1"; }
peer_pids() { $podman inspect --format '{{.State.Pid}} {{.State.ConmonPid}}' "$1"; }
peer_clear() { $podman rm --all --force --time 0; }
peer_cleanup() {
	$podman rm --all --force --time 0
	umount "$work/root/overlay" 2>/dev/null
	remove_groups provbench-podman
}
peer_main "$@"
