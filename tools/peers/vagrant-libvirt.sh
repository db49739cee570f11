#!/bin/sh
# The virtual machine that Vagrant makes from a box which is added already: PROV_BENCH_VAGRANT_BOX names
# it, since Vagrant cannot start from a bare root file system.
. "$(dirname "$0")/lib.sh"
box=${PROV_BENCH_VAGRANT_BOX:-}
peer_available() {
	need vagrant
	vagrant plugin list 2>/dev/null | grep -q '^vagrant-libvirt ' || {
		echo "the plug-in is not installed"
		exit 1
	}
	[ -n "$box" ] || {
		echo "PROV_BENCH_VAGRANT_BOX does not name a box"
		exit 1
	}
	vagrant box list | grep -q "^$box .*libvirt" || {
		echo "the box $box is not added for libvirt"
		exit 1
	}
}
peer_version() { vagrant --version; }
peer_note() { echo "a virtual machine from the Vagrant box $box, not from the same root file system, with a network; libvirtd is not counted"; }
peer_prepare() { mkdir "$work/machines"; }
peer_start() {
	mkdir -p "$work/machines/$1"
	cat >"$work/machines/$1/Vagrantfile" <<-V
		Vagrant.configure("2") do |config|
		  config.vm.box = "$box"
		  config.vm.box_check_update = false
		  config.vm.synced_folder ".", "/vagrant", disabled: true
		  config.vm.provider :libvirt do |libvirt|
		    libvirt.default_prefix = "$1-"
		  end
		end
	V
	echo "env VAGRANT_CWD=$work/machines/$1 vagrant up --provider libvirt --no-provision"
}
peer_exec() { echo "env VAGRANT_CWD=$work/machines/$1 vagrant ssh -c true"; }
peer_stop() { echo "env VAGRANT_CWD=$work/machines/$1 vagrant destroy --force"; }
peer_pids() { cat "/run/libvirt/qemu/$1-default.pid"; }
peer_cleanup() {
	for dir in "$work"/machines/*/; do
		[ ! -d "$dir" ] || VAGRANT_CWD=$dir vagrant destroy --force
	done
}
peer_main "$@"
