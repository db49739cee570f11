#!/bin/sh
# Three containers and two virtual machines: every one reaches every other by all its names, in one network and in
# a second one, after halt and up, after a reboot from inside, and while networks come and go.
. "$(dirname "$0")/../lib.sh"
need_libvirt
need_tool busybox curl nft ss
need_box tiny
remember_host

free_ports 2
published=$p
mkdir "$lab/copied" && echo copied >"$lab/copied/file"
lab_file <<Y
prov: 1
lab: pairs
domain: pairs.test
networks:
  lan: { mode: nat }
  back: { mode: isolated, ipv6: true, mtu: 1400 }
  late: { mode: isolated }
defaults: { box: tiny, memory: 128MiB, networks: [lan] }
machines:
  c1: {}
  c2: { networks: [lan, { name: back, aliases: [store] }], ports: ["$((published + 1)):80"] }
  c3: { networks: [back] }
  v1:
    provider: kvm
    ports: ["$published:80"]
    synced_folders: [{ host: ./copied, guest: /srv/copied, type: rsync }]
    ready: { tcp: 80 }
    provision:
      - name: web
        shell: |
          mkdir -p /srv/www
          hostname >/srv/www/index.html
          echo '::respawn:/bin/busybox httpd -f -h /srv/www' >>/etc/inittab
          kill -HUP 1
  v2: { provider: kvm, networks: [lan, back] }
  alone: { networks: none, autostart: false }
Y
kind_of() { case $1 in v*) echo kvm ;; *) echo container ;; esac; }
# One login for each machine: what it cannot reach is printed.
reach() { # FROM TO…
	from=$1
	shift
	names=
	for to in "$@"; do
		names="$names $to $to-$(kind_of "$to") $to.pairs.test $to-$(kind_of "$to").pairs.test"
	done
	expect_reach "$from" $names
}
all_pairs() {
	context=$1
	for machine in c1 c2 v1 v2; do
		reach $machine c1 c2 v1 v2
	done
	reach c3 c2 c3 v2
	reach c2 c3
	reach v2 c3
	for from in c1 c2 v2; do
		expect 0 prov exec $from -- timeout 60 wget -q -O - http://v1/
		expect_same "the web server in v1, from $from" v1-kvm "$(cat "$out")"
	done
	expect_reach v1 c2
	expect 0 prov exec v1 -- cat /srv/copied/file
	expect_same "the copied folder in v1" copied "$(cat "$out")"
	expect_same "the published port of v1" v1-kvm "$(fetch "127.0.0.1:$published")"
	context=
}
# What the machine's interfaces are, without the addresses that it gives itself.
interfaces() { # MACHINE
	prov exec "$1" -- sh -c 'cd /sys/class/net; for i in eth*; do echo $i $(cat $i/mtu) \
		$(ip address show dev $i scope global | sed -n "s/.*inet6* \([^ ]*\).*/\1/p"); done
		ip route | grep -c ^default; ip -6 route | grep -c ^default; true'
}

expect 0 prov up
expect_same states 5 "$(states | grep -c ' running$')"
all_pairs "as made"
for m in c2 v2; do
	expect 0 interfaces $m
	expect_text "$out" '^eth0 1500 10\.[0-9.]+/[0-9]+$'
	expect_text "$out" '^eth1 1400 10\.[0-9.]+/[0-9]+ fd[0-9a-f:]+/64$'
	expect_same "default routes of $m" "1 0" "$(tail -n 2 "$out" | tr '\n' ' ' | sed 's/ $//')"
	cp "$out" "$scratch/$m.before"
done
address6=$(sed -n 's/^eth1 .* \(fd[^/]*\).*/\1/p' "$scratch/v2.before")
expect_reach c2 "$address6"
for m in c3 v2; do
	expect_reach $m store.pairs.test
done
address=$(prov status --json v1 | sed -n 's/^ *"address": *"\([0-9.]*\)".*/\1/p' | head -n 1)
expect_same "the web server in v1, from the host" v1-kvm "$(fetch "$address")"

expect 0 prov halt
expect 0 prov up
all_pairs "after halt and up"
for m in c2 v2; do
	expect 0 interfaces $m
	cmp -s "$out" "$scratch/$m.before" || fail "other interfaces in $m after halt and up"
done

reboot_inside v2
all_pairs "after a reboot"
expect 0 interfaces v2
cmp -s "$out" "$scratch/v2.before" || fail "other interfaces in v2 after a reboot"

# A network that nobody had yet, for both kinds, and one that the file gives them.
expect 0 prov network connect late c1
expect 0 prov network connect late v1
expect 0 prov network connect late v1
expect_text "$err" unchanged
for m in c1 v1; do
	expect 0 interfaces $m
	expect_same "interfaces of $m" 2 "$(grep -c ^eth "$out")"
	late=$(sed -n 's/^eth1 [0-9]* \([0-9.]*\).*/\1/p' "$out")
	[ -n "$late" ] || fail "$m has no address in the network late"
	other=$([ $m = c1 ] && echo v1 || echo c1)
	expect_reach $other "$late"
done
expect 0 prov network connect back c1 --ip "$(sed -n 's/^eth1 [0-9]* \([0-9]*\.[0-9]*\.[0-9]*\)\..*/\1/p' "$scratch/c2.before").77"
expect 0 prov network connect back v1
reach c1 c3 v1
reach v1 c3 c1
# The commands that show members go by what is, with every address.
for m in c1@container v1@kvm; do
	expect 0 prov network inspect back
	expect_text "$out" "^$m +10\.[0-9.]+ +fd[0-9a-f:]+ .* by connect "
	expect 0 prov status --json ${m%@*}
	expect_same "networks of $m" "lan late back" "$(sed -n 's/.*"network": "\(.*\)".*/\1/p' "$out" | tr '\n' ' ' | sed 's/ $//')"
	expect_text "$out" '"address6": "fd'
done
expect 0 prov network ls
expect_text "$out" "^late .* c1@container, v1@kvm$"
# That is no edit of the file.
expect 0 prov status
for m in c1@container v1@kvm; do
	expect_text "$out" "^$m +running .* connected: late, back$"
done
expect_no_text "$out" changed
expect 0 interfaces c1
expect_text "$out" '^eth2 1400 10\.[0-9.]+\.77/'
all_pairs "after connect"
# What was connected later is there again, as it was.
expect 0 interfaces v1
cp "$out" "$scratch/v1.connected"
expect_same "interfaces of v1" 3 "$(grep -c ^eth "$out")"
reboot_inside v1
await "the web server of v1 after its reboot" fetch "127.0.0.1:$published"
expect 0 interfaces v1
cmp -s "$out" "$scratch/v1.connected" || fail "other interfaces in v1 after connect and a reboot"
reach v1 c3 c1
all_pairs "after connect and a reboot"
expect 0 prov network disconnect late c1
expect 0 prov network disconnect late v1
expect 0 prov network disconnect back v2
for m in c1:2 v1:2 v2:1; do
	expect 0 interfaces ${m%:*}
	expect_same "interfaces of ${m%:*} after disconnect" "${m#*:}" "$(grep -c ^eth "$out")"
done
expect 0 prov network ls
expect_text "$out" "^late .* -$"
expect_text "$out" "^back .* c1@container, c2@container, c3@container, v1@kvm$"
expect 0 prov status
expect_text "$out" "^v2@kvm +running .* disconnected: back, prov up connects it$"
expect_no_text "$out" changed
# No name leads to who has left; a container that leaves its last network asks nobody, and at once.
expect 0 prov exec c3 -- sh -c 'nslookup v2; true'
expect_no_text "$out" "Address.* $(sed -n 's|^eth1 [0-9]* \([0-9.]*\)/.*|\1|p' "$scratch/v2.before")$"
expect 0 prov network disconnect lan c2
expect 0 prov exec c2 -- cat /etc/resolv.conf
expect_text "$out" "^nameserver $(prov network inspect back | awk '$1 == "dns" {print $2}')$"
expect_reach c2 c3
# Its ports lead there by the network that it is still in, and nowhere without any.
led_to() { nft list table ip "prov-$(lab_id)" | sed -n "s/.* dport $((published + 1)) dnat to \(.*\):80 .*/\1/p"; }
expect_same "the published port of c2" "$(sed -n 's|^eth1 [0-9]* \([0-9.]*\)/.*|\1|p' "$scratch/c2.before")" "$(led_to)"
expect 0 prov port c2 80
expect 0 prov network disconnect back c2
expect_same "the published port of c2 out of all networks" "" "$(led_to)"
expect 0 prov port
expect_text "$out" "^127.0.0.1:$((published + 1)) +c2@container +80 +tcp +disconnected$"
expect_text "$out" "^127.0.0.1:$published +v1@kvm +80 +tcp +running$"
expect 1 prov port c2 80
expect_text "$err" "'c2@container' is disconnected: nothing leads to its ports"
expect 0 prov network connect back c2
expect_same "the published port of c2 in its second network" "$(sed -n 's|^eth1 [0-9]* \([0-9.]*\)/.*|\1|p' "$scratch/c2.before")" "$(led_to)"
expect 0 prov up alone
expect 1 prov exec alone -- ping -c 1 -w 2 c3
expect 0 prov network connect back alone
reach c3 alone
reach alone c3
expect 0 prov network disconnect back alone
expect 0 prov exec alone -- sh -c '[ ! -s /etc/resolv.conf ] && ! timeout 4 ping -c 1 c3'
# A virtual machine out of its last network gets back into it.
expect 0 prov network disconnect lan v1
! prov exec c1 -- ping -c 1 -w 2 "$address" >"$out" 2>&1 </dev/null || fail "c1 reaches v1 without its network"
# By one that it was connected to it is still reached, by name and as ssh.
expect 0 prov exec v1 -- hostname
expect_same "v1 by another network" v1-kvm "$(cat "$out")"
expect 0 prov ssh v1 -c hostname
expect 0 prov ssh --as-ssh v1 hostname
expect_same "v1 by ssh over another network" v1-kvm "$(cat "$out")"
expect_same "the published port of v1 by another network" v1-kvm "$(fetch "127.0.0.1:$published")"
# That is also the way to set up a further one, and to leave it again.
expect 0 prov network connect late v1
expect_reach v1 "$(prov network inspect late | awk '$1 == "v1@kvm" {print $2}')"
expect 0 prov network disconnect late v1
expect 0 prov network disconnect back v1
expect 125 prov exec v1 -- true
expect 255 prov ssh --as-ssh v1 hostname
expect_text "$err" "'v1@kvm' cannot be reached: it was disconnected from all networks"
expect_text "$err" "prov network connect lan v1@kvm, or prov up v1@kvm"
expect 0 prov port
expect_text "$out" "^127.0.0.1:$published +v1@kvm +80 +tcp +disconnected$"
expect 0 prov network connect lan v1
expect_reach c1 "$address"
expect_same "the published port of v1 in its network again" v1-kvm "$(fetch "127.0.0.1:$published")"
expect 0 prov exec v1 -- true
expect 0 prov network disconnect lan v1
! prov exec v2 -- ping -c 1 -w 2 c3 >"$out" 2>&1 </dev/null || fail "v2 reaches c3 without its network"
# up goes by the file, and restarts nothing for it.
expect 0 prov exec c1 -- cat /proc/1/stat
first=$(awk '{print $22}' "$out")
expect 0 prov up
expect_text "$err" "^v2@kvm: is connected to 'back' again"
expect 0 prov network ls
expect_text "$out" "^back .* c2@container, c3@container, v2@kvm$"
expect 0 prov exec c1 -- cat /proc/1/stat
expect_same "start of PID 1" "$first" "$(awk '{print $22}' "$out")"
expect 0 interfaces c1
expect_same "interfaces of c1 after up" 1 "$(grep -c ^eth "$out")"
expect 0 interfaces v2
cmp -s "$out" "$scratch/v2.before" || fail "other interfaces in v2 after disconnect and up"
all_pairs "after disconnect and up"
expect 0 prov up
expect_text "$err" 'nothing to do, 6 machines unchanged'

# What cannot be is said before anything is made.
expect 2 prov network connect nowhere c1
expect_text "$err" "there is no network 'nowhere' in lab 'pairs'"
expect 2 prov network connect lan c1 --ip 10.1.2.3
expect_text "$err" "the file says how 'c1@container' joins 'lan'"
expect 2 prov network connect late c1 --ip 8.8.8.8
expect_text "$err" "8.8.8.8 is no address for a machine in 'late'"
hosts=$(prov network inspect late | awk '$1 == "subnet" {sub(/0\/24$/, "1", $2); print $2}')
expect 2 prov network connect late c1 --ip "$hosts"
expect_text "$err" "$hosts is the address of the host in 'late'"
expect 2 prov network connect late nobody
expect 0 prov halt c1
expect 1 prov network connect late c1
expect_text "$err" "'c1@container' is halted"
expect_text "$err" "prov up c1@container"
expect 0 prov destroy -f
expect_clean destroy
