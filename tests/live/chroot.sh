#!/bin/sh
# prov inside a chroot: exec leads into the machine, not to the root outside of the chroot.
. "$(dirname "$0")/../lib.sh"
need_box tiny
remember_host

lab_file <<'Y'
prov: 1
machines: {web: {box: tiny, networks: none}}
Y
mkdir "$scratch/root"
cat >"$scratch/inside.sh" <<'S'
set -e
"$1" -q -C "$2" up
"$1" -C "$2" exec web -- sh -c 'cat /proc/1/comm; test -e /etc/inittab && echo in the box'
"$1" -q -C "$2" destroy -f
S
expect 0 unshare -m sh -c 'mount --rbind / "$1" && chroot "$1" sh "$2" "$3" "$4"' sh \
	"$scratch/root" "$scratch/inside.sh" "$build/prov" "$lab"
expect_same "what is seen inside" "prov-init
in the box" "$(cat "$out")"
expect_clean destroy
