#!/bin/sh
# The manual knows every command and every option that the program knows, and the examples are valid.
. "$(dirname "$0")/../lib.sh"

# Words as they stand in the page, without its font changes and escaped dashes.
sed 's/\\f[BIRP]//g; s/\\-/-/g; s/^\.[BI]R\{0,1\} //; s/"//g' "$top/docs/prov.1" >"$scratch/page"
expect 0 prov help
sed -n 's/^  \([a-z][a-z-]*\)  *.*/\1/p' "$out" >"$scratch/commands"
[ "$(wc -l <"$scratch/commands")" -ge 15 ] || fail "help lists too few commands"
while read -r c; do
	grep -Eq "(^| )$c( |\$|,)" "$scratch/page" || fail "prov.1 does not know the command '$c'"
	expect 0 prov help "$c"
	grep -oE -- '(^|[ ,])--[a-z][a-z-]*' "$out" | tr -d ' ,' | sort -u >"$scratch/options"
	while read -r o; do
		grep -qe "$o" "$scratch/page" || fail "prov.1 does not know the option '$o' of '$c'"
	done <"$scratch/options"
done <"$scratch/commands"

for e in "$top"/Vagrantfile-examples/*/; do
	expect 0 "$build/prov" -C "$e" validate
done
[ -d "$e" ] || fail "there are no examples"
for e in hello container vm multi networks ports folders volumes ansible class; do
	[ -f "$top/Vagrantfile-examples/$e/prov.yaml" ] || fail "there is no example '$e'"
done

if command -v man >/dev/null && command -v groff >/dev/null; then
	for page in "$top/docs/prov.1" "$build/prov.yaml.5"; do
		MANWIDTH=80 LC_ALL=C.UTF-8 man --warnings -l "$page" >"$out" 2>"$err" || fail "$page cannot be shown"
		[ ! -s "$err" ] || fail "$page has mistakes"
	done
else
	echo "SKIP the pages' markup: man and groff are not installed"
fi
