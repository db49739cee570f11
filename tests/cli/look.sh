#!/bin/sh
# The commands that look inside, as far as they need no machine: one clear error each, nothing half made.
. "$(dirname "$0")/../lib.sh"

printf 'prov: 1\nlab: shop\nmachines: {web: {box: tiny, networks: none}}\n' | lab_file
for c in inspect logs top stats; do
	expect 1 prov $c
	expect_one_error
	expect_text "$err" "nothing of lab 'shop' is up"
	expect_text "$err" "hint: prov up"
	expect 2 prov $c wbe
	expect_one_error
	expect_text "$err" "there is no machine 'wbe'"
	expect_text "$err" "did you mean 'web'"
	expect 2 prov $c --frob
	expect_one_error
	expect 0 prov help $c
	expect_text "$out" "^usage: prov $c"
done
# With a file that is wrong and nothing made, the folder is the lab's name.
printf 'prov: 1\nlab: shop\nmachines: {web: {bx: tiny}}\n' | lab_file
for c in "inspect" "ssh-config" "sync"; do
	expect 1 prov $c
	expect_text "$err" "note: prov.yaml: 2 problems"
	expect_text "$err" "^prov: nothing of lab 'lab' is up"
done
expect 2 prov volume rm data
expect_text "$err" "there is no volume 'data' in lab 'lab'"
# What is declared is shown, whether a machine has it or not.
printf 'prov: 1\nlab: shop\nvolumes: {spare: {size: 32MiB}, data: }\nmachines: {web: {box: tiny, networks: none, volumes: ["data:/data"]}}\n' | lab_file
expect 0 prov volume ls
expect_text "$out" '^spare +32\.0 MiB +- +-$'
expect_text "$out" '^data +1\.0 GiB +- +-$'
expect 0 prov volume inspect spare
expect_text "$out" '^size +32\.0 MiB$'
expect_text "$out" '^file +- \(made by the first up of a machine that has it\)$'
expect 0 prov volume inspect spare --json
expect_text "$out" '"exists": false'
expect_text "$out" '"declared": true'
expect 2 prov volume inspect spear
expect_text "$err" "did you mean 'spare'"
expect 0 prov volume prune -a -f
expect_text "$err" "lab 'shop' has no volume to prune"
expect 0 prov volume rm spare
[ ! -e "$lab/.prov" ] || fail "looking at volumes made something"
printf 'prov: 1\nlab: shop\nmachines: {web: {box: tiny, networks: none}}\n' | lab_file
for c in logs top; do
	expect 1 prov $c web
	expect_one_error
	expect_text "$err" "'web@container' is not up"
	expect_text "$err" "hint: prov up web@container"
done
# A machine that never was up has nothing but its declaration.
expect 0 prov inspect web
expect_text "$out" "state +absent"
expect 0 prov inspect web --json
expect_text "$out" '"schema": 1'
expect 0 prov stats -1 web
expect_text "$out" '^web@container +absent +- '

for bad in "logs -n -1" "logs -n x" "top -n 0" "top --interval 0" "stats --interval x" "stats --interval 99999" "stats --interval nan"; do
	# shellcheck disable=SC2086
	expect 2 prov $bad web
	expect_one_error
done

# cp: what is meant must be said.
echo x >"$scratch/file"
expect 2 prov cp
expect_text "$err" "needs SOURCE DESTINATION"
expect 2 prov cp "$scratch/file" web:/a web:/b
expect_one_error
expect 2 prov cp "$scratch/file" "$scratch/other"
expect_text "$err" "neither .* is in a machine"
expect 2 prov cp web:/a web:/b
expect_text "$err" "both 'web' and 'web' are machines"
expect_text "$err" "hint: prov cp web:/a - \| prov cp - web:/b"
expect 2 prov cp "$scratch/file" web:relative
expect_text "$err" "hint: web:/relative"
expect 2 prov cp "$scratch/file" wbe:/srv
expect_text "$err" "did you mean 'web'"
expect 1 prov cp "$scratch/file" web:/srv
expect_text "$err" "hint: prov up web@container"
expect 1 prov cp web:/srv "$scratch/other"
expect_one_error
[ ! -e "$scratch/other" ] || fail "cp made something"
expect 2 prov cp "./file:with-colon" "$scratch/other"
expect_text "$err" "neither"
[ ! -e "$lab/.prov" ] || fail "looking made something"
