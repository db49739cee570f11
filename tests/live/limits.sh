#!/bin/sh
# Limits hold under attack while a neighbour answers; they change on a running container; suspend and
# resume. The same on cgroups v1 and v2.
. "$(dirname "$0")/../lib.sh"
need_box tiny
remember_host

# The first file of these names in the machine's cgroups.
group_file() { # MACHINE NAME…
	machine=$1
	shift
	for name in "$@"; do
		find /sys/fs/cgroup -path "*prov-$(lab_id)-$machine/$name" 2>/dev/null | head -n 1
	done | head -n 1
}
read_file() { # MACHINE NAME…
	file=$(group_file "$@")
	[ -n "$file" ] || fail "no cgroup of '$1' has any of: $*"
	cat "$file"
}
field() { # FILE KEY
	awk -v key="$2" '$1 == key {print $2}' "$1"
}
neighbour_answers() {
	expect 0 timeout 300 "$build/prov" -C "$lab" exec two true
}

# PID 1 of "kept" is a command, so that there is a supervisor to survive.
lab_of() { # CPUS MEMORY PIDS MORE
	lab_file <<Y
prov: 1
machines:
  web: { box: tiny, networks: none, cpus: $1, memory: $2, container: { pids: $3 }$4 }
  two: { box: tiny, networks: none, memory: 64MiB }
  kept:
    box: tiny
    networks: none
    memory: 32MiB
    container: { command: [sh, -c, "while :; do sleep 1000; done"] }
Y
}
lab_of 1 64MiB 24 ""
expect 0 prov up

# A fork bomb fills what it may have, and nobody else's. A shell that cannot fork gives up, its sleepers
# stay.
prov exec web -- sh -c 'bomb() { sleep 100 & bomb & bomb; }; bomb' >"$scratch/bomb.out" 2>&1 &
children="$children $!"
bomb_is_full() { [ "$(field "$(group_file web pids.events)" max)" -gt 0 ]; }
await "the fork bomb grows" bomb_is_full
neighbour_answers
[ "$(read_file web pids.current)" -le 24 ] || fail "more processes than allowed"
expect 0 prov halt web
expect_same state "web@container halted" "$(states | grep web)"
expect 0 prov up

# A memory hog is killed alone; the command and status say why.
for machine in web kept; do
	expect 137 prov exec $machine -- sh -c 'tail -c 300m /dev/zero >/dev/null'
	expect_text "$err" "the kernel killed 1 process of '$machine@container' for lack of memory"
	neighbour_answers
done
expect_same states "web@container running
two@container running
kept@container running" "$(states)"
expect 0 prov status web
expect_text "$out" 'the kernel killed 1 process for lack of memory \(64.0 MiB\)'
expect 0 prov status two
expect_no_text "$out" 'lack of memory'
expect 0 prov exec kept true

# CPU hogs get their quota and no more. On a busy host they get less, but in each period in which the
# quota held them back they had used it.
lab_of 0.3 64MiB 24 ""
expect 0 prov up
expect_text "$err" 'web@container: limits changed: cpus 1 -> 0.3'
cpu_us() {
	usage=$(group_file web cpuacct.usage)
	if [ -n "$usage" ]; then
		echo $(($(cat "$usage") / 1000))
	else
		field "$(group_file web cpu.stat)" usage_usec
	fi
}
prov exec web -- sh -c 'while :; do :; done & while :; do :; done' >"$scratch/hog.out" 2>&1 &
children="$children $!"
stat_file=$(find /sys/fs/cgroup -path "*prov-$(lab_id)-web/cpu.stat" -exec grep -l nr_periods {} + | head -n 1)
limited() { [ "$(field "$stat_file" nr_throttled)" -ge "$1" ]; }
await "the hogs reach their quota" limited 3
# Each reading lies inside of the one before, so that a pause between them spoils neither bound.
begun=$(date +%s%N) used=$(cpu_us) throttled=$(field "$stat_file" nr_throttled)
await "the hogs are held back" limited $((throttled + 30))
throttled=$(($(field "$stat_file" nr_throttled) - throttled)) used=$(($(cpu_us) - used))
took=$((($(date +%s%N) - begun) / 1000))
share=$((used * 10000 / took)) # of 10,000: 0.3 CPUs are 3,000
[ $share -le 3200 ] || fail "CPU hogs used $share/10000 of a CPU, not 3000"
[ $used -ge $((throttled * 30000 * 8 / 10)) ] || fail "CPU hogs used $used us in $throttled periods of 30000"
neighbour_answers
expect 0 prov halt web
expect 0 prov up

# Limits change while it runs, and up says so; what cannot be is refused and changes nothing.
before=$(prov exec web -- cat /proc/1/stat | cut -d' ' -f22)
lab_of 0.5 48MiB 20 ', cpu_weight: 300, cpuset: "0"'
expect 0 prov plan
expect_text "$out" '~ container.cgroup +is applied on the running machine'
expect_text "$out" '^  edited: memory 64.0 MiB -> 48.0 MiB, cpus 0.3 -> 0.5, cpuset none -> 0$'
expect 0 prov status web
expect_text "$out" 'container.cgroup; edited: memory 64.0 MiB -> 48.0 MiB'
expect 0 prov up
expect_text "$err" 'limits changed: memory 64.0 MiB -> 48.0 MiB, cpus 0.3 -> 0.5, cpu_weight 100 -> 300, cpuset all -> 0, pids 24 -> 20'
expect_same "memory's limit" 50331648 "$(read_file web memory.limit_in_bytes memory.max)"
expect_same "the limit of processes" 20 "$(read_file web pids.max)"
expect_same "its CPUs" 0 "$(read_file web cpuset.cpus)"
expect 0 prov exec web -- sh -c 'grep Cpus_allowed_list /proc/1/status'
expect_text "$out" '[[:space:]]0$'
expect_same "PID 1's start" "$before" "$(prov exec web -- cat /proc/1/stat | cut -d' ' -f22)"
expect 0 prov exec web -- sh -c 'dd if=/dev/zero of=/dev/shm/x bs=1M count=20'
lab_of 0.5 8MiB 20 ', cpu_weight: 300, cpuset: "0"'
expect 1 prov up
expect_text "$err" 'error: container.cgroup: memory: 8.0 MiB is less than the [2-4][0-9.]+ MiB that it holds'
expect_text "$err" 'prov reload web@container'
expect_same "memory's limit" 50331648 "$(read_file web memory.limit_in_bytes memory.max)"
expect 0 prov exec web -- rm /dev/shm/x
expect 0 prov up
expect_text "$err" 'limits changed: memory 48.0 MiB -> 8.0 MiB$'
lab_of 0.5 8MiB 20 ', cpuset: "0-4095"'
expect 2 prov up
expect_text "$err" "cpuset: '0-4095' asks for CPUs that are not here"
expect_text "$err" 'this host has the CPUs 0'
lab_of 0.5 64MiB 20 ', io_weight: 500'
expect 0 prov up
expect_text "$err" 'cpu_weight 300 -> 100, io_weight 100 -> 500, cpuset 0 -> all'
grep -q '\[bfq\]' /sys/block/*/queue/scheduler || expect_text "$err" 'warning: io_weight has no effect on this host'

# A script that is killed for lack of memory says so where it fails.
lab_of 0.5 16MiB 20 ', provision: [ { name: hog, shell: "tail -c 300m /dev/zero >/dev/null" } ]'
expect 1 prov up
expect_text "$err" "script 'hog' exited with 137 \\(SIGKILL\\)"
expect_text "$err" "the kernel killed 1 process of it for lack of memory: 'memory' is 16.0 MiB"
lab_of 0.5 16MiB 20 ""
expect 0 prov up

# Suspended, nothing of it runs, and nothing waits for it.
expect 0 prov suspend web
expect_same states "web@container suspended
two@container running
kept@container running" "$(states)"
expect 0 prov pause web
expect_text "$err" 'suspend unchanged'
for verb in exec provision; do
	if [ $verb = exec ]; then expect 125 prov exec web true; else expect 1 prov provision web; fi
	expect_text "$err" "'web@container' is suspended"
	expect_text "$err" 'prov resume web@container'
done
expect 0 prov resume web
expect 0 prov exec web true
expect 0 prov suspend
expect_same states "web@container suspended
two@container suspended
kept@container suspended" "$(states)"
expect 0 prov plan web
expect_text "$out" 'web@container: suspended, prov up lets it go on'
expect 0 prov up web
expect_text "$err" 'web@container: resumed'
expect 0 prov exec web true
expect 0 prov halt two
expect_same state "two@container halted" "$(states | grep two)"
expect 1 prov suspend two
expect_text "$err" "'two@container' is halted"
expect 0 prov unpause kept
expect 0 prov suspend kept
expect 0 prov destroy -f
expect_clean "destroy of what was suspended"
