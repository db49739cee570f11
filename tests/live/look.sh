#!/bin/sh
# Looking inside a container: inspect, logs, top, stats, cp, each against what the kernel's own files say.
. "$(dirname "$0")/../lib.sh"
need_box tiny
need_tool jq capsh
remember_host

lab_file <<'Y'
prov: 1
defaults: { box: tiny, memory: 64MiB, networks: none }
machines:
  web: {}
  talk:
    container:
      command: [sh, -c, "[ -p /tell ] || mkfifo /tell; i=0; while [ $i -lt 30 ]; do echo line $i; i=$((i+1)); done; printf 'red \\033[31m\\n'; while read -r l <>/tell; do echo got $l; [ $l != bye ] || exit 3; done"]
    provision:
      - shell: echo provisioned
Y

# Before anything is up.
for c in inspect logs top stats; do
	expect 1 prov $c
	expect_one_error
	expect_text "$err" "nothing of lab .* is up"
	expect 2 prov $c wbe
	expect_one_error
	expect_text "$err" "did you mean 'web'"
done
expect 1 prov logs web
expect_one_error
expect_text "$err" "hint: prov up web@container"

expect 0 prov up

# inspect: every namespace is the one that /proc shows.
expect 0 prov inspect web --json
cp "$out" "$scratch/inspect.json"
expect_same schema 1 "$(jq .schema "$out")"
pid=$(inspected process.pid)
[ "$pid" -gt 1 ] || fail "no pid"
for kind in user mnt pid uts ipc net cgroup time; do
	inode=$(readlink "/proc/$pid/ns/$kind" | tr -dc 0-9)
	expect_same "namespace $kind" "$inode" "$(inspected "namespaces[] | select(.type == \"$kind\").inode")"
	host=$(readlink "/proc/self/ns/$kind" | tr -dc 0-9)
	shared=$(inspected "namespaces[] | select(.type == \"$kind\").shared_with | join(\",\")")
	if [ "$inode" = "$host" ]; then wanted=host; else wanted=; fi
	expect_same "sharing of $kind" "$wanted" "$shared"
done
expect_same "the limit" $((64 << 20)) "$(inspected cgroup.limits.memory_bytes)"
for path in $(inspected 'cgroup.paths[]'); do
	[ -d "$path" ] || fail "there is no cgroup '$path'"
	grep -qx "$pid" "$path/cgroup.procs" || fail "PID 1 is not in '$path'"
done
expect_same "the bounding set" "$(sed -n 's/^CapBnd:\t//p' "/proc/$pid/status")" \
	"$(capsh --decode="$(sed -n 's/^CapBnd:\t//p' "/proc/$pid/status")" | cut -d= -f1 | sed 's/^0x//')"
expect_same "capabilities" \
	"$(capsh --decode="$(sed -n 's/^CapBnd:\t//p' "/proc/$pid/status")" | cut -d= -f2 | tr -d '\n' | sed 's/cap_//g')" \
	"$(inspected 'capabilities.bounding | map(ascii_downcase | ltrimstr("cap_")) | join(",")')"
expect_same "the filter" "$(sed -n 's/^Seccomp_filters:\t//p' "/proc/$pid/status")" "$(inspected seccomp.filters)"
expect_same "mounts" "$(cut -d' ' -f5 "/proc/$pid/mountinfo" | sort)" "$(inspected 'mounts[].target' | sort)"
[ -d "$(inspected layers.lower)" ] && [ -d "$(inspected layers.upper)" ] || fail "layers that do not exist"
expect_same "steps" true "$(inspected 'steps | map(.state == "done") | all')"
expect 0 prov inspect web
expect_text "$out" '^    net +[0-9]+ +- +/proc/'
expect_text "$out" '^ +memory +64\.0 MiB'

# No library of virtual machines is opened for it.
if command -v strace >/dev/null; then
	for c in inspect logs top "stats -1"; do
		# shellcheck disable=SC2086
		strace -f -o "$scratch/trace" "$build/prov" -C "$lab" $c web >"$out" 2>&1
		! grep -qE 'open.*(libvirt|libssh|libcurl|prov-kvm|prov-ssh|prov-box)' "$scratch/trace" ||
			fail "$c opens a module"
	done
else
	echo "SKIP which libraries are opened: strace is not installed"
fi

# top: both numbers of each process are those of the kernel, users have the machine's names.
prov exec web -- sh -c 'sleep 1111 & exec su tiny -c "exec sleep 2222"' &
sleeper=$!
children="$children $sleeper"
both_sleep() { [ "$(prov top web | grep -cE '(root|tiny) .* sleep [12]+$')" -eq 2 ]; }
await "top shows two processes" both_sleep
expect 0 prov top web --json
expect_same schema 1 "$(jq .schema "$out")"
for p in $(jq -r '.processes[].host_pid' "$out"); do
	expect_same "the number inside of $p" "$(sed -n 's/^NSpid:.*\t//p' "/proc/$p/status")" \
		"$(jq ".processes[] | select(.host_pid == $p).pid" "$out")"
done
expect_same "users" "root tiny" "$(jq -r '[.processes[] | select(.command | startswith("sleep")) | .user] | sort | join(" ")' "$out")"
expect_same "PID 1 comes first" 1 "$(jq '.processes[0].pid' "$out")"
expect 0 prov top web talk -n 2 --interval 0.1
expect_text "$out" '^MACHINE +HOST PID +PID'
expect_same "looks" 2 "$(grep -c '^MACHINE' "$out")"
expect 2 prov top web --interval soon
expect_one_error
expect 0 prov exec web -- killall sleep
wait $sleeper

# stats: one line a machine; a processor hog shows; in one place on a terminal.
expect 0 prov stats -1
expect_text "$out" '^web@container +running +[0-9]+\.[0-9] +[0-9]'
expect_same "lines" 3 "$(wc -l <"$out")"
prov exec web -- sh -c 'exec yes >/dev/null' &
hog=$!
children="$children $hog"
runs_yes() { prov top web | grep -q ' yes'; }
await "the hog starts" runs_yes
expect 0 prov stats --once --json web
expect_same schema 1 "$(jq .schema "$out")"
# On a busy host it gets its turn only now and then.
hog_shows() {
	prov stats --once --json web >"$out" &&
		jq -e '.machines[0].cpu_percent > 2 and .machines[0].memory_bytes > 0' "$out"
}
await "the hog shows" hog_shows
expect 0 prov exec web -- killall yes
wait $hog
# Until it drew for the second time over what it drew first; at the terminal's end it ends too.
script -qefc "exec '$build/prov' -C '$lab' stats --interval 0.3" /dev/null >"$scratch/drawn.out" 2>&1 </dev/null &
drawer=$!
children="$children $drawer"
await "stats is redrawn" grep -q "$(printf '\033\\[3A')" "$scratch/drawn.out"
kill -TERM $drawer
wait $drawer
"$build/prov" -C "$lab" stats --interval 0.2 >"$scratch/plain.out" 2>&1 &
plain=$!
children="$children $plain"
twice() { [ "$(grep -c '^web@' "$scratch/plain.out")" -ge 2 ]; }
await "stats is printed twice" twice
kill -INT $plain
wait $plain
expect_same "code after Ctrl-C" 130 $?
expect_no_text "$scratch/plain.out" "$(printf '\033')"
expect 2 prov stats --interval 0
expect_one_error

# Its words are on their way while it is up already.
has_said_red() { prov logs talk | grep -q red; }
await "talk says all" has_said_red

# logs: all, the last, raw for a program and escaped for a terminal, as JSON.
expect 0 prov logs talk
expect_same "first line" "line 0" "$(head -n 1 "$out")"
expect_same "lines" 31 "$(wc -l <"$out")"
grep -q "$(printf '\033')" "$out" || fail "a program does not get the bytes"
expect 0 prov logs -n 2 talk
expect_same "last lines" "line 29" "$(head -n 1 "$out")"
expect 0 prov logs -n 0 talk
[ ! -s "$out" ] || fail "-n 0 prints"
expect 0 prov logs -n 1 talk --json
expect_same "as JSON" "talk@container console" "$(jq -r '.machine + " " + .log' "$out")"
expect 2 prov logs -n few talk
expect_one_error
script -qec "'$build/prov' -C '$lab' logs -n 1 talk" /dev/null >"$out" 2>"$err" </dev/null
expect_no_text "$out" "$(printf '\033')"
expect_text "$out" 'red \\x1b\[31m'
expect 0 prov logs -n 1 talk web
expect_text "$out" '^talk@container \| red'
expect_text "$err" "'web@container' has no console log"
expect 0 prov logs --provision talk
expect_text "$out" provisioned

# The old file comes first.
console=$(dirname "$(jq -r '.machines[0].layers.upper' "$scratch/inspect.json" | sed 's/web@/talk@/')")/console.log
[ -f "$console" ] || fail "no '$console'"
printf 'older\n' >"$console.1"
expect 0 prov logs talk
expect_same "rotated" older "$(head -n 1 "$out")"
expect 0 prov logs -n 32 talk
expect_same "rotated, counted" "older" "$(head -n 1 "$out")"
rm "$console.1"

# -f sees what is added and ends with the machine, its last words included.
"$build/prov" -C "$lab" logs -f -n 0 talk >"$scratch/follow.out" 2>&1 &
follower=$!
children="$children $follower"
wait_for_line() { await "-f prints '$1'" grep -q "$1" "$scratch/follow.out"; } # PATTERN
await_watch $follower
expect 0 prov exec talk -- sh -c 'echo hello >/tell'
wait_for_line "got hello"
# Renamed away by its writer, and a new one in its place.
cp "$console" "$scratch/console.copy"
mv "$console" "$console.1"
echo "in the new file" >"$console"
wait_for_line "in the new file"
mv "$console.1" "$console"
# The machine ends with it, and may take along who says it.
prov exec talk -- sh -c 'echo bye >/tell' >"$out" 2>"$err" </dev/null
wait "$follower" || fail "-f exits with $?"
expect_text "$scratch/follow.out" "got bye"
expect_same "state" "talk@container halted" "$(states | grep talk)"
expect 0 prov inspect talk
expect_text "$out" 'PID 1 ended with 3'
expect_no_text "$out" '^  namespaces'
expect 0 prov logs -f -n 1 talk
expect_same "of a halted one" "got bye" "$(cat "$out")"

# It ends on Ctrl-C.
"$build/prov" -C "$lab" logs -f web >"$scratch/int.out" 2>&1 &
follower=$!
children="$children $follower"
await_watch $follower
kill -INT $follower
wait "$follower"
expect_same "code after Ctrl-C" 130 $?

# cp: both ways, files, folders and archives.
mkdir -p "$scratch/tree/sub" && printf 'one\n' >"$scratch/tree/a" && printf 'two\n' >"$scratch/tree/sub/b"
chmod 750 "$scratch/tree/sub" && chmod 4755 "$scratch/tree/a" && ln -s /etc/passwd "$scratch/tree/link" && mkfifo "$scratch/tree/fifo"
expect 0 prov cp "$scratch/tree" web:/srv/new
expect_text "$err" "note: 'fifo' is not copied"
expect 0 prov exec web -- sh -c 'cd /srv/new; find . | sort; stat -c "%a %u" a sub; readlink link'
expect_same "a folder inside" ". ./a ./link ./sub ./sub/b 4755 0 750 0 /etc/passwd" "$(tr '\n' ' ' <"$out" | sed 's/ $//')"
expect 0 prov cp "$scratch/tree/a" web:/srv/new/sub
expect 0 prov cp --owner tiny "$scratch/tree/a" web:/srv/mine
expect 0 prov exec web -- sh -c 'cat /srv/new/sub/a; stat -c %U /srv/mine'
expect_same "a file into a folder, an owner" "one tiny" "$(tr '\n' ' ' <"$out" | sed 's/ $//')"
expect 0 prov cp "$scratch/tree/." web:/srv/new/sub
expect 0 prov exec web -- cat /srv/new/sub/sub/b
expect 0 prov cp web:/srv/new "$scratch/back"
expect_same "a folder out" "one two 755" "$(cat "$scratch/back/a" "$scratch/back/sub/b" | tr '\n' ' ')$(stat -c %a "$scratch/back/a")"
mkdir "$scratch/into"
expect 0 prov cp web:/srv/new/a "$scratch/into"
expect 0 prov cp web:/srv/new/. "$scratch/into"
expect_same "into a folder" "a link sub" "$(ls "$scratch/into" | tr '\n' ' ' | sed 's/ $//')"
(cd "$scratch/into" && "$build/prov" -C "$lab" cp web:/srv/new - | tar -tf - | grep -qx new/sub/b) || fail "no archive out"
tar -C "$scratch" -cf - tree/a | "$build/prov" -C "$lab" cp - web:/srv || fail "no archive in"
expect 0 prov exec web -- cat /srv/tree/a
for bad in "$scratch/tree $scratch/back" "web:/a talk:/b" "web:a $scratch/x" "$scratch/tree" "web:/a"; do
	# shellcheck disable=SC2086
	expect 2 prov cp $bad
	expect_one_error
done
expect 2 prov cp "$scratch/tree" wbe:/srv
expect_text "$err" "did you mean 'web'"
expect 1 prov cp "$scratch/tree" talk:/srv
expect_text "$err" "hint: prov up talk@container"
expect 1 prov cp "$scratch/tree/link" web:/srv
expect_text "$err" "hint: -L copies"
expect 0 prov cp -L "$scratch/tree/link" web:/srv/passwd
for missing in "web:/nosuch $scratch/x" "$scratch/nosuch web:/srv" "$scratch/tree/a web:/nosuch/" "web:/srv/new/a $scratch/nosuch/"; do
	# shellcheck disable=SC2086
	expect 1 prov cp $missing
	expect_one_error
	expect_text "$err" "nosuch"
	[ ! -e "$scratch/x" ] && [ ! -e "$scratch/nosuch" ] || fail "$missing: half made"
done

# No longer in the file.
lab_file <<'Y'
prov: 1
machines: { web: { box: tiny, networks: none } }
Y
expect 0 prov inspect talk
expect_text "$out" 'in file +no'
expect 0 prov logs talk
expect_text "$out" "line 29"

expect 0 prov destroy -f
expect_clean "looking"
