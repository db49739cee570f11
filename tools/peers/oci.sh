# What crun and runc have in common: $runtime names one; the bundle's root file system is shared.
# shellcheck shell=sh
. "$(dirname "$0")/lib.sh"
oci="$runtime --root $work/state"
peer_available() { need "$runtime"; }
peer_version() { "$runtime" --version | head -n 1; }
peer_note() { echo "no layer of its own: all share one root file system; the runtime's default config.json"; }
peer_prepare() {
	mkdir "$work/bundle" && cp -a "$1" "$work/bundle/rootfs" && cd "$work/bundle" && "$runtime" spec || exit 1
	sed -i 's|"terminal": true|"terminal": false|; s|"sh"$|"/sbin/prov-init", "15", "0"|' config.json
}
peer_start() { echo "$oci create --bundle $work/bundle $1 ::: $oci start $1"; }
peer_run() { echo "$oci run --detach --bundle $work/bundle $1"; }
peer_exec() { echo "$oci exec $1 /bin/busybox true"; }
peer_stop() { echo "$oci delete --force $1"; }
peer_hold() { $oci run --detach --bundle "$work/bundle" "$1" </dev/null >"$work/hold.out" 2>&1 || { cat "$work/hold.out"; exit 1; }; }
peer_pids() { $oci state "$1" | sed -n 's/^ *"pid": *\([0-9]*\).*/\1/p'; }
peer_cleanup() {
	for id in $($oci list -q 2>/dev/null); do
		$oci delete --force "$id"
	done
	remove_groups 'provbench-*'
}
peer_main "$@"
