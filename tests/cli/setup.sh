#!/bin/sh
# tools/setup on a machine that has everything changes nothing and says nothing; without root it says so.
. "$(dirname "$0")/../lib.sh"
need_root

mkdir "$scratch/copy"
cp "$top/tools/setup" "$scratch/copy/"
chmod -R a+rX "$scratch/copy"
expect 3 setpriv --reuid 65534 --clear-groups "$scratch/copy/setup"
expect_text "$err" "root"

# What it would do is asked of programs that only tell of it.
mkdir "$scratch/bin"
for tool in apt-get groupadd; do
	printf '#!/bin/sh\necho "%s $*" >>"%s"\n' $tool "$scratch/asked" >"$scratch/bin/$tool"
done
chmod 755 "$scratch/bin"/*
: >"$scratch/asked"
expect 0 env PATH="$scratch/bin:$PATH" "$top/tools/setup"
expect_same "what there was to do" "" "$(cat "$scratch/asked")"
expect_no_text "$out" "installing"
