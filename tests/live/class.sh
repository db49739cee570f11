#!/bin/sh
# The example "class" as it is: three containers and two virtual machines, two networks, ports, folders of each kind,
# a volume, scripts and a playbook. All of it holds after halt and up, after a reboot from inside and while networks
# come and go; destroy leaves nothing, nor does a kill -9 while networks are made.
. "$(dirname "$0")/../lib.sh"
. "$top/tests/ports.sh"
need_libvirt
need_tool busybox curl perl ansible-playbook virsh
need_box tiny debian/12
remember_host

cp -R "$top/Vagrantfile-examples/class/." "$lab"
# A user's folder: what the login user of a machine makes in it belongs to that user of the host.
chown -R 12345:12346 "$lab/site"
tcp='8080 8081 8083' web_udp=5380 con='8090 8091 8093' app_udp=5390
if ! prov up >"$out" 2>"$err" </dev/null; then
	# Somebody has the example's ports on this host: others, and nothing else of it is changed.
	expect_text "$err" "would publish port"
	echo "SKIP the example's own ports: $(sed -n 's/^prov: //p' "$err")"
	sed -i 's/"\(80[89]\)/"1\1/; s/, "\(80[89].\)-\(80[89].\):/, "1\1-1\2:/; s/"53\([89]0\):/"153\1:/' "$lab/prov.yaml"
	tcp='18080 18081 18083' web_udp=15380 con='18090 18091 18093' app_udp=15390
	expect 0 prov up
fi
expect_same states 5 "$(states | grep -c ' running$')"

everything() { # WHEN
	context=$1
	for from in db app client web node; do
		expect_reach $from db-container sql app.class.test client web web-kvm.class.test node
	done
	for from in client node; do
		for to in web:web-kvm app:app-container; do
			expect 0 prov exec $from -- timeout 60 wget -q -O - "http://${to%:*}/"
			expect_same "the web server in ${to%:*}, from $from" "this is ${to#*:}" "$(cat "$out")"
		done
	done
	for port in $tcp; do
		expect_same "port $port of the host" "this is web-kvm" "$(fetch "127.0.0.1:$port")"
	done
	for port in $con; do
		expect_same "port $port of the host" "this is app-container" "$(fetch "127.0.0.1:$port")"
	done
	for port in $web_udp $app_udp; do
		expect_same "port $port/udp of the host" "pong hi" "$(ask_udp 127.0.0.1 "$port" hi)"
	done
	context=
}
everything "as made"
expect 0 prov exec web -- cat /etc/signed
expect_same "what the playbook wrote" "web-kvm of lab class" "$(cat "$out")"
expect 0 prov ssh db -c 'ssh -o BatchMode=yes web hostname'
expect_same "from machine to machine" web-kvm "$(cat "$out")"

setpriv --reuid 12345 --regid 12346 --clear-groups sh -c 'echo from-host >"$1"' sh "$lab/site/host"
for m in app web; do
	await_inside $m 'grep -q from-host /srv/site/host'
	expect 0 prov exec $m -- stat -c %U:%G /srv/site/host
	expect_same "the host's file in $m" debian:debian "$(cat "$out")"
	expect 0 prov ssh $m -c "echo from-$m >/srv/site/$m"
	expect_same "the file of $m" "from-$m 12345:12346" "$(cat "$lab/site/$m") $(stat -c %u:%g "$lab/site/$m")"
done
expect 1 prov exec app -- touch /srv/handout/x
expect 0 prov exec app -- cat /srv/handout/exercise
echo more >"$lab/handout/more"
await_inside app 'test -e /srv/handout/more'
expect 0 prov sync web
expect 0 prov exec web -- cat /srv/handout/exercise /srv/handout/more
expect_text "$out" more

expect 0 prov halt
expect 0 prov up
everything "after halt and up"
expect 0 prov exec web -- cat /srv/site/host
expect 0 prov exec db -- sh -c 'wc -l </srv/data/started'
expect_same "starts that the volume knows" 2 "$(cat "$out")"

# From inside, while nobody on the host is told.
reboot_inside web
everything "after a reboot"

# A machine more in the network, and the one with the published ports out of it and in again: meanwhile they lead by
# the other one.
expect 0 prov network connect lan client
expect 0 prov network disconnect lan web
expect_same "a port of a machine that has left one of its networks" "this is web-kvm" "$(fetch "127.0.0.1:${tcp%% *}")"
expect 0 prov exec client -- timeout 60 wget -q -O - http://web/
expect 0 prov network connect lan web
everything "after disconnect and connect"
expect 0 prov network disconnect lan client
everything "after the second disconnect"

id=$(lab_id)
expect 0 prov destroy -f
expect_text "$err" "lab 'class' keeps the volumes 'data'"
expect 0 prov destroy -f --volumes
expect_clean destroy
[ ! -e "$lab/.prov" ] || fail "the lab's mark is left"

# Killed as soon as something of the networks is there: it goes on, or goes.
lab_file <<'Y'
prov: 1
networks: { lan: { ipv6: true }, back: { mode: isolated } }
defaults: { box: tiny, networks: [lan, back] }
machines: { a: { ports: ["80"] }, b: {}, c: {} }
Y
begun() { grep -q "$1" "$PROV_HOME/labs/$id/$2" 2>/dev/null; }
dnsmasq() { [ -e "/var/lib/libvirt/dnsmasq/prov-$id-$1.conf" ]; }
kill_up_at() { # MOMENT; false: up had ended before
	"$build/prov" -C "$lab" up >"$out" 2>"$err" </dev/null &
	up=$!
	id=
	while kill -0 $up 2>/dev/null; do
		id=${id:-$(lab_id)}
		[ -z "$id" ] || ! $1 || break
	done
	kill -KILL $up 2>/dev/null
	wait $up 2>/dev/null
	killed=$?
	[ -z "$id" ] || echo "$id" >>"$scratch/ids"
	[ $killed -eq 137 ]
}
for moment in "begun lab.network lab.journal" "dnsmasq lan" "begun lab.ports lab.journal" \
	"begun container.network machines/a@container/journal"; do
	context="kill -9 at '$moment'"
	tries=0
	until kill_up_at "$moment"; do
		tries=$((tries + 1))
		[ $tries -lt 20 ] || fail "no kill met a running up: the test shows nothing"
		expect 0 prov destroy -f
	done
	case $moment in
	dnsmasq*) ;;
	*)
		expect 0 prov up
		expect_reach a c
		;;
	esac
	expect 0 prov destroy -f
	expect_clean "$context"
done
