#!/bin/sh
# A container's whole life, without a network: up, exec, status, halt, up, reload, destroy, and nothing is left.
. "$(dirname "$0")/../lib.sh"
need_box tiny
remember_host

lab_file <<'Y'
prov: 1
machines:
  web:
    box: tiny
    networks: none
    memory: 64MiB
    env: { GREETING: "hello world" }
    provision:
      - name: mark
        shell: |
          echo "ran as $(id -un)"
          echo run >>/var/ran
      - name: each-time
        shell: echo again >>/var/again
        run: always
      - name: note
        file: { source: note.txt, destination: /srv/note.txt, mode: "0640" }
Y
printf 'one\ntwo\n' >"$lab/note.txt"

expect 0 prov plan
expect_text "$out" 'web@container'
[ ! -e "$lab/.prov" ] || fail "plan made something"

expect 0 prov up
expect_text "$err" "ran as root"
expect_same state "web@container running" "$(states)"
expect 0 prov status --json
expect_text "$out" '"schema": *1'
expect_text "$out" '"ready": *true'
expect_text "$out" '"in_file": *true'
expect_text "$out" '"box": *"tiny"'

expect 0 prov exec web -- cat /srv/note.txt
expect_same "the file" "one
two" "$(cat "$out")"
expect 0 prov exec web -- stat -c %a /srv/note.txt
expect_same mode 640 "$(cat "$out")"
expect 0 prov exec web -- uname -r
expect_same kernel "$(uname -r)" "$(cat "$out")"
expect 0 prov exec web -- hostname
expect_same hostname web-container "$(cat "$out")"
expect 0 prov exec web -- sh -c 'echo $GREETING'
expect_same env "hello world" "$(cat "$out")"
expect 0 prov exec web@container -- cat /proc/1/comm
expect_same "PID 1" prov-init "$(cat "$out")"

# Exit codes, signals, streams, options.
expect 7 prov exec web@container -- sh -c 'exit 7'
expect 127 prov exec web -- nosuchcommand
expect 126 prov exec web -- /etc
expect 137 prov exec web -- sh -c 'kill -KILL $$'
expect 143 prov exec web -- sh -c 'kill -TERM $$'
expect 0 prov exec web -- sh -c 'echo to-out; echo to-err >&2'
expect_same stdout to-out "$(cat "$out")"
expect_same stderr to-err "$(cat "$err")"
expect_same stdin 6 "$(printf 'a b\nc\n' | prov exec -i web -- wc -c | tr -d ' ')"
expect 0 prov exec -w /srv -e 'K=a b' -u tiny web -- sh -c 'pwd; echo "$K"; id -un'
expect_same "options" "/srv
a b
tiny" "$(cat "$out")"
expect 126 prov exec -w /nosuch web -- true
expect 125 prov exec -u nosuch web -- true
expect_text "$err" "there is no user 'nosuch'"
for user in tiny:tty 1000:5 tiny:5 1000:tty; do
	expect 0 prov exec -u $user web -- sh -c 'id -u; id -g; id -G; echo "$USER"; grep "^Groups:" /proc/self/status | tr -d "\t "'
	expect_same "exec -u $user" "1000 5 5 tiny Groups:" "$(tr '\n' ' ' <"$out" | sed 's/ $//')"
done
expect 0 prov exec -u 4321:8765 web -- sh -c 'echo $(id -u) $(id -g) $(id -G)'
expect_same "a user without a name" "4321 8765 8765" "$(cat "$out")"
expect 125 prov exec -u tiny:nosuch web -- true
expect_text "$err" "there is no group 'nosuch' in the machine"
K=mine expect 0 prov exec -e K web -- sh -c 'echo "$K"'
expect_text "$out" '^mine$'
expect 125 prov exec -e NOSUCHVARIABLE web -- true
expect_text "$err" "'NOSUCHVARIABLE' has no '='"
prov exec web -- sh -c 'echo lost; exit 9' >&-
expect_same "a closed standard output" 9 $?
expect 0 prov exec web -- echo -u -w -- x
expect_same "operands" "-u -w -- x" "$(cat "$out")"
head -c 3000000 /dev/urandom >"$scratch/bytes"
prov exec -i web -- cat <"$scratch/bytes" | cmp - "$scratch/bytes" || fail "bytes are lost on the way"
expect 5 prov ssh web -c 'exit 5'

# Again: nothing changes, and it says so.
pid=$(prov exec web -- sh -c 'cat /proc/sys/kernel/random/boot_id; cut -d" " -f22 /proc/1/stat')
expect 0 prov exec web -- cat /var/ran
expect_same "the script ran" run "$(cat "$out")"
expect 0 prov up
expect_text "$err" "unchanged"
expect_same "still the same process" "$pid" "$(prov exec web -- sh -c 'cat /proc/sys/kernel/random/boot_id; cut -d" " -f22 /proc/1/stat')"
expect 0 prov exec web -- cat /var/ran
expect_same "the script ran once" run "$(cat "$out")"
expect 0 prov exec web -- cat /var/again
[ "$(wc -l <"$out")" -eq 2 ] || fail "run: always ran $(wc -l <"$out") times in two ups"

expect 0 prov halt
expect_same state "web@container halted" "$(states)"
expect 125 prov exec web -- true
expect 0 prov halt
expect_text "$err" "unchanged"
expect 0 prov up
expect 0 prov exec web -- cat /var/ran
expect_same "disk kept, script not run again" run "$(cat "$out")"
expect 0 prov reload
expect_same state "web@container running" "$(states)"
expect 0 prov provision
expect 0 prov exec web -- cat /var/ran

# The journal is enough: without the file it can be stopped and removed from anywhere.
id=$(lab_id)
[ -n "$id" ] || fail "there is no lab id"
expect 0 prov global-status
expect_text "$out" "$id"
mv "$lab/prov.yaml" "$scratch/kept.yaml"
expect 0 prov exec web -- true
expect 0 "$build/prov" -C / halt --lab "$id"
expect 0 "$build/prov" -C / destroy --lab "$id" -f
[ ! -e "$lab/.prov" ] || fail "destroy left .prov in the folder"
expect_clean destroy
mv "$scratch/kept.yaml" "$lab/prov.yaml"

# A machine that left the file is reported, and goes when told.
expect 0 prov up
printf 'prov: 1\nmachines: {other: {box: tiny, networks: none}}\n' | lab_file
expect 0 prov up
expect_text "$err" "web@container.*no longer"
expect 0 prov up --remove-orphans
expect_same state "other@container running" "$(states)"
expect 0 prov destroy -f

# A count that went down is no orphan: up destroys the highest numbers, as plan and status say before.
nodes() { printf 'prov: 1\nmachines: {node: {box: tiny, networks: none, count: %d}}\n' "$1" | lab_file; }
nodes 3
expect 0 prov up
nodes 1
for what in plan "plan node-1"; do
	# shellcheck disable=SC2086
	expect 0 prov $what
	expect_same "$what" "node-2@container node-3@container" \
		"$(sed -n 's/: is destroyed (count went down)$//p' "$out" | tr '\n' ' ' | sed 's/ $//')"
done
expect 0 prov plan --json
expect_same "destroyed in JSON" 2 "$(grep -c '"destroyed": true' "$out")"
expect 0 prov status
expect_text "$out" '^node-3@container +running .*count went down, prov up destroys it$'
expect 0 prov up
expect_text "$err" "count went down: node-2@container is destroyed"
expect_same state "node-1@container running" "$(states)"
expect 0 prov destroy -f
expect_clean "the second destroy"
