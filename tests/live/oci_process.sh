#!/bin/sh
# What prov-oci makes of a configuration for the process: user, limits, capabilities, system calls, namespaces.
. "$(dirname "$0")/../lib.sh"
. "$top/tests/oci.sh"

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
