#!/bin/sh
# Two hundred containers by one command: up, each of them answers, the count goes down and up again,
# destroy, and the host is as before; the same on one network. A lab that the host cannot carry is refused
# before anything is made.
. "$(dirname "$0")/../lib.sh"
need_box tiny
remember_host

many() { # COUNT
	lab_file <<-Y
		prov: 1
		defaults: { box: tiny, networks: none }
		machines:
		  node: { count: $1 }
	Y
}
running() { prov status --json | grep -c '"state": "running"'; }

many 200
begun=$(date +%s%N)
expect 0 prov up -q
echo "200 up in $((($(date +%s%N) - begun) / 1000000)) ms"
expect_same "machines that run" 200 "$(running)"
i=1
while [ $i -le 200 ]; do
	"$build/prov" -C "$lab" exec node-$i -- hostname >>"$scratch/names" 2>"$err" </dev/null || fail "node-$i does not answer"
	i=$((i + 1))
done
expect_same "hostnames" 200 "$(sort -u "$scratch/names" | grep -c '^node-')"
expect 0 prov up
expect_text "$err" 'nothing to do, 200 machines unchanged'

# Fewer: the others go. More: they join.
many 150
expect 0 prov up -q
expect_same "machines that run" 150 "$(running)"
many 160
expect 0 prov up -q
expect_same "machines that run" 160 "$(running)"

begun=$(date +%s%N)
expect 0 prov destroy -f -q
echo "160 gone in $((($(date +%s%N) - begun) / 1000000)) ms"
[ ! -e "$lab/.prov" ] || fail "the lab's mark is left"
expect_clean "destroy of 160"

# On one network: each has an address of its own, and the first and the last find each other by name.
if timeout 120 virsh -q -c qemu:///system uri >/dev/null 2>&1; then
	printf 'prov: 1\ndefaults: { box: tiny }\nmachines: { node: { count: 200 } }\n' | lab_file
	begun=$(date +%s%N)
	expect 0 prov up -q
	echo "200 on a network up in $((($(date +%s%N) - begun) / 1000000)) ms"
	expect_same "machines that run" 200 "$(running)"
	expect_same "addresses" 200 "$(prov network inspect default | awk '/^node-/ {print $2}' | grep '^10\.' | sort -u | wc -l)"
	for pair in 1:200 200:1 100:17; do
		expect_reach "node-${pair%:*}" "node-${pair#*:}"
	done
	expect 0 prov destroy -f -q
	expect_clean "destroy of 200 on a network"
else
	echo "SKIP 200 on a network: libvirt does not answer"
fi

# One machine at a time does as well.
many 5
expect 0 prov up -q --parallel 1
expect_same "machines that run" 5 "$(running)"
expect 0 prov destroy -f -q --parallel 1

# A bridge has 1,023 ports.
lab_file <<Y
prov: 1
machines:
  node: { box: tiny, count: 1100 }
Y
expect 3 prov up
expect_one_error
expect_text "$err" 'this host cannot carry the lab: ports of a bridge: 1100 needed, 1023 left'
expect_text "$err" 'spread the machines over several networks'
[ ! -e "$lab/.prov" ] || fail "something was made of a lab that was refused"
"$build/prov" -C "$lab" doctor >"$out" 2>"$err"
expect_text "$out" 'ports of a bridge +missing +1100 needed, 1023 left'
expect_clean "a refused lab"
