#!/bin/sh
# tiny: the smallest box that answers SSH. BusyBox (static), Dropbear with its libraries, an init of four lines.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../common/lib.sh"

libs=$BOX_WORK/packages
packages_unpack "$libs" busybox-static dropbear-bin libc6 libcrypt1 libtomcrypt1 libtommath1 libgmp10 zlib1g

cd "$BOX_TREE"
mkdir -p bin dev etc/dropbear etc/init.d home lib lib64 mnt proc root run sbin srv sys tmp usr/bin usr/lib usr/sbin \
	var/log var/tmp
chmod 1777 tmp var/tmp
chmod 700 root etc/dropbear
ln -s ../run var/run

cp "$libs/bin/busybox" bin/busybox
# The links that "busybox --install" would make; modprobe and friends have nothing to do here.
bin/busybox --list-full | while read -r path; do
	case $path in
	bin/busybox | */depmod | */dpkg | */dpkg-deb | */rpm | */rpm2cpio) continue ;;
	esac
	mkdir -p "$(dirname "$path")"
	[ -e "$path" ] || ln -s /bin/busybox "$path"
done

cp "$libs/usr/sbin/dropbear" usr/sbin/
for lib in libc.so.6 libcrypt.so.1 libtomcrypt.so.1 libtommath.so.1 libgmp.so.10 libz.so.1; do
	cp -L "$(find "$libs" -name "$lib" | head -n 1)" "lib/$lib"
done
cp -L "$(find "$libs/lib" -name 'ld-linux-x86-64.so.2' | head -n 1)" lib64/
chmod 755 lib/* lib64/*

cat >etc/passwd <<'END'
root:x:0:0:root:/root:/bin/sh
nobody:x:65534:65534:nobody:/nonexistent:/bin/false
tiny:x:1000:1000:tiny:/home/tiny:/bin/sh
END
cat >etc/group <<'END'
root:x:0:
tty:x:5:
nogroup:x:65534:
tiny:x:1000:
END
# No passwords: keys only.
printf '%s:*:19000:0:99999:7:::\n' root nobody tiny >etc/shadow
chmod 640 etc/shadow
printf '/bin/sh\n/bin/ash\n' >etc/shells
echo 'export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' >etc/profile
printf 'NAME="prov tiny"\nID=prov-tiny\nPRETTY_NAME="prov tiny (BusyBox)"\n' >etc/os-release
: >etc/machine-id
mkdir -m 700 home/tiny root/.ssh home/tiny/.ssh
chown -R 1000:1000 home/tiny

cp "$here/inittab" etc/inittab
cp "$here/rcS" etc/init.d/rcS
cp "$here/powerbtn" etc/powerbtn
mkdir -p etc/acpi/PWRF
ln -s /etc/powerbtn etc/acpi/PWRF/00000080
chmod 755 etc/init.d/rcS etc/powerbtn

kernel_and_initrd virtio_pci virtio_console virtio_blk virtio_net button evdev
