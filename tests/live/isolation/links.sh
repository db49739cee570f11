#!/bin/sh
# CVE-2019-16884, 2019-19921, 2023-27561, 2023-28642, 2025-31133, 2025-52565, 2026-88264: a box in which the places that are
# mounted on, or that masks and terminals come from, are links. Refused, or the link leads nowhere but into the box; what
# is masked and what is a terminal is so in truth.
. "$(dirname "$0")/../../isolation.sh"
need_box tiny
need_tool busybox
remember_host
# Boxes of its own, all from one small tree.
PROV_HOME=$scratch/home
homes="$homes $PROV_HOME"

canary=$scratch/canary
mkdir -p "$canary"/proc "$canary"/sys "$canary"/dev "$canary"/pts && echo untouched >"$canary/file"
chmod -R a+rwX "$canary"
state_of_host() {
	find "$canary" | sort
	cat "$canary/file"
	stat -c '%n %a %u %F %t:%T' /dev/null /dev/console /dev/ptmx /dev/pts /dev/zero /dev/shm
	# Loop devices and their kin come with whoever uses them first.
	find /dev -mindepth 1 -maxdepth 1 ! -name 'loop[0-9]*' ! -name 'dm-*' ! -name 'nbd*' | sort
}
state_of_host >"$scratch/before.state"

tree=$scratch/tree
mkdir -p "$tree/bin" "$tree/etc" "$tree/tmp" "$tree/root" "$tree/data"
cp "$(command -v busybox)" "$tree/bin/busybox"
for applet in sh ls cat stat readlink mount sleep grep id test mkdir ln rm dd tty echo; do
	ln -s busybox "$tree/bin/$applet"
done
cp "$attacks"/writable "$attacks"/fds "$tree/bin/"
echo 'root:x:0:0:root:/root:/bin/sh' >"$tree/etc/passwd"

# A box whose places are made by COMMANDS, run in the tree; its machine either is refused or is sound.
n=0
try() { # WHAT COMMANDS
	n=$((n + 1))
	rm -rf "$scratch/evil"
	cp -a "$tree" "$scratch/evil"
	(cd "$scratch/evil" && eval "$2") || fail "$1: the box cannot be made"
	tar -C "$scratch/evil" -cf "$scratch/evil.tar" .
	if ! prov box add "$scratch/evil.tar" --name "evil$n" >"$out" 2>"$err" </dev/null; then
		expect_one_error
		echo "$1: the box is refused" >>"$scratch/verdicts"
		return
	fi
	printf 'prov: 1\nlab: isolation\nmachines:\n  web: { box: evil%s, networks: none, memory: 64MiB, synced_folders: none }\n' $n | lab_file
	if prov up >"$out" 2>"$err" </dev/null; then
		sound "$1"
		echo "$1: comes up" >>"$scratch/verdicts"
	else
		[ "$(grep -c 'error' "$err")" -ge 1 ] || fail "$1: refused without an error"
		echo "$1: the machine is refused" >>"$scratch/verdicts"
		refused=$((refused + 1))
	fi
	expect 0 prov destroy -f
	expect 0 prov box remove "evil$n"
	state_of_host >"$scratch/after.state"
	cmp -s "$scratch/before.state" "$scratch/after.state" || {
		diff "$scratch/before.state" "$scratch/after.state" >"$out"
		fail "$1: the host has changed"
	}
}
refused=0
# What must be so in a machine that runs, by the kernel's own word: file system types, devices, nothing to write.
sound() {
	expect 0 prov exec web -- cat /proc/self/mountinfo
	cp "$out" "$scratch/mountinfo"
	expect_text "$scratch/mountinfo" ' / /proc [^-]* - proc '
	expect_text "$scratch/mountinfo" ' / /sys [^-]*ro[^-]* - sysfs '
	expect_text "$scratch/mountinfo" ' / /dev [^-]* - tmpfs '
	expect_text "$scratch/mountinfo" ' / /dev/pts [^-]* - devpts '
	expect_no_text "$scratch/mountinfo" "canary|$scratch"
	prov exec web -- sh -c 'stat -c "%t:%T %F" /dev/null; stat -f -c %T /proc/self/attr /proc/sys /proc 2>/dev/null
		cat /proc/keys /proc/timer_list /proc/kcore 2>/dev/null | dd bs=64 count=1 2>/dev/null; writable /proc /sys' >"$out" 2>"$err" </dev/null
	expect_text "$out" '^1:3 character special file'
	expect_text "$out" '^no write to'
	expect_no_text "$out" '^got write'
	prov exec web -- sh -c 'echo 1 >/proc/sys/kernel/panic; echo 1 >/proc/sysrq-trigger' >/dev/null 2>&1 </dev/null
	# A terminal is the container's own.
	if command -v script >/dev/null; then
		timeout 300 script -qec "$build/prov -C $lab exec -t web -- sh -c 'tty; stat -c %F:%t /dev/stdin /dev/fd/0 2>&1; ls -l /proc/self/fd/0'" /dev/null >"$out" 2>&1 </dev/null
		expect_no_text "$out" "canary|$scratch"
	fi
}

expect 0 prov box list
try "an honest box" ':'
[ $refused -eq 0 ] && grep -q 'an honest box: comes up' "$scratch/verdicts" || {
	cat "$scratch/verdicts"
	fail "even an honest box is refused"
}
for target in /data data ../../../../../../../.."$canary" "$canary" /proc/self/root / /etc; do
	for place in proc sys dev; do
		case $target in
		*canary*) to=$target/$place ;;
		*) to=$target ;;
		esac
		try "/$place is a link to $to" "ln -s '$to' $place"
	done
done
[ $refused -gt 0 ] || fail "no machine was refused"
# Deeper: what is made below /dev, where the box cannot reach, and where an engine might make folders in the box instead.
try "/dev/pts and /dev/shm are links" "mkdir dev; ln -s '$canary/pts' dev/pts; ln -s '$canary' dev/shm; ln -s '$canary' dev/mqueue"
try "/dev/null is a link" "mkdir dev; ln -s /proc/sysrq-trigger dev/null; ln -s '$canary/file' dev/console; ln -s /proc/sys/kernel/core_pattern dev/ptmx; ln -s / dev/fd"
try "/dev/null is a file" "mkdir -p dev; echo x >dev/null; echo x >dev/console; echo x >dev/tty; mkdir dev/zero"
try "/proc, /sys and /dev are files" 'echo x >proc; echo x >sys; echo x >dev'
try "loops" 'ln -s proc proc; ln -s dev sys; ln -s sys dev'
try "/proc leads through a link" 'mkdir -p real; ln -s real proc'
try "masks below links" 'mkdir -p proc sys; ln -s ../data proc/keys; ln -s /etc/passwd proc/timer_list; ln -s ../data sys/firmware'
try "/etc is a link to the host's" "mv etc etc2; ln -s '$canary' etc"
try "/run and /tmp are links" "rm -r tmp; ln -s '$canary' tmp; ln -s '$canary' run; ln -s '$canary' var"

expect_clean destroy
