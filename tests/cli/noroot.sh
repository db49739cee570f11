#!/bin/sh
# Without root: what only reads works; what needs root says so once, exits 3 and makes nothing.
. "$(dirname "$0")/../lib.sh"
need_root # to become nobody
need_tool setpriv

# A copy that anybody can reach, wherever this folder is.
mkdir "$scratch/bin"
cp "$build"/prov "$build"/prov-* "$scratch/bin/"
cp -R "$top/boxes" "$scratch/"
chmod -R a+rX "$scratch/bin" "$scratch/boxes"
chmod 777 "$lab"
PROV_HOME=$scratch/theirs
mkdir -m 777 "$PROV_HOME"
as_nobody() {
	HOME=$scratch/nohome setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all \
		"$scratch/bin/prov" -C "$lab" "$@"
}

expect 0 as_nobody version
expect 0 as_nobody init
printf 'prov: 1\nmachines: {web: {box: tiny, networks: none}, vm: {box: tiny, provider: kvm}}\n' | lab_file
expect 0 as_nobody validate
expect 0 as_nobody status
expect 0 as_nobody box list

# Who built the boxes as root is told that these are root's, not to build them.
expect 1 as_nobody up
expect_one_error
expect_text "$err" "there is no box 'tiny'"
expect_text "$err" "hint: prov needs root for machines, and root has boxes of its own: sudo prov"

expect 3 as_nobody box build tiny
expect_text "$err" "root"
[ -z "$(find "$PROV_HOME" -type f)" ] || fail "a box is half-made"

# With a box that is there, so that nothing else is wrong.
(need_box tiny) >"$scratch/log" 2>&1 || {
	cat "$scratch/log"
	exit 1
}
shared=${PROV_TEST_HOME:-$build/test-home}
setpriv --reuid 65534 --clear-groups test -x "$shared/store" || skip "nobody cannot reach the box store at $shared"
rm -rf "$PROV_HOME/boxes" "$PROV_HOME/store"
ln -s "$shared/boxes" "$shared/store" "$PROV_HOME/"
for machine in web vm; do
	expect 3 as_nobody up $machine
	expect_text "$err" "root|libvirt"
	[ ! -s "$out" ] || fail "an error and output"
	made=$(states | grep -v absent)
	[ -z "$made" ] || fail "something was made: $made"
done
expect 0 as_nobody destroy -f
[ ! -e "$lab/.prov" ] || fail "something is left in the folder"
