#!/bin/sh
# The main job with the box that people use: one Debian 12 machine of both kinds, one script, halt in order.
. "$(dirname "$0")/../lib.sh"
need_libvirt
need_box debian/12
remember_host

lab_file <<'Y'
prov: 1
machines:
  web:
    box: debian/12
    provider: both
    provision:
      - name: report
        shell: |
          . /etc/os-release
          echo "report: $ID $VERSION_ID, $(hostname), PID 1 $(cat /proc/1/comm)"
Y
expect 0 prov up
expect_text "$err" "report: debian 12, web-kvm, PID 1 systemd"
expect_text "$err" "report: debian 12, web-container, PID 1"
expect 0 prov exec web@kvm -- uname -r
[ "$(cat "$out")" != "$(uname -r)" ] || fail "the virtual machine runs the host's kernel"
expect 0 prov exec web@container -- uname -r
expect_same "the container's kernel" "$(uname -r)" "$(cat "$out")"
expect 7 prov exec web@kvm -- sh -c 'exit 7'
expect 7 prov exec web@container -- sh -c 'exit 7'
expect 0 prov ssh web@kvm -c 'sudo -n id -u'
expect_same "sudo of the login user" 0 "$(cat "$out")"
expect 0 prov exec web@kvm -- systemctl is-system-running --wait
expect_same "systemd's opinion" running "$(cat "$out")"
expect 0 prov exec web@kvm -- cat /etc/machine-id
kvm_id=$(cat "$out")
expect 0 prov exec web@container -- cat /etc/machine-id
[ "$kvm_id" != "$(cat "$out")" ] || fail "both have one machine-id"
expect 0 prov halt
expect_same states "web@kvm halted
web@container halted" "$(states | sort -r)"
expect 0 prov destroy -f
expect_clean destroy
