#!/bin/sh
# On a host of cgroup v1 whose init is systemd, nothing of a container stays in the session or service from which
# prov was started: systemd ends what it finds there (KillUserProcesses=, KillMode=control-group).
. "$(dirname "$0")/../lib.sh"

need_box tiny
need_tool unshare
root=
for dir in /sys/fs/cgroup/systemd /sys/fs/cgroup/unified; do
	[ ! -f "$dir/cgroup.procs" ] || root="$root $dir"
done
[ -d /sys/fs/cgroup/systemd ] || skip "this host has no hierarchy name=systemd"
remember_host
# It looks for the folder that sd_booted(3) looks for.
prov() {
	unshare -m sh -c 'mount -t tmpfs -o mode=755 none /run && mkdir -p /run/systemd/system && exec "$@"' sh \
		"$build/prov" -C "$lab" "$@"
	prov_code=$?
	[ ! -d "$PROV_HOME/labs" ] || ls "$PROV_HOME/labs" >>"$scratch/ids"
	return $prov_code
}
lab_file <<'Y'
prov: 1
lab: session
defaults: { box: tiny, networks: none }
machines:
  idle: {}
  busy: { container: { command: [sh, -c, "while :; do sleep 1000; done"] } }
Y
in_session() { # COMMAND…
	sh -c 'for r in '"$root"'; do echo 0 >"$r/session-test/cgroup.procs" || exit 1; done; exec "$@"' sh "$@"
}
members() { for r in $root; do cat "$r/session-test/cgroup.procs"; done; }
for r in $root; do
	mkdir -p "$r/session-test" || skip "no group can be made in $r"
done
leave() {
	members | sort -u | xargs -r kill -KILL
	for r in $root; do
		await "an empty session" rmdir "$r/session-test"
	done
}
at_end=leave

# The group does hold what is started in it.
in_session sleep 1000 &
# The shell joins one group after the other, and then is that program.
sleeps_in_all() {
	for r in $root; do
		[ "$(cat "/proc/$(head -n 1 "$r/session-test/cgroup.procs")/comm")" = sleep ] || return 1
	done
}
await "a member of the session" sleeps_in_all
members | sort -u | xargs kill -KILL
wait $! 2>/dev/null
expect_same "an empty session" "" "$(members)"

in_session unshare -m sh -c 'mount -t tmpfs -o mode=755 none /run && mkdir -p /run/systemd/system && exec "$@"' sh \
	"$build/prov" -C "$lab" up >"$out" 2>"$err" </dev/null || fail "up fails"
ls "$PROV_HOME/labs" >>"$scratch/ids"
# Who ends with the command may need a moment for it.
is_empty() { [ -z "$(members)" ]; }
await "nothing stays in the session" is_empty
for m in idle busy; do
	expect 0 prov exec $m -- true
done
expect 0 prov destroy -f
expect_clean destroy
