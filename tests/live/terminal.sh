#!/bin/sh
# prov ssh in a terminal: window size and its changes, Ctrl-C for the program inside, exit code, terminal restored.
. "$(dirname "$0")/../lib.sh"
need_tool tmux
need_libvirt
need_box tiny
remember_host

TMUX_TMPDIR=$scratch
export TMUX_TMPDIR
unset TMUX
kind=none
t() { tmux -f /dev/null -L "$kind" "$@"; }
screen() { t capture-pane -p -t s; }
see() { # PATTERN
	tries=0
	until screen | grep -Eq "$1"; do
		tries=$((tries + 1))
		[ $tries -lt 900 ] || {
			screen | grep . >"$out"
			t kill-server
			fail "the terminal never shows '$1'"
		}
		sleep 0.1
	done
}
keys() { t send-keys -t s "$@"; }

lab_file <<'Y'
prov: 1
machines:
  web: { box: tiny, provider: both, memory: 128MiB }
Y
expect 0 prov up

for kind in container kvm; do
	PS1='outside> ' t new-session -d -s s -x 90 -y 30 "ENV= PS1='outside> ' sh"
	see 'outside>'
	keys "cd $lab && stty -g >$scratch/tty.before; $build/prov ssh web@$kind; code=\$?; stty -g >$scratch/tty.after; echo \"code\"=\$code" Enter
	keys 'echo in-$((40 + 2)); stty size' Enter
	see 'in-42'
	see '^30 90'
	t resize-window -t s -x 111 -y 44
	# What is typed may arrive before the new size does.
	keys 'until [ "$(stty size)" = "44 111" ]; do sleep 0.1; done; echo grown-$((20 + 2))' Enter
	see 'grown-22'
	keys 'echo term-$TERM; sleep 100; echo slept=$?' Enter
	see 'term-(screen|tmux)'
	keys C-c
	keys 'echo alive-$((1 + 1))' Enter
	see 'alive-2'
	screen | grep -q "code=[0-9]" && fail "Ctrl-C ended prov ssh itself"
	keys 'exit 3' Enter
	see "code=3"
	cmp -s "$scratch/tty.before" "$scratch/tty.after" || fail "$kind: the terminal's modes are not restored"

	# The other side dies, or prov does: the terminal is as before.
	keys clear Enter
	keys "$build/prov exec web@$kind -- sh -c 'kill -9 \$\$'; code=\$?; stty -g >$scratch/tty.again; echo \"killed\"=\$code" Enter
	see "killed=[0-9]"
	cmp -s "$scratch/tty.before" "$scratch/tty.again" || fail "$kind: the terminal's modes are not restored after a kill"
	t kill-server
done
expect 0 prov destroy -f
expect_clean destroy
