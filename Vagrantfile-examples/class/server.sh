#!/bin/sh
# A web server of systemd's alone, on the ports 80 to 83, and an answer to each datagram on port 53.
set -eu
cat >/usr/local/bin/page <<'E'
#!/bin/sh
while read -r line && [ "${#line}" -gt 1 ]; do :; done
printf 'HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nthis is %s\n' "$(hostname)"
E
cat >/usr/local/bin/pong <<'E'
#!/usr/bin/perl
open(my $socket, "+<&=", 0) or die;
while (defined(my $peer = recv($socket, my $text, 1500, 0))) {
	send($socket, "pong $text", 0, $peer);
}
E
chmod 755 /usr/local/bin/page /usr/local/bin/pong
cd /etc/systemd/system
cat >page.socket <<'E'
[Socket]
ListenStream=80
ListenStream=81
ListenStream=82
ListenStream=83
Accept=yes
[Install]
WantedBy=sockets.target
E
cat >page@.service <<'E'
[Service]
ExecStart=/usr/local/bin/page
StandardInput=socket
E
cat >pong.socket <<'E'
[Socket]
ListenDatagram=53
[Install]
WantedBy=sockets.target
E
cat >pong.service <<'E'
[Service]
ExecStart=/usr/local/bin/pong
StandardInput=socket
E
systemctl daemon-reload
systemctl enable -q --now page.socket pong.socket
