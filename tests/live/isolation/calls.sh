#!/bin/sh
# CVE-2026-31431 and kin: system calls that only widen what of the kernel can be reached. Root of the container gets none
# of them, nor somebody else in it; nobody looks into the memory of another.
. "$(dirname "$0")/../../isolation.sh"
need_box tiny
remember_host
machine tiny
arm web calls mounts

# Positive control: the host lets root do some of them, and the program sees it.
expect_armed '^got unshare_newuser ' calls
for call in bpf keyctl userfaultfd open_by_handle_at clock_settime; do
	expect_text "$out" "^got $call "
done
supported=$(sed -n 's/^got \([^ ]*\) .*/\1/p' "$out")

before=$(hostname)
attack calls mounts
expect_repelled "a system call for root of the container" 40
# What the kernel lacks proves nothing; the filter's answer is another.
expect_no_text "$out" '^no af_alg Address family'
for call in $supported; do
	expect_text "$out" "^no $call "
done
expect_no_text "$out" '^died'
expect_same "the host's name" "$before" "$(hostname)"
expect 0 prov exec web -- hostname
expect_same "the container's name" web-container "$(cat "$out")"

prov exec -u 1000 web -- /calls mounts >"$out" 2>"$err" </dev/null
expect_repelled "a system call for a user of the container" 40
prov exec -u 1000 web -- /calls others >"$out" 2>"$err" </dev/null
expect_repelled "the memory of PID 1" 3

# The filter holds for PID 1 and for what it starts, not only for exec.
expect 0 prov exec web -- sh -c 'grep -h ^Seccomp: /proc/1/status /proc/self/status'
expect_same "filters" "2 2" "$(awk '{printf "%s%s", sep, $2; sep = " "}' "$out")"

# The 32 bit entry and the x32 one have numbers of their own: they must not be a way around the names.
if [ "$(uname -m)" = x86_64 ]; then
	arm web entries
	attack entries
	expect_repelled "another entry to the kernel" 4
fi
expect 0 prov destroy -f

machine tiny '    container: { privileged: true }'
arm web calls
attack calls
expect_text "$out" '^got bpf '
expect 0 prov destroy -f
expect_clean destroy
