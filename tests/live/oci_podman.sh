#!/bin/sh
# podman's own commands with prov-oci as its runtime and with crun: the same results.
. "$(dirname "$0")/../lib.sh"

need_root
need_tool podman crun busybox
oci=$build/prov-oci
[ -x "$oci" ] || skip "prov-oci is not built"
busybox=$(command -v busybox)
! ldd "$busybox" >/dev/null 2>&1 || skip "a static busybox is needed"

# crun 1.8 does not know a hybrid hierarchy: it gets one of v1 alone, and so does prov-oci.
# And crun gives its standard streams to the container's user: a /dev/null of their own, not the host's.
mknod -m 666 "$scratch/null" c 1 3 2>"$err" || skip "no device can be made here: $(tail -n 1 "$err")"
enter="mount --bind $scratch/null /dev/null; [ ! -d /sys/fs/cgroup/unified ] || umount /sys/fs/cgroup/unified; exec \"\$@\""
pod() { # RUNTIME COMMAND…
	name=${1##*/}
	runtime=$1
	shift
	unshare -m --propagation slave sh -c "$enter" sh \
		podman --root "$scratch/$name/store" --runroot "$scratch/$name/run" --tmpdir "$scratch/$name/tmp" \
		--storage-driver vfs --cgroup-manager cgroupfs --events-backend file --runtime "$runtime" "$@"
}
crun=$(command -v crun)
# podman asks for more open files than this host's root may have, and systemd's journal shows a
# container's last words when it likes.
printf '[containers]\ndefault_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]\nlog_driver = "k8s-file"\n' >"$scratch/containers.conf"
CONTAINERS_CONF=$scratch/containers.conf
export CONTAINERS_CONF

clean() {
	for rt in "$oci" "$crun"; do
		timeout 300 podman --root "$scratch/${rt##*/}/store" --runroot "$scratch/${rt##*/}/run" \
			--tmpdir "$scratch/${rt##*/}/tmp" --storage-driver vfs --cgroup-manager cgroupfs \
			--runtime "$rt" rm -af -t 0 >/dev/null 2>&1
	done
	awk -v top="$scratch/" 'index($5, top) == 1 {print $5}' /proc/self/mountinfo | sort -r |
		while read -r m; do umount -l "$m"; done
}
at_end=clean

# The rootfs: busybox and what a user looks for.
root=$scratch/rootfs
mkdir -p "$root/bin" "$root/etc" "$root/tmp" "$root/root" "$root/srv"
cp "$busybox" "$root/bin/busybox"
for applet in $("$busybox" --list); do
	[ "$applet" = busybox ] || ln -sf busybox "$root/bin/$applet"
done
echo "root:x:0:0:root:/root:/bin/sh
student:x:1000:1000::/srv:/bin/sh" >"$root/etc/passwd"
echo "root:x:0:
student:x:1000:" >"$root/etc/group"
tar -C "$root" -cf "$scratch/rootfs.tar" .
for rt in "$oci" "$crun"; do
	mkdir -p "$scratch/${rt##*/}/tmp"
	pod "$rt" import "$scratch/rootfs.tar" box >"$out" 2>"$err" || skip "podman import fails here: $(tail -n 1 "$err")"
done

# What may differ between two runs of the same: ids and times;
# and signals 32 and 33, which make's commands ignore (posix_spawn of glibc) and crun hands on to the container.
norm() {
	sed -E 's/[0-9a-f]{64}/ID64/g; s/\b[0-9a-f]{12}\b/ID12/g; s/[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9:.]+( ?[+-][0-9]{4})?( UTC)?Z?/TIME/g
		s/^(SigIgn:\t0{7})[01][08]0{7}$/\1000000000/'
}
compared=0 bad=0
# Both results in few lines, for whoever reads it in a long log.
differs() { # WHAT COMMAND…
	echo "DIFFERENT: $1: podman $2"
	diff "$scratch/crun.result" "$scratch/prov-oci.result" | sed -n 's/^</  crun:/p; s/^>/  prov-oci:/p' | head -n 8
	for rt in crun prov-oci; do sed "s/^/  $rt's stderr: /" "$scratch/$rt.stderr" | tail -n 3; done
	bad=$((bad + 1))
}
both() { # WHAT COMMAND…
	what=$1
	shift
	for rt in "$crun" "$oci"; do
		pod "$rt" "$@" >"$scratch/stdout" 2>"$scratch/stderr" </dev/null
		code=$?
		{
			echo "exit $code"
			norm <"$scratch/stdout"
		} >"$scratch/${rt##*/}.result"
		cp "$scratch/stderr" "$scratch/${rt##*/}.stderr"
	done
	compared=$((compared + 1))
	cmp -s "$scratch/crun.result" "$scratch/prov-oci.result" || differs "$what" "$*"
}
# The same, and the exit code is this one: two that fail alike prove nothing.
both_exit() { # CODE WHAT COMMAND…
	wanted=$1
	shift
	before=$bad
	both "$@"
	[ "$bad" -eq "$before" ] || return
	[ "$(head -n 1 "$scratch/prov-oci.result")" = "exit $wanted" ] || {
		echo "WRONG: $1: both $(head -n 1 "$scratch/prov-oci.result"), not $wanted"
		for rt in crun prov-oci; do sed "s/^/  $rt's stderr: /" "$scratch/$rt.stderr" | tail -n 3; done
		bad=$((bad + 1))
	}
}
# What it printed is in its log once podman's conmon has written it.
said() { # CONTAINER TEXT
	for rt in "$crun" "$oci"; do
		await "'$2' in the log of $1 (${rt##*/})" log_has "$rt" "$1" "$2"
	done
}
log_has() { pod "$1" logs "$2" | grep -q "$3"; }
ready() { # CONTAINER
	both_exit 0 "$1 is ready" exec "$1" sh -c 'i=0; until [ -e /ready ] || [ $i -gt 600 ]; do sleep 0.1; i=$((i+1)); done; ls /ready'
}
run="run --rm --network none"
# Devices that not every host has.
known=/dev/null
for node in /dev/loop0 /dev/kmsg; do
	[ ! -e $node ] || known="$known $node"
done
disk=$(lsblk -dnpo NAME,TYPE | awk '$2 == "disk" {print $1; exit}')
# shellcheck disable=SC2086
{
	both_exit 0 "run" $run box echo hello
	both_exit 7 "exit code" $run box sh -c 'exit 7'
	both_exit 127 "no such program" $run box nosuchprogram
	both_exit 127 "no such path" $run box /no/such/program
	both_exit 126 "not executable" $run box /etc/passwd
	both_exit 126 "a folder" $run box /etc
	both_exit 137 "killed by itself" $run box sh -c 'sh -c "kill -9 \$\$"; exit $?'
	both_exit 0 "user" $run --user student box sh -c 'id; pwd; echo $HOME; cd; pwd'
	both_exit 0 "numeric user with groups" $run --user 5:6 --group-add 7 --group-add 8 box sh -c 'id -u; id -g; id -G'
	both_exit 126 "a working folder that is not there" $run -w /srv/new box pwd
	both_exit 0 "working folder" $run -w /srv box pwd
	both_exit 0 "environment" $run -e A=1 -e B='two words' box sh -c 'echo "$A/$B/$PATH/$HOME"'
	both_exit 0 "hostname" $run --hostname web box sh -c 'hostname; cat /etc/hostname'
	both_exit 0 "capabilities" $run --cap-drop all --cap-add net_bind_service box grep Cap /proc/self/status
	both_exit 0 "privileged capabilities" $run --privileged box grep -E 'Cap|Seccomp:|NoNew' /proc/self/status
	both_exit 0 "no new privileges" $run --security-opt no-new-privileges box grep -E 'NoNew|Seccomp:' /proc/self/status
	both_exit 0 "seccomp off" $run --security-opt seccomp=unconfined box grep Seccomp: /proc/self/status
	both_exit 0 "status" $run box grep -E 'Cap|Seccomp:|NoNew|Groups|Umask|NSpid|SigBlk|SigIgn' /proc/self/status
	both_exit 0 "rlimits" $run --ulimit nofile=100:200 --ulimit nproc=500 --ulimit core=0 box sh -c 'ulimit -n; ulimit -Hn; ulimit -c'
	both_exit 0 "oom score" $run --oom-score-adj 500 box cat /proc/self/oom_score_adj
	both_exit 0 "umask" $run --umask 077 box sh -c umask
	both_exit 0 "sysctl" $run --sysctl net.ipv4.ip_forward=1 --sysctl kernel.shmmax=65536 box sh -c \
		'cat /proc/sys/net/ipv4/ip_forward /proc/sys/kernel/shmmax'
	both_exit 1 "read-only root" $run --read-only box touch /file
	both_exit 0 "read-only root, writable tmp" $run --read-only box touch /tmp/file
	both_exit 0 "tmpfs" $run --tmpfs /scratch:size=64k,mode=700 box sh -c 'stat -c %a /scratch; df -k /scratch | tail -n 1 | tr -s " "'
	both_exit 0 "masked and read-only paths" $run box sh -c \
		'for p in /proc/kcore /proc/keys /proc/timer_list; do cat $p | wc -c; done; ls -A /proc/acpi /sys/firmware; touch /proc/sys/x; true'
	both_exit 0 "devices" $run box ls /dev
	both_exit 0 "a device" $run --device /dev/loop-control box sh -c 'stat -c "%t %T %a %F" /dev/loop-control'
	both_exit 1 "mknod cannot be opened" $run --cap-add mknod box sh -c 'mknod /x b 7 0 && cat /x'
	both_exit 0 "namespaces of the host" $run --pid host --ipc host --uts host box sh -c 'test "$(readlink /proc/1/ns/pid)" = "$(readlink /proc/self/ns/pid)"; echo $?'
	both_exit 0 "limits" $run --memory 64m --memory-swap 64m --pids-limit 50 --cpus 0.5 --cpu-shares 512 --cpuset-cpus 0 box sh -c \
		'cd /sys/fs/cgroup; cat memory/memory.limit_in_bytes pids/pids.max cpu/cpu.cfs_quota_us cpu/cpu.shares cpuset/cpuset.cpus 2>/dev/null ||
		cat memory.max pids.max cpu.max cpu.weight cpuset.cpus'
	both_exit 0 "mounts" $run box sh -c "awk '{print \$5, \$6}' /proc/self/mountinfo | grep -vE '/proc/|/sys/' | sort"
	mkdir "$scratch/vol"
	echo data >"$scratch/vol/file"
	both_exit 0 "volume" $run -v "$scratch/vol:/vol" box sh -c 'cat /vol/file; echo more >/vol/new; ls /vol'
	both_exit 1 "read-only volume" $run -v "$scratch/vol:/vol:ro" box touch /vol/x
	both_exit 0 "terminal" $run -t box sh -c 'tty; stty size; test -c /dev/console; echo $?'
	both_exit 0 "user namespace" $run --uidmap 0:100000:65536 --gidmap 0:100000:65536 box sh -c 'id; cat /proc/self/uid_map'
	both_exit 0 "user namespace in the host's network" run --rm --network host --uidmap 0:100000:65536 --gidmap 0:100000:65536 box sh -c \
		'id -u; ls -d /sys/class/net/lo; touch /sys/x 2>&1; ls /dev/mqueue | wc -l'
	both_exit 0 "user namespace, everything else the host's" run --rm --network host --pid host --uts host --uidmap 0:100000:65536 \
		--gidmap 0:100000:65536 box sh -c 'id -u; test -d /proc/1; echo $?'
	both_exit 125 "bad limit" $run --cpuset-cpus 4000 box true

	start="run -d --network none"
	# It says when it can be told to end, and its processes stay the same.
	both_exit 0 "detached" $start --name web box sh -c 'trap "echo bye; exit 3" TERM; echo up; sleep 1000 & touch /ready; while :; do wait; done'
	ready web
	both_exit 0 "exec" exec web sh -c 'echo in; id -u; hostname | wc -c'
	both_exit 9 "exec exit code" exec web sh -c 'exit 9'
	both_exit 127 "exec of nothing" exec web nosuchprogram
	both_exit 0 "exec as a user" exec --user student -w /srv -e X=y web sh -c 'id; pwd; echo $X'
	both_exit 0 "exec with a terminal" exec -t web sh -c 'tty; echo $?'
	both_exit 0 "exec detached" exec -d web touch /detached
	both_exit 0 "exec detached did it" exec web sh -c 'i=0; until [ -e /detached ] || [ $i -gt 600 ]; do sleep 0.1; i=$((i+1)); done; ls /detached'
	both_exit 0 "exec's rights" exec web grep -E 'Cap|Seccomp:|NoNew|Groups' /proc/self/status
	both_exit 0 "exec privileged" exec --privileged web grep -E 'CapEff|Seccomp:' /proc/self/status
	said web up
	both_exit 0 "logs" logs web
	both_exit 0 "top" top web -eo user,args
	both_exit 0 "inspect" inspect --format '{{.State.Status}} {{.State.Running}}' --type container web
	both_exit 0 "ps" ps --format '{{.Names}} {{.Status}}' --filter name=nosuch
	both_exit 0 "a quiet one" $start --name quiet box sleep 1000
	both_exit 0 "stats" stats --no-stream --format '{{.Name}} {{.PIDs}}' quiet
	both_exit 0 "remove it while it runs" rm -f -t 0 quiet
	both_exit 0 "cp in" cp "$scratch/vol/file" web:/srv/file
	both_exit 0 "cp out" cp web:/srv/file -
	both_exit 0 "cp arrived" exec web cat /srv/file
	both_exit 0 "pause" pause web
	both_exit 0 "paused" inspect --format '{{.State.Status}}' web
	both_exit 255 "exec in a paused one" exec web true
	both_exit 0 "unpause" unpause web
	both_exit 0 "running again" exec web echo yes
	both_exit 0 "update" update --memory 32m --cpus 0.5 web
	both_exit 0 "updated" exec web sh -c 'cd /sys/fs/cgroup; cat memory/memory.limit_in_bytes cpu/cpu.cfs_quota_us 2>/dev/null || cat memory.max cpu.max'
	both_exit 0 "signal" kill --signal HUP web
	both_exit 0 "stop" stop -t 60 web
	both_exit 0 "stopped" inspect --format '{{.State.Status}} {{.State.ExitCode}}' web
	said web bye
	both_exit 0 "its last words" logs web
	both_exit 255 "exec in a stopped one" exec web true
	both_exit 0 "start again" start web
	both_exit 0 "kill" kill web
	both_exit 0 "wait" wait web
	both_exit 0 "killed" inspect --format '{{.State.Status}} {{.State.ExitCode}}' web
	both_exit 0 "restart" restart -t 0 web
	both_exit 0 "rename and remove" rm -f -t 0 web
	both_exit 1 "gone" container exists web

	both_exit 0 "created, initialised, started" create --name slow --network none box sh -c 'echo ran; exit 4'
	both_exit 0 "created" inspect --format '{{.State.Status}}' slow
	both_exit 0 "init" init slow
	both_exit 0 "initialised" inspect --format '{{.State.Status}}' slow
	both_exit 4 "start and attach" start -a slow
	said slow ran
	both_exit 0 "its logs" logs slow
	both_exit 0 "remove" rm slow
	both_exit 0 "remove an initialised one" create --name slow --network none box true
	both_exit 0 "init once more" init slow
	both_exit 0 "remove it" rm -f slow

	both_exit 0 "private cgroup namespace" $run --cgroupns private box sh -c 'cut -d: -f3 /proc/self/cgroup | sort -u; ls -d /sys/fs/cgroup/*/ | sort'
	both_exit 0 "cgroup namespace of the host" $run --cgroupns host box sh -c 'cut -d: -f3 /proc/self/cgroup | sed "s,-.*,," | sort -u'
	both_exit 0 "unmasked" $run --security-opt unmask=ALL box sh -c 'ls /proc/acpi >/dev/null; head -c 1 /proc/timer_list | wc -c'
	both_exit 0 "masked by hand" $run --security-opt mask=/srv:/etc/group box sh -c 'ls -A /srv; cat /etc/group'
	both_exit 0 "propagation of volumes" $run -v "$scratch/vol:/a:rslave" -v "$scratch/vol:/b:rprivate" -v "$scratch/vol:/c:shared" box sh -c \
		'grep -oE " /[abc] .*(shared|master|propagate).* - | /[abc] .* - " /proc/self/mountinfo | sed -E "s/:[0-9]+/:N/g" | sed -E "s/^ (.).*(shared|master).*/\1 \2/; s/ - .*//" | sort'
	both_exit 0 "volume's options" $run -v "$scratch/vol:/vol:ro,noexec,nosuid,nodev" box sh -c 'grep " /vol " /proc/self/mounts | cut -d" " -f4 | cut -d, -f1-4'
	both_exit 0 "tmpfs with copy" $run --mount type=tmpfs,destination=/etc,tmpfs-size=1m box sh -c 'cat /etc/group | wc -l; stat -c %a /etc'
	both_exit 0 "tmpfs over tmp" $run --tmpfs /tmp box stat -c %a /tmp
	both_exit 0 "read-only tmpfs" $run --tmpfs /etc:ro box sh -c 'touch /etc/x; cat /etc/group | wc -l'
	both_exit 0 "devpts and shm" $run --shm-size 1m box sh -c 'df -k /dev/shm | tail -n 1 | tr -s " "; stat -c %a /dev/shm /dev/pts/ptmx'
	both_exit 0 "all devices" $run --privileged box sh -c 'ls '"$known"'; grep " /sys " /proc/self/mounts | cut -d" " -f4 | cut -d, -f1'
	[ ! -b "$disk" ] || both_exit 0 "device limits" $run --device-read-bps "$disk:1mb" box true
	both_exit 0 "annotations" $run --annotation a.b=c box true
	both_exit 0 "many mounts" $run -v "$scratch/vol:/1/2/3/4:ro" -v "$scratch/vol/file:/5/6/file" box sh -c 'ls /1/2/3/4; cat /5/6/file'
	both_exit 0 "a link on the way" $run -v "$scratch/vol:/lnk/x" box ls /lnk/x
	both_exit 0 "stop signal" $start --name sig --stop-signal USR1 box sh -c 'trap "exit 5" USR1; sleep 1000 & touch /ready; while :; do wait; done'
	ready sig
	both_exit 0 "stop by it" stop -t 60 sig
	both_exit 0 "stopped by it" inspect --format '{{.State.ExitCode}}' sig
	both_exit 0 "remove sig" rm sig
	echo preserved >"$scratch/fd"
	exec 3<"$scratch/fd"
	both_exit 0 "preserved descriptor" $run --preserve-fds 1 box sh -c 'ls /proc/self/fd | wc -l; test -e /proc/self/fd/3; echo $?'
	exec 3<&-
	both_exit 0 "input" $run -i box cat

	both_exit 0 "pod" pod create --name pod --network none --infra-image box --infra-command '/bin/sleep 1000'
	both_exit 0 "in the pod" run -d --pod pod --name one box sleep 1000
	both_exit 0 "shared namespaces" run --rm --pod pod box sh -c \
		'for n in ipc net uts pid mnt; do readlink /proc/self/ns/$n; done | wc -l; hostname'
	both_exit 0 "pod's state" pod inspect --format '{{.State}} {{.NumContainers}}' pod
	both_exit 0 "pod pause" pod pause pod
	both_exit 0 "pod paused" pod inspect --format '{{.State}}' pod
	both_exit 0 "pod unpause" pod unpause pod
	both_exit 0 "exec in the pod" exec one sh -c 'hostname; ps -o args >/ps; grep -c "^sleep 1000" /ps'
	both_exit 0 "pod stop" pod stop -t 0 pod
	both_exit 0 "pod start" pod start pod
	both_exit 0 "pod kill" pod kill pod
	both_exit 0 "pod rm" pod rm -f -t 0 pod
	both_exit 0 "nothing is left" ps -aq
}
echo "$((compared - bad)) of $compared the same"
[ $bad -eq 0 ]
