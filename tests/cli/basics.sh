#!/bin/sh
# What needs no lab: version, help, and how a wrong command line is answered.
. "$(dirname "$0")/../lib.sh"

expect 0 prov version
expect_text "$out" '^prov [0-9]+\.[0-9]+\.[0-9]+$'
expect 0 prov --version
expect_text "$out" '^prov [0-9]'

expect 0 prov help
for c in init validate plan up provision ssh exec status halt reload destroy box doctor version help; do
	expect_text "$out" "^  $c "
done
[ ! -s "$err" ] || fail "help is a result, but something is on standard error"
expect 0 prov up --help
expect_text "$out" '--parallel'
expect 0 prov help exec
expect_text "$out" '--workdir'

expect 0 prov
expect_text "$out" "usage:"
expect 2 prov frobnicate
expect_one_error
expect_text "$err" "frobnicate"
expect 2 prov help frobnicate
expect_one_error
expect_text "$err" "hint: prov help lists the commands"

# A stream that the caller closed is not the first file that prov opens.
(prov version >&-) || fail "with standard output closed, version exits with $?"
(prov version >&- 2>&- <&-) || fail "with all streams closed, version exits with $?"

# A slip of the fingers, and the words of other tools.
expect 2 prov stauts
expect_text "$err" "did you mean .*status"
for word in rm delete down; do
	expect 2 prov $word
	expect_text "$err" "destroy"
done
for word in ls list; do
	expect 2 prov $word
	expect_text "$err" "did you mean 'prov status'"
done
expect 2 prov up --frob
expect_one_error
expect_text "$err" "frob"
expect 2 prov up --no-provison
expect_one_error
expect_text "$err" "there is no option '--no-provison'$"
expect_text "$err" "did you mean '--no-provision'"
# The beginning of a name is not the name: what destroys is not to be met by chance.
expect 2 prov up --recr
expect_one_error
expect_text "$err" "there is no option '--recr'$"
expect_text "$err" "did you mean '--recreate'"
for words in "up --paral 3" "up --paral=3" "up --paral" "--fil x status" "destroy --f"; do
	expect 2 prov $words
	expect_text "$err" "there is no option '--(paral|fil|f)'$"
done
expect 2 prov up --parallel
expect_text "$err" "option '--parallel' needs a value"
expect 2 prov up --json=yes
expect_one_error
expect_text "$err" "option '--json' takes no value"
printf 'prov: 1\nmachines: {web: {box: tiny, networks: none}}\n' | lab_file
expect 2 prov up --parallel 0
expect_text "$err" "parallel"
expect 2 prov up --parallel many
expect_text "$err" "'many'"
expect 2 prov -C "$scratch/nowhere" status
expect_text "$err" "nowhere"

# Control characters of the command line do not reach the terminal.
expect 2 prov "$(printf 'x\033[31m')"
expect_no_text "$err" "$(printf '\033')"
