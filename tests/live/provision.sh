#!/bin/sh
# A failing script stops its machine, the others go on, dependants are skipped; the next up resumes at that script.
. "$(dirname "$0")/../lib.sh"
need_box tiny
remember_host

lab_file <<'Y'
prov: 1
machines:
  bad:
    box: tiny
    networks: none
    provision:
      - { name: first, shell: "echo first >>/var/order" }
      - name: second
        shell: |
          echo second >>/var/order
          [ -e /var/mended ] || exit 9
      - { name: third, shell: "echo third >>/var/order" }
  good: { box: tiny, networks: none, provision: [ { name: fine, shell: "echo fine is done" } ] }
  after: { box: tiny, networks: none, depends_on: [ bad ] }
Y
expect 1 prov up
expect_text "$err" "bad@container.*second"
expect_text "$err" "9"
expect_text "$err" "fine is done"
expect_text "$err" "skipped"
expect 0 prov status --json
expect_text "$out" '"step": *"provision:second"'
expect 0 prov exec good -- true
expect 125 prov exec after -- true

expect 0 prov exec bad -- touch /var/mended
expect 0 prov up
expect_same states "bad@container running
good@container running
after@container running" "$(states)"
expect 0 prov exec bad -- cat /var/order
expect_same "where it went on" "first
second
second
third" "$(cat "$out")"
expect 0 prov status --json
expect_no_text "$out" '"step": *"provision'

# A script of another interpreter, arguments, a user, a time limit.
cat >"$lab/args.sh" <<'S'
#!/bin/busybox ash
echo "args: $# $1 $2; $(id -un); STAGE=$STAGE"
S
lab_file <<'Y'
prov: 1
machines:
  bad:
    box: tiny
    networks: none
    provision:
      - name: args
        shell: { path: args.sh, args: [ "a b", c ] }
        env: { STAGE: lab }
        user: tiny
      - { name: slow, shell: "sleep 60", timeout: 1s }
Y
expect 0 prov destroy -f
expect 1 prov up
expect_text "$err" "args: 2 a b c; tiny; STAGE=lab"
expect_text "$err" "slow"
expect 0 prov up --no-provision
expect 0 prov destroy -f

# Killed while a script runs: the script does not go on beside its second run.
lab_file <<'Y'
prov: 1
machines:
  web:
    box: tiny
    networks: none
    provision:
      - name: slow
        shell: |
          echo $$ >>/var/runs
          [ -e /var/go ] || { setsid sleep 4332 & sleep 4332; }
Y
"$build/prov" -C "$lab" up >"$scratch/killed.out" 2>&1 </dev/null &
pid=$!
await "the script runs" prov exec web -- sh -c '[ "$(ps | grep -c "[s]leep 4332")" -eq 2 ]'
kill -KILL $pid
wait $pid 2>/dev/null
expect 0 prov exec web -- sh -c 'ps | grep "sleep 433[2]"; touch /var/go'
expect_text "$out" "sleep 4332"
expect 0 prov up
expect 1 prov exec web -- sh -c 'ps | grep "sleep 433[2]"'
expect_same "runs of the script" 2 "$(prov exec web -- sh -c 'wc -l </var/runs' | tr -d ' ')"

# Ctrl-C while a script runs: what it ended has not failed, and the next up begins with that script. A child of a
# shell that does not read commands as they are typed would not hear SIGINT.
rm "$scratch/killed.out"
expect 0 prov exec web -- rm /var/go /var/runs
lab_file <<'Y'
prov: 1
machines:
  web:
    box: tiny
    networks: none
    provision:
      - name: long
        shell: |
          echo $$ >>/var/runs
          [ -e /var/go ] || sleep 4334
Y
env --default-signal=INT "$build/prov" -C "$lab" up >"$scratch/stopped.out" 2>&1 </dev/null &
pid=$!
await "the script runs" prov exec web -- sh -c 'ps | grep "[s]leep 4334"'
kill -INT $pid
wait $pid
expect_same "exit code of the interrupted up" 130 $?
expect_text "$scratch/stopped.out" "up: 0 done, 0 unchanged, 1 interrupted"
expect_no_text "$scratch/stopped.out" "failed"
expect 0 prov exec web -- touch /var/go
expect 0 prov up
rm "$scratch/stopped.out"

# A first process that ends is not waited for. It does so when it is asked for the first time.
lab_file <<'Y'
prov: 1
machines:
  quit:
    box: tiny
    networks: none
    container: { init: none, command: [ sh, -c, "until [ -e /asked ]; do sleep 0.1; done; exit 3" ] }
    ready: { exec: "touch /asked; false", timeout: 5m }
Y
expect 1 prov up quit
expect_text "$err" "PID 1 ended with 3"
expect 0 prov destroy -f
expect_clean destroy

# While one up works, status says where it is and another command who is in its way; once it is killed, that the next up goes on.
lab_file <<'Y'
prov: 1
machines:
  slow: { box: tiny, networks: none, provision: [ { name: wait, shell: "until [ -e /go ]; do sleep 0.1; done" } ] }
Y
status_says() { # PATTERN
	prov status | grep -Eq -e "$1"
}
"$build/prov" -C "$lab" up >"$scratch/up.out" 2>&1 </dev/null &
up=$!
children=$up
await "up is at the script" status_says 'prov -C .* up is at provision:wait$'
expect 1 prov halt
expect_one_error
expect_text "$err" "^prov: lab 'lab' is being changed by prov -C .* up \(pid $up\)$"
kill -KILL $up
wait $up 2>/dev/null
await "nobody is at the script" status_says 'prov up goes on at provision:wait$'
children=
expect 0 prov exec slow -- touch /go
expect 0 prov up
expect 0 prov destroy -f
