#!/bin/sh
# The networks of the file: addresses and names in several of them, what does not reach what, what is
# refused before anything is made, and that nothing of them stays.
. "$(dirname "$0")/../lib.sh"
need_libvirt
need_tool busybox ip virsh iptables-save
need_box tiny
remember_host

# Nothing of the lab's networks is left: no network, bridge, rule or name server.
expect_no_networks() { # LAB-ID SUBNET-PREFIX…
	id=$1
	shift
	! virsh -q net-list --all --name | grep -q "^prov-$id-" || fail "networks of $id are left"
	[ -z "$(find /var/lib/libvirt/dnsmasq -name "prov-$id-*")" ] || fail "files of dnsmasq for $id are left"
	for prefix in "$@"; do
		! ip -4 -o addr | grep -F " $prefix" >"$out" || fail "an address in $prefix is left"
		! iptables-save | grep -F " $prefix" >"$out" || fail "a rule for $prefix is left"
	done
}
ifindex() { cat "/sys/class/net/$1/ifindex"; }
network_line() { prov network ls | awk -v n="$1" '$1 == n'; }
# Subnets that this host and its other labs hardly have.
lan=10.200.17
back=10.200.18

lab_file <<Y
prov: 1
lab: nets
domain: nets.test
defaults: { box: tiny }
networks:
  lan: { subnet: $lan.0/24, ipv6: true, mtu: 1400 }
  back: { mode: isolated, subnet: $back.0/24 }
  spare: {}
machines:
  web: { networks: { name: lan, ip: $lan.20, aliases: [www, shop.example.org] } }
  node: { count: 2, networks: [ { name: lan, ip: $lan.30 } ] }
  db: { networks: { name: back, aliases: [sql] } }
  vm: { provider: kvm, memory: 128MiB, networks: [ back, lan ] }
  own: {}
Y
expect 0 prov network ls
expect_text "$out" "^lan +nat +$lan.0/24 +- +absent +web@container, node-1@container, node-2@container, vm@kvm$"
expect 0 prov up
first=$(lab_id)
# One step makes them all; each has its own time, which is never less than a millisecond.
for n in lan back default; do
	expect_text "$err" "lab\.network\.$n done in "
done
expect_no_text "$err" 'lab\.network\.[a-z]+ done in (0\.|-)'

# What is so already is said, not done: it may be a slip.
expect 0 prov network connect lan web
expect_text "$err" "web.* is already in 'lan'"
expect 0 prov network disconnect back web
expect_text "$err" "web.* is not in 'back'"

# Addresses, default routes, MTU.
addresses=$(prov status --json | awk -F'"' '$2 == "name" {n = $4} $2 == "address" && n ~ "@" {print n, $4; n = ""}')
for want in "web@container $lan.20" "node-1@container $lan.30" "node-2@container $lan.31"; do
	echo "$addresses" | grep -qx "$want" || fail "no '$want' in: $addresses"
done
expect 0 prov status
expect_text "$out" "^vm@kvm +running +$back\.[0-9]+,$lan\.[0-9]+ +tiny"
expect 0 prov exec web -- sh -c 'ip route; ip link show eth0'
expect_text "$out" "default via $lan.1 "
expect_text "$out" "mtu 1400"
expect 0 prov exec db -- ip route
expect_no_text "$out" default
expect 0 prov exec vm -- ip route
expect_text "$out" "default via $lan.1 "

# The commands that show them.
for line in "lan +nat +$lan.0/24 +virbr[0-9]+ +active +web@" "back +isolated +$back.0/24 +virbr[0-9]+ +active +db@container, vm@kvm" \
	"default +nat +10\.[0-9.]+/24 +virbr[0-9]+ +active +own@container" "spare +nat +- +- +absent +-"; do
	prov network ls >"$out"
	expect_text "$out" "^$line"
done
expect 0 prov network inspect lan
expect_text "$out" "^libvirt +prov-$first-lan$"
expect_text "$out" "^mtu +1400$"
expect_text "$out" "^web@container +$lan.20 +fd[0-9a-f:]+::14 +52:54:00:.* web www.nets.test www shop.example.org$"
expect 0 prov network inspect back --json
expect_text "$out" '"default_route": false'
expect_text "$out" '"sql.nets.test"'
expect 2 prov network inspect bakc
expect_text "$err" "the lab has no network 'bakc'"
expect_text "$err" "did you mean 'back'"

# Names: of the own network, of one that the virtual machine shares, by alias, in both families.
expect_reach web -4 vm
expect_reach web -4 node-2.nets.test
expect_reach vm -4 www
expect_reach vm -4 shop.example.org
expect_reach vm -4 sql
expect_reach db -4 vm-kvm
expect 0 prov exec node-1 -- nslookup www
expect_text "$out" "Address.*: $lan.20"
expect_text "$out" "Address.*: fd.*::14"
# What does not lead there.
expect 1 prov exec db -- ping -4 -c 1 -w 2 $lan.20
expect 1 prov exec web -- ping -4 -c 1 -w 2 "$(echo "$addresses" | awk '/^db@/ {print $2}')"
expect 1 prov exec own -- ping -4 -c 1 -w 2 $lan.20
expect_reach web -4 $lan.1

# A machine more restarts nothing, and is known at once.
bridge=$(network_line lan | awk '{print $4}')
before=$(ifindex "$bridge") pid=$(pgrep -f "dnsmasq/prov-$first-lan.conf" | head -n 1)
sed -i 's/^  own: {}/&\n  late: { networks: { name: lan, aliases: [new] } }/' "$lab/prov.yaml"
expect 0 prov up
expect_same "bridge" "$before" "$(ifindex "$bridge")"
expect_same "dnsmasq" "$pid" "$(pgrep -f "dnsmasq/prov-$first-lan.conf" | head -n 1)"
expect_reach vm -4 new
expect 0 prov up
expect_no_text "$err" "lab.network"

# What was made is not changed unasked.
cp "$lab/prov.yaml" "$scratch/good.yaml"
sed -i "s|mode: isolated, subnet: $back.0/24|mode: nat, subnet: $back.0/24|" "$lab/prov.yaml"
expect 1 prov up
expect_text "$err" "the network 'back' was made as 'isolated $back.0/24 mtu 0', the file now says 'nat $back.0/24 mtu 0'"
cp "$scratch/good.yaml" "$lab/prov.yaml"
# An address that somebody has by chance.
sed -i "s|^  db: .*|  db: { networks: { name: back, aliases: [sql], ip: $(prov network inspect back | awk '/^vm@/ {print $2}') } }|" "$lab/prov.yaml"
expect 2 prov up
expect_text "$err" "of 'db@container' in the network 'back' is that of 'vm@kvm'"
cp "$scratch/good.yaml" "$lab/prov.yaml"

# A network that no machine joins any more goes with the next up, which plan says before.
network_line default >"$out"
expect_text "$out" active
expect 0 prov plan
expect_no_text "$out" "lab.network"
sed -i 's/^  own: {}/  own: { networks: lan }/' "$lab/prov.yaml"
expect 0 prov plan
expect_text "$out" "^  - lab.network.default +is removed \(no machine joins it any more\)$"
expect 0 prov up
expect_text "$err" "lab.network.default undone"
[ -z "$(network_line default)" ] || fail "the network default is still there"
! virsh -q net-list --all --name | grep -q "^prov-$first-default$" || fail "libvirt still has the network default"
expect_reach own -4 www
cp "$scratch/good.yaml" "$lab/prov.yaml"
expect 0 prov plan
expect_text "$out" "^  [+] lab.network.default +is applied"
expect 0 prov up

# Another lab: refused where it would overlap, before it exists; else out of reach.
other=$scratch/other
mkdir "$other"
cat >"$other/prov.yaml" <<Y
prov: 1
lab: other
networks: { lan: { subnet: $lan.128/25 } }
machines: { peer: { box: tiny, networks: lan } }
Y
expect 2 prov -C "$other" up
expect_text "$err" "the subnet $lan.128/25 of the network 'lan' overlaps with $lan.0/24, the network 'lan' of lab 'nets' \($first\)"
[ ! -e "$other/.prov" ] || fail "a refused lab was begun"
ip link add pvnetsd type bridge && ip addr add 10.201.5.1/24 dev pvnetsd && ip link set pvnetsd up
sed -i "s|$lan.128/25|10.201.0.0/16|" "$other/prov.yaml"
prov -C "$other" up >"$out" 2>"$err"
code=$?
ip link del pvnetsd
expect_same "exit code" 2 $code
expect_text "$err" "the subnet 10.201.0.0/16 of the network 'lan' overlaps with the host's route 10.201.5.0/24 by pvnetsd"
[ ! -e "$other/.prov" ] || fail "a refused lab was begun"
sed -i 's|10.201.0.0/16|10.201.5.0/24|' "$other/prov.yaml"
expect 0 prov -C "$other" up
second=$(cat "$other/.prov/lab-id")
expect 0 prov -C "$other" exec peer -- ping -4 -c 1 -w 5 10.201.5.1
expect 1 prov -C "$other" exec peer -- ping -4 -c 1 -w 2 $lan.20
expect 1 prov exec web -- ping -4 -c 1 -w 2 10.201.5.2
expect 0 prov -C "$other" destroy -f
expect_no_networks "$second" 10.201.5.
expect 0 prov destroy -f
expect_no_networks "$first" $lan. $back.
expect_clean "destroy of two labs"

# A bridge of the host's: it was there before, and stays.
ip link add pvnetsbr type bridge && ip addr add 10.202.6.1/24 dev pvnetsbr && ip link set pvnetsbr up
lab_file <<'Y'
prov: 1
lab: hall
networks: { hall: { mode: bridge, bridge: pvnetsbr, subnet: 10.202.6.0/24 } }
defaults: { box: tiny, networks: hall }
machines: { a: {}, b: {}, c: { networks: { name: hall, ip: 10.202.6.77 } } }
Y
prov up >"$out" 2>"$err" && prov exec b -- sh -c 'ping -4 -c 1 -w 5 a && ping -4 -c 1 -w 5 c && ping -4 -c 1 -w 5 10.202.6.1 && ip route' >"$out" 2>"$err" &&
	sed -i 's/a: {},/a: {}, d: {},/' "$lab/prov.yaml" && prov up >>"$out" 2>"$err" && prov exec a -- ping -4 -c 1 -w 5 d >>"$out" 2>"$err"
code=$?
id=$(lab_id)
prov network ls >>"$out"
prov destroy -f >"$scratch/destroy.out" 2>&1
gone=$?
[ -d /sys/class/net/pvnetsbr ] || fail "the host's bridge is gone"
ip link del pvnetsbr
expect_same "bridged" "0 0" "$code $gone"
expect_text "$out" "10.202.6.77"
expect_text "$out" "default via 10.202.6.1"
expect_text "$out" "^hall +bridge +10.202.6.0/24 +pvnetsbr +active"
expect_no_networks "$id"
expect 3 prov up
expect_text "$err" "the network 'hall' needs the bridge 'pvnetsbr', which this host has not"
expect_clean "destroy of a bridged lab"

# Killed while networks are made, destroyed: nothing is left.
lab_file <<'Y'
prov: 1
lab: killed
networks: { x: { subnet: 10.203.1.0/24 }, y: { mode: isolated, subnet: 10.203.2.0/24 }, z: { mode: routed, subnet: 10.203.3.0/24 } }
machines: { a: { box: tiny, networks: x }, b: { box: tiny, networks: y }, c: { box: tiny, networks: z } }
Y
for ms in 40 120 200 300 450 700; do
	context="killed after $ms ms"
	"$build/prov" -C "$lab" up >/dev/null 2>&1 &
	pid=$!
	busybox usleep $((ms * 1000))
	kill -KILL $pid 2>/dev/null
	wait $pid 2>/dev/null
	id=$(lab_id)
	[ -z "$id" ] || echo "$id" >>"$scratch/ids"
	expect 0 prov destroy -f
	[ -z "$id" ] || expect_no_networks "$id" 10.203.1. 10.203.2. 10.203.3.
done
context=
expect_clean "kills and destroys"

# Where libvirt does not run, root starts it. Its socket is hidden, and what starts it shows it again.
lab_file <<'Y'
prov: 1
machines: { a: { box: tiny } }
Y
mkdir "$scratch/bin" "$scratch/real"
printf '#!/bin/sh\nexit 0\n' >"$scratch/bin/virtlogd"
printf '#!/bin/sh\n[ "$1" = -d ] && exec mount --bind %s /run/libvirt\n' "$scratch/real" >"$scratch/bin/libvirtd"
chmod 755 "$scratch/bin"/*
if [ -d /run/systemd/system ]; then
	echo "SKIP start of libvirt: systemd does it here"
else
	expect 0 unshare -m --propagation private sh -c 'mount --bind /run/libvirt "$1/real" && mount -t tmpfs none /run/libvirt &&
		PATH=$1/bin:$PATH && shift && exec "$@"' sh "$scratch" "$build/prov" -C "$lab" up
	ls "$PROV_HOME/labs" >>"$scratch/ids"
	expect_text "$err" "libvirt is not running: starting it \(virtlogd -d, libvirtd -d\)"
	expect 0 prov exec a -- true
	expect 0 prov destroy -f
fi
expect_clean "destroy after a start of libvirt"
