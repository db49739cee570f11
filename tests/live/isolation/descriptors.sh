#!/bin/sh
# CVE-2024-21626: a working directory in a descriptor that leaked, at start and at exec. Nothing in the container
# holds more than the standard streams, whatever the caller had open, and nothing of the host's shows up for a moment.
. "$(dirname "$0")/../../isolation.sh"
need_box tiny
remember_host

marker=$scratch/marker
: >"$marker"
# Descriptors of the host's folders in the caller are what such an attack lives on.
exec 5</ 7<"$scratch" 9<"$attacks/fds"
machine tiny
arm web fds watch

# Positive control: the same program sees a leak, and a way up to the host.
expect_armed '^got descriptor 7 of self' fds self "$marker"
expect_text "$out" '^got host '

expect 0 prov exec web -- /fds self "$marker"
expect_text "$out" '^no descriptor beyond 2 in self'
expect_text "$out" '^no outside'
expect_text "$out" '^no host above'
expect 0 prov exec web -- /fds 1
expect_text "$out" '^no descriptor beyond 2 in 1'
expect 0 prov exec -w / -u 1000 web -- /fds self "$marker"
expect_repelled "exec as a user" 3

n=3
while [ $n -le 64 ]; do
	prov exec -w /proc/self/fd/$n web -- /fds self "$marker" >"$out" 2>"$err" </dev/null && fail "exec in descriptor $n is not refused"
	! grep -q "^got" "$out" || fail "exec in descriptor $n leads outside"
	n=$((n + 1))
done
# Names that a box makes for it.
prov exec web -- sh -c 'for n in 3 4 5 6 7 8 9 10; do ln -s /proc/self/fd/$n /link$n; done; ln -s /proc/1/root /up; ln -s /proc/self/cwd/../../../.. /cwd' || fail "no links"
for dir in /link3 /link4 /link5 /link6 /link7 /link8 /link9 /link10 /up /cwd /up/../.. /proc/self/root/.. /proc/1/cwd/../..; do
	prov exec -w "$dir" web -- /fds self "$marker" >"$out" 2>"$err" </dev/null
	! grep -q "^got" "$out" || fail "exec in $dir leads outside"
done

# Somebody inside who looks at everyone that comes in.
prov exec web -- /watch 4 >"$scratch/watch.out" 2>&1 </dev/null &
watch=$!
children=$watch
await "the watcher starts" grep -q ready "$scratch/watch.out"
while kill -0 $watch 2>/dev/null; do # it lasts until it has seen enough
	prov exec web -- true >/dev/null 2>&1 </dev/null
	prov exec -w /tmp -u 1000 web -- true >/dev/null 2>&1 </dev/null
done
children=
! grep -E '^got (folder|memory)' "$scratch/watch.out" || fail "who enters can be reached into"
seen=$(sed -n 's/^seen \([0-9]*\) .*/\1/p' "$scratch/watch.out")
[ "${seen:-0}" -ge 20 ] || fail "the watcher saw only ${seen:-no} processes"
expect 0 prov destroy -f

# At start: with a supervisor and without prov-init, and with both.
for init in none auto; do
	machine tiny "    container: { init: $init, command: [sleep, '1000'] }"
	arm web fds
	expect 0 prov exec web -- sh -c 'for p in /proc/[0-9]*; do [ ${p#/proc/} = $$ ] || /fds ${p#/proc/}; done'
	expect_text "$out" '^no descriptor beyond 2 in 1$'
	expect_no_text "$out" '^got'
	expect 0 prov exec web -- sh -c 'readlink /proc/1/cwd'
	expect_same "working directory of PID 1" / "$(cat "$out")"
	expect 0 prov destroy -f
done
expect 0 prov destroy -f
exec 5<&- 7<&- 9<&-
expect_clean destroy
