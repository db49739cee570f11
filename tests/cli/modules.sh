#!/bin/sh
# `prov version` and all that a container needs load none of libvirt, libssh and libcurl.
. "$(dirname "$0")/../lib.sh"
need_tool strace ldd

heavy='libvirt|libssh|libcurl|libarchive|libcrypto|libgnutls|prov-(kvm|ssh|box)\.so'
expect 0 ldd "$build/prov"
expect_text "$out" 'libc\.so'
expect_no_text "$out" "$heavy"

# Every file that a command and its children open.
loads_nothing() {
	strace -f -qq -e trace=openat,open,execve -o "$scratch/trace" "$build/prov" -C "$lab" "$@" \
		>"$out" 2>"$err" </dev/null || fail "'prov $*' exits $?"
	grep -q 'libc\.so' "$scratch/trace" || fail "strace saw nothing of 'prov $*'"
	grep -E "\"[^\"]*($heavy)" "$scratch/trace" | grep -v ENOENT >"$out" && fail "'prov $*' loads a heavy library"
	:
}
loads_nothing version
loads_nothing help
printf 'prov: 1\nmachines: {web: {box: tiny, networks: none}}\n' | lab_file
loads_nothing validate

need_box tiny
loads_nothing plan
loads_nothing up
loads_nothing exec web -- true
loads_nothing status
loads_nothing halt
loads_nothing up
loads_nothing destroy -f
