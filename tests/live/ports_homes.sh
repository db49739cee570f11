#!/bin/sh
# Published ports of labs in two homes: each holds what it has against the other, which no journal of its own tells of.
. "$(dirname "$0")/../lib.sh"
need_libvirt
need_tool busybox nft ss
need_box
remember_host
free_ports 4

mkdir -p "$scratch/tree/bin" "$scratch/tree/etc" "$scratch/tree/tmp"
cp "$(command -v busybox)" "$scratch/tree/bin/busybox"
ln -s busybox "$scratch/tree/bin/sh"
tar -C "$scratch/tree" -cf "$scratch/small.tar" .
PROV_HOME=$scratch/two
homes="$homes $PROV_HOME $scratch/one"
two() { # COMMAND…
	(PROV_HOME=$scratch/two && prov -C "$scratch/second" "$@")
}
expect 0 prov box add "$scratch/small.tar" --name small
PROV_HOME=$scratch/one
expect 0 prov box add "$scratch/small.tar" --name small

lab_file <<-Y
	prov: 1
	lab: first
	machines:
	  web: { box: small, ports: ['$p-$((p + 1)):80-81', '0.0.0.0:$((p + 2)):53/udp', '80'] }
Y
expect 0 prov up
id=$(lab_id)
expect 0 prov port
free=$(sed -n 's/^127.0.0.1:\([0-9]*\) *web@container *80 .*/\1/p' "$out")
[ -n "$free" ] || fail "no port was chosen"

# A fixed one is named with its holder, before anything is made.
mkdir "$scratch/second"
file() { # PORT
	printf 'prov: 1\nlab: second\nmachines:\n  web: { box: small, ports: ["%s"] }\n' "$1" >"$scratch/second/prov.yaml"
}
refused() { # PORT NAMED
	file "$1"
	expect 1 two up
	expect_one_error
	expect_text "$err" "'web@container' would publish port $2 of the host, which 'web@container' of the lab $id of another PROV_HOME publishes"
	[ ! -e "$scratch/second/.prov" ] || fail "a refused up made something"
}
refused "$((p + 1)):80" "127.0.0.1:$((p + 1))/tcp"
refused "127.0.0.2:$((p + 2)):80/udp" "127.0.0.2:$((p + 2))/udp"
refused "$free:80" "127.0.0.1:$free/tcp"
# What differs in protocol or address is another port.
file "$((p + 2)):80/tcp"
expect 0 two up
expect 0 two destroy -f

# One that is chosen is another one.
file 80
expect 0 two up
expect 0 two port web 80
other=$(cat "$out")
case $other in 127.0.0.1:[0-9]*) ;; *) fail "chosen: $other" ;; esac
[ "$other" != "127.0.0.1:$free" ] || fail "both homes chose $free"
# It is kept as long as nobody else took it.
expect 0 two reload
expect 0 two port web 80
expect_same "kept" "$other" "$(cat "$out")"
expect 0 two halt
lab_file <<-Y
	prov: 1
	lab: first
	machines:
	  web: { box: small, ports: ['${other#*:}:80', '80'] }
Y
expect 0 prov up
expect 0 two up
expect 0 two port web 80
now=$(cat "$out")
[ "$now" != "$other" ] || fail "taken meanwhile: $other"
expect 0 two destroy -f
expect 0 prov destroy -f
expect_clean destroy
