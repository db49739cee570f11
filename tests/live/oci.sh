#!/bin/sh
# What runtime-spec asks of an OCI runtime: commands, states, signals, hooks, control groups, and ends of every kind.
. "$(dirname "$0")/../lib.sh"
. "$top/tests/oci.sh"

context="life of a container"
new
args='["sleep", "1000"]'
write
expect 1 oci create --bundle "$bundle"
expect 1 oci state "$id"
expect_text "$err" "does not exist"
create --pid-file "$scratch/pid" || fail "create"
expect_same "status" created "$(status)"
expect_same "pid file" "$(pid)" "$(cat "$scratch/pid")"
expect_same "name of the waiting process" prov-start "$(cat "/proc/$(pid)/comm")"
expect 1 oci create --bundle "$bundle" "$id"
expect_text "$err" "already exists"
expect 1 oci delete "$id"
expect_text "$err" "is created, not stopped"
expect 0 oci start "$id"
expect_same "status" running "$(status)"
expect 1 oci start "$id"
expect_text "$err" "is running, not created"
expect 1 oci delete "$id"
expect 0 oci pause "$id"
expect_same "status" paused "$(status)"
expect 1 oci exec "$id" true
expect 0 oci resume "$id"
expect 5 oci exec "$id" sh -c 'exit 5'
expect 0 oci exec --user 7:8 --cwd /tmp --env X=y "$id" sh -c 'id -u; id -g; pwd; echo $A$X; ls /proc/self/fd | wc -l'
lines '7|8|/tmp|by|4|'
echo '{"args": ["sh", "-c", "echo $B; exit 4"], "cwd": "/", "env": ["PATH=/bin", "B=c"]}' >"$scratch/process.json"
expect 4 oci exec --process "$scratch/process.json" "$id"
lines 'c|'
expect 1 oci exec "$id" nosuchprogram
expect_text "$err" "executable file 'nosuchprogram' not found in .PATH"
expect 1 oci exec --user root "$id" true
expect_text "$err" "'root' is not UID or UID:GID, in numbers"
expect 1 oci exec --cwd "/proc/self/fd/3" "$id" true
expect 0 oci ps --format json "$id"
expect_text "$out" "$(pid)"
expect 0 oci update --pids-limit 33 "$id"
expect 0 oci events --stats "$id"
expect_text "$out" '"limit":33'
# All resources, as containerd hands them over: devices stay what they were.
echo '{"devices": [{"allow": false, "access": "rwm"}], "pids": {"limit": 34}}' >"$scratch/resources.json"
expect 0 oci update --resources "$scratch/resources.json" "$id"
expect 0 oci exec "$id" sh -c 'echo >/dev/null && head -c 1 /dev/zero'
expect 0 oci kill "$id" KILL
wait_for stopped
expect 1 oci kill "$id" KILL
expect_text "$err" "is not running"
expect 1 oci start "$id"
expect 0 oci delete "$id"
expect 1 oci delete "$id"
expect 0 oci delete --force "$id"
expect 1 oci --systemd-cgroup list
expect_text "$err" "systemd"

context="signals"
for sig in TERM SIGUSR1 2; do
	new
	script 'trap \"echo got; exit 0\" TERM USR1 INT; echo up; while :; do sleep 0.05; done'
	write
	create || fail "create"
	oci start "$id"
	await "it has its trap" grep -q up "$out"
	expect_same "kill $sig" 0 "$(oci kill "$id" $sig; echo $?)"
	wait_for stopped
	expect_text "$out" got
	oci delete "$id"
done

context="configuration is read at create"
new
script 'echo first'
write
create
script 'echo second'
write
oci start "$id"
wait_for stopped
lines 'first|'
oci delete "$id"

context="hooks"
new
order=$scratch/order
hook() { echo "[{\"path\": \"/bin/sh\", \"args\": [\"sh\", \"-c\", \"cat >>$scratch/hook.$1; echo $1 >>$order\"]}]"; }
top=", \"annotations\": {\"a\": \"b\"}, \"hooks\": {\"prestart\": $(hook prestart), \"createRuntime\": $(hook createRuntime), \"createContainer\": $(hook createContainer),
 \"startContainer\": [{\"path\": \"/bin/sh\", \"args\": [\"sh\", \"-c\", \"cat >/hook\"]}], \"poststart\": $(hook poststart), \"poststop\": $(hook poststop)}"
run
expect_same "order" "prestart createRuntime createContainer poststart poststop" "$(tr '\n' ' ' <"$order" | sed 's/ $//')"
for h in prestart createRuntime createContainer poststart poststop; do
	expect_text "$scratch/hook.$h" "\"id\":\"$id\".*\"bundle\":\"$bundle\".*\"annotations\":\{\"a\":\"b\"\}"
done
expect_text "$scratch/hook.prestart" '"status":"created"'
expect_text "$rootfs/hook" '"status":"created"'
expect_text "$scratch/hook.poststart" '"status":"running"'
for kind in prestart createRuntime createContainer; do
	new
	top=", \"hooks\": {\"$kind\": [{\"path\": \"/bin/sh\", \"args\": [\"sh\", \"-c\", \"echo no >&2; exit 3\"]}]}"
	refused "$kind hook '/bin/sh' exited with 3: no"
done
new
top=', "hooks": {"startContainer": [{"path": "/bin/false"}]}'
script 'echo ran'
write
create || fail "create"
expect 1 oci start "$id"
expect_text "$err" "startContainer hook '/bin/false' exited with 1"
wait_for stopped
oci delete "$id"
for kind in poststart poststop; do
	new
	top=", \"hooks\": {\"$kind\": [{\"path\": \"/bin/false\"}]}"
	run
done

context="cgroup"
new
args='["sleep", "1000"]'
linux=", \"cgroupsPath\": \"/prov-oci-test-$$\", \"resources\": {\"pids\": {\"limit\": 77}, \"memory\": {\"limit\": 50593792}}"
write
create || fail "create"
group=$(sed -n 's/^[0-9]*:pids:\(.*\)$/\1/p; s/^0::\(.*\)$/\1/p' "/proc/$(pid)/cgroup" | head -n 1)
expect_same "group" "/prov-oci-test-$$" "$group"
expect_same "limit" 77 "$(cat "/sys/fs/cgroup/pids$group/pids.max" 2>/dev/null || cat "/sys/fs/cgroup$group/pids.max")"
oci delete --force "$id"
[ -z "$(find /sys/fs/cgroup -maxdepth 2 -name "prov-oci-test-$$")" ] || fail "the group is left"
new
linux=', "cgroupsPath": "system.slice:prov:x"'
refused "is a unit of systemd"

context="without a program"
new
args='["nosuchprogram"]'
refused "executable file 'nosuchprogram' not found in .PATH: No such file or directory"
new
write
sed -i 's/"process": /"ignored": /' "$bundle/config.json"
create || fail "create without process"
expect 1 oci start "$id"
expect_text "$err" "process: is missing"
wait_for stopped
oci delete "$id"

context="run"
new
script 'echo out; exit 6'
write
expect 6 oci run --bundle "$bundle" "$id"
lines 'out|'
[ -z "$(status)" ] || fail "run leaves the container"
new
script 'tty; stty size'
process=', "terminal": true, "consoleSize": {"height": 11, "width": 22}'
write
expect 1 oci create --bundle "$bundle" "$id"
expect_text "$err" "console-socket is needed"
expect 0 oci run --bundle "$bundle" "$id"
expect_text "$out" /dev/pts/0
expect_text "$out" '11 22'

# What waits inside, or enters, must not lead to prov-oci's own file (CVE-2019-5736).
context="the program's own file"
new
args='["/proc/self/exe", "--version"]'
write
sum=$(sha256sum <"$build/prov-oci")
if oci run --bundle "$bundle" "$id" >"$out" 2>"$err"; then expect_text "$out" version; fi
new
args='["sleep", "1000"]'
caps='["CAP_SYS_PTRACE", "CAP_DAC_OVERRIDE"]'
write
create || fail "create"
expect 0 oci exec "$id" sh -c 'echo x 2>/dev/null >/proc/1/exe || echo refused; ls /proc/1/fd 2>/dev/null | wc -l; true'
expect_text "$out" refused
oci delete --force "$id"
expect_same "the file" "$sum" "$(sha256sum <"$build/prov-oci")"

# Nobody waits for what a killed create began.
context="create is killed"
new
top=', "hooks": {"createRuntime": [{"path": "/bin/sleep", "args": ["sleep", "1000"]}]}'
write
"$build/prov-oci" --root "$state_root" create --bundle "$bundle" "$id" >"$out" 2>"$err" </dev/null &
creator=$!
children=$creator
await "it is being created" has_status creating
kill -KILL "$creator"
wait "$creator" 2>/dev/null
children=
wait_for stopped
expect 0 oci delete "$id"
expect 0 oci list -q
[ ! -s "$out" ] || fail "containers are left: $(cat "$out")"
[ -z "$(find /sys/fs/cgroup -maxdepth 2 -name "prov-oci-c$$-*")" ] || fail "cgroups are left"

expect 0 oci features
expect_text "$out" '"rro"'
expect 0 oci spec --bundle "$scratch"
expect 1 oci spec --bundle "$scratch"
