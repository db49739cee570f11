#!/bin/sh
# A lab's folder: copied while its machines run, moved, deleted; and two commands in one lab at once.
. "$(dirname "$0")/../lib.sh"
need_box tiny
remember_host

lab_file <<'Y'
prov: 1
lab: folders
machines:
  web: { box: tiny, networks: none }
Y
expect 0 prov up
id=$(lab_id)
expect 0 prov exec web -- touch /var/original

cp -r "$lab" "$scratch/copy"
expect 0 "$build/prov" -C "$scratch/copy" status
expect 0 "$build/prov" -C "$scratch/copy" up
copy_id=$(cat "$scratch/copy/.prov/lab-id")
[ "$copy_id" != "$id" ] || fail "the copy has the id of the original"
expect_same "the original's id" "$id" "$(lab_id)"
expect_text "$err" "copy|copied"
expect 1 "$build/prov" -C "$scratch/copy" exec web -- test -e /var/original
expect 0 prov exec web -- test -e /var/original
expect 0 "$build/prov" -C "$scratch/copy" destroy -f
expect 0 prov exec web -- test -e /var/original

mv "$lab" "$scratch/moved"
expect 0 "$build/prov" -C "$scratch/moved" exec web -- test -e /var/original
expect_same "the moved folder's id" "$id" "$(cat "$scratch/moved/.prov/lab-id")"
expect 0 "$build/prov" -C "$scratch/moved" up
expect_text "$err" "unchanged"

# The id file is not trusted: another lab's id in it gives no access to that lab.
mkdir -p "$scratch/thief/.prov"
cp "$scratch/moved/prov.yaml" "$scratch/thief/"
echo "$id" >"$scratch/thief/.prov/lab-id"
expect 0 "$build/prov" -C "$scratch/thief" destroy -f
expect 0 "$build/prov" -C "$scratch/moved" exec web -- test -e /var/original
for bad in ../../../etc "" "$(printf 'a\nb')" "$(head -c 5000 /dev/zero | tr '\0' a)"; do
	printf %s "$bad" >"$scratch/thief/.prov/lab-id"
	"$build/prov" -C "$scratch/thief" status >"$out" 2>"$err" </dev/null
	code=$?
	[ $code -le 2 ] || fail "a bad id file ends prov with $code"
done

rm -rf "$scratch/moved"
expect 0 "$build/prov" -C / global-status
expect_text "$out" "$id"
expect 0 "$build/prov" -C / destroy --lab "$id" -f
expect_clean "destroy by id"

# Two at once: the second says who holds the lab, and both together leave a good one.
mkdir "$lab"
lab_file <<'Y'
prov: 1
machines:
  web: { box: tiny, networks: none, provision: [ { name: wait, shell: "while [ ! -e /var/go ]; do sleep 0.1; done" } ] }
Y
"$build/prov" -C "$lab" up >"$scratch/first.out" 2>&1 </dev/null &
first=$!
children=$first
await "the first up comes up" prov exec web -- true
expect 1 prov up
expect_one_error
expect_text "$err" "$first"
expect 1 prov destroy -f
expect_text "$err" "$first"
expect 0 prov status
expect 0 prov exec web -- touch /var/go
wait $first || fail "the first up failed"
children=
expect 0 prov up
expect_text "$err" "unchanged"
expect 0 prov destroy -f
expect_clean "two at once"
