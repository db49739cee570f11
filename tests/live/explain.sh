#!/bin/sh
# plan --explain: what it prints, pasted into a shell, makes the container by hand.
. "$(dirname "$0")/../lib.sh"
need_box tiny
need_tool jq nsenter unshare

lab_file <<'Y'
prov: 1
lab: hand
machines:
  hand: { box: tiny, memory: 64MiB, cpus: 0.5, container: { pids: 77, privileged: false } }
  vm: { box: tiny, provider: kvm, networks: none, memory: 128MiB }
  made:
    box: tiny
    networks: none
    provision:
      - shell: "echo a\necho \"b c\" >/srv/b"
      - file: { source: prov.yaml, destination: /srv/note, mode: "0600" }
    ready: { exec: "test -d /srv" }
Y
expect 0 prov plan --explain
expect_text "$out" '^        # one clone3'
expect_text "$out" '^# hand@container:$'
sh -n "$out" || fail "the whole cannot be pasted"
expect_text "$out" '^        qemu-img create'
expect_text "$out" 'virsh -c qemu:///system define'
expect 0 prov plan --explain --json hand
cp "$out" "$scratch/plan.json"
expect_same schema 1 "$(jq .schema "$out")"
# Every step of both kinds says how.
expect 0 prov plan --explain --json
expect_same "steps without an explanation" "" \
	"$(tee "$out.json" <"$out" | jq -r '.machines[].steps[] | select((.mechanism // "") == "").name' "$out")"

# The domain's XML is one that libvirt takes.
if command -v virt-xml-validate >/dev/null; then
	jq -r '.machines[] | select(.name == "vm@kvm").steps[] | select(.name == "kvm.define").commands[]' "$out.json" |
		sed 's/| virsh .*/>domain.xml/' >"$scratch/define"
	(cd "$scratch" && sh -e define) || fail "the domain's XML cannot be written by hand"
	virt-xml-validate "$scratch/domain.xml" domain >"$out" 2>&1 || fail "libvirt's schema refuses it"
else
	echo "SKIP the domain's XML: virt-xml-validate is not installed"
fi

# Provisioning, by prov's own commands.
expect 0 prov up --no-provision made
jq -r '.machines[] | select(.name == "made@container").steps[] | select(.name | test("^(provision|ready)")).commands[]' \
	"$out.json" >"$scratch/commands"
(PATH=$build:$PATH && cd "$lab" && sh -e "$scratch/commands") >"$out" 2>"$err" || fail "provisioning by hand"
expect_same "what the script printed" a "$(cat "$out")"
expect 0 prov exec made -- sh -c 'cat /srv/b; stat -c "%a %u" /srv/note'
expect_same "by hand" "b c 600 0" "$(tr '\n' ' ' <"$out" | sed 's/ $//')"
expect 0 prov destroy -f

# In a folder and a group of this test's own: a lab that never was up has a stand-in for its id.
id=hand$$
jq -r '.machines[0].steps[].commands[]' "$scratch/plan.json" |
	sed "s#$PROV_HOME/labs/new/#$scratch/by-hand/#g; s#prov-new-#prov-$id-#g" >"$scratch/commands"
echo "$id" >>"$scratch/ids"
grep -q "mount -t overlay" "$scratch/commands" || fail "no overlay"
! grep -q "$PROV_HOME/labs" "$scratch/commands" || fail "a path outside of the test"
cat >>"$scratch/commands" <<'T'
echo "pid $pid"
cat /proc/$pid/cgroup
nsenter -t $pid -a sh -c 'echo "inside: $$ $(id -u) $(cat /etc/hostname) $(ls /dev | tr "\n" " ")"; ls /proc/1/root/; touch /made'
nsenter -t $pid -a ping -c 1 -w 60 10.77.0.1 >&2
nsenter -t $pid -a ip -o -4 address
nsenter -t $pid -m -p sh -c 'echo procs: $(ls -d /proc/[0-9]*)'
kill -KILL $pid
wait
T
# Its bridge is in a network namespace of the test's own.
timeout 300 unshare -n sh -e "$scratch/commands" >"$out" 2>"$err"
code=$?
for d in /sys/fs/cgroup/prov-"$id"-hand /sys/fs/cgroup/*/prov-"$id"-hand; do
	[ -d "$d" ] || continue
	# What is killed leaves its group a moment later.
	timeout 300 sh -c "until rmdir '$d' 2>/dev/null; do sleep 0.05; done" || echo "cannot remove $d"
done
[ $code -eq 0 ] || fail "the commands exit with $code"
expect_same "the hostname" hand-container "$(head -n 1 "$out")"
expect_text "$out" "prov-$id-hand"
expect_text "$out" '^inside: [0-9]+ 0 hand-container .*null'
expect_text "$out" '^procs: /proc/1 '
expect_text "$out" ' eth0 .*10\.77\.0\.2/24'
expect_text "$err" '1 packets received'
[ -e "$(find "$scratch/by-hand" -name upper)/made" ] || fail "the upper layer has nothing of it"
# unshare complains when its child was killed.
sed -i '/^PING /,/^round-trip/d' "$err"
grep -v 'sigprocmask unblock' "$err" >"$scratch/said"
[ ! -s "$scratch/said" ] || fail "something is on standard error"
! grep -q "$scratch" /proc/self/mountinfo || fail "a mount is left on the host"
