#!/bin/sh
# Building a box is whole or nothing: interrupted, killed, and on a full disk.
. "$(dirname "$0")/../lib.sh"
need_root
for tool in busybox mmdebstrap apt-get; do
	command -v $tool >/dev/null || skip "$tool is not installed"
done
remember_host
TMPDIR=$scratch/tmp
export TMPDIR
mkdir "$TMPDIR"
# No recipe stumbles over a space in the path.
PROV_HOME="$scratch/my home"

expect_no_box() { # AFTER WHAT
	expect 0 prov box list
	expect_no_text "$out" tiny
	left=$(find "$PROV_HOME" -type f ! -name lock 2>/dev/null | head -n 5)
	[ -z "$left" ] || fail "$1: left in the home: $left"
	left=$(ls -A "$TMPDIR")
	[ -z "$left" ] || fail "$1: left in TMPDIR: $left"
}
# It hears SIGINT when it returns.
begin_build() {
	"$build/prov" box build tiny >"$scratch/build.out" 2>&1 </dev/null &
	pid=$!
	children=$pid
	await "the build hears SIGINT" grep -Eq '^SigCgt:.*[2367abef]$' "/proc/$pid/status"
}
pause() { # MILLISECONDS
	sleep "$(printf '%d.%03d' $(($1 / 1000)) $(($1 % 1000)))"
}

begun=$(date +%s%N)
expect 0 prov box build tiny
span=$((($(date +%s%N) - begun) / 1000000))
expect 0 prov box inspect tiny --json
digest=$(grep '"digest"' "$out" | sort)
expect 0 prov box verify tiny
# At most 6 MB beside the kernel.
bytes=$(awk -F'[:,]' '/"kind"/ {k = $2} /"size"/ && k !~ /kernel|rootfs/ && k {s += $2; k = ""} END {print s + 0}' "$out" 2>/dev/null)
[ "${bytes:-0}" -le 6000000 ] || fail "tiny has $bytes bytes beside its kernel"
expect 0 prov box remove tiny
expect_no_box "remove"

for percent in 5 30 60 85; do
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		begin_build
		pause $((span * percent / 100))
		kill -INT $pid 2>/dev/null
		wait $pid
		code=$?
		[ $code -eq 0 ] || break
		# A build that has its packages already is done earlier.
		expect 0 prov box remove tiny
		span=$((span / 2))
	done
	[ $code -eq 130 ] || {
		cp "$scratch/build.out" "$out"
		fail "SIGINT at $percent %: exit $code, not 130"
	}
	expect_no_box "SIGINT at $percent %"
done
expect_clean "the interrupted builds"

# Nobody cleans up after kill -9, but nothing half-made is taken for a box, and the next build works.
begin_build
pause $((span / 2))
kill -KILL $pid 2>/dev/null
wait $pid
expect 0 prov box list
if grep -q tiny "$out"; then # it was done
	expect 0 prov box verify tiny
	expect 0 prov box remove tiny
fi
expect 0 prov box build tiny
expect 0 prov box inspect tiny --json
expect_same "the same box again" "$digest" "$(grep '"digest"' "$out" | sort)"
expect 0 prov box remove tiny
expect_no_box "kill -9, build and remove"
children=

# A disk that is full: a small file system of its own, gone with its namespace.
mkdir -p "$scratch/small"
cat >"$scratch/full.sh" <<'S'
mount -t tmpfs -o size=12m none "$1" || exit 99
export PROV_HOME="$1/home"
"$2/prov" box build tiny
code=$?
find "$1" -type f | sed 's/^/LEFT /'
exit $code
S
expect 1 unshare -m --propagation private sh "$scratch/full.sh" "$scratch/small" "$build"
expect_text "$err" "[Nn]o space"
expect_no_text "$out" LEFT
expect_clean "a full disk"

# A raw disk for which there is no room is refused before a byte is written; what is only zeros in it takes none.
cat >"$scratch/disk.sh" <<'S'
mount -t tmpfs -o size=12m none "$1" || exit 99
export PROV_HOME="$1/home"
"$2/prov" box add --name foreign-test/big "$3"
code=$?
find "$1" -type f | sed 's/^/LEFT /'
exit $code
S
raw_disk() { # FILE SOURCE
	head -c 30M "$2" >"$1"
	printf '\125\252' | dd of="$1" bs=1 seek=510 conv=notrunc 2>/dev/null
}
raw_disk "$scratch/full.img" /dev/urandom
expect 1 unshare -m --propagation private sh "$scratch/disk.sh" "$scratch/small" "$build" "$scratch/full.img"
expect_text "$err" "no space left in '$scratch/small/home': the disk needs 32 MiB, 1[12] MiB are free"
expect_text "$err" "make room, remove a box \(prov box remove\), or set PROV_HOME to another disk"
expect_no_text "$out" LEFT
raw_disk "$scratch/zeros.img" /dev/zero
expect 0 unshare -m --propagation private sh "$scratch/disk.sh" "$scratch/small" "$build" "$scratch/zeros.img"
expect_text "$out" "LEFT .*\.qcow2$"
