#!/bin/sh
# prov is killed at any moment of up, halt and destroy of containers: destroy -f leaves nothing, or up finishes.
. "$(dirname "$0")/../lib.sh"
need_box tiny
remember_host

lab_file <<'Y'
prov: 1
machines:
  a: { box: tiny, networks: none, provision: [ { name: s, shell: "echo x >>/var/ran" } ] }
  b: { box: tiny, networks: none, depends_on: [ a ] }
Y

ids=
# What would be left of these labs, without asking the whole host.
expect_gone() { # AFTER WHAT
	left=$(ls "$PROV_HOME/labs" 2>/dev/null)
	[ -z "$left" ] || fail "$1: the folder of lab $left is left"
	tries=0
	while :; do
		left=$(grep -F "$PROV_HOME/labs" /proc/self/mountinfo)
		for id in $ids; do
			left=$left$(find /sys/fs/cgroup -maxdepth 2 -name "prov-$id-*")
		done
		[ -n "$left" ] || break
		tries=$((tries + 1))
		[ $tries -lt 300 ] || fail "$1: left: $left"
		sleep 0.1
	done
}

# Kills `prov VERB` after MILLISECONDS; succeeds if that met it running (SIGKILL).
killed() { # SIGNAL MILLISECONDS VERB…
	signal=$1 ms=$2
	shift 2
	"$build/prov" -C "$lab" "$@" >"$scratch/killed.out" 2>&1 </dev/null &
	pid=$!
	sleep "$(printf '%d.%03d' $((ms / 1000)) $((ms % 1000)))"
	kill -"$signal" $pid 2>/dev/null
	wait $pid 2>/dev/null
	code=$?
	context="SIG$signal of '$*' after $ms ms: $code"
	ids=$(ls "$PROV_HOME/labs" 2>/dev/null)
	printf "%s\n" $ids | grep . >>"$scratch/ids"
	[ $signal != KILL ] || [ $code -eq 137 ]
}

begun=$(date +%s%N)
expect 0 prov up
span=$((($(date +%s%N) - begun) / 1000000))
expect 0 prov destroy -f
expect_gone "a whole up"

rounds=40 caught=0
for i in $(seq 1 $rounds); do
	ms=$((span * i / rounds))
	# This host became faster: the moments come earlier.
	if killed KILL $ms up; then caught=$((caught + 1)); else span=$((span * 4 / 5)); fi
	if [ $((i % 2)) -eq 0 ]; then
		expect 0 prov up
		expect_same "round $i" "a@container running
b@container running" "$(states)"
		expect 0 prov exec a -- true
	fi
	expect 0 prov destroy -f
	expect_gone "kill -9 of up after $ms ms"
done
[ $caught -ge 10 ] || fail "only $caught of $rounds kills met a running up: the test shows nothing"
expect_clean "$rounds kills of up"

# Half-way through halt and destroy.
for verb in halt "destroy -f"; do
	for ms in 5 15 30 60 120; do
		expect 0 prov up
		# shellcheck disable=SC2086 # two words
		killed KILL $ms $verb
		if [ $ms = 30 ]; then
			expect 0 prov up
		fi
		expect 0 prov destroy -f
		expect_gone "kill -9 of $verb after $ms ms"
	done
done

# Ctrl-C and SIGTERM stop in order, with codes of their own.
met=0
for ms in 1 5 10 20 40 80; do
	for signal in INT TERM; do
		wanted=130
		[ $signal = INT ] || wanted=143
		killed $signal $ms up
		if [ $code -ne 0 ]; then
			[ $code -eq $wanted ] || [ $ms -lt 5 ] || {
				cat "$scratch/killed.out"
				fail "SIG$signal after $ms ms: exit $code, not $wanted"
			}
			met=$((met + 1))
		fi
		if [ $ms = 20 ]; then
			expect 0 prov up
		fi
		expect 0 prov destroy -f
		expect_gone "SIG$signal after $ms ms"
	done
done
[ $met -ge 2 ] || fail "no signal met a running up"
expect_clean "the signals"
