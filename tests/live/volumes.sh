#!/bin/sh
# Volumes: kept over destroy, the same bytes for a container and a virtual machine, a size that holds, who may have
# one beside whom, and nothing that stays of an up that was killed.
. "$(dirname "$0")/../lib.sh"
need_root
need_box tiny
remember_host
[ -e /dev/loop-control ] || skip "this host has no loop devices"

with_vm=yes
timeout 120 virsh -q -c qemu:///system uri >/dev/null 2>&1 || {
	with_vm=
	echo "SKIP the virtual machine: libvirt does not answer"
}
# Loop devices of this home's labs.
loops() { losetup -n -O BACK-FILE | grep -F "$PROV_HOME/labs/$(lab_id)/"; }
await_no_loop() {
	tries=0
	while loops >"$out"; do
		tries=$((tries + 1))
		[ $tries -lt 900 ] || fail "$1: a loop device is left"
		sleep 0.1
	done
}

lab_file <<'Y'
prov: 1
lab: vols
volumes:
  pg: { size: 32MiB }
  boxes: { size: 16MiB }
defaults: { box: tiny, memory: 128MiB }
machines:
  db:
    networks: none
    volumes: [ "pg:/data", "boxes:/home" ]
  reader:
    networks: none
    autostart: false
    volumes: [ "pg:/srv/deep/er:ro" ]
  vm:
    provider: kvm
    autostart: false
    volumes: [ "pg:/data" ]
  look:
    provider: kvm
    autostart: false
    volumes: [ "pg:/mnt:ro" ]
Y

expect 0 prov volume ls
expect_text "$out" '^pg +32\.0 MiB +- +-$'
expect 0 prov up
expect_text "$err" 'lab\.volume\.pg done'
# A new one begins with what the box has there, owners and modes included, and with nothing else.
expect 0 prov exec db stat -c '%u:%g %a' /home/tiny
expect_same "owner and mode of what the box has" "1000:1000 700" "$(cat "$out")"
expect 0 prov exec db ls -A /data
expect_same "a new volume" "" "$(cat "$out")"
expect 0 prov exec db sh -c 'echo kept >/data/file; chown 5:6 /data/file; mkdir /data/folder'

# Containers share it; one that reads cannot write.
expect 0 prov up reader
expect 0 prov exec reader cat /srv/deep/er/file
expect_same "the other container's" kept "$(cat "$out")"
expect 1 prov exec reader touch /srv/deep/er/x
expect_text "$err" 'Read-only'
[ "$(loops | grep -c '/pg\.img')" -eq 1 ] || fail "not one loop device for both"
awk '{print $5}' /proc/self/mountinfo | grep -F "$PROV_HOME/labs/$(lab_id)/volumes" && fail "it is mounted on the host"

# Its size holds, and nobody makes devices of the host on it.
expect 1 prov exec db sh -c 'dd if=/dev/zero of=/data/big bs=1M count=64'
expect_text "$err" 'No space left'
used=$(du -m "$PROV_HOME/labs/$(lab_id)/volumes/pg.img" | cut -f1)
[ "$used" -le 33 ] || fail "it takes $used MiB of the host's disk"
expect 0 prov exec db rm /data/big
expect 0 prov exec db grep ' /data ' /proc/mounts
expect_text "$out" 'nodev'

# In use: not removed, not grown, not for a virtual machine.
expect 1 prov volume rm pg
expect_one_error
expect_text "$err" "'pg' belongs to db@container, reader@container"
expect 1 prov up vm
expect_text "$err" "'pg' of 'vm@kvm' is in use by '(db|reader)@container'"
expect_text "$err" 'prov halt'
expect 2 prov up db vm
expect_text "$err" "'db@container' and 'vm@kvm' cannot have 'pg' at the same time"
sed -i 's/32MiB/48MiB/' "$lab/prov.yaml"
expect 1 prov up db
expect_text "$err" "a container has it: it grows while nobody has it"
expect 0 prov halt
await_no_loop "halt"
expect 0 prov up db
expect 0 prov exec db sh -c 'df -m /data | tail -n 1'
awk '{exit !($2 > 35)}' "$out" || fail "it has not grown"
expect 0 prov exec db cat /data/file
expect_same "what it had before it grew" kept "$(cat "$out")"
expect 0 prov halt
sed -i 's/48MiB/24MiB/' "$lab/prov.yaml"
expect 2 prov up db
expect_text "$err" "a volume of 48 MiB cannot become one of 24 MiB"
sed -i 's/24MiB/48MiB/' "$lab/prov.yaml"
expect 2 prov up vm look
expect_text "$err" "'vm@kvm' and 'look@kvm' cannot have 'pg' at the same time"

# A link inside cannot lead it onto the kernel's own file systems, nor out of the container.
expect 0 prov up db
expect 0 prov exec db sh -c 'ln -s /proc/sys /evil; ln -s ../../../../../../srv /out'
sed 's,pg:/data"\, "boxes,pg:/evil"\, "boxes,' "$lab/prov.yaml" >"$lab/evil.yaml"
expect 1 prov --file "$lab/evil.yaml" up db
expect_text "$err" "'/evil' of the box is a link into /proc or /sys"
sed 's,pg:/data"\, "boxes,pg:/out"\, "boxes,' "$lab/prov.yaml" >"$lab/evil.yaml"
expect 0 prov --file "$lab/evil.yaml" up db
expect 0 prov exec db cat /srv/file
expect_same "behind a link" kept "$(cat "$out")"
expect 0 prov halt

# Kept, with the lab's id.
id=$(lab_id)
expect 0 prov destroy -f
expect_text "$err" "keeps the volumes 'boxes' .*, 'pg' .*--volumes"
expect_same "the lab's id" "$id" "$(lab_id)"
expect 0 prov global-status
expect_text "$out" "^$id +vols +0 of 0 +2 "
expect 0 prov volume ls --all
expect_text "$out" "^pg +48\.0 MiB .* vols +$id"
await_no_loop "destroy"

if [ -n "$with_vm" ]; then
	expect 0 prov up vm
	expect 0 prov exec vm cat /data/file
	expect_same "the container's file in the machine" kept "$(cat "$out")"
	expect 0 prov exec vm stat -c %u:%g /data/file
	expect_same "its owner in the machine" 5:6 "$(cat "$out")"
	expect 0 prov exec vm cat /etc/prov/volumes
	expect_same "the initrd's list" "pg rw /data" "$(cat "$out")"
	expect 1 prov up db
	expect_text "$err" "'pg' of 'db@container' is in use by 'vm@kvm'"
	# Not yet on the disk when destroy comes.
	expect 0 prov exec vm sh -c 'echo machine >/data/second; mknod /data/null c 1 3; chmod 666 /data/null'
	expect 0 prov destroy -f vm
	# A reader beside another one is enough for a second look; a container is not.
	expect 0 prov up look
	expect 0 prov exec look cat /mnt/second
	expect_same "what the destroyed machine wrote" machine "$(cat "$out")"
	expect 1 prov exec look touch /mnt/x
	expect 1 prov up reader
	expect_text "$err" "in use by 'look@kvm'"
	expect 0 prov destroy -f look
	expect 0 prov up db
	expect 0 prov exec db cat /data/second /data/file
	expect_same "both files in the container" "machine
kept" "$(cat "$out")"
	expect 1 prov exec db sh -c 'echo x >/data/null'
	expect 0 prov exec db ls -A /data
	expect_no_text "$out" 'lost.found'
	expect 0 prov destroy -f
fi

# rm and prune; what only a destroyed machine had goes with --volumes.
expect 0 prov up db
expect 0 prov exec db cat /data/file
expect 2 prov volume rm pq
expect_text "$err" "there is no volume 'pq'"
expect 0 prov destroy -f
expect 0 prov volume rm boxes
expect 0 prov volume ls --json
expect_text "$out" '"exists": false'
expect 0 prov volume prune -f
expect_text "$err" 'no volume to prune'
expect 2 prov volume prune -a
expect_text "$err" 'needs -f'
expect 0 prov volume prune -a -f
[ ! -e "$lab/.prov" ] || fail "the lab stays without a volume"
expect_clean "prune"
expect 0 prov up db
expect 1 prov exec db cat /data/file
expect 0 prov destroy -f --volumes
[ ! -e "$lab/.prov" ] || fail "the lab stays"
expect_clean "destroy --volumes"

# Killed anywhere: destroy leaves nothing.
for delay in 0.01 0.02 0.03 0.05 0.07 0.1 0.15; do
	"$build/prov" -C "$lab" up db >"$out" 2>"$err" &
	pid=$!
	children="$children $pid"
	sleep "$delay"
	kill -KILL $pid 2>/dev/null
	wait $pid 2>/dev/null
	ls "$PROV_HOME/labs" >>"$scratch/ids" 2>/dev/null
	expect 0 prov destroy -f --volumes
	[ ! -e "$lab/.prov/lab-id" ] || fail "killed after $delay s: the lab stays"
done
children=
expect_clean "up, killed"
