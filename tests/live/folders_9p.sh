#!/bin/sh
# synced_folders by 9p: QEMU serves them as its own user, for guests whose kernel has 9p and no virtiofs. The cloud kernel
# of our boxes has neither option on, so a box is made with Debian's other kernel.
. "$(dirname "$0")/../lib.sh"
. "$top/tests/folders.sh"
need_box tiny debian/12
need_libvirt

box=tiny-9p
if ! prov box inspect $box >/dev/null 2>&1; then
	mkdir "$scratch/recipes"
	cp -r "$top/boxes/tiny" "$top/boxes/common" "$scratch/recipes/"
	cd "$scratch/recipes" || exit 1
	sed -i 's/linux-image-cloud-/linux-image-/g' common/lib.sh
	sed -i 's/^name .*/name = tiny-9p/; s/^disk .*/disk = 96MiB/; s/^room .*/room = 900MiB/' tiny/recipe.meta
	sed -i 's/^\(kernel_and_initrd .*\)/\1 ext4 crc32c_generic/' tiny/recipe.sh
	echo 'modules_into_tree 9p 9pnet_virtio && ln -s ../usr/lib/modules lib/modules' >>tiny/recipe.sh
	cd / || exit 1
	prov box build "$scratch/recipes/tiny" >"$out" 2>"$err" || {
		tail -n 3 "$err"
		skip "a box with another kernel cannot be built"
	}
fi
remember_host

mkdir "$lab/site" "$lab/mine"
chown 12345:12346 "$lab/mine"
chmod 755 "$lab" "$lab/site"
echo from-host >"$lab/site/host"
lab_file <<Y
prov: 1
lab: foldersnine
machines:
  old:
    provider: kvm
    box: $box
    memory: 192MiB
    synced_folders:
      - { host: ./site, guest: /srv/site, type: 9p }
      - ./mine:/srv/mine
      - "./site:/srv/ro:ro"
Y
# QEMU's user gets through, whatever the first machine on this host has left there.
mkdir -m 700 /run/prov 2>/dev/null
expect 0 prov up
expect_text "$err" "old@kvm: '/srv/site' is mounted by 9p: changes travel both ways; of the machine's users root alone writes"
expect_text "$err" "old@kvm: '/srv/mine' is mounted by 9p: changes travel both ways"
expect_text "$err" "old@kvm: '/srv/ro' is mounted by 9p: changes travel from the host"
inside() { "$build/prov" -C "$lab" exec old -- "$@"; }

look() {
	expect_same "the host's file" from-host "$(inside cat /srv/site/host)"
	expect_same "the project" "prov: 1" "$(inside head -n 1 /vagrant/prov.yaml)"
	expect_same ".prov inside" "" "$(inside ls -A /vagrant/.prov)"
}
look
both_ways old "$lab/site" /srv/site

# On the host what is made belongs to the folder's owner; the links are the machine's own.
inside sh -c 'echo from-root >/srv/site/root; echo mine >/srv/mine/root; ln -s /etc/shadow /srv/site/evil; mkdir /srv/mine/d; touch /srv/mine/d/x'
expect_same "in root's folder" "from-root 0:0" "$(cat "$lab/site/root") $(owner "$lab/site/root")"
expect_same "in a user's folder" "mine 12345:12346 12345:12346" "$(cat "$lab/mine/root") $(owner "$lab/mine/root") $(owner "$lab/mine/d/x")"
expect_same "a link of the guest's" "$(inside sha256sum /etc/shadow | cut -d' ' -f1)" "$(inside sha256sum /srv/site/evil | cut -d' ' -f1)"
expect 1 prov ssh old -c 'touch /srv/site/user'
expect 0 prov ssh old -c 'cat /srv/mine/root'
# What is another's on the host stays out of reach, and no owner can be given.
install -o 0 -g 0 -m 600 /dev/null "$lab/mine/secret"
echo secret >"$lab/mine/secret"
expect 1 prov exec old -- cat /srv/mine/secret
inside chown 0:0 /srv/mine/root
expect_same "after chown" 12345:12346 "$(owner "$lab/mine/root")"
expect 1 prov exec old -- touch /srv/ro/x
expect 1 prov exec old -- sh -c 'mount -o remount,rw /srv/ro && touch /srv/ro/x'
[ ! -e "$lab/site/x" ] || fail "written through a read-only folder"
expect 1 prov exec old -- touch /vagrant/.prov/x

# A reboot from inside: the mounts are there before anybody of outside has looked.
nines() { prov exec old -- sh -c 'grep " 9p " /proc/mounts | cut -d" " -f1-3 | sort' </dev/null; }
mounts=$(nines)
expect_same "mounts by 9p" 4 "$(echo "$mounts" | grep -c " 9p$")"
reboot_inside old
expect_same "mounts after a reboot" "$mounts" "$(nines)"
look
expect 1 prov exec old -- touch /srv/ro/x
expect 0 prov exec old -- sh -c 'echo rebooted >/srv/mine/root'
expect_same "a file after a reboot" "rebooted 12345:12346" "$(cat "$lab/mine/root") $(owner "$lab/mine/root")"

expect 0 prov halt
! grep -q "/run/prov/9p/prov-$(lab_id)-" /proc/self/mounts || fail "halt leaves mounts"
expect 0 prov up
expect_same "after halt and up" from-root "$(inside cat /srv/site/root)"
look

# What it cannot do, and who cannot do it, is refused before anything starts.
cat >>"$lab/prov.yaml" <<Y
  deb: { provider: kvm, box: debian/12, autostart: false, synced_folders: [{ host: ./site, guest: /s, type: 9p }] }
  named: { provider: kvm, box: $box, autostart: false, synced_folders: [{ host: ./site, guest: /s, type: 9p, owner: tiny }] }
  auto: { provider: kvm, box: $box, autostart: false, synced_folders: [{ host: ./site, guest: /s, owner: tiny }] }
Y
expect 2 prov validate
expect_text "$err" "prov.yaml:[0-9]+:[0-9]+: 'synced_folders': 'owner' is not for type 9p"
sed -i '/^  named:/d' "$lab/prov.yaml"
expect 3 prov up deb
expect_text "$err" "9p for '/s' needs .* a box whose kernel has it"
expect 0 prov up auto
expect_text "$err" "auto@kvm: '/s' is a copy"
expect 0 prov destroy -f
[ -e "$lab/mine/root" ] && [ -e "$lab/prov.yaml" ] || fail "destroy took the host's files"
expect_clean destroy
