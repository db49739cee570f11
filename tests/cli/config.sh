#!/bin/sh
# Wrong files: every problem in one run with its place, exit code 2, and nothing made.
. "$(dirname "$0")/../lib.sh"

nothing_made() {
	[ ! -e "$lab/.prov" ] || fail "$1: .prov was made"
	[ ! -e "$PROV_HOME/labs" ] || fail "$1: a lab was made"
}
refused() { # WHAT PATTERN… : validate and up both refuse
	what=$1
	shift
	for verb in validate up; do
		expect 2 prov $verb
		for pattern in "$@"; do
			expect_text "$err" "$pattern"
		done
		[ ! -s "$out" ] || fail "$what: output beside the error"
	done
	nothing_made "$what"
}

expect 2 prov validate
expect_text "$err" "prov.yaml"
expect_text "$err" "prov init"
expect 2 prov up
nothing_made "no file"

lab_file <<'Y'
prov: 1
machines:
  web:
    box: tiny
    memry: 512MiB
    cpus: [1]
    memory: 512MB
Y
refused "three problems" '5:5: .*memry' 'did you mean.*memory' '6:[0-9]+: .*cpus' '7:[0-9]+: .*512MB' 'MiB'
[ "$(grep -Ec '^[^ ]*[0-9]+:[0-9]+: ' "$err")" -eq 3 ] || fail "not three problems with their places"

printf 'prov: 1\nmachines:\n  ../../etc:\n    box: tiny\n' | lab_file
refused "a name with ../" '3:3: .*\.\./'
printf 'prov: 1\nmachines:\n  web:\n    box: ../../etc\n    provider: [container, lxd]\n' | lab_file
refused "an unknown provider" '5:[0-9]+: .*lxd'
printf 'prov: 1\nlab: Not_A_Label\nmachines: {web: {box: tiny}}\n' | lab_file
refused "a bad lab name" '2:[0-9]+: .*Not_A_Label'
printf 'prov: 2\nmachines: {web: {box: tiny}}\n' | lab_file
refused "a newer format" '1:[0-9]+: .*2' 'newer'
printf 'prov: 1\nmachines: {web: {box: tiny, on_boot: true}}\n' | lab_file
refused "a key that comes later" 'on_boot.*not supported yet'
printf 'prov: 1\nmachines:\n  web: {box: tiny}\n  web: {box: tiny}\n' | lab_file
refused "a duplicate key" '4:[0-9]+: .*web'
printf 'prov: 1\nmachines:\n\tweb: {box: tiny}\n' | lab_file
refused "a tab" '3:[0-9]+: '
printf 'prov: 1\nmachines: {web: {box: "\377\376"}}\n' | lab_file
refused "invalid UTF-8" 'prov.yaml|UTF-8|2:'
printf 'prov: 1\nmachines: {a: {box: tiny, depends_on: [b]}, b: {box: tiny, depends_on: [a]}}\n' | lab_file
refused "a circle" 'depends_on'
: | lab_file
refused "an empty file" 'empty'

# What no container can be is refused at its place as well, all in the same run.
lab_file <<'Y'
prov: 1
defaults: {box: tiny, cpuset: "0-4095"}
machines:
  many: {count: 3}
  web:
    cpuset: "0"
    container:
      devices: [/dev/null, /dev/prov-nope]
  cap:
    cpuset: "0"
    container: {capabilities: {add: [NET_RAW], drop: [CHOWN, cap_net_raw]}}
  low: {cpuset: "0", memory: 1MiB}
Y
expect 2 prov validate
expect_text "$err" '^prov.yaml:2:31: many-1@container: cpuset: .*CPUs that are not here'
expect_text "$err" "^prov.yaml:8:28: web@container: container.devices: this host has no device '/dev/prov-nope'"
expect_text "$err" "^prov.yaml:11:62: cap@container: container.capabilities: 'cap_net_raw' is in add and in drop"
expect_text "$err" '^prov.yaml:12:30: low@container: memory: a container needs at least 4MiB'
expect_text "$err" '^prov: prov.yaml: 4 problems'
[ "$(grep -Ec '^[^ ]*[0-9]+:[0-9]+: ' "$err")" -eq 4 ] || fail "not four problems"
nothing_made "what providers refuse"

printf 'prov: 1\nmachines: {web: {box: tiny}}\n' | lab_file
cp "$lab/prov.yaml" "$lab/prov.yml"
refused "two files" 'prov.yml'
rm "$lab/prov.yml"

# A box that is not there makes no file wrong, but is not kept back.
expect 0 prov validate
if [ "$(id -u)" -eq 0 ]; then expect_text "$err" "^note: there is no box 'tiny'$"; fi
printf 'prov: 1\nmachines:\n' | lab_file
expect 0 prov up
expect_text "$err" "^note: lab 'lab' has no machine$"
printf 'prov: 1\nmachines: {web: {box: tiny, autostart: false}}\n' | lab_file
expect 0 prov up
expect_text "$err" "^note: lab 'lab' has no machine that comes up without being named$"
nothing_made "up of nothing"
# Both kinds of one machine could not have the port; each is compared for itself.
printf 'prov: 1\nmachines: {web: {box: tiny, ports: ["8080:80"]}}\n' | lab_file
expect 2 prov compare web --kinds frob
expect_text "$err" "there is no kind 'frob'"
expect 2 prov compare wbe
expect_one_error
expect_text "$err" "there is no machine 'wbe'"
printf 'prov: 1\nmachines: {web: {box: tiny, networks: host}}\n' | lab_file
expect 2 prov compare web
expect_text "$err" "^prov.yaml:2:[0-9]+: .*host"
expect_text "$err" "hint: compare reads the file as if all of it said 'provider: kvm'"
printf 'prov: 1\nmachines: { web: { box: tiny, networks: none, memory: 900TiB } }\n' | lab_file
expect 0 prov validate
expect_text "$err" "note: 'memory' of 'web@container' is .*, more than this host has: "
printf 'prov: 1\nmachines: {web: {box: tiny}}\n' | lab_file
expect 2 prov validate --file "$lab/absent.yaml"
expect_text "$err" "absent.yaml"
mkdir -p "$lab/deep/er"
expect 0 "$build/prov" -C "$lab/deep/er" validate
expect 2 prov status nosuch
expect_one_error
expect_text "$err" "nosuch"
expect 2 prov up --provider lxd
expect_text "$err" "lxd"
nothing_made "no command"

# What grows without bound is refused in bounded time and memory.
awk 'BEGIN {print "prov: 1"; print "machines:"; for (i = 0; i < 700000; i++) print "  m" i ": {box: tiny}"}' | lab_file
expect 2 timeout 300 "$build/prov" -C "$lab" validate
{
	printf 'prov: 1\na0: &a0 [x,x,x,x,x,x,x,x,x,x]\n'
	for i in 1 2 3 4 5 6 7 8 9; do
		p="*a$((i - 1))"
		echo "a$i: &a$i [$p,$p,$p,$p,$p,$p,$p,$p,$p,$p]"
	done
} | lab_file
expect 2 timeout 300 "$build/prov" -C "$lab" validate
awk 'BEGIN {printf "prov: "; for (i = 0; i < 100000; i++) printf "["}' | lab_file
expect 2 timeout 300 "$build/prov" -C "$lab" validate
