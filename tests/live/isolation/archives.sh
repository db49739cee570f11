#!/bin/sh
# Layers and archives from somebody who means ill (CVE-2024-23652, 2026-17106 and kin): a clear error, nothing outside,
# nothing half-made in the store; what is taken in anyway has no effect beyond the box. Details: tests/unit/boxes.
. "$(dirname "$0")/../../isolation.sh"
need_root
need_tool gzip xz zstd setpriv
[ -x "$attacks/mktar" ] || fail "there is no mktar: run make test-programs"
remember_host
homes=$PROV_HOME

canary=$scratch/canary
mkdir -p "$canary" "$PROV_HOME"
chmod 711 "$PROV_HOME"
echo alive >"$canary/file"
state() {
	find "$canary" -printf '%p %m %u %n %s %y\n' | sort
	cat "$canary/file"
	stat -c '%n %a %u %s' /etc/passwd /etc/shadow /dev/null
	ls -A /
}
state >"$scratch/before.state"
unharmed() { # WHAT
	state >"$scratch/after.state"
	cmp -s "$scratch/before.state" "$scratch/after.state" || fail "$1: something outside has changed"
}
refused() { # WHAT FILE [PATTERN]
	timeout 300 "$build/prov" box add "$2" --name evil >"$out" 2>"$err" </dev/null
	code=$?
	[ $code -eq 1 ] || fail "$1: exit $code instead of an error"
	expect_one_error
	expect_text "$err" "${3:-.}"
	! LC_ALL=C grep -q '[[:cntrl:]]' "$err" || fail "$1: control characters in the error"
	unharmed "$1"
	empty_store "$1"
}
evil() { # WHAT ENTRY…
	what=$1
	shift
	printf '%s\n' "$@" | "$attacks/mktar" >"$scratch/evil.tar"
	refused "$what" "$scratch/evil.tar" 'refused|hard link|replace'
}
e() { # an entry a line
	printf '%s\n' "$@"
}

# Positive control: the writer makes archives that are taken in.
e 'dir etc - 755' 'file etc/passwd 3' 'link bin usr/bin' 'hard h etc/passwd' | "$attacks/mktar" >"$scratch/good.tar"
expect 0 prov box add "$scratch/good.tar" --name good
expect 0 prov box remove good
empty_store "a good box"

evil "a name with .." 'file ../canary/x 1'
evil "a name with .. within" 'file a/../../canary/x 1'
evil "an absolute name" "file $canary/x 1"
evil "two slashes" "file /$canary/x 1"
evil "the folder above" 'dir ..'
evil "through an absolute link" "link l $canary" 'file l/x 1'
evil "through a relative link" 'link l ../../../../../../../../../..'"$canary" 'file l/x 1'
evil "through two links" 'link a b' "link b $canary" 'file a/x 1'
evil "a folder through a link" "link l $canary" 'dir l/d'
evil "a folder that becomes a link" 'dir d' "link d $canary" 'file d/x 1'
e "link l $canary/file" 'hard h l' 'file h 9' >"$scratch/entries"
"$attacks/mktar" <"$scratch/entries" >"$scratch/evil.tar"
prov box add "$scratch/evil.tar" --name evil >"$out" 2>"$err" </dev/null && expect 0 prov box remove evil
unharmed "a hard link to a link"
evil "a hard link outside" "hard h $canary/file" 'file h 9'
evil "a hard link up" 'hard h ../../../../../../../../../../etc/shadow'
evil "a hard link to the host's" 'hard h /etc/shadow'
evil "a hard link through a link" "link l $canary" 'hard h l/file'
evil "a disk" 'block disk 254:0'
evil "a character device" 'char kmsg 1:11'
evil "a device through a link" 'dir dev' 'link dev2 dev' 'block dev2/sda 8:0'
evil "a device below a linked /dev" "link dev $canary" 'block dev/sda 8:0'
evil "a line break" 'file a%0ab/../../../x 1'
evil "a terminal's sequence" 'file %1b[2J/../../x 1'
evil "dots in another spelling" 'file usr/%2e%2e/%2e%2e/x 1'

# setuid and devices below /dev: what a box may have, the host must not feel.
e 'dir bin' 'file bin/su 100 4755' 'file bin/wall 5 2755' 'dir dev' 'block dev/sda 8:0' 'char dev/kmsg 1:11' | "$attacks/mktar" >"$scratch/suid.tar"
expect 0 prov box add "$scratch/suid.tar" --name suid
[ -z "$(find "$PROV_HOME" \( -type b -o -type c \) -print -quit)" ] || fail "the store has a device"
setuid=$(find "$PROV_HOME" -name su -type f)
[ -n "$setuid" ] || fail "the setuid program is not in the store"
setpriv --reuid 65534 --regid 65534 --clear-groups test -x "$setuid" && fail "anybody on the host can run the box's setuid program"
expect 0 prov box remove suid

# Marks of deleted files belong to layers. In a box's tree they are plain names, or refused; never do they delete.
for mark in '.wh..wh..opq' '.wh.file' '.wh...' '.wh..' '.wh.%2e%2e' '.wh.'; do
	e 'dir d' "file d/keep 1" "link l $canary" "file d/$mark 0" "file l/$mark 0" | "$attacks/mktar" >"$scratch/evil.tar"
	prov box add "$scratch/evil.tar" --name evil >"$out" 2>"$err" </dev/null && expect 0 prov box remove evil
	unharmed "$mark"
	empty_store "$mark"
done
# Overlay's own marks would open what lies below.
if command -v setfattr >/dev/null; then
	for attribute in trusted.overlay.opaque trusted.overlay.redirect user.overlay.redirect trusted.overlay.metacopy; do
		rm -rf "$scratch/x" && mkdir "$scratch/x" && echo x >"$scratch/x/f"
		setfattr -n $attribute -v / "$scratch/x/f" 2>/dev/null || continue
		tar -C "$scratch/x" --xattrs --xattrs-include='*' -cf "$scratch/evil.tar" .
		prov box add "$scratch/evil.tar" --name evil >"$out" 2>"$err" </dev/null && {
			getfattr -R -d -m 'overlay' "$PROV_HOME/store" >"$out" 2>/dev/null
			expect_no_text "$out" 'overlay'
			expect 0 prov box remove evil
		}
	done
fi

# Bombs: 1,000:1 and beyond, and more names than any system has.
e 'file zeros 400000000' | "$attacks/mktar" | gzip -9 >"$scratch/bomb.tar.gz"
[ "$(stat -c %s "$scratch/bomb.tar.gz")" -lt 500000 ] || fail "that is no bomb"
refused "a bomb" "$scratch/bomb.tar.gz" 'bomb'
e 'file zeros 400000000' | "$attacks/mktar" | zstd -q >"$scratch/bomb.tar.zst"
refused "a denser bomb" "$scratch/bomb.tar.zst" 'bomb'
gzip -9 <"$scratch/bomb.tar.gz" | zstd -q >"$scratch/twice.tar.gz.zst"
refused "a bomb in a wrapping" "$scratch/twice.tar.gz.zst" '.'
# A million is refused (tests/unit/boxes/test_unpack.c); ten thousand are taken in, and go again.
e 'many n 10000' | "$attacks/mktar" | gzip -1 >"$scratch/names.tar.gz"
expect 0 timeout 300 "$build/prov" box add "$scratch/names.tar.gz" --name names
expect 0 prov box remove names
empty_store "many names"
e "many $(printf 'd/%.0s' $(seq 60))f 1" | "$attacks/mktar" >"$scratch/deep.tar"
prov box add "$scratch/deep.tar" --name deep >"$out" 2>"$err" </dev/null && expect 0 prov box remove deep
empty_store "a deep tree"
: >"$scratch/nothing.tar"
refused "an empty file" "$scratch/nothing.tar" 'empty|archive'
head -c 65536 /dev/urandom >"$scratch/noise.tar"
refused "noise" "$scratch/noise.tar"

# Cut off and with bits that flipped: an error or the box, nothing else; two places of each compression.
mkdir "$scratch/tree"
cp -r "$top"/docs "$top"/Makefile "$scratch/tree/"
for pack in gzip xz zstd; do
	tar -C "$scratch/tree" -c . | $pack -q >"$scratch/whole.tar.z"
	size=$(stat -c %s "$scratch/whole.tar.z")
	for i in 1 3; do
		head -c $((size * i / 5)) "$scratch/whole.tar.z" >"$scratch/cut.tar.z"
		refused "$pack, cut at $i/5" "$scratch/cut.tar.z"
		cp "$scratch/whole.tar.z" "$scratch/flip.tar.z"
		byte=$(od -An -tu1 -j $((size * i / 5)) -N1 "$scratch/whole.tar.z")
		# shellcheck disable=SC2059
		printf "$(printf '\\%03o' $((byte ^ 16)))" | dd of="$scratch/flip.tar.z" bs=1 seek=$((size * i / 5)) conv=notrunc status=none
		refused "$pack, flipped at $i/5" "$scratch/flip.tar.z"
	done
done
# Ended in the middle: the next command finds a store without it, or with all of it.
timeout -s KILL 0.05 "$build/prov" box add "$scratch/names.tar.gz" --name evil >/dev/null 2>&1 </dev/null
expect 0 prov box list
if grep -q evil "$out"; then
	expect 0 prov box verify evil
	expect 0 prov box remove evil
fi
expect 0 prov box add "$scratch/good.tar" --name good
expect 0 prov box remove good
unharmed "all of it"
expect_clean archives
