#!/bin/sh
# A host with systemd and cgroup v2 alone: what systemd does to its own groups takes nothing from containers.
. "$(dirname "$0")/../lib.sh"
[ -d /run/systemd/system ] || skip "systemd does not run here"
[ -e /sys/fs/cgroup/cgroup.controllers ] || skip "this host has cgroup v1"
need_box tiny
remember_host
systemctl daemon-reload
controllers=$(cat /sys/fs/cgroup/cgroup.subtree_control)

lab_file <<'Y'
prov: 1
defaults: { box: tiny, networks: none, memory: 64MiB }
machines:
  web: { cpus: 0.5, cpu_weight: 300, container: { pids: 50 } }
  job: { container: { command: [sh, -c, "while :; do echo tick; sleep 1; done"] } }
Y

group() { echo /sys/fs/cgroup/prov/prov-"$(lab_id)-$1"; }
expect_limits() { # AFTER WHAT
	for row in "cpu.max=50000 100000" cpu.weight=300 memory.max=67108864 memory.swap.max=0 pids.max=50; do
		file=$(group web)/${row%%=*}
		[ -e "$file" ] || fail "$1: there is no ${row%%=*} any more"
		expect_same "$1: ${row%%=*}" "${row#*=}" "$(cat "$file")"
	done
	expect_same "$1: state" "job@container running
web@container running" "$(states | sort)"
	expect 0 prov exec web -- true
}

# In a transient service, which is what a login session is to systemd too: at its end all that is still in its group is
# killed. Nothing of prov's is.
expect 0 systemd-run --quiet --wait --collect --pipe -p KillMode=control-group -E PROV_HOME="$PROV_HOME" \
	"$build/prov" -C "$lab" up
lab_id >>"$scratch/ids"
expect_limits "the end of the session that started them"
supervised=$(grep -c tick "$PROV_HOME/labs/$(lab_id)/machines/job@container/console.log")
[ "$supervised" -gt 0 ] || fail "prov-mon writes no log"

expect 0 systemctl daemon-reload
expect_limits daemon-reload
expect 0 systemd-run --quiet --wait true
expect_limits "another unit's start"
expect 0 systemd-run --quiet --wait -p CPUWeight=50 -p IOWeight=50 true
expect_limits "another unit's limits"
expect 0 systemctl daemon-reexec
expect_limits daemon-reexec

# A reload in the middle of a start.
for i in 1 2 3; do
	expect 0 prov halt
	systemctl daemon-reload &
	children=$!
	expect 0 prov up
	wait $children
	children=
	expect_limits "a reload during up ($i)"
done

tries=0
until [ "$(grep -c tick "$PROV_HOME/labs/$(lab_id)/machines/job@container/console.log")" -gt "$supervised" ]; do
	tries=$((tries + 1))
	[ $tries -lt 50 ] || fail "prov-mon does not write its log any more"
	sleep 0.2
done

expect 0 prov destroy -f
expect_clean destroy
[ ! -e /sys/fs/cgroup/prov ] || [ -n "$(ls -d /sys/fs/cgroup/prov/*/ 2>/dev/null)" ] || fail "the group of all containers is left"
# What systemd wants to be without is its own again.
expect 0 systemctl daemon-reload
expect_same "the root's controllers" "$controllers" "$(cat /sys/fs/cgroup/cgroup.subtree_control)"
