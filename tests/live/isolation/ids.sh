#!/bin/sh
# CVE-2022-27650, CVE-2022-2995, CVE-2026-30892: no inheritable capabilities, no group of the caller's, no limit or signal
# either; and a user that is asked for is that user or none, whatever the box says.
. "$(dirname "$0")/../../isolation.sh"
need_box tiny
need_tool setpriv
remember_host

status_of() { # FILE: what a process holds, one line each
	grep -E '^(Uid|Gid|Groups|CapInh|CapPrm|CapEff|CapBnd|CapAmb|SigIgn|SigBlk|NoNewPrivs):' "$1" | tr -s '\t ' ' ' | sed 's/ $//'
}

# The caller has groups, inheritable and ambient capabilities, and ignores signals.
burdened() {
	(
		trap '' USR1 PIPE ALRM
		exec setpriv --groups 4,20,24,27,4242 --inh-caps +net_raw,+chown,+dac_override --ambient-caps +net_raw,+chown "$@"
	)
}
burdened cat /proc/self/status >"$scratch/control"
status_of "$scratch/control" >"$out"
expect_text "$out" '^Groups: 4 20 24 27 4242'
expect_no_text "$out" '^CapInh: 0000000000000000'

printf 'prov: 1\nlab: isolation\nmachines:\n  web: { box: tiny, networks: none, memory: 64MiB, container: { command: [sleep, "1000"] } }\n' | lab_file
expect 0 burdened "$build/prov" -C "$lab" up
ls "$PROV_HOME/labs" >>"$scratch/ids"
for who in "/proc/1/status -" "/proc/self/status -" "/proc/self/status 1000" "/proc/self/status tiny"; do
	user=${who#* }
	[ "$user" != - ] && user="-u $user" || user=
	# shellcheck disable=SC2086
	expect 0 burdened "$build/prov" -C "$lab" exec $user web -- cat "${who% *}"
	status_of "$out" >"$scratch/status.out"
	expect_text "$scratch/status.out" '^Groups:$'
	expect_text "$scratch/status.out" '^CapInh: 0000000000000000$'
	expect_text "$scratch/status.out" '^CapAmb: 0000000000000000$'
	expect_text "$scratch/status.out" '^SigIgn: 0000000000000000$'
	case $who in
	*self*) expect_text "$scratch/status.out" '^SigBlk: 0000000000000000$' ;;
	esac
	# A bit of CapEff beyond what a container has (tests/live/isolation/scanner.sh compares with Podman's).
	eff=$(sed -n 's/^CapEff: //p' "$scratch/status.out")
	[ $((0x$eff & ~0x800405fb & ~0x20042000)) -eq 0 ] || fail "capabilities $eff"
	[ -z "$user" ] || expect_same "capabilities of a user" 0000000000000000 "$eff"
done
# The child of prov-init too.
expect 0 prov exec web -- sh -c 'for p in /proc/[0-9]*; do grep -E "^(CapInh|CapAmb|Groups):" $p/status; done'
expect_no_text "$out" '^Cap[A-Za-z]*:.*[1-9a-f]'
expect_no_text "$out" '^Groups:.*[0-9]'
expect 0 prov exec web -- id -G
expect_same "groups of root" 0 "$(cat "$out")"

# Names and numbers that a careless reader takes for root's, for "leave it as it is", or for two.
for user in '' ' ' ' 0' '0 ' +0 -0 -1 00x 0x0 0x3e8 1e3 1000abc 4294967295 4294967296 18446744073709551616 65536:0 root: :0 :root 0: \
	root:root:root 1000:nosuch 'root
x' "$(printf 'root\r')" 'r*' '../root' '٠' '$(id)' nosuch; do
	prov exec -u "$user" web -- id -u >"$out" 2>"$err" </dev/null
	code=$?
	[ $code -ne 0 ] || fail "exec as '$user' is accepted and gives $(cat "$out")"
	[ ! -s "$out" ] || fail "exec as '$user' runs"
done
# The same where the box's own files are the trick: no field of theirs may turn into 0.
expect 0 prov exec web -- sh -c 'cp /etc/passwd /passwd.good; cat >>/etc/passwd <<P
empty:x::::/:/bin/sh
hex:x:0x0:0x0::/:/bin/sh
wrap:x:4294967296:4294967296::/:/bin/sh
minus:x:-1:-1::/:/bin/sh
text:x:root:root::/:/bin/sh
space:x: 0: 0::/:/bin/sh
plus:x:+0:+0::/:/bin/sh
tail:x:0abc:0abc::/:/bin/sh
short:x:0
P
printf "nul\000:x:0:0::/:/bin/sh\nnoend:x:0:0::/:/bin/sh:more\n" >>/etc/passwd'
for user in empty hex wrap minus text space plus tail short nul noend; do
	prov exec -u $user web -- id -u >"$out" 2>"$err" </dev/null
	[ $? -ne 0 ] && [ ! -s "$out" ] || fail "exec as '$user' of a crooked passwd gives $(cat "$out")"
done
# What cannot be read as a file must not hang or be taken for an empty one with root in it.
for trick in 'ln -s /dev/zero' 'ln -s /proc/self/fd/0' 'mkfifo' 'ln -s /proc/1/root/proc/self/mem' 'mkdir'; do
	prov exec web -- sh -c "rm -rf /etc/passwd; $trick /etc/passwd" >"$out" 2>&1 </dev/null
	timeout 300 "$build/prov" -C "$lab" exec -u tiny web -- id -u >"$out" 2>"$err" </dev/null
	code=$?
	[ $code -ne 124 ] || fail "exec hangs with passwd as '$trick'"
	[ ! -s "$out" ] || fail "exec as tiny with passwd as '$trick' gives $(cat "$out")"
	# Root is needed to mend it; prov exec may refuse, the layer cannot.
	upper=$(find "$PROV_HOME/labs/$(lab_id)" -type d -name upper | head -n 1)
	rm -rf "$upper/etc/passwd"
	prov halt >"$out" 2>&1 </dev/null
	expect 0 prov up
done
# A link in the box leads to the box's files, not to the host's.
if [ -n "$(getent passwd nobody)" ] && host_only=$(cut -d: -f1 /etc/passwd | grep -vxE 'root|nobody|tiny' | head -n 1) && [ -n "$host_only" ]; then
	prov exec web -- sh -c 'ln -sf ../../../../../../../../etc/passwd /etc/passwd.link; rm -f /etc/passwd; ln -s ../../../../../../../proc/1/root/../../../etc/passwd /etc/passwd' >"$out" 2>&1 </dev/null
	prov exec -u "$host_only" web -- id -u >"$out" 2>"$err" </dev/null && fail "exec reads the host's users"
fi
expect 0 prov destroy -f
expect_clean destroy
