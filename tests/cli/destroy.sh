#!/bin/sh
# destroy asks on a terminal, takes -f, and otherwise exits 2 at once; what is not there is destroyed.
. "$(dirname "$0")/../lib.sh"

printf 'prov: 1\nmachines: {web: {box: tiny, networks: none}}\n' | lab_file
expect 2 prov destroy
expect_one_error
expect_text "$err" "-f"
expect 0 prov destroy -f
expect 0 prov destroy -f
[ ! -e "$lab/.prov" ] || fail "destroy made a lab"
expect 0 prov halt
expect 1 prov destroy --lab 0123456789 -f
expect_one_error
expect_text "$err" "0123456789"
for id in ../../etc / '' .; do
	prov destroy --lab "$id" -f >"$out" 2>"$err" </dev/null && fail "the lab id '$id' is accepted"
	expect_one_error
done
expect 0 prov status
expect_text "$out" "web@container +absent"
expect 0 prov status --json
expect_text "$out" '"schema": *1'
expect_text "$out" '"state": *"absent"'

# Not up: exec and ssh have codes of their own.
expect 125 prov exec web -- true
expect_one_error
expect 255 prov ssh web -c true
expect_one_error
expect 125 prov exec nosuch -- true
expect 2 prov exec web
