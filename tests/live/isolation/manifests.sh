#!/bin/sh
# Manifests and files of a lab from somebody who means ill: digests and sizes that lie, deep and huge JSON and YAML, names
# that are paths or control a terminal. A clear error within seconds and bounds of memory, and nothing made.
. "$(dirname "$0")/../../isolation.sh"
need_root
need_tool zstd prlimit
remember_host

# What a hostile file may cost: an address space of 512 MiB and a minute.
bounded() { prlimit --as=536870912 timeout 300 "$build/prov" -C "$lab" "$@"; }
printable() { # WHAT
	! LC_ALL=C grep -q '[[:cntrl:]]' "$err" || fail "$1: control characters in the error"
	[ "$(wc -c <"$err")" -lt 4000 ] || fail "$1: an error of $(wc -c <"$err") bytes"
}
nothing_made() { # WHAT
	empty_store "$1"
	[ ! -e "$scratch/escaped" ] || fail "$1: made outside"
}

# An honest box, taken apart: its manifest is changed, the rest stays.
mkdir -p "$scratch/tree/etc" && echo hello >"$scratch/tree/etc/motd"
tar -C "$scratch/tree" -cf "$scratch/small.tar" .
expect 0 prov box add "$scratch/small.tar" --name small
expect 0 prov box export small "$scratch/small.box"
expect 0 prov box remove small
mkdir "$scratch/parts"
tar -C "$scratch/parts" -xf "$scratch/small.box"
cp "$scratch/parts/box.json" "$scratch/good.json"
members=$(tar -tf "$scratch/small.box" | grep -v '^box.json$')
pack() {
	# shellcheck disable=SC2086
	tar -C "$scratch/parts" -cf "$scratch/evil.box" box.json $members
}
pack
expect 0 bounded box add "$scratch/evil.box"
expect 0 prov box remove small
nothing_made "an honest box"

refused() { # WHAT: the manifest that lies in parts/
	pack
	bounded box add "$scratch/evil.box" >"$out" 2>"$err" </dev/null
	code=$?
	[ $code -eq 1 ] || [ $code -eq 2 ] || fail "$1: exit $code instead of an error"
	expect_one_error
	printable "$1"
	nothing_made "$1"
}
changed() { # WHAT SED-SCRIPT
	sed "$2" "$scratch/good.json" >"$scratch/parts/box.json"
	! cmp -s "$scratch/good.json" "$scratch/parts/box.json" || fail "$1: the manifest is as it was"
	refused "$1"
}
changed "another digest" 's/"sha256": *"[0-9a-f]\{8\}/"sha256": "00000000/'
changed "a short digest" 's/"sha256": *"[0-9a-f]\{8\}/"sha256": "/'
changed "a digest that is a path" 's|"sha256": *"[0-9a-f]*"|"sha256": "../../../../escaped"|'
changed "a negative size" 's/"size": *[0-9]*/"size": -1/'
changed "an endless size" 's/"size": *[0-9]*/"size": 9223372036854775807/'
changed "a size beyond numbers" 's/"size": *[0-9]*/"size": 99999999999999999999999/'
for name in ../escaped /escaped a/../../escaped 'a\\u0000b' 'a\\u001b[2J' 'a\\nb' '' . .. 'a b' 'a/b/c/d' -f "$(printf 'x%.0s' $(seq 300))"; do
	changed "the name '$name'" "s|\"name\": *\"[^\"]*\"|\"name\": \"$name\"|"
done
changed "a later schema" 's/"schema": *1/"schema": 2/'
changed "a schema that is text" 's/"schema": *1/"schema": "1"/'
{
	printf '{"schema":1,"x":'
	head -c 2000000 /dev/zero | tr '\0' '['
} >"$scratch/parts/box.json"
refused "deep JSON"
{
	printf '{"schema":1,"name":"'
	head -c 30000000 /dev/zero | tr '\0' a
	printf '"}'
} >"$scratch/parts/box.json"
refused "huge JSON"
head -c 5000 /dev/urandom >"$scratch/parts/box.json"
refused "noise"
printf '{"schema":1}\000{"schema":1}' >"$scratch/parts/box.json"
refused "two values with a NUL between"

# The lab's file.
lab_refused() { # WHAT: the file is there
	for verb in validate up; do
		bounded $verb >"$out" 2>"$err" </dev/null
		code=$?
		[ $code -eq 2 ] || fail "$1: $verb exits $code, not 2"
		[ -s "$err" ] || fail "$1: no error"
		printable "$1"
	done
	[ ! -e "$lab/.prov" ] || fail "$1: a lab was made"
}
{
	echo 'prov: 1'
	echo 'vars: {a: &a [x, x, x, x, x, x, x, x, x, x],'
	for step in b:a c:b d:c e:d f:e g:f h:g i:h; do
		to=${step%:*} from=${step#*:}
		echo "  $to: &$to [*$from, *$from, *$from, *$from, *$from, *$from, *$from, *$from, *$from],"
	done
	echo '  z: 1}'
	echo 'machines: {web: {box: tiny}}'
} | lab_file
lab_refused "a bomb of aliases"
printf 'prov: 1\nmachines: &m\n  web: *m\n' | lab_file
lab_refused "an alias of what holds it"
{
	printf 'prov: 1\nmachines: '
	head -c 100000 /dev/zero | tr '\0' '['
} | lab_file
lab_refused "deep YAML"
{
	printf 'prov: 1\nmachines:\n'
	seq -f '  m%.0f: {box: tiny, bx: 1}' 1 20000
} | lab_file
bounded validate >"$out" 2>"$err" </dev/null && fail "20,000 machines with a wrong key are accepted"
{
	printf 'prov: 1\nlab: '
	head -c 50000000 /dev/zero | tr '\0' a
} | lab_file
lab_refused "huge YAML"
for name in ../escaped a/b . .. '"a\0b"' '"a\eb"' '"a\nb"' "''" "$(printf 'x%.0s' $(seq 70))" -rf; do
	printf 'prov: 1\nmachines:\n  ? %s\n  : {box: tiny, networks: none}\n' "$name" | lab_file
	lab_refused "the machine '$name'"
	printf 'prov: 1\nlab: %s\nmachines: {web: {box: tiny, networks: none}}\n' "$name" | lab_file
	[ "$name" = "''" ] || lab_refused "the lab '$name'"
done
for box in '../../etc\0' '"a\0b"' '"a\eb"' 'a/../../b' '"tiny\n"'; do
	printf 'prov: 1\nmachines: {web: {box: %s, networks: none}}\n' "$box" | lab_file
	bounded up >"$out" 2>"$err" </dev/null && fail "the box '$box' is accepted"
	printable "the box '$box'"
	[ ! -e "$lab/.prov" ] || fail "the box '$box': a lab was made"
done
nothing_made "the lab's file"
expect_clean manifests
