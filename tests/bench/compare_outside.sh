#!/bin/sh
# What prov compare prints, held against figures that were got without it: smaps and cgroup files
# read here, OpenSSH's first login, wall-clock time, another loop of system calls.
. "$(dirname "$0")/../lib.sh"
need_libvirt
need_tool ssh cc
need_box tiny
remember_host

lab_file <<'Y'
prov: 1
machines:
  web:
    provider: both
    box: tiny
    memory: 128MiB
Y

# --- figures ---

# All values of a series of a result, one a line.
values() { # FILE ID KIND
	awk -v id="$2" -v kind="$3" '
		/^   "id": / { split($0, part, "\""); i = part[4] }
		/^   "kind": / { split($0, part, "\""); k = part[4] }
		/^   "values": / && i == id && k == kind { on = 1; next }
		on && /\]/ { exit }
		on { gsub(/[ ,]/, ""); print }' "$1"
}
# The summary that the result itself prints: "6.32 s [5.95–6.70]".
shown() { # FILE ID KIND
	awk -v id="$2" -v kind="$3" '
		/^   "id": / { split($0, part, "\""); i = part[4] }
		/^   "kind": / { split($0, part, "\""); k = part[4] }
		/^    "text": / && i == id && k == kind { split($0, part, "\""); print part[4]; exit }' "$1"
}
median() { sort -g | awk '{v[NR] = $1} END {if (NR) print (v[int((NR + 1) / 2)] + v[int(NR / 2) + 1]) / 2}'; }
figure() { values "$@" | median; }

# The CPUs that are busy during a second in which this script does nothing.
busy() {
	{ head -n 1 /proc/stat && sleep 1 && head -n 1 /proc/stat; } |
		awk -v hz="$(getconf CLK_TCK)" '
		{ now = $2 + $3 + $4 + $7 + $8 + $9; if (NR == 2) printf "%.2f", (now - before) / hz; before = now }'
}
loaded=
look_at_load() {
	others=$(busy)
	! awk -v b="$others" 'BEGIN {exit !(b > 0.25)}' || loaded="others keep $others CPUs busy"
}
# Both figures are printed. Beyond the bounds it is a failure; of what others' load moves, only on a quiet host.
judge() { # hard|soft WHAT COMPARE OUTSIDE UNIT AWK-CONDITION-OF-a-AND-b
	[ -n "$3" ] && [ -n "$4" ] || fail "$2: no figure: compare '$3', outside '$4'"
	echo "$2: compare $3 $5, outside $4 $5"
	awk -v a="$3" -v b="$4" "function abs(x) { return x < 0 ? -x : x } BEGIN {exit !($6)}" && return
	[ "$1" = soft ] && [ -n "$loaded" ] || fail "$2: compare says $3 $5, outside it is $4 $5"
	echo "SKIP $2: $3 and $4 $5 are too far apart, but $loaded"
}
near() { # hard|soft WHAT COMPARE OUTSIDE UNIT PERCENT SLACK
	judge "$1" "$2" "$3" "$4" "$5" "abs(a - b) <= $7 || abs(a - b) <= $6 / 100 * b"
}
within() { # hard|soft WHAT COMPARE OUTSIDE UNIT FACTOR
	judge "$1" "$2" "$3" "$4" "$5" "a > 0 && b > 0 && a <= b * $6 && b <= a * $6"
}

# --- what prov compare says ---

look_at_load
json=$scratch/all.json
expect 0 prov compare web --quick -o "$json" --html "$scratch/page.html"
cp "$out" "$scratch/terminal"
for half in a b; do
	expect 0 prov compare web --quick --runs 5 --kinds container -o "$scratch/$half.json"
done

others=$(values "$json" load.other container | median)
! awk -v b="$others" 'BEGIN {exit !(b > 0.25)}' || loaded="others kept $others CPUs busy during compare"

# One result, three outputs; the median is worked out from the single runs once more.
for kind in container kvm; do
	text=$(shown "$json" start.t5 $kind)
	[ -n "$text" ] || fail "no t5 of $kind"
	tr -s ' ' <"$scratch/terminal" | grep -qF " $kind $text n=2" || fail "the terminal lacks '$kind $text'"
	grep -qF "$kind: $text" "$scratch/page.html" || fail "the page lacks '$kind: $text'"
	seconds=$(echo "$text" | awk '{print $1 * ($2 == "ms" ? 1e-3 : $2 == "µs" ? 1e-6 : $2 == "s" ? 1 : 0)}')
	near hard "t5 of $kind as printed" "$seconds" "$(figure "$json" start.t5 $kind)" s 1 0
done

# Two results of the same agree. The median of five lies outside of another five's range once in a hundred times.
look_at_load
expect 0 prov compare --diff "$scratch/a.json" "$scratch/b.json"
verdict=$(awk '$0 == "  until a command runs" {getline; print; exit}' "$out")
case $verdict in
*container*'no clear difference') echo "two runs:$verdict" ;;
*container*[a-z]*) [ -n "$loaded" ] || fail "two runs of the same differ:$verdict"
	echo "SKIP two runs agree:$verdict, but $loaded" ;;
*) fail "--diff does not compare t5 of containers: '$verdict'" ;;
esac

# --- the same machines by hand ---

available() { awk '$1 == "MemAvailable:" {print $2 / 1024}' /proc/meminfo; }
now_ns() { date +%s%N; }

# The virtual machine: prov's stamps beside OpenSSH's first login into the same start.
look_at_load
events=$scratch/events
stamp() { # KIND WORD: the wall clock's nanoseconds at web@kvm's event
	grep "\"event\":\"$1\"" "$events" | grep '"web@kvm"' | grep "\"$2\"" | sed -n '1s/.*"wall_ns":\([0-9]*\).*/\1/p'
}
seconds() { echo "$1 $2" | awk '{printf "%.3f", ($2 - $1) / 1e9}'; }
before=$(available)
"$build/prov" -C "$lab" up --no-provision --events web@kvm >"$events" 2>"$err" &
up=$!
tries=0
# From there on the lab has its network and its key.
until [ -n "$(stamp step-begin kvm.start)" ]; do
	tries=$((tries + 1))
	[ $tries -lt 300 ] && kill -0 $up 2>/dev/null || fail "web@kvm does not start"
	sleep 0.1
done
home=$PROV_HOME/labs/$(lab_id)
lab_id >>"$scratch/ids"
"$build/prov" -C "$lab" status --json >"$out"
address=$(awk -F'"' '$2 == "name" {name = $4} $2 == "address" && name == "web@kvm" {print $4; exit}' "$out")
[ -n "$address" ] || fail "no address of web@kvm"
tries=0
until timeout 5 ssh -F none -i "$home/id_ed25519" -o BatchMode=yes -o StrictHostKeyChecking=no \
	-o UserKnownHostsFile=/dev/null -o ConnectTimeout=1 "tiny@$address" true >"$out" 2>&1 </dev/null; do
	tries=$((tries + 1))
	[ $tries -lt 300 ] || fail "OpenSSH does not get in"
	sleep 0.05
done
login=$(now_ns)
wait $up || fail "prov up ends with $?"
begun=$(stamp verb-begin up)
t5=$(seconds "$begun" "$(stamp phase transport)")
near hard "t5 of kvm, the same start, OpenSSH's login" "$t5" "$(seconds "$begun" "$login")" s 25 0.3
near soft "t5 of kvm, another start" "$(figure "$json" start.t5 kvm)" "$t5" s 25 0.3
written=$(stat -c %.9Y "$home/machines/web@kvm/phases" | tr -d .)
near soft "t5direct of kvm, the channel's file" "$(figure "$json" start.t5direct kvm)" "$(seconds "$begun" "$written")" s 25 0.3

# Its memory: as prov compare does, after it has come to rest.
sleep 2
after=$(available)
qemu=$(cat "/run/libvirt/qemu/prov-$(lab_id)-web.pid")
awk '
	/^[0-9a-f]+-[0-9a-f]+ / { mode = $2; size = 0; next }
	$1 == "Size:" { size = $2 }
	$1 == "Pss:" {
		if (mode ~ /^rwx/) tcg += $2
		else if (mode ~ /^rw/ && size >= 131072 && size < 131072 + 65536) guest += $2
		else rest += $2
	}
	END { print guest / 1024, tcg / 1024, rest / 1024 }' "/proc/$qemu/smaps" >"$scratch/smaps"
read -r guest tcg vmm <"$scratch/smaps"
near hard "guest RAM" "$(figure "$json" memory.pss.guest kvm)" "$guest" MiB 25 8
near hard "TCG's cache" "$(figure "$json" memory.pss.tcg kvm)" "$tcg" MiB 25 8
near hard "the rest of QEMU" "$(figure "$json" memory.pss.vmm kvm)" "$vmm" MiB 25 8
near hard "all of QEMU, smaps_rollup" "$(figure "$json" memory.total kvm)" \
	"$(awk '$1 == "Pss:" {print $2 / 1024}' "/proc/$qemu/smaps_rollup")" MiB 25 8
fell=$(echo "$before $after" | awk '{print $1 - $2}')
delta=$(values "$json" memory.delta kvm | head -n 1)
# Memory that somebody else took or freed meanwhile is in it, which no look at the CPUs tells: once more.
if awk -v a="$delta" -v b="$fell" 'BEGIN {d = a - b; exit !(d > b / 2 || -d > b / 2)}'; then
	echo "fall of MemAvailable by one VM: compare $delta MiB, outside $fell MiB: asked again"
	look_at_load
	expect 0 prov compare web --quick --runs 1 --kinds kvm -o "$scratch/again.json"
	delta=$(values "$scratch/again.json" memory.delta kvm | head -n 1)
fi
near soft "fall of MemAvailable by one VM" "$delta" "$fell" MiB 50 0

# The container: the commands' wall-clock time, the median of five, the lab's network standing.
look_at_load
for i in 1 2 3 4 5; do
	begun=$(now_ns)
	"$build/prov" -C "$lab" up -q --no-provision web@container >"$out" 2>"$err" || fail "up of the container"
	"$build/prov" -C "$lab" exec web@container -- true >"$out" 2>"$err" || fail "exec in the container"
	echo "$(seconds "$begun" "$(now_ns)")" >>"$scratch/walls"
	[ $i -eq 5 ] || expect 0 prov destroy -f web@container
done
# Both commands' own start and end are in it: never less than a part of t5, seldom more than thrice.
within soft "t5 of the container, up and exec" "$(figure "$scratch/a.json" start.t5 container)" "$(median <"$scratch/walls")" s 3

# Its memory: PID 1 is the process of the lab's cgroups that is number one of its own namespace.
sleep 2
init=
for p in /proc/[0-9]*; do
	grep -qs "$(lab_id)" "$p/cgroup" && awk '$1 == "NSpid:" {exit !(NF == 3 && $3 == 1)}' "$p/status" 2>/dev/null &&
		init=${p#/proc/}
done
[ -n "$init" ] || fail "no PID 1 of the container"
near hard "PSS of the container's PID 1" "$(figure "$json" memory.pss.init container)" \
	"$(awk '$1 == "Pss:" {print $2 / 1024}' "/proc/$init/smaps_rollup")" MiB 25 0.0625
group=$(sed -n 's/^[0-9]*:memory:\(.*\)/\/sys\/fs\/cgroup\/memory\1/p' "/proc/$init/cgroup")
[ -n "$group" ] || group=/sys/fs/cgroup$(sed -n 's/^0:://p' "/proc/$init/cgroup")
used=$(cat "$group/memory.usage_in_bytes" 2>/dev/null || cat "$group/memory.current")
used=$(awk -v used="$used" '$1 == "total_inactive_file" {t = $2} $1 == "inactive_file" {own = $2}
	END {print (used - (t == "" ? own : t)) / 1048576}' "$group/memory.stat")
# The kernel charges a group 64 pages at a time for each CPU that it runs on.
slack=$(($(getconf _NPROCESSORS_ONLN) * 256 + 256))
near hard "memory cgroup of the container" "$(figure "$json" memory.cgroup container)" "$used" MiB 25 \
	"$(echo $slack | awk '{print $1 / 1024}')"

# System calls: the same question by another program in each place, and by perf.
cc -std=c17 -D_GNU_SOURCE -O2 -static -o "$scratch/syscalls" "$top/tests/bench/syscalls.c" || fail "cc"
within hard "system call on the host" "$(figure "$json" probe.syscall host)" "$("$scratch/syscalls")" ns 3
for kind in container kvm; do
	prov exec -i web@$kind -- sh -c 'cat >/tmp/syscalls; chmod 755 /tmp/syscalls' <"$scratch/syscalls" ||
		fail "the loop does not get into $kind"
	expect 0 prov exec web@$kind -- /tmp/syscalls
	within hard "system call in $kind" "$(figure "$json" probe.syscall $kind)" "$(cat "$out")" ns 3
done
each=$(perf bench syscall basic 2>/dev/null | awk '$2 == "usecs/op" {print $1 * 1000}')
if [ -n "$each" ]; then
	within hard "system call on the host, perf" "$(figure "$json" probe.syscall host)" "$each" ns 3
else
	echo "SKIP system call against perf: perf bench does not run here"
fi
expect 0 prov destroy -f
expect_clean outside
