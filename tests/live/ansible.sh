#!/bin/sh
# Real Ansible reaches both kinds through prov's inventory, and as a provisioner while up holds the lab's locks.
. "$(dirname "$0")/../lib.sh"
need_box tiny debian/12
need_tool ansible ansible-playbook jq
need_libvirt
remember_host
HOME=$scratch/user # of Ansible's own files
mkdir "$HOME"
export HOME

cat >"$lab/play.yml" <<'Y'
- hosts: all
  gather_facts: false
  tasks:
    - raw: "echo {{ inventory_hostname }} {{ ansible_user }} {{ prov_provider }} {{ colour }} >/root/played; id -un"
      register: who
    - debug: { msg: "played as {{ who.stdout | trim }} beside {{ groups['lab_box'] | sort | join(' ') }}" }
Y
printf -- '- hosts: all\n  gather_facts: false\n  tasks: [ { raw: "exit 5" } ]\n' >"$lab/bad.yml"
lab_file <<'Y'
prov: 1
lab: box
defaults:
  box: tiny
  provision:
    - name: play
      ansible: { playbook: ./play.yml, args: [-v], extra_vars: { colour: "light red" } }
machines:
  box: { provider: both, kvm: { memory: 128MiB } }
  bad: { provider: container, networks: none, autostart: false, provision: [ { ansible: bad.yml } ] }
  node: { provider: container, count: 2, networks: none, autostart: false }
Y

# One machine alone: nothing waits for a lock that up holds.
expect 0 timeout 1200 "$build/prov" -C "$lab" up box
expect_text "$err" "played as root beside box-container box-kvm"
expect 0 prov exec box@container cat /root/played
expect_same container "box-container root container light red" "$(cat "$out")"
expect 0 prov exec box@kvm cat /root/played
expect_same kvm "box-kvm root kvm light red" "$(cat "$out")"
expect 0 prov logs --provision box@container
expect_text "$out" "played as root"
expect 0 prov up box
expect_text "$err" "nothing to do"
# The inventory's script is gone again.
[ -z "$(find "$PROV_HOME/labs" -name 'inventory.*')" ] || fail "an inventory was left"

expect 1 prov up bad
expect_text "$err" "the playbook at prov.yaml:[0-9]+: ansible-playbook exited with 2"
expect_text "$err" "unreachable=0 +failed=1"
# Without Ansible.
mkdir "$scratch/bin"
for program in sh env; do ln -s "$(command -v $program)" "$scratch/bin/"; done
expect 3 env PATH="$scratch/bin" "$build/prov" -C "$lab" up bad
expect_text "$err" "ansible-playbook is not installed on this host"
expect_text "$err" "install the package ansible-core"

# As an inventory of one's own: groups, one host, raw and piped transfers, a machine that is down.
printf '#!/bin/sh\nexec "%s" -C "%s" inventory "$@"\n' "$build/prov" "$lab" >"$scratch/inventory.sh"
chmod 755 "$scratch/inventory.sh"
expect 0 prov up node --no-provision
expect 0 prov inventory
jq -e '.node.hosts == ["node-1-container", "node-2-container"] and .node_2.hosts == ["node-2-container"] and
	.box.hosts == ["box-container", "box-kvm"] and (.lab_box.hosts | length) == 5 and .kvm.hosts == ["box-kvm"]' \
	"$out" >/dev/null || fail "groups"
expect 0 prov inventory --host box-kvm
jq -e '.ansible_user == "tiny" and .prov_provider == "kvm" and (.prov_address | test("^[0-9.]+$"))' "$out" >/dev/null || fail "variables"
expect 2 prov inventory --host nix
expect_one_error
expect 2 prov inventory --list --host box-kvm
a() { timeout 900 ansible -i "$scratch/inventory.sh" "$@"; }
expect 0 a node:box-kvm -m raw -a 'id -un'
expect_same "the login user" 3 "$(grep -c '^tiny' "$out")"
expect 0 prov halt node-2
expect 4 a node -m raw -a true
expect_text "$out" "'node-2@container' is halted"

# With Python inside, Ansible's modules.
lab_file <<'Y'
prov: 1
lab: box
machines:
  py:
    box: debian/12
    provider: container
    provision:
      - shell: apt-get -q update && apt-get -q -y --no-install-recommends install python3 sudo
      - { name: site, ansible: site.yml, user: debian, timeout: 10m }
Y
cat >"$lab/site.yml" <<'Y'
- hosts: py
  become: true
  tasks:
    - copy: { content: "{{ ansible_facts.hostname }}\n", dest: /etc/site, mode: "0640" }
    - command: id -un
      become: false
      register: who
      changed_when: false
    - assert: { that: "who.stdout == 'debian'" }
Y
expect 0 prov destroy -f
timeout 1200 "$build/prov" -C "$lab" up >"$out" 2>"$err" </dev/null
code=$?
if [ $code -eq 0 ]; then
	expect_text "$err" "changed=1"
	expect 0 prov exec py -- stat -c '%a %U' /etc/site
	expect_same "the file" "640 root" "$(cat "$out")"
	# A second run changes nothing, says Ansible itself.
	expect 0 prov provision --provision-with site
	expect_text "$err" "changed=0"
elif [ $code -eq 124 ] || grep -q "script at prov.yaml:" "$err"; then
	echo "SKIP modules: Python cannot be installed in the machine"
else
	fail "up of a machine with a playbook"
fi
expect 0 prov destroy -f
expect_clean "ansible"
