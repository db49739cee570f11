#!/bin/sh
# CVE-2018-15664, CVE-2019-10152: folders are swapped for links while cp works, inside the machine and on the host.
# Nothing of the host gets in or out but what was named.
. "$(dirname "$0")/../../isolation.sh"
need_box tiny
remember_host

canary=$scratch/canary
token=$(od -An -N12 -tx1 /dev/urandom | tr -d ' \n')
mkdir "$canary"
echo "$token" >"$canary/secret"
untouched() { # WHAT
	expect_same "$1: what lies outside" "secret $token" "$(ls "$canary") $(cat "$canary/secret")"
}
swap() { # COMMAND…
	: >"$scratch/swap.out"
	"$@" >"$scratch/swap.out" 2>&1 </dev/null &
	swap=$!
	children=$swap
	await "the swapper starts" grep -q ready "$scratch/swap.out"
}
swapped() { # WHAT COPIES
	wait $swap || fail "$1: the swapper failed"
	children=
	rounds=$(sed -n 's/^rounds //p' "$scratch/swap.out")
	[ "$rounds" -ge 10000 ] || fail "$1: only $rounds swaps"
	[ "$2" -ge 10 ] || fail "$1: only $2 copies"
	untouched "$1"
}

machine tiny
arm web swap
mkdir -p "$scratch/tree/d/e" "$scratch/got"
for i in 1 2 3 4 5 6 7 8; do
	echo "mine $i" >"$scratch/tree/d/f$i"
	echo "mine $i" >"$scratch/tree/d/e/f$i"
done
expect 0 prov cp "$scratch/tree" web:/srv/box

# Inside, a folder is exchanged for a link that means something else on the host than in the machine.
for target in "$canary" "../../../../../../../..$canary"; do
	# What a copy made just when the last swapper put things in order is in its way.
	expect 0 prov exec web -- rm -rf /srv/box/.d.other
	expect 0 prov exec web -- rm -f /stop
	swap "$build/prov" -C "$lab" exec web -- /swap 4 /srv/box d "$target" /stop
	copies=0 worked=0
	while kill -0 $swap 2>/dev/null; do
		rm -rf "$scratch/got"/*
		prov cp web:/srv/box "$scratch/got" >"$out" 2>"$err" </dev/null && worked=$((worked + 1))
		prov cp web:/srv/box/d/. "$scratch/got/d" >"$out" 2>"$err" </dev/null
		prov cp web:/srv/box/d/secret "$scratch/got/secret" >"$out" 2>"$err" </dev/null
		! grep -rqF "$token" "$scratch/got" || fail "a file of the host came out of the machine"
		prov cp "$scratch/tree/d" web:/srv/box >"$out" 2>"$err" </dev/null
		prov cp "$scratch/tree/d/f1" web:/srv/box/d/secret >"$out" 2>"$err" </dev/null
		copies=$((copies + 1))
		[ $copies -lt 10 ] || [ $worked -eq 0 ] || prov exec web -- touch /stop
	done
	swapped "links inside to $target" $copies
	[ $worked -gt 0 ] || fail "no copy worked"
done

# On the host, somebody who may write where the copy goes (a folder that is shared) exchanges a part of it.
rm -rf "$scratch/got" && mkdir -p "$scratch/got/box"
swap "$attacks/swap" 4 "$scratch/got/box" d "$canary" "$scratch/stop1"
copies=0 worked=0
while kill -0 $swap 2>/dev/null; do
	prov cp web:/srv/box "$scratch/got" >"$out" 2>"$err" </dev/null && worked=$((worked + 1))
	copies=$((copies + 1))
	[ $copies -lt 10 ] || : >"$scratch/stop1"
done
swapped "links where the copy goes" $copies

# And where it comes from.
rm -rf "$scratch/tree/d/f"*
swap "$attacks/swap" 4 "$scratch/tree" d "$canary" "$scratch/stop2"
copies=0
while kill -0 $swap 2>/dev/null; do
	prov cp "$scratch/tree/." web:/srv/in >"$out" 2>"$err" </dev/null
	prov cp "$scratch/tree/d" web:/srv/in2 >"$out" 2>"$err" </dev/null
	copies=$((copies + 1))
	[ $copies -lt 10 ] || : >"$scratch/stop2"
done
swapped "links where the copy comes from" $copies
expect 0 prov exec web -- ls /srv/in
! prov exec web -- grep -rqF "$token" /srv 2>"$err" || fail "a file of the host got into the machine"

expect 0 prov destroy -f
expect_clean destroy
