#!/bin/sh
# synced_folders of containers: what is written on either side is on the other, with the right owner;
# what a machine puts into a shared folder leads nowhere else.
. "$(dirname "$0")/../lib.sh"
need_box tiny
remember_host

mkdir "$lab/site" "$lab/mine"
chown 12345:12346 "$lab/mine"
chmod 755 "$lab" "$lab/site"
echo from-host >"$lab/site/host"
lab_file <<'Y'
prov: 1
lab: foldersync
defaults: { box: tiny, networks: none }
machines:
  web:
    synced_folders:
      - "./site:/srv/site"
      - "./site:/srv/ro:ro"
      - ./mine:/srv/mine
      - { host: ./new/deep, guest: /srv/new, create: true, owner: nobody }
  bare: { synced_folders: none }
  off: { synced_folders: [{ host: ., guest: /vagrant, disabled: true }] }
  locked: { container: { read_only: true }, synced_folders: [ "./site:/tmp/site" ] }
Y
expect 0 prov up
inside() { "$build/prov" -C "$lab" exec web -- "$@"; }
owner() { stat -c %u:%g "$1"; }

# Both ways, at once.
expect_same "the host's file" from-host "$(inside cat /srv/site/host)"
inside sh -c 'echo from-root >/srv/site/root'
expect_same "root's file" from-root "$(cat "$lab/site/root")"
expect_same "owner of root's file" 0:0 "$(owner "$lab/site/root")"
expect_same "the host's owner inside" 0:0 "$(inside stat -c %u:%g /srv/site/host)"
expect_same "the project's file" "prov: 1" "$(inside head -n 1 /vagrant/prov.yaml)"

# A user's folder is the login user's inside.
expect_same "owner of mine inside" tiny:tiny "$(inside stat -c %U:%G /srv/mine)"
expect 0 prov ssh web -c 'echo from-user >/srv/mine/user'
expect_same "the user's file" "from-user 12345:12346" "$(cat "$lab/mine/user") $(owner "$lab/mine/user")"
install -o 12345 -g 12346 -m 600 /dev/null "$lab/mine/private"
expect_same "a file of the host's user inside" 1000:1000 "$(inside stat -c %u:%g /srv/mine/private)"
# Others of the container are nobody on the host, and of the host nobody inside.
inside touch /srv/mine/root
case $(owner "$lab/mine/root") in 0:* | 12345:*) fail "root inside is somebody in a user's folder" ;; esac
install -o 0 -g 0 -m 600 /dev/null "$lab/mine/secret"
expect 1 prov exec web -- cat /srv/mine/secret
expect 1 prov exec web -- chown 0:0 /srv/mine/secret
expect_same "owner by name" nobody "$(inside stat -c %U /srv/new)"
[ -d "$lab/new/deep" ] || fail "create: true makes nothing"

# Read-only is so for root as well; no device and no set-user-id program works there.
expect 1 prov exec web -- touch /srv/ro/x
[ ! -e "$lab/site/x" ] || fail "written through a read-only mount"
expect_text "$err" "Read-only file system"
expect 1 prov exec web -- mount -o remount,rw /srv/ro
for at in /srv/site /srv/ro /vagrant; do
	inside grep " $at " /proc/self/mountinfo | grep -q "nosuid,nodev" || fail "$at without nosuid,nodev"
done

# What is prov's own is hidden; what is disabled is not there.
expect_same ".prov inside" "" "$(inside ls -A /vagrant/.prov)"
expect 1 prov exec web -- touch /vagrant/.prov/lab-id
expect 1 prov exec web -- umount /vagrant/.prov
expect 1 prov exec web -- rm -rf /vagrant/.prov
[ -s "$lab/.prov/lab-id" ] || fail "the lab's id is gone"
expect 1 prov exec bare -- test -e /vagrant
expect 1 prov exec off -- test -e /vagrant
expect 0 prov exec locked -- touch /tmp/site/locked /vagrant/locked
[ -e "$lab/site/locked" ] || fail "a read-only root has no folder in its tmpfs"

# Survives halt and up; nothing to do is nothing done.
expect 0 prov up
expect_text "$err" "nothing to do|unchanged"
expect 0 prov halt
expect 0 prov up
expect_same "after halt and up" from-root "$(inside cat /srv/site/root)"

# A link that a machine leaves is followed by nobody on the host.
inside sh -c 'rm -rf /vagrant/site && ln -s /etc /vagrant/site'
expect 0 prov halt web
expect 2 prov up web
expect_text "$err" "leads through a symbolic link"
rm "$lab/site"
mkdir "$lab/site"
expect 0 prov up web
inside sh -c 'rm -rf /vagrant/new/deep && ln -s /etc /vagrant/new/deep'
expect 0 prov halt web
expect 2 prov up web
expect_text "$err" "leads through a symbolic link|no folder"
rm -f "$lab/new/deep"
expect 0 prov up web
inside ln -s /etc/shadow /srv/site/shadow
expect 1 prov exec web -- grep -q '^daemon' /srv/site/shadow
expect_no_text "$out" daemon
# A hard link to what is outside is of another mount.
expect 1 prov exec web -- ln /etc/passwd /srv/site/passwd

# Another list restarts the machine, and only that one.
sed -i 's|"./site:/srv/ro:ro"|"./site:/srv/other:ro"|' "$lab/prov.yaml"
prov plan >"$out" 2>&1
expect_text "$out" restart
expect 0 prov up
expect 0 prov exec web -- test -d /srv/other
expect 1 prov exec web -- touch /srv/other/x

expect 0 prov destroy -f
[ -e "$lab/mine/user" ] || fail "destroy took the host's files"
expect_clean "destroy"
