#!/bin/sh
# A machine that fills the disk: it gets an error, prov says so where it must write itself, the neighbour keeps answering,
# and both can be stopped and removed. What lies in memory has bounds of its own.
. "$(dirname "$0")/../../isolation.sh"
need_box tiny
need_tool busybox mke2fs losetup
remember_host

# A disk of 48 MiB that holds prov's home.
truncate -s 48M "$scratch/disk.img"
mke2fs -q -t ext4 -m 0 "$scratch/disk.img" || skip "no small file system can be made"
mkdir "$scratch/disk"
mount -o loop "$scratch/disk.img" "$scratch/disk" 2>"$err" || skip "no loop device can be mounted here"
PROV_HOME=$scratch/disk/home
homes="$homes $PROV_HOME"
unmount() {
	for d in "$PROV_HOME"/labs/*; do
		[ ! -d "$d" ] || timeout 300 "$build/prov" destroy --lab "${d##*/}" -f >/dev/null 2>&1
	done
	umount "$scratch/disk" || umount -l "$scratch/disk"
}
at_end=unmount

mkdir -p "$scratch/tree/bin" "$scratch/tree/etc" "$scratch/tree/var" "$scratch/tree/tmp"
cp "$(command -v busybox)" "$scratch/tree/bin/busybox"
for applet in sh dd cat rm true touch df sync; do
	ln -s busybox "$scratch/tree/bin/$applet"
done
tar -C "$scratch/tree" -cf "$scratch/small.tar" .
expect 0 prov box add "$scratch/small.tar" --name small
printf 'prov: 1\nlab: isolation\ndefaults: { box: small, networks: none, memory: 64MiB }\nmachines:\n  hog: {}\n  neighbour: {}\n' | lab_file
expect 0 prov up

answers() { # WHEN: the neighbour; the limit is for what hangs
	context=$1
	expect 0 timeout 300 "$build/prov" -C "$lab" exec neighbour -- true
	context=
}
answers "before"

# The disk, with many names and with few bytes.
# What is to be given back later comes first; what a file system keeps for what it has not written yet, it gives back then.
expect 0 prov exec hog -- sh -c 'dd if=/dev/zero of=/var/later bs=1M count=4 && sync'
prov exec hog -- sh -c 'dd if=/dev/zero of=/var/fill bs=1M count=100' >"$out" 2>"$err" </dev/null && fail "100 MiB fit on 48"
expect_text "$err" 'No space left'
disk_is_full() {
	prov exec hog -- sh -c 'sync; dd if=/dev/zero bs=4k count=1000 >>/var/fill2'
	sync -f "$scratch/disk"
	[ "$(df --output=avail -k "$scratch/disk" | tail -n 1)" -lt 200 ]
}
await "the disk is full" disk_is_full
answers "with a full disk"
expect 1 prov exec neighbour -- sh -c 'dd if=/dev/zero of=/var/x bs=1M count=1'
expect 0 prov status
expect_text "$out" 'neighbour'

# prov's own writing: it says what is the matter, and nothing is half done.
prov halt neighbour >"$out" 2>"$err" </dev/null
code=$?
if [ $code -ne 0 ]; then
	expect_text "$err" 'No space left|full|space'
fi
expect 0 prov exec hog -- rm -f /var/later
has_room() { [ "$(df --output=avail -k "$scratch/disk" | tail -n 1)" -gt 2000 ]; }
await "the room that rm gives back" has_room
expect 0 prov up
answers "with a little room"
expect 0 prov destroy -f hog
# The kernel gives the blocks back once it has taken the last mount down, in the background.
is_empty() { [ "$(df --output=avail -k "$scratch/disk" | tail -n 1)" -gt 20000 ]; }
await "the space that destroy gives back" is_empty
answers "after destroy"
echo "SKIP disk: (a quota for a container) does not exist yet, so the disk itself is the bound"

# File systems in memory.
expect 0 prov up
prov exec hog -- sh -c 'dd if=/dev/zero of=/dev/fill bs=64k count=100' >"$out" 2>"$err" </dev/null && fail "/dev takes 6 MiB"
prov exec hog -- sh -c 'dd if=/dev/zero of=/dev/shm/fill bs=1M count=200' >"$out" 2>"$err" </dev/null && fail "/dev/shm takes 200 MiB of a machine of 64"
answers "with memory full of files"
# Names cost the kernel memory too: it is the machine's own that they use up.
prov exec hog -- sh -c 'rm -f /dev/fill /dev/shm/fill; i=0; while [ $i -lt 20000 ] && { : >/dev/shm/$i; } 2>/dev/null; do i=$((i + 1)); done' \
	>"$out" 2>"$err" </dev/null
answers "with many names"

expect 0 prov destroy -f
unmount
at_end=
homes=${homes% *}
expect_clean destroy
