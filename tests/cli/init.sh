#!/bin/sh
# prov init writes a file that validates, and overwrites nothing.
. "$(dirname "$0")/../lib.sh"

expect 0 prov init
expect_text "$lab/prov.yaml" '^prov: 1'
expect_text "$lab/prov.yaml" '#'
expect 0 prov validate
cp "$lab/prov.yaml" "$scratch/first"
echo '# mine' >>"$lab/prov.yaml"
expect 1 prov init
expect_one_error
expect_text "$err" "prov.yaml"
expect_text "$lab/prov.yaml" '^# mine$'
mv "$lab/prov.yaml" "$lab/prov.yml"
expect 1 prov init
expect_text "$err" "prov.yml"
[ ! -e "$lab/prov.yaml" ] || fail "both files now exist"
