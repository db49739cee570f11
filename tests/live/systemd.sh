#!/bin/sh
# The box's systemd as PID 1 of a container: it boots to "running" without rights over the host, with a cgroup of its own.
. "$(dirname "$0")/../lib.sh"
need_root
need_box debian/12
remember_host

lab_file <<'Y'
prov: 1
machines:
  web: { box: debian/12, networks: none, container: { init: systemd, stop_timeout: 2m } }
Y
in_web() { prov exec web -- "$@"; }

expect 0 prov up
# It is up when systemd says so: nobody need wait any more.
expect 0 in_web systemctl is-system-running
expect_same "systemd's opinion" running "$(cat "$out")"
expect 0 in_web systemctl --failed --no-legend
expect_same "failed units" "" "$(cat "$out")"
expect 0 in_web systemctl is-active ssh
expect 0 in_web cat /proc/1/comm
expect_same "PID 1" systemd "$(cat "$out")"

# Neither SYS_ADMIN (21) nor SYS_RAWIO (17), no hierarchy but its own.
expect 0 in_web grep CapBnd /proc/1/status
caps=$(awk '{ print $2 }' "$out")
[ $((0x$caps & (1 << 21 | 1 << 17))) -eq 0 ] || fail "systemd may be root of the host: $caps"
expect 0 in_web awk '$3 ~ /^cgroup/ { print $3, $2 }' /proc/mounts
if [ -f /sys/fs/cgroup/cgroup.controllers ] || [ -d /sys/fs/cgroup/unified ]; then
	expect_same "cgroups inside" "cgroup2 /sys/fs/cgroup" "$(cat "$out")"
fi

# Units work, and so do users.
expect 0 in_web systemd-run --wait --quiet sh -c 'tail -n 1 /proc/self/cgroup >/root/unit'
expect 0 in_web cat /root/unit
expect_text "$out" "system.slice/run-"
expect 0 in_web sudo -u debian sudo -n id -u
expect_same "sudo" 0 "$(cat "$out")"
expect 0 in_web journalctl --no-pager -n 5

# What it prints on its console is the machine's log.
await "its console in the log" grep -q "Reached target" "$PROV_HOME/labs/$(lab_id)/machines/web@container/console.log"

# It stops by its own signal, in order.
expect 0 prov halt
expect_no_text "$err" killed
expect 0 prov up
expect 0 in_web systemctl is-system-running
expect 0 in_web cat /root/unit

# A reboot from inside ends it, and is told from a halt; nothing but its own PID namespace hears of it.
is_halted() { [ "$(states)" = "web@container halted" ] && prov status | grep -q "web@container .*$1"; }
prov exec web -- systemctl reboot >"$out" 2>"$err" </dev/null
await "the reboot in the status" is_halted "rebooted from inside, prov up starts it"
expect 0 prov up
expect 0 in_web systemctl is-system-running
expect 0 prov status
expect_no_text "$out" rebooted
prov exec web -- systemctl poweroff >"$out" 2>"$err" </dev/null
await "the end in the status" is_halted "PID 1 ended with 0"
expect 0 prov status
expect_no_text "$out" rebooted
expect 0 prov destroy -f

# A script may use it at once, and a host without any cgroup v2 does as well.
lab_file <<'Y'
prov: 1
machines:
  web:
    box: debian/12
    networks: none
    container: { init: systemd, stop_timeout: 2m }
    provision: [ { name: unit, shell: "systemctl start systemd-journald && systemctl is-active ssh" } ]
Y
expect 0 prov up
expect 0 prov destroy -f
if [ -d /sys/fs/cgroup/unified ] && unshare -m umount /sys/fs/cgroup/unified 2>/dev/null; then
	expect 0 unshare -m sh -c 'umount /sys/fs/cgroup/unified && "$0" -C "$1" up &&
		"$0" -C "$1" exec web -- systemctl is-system-running && "$0" -C "$1" destroy -f' "$build/prov" "$lab"
	expect_text "$err" "no cgroup v2: systemd gets v1's name=systemd"
	expect_same "systemd on v1" running "$(cat "$out")"
fi

# A command is nothing for it.
lab_file <<'Y'
prov: 1
machines:
  web: { box: debian/12, networks: none, container: { init: systemd, command: [sleep, "9"] } }
Y
expect 2 prov up
expect_text "$err" "container.command: systemd takes none"
expect_clean "systemd"
