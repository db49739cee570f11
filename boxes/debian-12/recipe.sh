#!/bin/sh
# debian/12: a small Debian with systemd and sshd, trimmed for the start (DESIGN 6). Network and identity come from the
# initrd, the kernel is started directly; nothing waits for a device.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../common/lib.sh"
need mmdebstrap chroot

say "packages: mmdebstrap $RECIPE_SUITE"
mmdebstrap --variant=minbase --mode=root --format=directory \
	--include=systemd-sysv,dbus,udev,kmod,openssh-server,sudo,iproute2,iputils-ping,procps,netbase,acpid \
	--aptopt='APT::Install-Recommends "false"' \
	--dpkgopt='path-exclude=/usr/share/man/*' \
	--dpkgopt='path-exclude=/usr/share/locale/*' \
	--dpkgopt='path-exclude=/usr/share/info/*' \
	--dpkgopt='path-exclude=/usr/share/doc/*' \
	--dpkgopt='path-include=/usr/share/doc/*/copyright' \
	"$RECIPE_SUITE" "$BOX_WORK/root" >&2
# The given folder itself stays: it was made by prov.
(cd "$BOX_WORK/root" && find . -mindepth 1 -maxdepth 1 -exec mv {} "$BOX_TREE/" \;)
cd "$BOX_TREE"

say "trim: users, units, identity"
# What building needed is not the user's configuration.
rm -f etc/apt/apt.conf.d/99mmdebstrap etc/dpkg/dpkg.cfg.d/99mmdebstrap
useradd --root "$BOX_TREE" --create-home --shell /bin/bash --uid 1000 --user-group debian
printf 'debian ALL=(ALL:ALL) NOPASSWD: ALL\n' >etc/sudoers.d/debian
chmod 440 etc/sudoers.d/debian
mkdir -p root/.ssh home/debian/.ssh
chmod 700 root root/.ssh home/debian/.ssh
chown 1000:1000 home/debian/.ssh

cp "$here/files/sshd.conf" etc/ssh/sshd_config.d/prov.conf
mkdir -p etc/systemd/system/ssh.service.d etc/systemd/system/systemd-remount-fs.service.d \
	etc/systemd/system/sysinit.target.wants etc/acpi/events
cp "$here/files/ssh-service.conf" etc/systemd/system/ssh.service.d/prov.conf
cp "$here/files/prov-phase-init.service" etc/systemd/system/
ln -s ../prov-phase-init.service etc/systemd/system/sysinit.target.wants/
cp "$here/files/powerbtn" etc/acpi/events/powerbtn
chmod 644 etc/ssh/sshd_config.d/prov.conf etc/systemd/system/prov-phase-init.service etc/acpi/events/powerbtn

# Under emulation each process of the start costs a tenth of a second. Masked: what a lab's machine has no use for. Taken
# out of the start, but started by the first who asks for them (socket or bus): udev, logind, dbus.
for unit in getty.target getty@.service serial-getty@.service console-getty.service \
	systemd-udev-settle.service systemd-random-seed.service systemd-update-utmp.service \
	systemd-update-utmp-runlevel.service systemd-tmpfiles-setup-dev.service kmod-static-nodes.service modprobe@.service \
	systemd-pstore.service systemd-user-sessions.service \
	dev-hugepages.mount dev-mqueue.mount sys-kernel-debug.mount sys-kernel-tracing.mount sys-kernel-config.mount \
	sys-fs-fuse-connections.mount \
	e2scrub_reap.service e2scrub_all.timer apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer fstrim.timer; do
	ln -sf /dev/null "etc/systemd/system/$unit"
done
units=usr/lib/systemd/system
rm -f "$units"/sysinit.target.wants/systemd-udevd.service "$units"/sysinit.target.wants/systemd-udev-trigger.service \
	"$units"/sysinit.target.wants/systemd-hwdb-update.service \
	"$units"/multi-user.target.wants/systemd-logind.service "$units"/multi-user.target.wants/dbus.service
# Nobody is kept out until user-sessions runs, which is masked.
mkdir -p etc/tmpfiles.d
ln -sf /dev/null etc/tmpfiles.d/systemd-nologin.conf
# These would be read at each start to find nothing in them.
rm -f etc/fstab etc/modules-load.d/modules.conf
printf '[Unit]\nConditionPathExists=/etc/fstab\n' >etc/systemd/system/systemd-remount-fs.service.d/prov.conf
echo LANG=C.UTF-8 >etc/default/locale
# Says that users and caches are up to date with /usr, so that the first start does not look.
touch -d "@$SOURCE_DATE_EPOCH" etc/.updated var/.updated

# No box carries an identity or what differs from one build to the next.
rm -f etc/ssh/ssh_host_* etc/hostname etc/resolv.conf etc/machine-id var/lib/dbus/machine-id var/lib/systemd/random-seed
: >etc/machine-id
rm -rf var/log/* var/cache/* var/lib/apt/lists/* tmp/* var/tmp/* run/* root/.wget-hsts
# Devices are the kernel's in a VM and made by hand in a container.
find dev -mindepth 1 -delete
mkdir -p var/log var/cache/apt/archives/partial var/lib/apt/lists/partial
rm -f var/lib/dpkg/*-old etc/*- etc/.pwd.lock var/lib/dpkg/lock* var/lib/dpkg/triggers/Lock

kernel_and_initrd virtio_pci virtio_console virtio_blk virtio_net virtio-rng button evdev
modules_into_tree overlay fuse virtiofs squashfs isofs vfat nls_ascii nls_utf8 loop tun veth bridge br_netfilter macvlan ipvlan \
	8021q dummy ifb vxlan wireguard sch_netem sch_tbf sch_htb sch_ingress cls_u32 act_mirred \
	nf_tables nft_chain_nat nft_masq nft_nat nft_ct nft_reject_inet nft_limit nft_log nft_redir nft_fib_inet nft_compat \
	ip_tables iptable_filter iptable_nat iptable_mangle ip6_tables ip6table_filter ip6table_nat xt_conntrack xt_MASQUERADE \
	xt_addrtype xt_mark xt_comment xt_multiport xt_REDIRECT xt_LOG xt_nat nf_log_syslog ip_set \
	autofs4 binfmt_misc vmw_vsock_virtio_transport dm_mod button evdev

printf 'version = %s\n' "$(cat etc/debian_version)" >"$BOX_OUT/meta"
