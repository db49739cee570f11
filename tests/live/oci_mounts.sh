#!/bin/sh
# What prov-oci makes of a configuration for the file system: root, paths hidden and fixed, devices, mounts.
. "$(dirname "$0")/../lib.sh"
. "$top/tests/oci.sh"

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
