#!/bin/sh
# synced_folders of containers: what is written on either side is on the other, with the right owner;
# what a machine puts into a shared folder leads nowhere else.
. "$(dirname "$0")/../lib.sh"
. "$top/tests/folders.sh"
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
# It is root's and others reach it: said once, and by doctor; not where the folder is somebody's, closed or read-only.
expect_text "$err" "^note: other users of this host reach '$lab/site', '$lab', where root inside writes as the host's root: see prov doctor$"
expect_no_text "$err" "'$lab/mine'"
prov doctor >"$out" 2>&1
expect_text "$out" "synced folders +warning +'$lab/site' is root's"
expect_text "$out" "chmod o-x keeps other users out"
chmod 700 "$lab"
prov doctor >"$out" 2>&1
expect_no_text "$out" "is root's and other users"
chmod 755 "$lab"
inside() { "$build/prov" -C "$lab" exec web -- "$@"; }

# Both ways, at once.
expect_same "the host's file" from-host "$(inside cat /srv/site/host)"
inside sh -c 'echo from-root >/srv/site/root'
expect_same "root's file" from-root "$(cat "$lab/site/root")"
expect_same "owner of root's file" 0:0 "$(owner "$lab/site/root")"
expect_same "the host's owner inside" 0:0 "$(inside stat -c %u:%g /srv/site/host)"
expect_same "the project's file" "prov: 1" "$(inside head -n 1 /vagrant/prov.yaml)"

both_ways web "$lab/site" /srv/site

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

# A set-user-id program of others than its owner is nobody's in a user's folder.
inside sh -c 'cp /bin/busybox /srv/mine/suid && chmod 4755 /srv/mine/suid'
case $(owner "$lab/mine/suid") in 0:* | 12345:*) fail "a set-user-id program is somebody's on the host" ;; esac

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
expect_no_text "$err" "set-user-id"
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

# Copies: from the host to the machine alone, what is gone is removed, what is left out stays out.
mkdir -p "$lab/src/sub/deep" "$lab/src/.git" "$lab/src/build"
echo one >"$lab/src/one"
echo two >"$lab/src/sub/deep/two"
touch "$lab/src/a.o" "$lab/src/sub/b.o" "$lab/src/.git/config" "$lab/src/build/x"
ln -s /etc/shadow "$lab/src/link"
mkfifo "$lab/src/pipe"
long=$(printf 'n%.0s' $(seq 200))
echo long >"$lab/src/sub/$long"
cat >>"$lab/prov.yaml" <<'Y'
  copied:
    synced_folders:
      - { host: ./src, guest: /srv/copy, type: rsync, owner: tiny, mode: "0750", exclude: [.git, "*.o", /build] }
    provision: [ { name: sees, shell: "cat /srv/copy/one >/seen" } ]
Y
expect 0 prov up copied
expect_text "$err" "changes travel from the host to the machine alone"
there() { "$build/prov" -C "$lab" exec copied -- "$@"; }
expect_same "before provisioning" one "$(there cat /seen)"
expect_same "what is copied" ". ./link ./one ./sub ./sub/deep ./sub/deep/two ./sub/$long" \
	"$(there sh -c 'cd /srv/copy && find . | sort | xargs')"
expect_same "owner and mode" "tiny:tiny 750 tiny:tiny" "$(there stat -c '%U:%G %a' /srv/copy) $(there stat -c %U:%G /srv/copy/sub/deep/two)"
expect_same "a link of the host's" /etc/shadow "$(there readlink /srv/copy/link)"
there sh -c 'echo mine >/srv/copy/sub/mine; echo changed >/srv/copy/one'
[ "$(cat "$lab/src/one")" = one ] || fail "a copy came back"
expect 0 prov sync copied
expect_text "$err" "copied@container: /srv/copy: 0 sent, 0 deleted"
rm -r "$lab/src/sub"
echo newer >"$lab/src/one"
expect 0 prov sync
expect_text "$err" "copied@container: /srv/copy: 1 sent, 4 deleted"
expect_text "$err" "web@container: nothing to do"
expect_same "after the second" ". ./link ./one ./sub ./sub/mine" "$(there sh -c 'cd /srv/copy && find . | sort | xargs')"
expect_same "changed on the host" newer "$(there cat /srv/copy/one)"
# A folder becomes a file, a file a link, a link a folder.
rm "$lab/src/one" "$lab/src/link"
mkdir "$lab/src/one"
echo in >"$lab/src/one/in"
ln -s one "$lab/src/link"
expect 0 prov sync copied
expect_same "of another type" "in one" "$(there cat /srv/copy/one/in) $(there readlink /srv/copy/link)"
rm -r "$lab/src/one"
ln -s /etc "$lab/src/one"
expect 0 prov sync copied
expect_same "a folder that became a link" /etc "$(there readlink /srv/copy/one)"

# --watch: within a second, also in folders that are new. On a loaded host a look takes its time: it gets ten of them more,
# and what one round of eight does counts.
"$build/prov" -C "$lab" sync --watch copied >"$scratch/watch.out" 2>&1 &
watcher=$!
children="$children $watcher"
await "sync watches" grep -q watching "$scratch/watch.out"
ms_of() { # COMMAND…
	from=$(date +%s%N)
	"$@"
	took=$((($(date +%s%N) - from) / 1000000))
}
seen() { # COMMAND…: remembers the longest of a round, in ms
	ms_of await "seen in the machine: $*" there "$@"
	[ $took -le $slowest ] || slowest=$took
}
for round in 1 2 3 4 5 6 7 8; do
	new=fresh$round slowest=0
	mkdir "$lab/src/$new"
	echo first >"$lab/src/$new/file"
	seen grep -q first "/srv/copy/$new/file"
	echo second >"$lab/src/$new/file"
	seen grep -q second "/srv/copy/$new/file"
	mv "$lab/src/$new/file" "$lab/src/$new/named"
	seen sh -c "test ! -e /srv/copy/$new/file && test -e /srv/copy/$new/named"
	rm "$lab/src/$new/named"
	seen test ! -e "/srv/copy/$new/named"
	ms_of there true
	[ $slowest -ge $((1000 + 10 * took)) ] || break
done
[ $slowest -lt $((1000 + 10 * took)) ] || fail "no round was copied within a second: $slowest ms, where a look takes $took ms"
kill -INT "$watcher"
wait "$watcher"

# A link in the way of what a machine may write is not followed when a copy is made either.
sed -i 's|host: ./src, guest: /srv/copy|host: ./src/from, guest: /srv/copy|' "$lab/prov.yaml"
mkdir "$lab/src/from"
expect 0 prov up copied
inside sh -c 'rmdir /vagrant/src/from && ln -s /etc /vagrant/src/from'
expect 2 prov sync copied
expect_text "$err" "leads through a symbolic link"
expect 1 prov exec copied -- test -e /srv/copy/shadow

# auto with exclude is mounted all the same, and says so.
rm "$lab/src/from"
mkdir "$lab/src/from"
cat >>"$lab/prov.yaml" <<'Y'
  all: { synced_folders: [{ host: ./site, guest: /all, exclude: [x] }] }
Y
expect 0 prov up all
expect_text "$err" "exclude of '/all' has no effect: the folder is mounted, not copied"
expect 0 prov destroy -f
[ -e "$lab/mine/user" ] || fail "destroy took the host's files"
expect_clean "destroy"
