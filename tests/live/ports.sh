#!/bin/sh
# Published ports of a container and a virtual machine, from the host's loopback, its own address, other machines, the
# machine itself and a client outside; restored where the rules were lost, and gone with the lab.
. "$(dirname "$0")/../lib.sh"
. "$top/tests/ports.sh"
need_libvirt
need_tool busybox nft iptables ip nsenter curl perl ss
need_box tiny

# Of RFC 5737.
make_client 198.51.100
remember_host

free_ports 21

write_lab() { # PORTS-OF-WEB
	lab_file <<-Y
		prov: 1
		lab: harbour
		machines:
		  web: { box: tiny, ports: [$1] }
		  other: { box: tiny }
		  vm: { box: tiny, provider: kvm, memory: 128MiB, ports: ["0.0.0.0:$((p + 1)):80"] }
	Y
}
ports="'$p:80', '0.0.0.0:$((p + 2)):80', '0.0.0.0:$((p + 3)):53/udp', '$((p + 4))-$((p + 6)):$((p + 4))-$((p + 6))'"
ports="$ports, '$((p + 7))-$((p + 8)):81-82', '80', '0.0.0.0:$((p + 9)):90'"
write_lab "$ports"

# A port in use is named with its holder, before anything is made.
hold_port tcp 127.0.0.1 "$p"
expect 1 prov up
expect_one_error
expect_text "$err" "'web@container' would publish port 127.0.0.1:$p/tcp of the host, which perl \(pid $holder\) listens on"
[ ! -e "$lab/.prov" ] || fail "a refused up made something"
release_port

expect 0 prov up
id=$(lab_id)
bridge=$(ip -4 -o route show "$(iptables -w -S FORWARD | sed -n "s/.*--ctreplsrc \([^ ]*\) .*prov-$id .*/\1/p")" | sed 's/.* dev \([^ ]*\).*/\1/')
[ -n "$bridge" ] || fail "no accept rule of the lab"
serve_web() {
	expect 0 prov exec web -- sh -c "mkdir -p /www; echo from-web >/www/index.html
		for port in 80 81 82 $((p + 4)) $((p + 6)); do httpd -p \$port -h /www; done"
}
serve() {
	serve_web
	expect 0 prov exec vm -- sh -c "mkdir -p /www; echo from-vm >/www/index.html; httpd -p 80 -h /www"
}
serve

# A server of UDP in the container's network, by its process 1.
cat >"$scratch/answer.pl" <<'P'
use IO::Socket::INET;
my $s = IO::Socket::INET->new(LocalPort => 53, Proto => "udp") or die;
while (defined(my $peer = recv($s, my $m, 100, 0))) { send($s, "re:$m", 0, $peer) }
P
serve_udp() {
	pid=$(pid_of web)
	nsenter -t "$pid" --net perl "$scratch/answer.pl" &
	children="$children $!"
}
serve_udp

reached() {
	for port in "$p" $((p + 2)) $((p + 4)) $((p + 6)) $((p + 7)) $((p + 8)); do
		expect_same "$1: 127.0.0.1:$port" from-web "$(fetch "127.0.0.1:$port")"
	done
	expect_same "$1: the VM by loopback" from-vm "$(fetch "127.0.0.1:$((p + 1))")"
	expect_same "$1: the host's own address" from-web "$(fetch "198.51.100.1:$((p + 2))")"
	expect_same "$1: the VM by it" from-vm "$(fetch "198.51.100.1:$((p + 1))")"
	expect_same "$1: from outside" from-web "$(fetch_outside "198.51.100.1:$((p + 2))")"
	expect_same "$1: the VM from outside" from-vm "$(fetch_outside "198.51.100.1:$((p + 1))")"
	expect_same "$1: UDP" re:ping "$(ask_udp 127.0.0.1 $((p + 3)) ping)"
	expect_same "$1: UDP from outside" re:ping "$(ask_udp_outside 198.51.100.1 $((p + 3)) ping)"
	for m in other web vm; do
		expect_same "$1: the container from $m" from-web "$(fetch_inside $m 198.51.100.1 $((p + 2)))"
		expect_same "$1: the VM from $m" from-vm "$(fetch_inside $m 198.51.100.1 $((p + 1)))"
	done
}
reached "after up"
# What is published on the loopback is for this host alone.
! outside curl -s -m 2 "http://198.51.100.1:$p/" >"$out" || fail "a port of the loopback was reached from outside"
expect_same "loopback's port from a machine" "" "$(fetch_inside other 198.51.100.1 "$p")"
# A client's own address reaches the server.
nsenter -t "$pid" --net perl -MIO::Socket::INET -e '
	my $s = IO::Socket::INET->new(LocalPort => 90, Listen => 1) or die;
	$| = 1; print "up\n"; print $s->accept->peerhost, "\n"' >"$scratch/who" &
who=$!
children="$children $who"
await "the server of one question" test -s "$scratch/who"
outside perl -MIO::Socket::INET -e 'IO::Socket::INET->new("198.51.100.1:'$((p + 9))'") or die' || fail "nobody answers"
wait "$who"
expect_same "who asks" 198.51.100.2 "$(tail -n 1 "$scratch/who")"

# What prov port says; the free one is kept.
expect 0 prov port
expect_text "$out" "^127.0.0.1:$p +web@container +80 +tcp +running$"
expect_text "$out" "^0.0.0.0:$((p + 3)) +web@container +53 +udp +running$"
expect_text "$out" "^127.0.0.1:$((p + 4))-$((p + 6)) +web@container +$((p + 4))-$((p + 6)) +tcp +running$"
expect_text "$out" "^0.0.0.0:$((p + 1)) +vm@kvm +80 +tcp +running$"
free=$(sed -n 's/^127.0.0.1:\([0-9]*\) *web@container *80 .*/\1/p' "$out" | grep -vx "$p")
expect_same "the free port" from-web "$(fetch "127.0.0.1:$free")"
expect 0 prov port web 53/udp
expect_same "one port" "0.0.0.0:$((p + 3))" "$(cat "$out")"
expect 0 prov port web 80
expect_text "$out" "^127.0.0.1:$p$"
expect_text "$out" "^127.0.0.1:$free$"
expect 0 prov port web $((p + 5))/tcp
expect_same "one of a range" "127.0.0.1:$((p + 5))" "$(cat "$out")"
expect 0 prov port web $((p + 5)) --json
expect_same "the range in JSON" 1 "$(grep -c '"host": ' "$out")"
expect 1 prov port web 53
expect_text "$err" "no port of the host leads to port 53/tcp of 'web'"
expect_text "$err" "prov port web lists those that do"
expect 0 prov port vm --json
expect_text "$out" "\"host\": $((p + 1)),"
expect_no_text "$out" "web@container"

# Whoever takes route_localnet for a way to the host's loopback is stopped.
hold_port tcp 127.0.0.1 $((p + 10))
expect_same "127.x is routed" 1 "$(cat "/proc/sys/net/ipv4/conf/$bridge/route_localnet")"
gateway=$(ip -4 -o addr show dev "$bridge" | sed 's,.* inet \([0-9.]*\)/.*,\1,')
nsenter -t "$pid" --net sh -c "
	ip link set lo down
	ip rule add to 127.0.0.1 lookup 77 pref 0 && ip rule del pref 0 lookup local && ip rule add pref 1 lookup local
	ip route add 127.0.0.1/32 via $gateway table 77
	echo 1 >/proc/sys/net/ipv4/conf/eth0/route_localnet" 2>/dev/null
nsenter -t "$pid" --net timeout 2 perl -MIO::Socket::INET -e \
	'IO::Socket::INET->new("127.0.0.1:'$((p + 10))'") and print "reached\n"' >"$scratch/attack" 2>&1
[ ! -s "$scratch/attack" ] || fail "a container reached the host's loopback"

# Running again changes nothing. Machines that were restarted have their ports, and the free one is the same.
expect 0 prov up
expect_text "$err" "nothing to do"
expect_no_text "$err" "lab.ports"
expect 0 prov reload
serve
serve_udp
expect 0 prov port
expect_text "$out" "^127.0.0.1:$free +web@container +80 +tcp +running$"
reached "after reload"

# Those of a machine that does not run are refused, not led to where nobody answers; its neighbour's are there.
cat >"$scratch/knock.pl" <<'P'
use IO::Socket::INET;
print IO::Socket::INET->new(PeerAddr => $ARGV[0]) ? "open" : 0 + $! == 111 ? "refused" : "$!";
P
refused() { # WHEN
	expect_same "$1: by loopback" refused "$(perl "$scratch/knock.pl" "127.0.0.1:$p")"
	expect_same "$1: by the host's own address" refused "$(perl "$scratch/knock.pl" "198.51.100.1:$((p + 2))")"
	expect_same "$1: from outside" refused "$(outside perl "$scratch/knock.pl" "198.51.100.1:$((p + 2))")"
	expect_same "$1: the neighbour's" from-vm "$(fetch "127.0.0.1:$((p + 1))")"
	expect 0 prov port
	expect_text "$out" "^127.0.0.1:$p +web@container +80 +tcp +(halted|created)$"
	expect_text "$out" "^0.0.0.0:$((p + 1)) +vm@kvm +80 +tcp +running$"
	expect 1 prov port web 80
	expect_text "$err" "'web@container' is (halted|created): nothing leads to its ports"
}
expect 0 prov halt web
refused "halted"
expect 0 prov plan web
expect_text "$out" "lab.ports .*undone while its machine does not run"
expect 0 prov plan vm
expect_no_text "$out" "undone while its machine"
# Nobody else has been given them; a process of the host may have taken one, and is named.
mkdir "$scratch/second"
printf 'machines:\n  thief: { box: tiny, ports: ["%s:80"] }\n' $((p + 2)) | sed '1i prov: 1' >"$scratch/second/prov.yaml"
expect 1 prov -C "$scratch/second" up
expect_text "$err" "which 'web@container' of the lab '[^']+' \\($id\\) publishes"
hold_port tcp 127.0.0.1 "$p"
expect 1 prov up web
expect_text "$err" "'web@container' would publish port 127.0.0.1:$p/tcp of the host, which perl \(pid $holder\) listens on"
release_port
expect 0 prov up web
pid=$(pid_of web)
kill -KILL "$pid"
has_ended() { states | grep -Eqx "web@container (halted|created)"; }
await "the container's end" has_ended
expect 0 prov port
refused "ended by itself"
expect 0 prov up web
serve_web
serve_udp
reached "after halt"

# What a firewall's reload took away comes back: each by itself, and put behind what refuses.
lost "without the table" nft delete table ip "prov-$id"
lost "without a rule" nft flush chain ip "prov-$id" host
rule=$(iptables -w -S FORWARD | sed -n "s/^-A \(.*prov-$id .*\)/\1/p")
# shellcheck disable=SC2086 # the rule's words
lost "without the accept rule" iptables -w -D $rule
# shellcheck disable=SC2086
lost "with the accept rule behind the others" sh -c "iptables -w -D $rule; iptables -w -A $rule"
expect_same "accept rules" 1 "$(iptables -w -S FORWARD | grep -c "prov-$id ")"
lost "without route_localnet" sh -c "echo 0 >/proc/sys/net/ipv4/conf/$bridge/route_localnet"

# The file changes, nothing restarts.
write_lab "'$p:80', '0.0.0.0:$((p + 2)):80'"
expect 0 prov up
expect_no_text "$err" "restart|container.start"
expect_same "kept" from-web "$(fetch "127.0.0.1:$p")"
expect_same "taken out" "" "$(fetch "127.0.0.1:$((p + 4))")"
write_lab "'0.0.0.0:$((p + 2)):80'"
expect 0 prov up web
expect_same "the VM's, which was not chosen" from-vm "$(fetch "127.0.0.1:$((p + 1))")"

# Another lab does not get them, nor a machine of the same that came later.
expect 1 prov -C "$scratch/second" up
expect_text "$err" "which 'web@container' of the lab '[^']+' \\($id\\) publishes"

# A machine's ports go with it, the lab's rules with the last one.
expect 0 prov destroy -f web
expect_same "a destroyed machine's port" "" "$(fetch "127.0.0.1:$((p + 2))")"
expect_same "the other one's" from-vm "$(fetch "127.0.0.1:$((p + 1))")"
expect 0 prov -C "$scratch/second" up
expect 0 prov -C "$scratch/second" destroy -f
expect 0 prov destroy -f
gone() {
	! nft list tables | grep -q "prov-$id" || fail "$1: the table is left"
	! iptables -w -S FORWARD | grep -q "prov-$id" || fail "$1: an accept rule is left"
}
gone destroy
expect_clean destroy

# Killed at any time of an up, it can be destroyed.
lab_file <<-Y
	prov: 1
	machines:
	  web: { box: tiny, ports: ["$p:80", "0.0.0.0:$((p + 2)):80"] }
Y
for delay in 0.05 0.15 0.2 0.25 0.3 0.35; do
	context="killed after $delay s"
	"$build/prov" -C "$lab" up >"$out" 2>"$err" &
	up=$!
	sleep "$delay"
	kill -9 "$up" 2>/dev/null
	wait "$up" 2>/dev/null
	id=$(lab_id)
	[ -z "$id" ] || echo "$id" >>"$scratch/ids"
	expect 0 prov destroy -f
	[ -z "$id" ] || gone destroy
done
context=
expect_clean "destroy after kills"
