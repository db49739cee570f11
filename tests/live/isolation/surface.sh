#!/bin/sh
# What of the host's kernel can be written, read, opened or pushed from inside: core pattern, sysrq, helpers, settings,
# logs and memory, disks, the caller's terminal, clock, name and modules. And CVE-2025-52881: settings are really settings.
. "$(dirname "$0")/../../isolation.sh"
need_box tiny
# On a host with systemd the first look at it loads the module and mounts it.
ls /proc/sys/fs/binfmt_misc >/dev/null 2>&1
remember_host

host_state() {
	ls /proc/sys/fs/binfmt_misc 2>/dev/null
	for f in kernel/core_pattern kernel/modprobe kernel/hotplug kernel/poweroff_cmd kernel/sysrq kernel/hostname \
		kernel/panic kernel/randomize_va_space kernel/core_uses_pid vm/swappiness vm/overcommit_memory fs/file-max \
		net/ipv4/ip_forward net/core/somaxconn kernel/keys/maxkeys fs/inotify/max_user_watches; do
		echo "$f $(cat /proc/sys/$f 2>/dev/null)"
	done
	cat /sys/kernel/uevent_helper /sys/kernel/mm/transparent_hugepage/enabled 2>/dev/null
	cut -d' ' -f1,2 /proc/modules 2>/dev/null
	stat -c '%n %a %u %g %F' /dev/null /dev/zero /dev/ptmx /etc/passwd /etc/hostname
}
machine tiny
arm web writable devices tiocsti
host_state >"$scratch/before.state"

# Files of the kernel that open for writing: none. The control counts them on the host, where root may.
expect_armed '^got write /proc/sys/kernel/core_pattern' writable /proc/sys/kernel
attack writable /proc /sys
expect_repelled "a file of the kernel opens for writing" 1
[ "$(sed -n 's/^no write to .* of \([0-9]*\) files/\1/p' "$out")" -gt 500 ] || fail "only few files were tried"
prov exec -u 1000 web -- /writable /proc /sys >"$out" 2>"$err" </dev/null
expect_repelled "a file of the kernel opens for writing to a user" 1

# The same by shell, and with other ways to the name.
prov exec web -- sh -c '
	for f in /proc/sys/kernel/core_pattern /proc/sys/kernel/modprobe /sys/kernel/uevent_helper /proc/sys/kernel/hostname \
		/proc/1/root/proc/sys/kernel/core_pattern /proc/self/root/proc/sys/vm/swappiness \
		/proc/thread-self/root/proc/sys/kernel/sysrq; do
		echo "|/attack" >$f && echo "wrote $f"
		chmod 666 $f && echo "chmod $f"
	done
	echo h >/proc/sysrq-trigger && echo wrote sysrq
	echo -1000 >/proc/self/oom_score_adj && echo wrote oom
	echo ":attack:M::A::/attack:" >/proc/sys/fs/binfmt_misc/register && echo wrote binfmt
	date -s "2001-01-01 00:00:00" >/dev/null
	insmod /attack.ko && echo insmod
	true' >"$out" 2>/dev/null </dev/null
expect_no_text "$out" '^(wrote|chmod|set|insmod)'
[ "$(date +%Y)" -gt 2001 ] || fail "the host's clock was set"

# What lies over the masked files is the host's own /dev/null: its mode is not for the container to change. The sticky
# bit hurts nobody while it is looked for.
prov exec web -- sh -c 'for f in /proc/keys /proc/timer_list /proc/kcore /dev/null /dev/zero /dev/full /dev/tty /dev/urandom; do
	chmod 1666 $f; chown 1000 $f; touch -t 200001010000 $f; done; true' >"$out" 2>&1 </dev/null
modes=$(stat -c '%a %u' /dev/null /dev/zero /dev/full /dev/tty /dev/urandom | sort -u)
[ "$modes" = "666 0" ] || {
	chmod 666 /dev/null /dev/zero /dev/full /dev/tty /dev/urandom
	chown 0 /dev/null /dev/zero /dev/full /dev/tty /dev/urandom
	fail "the container has changed the mode of the host's devices: $modes"
}

# Memory, logs and keys of the kernel.
attack writable read /proc/kcore /dev/mem /dev/kmem /dev/port /dev/kmsg /proc/kmsg /proc/keys /proc/timer_list /proc/sched_debug \
	/proc/latency_stats /proc/acpi/event /sys/firmware/dmi/tables/DMI /sys/kernel/debug/sched/debug /proc/vmallocinfo \
	/proc/slabinfo /proc/pagetypeinfo /dev/vda /dev/sda /dev/loop0 /dev/loop-control /dev/fuse /dev/net/tun /dev/kvm
expect_repelled "something of the kernel's can be read" 20
prov exec web -- dmesg >"$out" 2>/dev/null </dev/null
[ ! -s "$out" ] || fail "the kernel's log can be read"

# Nodes of all the host's devices: made nowhere, opened nowhere.
numbers=$(cat /sys/class/block/*/dev /sys/class/mem/*/dev /sys/class/misc/*/dev 2>/dev/null | sort -u |
	grep -vxE '1:(3|5|7|8|9)' | head -n 40 | tr '\n' ' ')
[ -n "$numbers" ] || fail "the host has no device to try"
# shellcheck disable=SC2086
attack devices $numbers
expect_no_text "$out" '^got (block|node)'
expect_no_text "$out" '^got char'
[ "$(grep -c '^no block' "$out")" -gt 5 ] || fail "no block device was tried"
for d in null zero full random urandom tty; do
	expect_text "$out" "^usual /dev/$d\$"
done

# Put there from outside, as a box or a volume could: it cannot be opened either.
upper=$(find "$PROV_HOME/labs/$(lab_id)" -type d -name upper | head -n 1)
[ -d "$upper" ] || fail "there is no upper layer in $PROV_HOME/labs/$(lab_id)"
first=${numbers%% *}
mknod "$upper/planted-disk" b "${first%:*}" "${first#*:}" && mknod "$upper/planted-null" c 1 3 && mknod "$upper/planted-kmsg" c 1 11
chmod 666 "$upper"/planted-*
attack devices
expect_repelled "a device that was planted in the layer" 2

# The caller's terminal: text that is pushed into it would be the caller's next command.
if command -v script >/dev/null; then
	mkfifo "$scratch/quiet" # somebody who types nothing, and is there
	for how in "-t" "-T -i" "-i" ""; do
		cat >"$scratch/outer.sh" <<S
$build/prov -C $lab exec $how web -- /tiocsti 'touch $scratch/typed
'
read -r -t 1 line && echo "READ \$line" >>$scratch/typed
exit 0
S
		timeout 300 script -qec "bash $scratch/outer.sh" /dev/null >"$out" 2>&1 <>"$scratch/quiet"
		grep -qE '^(got|no) ' "$out" || fail "tiocsti did not run with '$how'"
		[ ! -e "$scratch/typed" ] || fail "exec $how: text was pushed into the caller's terminal"
	done
	# Positive control: without a container it arrives, where the kernel still has it.
	if [ "$(cat /proc/sys/dev/tty/legacy_tiocsti 2>/dev/null)" = 1 ]; then
		printf '%s\n' "$attacks/tiocsti 'pushed
' own" 'read -r -t 60 line; echo "READ=$line"' >"$scratch/outer.sh"
		timeout 300 script -qec "bash $scratch/outer.sh" /dev/null >"$out" 2>&1 <>"$scratch/quiet"
		expect_text "$out" 'READ=pushed'
	fi
else
	echo "SKIP script(1) is not installed, so there is no terminal to push text into"
fi

expect 0 prov destroy -f
host_state >"$scratch/after.state"
cmp -s "$scratch/before.state" "$scratch/after.state" || {
	diff "$scratch/before.state" "$scratch/after.state" >"$out"
	fail "the host has changed"
}
expect_clean destroy
