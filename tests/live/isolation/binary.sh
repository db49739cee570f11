#!/bin/sh
# CVE-2019-5736: who enters a container has the host's program for a moment. An entry point that is /proc/self/exe and
# somebody inside who writes into the program of everyone who comes: prov and its helpers stay what they were.
. "$(dirname "$0")/../../isolation.sh"
need_box tiny
remember_host

# A copy is attacked, so that a defect does not spoil what is being tested.
built=$build
build=$scratch/bin
mkdir "$build"
cp -p "$built"/prov "$built"/prov-* "$build"/
chmod 755 "$build"
hashes() { (cd "$1" && sha256sum prov prov-*); }
unchanged() {
	hashes "$build" >"$scratch/after.hash"
	cmp -s "$scratch/before.hash" "$scratch/after.hash" && return
	build=$built
	diff "$scratch/before.hash" "$scratch/after.hash" >"$out"
	fail "a program of the host has changed"
}
# Somebody inside keeps what he can open of all that enter for SECONDS, and writes when none of them runs any more.
watched() { # SECONDS
	prov exec web -- sh -c "rm -f /enough; /watch $1 overwrite >/watch.out 2>&1 &" || fail "the watcher does not start"
	await "the watcher starts" prov exec web -- grep -q ready /watch.out
	end=$(($(date +%s) + $1)) rounds=0
	while [ "$(date +%s)" -lt $end ] || [ $rounds -lt 10 ]; do
		prov exec web -- /entry >/dev/null 2>&1 </dev/null
		prov exec web -- /link x >/dev/null 2>&1 </dev/null
		prov exec web -- true >/dev/null 2>&1 </dev/null
		rounds=$((rounds + 1))
	done
	expect 0 prov exec web -- touch /enough
	# For two seconds in which nobody needs to come; whoever asks too soon only delays it.
	sleep 2
	has_ended() { prov exec web -- cat /watch.out >"$scratch/watch.out" 2>&1 </dev/null && grep -q '^end$' "$scratch/watch.out"; }
	await "the watcher ends" has_ended
	unchanged
	expect_text "$scratch/watch.out" '^seen [1-9]'
}
traps() {
	prov exec web -- sh -c 'printf "#!/proc/self/exe\n" >/entry && chmod 755 /entry && ln -sf /proc/self/exe /link &&
		printf "#!/proc/1/exe\n" >/bin/entry1 && chmod 755 /bin/entry1' || fail "no entry point"
}

hashes "$built" >"$scratch/before.hash"
machine tiny
arm web watch
traps
watched 4
! grep -E '^got (overwritten|program)' "$scratch/watch.out" || fail "a program of the host could be opened for writing"

# Straight at PID 1, whose program is the host's too; and the tricks of a root who owns the file system.
prov exec web -- sh -c 'for exe in /proc/1/exe /proc/self/exe; do
	(echo attack >$exe) && echo "wrote $exe"
	chmod 777 $exe && echo "chmod $exe"
	chown 1000 $exe && echo "chown $exe"
	touch -t 200001010000 $exe && echo "touch $exe"
	ln -f $exe /stolen && [ /stolen -ef /proc/1/exe ] && echo "linked $exe"
	mv $exe /moved && echo "moved $exe"; done; true' >"$out" 2>/dev/null </dev/null
# The attacker's own program is his.
expect_no_text "$out" '(wrote|chmod|chown|touch|linked|moved) /proc/1/exe'
expect 0 prov destroy -f

# As the machine's own command, with an init and without.
for init in auto none; do
	printf 'prov: 1\nlab: isolation\nmachines:\n  web:\n    box: tiny\n    networks: none\n    container: { init: %s, command: [/proc/self/exe, version] }\n' \
		"$init" | lab_file
	prov up >"$out" 2>"$err" </dev/null
	prov halt >"$out" 2>&1 </dev/null
	expect 0 prov destroy -f
done
# With privileged: true root inside is the host's and reads every process; there is nothing left to hold then.
unchanged
expect_clean destroy
