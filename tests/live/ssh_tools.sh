#!/bin/sh
# What speaks SSH works unchanged: ssh, rsync, git and sftp by prov ssh-config, and by prov in the place of ssh.
. "$(dirname "$0")/../lib.sh"
need_box tiny debian/12
need_tool ssh rsync git
need_libvirt
remember_host

lab_file <<'Y'
prov: 1
lab: tools
domain: tools.test
defaults: { box: tiny }
machines:
  web: { box: debian/12, provider: container }
  sys: { box: debian/12, provider: container, container: { init: systemd } }
  bare: { provider: container, networks: none, env: { COLOUR: red } }
  vm: { provider: kvm, memory: 128MiB }
  two: { provider: both, autostart: false }
Y
# Before anything is there.
expect 1 prov ssh-config
expect_text "$err" "nothing of lab 'tools' is up"
expect 255 prov ssh --as-ssh web true
expect_text "$err" "'web@container' is not up"

expect 0 prov up
config=$scratch/config
expect 0 prov ssh-config
cp "$out" "$config"
expect_text "$config" "^# bare-container has no /usr/sbin/sshd"
s() { timeout 300 ssh -F "$config" "$@"; }
as() { timeout 300 "$build/prov" -C "$lab" ssh --as-ssh "$@"; }

# OpenSSH, with nothing said to it but the file. Every host key is known.
for pair in web:debian web-container.tools.test:debian sys-container:debian vm:tiny vm-kvm.tools.test:tiny root@web:root; do
	expect 7 s "${pair%:*}" 'id -un; exit 7'
	expect_same "the user of $pair" "${pair##*:}" "$(cat "$out")"
	expect_same "nothing said by $pair" "" "$(cat "$err")"
done
expect 0 prov ssh-config vm
expect_same "one host" 1 "$(grep -c ^Host "$out")"
expect 2 prov ssh-config nix
# Containers keep their host key over halt and up; nothing of a first connection is asked again.
expect 0 prov reload web
expect 0 s web true
# Whoever has another key is not let in.
ssh-keygen -q -t ed25519 -N '' -f "$scratch/other" || fail "ssh-keygen"
sed "s,IdentityFile .*,IdentityFile $scratch/other," "$config" >"$scratch/config.other"
expect 255 ssh -F "$scratch/config.other" web true
expect_text "$err" "Permission denied"
# Nor is another machine taken for it.
sed "s,\(ssh-serve\) web@,\1 sys@," "$config" >"$scratch/config.swapped"
expect 255 ssh -F "$scratch/config.swapped" web true
expect_text "$err" "Host key verification failed"

# In the place of ssh: any name, any kind, and containers without sshd or network.
for host in web web-container web@container web.tools.test sys vm vm-kvm vm@kvm vm.tools.test bare bare@container; do
	expect 3 as "$host" 'cat >/dev/null; exit 3'
	expect_same "nothing said by $host" "" "$(cat "$err")"
done
expect 0 as root@bare@container id -un
expect_same "the user" root "$(cat "$out")"
expect 0 as -l root bare-container -p 22 id -un
expect_same "options behind the host" root "$(cat "$out")"
expect 0 as bare 'echo $COLOUR'
expect_same "the machine's environment" red "$(cat "$out")"
expect 137 as bare 'kill -KILL $$'
expect 127 as bare no-such-command
expect 255 as nix true
expect_one_error
expect 255 as two true
expect_text "$err" "'two' is several machines"
expect_text "$err" "one of: two-container, two-kvm"
expect 255 as -J x -Z bare true
expect_text "$err" "ssh has no option '-Z'"
expect 255 as -o Nonsense=1 bare true
expect_text "$err" "no configuration option 'Nonsense'"
expect 255 as -L 1:2:3 bare true
expect_text "$err" "'-L' needs an SSH connection"
expect 0 as -o BatchMode=yes -o ControlMaster=auto -o ControlPersist=60s -o "ControlPath=$scratch/%C" -4 -C -q -T -n \
	-i /none -F /none -o ConnectTimeout=10 -o StrictHostKeyChecking=no bare true
expect 255 as -q nix true
expect_same "quiet" "" "$(cat "$err")"
expect 0 as -G bare
expect_text "$out" "^user tiny$"

# Every byte, both ways.
head -c 3000000 /dev/urandom >"$scratch/bytes"
for host in bare vm; do
	as "$host" cat <"$scratch/bytes" | cmp - "$scratch/bytes" || fail "bytes of $host changed"
done
expect_same "standard input of a shell" "from a script" "$(echo 'echo from a script' | as bare)"
echo x | as -n bare cat >"$out" 2>"$err" || fail "-n"
expect_same "-n" "" "$(cat "$out")"

expect 0 prov exec web -- sh -c 'command -v rsync git sftp-server /usr/lib/openssh/sftp-server; true'
if ! grep -q rsync "$out" || ! grep -q git "$out"; then
	timeout 900 "$build/prov" -C "$lab" exec web -- sh -c 'apt-get -q update && apt-get -q -y --no-install-recommends install rsync git' \
		>"$out" 2>"$err" </dev/null || { echo "SKIP rsync and git: they cannot be installed in the machine"; exit 0; }
fi
mkdir -p "$scratch/tree/sub"
cp "$scratch/bytes" "$scratch/tree/sub/b" && ln -s sub/b "$scratch/tree/link"
by_config="ssh -F $config"
by_prov="$build/prov -C $lab ssh --as-ssh"
for way in "$by_config" "$by_prov"; do
	expect 0 rsync -a -e "$way" "$scratch/tree/" web:copy/
	expect 0 rsync -a -e "$way" web:copy/ "$scratch/back/"
	diff -r "$scratch/tree" "$scratch/back" || fail "rsync by $way"
	rm -r "$scratch/back"
	expect 0 prov exec web -- rm -r /home/debian/copy

	rm -rf "$scratch/repo" "$scratch/clone"
	expect 0 prov exec -u debian web -- sh -c 'rm -rf ~/r.git && git init -q --bare ~/r.git'
	git init -q "$scratch/repo"
	echo one >"$scratch/repo/file"
	expect 0 git -C "$scratch/repo" add file
	expect 0 git -C "$scratch/repo" -c user.name=a -c user.email=a@b commit -q -m one
	expect 0 env GIT_SSH_COMMAND="$way" git -C "$scratch/repo" push -q web:r.git HEAD:main
	expect 0 env GIT_SSH_COMMAND="$way" git clone -q -b main ssh://debian@web-container:22/home/debian/r.git "$scratch/clone"
	expect_same "git by $way" one "$(cat "$scratch/clone/file")"
done
expect 0 rsync -a -e "$by_prov" web@container:/etc/hostname "$scratch/hostname"
if command -v sftp >/dev/null; then
	for program in "" "-S$scratch/as"; do
		printf '#!/bin/sh\nexec %s "$@"\n' "$by_prov" >"$scratch/as"
		chmod 755 "$scratch/as"
		echo "get /etc/hostname $scratch/sftp" >"$scratch/batch"
		expect 0 sftp -q -F "$config" ${program:+"$program"} -b "$scratch/batch" web
		expect_same sftp web-container "$(cat "$scratch/sftp")"
		rm "$scratch/sftp"
	done
fi
expect 0 prov destroy -f
expect_clean "tools"
