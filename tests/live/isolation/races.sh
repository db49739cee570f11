#!/bin/sh
# CVE-2021-30465, CVE-2024-45310: what is mounted on is swapped for a link while the engine works. Nothing is made or
# mounted outside of the root file system, in 10,000 rounds of swapping.
. "$(dirname "$0")/../../isolation.sh"
need_box tiny
remember_host

canary=$scratch/canary
mkdir "$canary"
swap() { # SECONDS FOLDER NAME TARGET
	: >"$scratch/swap.out"
	rm -f "$scratch/stop"
	"$attacks/swap" "$@" "$scratch/stop" >"$scratch/swap.out" 2>&1 &
	swap=$!
	children=$swap
	await "the swapper starts" grep -q ready "$scratch/swap.out"
}
swapped() { # WHAT STARTS
	wait $swap || fail "the swapper failed"
	children=
	rounds=$(sed -n 's/^rounds //p' "$scratch/swap.out")
	[ "$rounds" -ge 10000 ] || fail "$1: only $rounds swaps"
	[ "$2" -ge 10 ] || fail "$1: only $2 starts"
	left=$(find "$canary" -mindepth 1)
	[ -z "$left" ] || fail "$1: made outside: $left"
	! grep -F "$canary" /proc/self/mountinfo || fail "$1: mounted outside"
}

# prov's own machine: its layer lies on the host, where somebody swaps a place that is mounted on, or written to.
machine tiny
layer=$(find "$PROV_HOME/labs/$(lab_id)" -type d -name upper | head -n 1)
[ -d "$layer" ] || fail "there is no upper layer"
for place in dev proc etc; do
	expect 0 prov halt
	rm -rf "${layer:?}/$place"
	[ $place != etc ] || cp -a "$canary" "$layer/etc"
	swap 3 "$layer" $place "$canary"
	starts=0 refused=0
	while kill -0 $swap 2>/dev/null; do
		if prov up >"$out" 2>"$err" </dev/null; then
			prov exec web -- cat /proc/self/mountinfo >"$scratch/mountinfo" 2>"$err" </dev/null
			! grep -F "$scratch" "$scratch/mountinfo" || fail "$place: a folder of the host is mounted inside"
		else
			refused=$((refused + 1))
		fi
		prov halt >"$out" 2>"$err" </dev/null
		starts=$((starts + 1))
		[ $starts -lt 10 ] || : >"$scratch/stop"
	done
	swapped "/$place of a machine" $starts
	rm -rf "${layer:?}/$place"
done
expect 0 prov destroy -f

# A volume that two containers share: the one swaps in it the place where the other's second volume, and a folder of the
# host, are mounted (oci.sh has the same with folders that containers share).
lab_file <<Y
prov: 1
lab: isolation
volumes: { shared: { size: 16MiB }, second: { size: 16MiB } }
defaults: { box: tiny, networks: none, memory: 128MiB, synced_folders: none }
machines:
  web: { volumes: [ "shared:/shared" ] }
  victim:
    autostart: false
    volumes: [ "shared:/shared", "second:/shared/place" ]
Y
expect 0 prov up
arm web swap
for target in "$canary" "../../../../../../../../..$canary" /proc /proc/self/root; do
	expect 0 prov exec web -- rm -rf /shared/place /stop
	: >"$scratch/swap.out"
	"$build/prov" -C "$lab" exec web -- /swap 5 /shared place "$target" /stop >"$scratch/swap.out" 2>&1 </dev/null &
	swap=$!
	children=$swap
	await "the swapper starts inside" grep -q ready "$scratch/swap.out"
	starts=0 refused=0
	while kill -0 $swap 2>/dev/null; do
		if prov up victim >"$out" 2>"$err" </dev/null; then
			prov exec victim -- cat /proc/self/mountinfo >"$scratch/mountinfo" 2>"$err" </dev/null
			! grep -F "$scratch" "$scratch/mountinfo" || fail "a folder of the host is mounted inside"
			[ "$(grep -c ' - ext4 /dev/loop' "$scratch/mountinfo")" -eq 2 ] || fail "not two volumes in the victim"
			! grep -E '^[^-]* /(proc|sys)/?[^ ]* [^-]*- ext4' "$scratch/mountinfo" || fail "a volume is mounted on the kernel's files"
		else
			refused=$((refused + 1))
		fi
		prov halt victim >"$out" 2>"$err" </dev/null
		starts=$((starts + 1))
		[ $starts -lt 10 ] || prov exec web -- touch /stop
	done
	swapped "a place in a shared volume, swapped for $target" $starts
done
expect 0 prov destroy -f --volumes
expect_clean destroy
