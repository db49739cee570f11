#!/bin/sh
# tests/run itself: what it counts, and that the reason of a failure can be read where only the end of
# the output is shown.
. "$(dirname "$0")/../lib.sh"
run() {
	env -u PROV_TEST_MUST_RUN "$top/tests/run" "$@"
}
t=$scratch/t
mkdir "$t"
script() { # NAME, the script on standard input
	cat >"$t/$1.sh"
}
script good <<'S'
echo fine
S
script partly <<'S'
echo "SKIP one case: no hardware"
S
script skipped <<'S'
echo "SKIP no podman here"
exit 77
S
script early <<'S'
echo "DIFFERENT: the first: thing"
echo "  crun: 1"
for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do echo "line $i"; done
echo "FAILED: the second"
echo "FAILED: the third"
exit 1
S
script silent <<'S'
echo "the only word"
exit 5
S
script slow <<'S'
# time limit: 1
exec sleep 60
S
# As a Check program prints it.
cat >"$t/unit" <<'S'
#!/bin/sh
echo "Running suite(s): x"
echo "50%: Checks: 4, Failures: 1, Errors: 1"
echo "tests/unit/x.c:12:F:x:the_test:0: Assertion 'a == b' failed: a == 1, b == 2"
echo "tests/unit/x.c:19:E:x:another:0: (after this point) Received signal 11"
exit 1
S
chmod 755 "$t/unit"

expect 0 run "$t/good.sh"
expect_same "of one" "1 passed, 0 failed, 0 skipped" "$(tail -n 1 "$out")"
expect_no_text "$out" fine
expect 0 run "$t/good.sh" "$t/partly.sh" "$t/skipped.sh"
expect_text "$out" 'skipped.sh: no podman here'
expect_text "$out" 'partly.sh: one case: no hardware'
expect_same "skips" "2 passed, 0 failed, 2 skipped" "$(tail -n 1 "$out")"
expect 1 env PROV_TEST_MUST_RUN=1 "$top/tests/run" "$t/partly.sh" "$t/skipped.sh"
expect_text "$out" '2 failed, 0 skipped$'

expect 1 run "$t/early.sh" "$t/silent.sh" "$t/unit" "$t/good.sh"
expect_same "failures" "3 passed, 4 failed, 0 skipped" "$(tail -n 1 "$out")"
sed -n '/^failed:$/,$p' "$out" >"$scratch/end.out"
expect_same "the end" "failed:
  $t/early.sh (exit 1)
    DIFFERENT: the first: thing
    FAILED: the second
    and 1 more
  $t/silent.sh (exit 5)
    the only word
  $t/unit (exit 1)
    tests/unit/x.c:12:F:x:the_test:0: Assertion 'a == b' failed: a == 1, b == 2
    tests/unit/x.c:19:E:x:another:0: (after this point) Received signal 11" "$(sed '$d' "$scratch/end.out")"
sed -n '/^FAIL .*early/,/^FAIL .*silent/p' "$out" >"$scratch/early.out"
expect_same "the reasons come first" "DIFFERENT: the first: thing/  crun: 1/FAILED: the second" \
	"$(sed -n '2,4s/^      //p' "$scratch/early.out" | paste -sd/)"
[ "$(wc -l <"$scratch/early.out")" -lt 18 ] || fail "a failure is too long"

expect 1 run "$t/slow.sh"
expect_text "$out" 'no end within 1 s'
