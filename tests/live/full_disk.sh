#!/bin/sh
# The host's disk is full: what a virtual machine cannot write pauses it. status says why, no command claims that it goes on,
# with room again it does, and halt needs none.
. "$(dirname "$0")/../lib.sh"
need_libvirt
need_box tiny
expect 0 prov box export tiny "$scratch/tiny.box"
small=$scratch/small
mkdir "$small"
mount -t tmpfs -o size=200m,mode=755 none "$small" || skip "a tmpfs cannot be mounted"
PROV_HOME=$small/home
# Before anything else is taken away: the home is in it.
at_end=leave_small
leave_small() {
	rm -f "$small/fill"
	"$build/prov" -C "$lab" destroy -f >"$scratch/destroyed" 2>&1 || cat "$scratch/destroyed"
	umount "$small" || echo "cannot unmount $small"
}
expect 0 prov box add "$scratch/tiny.box"
lab_file <<'Y'
prov: 1
machines: { vm: { box: tiny, provider: kvm, memory: 128MiB } }
Y
expect 0 prov up

status_says() { # PATTERN
	prov status | grep -Eq -e "$1"
}
# It waits for what it wrote until it is heard that it was paused.
write_until_paused() { # FILE
	dd if=/dev/zero of="$small/fill" bs=64k 2>/dev/null
	[ "$(df --output=avail "$small" | tail -n 1)" -eq 0 ] || fail "the disk is not full"
	"$build/prov" -C "$lab" exec vm -- sh -c 'dd if=/dev/urandom of=$1 bs=1M count=12; sync' sh "$1" >"$scratch/exec.out" 2>&1 </dev/null &
	children=$!
	await "the machine is paused" status_says '^vm@kvm +suspended .* paused: the host has no space left for its disk'
}
write_until_paused /var/first
for command in up resume; do
	expect 1 prov $command
	expect_text "$err" "'vm@kvm' cannot go on: no space is left in '.*' for its disk"
	expect_text "$err" "make room, then prov resume vm@kvm"
done
rm "$small/fill"
expect 0 prov resume
# Its connection may have been given up meanwhile.
wait "$children"
children=
expect 0 prov exec vm -- sh -c 'dd if=/dev/urandom of=/var/second bs=1M count=12 && sync'

write_until_paused /var/third
expect 0 prov halt
expect_text "$err" "warning: 'vm@kvm' cannot go on"
expect_text "$err" "^halt: 1 done"
wait "$children"
children=
status_says '^vm@kvm +halted' || fail "not halted"
rm "$small/fill"
expect 0 prov up
expect 0 prov exec vm -- true
expect 0 prov destroy -f
