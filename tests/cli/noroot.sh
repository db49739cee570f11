#!/bin/sh
# Without root: what only reads works; what needs root says so once, exits 3 and makes nothing.
. "$(dirname "$0")/../lib.sh"
need_root # to become nobody
need_tool setpriv

# A copy that anybody can reach, wherever this folder is.
mkdir "$scratch/bin"
cp "$build"/prov "$build"/prov-* "$scratch/bin/"
chmod -R a+rX "$scratch/bin"
chmod 777 "$lab"
PROV_HOME=$scratch/theirs
mkdir -m 777 "$PROV_HOME"
as_nobody() {
	HOME=$scratch/nohome setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all \
		"$scratch/bin/prov" -C "$lab" "$@"
}

expect 0 as_nobody version
expect 0 as_nobody init
printf 'prov: 1\nmachines: {web: {box: tiny, networks: none}}\n' | lab_file
expect 0 as_nobody validate
expect 0 as_nobody status

# A box that is there, so that nothing else is wrong.
(need_box tiny) >"$scratch/log" 2>&1 || {
	cat "$scratch/log"
	exit 1
}
shared=${PROV_TEST_HOME:-$build/test-home}
if [ -d "$shared/store" ] && setpriv --reuid 65534 --clear-groups test -x "$shared"; then
	ln -s "$shared/boxes" "$shared/store" "$PROV_HOME/"
	expect 3 as_nobody up
	expect_text "$err" "root"
	[ ! -s "$out" ] || fail "an error and output"
	[ -z "$(states | grep -v absent)" ] || fail "something was made: $(states)"
	expect 0 as_nobody destroy -f
else
	echo "SKIP no root: nobody cannot reach the box store at $shared"
fi
expect 3 as_nobody box build tiny
expect_text "$err" "root"
[ -z "$(find "$PROV_HOME" -type f -path '*box*')" ] || fail "a box is half-made"
