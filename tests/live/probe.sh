#!/bin/sh
# The probe's program by hand in both kinds: its facts tell one kernel from two, its figures come in
# the form that is promised and within wide limits, and it takes itself out of the machine again.
. "$(dirname "$0")/../lib.sh"
need_box tiny
need_libvirt
inside=/var/lib/prov-probe/prov-probe

lab_file <<'Y'
prov: 1
machines:
  web:
    provider: both
    box: tiny
    memory: 192MiB
Y
expect 0 prov up

fact() { sed -n "s/^FACT $2 //p" "$scratch/facts.$1"; }
number() { # NAME VALUE
	case $2 in
	'' | *[!0-9]*) fail "$1 is '$2', no number" ;;
	esac
}
# ID, UNIT, least and greatest value that is believed of any machine, however busy its host is.
check_figures() { # KIND
	awk -v kind="$1" '
	$1 == "NOTE" { next }
	NF != 6 || $4 < 1 || $5 > $2 || $2 > $6 { print kind ": " $0; bad = 1 }
	{ unit[$1] = $3; value[$1] = $2 }
	function check(id, u, least, most) {
		if (unit[id] != u || value[id] < least || value[id] > most) {
			print kind ": " id " is " value[id] " " unit[id]; bad = 1
		}
	}
	END {
		check("probe.syscall", "ns", 10, 10000000); check("probe.switch", "ns", 100, 1000000000)
		check("probe.forkexec", "ns", 10000, 100000000000); check("probe.pagefault", "ns", 20, 100000000)
		check("probe.membw", "MiB/s", 0.1, 1000000); check("probe.membw_cache", "MiB/s", 0.5, 10000000)
		check("probe.cpu", "ops/s", 10, 100000000); check("probe.float", "ops/s", 1000, 10000000000)
		check("probe.fsync", "ns", 500, 500000000000); check("probe.seqwrite", "MiB/s", 0.0005, 1000000)
		check("probe.seqread", "MiB/s", 0.005, 1000000); check("probe.randread", "ns", 100, 100000000000)
		exit bad
	}' "$scratch/figures.$1" || fail "figures of $1"
}

for kind in container kvm; do
	prov exec -i "web@$kind" -- sh -c "mkdir -p ${inside%/*}; cat >$inside; chmod 755 $inside" \
		<"$build/prov-probe" || fail "the probe does not get into $kind"
	expect 0 prov exec "web@$kind" -- "$inside" -d "${inside%/*}" facts
	cp "$out" "$scratch/facts.$kind"
	expect 0 prov exec "web@$kind" -- "$inside" -q -d "${inside%/*}" all
	cp "$out" "$scratch/figures.$kind"
	check_figures "$kind"
	# Asked of the machine itself, by another program.
	expect 0 prov exec "web@$kind" -- uname -r
	expect_same "kernel of $kind" "$(cat "$out")" "$(fact "$kind" kernel.release)"
	expect 0 prov exec "web@$kind" -- stat -Lc %i /proc/self/ns/net
	expect_same "network namespace of $kind" "$(cat "$out")" "$(fact "$kind" ns.net)"
	expect 0 prov exec "web@$kind" -- sed -n 's/^CapEff:.//p' /proc/self/status
	expect_same "capabilities of $kind" "$(cat "$out")" "$(fact "$kind" status.CapEff)"
	expect 0 prov exec "web@$kind" -- "$inside" remove
	expect 1 prov exec "web@$kind" -- test -e "${inside%/*}"
done

expect_same "the container's kernel" "$(cat /proc/sys/kernel/random/boot_id)" "$(fact container kernel.boot_id)"
[ "$(fact kvm kernel.boot_id)" != "$(cat /proc/sys/kernel/random/boot_id)" ] || fail "the VM has the host's kernel"
[ "$(fact container ns.pid)" != "$(stat -Lc %i /proc/self/ns/pid)" ] || fail "the container has the host's processes"

# What the container must not reach, and root of a virtual machine may: it is its own kernel.
expect_same "block devices of the container" 0 "$(fact container disks | cut -d' ' -f1)"
expect_same "the container's levers" none "$(fact container sensitive)"
for right in time mount kernel_log; do
	expect_same "container: $right" no "$(fact container may.$right)"
	expect_same "kvm: $right" yes "$(fact kvm may.$right)"
done
reached=$(fact container syscalls.reached) kvm_reached=$(fact kvm syscalls.reached)
number reached "$reached"
number "reached in kvm" "$kvm_reached"
[ "$reached" -gt 100 ] && [ "$kvm_reached" -gt 200 ] || fail "$reached and $kvm_reached system calls"
exit 0
