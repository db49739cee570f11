#!/bin/sh
# tools/setup on a machine that has everything is quick and quiet; without root it says so.
. "$(dirname "$0")/../lib.sh"
need_root

mkdir "$scratch/copy"
cp "$top/tools/setup" "$scratch/copy/"
chmod -R a+rX "$scratch/copy"
expect 3 setpriv --reuid 65534 --clear-groups "$scratch/copy/setup"
expect_text "$err" "root"

begun=$(date +%s%N)
expect 0 "$top/tools/setup"
took=$((($(date +%s%N) - begun) / 1000000))
[ $took -lt 60000 ] || fail "setup took $took ms although there was nothing to do"
expect_no_text "$out" "install"
