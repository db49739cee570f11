#!/bin/sh
# Looking into a virtual machine with the same commands as into a container, against what virsh says.
. "$(dirname "$0")/../lib.sh"
need_box tiny
need_tool jq
need_libvirt
remember_host

lab_file <<'Y'
prov: 1
machines:
  vm: { box: tiny, provider: kvm, memory: 128MiB, provision: [ { shell: "echo provisioned" } ] }
Y
expect 0 prov up
expect 0 prov inspect --json
cp "$out" "$scratch/inspect.json"
domain=$(inspected domain.name)
expect_same uuid "$(virsh -q -c qemu:///system domuuid "$domain" | head -n 1)" "$(inspected domain.uuid)"
expect_same QEMU "$(cat "/run/libvirt/qemu/$domain.pid")" "$(inspected qemu.pid)"
expect_same interface "$(virsh -q -c qemu:///system domiflist "$domain" | awk 'NF {print $1, $5}')" \
	"$(inspected 'interfaces[0] | .host_link + " " + .mac')"
expect_same "disks" 2 "$(inspected 'disks | length')"
[ -f "$(inspected 'disks[1].file')" ] || fail "no backing file"
expect_same console 1 "$(inspected 'channels | map(select(.kind == "serial")) | length')"
expect_same steps true "$(inspected 'steps | map(.state == "done") | all')"

expect 0 prov top --json
expect_same "seen from" inside "$(jq -r '.processes[0].seen_from' "$out")"
expect_same "no number of the host" null "$(jq '.processes[0].host_pid' "$out")"
expect 0 prov top
expect_text "$out" "^\(without a host PID: as ps inside the machine says"
expect 0 prov stats -1 --json
jq -e '.machines[0].memory_bytes > 1000000 and .machines[0].cpu_percent >= 0' "$out" >/dev/null || fail "stats"
expect 0 prov logs --provision
expect_text "$out" provisioned

mkdir "$scratch/tree" && echo one >"$scratch/tree/a" && ln -s a "$scratch/tree/b"
expect 0 prov cp "$scratch/tree" vm:/srv
expect 0 prov cp vm:/srv/tree "$scratch/back"
expect_same "both ways" "one a" "$(cat "$scratch/back/a") $(readlink "$scratch/back/b")"

# -f ends with the machine, its last words included.
"$build/prov" -C "$lab" logs -f -n 0 >"$scratch/follow.out" 2>&1 &
follower=$!
children=$follower
await_watch $follower
expect 0 prov halt
wait $follower || fail "logs -f exits with $?"
expect_text "$scratch/follow.out" "[Pp]ower ?(down|off)"
expect 0 prov inspect
expect_text "$out" "^    state +halted"
expect_no_text "$out" "^  qemu"
expect 1 prov top vm
expect_one_error
expect 0 prov destroy -f
expect_clean "looking"
