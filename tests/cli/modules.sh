#!/bin/sh
# `prov version` and all that a container needs load none of libvirt, libssh and libcurl.
. "$(dirname "$0")/../lib.sh"
need_tool ldd

heavy='libvirt|libssh|libcurl|libarchive|libcrypto|libgnutls|prov-(kvm|ssh|box)\.so'
expect 0 ldd "$build/prov"
expect_text "$out" 'libc\.so'
expect_no_text "$out" "$heavy"

# The dynamic linker itself says what it loads, for the command and for what it forks.
linked() {
	rm -f "$scratch"/ld.*
	LD_DEBUG=files LD_DEBUG_OUTPUT=$scratch/ld "$build/prov" -C "$lab" "$@" >"$out" 2>"$err" </dev/null ||
		fail "'prov $*' exits $?"
	cat "$scratch"/ld.* | grep -E 'file=' >"$scratch/loaded"
	expect_text "$scratch/loaded" 'libc\.so'
}
loads_nothing() {
	linked "$@"
	grep -E "$heavy" "$scratch/loaded" >"$out" && fail "'prov $*' loads a heavy library"
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

# The method sees a module where one is used.
linked doctor
expect_text "$scratch/loaded" 'prov-kvm\.so'
