#!/bin/sh
# A virtual machine's life with the tiny box: boot, exec, ssh, provisioners, graceful halt, the same host key again.
. "$(dirname "$0")/../lib.sh"
need_libvirt
need_box tiny
remember_host

lab_file <<'Y'
prov: 1
machines:
  web:
    box: tiny
    provider: kvm
    memory: 128MiB
    cpu_weight: 300
    cpuset: "0"
    provision:
      - name: mark
        shell: |
          echo "kernel $(uname -r) as $(id -un)"
          echo run >>/var/ran
      - name: notes
        file: { source: notes, destination: /srv/notes }
Y
mkdir -p "$lab/notes/deep"
echo deep >"$lab/notes/deep/file"
head -c 300000 /dev/urandom >"$lab/notes/bytes"
chmod 700 "$lab/notes/deep/file"

expect 0 prov up
expect_text "$err" "as root"
expect_same state "web@kvm running" "$(states)"
expect 0 prov exec web -- uname -r
[ -s "$out" ] && [ "$(cat "$out")" != "$(uname -r)" ] || fail "the machine runs the host's kernel"
expect 0 prov exec web -- hostname
expect_same hostname web-kvm "$(cat "$out")"
expect 7 prov exec web@kvm -- sh -c 'exit 7'
expect 127 prov exec web -- nosuchcommand
expect 126 prov exec web -- /etc
expect 143 prov exec web -- sh -c 'kill -TERM $$'
expect 0 prov exec -w /srv -e 'K=a b' web -- sh -c 'pwd; echo "$K"; echo to-err >&2'
expect_same "folder and environment" "/srv
a b" "$(cat "$out")"
expect_same "standard error" to-err "$(cat "$err")"
expect 0 prov exec web -- echo 'a  b' '$HOME' "it's"
expect_same quoting "a  b \$HOME it's" "$(cat "$out")"
prov exec web -- cat /srv/notes/bytes | cmp - "$lab/notes/bytes" || fail "the copied file differs"
expect 0 prov exec web -- stat -c %a /srv/notes/deep/file
expect_same "mode of a copied file" 700 "$(cat "$out")"
prov exec -i web -- cat <"$lab/notes/bytes" | cmp - "$lab/notes/bytes" || fail "bytes are lost on the way"
expect 5 prov ssh web -c 'exit 5'
expect 0 prov ssh web -- id -un
expect_same "login user" tiny "$(cat "$out")"

expect 0 prov up
expect_text "$err" "unchanged"
known=$(find "$PROV_HOME/labs/$(lab_id)" -name known_hosts -exec cat {} +)
[ -n "$known" ] || fail "no host key is known"

# What the host was told of it, in v1's words or v2's.
domain=prov-$(lab_id)-web
virsh -q -c qemu:///system schedinfo "$domain" >"$out" 2>&1 || fail "no schedinfo"
expect_text "$out" '^cpu_shares +: +(3072|300)$'
virsh -q -c qemu:///system vcpupin "$domain" >"$out" 2>&1 || fail "no vcpupin"
expect_text "$out" '0 +0$'

expect 0 prov suspend
expect_same state "web@kvm suspended" "$(states)"
expect 125 prov exec web true
expect_text "$err" "'web@kvm' is suspended"
expect_text "$err" 'prov resume web@kvm'
expect 0 prov resume
expect 0 prov exec web true
expect 0 prov suspend web
expect 0 prov up
expect_text "$err" 'web@kvm: resumed'
expect 0 prov exec web true
expect 0 prov suspend web

expect 0 prov halt
expect_text "$err" 'web@kvm: resumed'
expect_same state "web@kvm halted" "$(states)"
expect 255 prov ssh web -c true
expect 0 prov up
expect_same "the host key" "$known" "$(find "$PROV_HOME/labs/$(lab_id)" -name known_hosts -exec cat {} +)"
expect 0 prov exec web -- cat /var/ran
expect_same "disk kept, script not run again" run "$(cat "$out")"

# The world wins over the journal: somebody pulls the plug. What runs in it then ends with an error.
"$build/prov" -C "$lab" exec web -- sh -c 'touch /var/begun; sleep 100' >"$scratch/cut" 2>&1 </dev/null &
cut=$!
await "exec begins" prov exec web -- test -e /var/begun
virsh -q -c qemu:///system destroy "prov-$(lab_id)-web" >"$out" 2>&1 || fail "virsh cannot stop it"
expect_no_text "$out" running
[ "$(states)" != "web@kvm running" ] || fail "status believes its journal, not libvirt"
wait $cut
expect_same "exec in a machine whose plug is pulled" 125 $?
expect_text "$scratch/cut" "was lost"
expect 0 prov up
expect 0 prov exec web -- true
expect 0 prov destroy -f
expect_clean destroy
