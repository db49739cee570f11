# For the scripts of tests/live/isolation: attacks from inside a container made by prov, judged by
# their effect.
#
#   . "$(dirname "$0")/../../isolation.sh"
#
# A program of tests/live/isolation/attack tries what it is for and prints a line for each try: "got
# NAME …" where it succeeded, "no NAME REASON" where it did not.
# shellcheck shell=sh
. "$(dirname "$0")/../../lib.sh"
attacks=$build/attack

# Brings up `web` (KEYS: more lines for it, two spaces in) and puts the programs into it. What the
# file of the lab needs besides comes from standard input.
machine() { # BOX [KEYS]
	{
		printf 'prov: 1\nlab: isolation\nmachines:\n  web:\n    box: %s\n    networks: none\n    synced_folders: none\n' "$1"
		printf '    memory: 128MiB\n%s' "${2:+$2
}"
	} | lab_file
	expect 0 prov up
}
arm() { # MACHINE PROGRAM…
	armed=$1
	shift
	for program in "$@"; do
		[ -x "$attacks/$program" ] || fail "there is no $attacks/$program: run make test-programs"
		prov exec -i "$armed" -- sh -c "cat >/$program && chmod 755 /$program" <"$attacks/$program" 2>"$err" ||
			fail "$program cannot be put into $armed"
	done
}

# Runs a program inside; its lines are in $out.
attack() { # PROGRAM [ARG…]
	attack_program=$1
	shift
	prov exec web -- "/$attack_program" "$@" >"$out" 2>"$err" </dev/null
	tried=$(grep -Ec '^(got|no) ' "$out")
	[ "$tried" -gt 0 ] || fail "$attack_program tried nothing"
}
# All tries failed, and there were at least that many.
expect_repelled() { # WHAT LEAST
	! grep -q '^got ' "$out" || {
		grep '^got ' "$out" >"$scratch/got.out"
		: >"$out"
		fail "$1"
	}
	[ "$(grep -c '^no ' "$out")" -ge "$2" ] || fail "$1: only $(grep -c '^no ' "$out") tries of $2"
}
# The same program is dangerous where nothing holds it: on the host.
expect_armed() { # PATTERN PROGRAM [ARG…]
	armed_pattern=$1
	armed_program=$2
	shift 2
	"$attacks/$armed_program" "$@" >"$out" 2>"$err" </dev/null
	expect_text "$out" "$armed_pattern"
}

# No box, and nothing half made of one.
empty_store() { # WHAT
	left=$(find "$PROV_HOME/store" "$PROV_HOME/boxes" -mindepth 2 2>/dev/null | head -n 5)
	[ -z "$left" ] || fail "$1: left in the store: $left"
}
