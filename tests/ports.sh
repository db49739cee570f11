# Published ports: a client outside, holders of ports, and who answers where. Sourced after lib.sh.
# shellcheck shell=sh

# The client is a namespace behind a link of the host's: NETWORK.1 here and NETWORK.2 there, ::1 and ::2 of NETWORK6.
# It stays until the end: it is part of the host.
client=ppc$$
make_client() { # NETWORK [NETWORK6]
	at_end="$at_end remove_client"
	ip netns add "$client" || skip "network namespaces cannot be named here"
	ip link add "$client" type veth peer name eth0 netns "$client" || skip "no veth"
	ip addr add "$1.1/24" dev "$client"
	ip -n "$client" addr add "$1.2/24" dev eth0
	[ -z "${2-}" ] || {
		ip addr add "$2::1/64" dev "$client" nodad
		ip -n "$client" addr add "$2::2/64" dev eth0 nodad
	}
	ip link set "$client" up
	ip -n "$client" link set eth0 up
	ip -n "$client" route add default via "$1.1"
	[ -z "${2-}" ] || ip -n "$client" -6 route add default via "$2::1"
}
remove_client() { ip netns del "$client" 2>/dev/null; }
outside() { nsenter --net="/run/netns/$client" "$@"; }

# A process of the host that holds a port, in $holder.
hold_port() { # tcp|udp ADDRESS PORT
	perl -MIO::Socket::IP -e '
		my ($proto, $address, $port) = @ARGV;
		my $s = IO::Socket::IP->new(Proto => $proto, LocalHost => $address, LocalPort => $port,
			$proto eq "tcp" ? (Listen => 1) : ()) or die;
		sleep' "$@" &
	holder=$!
	children="$children $holder"
	until ss -Hln "--$1" "sport = :$3" | grep -q .; do
		kill -0 "$holder" 2>/dev/null || fail "port $3 cannot be held"
		sleep 0.05
	done
}
release_port() {
	kill "$holder"
	wait "$holder" 2>/dev/null
}

pid_of() { # CONTAINER
	prov inspect "$1@container" --json | sed -n 's/.*"pid": *\([0-9]*\).*/\1/p' | head -n 1
}
# What a server of UDP answers, which may come up meanwhile: it is asked anew.
cat >"$scratch/ask.pl" <<'P'
use IO::Socket::INET;
my ($address, $port, $text) = @ARGV;
my $s = IO::Socket::INET->new(PeerAddr => $address, PeerPort => $port, Proto => "udp") or die;
for (1 .. 300) {
	send($s, $text, 0) or select(undef, undef, undef, 0.2), next;
	my $in = "";
	vec($in, fileno($s), 1) = 1;
	next unless select($in, undef, undef, 0.2);
	defined recv($s, my $m, 100, 0) or select(undef, undef, undef, 0.2), next;
	print "$m\n";
	exit 0;
}
exit 1;
P
ask_udp() { perl "$scratch/ask.pl" "$@"; } # ADDRESS PORT TEXT
ask_udp_outside() { outside perl "$scratch/ask.pl" "$@"; }
# What a web server answers to a machine, and to the client.
fetch_inside() { # MACHINE ADDRESS PORT
	prov exec "$1" -- sh -c "printf 'GET / HTTP/1.0\r\n\r\n' | nc -w 30 $2 $3 | tail -n 1" 2>/dev/null
}
fetch_outside() { outside curl -g -sS -m 60 "http://$1/"; }

# What a command takes away comes back with the next up; `reached`, of the script, sees all of it again.
lost() { # WHAT COMMAND…
	what=$1
	shift
	"$@" || fail "$*"
	expect 0 prov up
	expect_text "$err" "lab.ports done"
	reached "$what"
}
