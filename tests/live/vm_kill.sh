#!/bin/sh
# prov is killed at moments of a virtual machine's up: destroy -f leaves nothing on the host.
. "$(dirname "$0")/../lib.sh"
need_libvirt
need_box tiny
remember_host

lab_file <<'Y'
prov: 1
machines:
  web: { box: tiny, provider: both, memory: 128MiB }
Y
begun=$(date +%s%N)
expect 0 prov up
span=$((($(date +%s%N) - begun) / 1000000))
expect 0 prov destroy -f
expect_clean "a whole up"

# Densely in the first second, where things are made, then until the end.
caught=0
for ms in 20 60 120 250 400 600 800 1000 1500 $((span / 2)) $((span - 300)); do
	"$build/prov" -C "$lab" up >"$scratch/killed.out" 2>&1 </dev/null &
	pid=$!
	sleep "$(printf '%d.%03d' $((ms / 1000)) $((ms % 1000)))"
	kill -KILL $pid 2>/dev/null
	wait $pid 2>/dev/null
	[ $? -ne 137 ] || caught=$((caught + 1))
	context="SIGKILL after $ms ms"
	ls "$PROV_HOME/labs" >>"$scratch/ids" 2>/dev/null
	if [ $ms = 800 ]; then
		expect 0 prov up
		expect 0 prov exec web@kvm -- true
		expect 0 prov exec web@container -- true
	fi
	expect 0 prov destroy -f
	expect_clean "kill -9 after $ms ms"
done
[ $caught -ge 5 ] || fail "only $caught kills met a running up"

# Ctrl-C while it boots: QEMU runs. A machine that boots at once never gets ready.
lab_file <<'Y'
prov: 1
machines:
  web: { box: tiny, provider: both, memory: 128MiB, ready: { exec: "false", timeout: 10m } }
Y
"$build/prov" -C "$lab" up >"$out" 2>"$err" </dev/null &
pid=$!
boots() { [ -n "$(lab_id)" ] && [ -e "/run/libvirt/qemu/prov-$(lab_id)-web.pid" ]; }
await "the machine boots" boots
kill -INT $pid
wait $pid
code=$?
[ $code -eq 130 ] || fail "SIGINT: exit $code, not 130"
expect 0 prov destroy -f
expect_clean "SIGINT"
