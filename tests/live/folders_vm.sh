#!/bin/sh
# synced_folders of virtual machines: virtiofs where the box can, copies over SSH where not.
. "$(dirname "$0")/../lib.sh"
. "$top/tests/folders.sh"
need_box tiny debian/12
need_libvirt
remember_host

mkdir "$lab/site" "$lab/mine" "$lab/src"
chown 12345:12346 "$lab/mine"
echo from-host >"$lab/site/host"
echo one >"$lab/src/one"
touch "$lab/src/left.o"
lab_file <<'Y'
prov: 1
lab: foldersvm
machines:
  deb:
    provider: kvm
    box: debian/12
    memory: 256MiB
    synced_folders:
      - ./mine:/srv/mine
      - { host: ./site, guest: /srv/site, type: virtiofs }
      - "./site:/srv/ro:ro"
      - './site:/srv/a b\c:ro'
      - { host: ./src, guest: /srv/copy, type: rsync, exclude: ["*.o"], owner: debian }
  tiny:
    provider: kvm
    box: tiny
    memory: 128MiB
    synced_folders: [{ host: ./src, guest: /srv/copy, exclude: ["*.o"] }]
Y
expect 0 prov up
expect_text "$err" "tiny@kvm: the project is not at '/vagrant'"
expect_text "$err" "tiny@kvm: '/srv/copy' is a copy \(rsync\)"
expect_text "$err" "deb@kvm: '/srv/mine' is mounted by virtiofs: changes travel both ways"
expect_text "$err" "deb@kvm: '/srv/ro' is mounted by virtiofs: changes travel from the host"
inside() { "$build/prov" -C "$lab" exec deb -- "$@"; }

look() {
	expect_same "the host's file" from-host "$(inside cat /srv/site/host)"
	expect_same "a path with a blank" from-host "$(inside cat '/srv/a b\c/host')"
	expect_same "the project" "prov: 1" "$(inside head -n 1 /vagrant/prov.yaml)"
	expect_same ".prov inside" "" "$(inside ls -A /vagrant/.prov)"
	expect_same "the user's folder" debian:debian "$(inside stat -c %U:%G /srv/mine)"
	expect_same "the copies" "one one" "$(inside cat /srv/copy/one) $(prov exec tiny -- cat /srv/copy/one)"
}
look
inside sh -c 'echo from-root >/srv/site/root; echo x >/vagrant/v; touch /srv/mine/root; ln -s /etc/shadow /srv/site/evil'
expect_same "root's file" "from-root 0:0" "$(cat "$lab/site/root") $(owner "$lab/site/root")"
expect 0 prov ssh deb -c 'echo from-user >/srv/mine/user'
expect_same "the user's file" "from-user 12345:12346" "$(cat "$lab/mine/user") $(owner "$lab/mine/user")"
case $(owner "$lab/mine/root") in 0:* | 12345:*) fail "root of the guest is somebody in a user's folder" ;; esac
install -o 0 -g 0 -m 600 /dev/null "$lab/mine/secret"
expect 1 prov exec deb -- chown 1000 /srv/mine/secret
expect 1 prov exec deb -- touch /srv/ro/x
expect 1 prov exec deb -- sh -c 'mount -o remount,rw /srv/ro && touch /srv/ro/x'
[ ! -e "$lab/site/x" ] || fail "written through a read-only folder"
# A link that the guest leaves leads to the guest's own file.
expect_same "a link of the guest's" "$(inside sha256sum /etc/shadow | cut -d' ' -f1)" "$(inside sha256sum /srv/site/evil | cut -d' ' -f1)"
expect 1 prov exec deb -- touch /vagrant/.prov/x
expect 1 prov exec deb -- test -e /srv/copy/left.o
expect_same "owner of a copy" debian "$(inside stat -c %U /srv/copy/one)"

# Each change is on the other side within a second.
both_ways deb "$lab/site" /srv/site

prov sync --watch >"$scratch/watch.out" 2>&1 &
watcher=$!
children="$children $watcher"
await "sync watches" grep -q watching "$scratch/watch.out"
echo two >"$lab/src/two"
await_inside deb 'test -e /srv/copy/two'
await_inside tiny 'test -e /srv/copy/two'
rm "$lab/src/two"
await_inside tiny '! test -e /srv/copy/two'
pkill -INT -P "$watcher"
wait "$watcher"

# A reboot from inside: the mounts are there before anybody of outside has looked.
expect 0 prov exec deb -- sh -c 'mount | grep virtiofs | cut -d" " -f1-5 | sort'
cp "$out" "$scratch/mounts"
expect_same "mounts by virtiofs" 4 "$(grep -c virtiofs "$out")"
reboot_inside deb
expect 0 prov exec deb -- sh -c 'mount | grep virtiofs | cut -d" " -f1-5 | sort'
cmp -s "$out" "$scratch/mounts" || fail "other mounts after a reboot"
look
expect 1 prov exec deb -- touch /srv/ro/x
expect 0 prov ssh deb -c 'echo rebooted >/srv/mine/user'
expect_same "the user's file after a reboot" "rebooted 12345:12346" "$(cat "$lab/mine/user") $(owner "$lab/mine/user")"

expect 0 prov halt deb
! grep -q "/run/prov/folders/prov-$(lab_id)-" /proc/self/mounts || fail "halt leaves mounts"
expect 0 prov up
expect_same "after halt and up" from-root "$(inside cat /srv/site/root)"
look
expect 0 prov destroy -f
[ -e "$lab/mine/user" ] && [ -e "$lab/prov.yaml" ] || fail "destroy took the host's files"
expect_clean "destroy"
