#!/bin/sh
# A container and a virtual machine in one network reach each other by name, and the host's world by NAT.
. "$(dirname "$0")/../lib.sh"
need_libvirt
need_tool busybox
need_box tiny
remember_host

lab_file <<'Y'
prov: 1
lab: wired
domain: wired.test
machines:
  con: { box: tiny }
  vm: { box: tiny, provider: kvm, memory: 128MiB }
  pair: { box: tiny, autostart: false, provider: both, memory: 128MiB }
Y
expect 0 prov up
expect_same states "con@container running
vm@kvm running" "$(states | grep -v absent)"
for from in con vm; do
	for to in con vm; do
		kind=$([ $to = vm ] && echo kvm || echo container)
		for name in $to $to.wired.test $to-$kind $to-$kind.wired.test; do
			expect_reach $from $name
		done
	done
	expect 0 prov exec $from -- sh -c 'ip -4 addr show dev eth0; ip route'
	expect_text "$out" "default via"
done
for m in con vm; do
	address=$(prov status --json | awk -F'"' -v m=$m '$2 == "name" {n = $4} $2 == "address" && n ~ "^" m "@" {print $4; exit}')
	await "$m answers the host" busybox ping -c 1 -W 5 "$address"
done

# Whatever of the network somebody else took away is there again after up, for both kinds.
network=prov-$(lab_id)-default
bridge() { prov network ls --json | awk -F'"' '$2 == "bridge" {print $4}'; }
still_connected() { # WHAT
	context=$1
	expect 0 prov up
	for from in con vm; do
		for to in con vm; do
			expect_reach $from $to
		done
	done
	expect 0 prov up
	expect_text "$err" "nothing to do"
	context=
}
# Also where a prov that was killed meanwhile left its mark.
expect 0 virsh -q -c qemu:///system net-update "$network" add-last dns-txt "<txt name='prov' value='prov'/>" --live
kill "$(cat "/run/libvirt/network/$network.pid")"
await "the name server's end" sh -c '! grep -q dnsmasq "/proc/$(cat "$0")/cmdline"' "/run/libvirt/network/$network.pid"
still_connected "without name server"
expect 0 virsh -q -c qemu:///system net-dumpxml "$network"
expect_no_text "$out" "<txt"
expect 0 virsh -q -c qemu:///system net-destroy "$network"
still_connected "with its network stopped"
expect 0 ip link delete "$(bridge)"
still_connected "without bridge"

# Halt and up keep the addresses; a name of two kinds is two hosts.
before=$(prov status --json | grep '"address"')
expect 0 prov reload con
expect_same "addresses after reload" "$before" "$(prov status --json | grep '"address"')"
expect 0 prov up pair@container
expect 0 prov exec pair@container -- hostname
expect_same hostname pair-container "$(cat "$out")"
expect_reach vm pair-container
expect 125 prov exec pair -- true
expect_text "$err" "pair@"

# One machine goes, the others keep their network; the last one takes it along.
expect 0 prov destroy -f con
expect_reach vm pair-container
expect 0 prov destroy -f
expect_clean destroy

# From one kind to two: the first keeps running, and its names.
lab_file <<'Y'
prov: 1
domain: two.test
defaults: { box: tiny, memory: 128MiB }
machines:
  web: {}
Y
expect 0 prov up
expect 0 prov exec web -- cat /proc/1/stat
first=$(awk '{print $22}' "$out")
expect 0 prov plan --provider both
! grep -Eqi "restart|recreate" "$out" || fail "a second kind restarts the first: $(cat "$out")"
expect 0 prov up --provider both
expect 0 prov exec web@container -- cat /proc/1/stat
expect_same "start of PID 1" "$first" "$(awk '{print $22}' "$out")"
for from in web@container web@kvm; do
	for name in web web.two.test web-container web-kvm web-kvm.two.test; do
		expect_reach $from $name
	done
done
expect 0 prov destroy -f
expect_clean "destroy of both kinds"

# networks: host and none, and no libvirt at all: a container with neither needs none.
lab_file <<'Y'
prov: 1
machines:
  alone: { box: tiny, networks: none }
  hosted: { box: tiny, networks: host }
  vm: { box: tiny, provider: kvm, autostart: false }
Y
without_libvirt() {
	unshare -m --propagation private sh -c 'mount -t tmpfs none /run/libvirt && exec "$@"' sh "$build/prov" -C "$lab" "$@"
}
expect 0 without_libvirt up
expect 0 prov exec alone -- ip -o link
expect_same "links of a machine without network" 1 "$(wc -l <"$out" | tr -d ' ')"
expect 0 prov exec hosted -- ip -o link
[ "$(wc -l <"$out")" -eq "$(ip -o link | wc -l)" ] || fail "networks: host shows other links than the host's"
expect 3 without_libvirt up vm
expect_text "$err" "libvirt"
expect_text "$err" "hint|setup|doctor"
expect 0 prov destroy -f
expect_clean "the second destroy"
