#!/bin/sh
# A command that ends at once: up says so with its exit code and its last words, status says halted.
. "$(dirname "$0")/../lib.sh"

need_box tiny
remember_host

machine() { # INIT COMMAND…
	init=$1
	shift
	printf 'prov: 1\nlab: ended\nmachines:\n  one:\n    box: tiny\n    networks: none\n    cpu_weight: 10000\n    container: { init: %s, command: [sh, -c, "%s"] }\n' \
		"$init" "$*" | lab_file
}
has_ended() { # CODE
	expect 0 prov status --json
	grep -q '"state": "halted"' "$out" && grep -q "PID 1 ended with $1" "$out"
}

# How long a host takes to start a program is its own affair: up waits for a moment only, and where the
# end came later, status says it all the same.
caught() { # CODE COMMAND…: of many, one at least ends while up looks
	code=$1
	shift
	seen=0
	for round in $(seq 100); do
		"$@" >"$out" 2>"$err" </dev/null
		got=$?
		if grep -q "PID 1 ended with $code: it is halted" "$err"; then
			seen=$round
			break
		fi
		expect_same "up that saw no end" 0 $got
		await "the end in the status" has_ended "$code"
	done
	[ $seen -gt 0 ] || fail "up never saw the end"
}

for init in auto none; do
	machine $init 'echo last words >&2; exit 3'
	caught 3 prov up
	expect_same "up of a command that fails" 1 $got
	expect_text "$err" "the end of what it printed:"
	expect_text "$err" "last words"
	expect_text "$err" "error: PID 1 ended with 3: it is halted"
	expect_text "$err" "  prov logs one@container has all that it printed"
	has_ended 3 || fail "status does not say it"

	# What ends well has done its work.
	machine $init 'exit 0'
	caught 0 prov up
	expect_same "up of a command that is done" 0 $got
	expect_text "$err" "PID 1 ended with 0: it is halted"
	expect_no_text "$err" "error"
	has_ended 0 || fail "status does not say it"
	expect 0 prov destroy -f
done

# One that stays is not taken for ended.
machine none 'exec sleep 1000'
expect 0 prov up
expect_no_text "$err" "PID 1 ended"
expect 0 prov exec one -- true
expect 0 prov destroy -f
expect_clean destroy
