# An adapter is a script that tools/bench-peers runs for one tool: NAME.sh VERB [ARGUMENT]. It defines
# the functions below, sources this file first and ends with `peer_main "$@"`.
#
#   available          exit 0; else prints why the tool cannot be measured here
#   version            one line
#   note               one line: what a reader must know of how this tool is run here
#   prepare ROOTFS     once, offline: the root file system becomes what the tool starts from
#                      (its /sbin/prov-init, called with "15 0", is a PID 1 that waits for signals)
#   start ID           prints the commands, separated by :::, that make and start the container
#   exec ID            prints the command that runs `true` in it; nothing: starting has done so
#   stop ID            prints the commands that end and remove it; nothing: its end is all
#   run ID             prints one command that starts it in the background, for many at once; nothing:
#                      there is none
#   clear              ends and removes all containers, for the next tool
#   hold ID            starts it for good, where `start` does not leave it running
#   pids ID            its PID 1, then what else serves this one alone, as seen on the host
#   cleanup            everything of the tool's that prepare and start left
#
# start, exec and stop print commands instead of running them, so that no shell is measured. They are
# split at blanks. $work is a folder of the adapter's own; the adapters run in a mount namespace in
# which a cgroup2 hierarchy beside v1 ones, /dev/shm and the tools' folders of state are covered.
# shellcheck shell=sh
set -u
need() {
	for tool in "$@"; do
		command -v "$tool" >/dev/null || {
			echo "not installed"
			exit 1
		}
	done
}
# Only a daemon that runs already: the bench starts none.
need_socket() { # PATH…
	for socket in "$@"; do
		[ ! -S "$socket" ] || return 0
	done
	echo "its daemon does not run"
	exit 1
}
parent_of() { sed -n 's/^PPid:\t//p' "/proc/$1/status"; }
peer_note() { :; }
peer_run() { :; }
peer_clear() { peer_cleanup; }
peer_hold() {
	# shellcheck disable=SC2046
	set -- $(peer_start "$1")
	"$@" </dev/null >/dev/null 2>"$work/hold.err" || { cat "$work/hold.err"; exit 1; }
}
# Control groups that the tool made and left; what was not made for the bench has another name.
remove_groups() { # PATTERN
	find /sys/fs/cgroup -depth -type d \( -name "$1" -o -path "*/$1/*" \) -exec rmdir {} + 2>/dev/null
	return 0
}
peer_main() {
	verb=$1
	shift
	"peer_$verb" "$@"
}
