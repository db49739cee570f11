#!/bin/sh
# ssh_mesh: true: machines of one lab reach each other by SSH, between the kinds too, and every host key is known.
. "$(dirname "$0")/../lib.sh"
need_box tiny debian/12
need_libvirt
remember_host

lab_file <<'Y'
prov: 1
lab: mesh
ssh_mesh: true
defaults: { box: debian/12 }
networks:
  side: { mode: isolated }
machines:
  web: { provider: container, provision: [ { shell: "ssh -o BatchMode=yes vm hostname >/root/first" } ], depends_on: [ vm ] }
  sys: { provider: container, container: { init: systemd } }
  vm: { provider: kvm, memory: 384MiB }
  small: { box: tiny, provider: kvm, memory: 128MiB }
  lone: { box: tiny, provider: container, networks: none }
Y
expect 0 prov up
expect 0 prov exec web -- cat /root/first
expect_same "a script uses it at once" vm-kvm "$(cat "$out")"

hop() { # FROM USER WHAT WANTED
	expect 0 prov exec -u "$2" "$1" -- ssh -o BatchMode=yes "$3" 'echo $(hostname) $(id -un)'
	expect_same "$2 from $1 to $3" "$4" "$(cat "$out")"
	expect_no_text "$err" Warning
}
for user in root debian; do
	hop web $user vm "vm-kvm debian"
	hop web $user root@sys "sys-container root"
	hop web $user small "small-kvm tiny"
	hop vm $user web.mesh "web-container debian"
	hop vm $user sys-container "sys-container debian"
	hop vm $user root@small-kvm "small-kvm root"
	hop sys $user web "web-container debian"
done
expect 0 prov exec web -- stat -c '%a %U' /root/.ssh/id_ed25519 /home/debian/.ssh/id_ed25519
expect_same "modes" "600 root 600 debian" "$(tr '\n' ' ' <"$out" | sed 's/ $//')"
expect 0 prov exec small -- stat -c '%a %U' /home/tiny/.ssh/id_ed25519
expect_same "mode in tiny" "600 tiny" "$(cat "$out")"
expect 0 prov exec lone -- sh -c 'ls -A /root/.ssh'
expect_same "no network, no key" "" "$(cat "$out")"

# What is connected for a while needs no new list of host keys, neither by then nor for another machine's up.
expect 0 prov network connect side web
for context in "after connect" "after an up of another"; do
	expect 0 prov status
	expect_text "$out" "^web@container +running .* connected: side$"
	expect_no_text "$out" changed
	hop vm root web "web-container debian"
	expect 0 prov up lone
done
context=
expect 0 prov network disconnect side web
expect 0 prov status
expect_no_text "$out" "changed|connected"

# A key that somebody has already stays; a machine that is made anew keeps its host key; one that comes later is
# known to all after the next up.
expect 0 prov exec web -- sh -c 'cd /root/.ssh && rm id_ed25519* && ssh-keygen -q -t ed25519 -N "" -f id_ed25519 && cp id_ed25519 /root/mine'
expect 0 prov destroy -f sys
sed -i "s/^  lone:.*/  late: { provider: container }/" "$lab/prov.yaml"
expect 0 prov up sys late web --remove-orphans
hop web root sys "sys-container debian"
hop web debian late "late-container debian"
hop late root web "web-container debian"
expect 0 prov exec web -- cmp /root/mine /root/.ssh/id_ed25519
expect 0 prov exec web -- test -f /root/.ssh/id_prov
expect 0 prov reload web
hop web root sys "sys-container debian"
hop sys root web "web-container debian"
expect 0 prov destroy -f
expect_clean "mesh"
