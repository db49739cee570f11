#!/bin/sh
# Published ports where the network has IPv6: of both families, from the host's loopback and its address, from outside, from a
# neighbour and from the machine itself, also while up still runs; restored where the rules were lost, and gone with the lab.
. "$(dirname "$0")/../lib.sh"
. "$top/tests/ports.sh"
need_libvirt
need_tool busybox nft ip6tables ip nsenter curl perl ss
[ "$(cat /proc/sys/net/ipv6/conf/all/disable_ipv6 2>/dev/null)" = 0 ] || skip "this host has no IPv6"
need_box tiny

# Where bridges hand IPv6 to the firewall, ::1 is refused, and no part of what has no address.
six=yes
[ "$(cat /proc/sys/net/bridge/bridge-nf-call-ip6tables 2>/dev/null)" != 1 ] || six=

# Of RFC 5737 and RFC 3849.
make_client 203.0.113 2001:db8:5
remember_host
free_ports 21

# What a script finds that asks for its own machine by the host's address while up runs.
lab_file <<-Y
	prov: 1
	networks:
	  six: { mode: nat, ipv6: true }
	defaults:
	  box: tiny
	  networks: six
	machines:
	  web:
	    ports: ['$p:80', '[::]:$((p + 1)):80', '0.0.0.0:$((p + 1)):80', ${six:+'[::1]:$((p + 2)):80',} '80']
	    provision:
	      - name: self
	        shell: |
	          mkdir -p /www; echo from-web >/www/index.html; httpd -p '[::]:80' -h /www
	          for to in 203.0.113.1 2001:db8:5::1; do printf 'GET / HTTP/1.0\r\n\r\n' | nc -w 30 \$to $((p + 1)) | tail -n 1; done >/self
	  vm:
	    provider: kvm
	    memory: 128MiB
	    ports: ['$((p + 3)):80', '[::]:$((p + 4)):80', '0.0.0.0:$((p + 4)):80']
	    provision:
	      - name: self
	        shell: |
	          mkdir -p /www; echo from-vm >/www/index.html; httpd -p '[::]:80' -h /www
	          for to in 203.0.113.1 2001:db8:5::1; do printf 'GET / HTTP/1.0\r\n\r\n' | nc -w 30 \$to $((p + 4)) | tail -n 1; done >/self
	  late: { depends_on: [web, vm] }
Y

# A port in use is named with its holder, of this family alone too.
hold_port udp ::1 $((p + 6))
mkdir "$scratch/second"
second() { # PORTS
	printf 'prov: 1\nnetworks: { six: { ipv6: true } }\nmachines:\n  thief: { box: tiny, networks: [%s], ports: ["%s"] }\n' \
		"$1" "$2" >"$scratch/second/prov.yaml"
}
second six "[::]:$((p + 6)):80/udp"
expect 1 prov -C "$scratch/second" up
expect_text "$err" "'thief@container' would publish port \[::\]:$((p + 6))/udp of the host, which perl \(pid $holder\) listens on"
[ ! -e "$scratch/second/.prov" ] || fail "a refused up made something"
second default "[::]:$((p + 6)):80"
expect 2 prov -C "$scratch/second" validate
expect_text "$err" "is a port of IPv6, which the network of thief@container has not"
release_port

expect 0 prov up
id=$(lab_id)
for m in web vm; do
	expect 0 prov exec $m -- cat /self
	expect_same "$m by itself while up ran" "from-$m from-$m" "$(xargs <"$out")"
done
expect 0 prov port
expect_text "$out" "^127.0.0.1:$p +web@container +80 +tcp +running$"
[ -z "$six" ] || expect_text "$out" "^\[::1\]:$p +web@container +80 +tcp +running$"
expect_text "$out" "^\[::\]:$((p + 1)) +web@container +80 +tcp +running$"
free=$(sed -n 's/^127.0.0.1:\([0-9]*\) .*/\1/p' "$out" | grep -vxE "$p|$((p + 3))")
expect 0 prov port vm --json
expect_text "$out" '"address": "::"'

reached() {
	for at in 127.0.0.1:$p "127.0.0.1:$((p + 1))" "[2001:db8:5::1]:$((p + 1))" "127.0.0.1:$free"; do
		expect_same "$1: $at" from-web "$(fetch "$at")"
	done
	for at in ${six:+$p $((p + 1)) $((p + 2)) $free}; do
		expect_same "$1: [::1]:$at" from-web "$(fetch "[::1]:$at")"
	done
	# Who asks for ::1 in vain is told so at once.
	if [ -z "$six" ]; then
		curl -g -s -m 30 "http://[::1]:$((p + 1))/"
		expect_same "$1: ::1 is refused" 7 $?
	fi
	for at in "127.0.0.1:$((p + 3))" "[2001:db8:5::1]:$((p + 4))" "203.0.113.1:$((p + 4))"; do
		expect_same "$1: $at" from-vm "$(fetch "$at")"
	done
	for plain in 203.0.113.1 2001:db8:5::1; do
		case $plain in *::*) at=[$plain] ;; *) at=$plain ;; esac
		expect_same "$1: $at from outside" from-web "$(fetch_outside "$at:$((p + 1))")"
		expect_same "$1: $at, the VM from outside" from-vm "$(fetch_outside "$at:$((p + 4))")"
		for m in web vm late; do
			expect_same "$1: $at from $m" from-web "$(fetch_inside $m "$plain" $((p + 1)))"
			expect_same "$1: $at, the VM from $m" from-vm "$(fetch_inside $m "$plain" $((p + 4)))"
		done
	done
}
reached "after up"
for port in $p $((p + 2)) "$free"; do
	! outside curl -g -s -m 2 "http://[2001:db8:5::1]:$port/" >"$out" || fail "a port of the loopback was reached from outside"
done
expect 0 prov up
expect_text "$err" "nothing to do"

# Whoever takes the route of ::1 for a way to the host's loopback is stopped.
if [ -n "$six" ]; then
	bridge=$(ip -6 route show table local | sed -n 's/^local ::1 dev \(virbr[^ ]*\) .*metric 4096.*/\1/p' | head -n 1)
	[ -n "$bridge" ] || fail "no route of ::1"
	hold_port tcp ::1 $((p + 10))
	fetch_open() { nsenter -t "$pid" --net timeout 3 perl -MSocket=:all -e '
		socket(my $s, AF_INET6, SOCK_STREAM, 0) or die;
		connect($s, pack_sockaddr_in6($ARGV[0], inet_pton(AF_INET6, "::1"))) and print "reached\n"' "$1"; }
	pid=$(pid_of late)
	gateway=$(ip -6 -o addr show dev "$bridge" scope global | sed 's,.* inet6 \([0-9a-f:]*\)/.*,\1,' | head -n 1)
	nsenter -t "$pid" --net sh -c "ip -6 route del local ::1 dev lo table local; ip -6 addr del ::1/128 dev lo
		ip -6 route add ::1/128 via $gateway" 2>/dev/null
	fetch_open $((p + 10)) >"$scratch/attack" 2>&1
	! grep -q reached "$scratch/attack" || fail "a container reached the host's loopback"
else
	second six "[::1]:$((p + 6)):80"
	expect 3 prov -C "$scratch/second" up
	expect_text "$err" "a port of \[::1\], which this host cannot lead to a machine.*bridge-nf-call-ip6tables"
fi

# What a firewall's reload took away comes back.
lost "without the table" nft delete table ip6 "prov-$id"
rule=$(ip6tables -w -S FORWARD | sed -n "s/^-A \(.*prov-$id .*\)/\1/p")
# shellcheck disable=SC2086 # the rule's words
lost "without the accept rule" ip6tables -w -D $rule
[ -z "$six" ] || lost "without the route" ip -6 route del local ::1 dev "$bridge" table local

# prov port looks, and puts them back as well; what stands is not touched.
nft delete table ip "prov-$id"
nft delete table ip6 "prov-$id"
expect 0 prov port
expect_text "$err" "lab.ports done"
expect_text "$out" "^127.0.0.1:$p +web@container +80 +tcp +running$"
reached "after prov port"
expect 0 prov port
expect_no_text "$err" "lab.ports"

# Who removes the table alone leaves the accept rule for destroy.
nft delete table ip6 "prov-$id"
expect 0 prov destroy -f
! nft list tables | grep -q "prov-$id" || fail "a table is left"
! ip6tables -w -S FORWARD | grep -q "prov-$id" || fail "an accept rule is left"
[ -z "$six" ] || ! ip -6 route show table local | grep -q "^local ::1 dev $bridge " || fail "the route of ::1 is left"
expect_same "the loopback's own" 1 "$(ip -6 route show table local | grep -c '^local ::1 dev lo ')"
expect_clean destroy
