#!/bin/sh
# CVE-2016-9962 and kin: a container whose root may trace in its user namespace, and what prov-oci starts where it can
# see it: exec's process, and the first one of a container that shares its namespaces of processes and users (a pod).
# Until that one is confined it has the host's files and more rights, and must not be got at. (Who may trace in the
# host's user namespace may trace anything, whatever a runtime does.)
. "$(dirname "$0")/../../isolation.sh"
need_root
need_tool busybox nsenter
oci=$build/prov-oci
[ -x "$oci" ] || skip "prov-oci is not built"
clean() {
	for c in $("$oci" --root "$scratch/oci" list -q 2>/dev/null); do "$oci" --root "$scratch/oci" delete --force "$c"; done
}
at_end=clean
remember_host

# A file whose path is the host's alone.
marker=$scratch/marker
: >"$marker"
mkdir -p "$scratch/rootfs/bin"
cp "$(command -v busybox)" "$scratch/rootfs/bin/busybox"
ln -s busybox "$scratch/rootfs/bin/true"
cp "$attacks/trace" "$scratch/rootfs/bin/"

bundle() { # NAME ARGS NAMESPACES CAPABILITIES [LINUX]
	mkdir -p "$scratch/$1"
	cat >"$scratch/$1/config.json" <<J
{"ociVersion": "1.0.2", "root": {"path": "$scratch/rootfs"},
 "process": {"args": $2, "cwd": "/", "env": ["PATH=/bin"], "user": {"uid": 0, "gid": 0},
  "capabilities": {"bounding": [$4], "effective": [$4], "permitted": [$4]}},
 "mounts": [{"destination": "/proc", "type": "proc", "source": "proc"},
  {"destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": ["mode=755"]}],
 "linux": {"namespaces": [{"type": "mount"}, {"type": "uts"}, {"type": "ipc"}, {"type": "network"}, $3]${5:-}}}
J
}
runtime() { timeout 120 "$oci" --root "$scratch/oci" "$@"; }
first() { runtime state "$1" | sed -n 's/.*"pid": \([0-9]*\).*/\1/p'; }

# The tracer, in a container of its own; $pid is its first process.
begin() { # NAME NAMESPACES [LINUX]
	bundle "$1" '["trace", "'"$marker"'"]' "$2" '"CAP_SYS_PTRACE", "CAP_CHOWN"' "${3:-}"
	: >"$scratch/$1.out"
	runtime create --bundle "$scratch/$1" "$1-$$" >"$scratch/$1.out" 2>"$err" </dev/null || fail "$1 cannot be created"
	expect 0 runtime start "$1-$$"
	await "the tracer of $1" grep -q '^ready$' "$scratch/$1.out"
	pid=$(first "$1-$$")
	[ "$pid" -gt 0 ] || fail "$1 has no process"
}
end() { expect 0 runtime delete --force "$1-$$"; }
repelled() { # NAME WHAT
	! grep -q '^got' "$scratch/$1.out" || fail "$2 is got at"
	kill -0 "$pid" || fail "the tracer of $1 has ended"
}
pid_only='{"type": "pid"}'
maps=', "uidMappings": [{"containerID": 0, "hostID": 100000, "size": 65536}],
 "gidMappings": [{"containerID": 0, "hostID": 100000, "size": 65536}]'

# Positive control: it does see what enters without a care.
begin control "$pid_only"
nsenter -t "$pid" -p sleep 600 </dev/null >/dev/null 2>&1 &
children=$!
await "the tracer gets at nothing at all" grep -q '^got trace' "$scratch/control.out"
end control
wait
children=

rounds=40
begin users "$pid_only"', {"type": "user"}' "$maps"
bundle guest '["true"]' '{"type": "pid", "path": "/proc/'"$pid"'/ns/pid"}, {"type": "user", "path": "/proc/'"$pid"'/ns/user"}' '"CAP_CHOWN"'
for round in $(seq $rounds); do
	runtime run --bundle "$scratch/guest" "guest-$$-$round" >"$out" 2>"$err" </dev/null
	code=$?
	repelled users "a container of its user namespace, round $round"
	expect_same "a container beside it" 0 $code
	expect 0 runtime exec "users-$$" true
	repelled users "exec's process, round $round"
done
end users
expect_clean traced
