#!/bin/sh
# Boxes that are missing, wrong or hostile: one clear error, nothing in the store.
. "$(dirname "$0")/../lib.sh"
need_root

store_is_empty() {
	left=$(find "$PROV_HOME/store" "$PROV_HOME/boxes" -mindepth 2 2>/dev/null)
	[ -z "$left" ] || fail "$1 left in the store: $left"
}

printf 'prov: 1\nmachines: {web: {box: debian/21, networks: none}}\n' | lab_file
expect 1 prov up
expect_one_error
expect_text "$err" "debian/21"
expect_text "$err" "prov box build"
[ ! -e "$lab/.prov" ] || fail "a lab was made without its box"

expect 0 prov box list
expect 0 prov box list --json
expect_text "$out" '"schema": *1'
expect 1 prov box inspect nosuch
expect_one_error
expect 1 prov box remove nosuch
expect_one_error
expect_text "$err" "there is no box at all"
expect_no_text "$err" "box build"
expect 1 prov box build nosuch
expect_one_error
for name in ../x /etc a/../b a/b/c; do
	prov box remove "$name" >"$out" 2>"$err" </dev/null && fail "box remove $name is accepted"
	expect_one_error
done
expect 2 prov box frob
expect 1 prov box add "$scratch/absent.tar"
expect_one_error
expect_text "$err" "absent.tar"
store_is_empty "a missing file"

# A tar of a root file system; the wrong digest; the right one.
mkdir -p "$scratch/tree/bin" "$scratch/tree/etc"
echo hello >"$scratch/tree/etc/greeting"
tar -C "$scratch/tree" -czf "$scratch/small.tar.gz" .
wrong=$(printf '%064d' 7)
expect 1 prov box add "$scratch/small.tar.gz" --name small --sha256 "$wrong"
expect_text "$err" "$wrong|sha256|digest"
store_is_empty "a wrong digest"
right=$(sha256sum "$scratch/small.tar.gz" | cut -d' ' -f1)
expect 0 prov box add "$scratch/small.tar.gz" --name small --sha256 "$right"
expect 0 prov box list
expect_text "$out" '^small '
expect 0 prov box verify small
expect 1 prov box remove nosuch
expect_text "$err" "prov box list shows what is there"

# A tree has no disk: a virtual machine cannot be made of it, and says why.
printf 'prov: 1\nmachines: {web: {box: small, provider: kvm}}\n' | lab_file
prov up >"$out" 2>"$err" </dev/null && fail "a virtual machine without a disk"
expect_text "$err" "small"
expect_text "$err" "disk|kvm|container"
expect 0 prov destroy -f

# Out and in again.
expect 0 prov box export small "$scratch/small.box"
expect 0 prov box remove small
store_is_empty "remove"
expect 0 prov box add "$scratch/small.box"
expect 0 prov box inspect small
expect 0 prov box remove small
store_is_empty "the second remove"

# Damaged on the way: where the tree lies, not where an archive is only filled up.
cp "$scratch/small.box" "$scratch/bad.box"
size=$(stat -c %s "$scratch/bad.box")
header=$(tar -tRf "$scratch/bad.box" | sed -n 's/^block \([0-9]*\): rootfs\..*/\1/p')
[ -n "$header" ] || fail "the box has no tree"
printf 'XXXXXXXX' | dd of="$scratch/bad.box" bs=1 seek=$((header * 512 + 520)) conv=notrunc status=none
expect 1 prov box add "$scratch/bad.box"
expect_one_error
store_is_empty "a damaged box"
head -c $((size / 2)) "$scratch/small.box" >"$scratch/cut.box"
expect 1 prov box add "$scratch/cut.box"
expect_one_error
store_is_empty "a truncated box"

# Ways out of the tree.
mkdir "$scratch/evil"
ln -s "$scratch" "$scratch/evil/link"
tar -C "$scratch/evil" -cf "$scratch/evil.tar" link
rm "$scratch/evil/link"
mkdir "$scratch/evil/link"
echo out >"$scratch/evil/link/escaped"
tar -C "$scratch/evil" -rf "$scratch/evil.tar" link/escaped
tar -C "$scratch/evil" -cf "$scratch/dots.tar" --transform 's,.*escaped,../../escaped,' -P link/escaped
for evil in evil dots; do
	expect 1 prov box add "$scratch/$evil.tar" --name evil
	expect_one_error
	[ ! -e "$scratch/escaped" ] || fail "$evil.tar wrote outside the store"
	[ -z "$(find "$PROV_HOME" -name escaped)" ] || fail "$evil.tar left a file"
	store_is_empty "$evil.tar"
done
