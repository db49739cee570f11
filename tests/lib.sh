# For the scripts of tests/cli and tests/live, which source it first:
#
#   . "$(dirname "$0")/../lib.sh"
#
# Each gets a folder of its own that goes at the end together with every lab it left: $scratch, the
# lab's folder $lab (below it, empty), and PROV_HOME. `prov` is the one that was just built.
# shellcheck shell=sh
set -u
# What the caller's shell is like must not decide: its mask, its language and its terminal.
umask 022
unset LC_ALL LC_COLLATE LC_CTYPE LC_MESSAGES LANG LANGUAGE NO_COLOR COLUMNS LINES
TERM=xterm
export TERM
top=$(cd "$(dirname "$0")/.." && until [ -f Makefile ] || [ "$PWD" = / ]; do cd ..; done && pwd)
build=${B:-$top/build}
scratch=$(mktemp -d) || exit 1
chmod 711 "$scratch"
lab=$scratch/lab
out=$scratch/out
err=$scratch/err
mkdir "$lab"
PROV_HOME=$scratch/home
export PROV_HOME
unset PROV_PROVIDER
children=
: >"$scratch/ids"

# The ids of all labs that this script makes are noted in $scratch/ids.
prov() {
	"$build/prov" -C "$lab" "$@"
	prov_code=$?
	[ ! -d "$PROV_HOME/labs" ] || ls "$PROV_HOME/labs" >>"$scratch/ids"
	return $prov_code
}

# Labs of the homes in which a script worked; it adds its own.
homes=$PROV_HOME
# Functions of a script's own that take away what it made besides labs.
at_end=

finish() {
	code=$?
	trap '' INT TERM
	for undo in $at_end; do
		"$undo"
	done
	for p in $children; do
		# One that was waited for may have handed its number on.
		! grep -q "^PPid:	$$\$" "/proc/$p/status" 2>/dev/null || kill -KILL "$p" 2>/dev/null
	done
	for home in $homes; do
		for d in "$home"/labs/*; do
			[ -d "$d" ] || continue
			PROV_HOME=$home timeout 300 "$build/prov" destroy --volumes --lab "${d##*/}" -f >"$scratch/destroyed" 2>&1 || {
				cat "$scratch/destroyed"
				echo "could not destroy ${d##*/} of $home"
				[ $code -ne 0 ] || code=1
			}
		done
	done
	rm -rf --one-file-system "$scratch" || code=1
	exit $code
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# $context says where a script of many rounds is.
context=
fail() {
	echo "FAILED: $*${context:+ ($context)}"
	for f in "$out" "$err" "$scratch"/*.out; do
		[ ! -s "$f" ] || sed "s|^|  ${f##*/}: |" "$f" | tail -n 40
	done
	exit 1
}
# The whole script cannot run here.
skip() {
	echo "SKIP $*"
	exit 77
}

# Runs a command; its exit code must be CODE. Output is in $out and $err.
expect() { # CODE COMMAND…
	wanted=$1
	shift
	"$@" >"$out" 2>"$err" </dev/null
	got=$?
	[ "$got" -eq "$wanted" ] || fail "'$*' exits $got, not $wanted"
}
# An extended regular expression that must occur in a file, and one that must not.
expect_text() { # FILE PATTERN
	grep -Eq -e "$2" "$1" || fail "no '$2' in ${1##*/}"
}
expect_no_text() { # FILE PATTERN
	! grep -Eq -e "$2" "$1" || fail "'$2' in ${1##*/}"
}
expect_same() { # WHAT WANTED GOT
	[ "$2" = "$3" ] || fail "$1: wanted '$2', got '$3'"
}
# One clear error: a line of prov's, perhaps with its hint, and nothing on standard output. Where a
# command says what it does, the error is marked.
expect_one_error() {
	if grep -q "^prov: error: " "$err"; then mark="^prov: error: "; else mark="^prov: "; fi
	[ "$(grep -c "$mark" "$err")" -eq 1 ] || fail "not exactly one error"
	[ ! -s "$out" ] || fail "an error and output"
}

# Tries a command until it succeeds. The limit is for what never comes, not for a slow machine.
await() { # WHAT COMMAND…
	awaited=$1
	shift
	patience=$(($(date +%s) + 300))
	until "$@" >/dev/null 2>&1 </dev/null; do
		[ "$(date +%s)" -lt $patience ] || fail "$awaited: not within 300 s"
		sleep 0.1
	done
}
# A process waits for changes of files, so that none is missed from here on.
await_watch() { # PID
	await "process $1 watches no file" grep -q '^inotify wd:' "/proc/$1/fdinfo" -r
}

# The boot of a machine, and another one of it that only the machine knows about: for a virtual machine the same process of
# QEMU, and no command of prov's sets anything up again.
boot_id() { prov exec "$1" -- cat /proc/sys/kernel/random/boot_id 2>/dev/null </dev/null; }
reboot_inside() { # MACHINE
	booted=$(boot_id "$1")
	[ -n "$booted" ] || fail "$1 does not tell its boot id"
	prov exec "$1" -- sh -c 'reboot; sleep 60' >"$out" 2>&1 </dev/null
	tries=0
	until now=$(boot_id "$1") && [ -n "$now" ] && [ "$now" != "$booted" ]; do
		tries=$((tries + 1))
		[ $tries -lt 180 ] || fail "$1 does not come back"
		sleep 1
	done
}
# Waits inside, with the clock there: a command takes its time to get into a virtual machine.
await_inside() { # MACHINE SHELL-CONDITION
	"$build/prov" -C "$lab" exec "$1" -- sh -c "i=0; until $2; do i=\$((i + 1)); [ \$i -lt 600 ] || exit 1; sleep 0.1; done" ||
		fail "never seen in $1: $2"
}

# Every name is known at once; what it leads to has its time to answer: a virtual machine that has just been plugged in, or
# that a busy host does not run, answers nobody's ARP. -4: by IPv4.
# shellcheck disable=SC2016 # for the shell inside
reach_script='four=
[ "$1" != -4 ] || { four=-4 && shift; }
for n; do
	i=0
	until said=$(ping $four -c 1 -W 5 "$n" 2>&1); do
		case $said in *"bad address"* | *"not known"* | *resolution*) i=20 ;; esac
		i=$((i + 1))
		[ $i -lt 20 ] || { echo "$n: $said" && break; }
		sleep 1
	done
done'
expect_reach() { # FROM [-4] NAME…
	reach_from=$1
	shift
	expect 0 prov exec "$reach_from" -- sh -c "$reach_script" sh "$@"
	expect_same "not reached from $reach_from" "" "$(cat "$out")"
}
# What a web server answers; who asks for what nobody is to answer is refused at once.
fetch() { curl -g -sS -m 60 "http://$1/"; }

# Sets p to the first of so many ports in a row that nobody on this host uses: the suite may run beside others.
free_ports() { # COUNT
	p=$((20000 + $$ % 6000 * 2))
	while ss -Hlntu "( sport >= :$p and sport < :$((p + $1)) )" | grep -q . || are_published "$1"; do p=$((p + $1)); done
}
# One of them is led to a machine, of whichever home.
are_published() { # COUNT
	nft list tables 2>/dev/null | grep ' prov-' | while read -r kind family table; do
		nft list "$kind" "$family" "$table" 2>/dev/null
	done | sed -n 's/.* dport \([0-9]*\)-*\([0-9]*\) dnat to .*/\1 \2/p' |
		awk -v first="$p" -v behind=$((p + $1)) '$1 < behind && ($2 ? $2 : $1) >= first {found = 1} END {exit !found}'
}

# The lab's file, from standard input.
lab_file() { cat >"$lab/prov.yaml"; }

need_root() { [ "$(id -u)" -eq 0 ] || skip "root is needed"; }
need_tool() {
	for tool in "$@"; do
		command -v "$tool" >/dev/null || skip "$tool is not installed"
	done
}
need_libvirt() {
	timeout 120 virsh -q -c qemu:///system uri >/dev/null 2>&1 || skip "libvirt does not answer"
}
# Makes PROV_HOME one that is shared by all tests and keeps boxes between runs; builds what it lacks.
# QEMU's user must be able to reach it, which it cannot below somebody's private folder.
need_box() { # NAME…
	need_root
	PROV_HOME=${PROV_TEST_HOME:-$build/test-home}
	mkdir -p "$PROV_HOME" && chmod 711 "$PROV_HOME"
	setpriv --reuid 65534 --clear-groups test -x "$PROV_HOME" || PROV_HOME=/var/tmp/prov-tests
	homes=$PROV_HOME
	for box in "$@"; do
		prov box inspect "$box" >/dev/null 2>&1 && continue
		prov box build "$box" >"$out" 2>"$err" || fail "box $box cannot be built"
	done
}

# Selectors of the lab with one word of `status --json`: "web@kvm running".
states() {
	prov status --json | awk -F'"' '$2 == "name" {name = $4} $2 == "state" {print name, $4}' | grep @
}
# Of one machine, what `inspect --json` said that is kept in $scratch/inspect.json.
inspected() { jq -r ".machines[0].$1" "$scratch/inspect.json"; } # JQ-PATH
lab_id() { cat "$lab/.prov/lab-id" 2>/dev/null; }

# All that prov could leave on the host, sorted, so that before and after can be compared.
inventory() {
	{
		awk '{print "mount " $5}' /proc/self/mountinfo
		ls /sys/class/net | sed 's/^/link /'
		find /sys/fs/cgroup -type d \( -name 'prov*' -o -name '*qemu*' \) 2>/dev/null | sed 's/^/cgroup /'
		{ iptables-save; ip6tables-save; } 2>/dev/null | grep '^-A' | sed 's/^/rule /'
		for p in /proc/[0-9]*; do
			comm=$(cat "$p/comm" 2>/dev/null) || continue
			case $comm in
			prov* | qemu* | dnsmasq) [ "$(sed -n 's/^State:\t\(.\).*/\1/p' "$p/status" 2>/dev/null)" = Z ] || echo "process $comm" ;;
			esac
		done
		if [ -S /run/libvirt/libvirt-sock ]; then
			virsh -q -c qemu:///system list --all --name | sed '/^$/d; s/^/domain /'
			virsh -q -c qemu:///system net-list --all --name | sed '/^$/d; s/^/network /'
		fi
		nft list tables 2>/dev/null | grep ' prov-' | sed 's/$/-/'
		# Not the name of a lab that runs: what was left once is there for ever.
		ls -d /var/log/libvirt/qemu/prov-* /var/lib/libvirt/dnsmasq/prov-* /run/libvirt/network/prov-* 2>/dev/null |
			sed 's|/prov-|/prov:|'
		losetup -n -O NAME,BACK-FILE 2>/dev/null | sed 's/^/loop /'
		ls -A /run/prov 2>/dev/null | sed 's/^/run /'
		for home in $homes; do
			find "$home/labs" -mindepth 1 -maxdepth 1 2>/dev/null
			find /run/prov-ids -lname "$home/*" -printf 'user ids of %l\n' 2>/dev/null
			find "$home" -maxdepth 3 \( -name '*.tmp*' -o -name '.tmp*' -o -name '*.partial' \) 2>/dev/null
		done
	} | sort
}
# What an earlier test or a first look at something set in motion has come to rest first.
remember_host() {
	tries=0
	inventory >"$scratch/before"
	until inventory >"$scratch/after" && cmp -s "$scratch/before" "$scratch/after"; do
		tries=$((tries + 1))
		[ $tries -lt 50 ] && [ -z "$(foreign_labs)" ] || break
		mv "$scratch/after" "$scratch/before"
		sleep 0.2
	done
}
# Lines of the inventories that name a lab which this script did not make.
foreign_labs() {
	grep -ohE 'prov-[a-z0-9]{8}-' "$scratch/before" "$scratch/after" | sort -u | cut -d- -f2 >"$scratch/seen"
	grep -vxF -f "$scratch/ids" "$scratch/seen"
}
only_others_left() { [ -n "$(foreign_labs)" ] && ! grep -qF -f "$scratch/ids" "$scratch/after"; }
# Nothing is left of what was done since then. The kernel tears some things down in the background.
# Where others run labs at the same time, only what carries the ids of this script's own can be judged.
expect_clean() { # AFTER WHAT
	tries=0
	while inventory >"$scratch/after" && ! cmp -s "$scratch/before" "$scratch/after"; do
		tries=$((tries + 1))
		if [ $tries -ge 150 ] || { [ $tries -ge 5 ] && only_others_left; } ||
			{ [ $tries -ge 25 ] && [ -n "$(foreign_labs)" ]; }; then
			diff "$scratch/before" "$scratch/after" | grep '^[<>]' >"$out"
			[ -n "$(foreign_labs)" ] || fail "$1: the host differs from before"
			! grep -F -f "$scratch/ids" "$scratch/after" >"$out" || fail "$1: left behind"
			echo "SKIP $1: other labs run on this host, so its state before and after cannot be compared"
			return
		fi
		sleep 0.2
	done
}
