#!/bin/sh
# A virtual machine of a box that is not prov's: a disk with a boot loader, made here, which takes its address by DHCP and
# its keys from the disk for cloud-init. In one lab with a machine of prov's own and a container.
. "$(dirname "$0")/../lib.sh"
need_libvirt
need_tool syslinux mcopy mkfs.vfat mke2fs perl busybox dropbear dropbearconvert cpio gzip ldd tar qemu-img
[ -f /usr/lib/syslinux/mbr/mbr.bin ] || skip "syslinux-common is not installed: there is no mbr.bin"
need_box tiny
remember_host

# --- the disk: the kernel and the modules of the box tiny, all else of this host; nothing of prov's ---

artefact() { # KIND
	prov box inspect tiny --json | tr -d ' \n' | sed 's/.*"kind":"'"$1"'"[^}]*"digest":"\([0-9a-f]*\)".*/\1/'
}
blob() { ls "$PROV_HOME/store/blobs/$(artefact "$1")".*; }

work=$scratch/work
mkdir -p "$work/initrd" "$work/root"
(cd "$work/initrd" && gzip -dc "$(blob initrd)" | cpio -id --quiet) || fail "the initrd cannot be unpacked"
rm "$work/initrd/init"
mkdir -p "$work/initrd/bin"
cp "$(command -v busybox)" "$work/initrd/bin/"
cat >"$work/initrd/init" <<'S'
#!/bin/busybox sh
b=/bin/busybox
$b mount -t devtmpfs dev /dev
while read -r m; do $b insmod "/modules/$m"; done </modules/list
until [ -b /dev/vda2 ]; do $b sleep 0.1; done
$b mount -t ext4 /dev/vda2 /root
$b mount --move /dev /root/dev
exec $b switch_root /root /sbin/init
S
chmod 755 "$work/initrd/init"
(cd "$work/initrd" && find . | cpio --quiet -o -H newc -R 0:0) | gzip -1 >"$work/initrd.gz"

root=$work/root
(cd "$root" && mkdir -p bin sbin usr/bin usr/sbin dev proc sys run tmp mnt srv etc/dropbear etc/acpi/PWRF root/.ssh var/log)
chmod 700 "$root/root" "$root/root/.ssh"
cp "$(command -v busybox)" "$root/bin/busybox"
busybox --list-full | while read -r path; do
	mkdir -p "$root/$(dirname "$path")"
	[ -e "$root/$path" ] || ln -s /bin/busybox "$root/$path"
done
for tool in dropbear dropbearconvert; do
	cp "$(command -v $tool)" "$root/usr/sbin/"
	ldd "$(command -v $tool)" | sed -n 's/.* => \(\/[^ ]*\) .*/\1/p; s/^[[:space:]]*\(\/[^ ]*\) .*/\1/p'
done | sort -u | while read -r lib; do
	mkdir -p "$root$(dirname "$lib")"
	cp -L "$lib" "$root$lib"
done
echo 'root:x:0:0:root:/root:/bin/sh' >"$root/etc/passwd"
echo 'root:*:19000:0:99999:7:::' >"$root/etc/shadow"
echo 'root:x:0:' >"$root/etc/group"
echo /bin/sh >"$root/etc/shells"
printf '#!/bin/sh\nexec /sbin/poweroff\n' >"$root/etc/acpi/PWRF/00000080"
cat >"$root/etc/inittab" <<'S'
::sysinit:/etc/rc
::respawn:/sbin/acpid -d -l /dev/null -p /run/acpid.pid
::shutdown:/bin/umount -a -r
S
cat >"$root/etc/dhcp" <<'S'
#!/bin/sh
[ "$1" = bound ] || exit 0
ip address add "$ip/$mask" dev "$interface"
for r in $router; do ip route add default via "$r"; done
{ echo "search $domain"; for d in $dns; do echo "nameserver $d"; done; } >/etc/resolv.conf
S
# The least of a cloud-init. The files lie in the image as they are, between zeros.
cat >"$root/etc/rc" <<'S'
#!/bin/sh
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t tmpfs run /run
mkdir -p /dev/pts
mount -t devpts -o mode=620,ptmxmode=666 devpts /dev/pts
mount -o remount,rw /
ip link set lo up
for d in /sys/block/vd*; do
	[ "$(cat "$d/serial")" != prov-cidata ] || tr -d '\000' <"/dev/${d##*/}" >/run/seed
done
grep -q cidata /run/seed || echo "no label" >/dev/console
hostname "$(sed -n 's/^hostname: //p' /run/seed)"
sed -n '/^ssh_authorized_keys:/{n;s/^- "\(.*\)"$/\1/p}' /run/seed >/root/.ssh/authorized_keys
sed -n '/ed25519_private: |/,/ed25519_public/s/^    //p' /run/seed >/run/key
dropbearconvert openssh dropbear /run/key /etc/dropbear/key
echo boot >>/var/log/boots
ip link set eth0 up
udhcpc -q -n -t 20 -i eth0 -s /etc/dhcp >/dev/console 2>&1
dropbear -s -r /etc/dropbear/key
S
chmod 755 "$root/etc/rc" "$root/etc/dhcp" "$root/etc/acpi/PWRF/00000080"
chown -R 0:0 "$root"

# One partition for the loader, one for the system: FAT from 1 MiB, ext4 from 41 MiB.
cat >"$work/syslinux.cfg" <<'S'
DEFAULT linux
PROMPT 0
LABEL linux
	KERNEL vmlinuz
	INITRD initrd.gz
	APPEND console=ttyS0 quiet panic=-1 net.ifnames=0
S
disk=$work/box.img
truncate -s 40M "$work/fat"
{
	mkfs.vfat -F 16 "$work/fat" &&
		mcopy -i "$work/fat" "$(blob kernel)" ::vmlinuz &&
		mcopy -i "$work/fat" "$work/initrd.gz" "$work/syslinux.cfg" ::
} >"$out" 2>&1 || fail "the loader's partition cannot be made"
truncate -s 64M "$work/ext4"
mke2fs -q -F -t ext4 -d "$root" "$work/ext4" >"$out" 2>&1 || fail "the system's partition cannot be made"
perl -e '
	my ($loader, $disk) = @ARGV;
	open my $in, "<:raw", $loader or die; read $in, my $code, 440;
	my $part = sub { pack "C C3 C C3 V V", $_[0], 254, 255, 255, $_[1], 254, 255, 255, $_[2], $_[3] };
	open my $to, ">:raw", $disk or die;
	print $to $code, "\0" x (446 - length $code), $part->(0x80, 0x0e, 2048, 81920), $part->(0, 0x83, 83968, 131072), "\0" x 32, "\x55\xaa";
' /usr/lib/syslinux/mbr/mbr.bin "$disk" || fail "no partition table"
dd if="$work/fat" of="$disk" bs=1M seek=1 conv=notrunc,sparse 2>/dev/null
dd if="$work/ext4" of="$disk" bs=1M seek=41 conv=notrunc,sparse 2>/dev/null
truncate -s 105M "$disk"
syslinux --install -t 1048576 "$disk" >"$out" 2>&1 || fail "syslinux cannot be installed"

# --- as a box: of Vagrant's form, and bare ---

echo '{"provider": "libvirt", "format": "qcow2", "virtual_size": 1}' >"$work/metadata.json"
echo 'Vagrant.configure("2") { |config| }' >"$work/Vagrantfile"
mv "$disk" "$work/raw.img"
qemu-img convert -f raw -O qcow2 "$work/raw.img" "$work/box.img"
tar -C "$work" -czf "$scratch/foreign-test.box" metadata.json Vagrantfile box.img
expect 0 prov box add --name foreign-test/raw "$work/raw.img"
expect 0 prov box add --name foreign-test/vagrant "$scratch/foreign-test.box"
expect 0 prov box inspect foreign-test/vagrant
expect_text "$out" "login user vagrant, for kvm"
expect 0 prov box verify foreign-test/raw
forget_boxes() {
	for d in "$lab" "$scratch/second"; do
		[ ! -f "$d/prov.yaml" ] || "$build/prov" -C "$d" destroy --volumes -f >/dev/null 2>&1
	done
	for box in raw vagrant; do
		"$build/prov" box remove "foreign-test/$box" >/dev/null 2>&1
	done
}
at_end=forget_boxes

lab_file <<'Y'
prov: 1
lab: guests
volumes:
  data: { size: 16MiB }
machines:
  alien:
    box: foreign-test/raw
    provider: kvm
    memory: 128MiB
    volumes: [ "data:/srv/data" ]
    provision:
      - name: mark
        shell: |
          echo "$(hostname) $PROV_MACHINE" >/srv/mark
          echo run >>/srv/ran
  own: { box: tiny, provider: kvm, memory: 128MiB }
  box: { box: tiny }
Y

# A container has nothing to run of it.
mkdir "$scratch/second"
printf 'prov: 1\nmachines:\n  web: { box: foreign-test/raw }\n' >"$scratch/second/prov.yaml"
expect 2 prov -C "$scratch/second" up
expect_text "$err" "box: 'foreign-test/raw' has no root file system for containers"
expect_text "$err" "provider: kvm"

expect 0 prov up
expect_text "$err" "alien@kvm: .*is not prov's own.* cannot be seen"
expect 0 prov exec alien -- cat /srv/mark
expect_same "what a script left" "alien-kvm alien" "$(cat "$out")"
address=$(prov status --json | tr -d ' \n' | sed 's/.*"name":"alien@kvm"[^]]*"address":"\([0-9.]*\)".*/\1/')
expect 0 prov exec alien -- ip -4 -o address show dev eth0
expect_text "$out" "inet $address/"

everybody() { # WHEN
	for from in alien own box; do
		expect_reach "$from" alien-kvm own-kvm box-container alien own box "$address"
	done
	prov exec alien -- sh -c 'echo here >/srv/data/file; mount' >"$scratch/mounts.out"
	expect_text "$scratch/mounts.out" " /srv/data "
	expect 0 prov ssh alien -- id -un
	expect_same "$1: who logs in" root "$(cat "$out")"
}
everybody "after up"
expect 0 prov up
expect_text "$err" "nothing to do|unchanged"

expect 0 prov halt alien
expect_no_text "$err" "powered off"
expect 0 prov up
expect 0 prov exec alien -- sh -c 'cat /srv/ran /var/log/boots; ip -4 -o address show dev eth0'
expect_same "what ran once, and two boots" "run boot boot" "$(head -n 3 "$out" | xargs)"
expect_text "$out" "inet $address/"
everybody "after halt and up"

expect 0 prov destroy -f --volumes
expect 0 prov box remove foreign-test/vagrant
expect 0 prov box remove foreign-test/raw
expect_clean destroy
