#!/bin/sh
# Bundles made by hand, run with prov-oci alone: what runtime-spec asks of an OCI runtime.
. "$(dirname "$0")/../lib.sh"

need_root
need_tool busybox unshare
busybox=$(command -v busybox)
! ldd "$busybox" >/dev/null 2>&1 || skip "a static busybox is needed"
[ -x "$build/prov-oci" ] || skip "prov-oci is not built"

bundle=$scratch/bundle
rootfs=$bundle/rootfs
state_root=$scratch/state
oci() { "$build/prov-oci" --root "$state_root" "$@"; }

clean() {
	for c in $(oci list -q 2>/dev/null); do oci delete --force "$c"; done
}
at_end=clean

mkdir -p "$rootfs/bin" "$rootfs/tmp" "$rootfs/etc"
cp "$busybox" "$rootfs/bin/busybox"
for applet in $("$busybox" --list); do
	[ "$applet" = busybox ] || ln -sf busybox "$rootfs/bin/$applet"
done

# A config.json from these parts, each of which begins with a comma where it adds something.
new() {
	args='["true"]' process='' mounts='' linux='' top='' root='' user='{"uid": 0, "gid": 0}'
	namespaces='{"type": "pid"}, {"type": "network"}, {"type": "ipc"}, {"type": "uts"}, {"type": "mount"}'
	caps='["CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_KILL", "CAP_SETUID", "CAP_SETGID", "CAP_MKNOD", "CAP_NET_RAW"]'
	hostname='"hostname": "web",'
	n=$((n + 1))
	id=c$$-$n
}
n=0
write() {
	cat >"$bundle/config.json" <<-E
		{"ociVersion": "1.0.2", $hostname "root": {"path": "rootfs" $root},
		 "process": {"user": $user, "args": $args, "cwd": "/", "env": ["PATH=/bin", "A=b"],
		  "capabilities": {"bounding": $caps, "effective": $caps, "permitted": $caps} $process},
		 "mounts": [{"destination": "/proc", "type": "proc", "source": "proc"},
		  {"destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "mode=755", "size=64k"]},
		  {"destination": "/dev/pts", "type": "devpts", "source": "devpts", "options": ["newinstance", "ptmxmode=0666"]},
		  {"destination": "/sys", "type": "sysfs", "source": "sysfs", "options": ["ro"]} $mounts],
		 "linux": {"namespaces": [$namespaces] $linux} $top}
	E
}
script() { args="[\"sh\", \"-c\", \"$1\"]"; }
create() { oci create --bundle "$bundle" "$@" "$id" >"$out" 2>"$err" </dev/null; }
status() { oci state "$id" 2>/dev/null | sed -n 's/.*"status": "\(.*\)".*/\1/p'; }
pid() { oci state "$id" | sed -n 's/.*"pid": \([0-9]*\).*/\1/p'; }
wait_for() { # STATUS
	await "$id is $1" has_status "$1"
}
has_status() { [ "$(status)" = "$1" ]; }
# Creates, starts and waits; what the program wrote is in $out.
run() {
	write
	create || fail "$context: create"
	oci start "$id" 2>>"$err" || fail "$context: start"
	wait_for stopped
	oci delete "$id" || fail "$context: delete"
}
# create must fail with this message, and leave nothing.
refused() { # MESSAGE
	write
	! create || fail "$context: create did not fail"
	expect_text "$err" "$1"
	[ -z "$(status)" ] || fail "$context: something is left"
}
lines() { expect_same "$context" "$1" "$(tr '\n' '|' <"$out")"; }

context="life of a container"
new
args='["sleep", "1000"]'
write
expect 1 oci create --bundle "$bundle"
expect 1 oci state "$id"
expect_text "$err" "does not exist"
create --pid-file "$scratch/pid" || fail "create"
expect_same "status" created "$(status)"
expect_same "pid file" "$(pid)" "$(cat "$scratch/pid")"
expect_same "name of the waiting process" prov-start "$(cat "/proc/$(pid)/comm")"
expect 1 oci create --bundle "$bundle" "$id"
expect_text "$err" "already exists"
expect 1 oci delete "$id"
expect_text "$err" "is created, not stopped"
expect 0 oci start "$id"
expect_same "status" running "$(status)"
expect 1 oci start "$id"
expect_text "$err" "is running, not created"
expect 1 oci delete "$id"
expect 0 oci pause "$id"
expect_same "status" paused "$(status)"
expect 1 oci exec "$id" true
expect 0 oci resume "$id"
expect 5 oci exec "$id" sh -c 'exit 5'
expect 0 oci exec --user 7:8 --cwd /tmp --env X=y "$id" sh -c 'id -u; id -g; pwd; echo $A$X; ls /proc/self/fd | wc -l'
lines '7|8|/tmp|by|4|'
echo '{"args": ["sh", "-c", "echo $B; exit 4"], "cwd": "/", "env": ["PATH=/bin", "B=c"]}' >"$scratch/process.json"
expect 4 oci exec --process "$scratch/process.json" "$id"
lines 'c|'
expect 1 oci exec "$id" nosuchprogram
expect_text "$err" "executable file 'nosuchprogram' not found in .PATH"
expect 1 oci exec --user root "$id" true
expect_text "$err" "'root' is not UID or UID:GID, in numbers"
expect 1 oci exec --cwd "/proc/self/fd/3" "$id" true
expect 0 oci ps --format json "$id"
expect_text "$out" "$(pid)"
expect 0 oci update --pids-limit 33 "$id"
expect 0 oci events --stats "$id"
expect_text "$out" '"limit":33'
# All resources, as containerd hands them over: devices stay what they were.
echo '{"devices": [{"allow": false, "access": "rwm"}], "pids": {"limit": 34}}' >"$scratch/resources.json"
expect 0 oci update --resources "$scratch/resources.json" "$id"
expect 0 oci exec "$id" sh -c 'echo >/dev/null && head -c 1 /dev/zero'
expect 0 oci kill "$id" KILL
wait_for stopped
expect 1 oci kill "$id" KILL
expect_text "$err" "is not running"
expect 1 oci start "$id"
expect 0 oci delete "$id"
expect 1 oci delete "$id"
expect 0 oci delete --force "$id"
expect 1 oci --systemd-cgroup list
expect_text "$err" "systemd"

context="signals"
for sig in TERM SIGUSR1 2; do
	new
	script 'trap \"echo got; exit 0\" TERM USR1 INT; echo up; while :; do sleep 0.05; done'
	write
	create || fail "create"
	oci start "$id"
	await "it has its trap" grep -q up "$out"
	expect_same "kill $sig" 0 "$(oci kill "$id" $sig; echo $?)"
	wait_for stopped
	expect_text "$out" got
	oci delete "$id"
done

context="configuration is read at create"
new
script 'echo first'
write
create
script 'echo second'
write
oci start "$id"
wait_for stopped
lines 'first|'
oci delete "$id"

context="inside"
new
user='{"uid": 10, "gid": 20, "additionalGids": [5, 6], "umask": 23}'
process=', "oomScoreAdj": 300, "noNewPrivileges": true, "rlimits": [{"type": "RLIMIT_NOFILE", "soft": 100, "hard": 200},
 {"type": "RLIMIT_CORE", "soft": 0, "hard": 18446744073709551615}]'
linux=', "sysctl": {"net.ipv4.ip_forward": "1", "kernel.msgmax": "4096"}'
script 'hostname; id -u; id -g; id -G; umask; cat /proc/self/oom_score_adj; ulimit -n; ulimit -Hn; ulimit -Hc; cat /proc/sys/net/ipv4/ip_forward /proc/sys/kernel/msgmax; echo $A$HOME; grep -c NoNewPrivs:.1 /proc/self/status'
run
lines 'web|10|20|20 5 6|0027|300|100|200|unlimited|1|4096|b/|1|'

# Without a writer, reading it would last for ever: at create as well as at exec.
context="a pipe as /etc/passwd"
new
mkfifo "$rootfs/etc/passwd"
args='["sleep", "1000"]'
write
expect 0 timeout 300 "$build/prov-oci" --root "$state_root" create --bundle "$bundle" "$id" </dev/null
expect 0 oci start "$id"
expect 0 timeout 300 "$build/prov-oci" --root "$state_root" exec "$id" sh -c 'echo $HOME'
lines '/|'
expect 0 oci delete --force "$id"
rm "$rootfs/etc/passwd"
echo "user:x:7:8::/home/user:/bin/sh" >"$rootfs/etc/passwd"
new
user='{"uid": 7, "gid": 8}'
script 'echo $HOME'
run
lines '/home/user|'
rm "$rootfs/etc/passwd"

context="capabilities"
new
caps='["CAP_CHOWN", "CAP_KILL"]'
script 'grep ^Cap /proc/self/status | cut -f2 | sed s/^0*//'
run
lines '|21|21|21||'
new
caps='["CAP_KILL", "CAP_TEST"]'
script 'grep ^Cap /proc/self/status | cut -f2 | sed s/^0*//'
run
lines '|20|20|20||'
# What prov-oci lacks itself.
new
caps='["CAP_CHOWN", "CAP_SYS_TIME"]'
write
expect 1 capsh --drop=cap_sys_time -- -c "exec $build/prov-oci --root $state_root create --bundle $bundle $id"
expect_text "$err" 'process.capabilities: CAP_SYS_TIME cannot be granted here'
[ -z "$(status)" ] || fail "$context: something is left"

context="system call filter"
new
linux=', "seccomp": {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["chmod", "fchmodat", "fchmodat2"], "action": "SCMP_ACT_ERRNO", "errnoRet": 38}]}'
script 'chmod 700 /tmp 2>&1; grep -c Seccomp:.2 /proc/self/status'
run
lines 'chmod: /tmp: Function not implemented|1|'

# A listener that says what it is told, and answers each mkdir with errno 18 (EXDEV).
context="seccomp notifications"
cat >"$scratch/listener.py" <<'E'
import fcntl, json, socket, struct, sys
server = socket.socket(socket.AF_UNIX)
server.bind(sys.argv[1])
server.listen(8)
open(sys.argv[2], "w").close()
while True:
    client = server.accept()[0]
    text, control, _, _ = client.recvmsg(65536, 64)
    fd = struct.unpack("i", control[0][2])[0]
    said = json.loads(text)
    notice = bytearray(80)
    fcntl.ioctl(fd, 0xC0502100, notice)
    number, pid = struct.unpack_from("QI", notice)
    parent = int(open(f"/proc/{pid}/status").read().split("PPid:")[1].split()[0])
    same = "same pid" if said["pid"] in (pid, parent) else f"pid {pid}, not {said['pid']}"
    state = said["state"]
    with open(sys.argv[3], "a") as told:
        told.write(f"{said['fds']} {said['metadata']} {state['id']} {state['status']} {same}\n")
    fcntl.ioctl(fd, 0xC0182101, struct.pack("QqiI", number, 0, -18, 0))
    if client.recv(1):
        raise SystemExit("more than one state")
E
notify() { # FLAGS
	linux=', "seccomp": {"defaultAction": "SCMP_ACT_ALLOW", "listenerPath": "'$scratch/listener'", "listenerMetadata": "about it", '$1'
 "syscalls": [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_NOTIFY"}]}'
}
if command -v python3 >/dev/null; then
	python3 "$scratch/listener.py" "$scratch/listener" "$scratch/listens" "$scratch/told" 2>"$scratch/listener.err" &
	listener=$!
	await "the listener listens" test -e "$scratch/listens"
	for flags in '' '"flags": ["SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"],'; do
		new
		notify "$flags"
		script 'mkdir /tmp/x 2>&1; echo done'
		run
		lines "mkdir: can't create directory '/tmp/x': Invalid cross-device link|done|"
		told="['seccompFd'] about it $id created same pid|"
		script 'mkdir /tmp/x; exec sleep 1000'
		write
		create || fail "$context: create"
		expect 0 oci start "$id"
		expect 1 oci exec "$id" mkdir /tmp/y
		expect_text "$err" "'/tmp/y': Invalid cross-device link"
		expect 0 oci delete --force "$id"
		expect_same "$context" "$told$told$told" "$(tr '\n' '|' <"$scratch/told")"
		rm "$scratch/told"
	done
	kill $listener
	wait $listener || :
	[ ! -s "$scratch/listener.err" ] || fail "listener: $(cat "$scratch/listener.err")"
	rm "$scratch/listener"
else
	echo "SKIP seccomp notifications: no python3 to listen"
fi
new
notify ''
refused "open the seccomp listener '$scratch/listener': No such file"
new
linux=', "seccomp": {"defaultAction": "SCMP_ACT_NOTIFY"}'
refused "linux.seccomp.listenerPath: is missing, and SCMP_ACT_NOTIFY needs a listener"
new
linux=', "seccomp": {"defaultAction": "SCMP_ACT_NOTIFY", "listenerPath": "/x"}'
refused "linux.seccomp: sendmsg must be allowed"
new
linux=', "seccomp": {"defaultAction": "SCMP_ACT_ALLOW", "listenerMetadata": "x"}'
refused "linux.seccomp.listenerMetadata: is set, but listenerPath is not"
# Nothing notifies: nobody needs to listen.
new
linux=', "seccomp": {"defaultAction": "SCMP_ACT_ALLOW", "listenerPath": "/nosuchsocket"}'
script 'echo fine'
run
lines 'fine|'

context="root"
new
root=', "readonly": true'
script 'touch /x 2>&1'
run
lines 'touch: /x: Read-only file system|'
for propagation in shared slave private unbindable; do
	context="root $propagation"
	new
	caps='["CAP_SYS_ADMIN", "CAP_DAC_OVERRIDE"]'
	linux=", \"rootfsPropagation\": \"$propagation\""
	script 'mkdir -p /a /b /c; touch /c/file; mount --rbind / /a 2>/dev/null || echo unbindable; mount --bind /c /b; [ ! -e /a/b/file ] || echo seen'
	case $propagation in
	shared) wanted='seen|' ;;
	unbindable) wanted='unbindable|' ;;
	*) wanted='' ;;
	esac
	run
	lines "$wanted"
done

context="masked and read-only paths"
new
mkdir -p "$rootfs/hidden/below" "$rootfs/fixed"
echo secret | tee "$rootfs/hidden/below/file" "$rootfs/file" "$rootfs/fixed/file" >/dev/null
mkfifo "$rootfs/fifo"
linux=', "maskedPaths": ["/hidden", "/file", "/fifo", "/hidden/below", "/nosuch"], "readonlyPaths": ["/fixed", "/nosuch"]'
script 'ls -A /hidden; cat /file /fifo; touch /fixed/new || echo fixed; cat /fixed/file'
run
lines 'fixed|secret|'
new
linux=', "maskedPaths": ["relative"]'
refused "linux.maskedPaths\[0\]: 'relative' is no absolute path"

context="devices"
new
linux=', "devices": [{"path": "/dev/test", "type": "c", "major": 10, "minor": 666, "fileMode": 432, "uid": 3, "gid": 4}, {"path": "/dev/pipe", "type": "p"}]'
script 'stat -c \"%a %t %T %u %g\" /dev/test; [ -p /dev/pipe ] && echo pipe; for d in null zero full random urandom tty ptmx; do [ -c /dev/$d ] || echo no $d; done; readlink /dev/fd; mknod /disk b 7 0; cat /disk 2>&1 | head -c 30'
run
lines "660 a 29a 3 4|pipe|/proc/self/fd|cat: can't open '/disk': Opera"
rm -f "$rootfs/disk"

context="mounts"
new
mkdir -p "$bundle/source/dir"
echo content >"$bundle/source/file"
mounts=', {"destination": "/t", "type": "tmpfs", "source": "mine", "options": ["size=64k", "mode=700", "noexec", "ro"]},
 {"destination": "/b", "type": "bind", "source": "source", "options": ["bind", "ro", "nodev"]},
 {"destination": "/new/deep/file", "source": "source/file", "options": ["rbind"]},
 {"destination": "/etc", "type": "tmpfs", "source": "tmpfs", "options": ["tmpcopyup"]}'
echo copied >"$rootfs/etc/file"
script "grep -oE ' /(t|b) r[ow][^ ]*' /proc/self/mountinfo | sort; cat /b/file /new/deep/file /etc/file; touch /b/x || echo ro; stat -c %a /t"
run
lines ' /b ro,nodev,relatime| /t ro,noexec,relatime|content|content|copied|ro|700|'
new
mounts=', {"destination": "/x", "type": "bind", "source": "/nosuchfolder", "options": ["bind"]}'
refused "'/nosuchfolder': No such file"

# The table of mounts has them in the order of config.json, binds between new file systems as well.
context="order of the mounts"
mkdir -p "$scratch/folder"
echo text >"$scratch/file"
for extra in '' ', "uidMappings": [{"containerID": 0, "hostID": 200000, "size": 65536}], "gidMappings": [{"containerID": 0, "hostID": 200000, "size": 65536}]'; do
	new
	[ -z "$extra" ] || namespaces="$namespaces, {\"type\": \"user\"}"
	chmod 755 "$scratch" "$bundle"
	linux=$extra
	mounts=
	for m in a:folder:bind,unbindable b:: c:file:bind,ro d:: e:folder:rbind,rshared f::; do
		to=${m%%:*} m=${m#*:}
		mounts="$mounts, {\"destination\": \"/tmp/$to\""
		case $m in
		:) mounts="$mounts, \"type\": \"tmpfs\"}" ;;
		*) mounts="$mounts, \"source\": \"$scratch/${m%%:*}\", \"options\": [\"$(echo "${m#*:}" | sed 's/,/", "/g')\"]}" ;;
		esac
	done
	[ -z "$extra" ] || (cd "$rootfs/tmp" && mkdir a b d e f && touch c)
	script "cut -d ' ' -f 5 /proc/self/mountinfo | grep ^/tmp/ | tr '\\\\n' ' '; echo; cat /tmp/c; grep -c '/tmp/a .*unbindable' /proc/self/mountinfo; grep -c '/tmp/e .*shared:' /proc/self/mountinfo; touch /tmp/c 2>&1"
	run
	lines '/tmp/a /tmp/b /tmp/c /tmp/d /tmp/e /tmp/f |text|1|1|touch: /tmp/c: Read-only file system|'
	rm -rf "$rootfs/tmp"/*
done

context="namespaces"
new
namespaces=
hostname=
args='["sleep", "1000"]'
write
before=$(grep -c "$scratch" /proc/self/mountinfo)
create || fail "create without namespaces"
for ns in cgroup ipc mnt net pid user uts; do
	expect_same "inherited $ns" "$(readlink /proc/self/ns/$ns)" "$(readlink "/proc/$(pid)/ns/$ns")"
done
oci start "$id"
expect 0 oci exec "$id" ls /
expect_no_text "$out" usr
oci delete --force "$id"
expect_same "mounts" "$before" "$(grep -c "$scratch" /proc/self/mountinfo)"
new
chown -R 100000:100000 "$rootfs"
namespaces="$namespaces, {\"type\": \"user\"}, {\"type\": \"cgroup\"}"
linux=', "uidMappings": [{"containerID": 0, "hostID": 100000, "size": 1000}], "gidMappings": [{"containerID": 0, "hostID": 100000, "size": 1000}]'
script 'id -u; tr -s \" \" </proc/self/uid_map; touch /mine; stat -c %u /mine; echo >/dev/null && echo dev; cut -d: -f3 /proc/self/cgroup | sort -u'
run
lines '0| 0 100000 1000|0|dev|/|'
expect_same "owner outside" 100000 "$(stat -c %u "$rootfs/mine")"
# Another one in its user namespace, with the maps of that alone or with what podman has to write beside the path.
args='["sleep", "60"]'
new_holder=$id
write
create || fail "a user namespace to join"
oci start "$id"
users=/proc/$(pid)/ns/user
for maps in '' ', "uidMappings": [{"containerID": 0, "hostID": 0, "size": 1}], "gidMappings": [{"containerID": 0, "hostID": 0, "size": 1}]'; do
	new
	namespaces="$namespaces, {\"type\": \"user\", \"path\": \"$users\"}"
	linux=$maps', "devices": [{"path": "/dev/pipe", "type": "p"}]'
	script 'id -u; tr -s \" \" </proc/self/uid_map; stat -c %u /mine; echo >/dev/null && echo dev; [ -p /dev/pipe ] && echo pipe'
	run
	lines '0| 0 100000 1000|0|dev|pipe|'
done
oci delete --force "$new_holder"
chown -R 0:0 "$rootfs"
# A namespace of processes is one to join once its first process is there.
is_apart() { # LINK KIND
	its=$(readlink "$1") && [ -n "$its" ] && [ "$its" != "$(readlink "/proc/self/ns/$2")" ]
}
for ns in ipc net uts pid mnt; do
	case $ns in
	net) type=network ;;
	mnt) type=mount ;;
	*) type=$ns ;;
	esac
	new
	unshare "--${type%work}" --fork sleep 1000 2>/dev/null &
	holder=$!
	children="$children $holder"
	link=/proc/$holder/ns/$ns
	[ $ns != pid ] || link=${link}_for_children
	await "a namespace to join" is_apart "$link" $ns
	namespaces=$(echo "$namespaces" | sed "s,{\"type\": \"$type\"},{\"type\": \"$type\"\, \"path\": \"$link\"},")
	args='["sleep", "1000"]'
	# An interface with a dot in its name, which the setting's name has to carry.
	if [ $ns = net ] && nsenter --net="$link" ip link add a.b type veth peer name c.d 2>/dev/null; then
		linux=', "sysctl": {"net/ipv4/conf/a.b/forwarding": "1", "net.ipv4.conf.c/d.forwarding": "1"}'
	fi
	write
	create || fail "join $ns"
	[ -z "$linux" ] || expect_same "settings" 1:1 \
		"$(nsenter --net="$link" sh -c 'cd /proc/sys/net/ipv4/conf && echo "$(cat a.b/forwarding):$(cat c.d/forwarding)"')"
	expect_same "joined $ns" "$(readlink "$link")" "$(readlink "/proc/$(pid)/ns/$ns")"
	oci delete --force "$id"
	pkill -KILL -P "$holder"
	kill -KILL "$holder" 2>/dev/null
done
new
namespaces='{"type": "ipc", "path": "/proc/self/ns/net"}, {"type": "mount"}'
hostname=
refused "enter the namespace '/proc/self/ns/net': Invalid argument"

context="hooks"
new
order=$scratch/order
hook() { echo "[{\"path\": \"/bin/sh\", \"args\": [\"sh\", \"-c\", \"cat >>$scratch/hook.$1; echo $1 >>$order\"]}]"; }
top=", \"annotations\": {\"a\": \"b\"}, \"hooks\": {\"prestart\": $(hook prestart), \"createRuntime\": $(hook createRuntime), \"createContainer\": $(hook createContainer),
 \"startContainer\": [{\"path\": \"/bin/sh\", \"args\": [\"sh\", \"-c\", \"cat >/hook\"]}], \"poststart\": $(hook poststart), \"poststop\": $(hook poststop)}"
run
expect_same "order" "prestart createRuntime createContainer poststart poststop" "$(tr '\n' ' ' <"$order" | sed 's/ $//')"
for h in prestart createRuntime createContainer poststart poststop; do
	expect_text "$scratch/hook.$h" "\"id\":\"$id\".*\"bundle\":\"$bundle\".*\"annotations\":\{\"a\":\"b\"\}"
done
expect_text "$scratch/hook.prestart" '"status":"created"'
expect_text "$rootfs/hook" '"status":"created"'
expect_text "$scratch/hook.poststart" '"status":"running"'
for kind in prestart createRuntime createContainer; do
	new
	top=", \"hooks\": {\"$kind\": [{\"path\": \"/bin/sh\", \"args\": [\"sh\", \"-c\", \"echo no >&2; exit 3\"]}]}"
	refused "$kind hook '/bin/sh' exited with 3: no"
done
new
top=', "hooks": {"startContainer": [{"path": "/bin/false"}]}'
script 'echo ran'
write
create || fail "create"
expect 1 oci start "$id"
expect_text "$err" "startContainer hook '/bin/false' exited with 1"
wait_for stopped
oci delete "$id"
for kind in poststart poststop; do
	new
	top=", \"hooks\": {\"$kind\": [{\"path\": \"/bin/false\"}]}"
	run
done

context="cgroup"
new
args='["sleep", "1000"]'
linux=", \"cgroupsPath\": \"/prov-oci-test-$$\", \"resources\": {\"pids\": {\"limit\": 77}, \"memory\": {\"limit\": 50593792}}"
write
create || fail "create"
group=$(sed -n 's/^[0-9]*:pids:\(.*\)$/\1/p; s/^0::\(.*\)$/\1/p' "/proc/$(pid)/cgroup" | head -n 1)
expect_same "group" "/prov-oci-test-$$" "$group"
expect_same "limit" 77 "$(cat "/sys/fs/cgroup/pids$group/pids.max" 2>/dev/null || cat "/sys/fs/cgroup$group/pids.max")"
oci delete --force "$id"
[ -z "$(find /sys/fs/cgroup -maxdepth 2 -name "prov-oci-test-$$")" ] || fail "the group is left"
new
linux=', "cgroupsPath": "system.slice:prov:x"'
refused "is a unit of systemd"

context="without a program"
new
args='["nosuchprogram"]'
refused "executable file 'nosuchprogram' not found in .PATH: No such file or directory"
new
write
sed -i 's/"process": /"ignored": /' "$bundle/config.json"
create || fail "create without process"
expect 1 oci start "$id"
expect_text "$err" "process: is missing"
wait_for stopped
oci delete "$id"

context="run"
new
script 'echo out; exit 6'
write
expect 6 oci run --bundle "$bundle" "$id"
lines 'out|'
[ -z "$(status)" ] || fail "run leaves the container"
new
script 'tty; stty size'
process=', "terminal": true, "consoleSize": {"height": 11, "width": 22}'
write
expect 1 oci create --bundle "$bundle" "$id"
expect_text "$err" "console-socket is needed"
expect 0 oci run --bundle "$bundle" "$id"
expect_text "$out" /dev/pts/0
expect_text "$out" '11 22'

# What waits inside, or enters, must not lead to prov-oci's own file (CVE-2019-5736).
context="the program's own file"
new
args='["/proc/self/exe", "--version"]'
write
sum=$(sha256sum <"$build/prov-oci")
if oci run --bundle "$bundle" "$id" >"$out" 2>"$err"; then expect_text "$out" version; fi
new
args='["sleep", "1000"]'
caps='["CAP_SYS_PTRACE", "CAP_DAC_OVERRIDE"]'
write
create || fail "create"
expect 0 oci exec "$id" sh -c 'echo x 2>/dev/null >/proc/1/exe || echo refused; ls /proc/1/fd 2>/dev/null | wc -l; true'
expect_text "$out" refused
oci delete --force "$id"
expect_same "the file" "$sum" "$(sha256sum <"$build/prov-oci")"

# Nobody waits for what a killed create began.
context="create is killed"
new
top=', "hooks": {"createRuntime": [{"path": "/bin/sleep", "args": ["sleep", "1000"]}]}'
write
"$build/prov-oci" --root "$state_root" create --bundle "$bundle" "$id" >"$out" 2>"$err" </dev/null &
creator=$!
children=$creator
await "it is being created" has_status creating
kill -KILL "$creator"
wait "$creator" 2>/dev/null
children=
wait_for stopped
expect 0 oci delete "$id"
expect 0 oci list -q
[ ! -s "$out" ] || fail "containers are left: $(cat "$out")"
[ -z "$(find /sys/fs/cgroup -maxdepth 2 -name "prov-oci-c$$-*")" ] || fail "cgroups are left"

expect 0 oci features
expect_text "$out" '"rro"'
expect 0 oci spec --bundle "$scratch"
expect 1 oci spec --bundle "$scratch"
