/* The rules of prov.yaml: what is refused, where, in which words. A row is a file and everything
 * said about it. */
#include "lab/schema.h"

#include "base/clock.h"
#include "tests/unit/lab/load.h"

#define M "prov: 1\nlab: shop\nmachines:\n" /* the machines begin on line 4 */
#define B "box: tiny"

static struct loaded l;

static const struct rule {
	const char *text, *problems;
} rules[] = {
        /* the file */
        {"", "1:1: the file is empty | write one with 'prov init'"},
        {"- a\n",
                "1:1: the file is a list, not a map of keys | it begins with prov: 1 and "
                "machines:"},
        {"prov: 1\n", "1:1: 'machines' is missing in the file"},
        {"prov: 2\nfuture: x\n",
                "1:7: 'prov': the file is of format 2, this prov reads format 1 | a newer prov is "
                "needed"},
        {"prov: one\nmachines:\n", "1:7: 'prov': 'one' is not a whole number"},
        {"prov: 0\nmachines:\n", "1:7: 'prov': '0' is not between 1 and 1"},
        {"lab: My_Shop\nmachines:\n", "1:6: 'lab': 'My_Shop' is not a DNS label | write 'my-shop'"},
        {"domain: Shop.test\nmachines:\n",
                "1:9: 'domain': 'Shop.test' is not a domain | domains are written shop.test, in "
                "lower case"},
        {"vars: { A: 1 }\nmachines:\n", "1:1: 'vars' is not supported yet"},
        {"machines: [a]\n", "1:11: 'machines': a map by name is expected, not a list"},
        {"machines:\n  a: x\n", "2:6: 'a': a map of keys is expected, not text"},
        {"a: [1\n", "1:4: this '[' is not closed | add ']'"},
        {"a:\n\tb: 1\n", "2:1: a tab cannot indent | use spaces"},

        /* keys */
        {M "  web: { " B ", memroy: 1GiB }\n",
                "4:21: unknown key 'memroy' | did you mean 'memory'?"},
        {M "  web: { " B ", image: x }\n", "4:21: unknown key 'image' | did you mean 'box'?"},
        {M "  web: { image: x }\n",
                "4:3: machine 'web' has no box | write box: debian/12\n"
                "4:10: unknown key 'image' | did you mean 'box'?"},
        {M "  web: { " B ", pids: 5 }\n", "4:21: unknown key 'pids' | it belongs to container"},
        {M "  web: { " B ", kvm: { pids: 5, count: 2 } }\n",
                "4:28: unknown key 'pids' | it belongs to container\n"
                "4:37: unknown key 'count' | it belongs to a machine"},
        {"defaults: { count: 2, depends_on: [a] }\nmachines:\n",
                "1:13: unknown key 'count' | it cannot be a default: write it in the machine\n"
                "1:23: unknown key 'depends_on' | it cannot be a default: write it in the machine"},
        {M "  web: { " B ", \"\\e[31m\": 1 }\n", "4:21: unknown key '\\x1b[31m'"},
        {M "  web: { " B ", cpus: 1, cpus: 2 }\n",
                "4:30: 'cpus' stands there twice, first on line 4"},
        {M "  web: { " B " }\n  db: { " B " }\n  web: { " B " }\n",
                "6:3: 'web' stands there twice, first on line 4"},
        {M "  web: { box: }\n", "4:10: 'box' has no value"},
        {M "  web: { " B ", memory: [1], env: x, cpus: { a: 1 } }\n",
                "4:29: 'memory': a size is expected, not a list\n"
                "4:39: 'env': a map of NAME: text is expected, not text | write { NAME: value }\n"
                "4:48: 'cpus': a number of CPUs is expected, not a map"},

        /* values */
        {M "  web: { " B ", memory: 512M, disk: 4GB, provider: kvm }\n",
                "4:29: 'memory': '512M' is not a size | write 512MiB\n"
                "4:41: 'disk': '4GB' is not a size | write 4GiB"},
        {M "  web: { " B ", memory: 99999999TiB }\n", "4:29: 'memory': '99999999TiB' is too large"},
        {M "  web: { " B ", provision: [ { shell: { inline: ls, path: /etc/hostname } } ] }\n",
                "4:45: unknown key 'inline' | write shell: | and the script below it"},
        {M "  web: { " B
           ", provision: [ { shell: { privileged: false, path: /etc/hostname } } ] }\n",
                "4:45: unknown key 'privileged' | it belongs to the provision item, beside shell"},
        {M "  web: { " B ", autostart: yes }\n",
                "4:32: 'autostart': 'yes' is neither true nor false | write true"},
        {M "  web: { " B ", ready: { tcp: 80, timeout: 60 } }\n",
                "4:48: 'timeout': '60' is not a duration | write 60s"},
        {M "  web: { " B ", ready: { tcp: 99999 } }\n",
                "4:35: 'tcp': '99999' is not between 1 and 65535"},
        {M "  web: { " B ", ready: { tcp: 80, log: x } }\n",
                "4:21: 'ready' has exactly one of tcp, exec and log, this one has several"},
        {M "  web: { " B ", ready: { timeout: 5s } }\n",
                "4:21: 'ready' has exactly one of tcp, exec and log, this one has none"},
        {M "  web: { " B ", ready: { log: '(' } }\n",
                "4:35: 'log': '(' is not a regular expression: Unmatched ( or \\("},
        {M "  web: { " B ", env: { 1A: x, B: [y] } }\n",
                "4:28: 'env': '1A' is not the name of a variable | names are of letters, digits "
                "and "
                "'_', and begin with no digit\n"
                "4:38: 'env': the value of 'B' is a list, not text"},
        {M "  web: { " B ", container: { stop_signal: SIGHURT } }\n",
                "4:47: 'stop_signal': 'SIGHURT' is not a signal | signals are written SIGTERM, "
                "SIGINT "
                "or SIGRTMIN+3"},
        {M "  web: { " B ", container: { command: sleep 1 } }\n",
                "4:43: 'command': a list of texts is expected, not text | write [\"sleep 1\"]"},
        {M "  web: { " B ", container: { init: upstart } }\n",
                "4:40: 'init': 'upstart' is not one of the choices | it is auto, none, systemd or "
                "/path"},
        {M "  web: { " B ", container: { init: autp } }\n",
                "4:40: 'init': 'autp' is not one of the choices | did you mean 'auto'?"},
        {M "  web: { " B ", kvm: { accelerator: hvf } }\n",
                "4:41: 'accelerator': 'hvf' is not one of the choices | did you mean 'kvm'?"},
        {M "  web: { box: debian }\n  db: { box: ../x }\n  a: { box: .x }\n",
                "6:13: 'box': '.x' is not a box | boxes are written debian/12; a path begins with "
                "/, "
                "./, ../ or ~/"},
        {M "  web: { box: 'docker://postgres:16' }\n",
                "4:15: 'box': 'docker://postgres:16' is not supported yet"},
        {M "  web: { " B ", disk: 4GiB }\n",
                "4:21: 'disk' is not supported yet for containers | put it under kvm:"},

        /* kinds, instances, names */
        {M "  web: { " B ", provider: [kvm, lxc] }\n",
                "4:37: 'provider': 'lxc' is not one of the choices | it is container or kvm"},
        {M "  web: { " B ", provider: [kvm, kvm] }\n",
                "4:37: 'provider': 'kvm' stands there twice"},
        {M "  web: { " B ", provider: [] }\n",
                "4:31: 'provider': a kind, a list of kinds, or both is expected, not a list"},
        {M "  web: { " B ", count: 0 }\n", "4:28: 'count': '0' is not between 1 and 10000"},
        {M "  Web: { " B " }\n", "4:3: 'machines': 'Web' is not a DNS label | write 'web'"},
        {M "  \"../x\": { " B " }\n",
                "4:3: 'machines': '../x' is not a DNS label | names are of a-z, 0-9 and '-', begin "
                "and end with a letter or digit, and have at most 63 characters"},
        {M "  web: { " B ", provider: both }\n  web-kvm: { " B " }\n",
                "5:3: 'machines': 'web-kvm' and 'web' (line 4) would both be called 'web-kvm' | "
                "rename one of them"},
        {M "  web: { " B " }\n  web-container: { " B " }\n",
                "5:3: 'machines': 'web-container' and 'web' (line 4) would both be called "
                "'web-container' | rename one of them"},
        {M "  node-1: { " B " }\n  node: { " B ", count: 1 }\n",
                "5:3: 'machines': 'node' and 'node-1' (line 4) would both be called 'node-1' | "
                "rename "
                "one of them"},
        {M "  a123456789b123456789c123456789d123456789e123456789f12345678: { " B
           ", provider: both }\n",
                "4:3: 'machines': with its suffixes "
                "'a123456789b123456789c123456789d123456789e123456789f12345678' has more than 63 "
                "characters as a host name"},

        /* networks */
        {M "  web: { " B ", networks: host, provider: both }\n",
                "4:31: 'networks': 'host' is for containers only, not for web@kvm | put it under "
                "container:"},
        {M "  web: { " B ", networks: [none] }\n",
                "4:32: 'networks': 'none' stands alone, not in a list or map"},
        {M "  web: { " B ", networks: [default, default] }\n",
                "4:41: 'networks': 'default' stands there twice"},
        {M "  web: { " B ", networks: defualt }\n",
                "4:31: 'networks': there is no network 'defualt' | did you mean 'default'?"},
        {"networks: { lan: { mode: brigde } }\n" M "  web: { " B ", networks: [lan] }\n",
                "1:26: 'mode': 'brigde' is not one of the choices | did you mean 'bridge'?"},
        {"networks: { host: {} }\n" M "  web: { " B " }\n",
                "1:13: 'networks': the name 'host' is reserved"},
        {"networks: { lan: {} }\n" M "  web: { " B ", networks: { name: lna } }\n",
                "5:39: 'networks': there is no network 'lna' | did you mean 'lan'?"},
        {M "  web: { " B ", networks: { ip: 1.2.3.4 } }\n",
                "4:21: 'name' is missing in 'networks'"},
        {M "  web: { " B ", networks: { name: host } }\n",
                "4:39: 'networks': 'host' stands alone, not in a list or map"},
        {"networks: { lan: { subnet: 10.77.0.0/24 } }\n" M "  node: { " B
         ", count: 3, networks: [ { name: lan, ip: 10.77.0.253 } ] }\n",
                "5:61: 'ip': 10.77.0.255 is no address for a machine in 'lan', which is "
                "10.77.0.0/24"},
        {"networks: { lan: { subnet: 10.77.0.0/24 } }\n" M "  a: { " B
         ", networks: { name: lan, ip: 10.77.0.1 } }\n  b: { " B
         ", networks: { name: lan, ip: 10.78.0.5 } }\n",
                "5:46: 'ip': 10.77.0.1 is the address of the host in 'lan' | machines have the "
                "next ones\n"
                "6:46: 'ip': 10.78.0.5 is no address for a machine in 'lan', which is "
                "10.77.0.0/24"},
        {"networks: { lan: { subnet: 10.77.0.0/24 } }\n" M "  a: { " B
         ", count: 2, networks: [ { name: lan, ip: 10.77.0.5 } ] }\n"
         "  b: { " B ", networks: [ { name: lan, ip: 10.77.0.6 } ] }\n",
                "6:48: 'ip': a-2@container and b@container would both have 10.77.0.6 | give one of "
                "them another address"},
        {M "  a: { " B ", networks: { name: default, ip: 10.77.0.5 } }\n",
                "4:50: 'ip': the network 'default' has no subnet in the file | write its subnet "
                "under networks:"},
        {"networks: { a: { subnet: 10.0.0.0/8 }, b: { subnet: 10.77.1.0/24 } }\n" M "  w: { " B
         " }\n",
                "1:53: 'subnet': 10.77.1.0/24 overlaps with that of 'a', 10.0.0.0/8"},
        {"networks: { a: { subnet: 10.77.0.1/24 } }\n" M "  w: { " B " }\n",
                "1:26: 'subnet': '10.77.0.1/24' is the address of a machine, not of a subnet | "
                "write 10.77.0.0/24"},
        {"networks: { a: { mode: bridge, ipv6: true }, b: { bridge: br0 } }\n" M "  w: { " B " }\n",
                "1:13: 'bridge' is missing: mode bridge joins one of the host's | write bridge: "
                "and its name\n"
                "1:13: 'subnet' is missing: with mode bridge it is not prov's to choose | write "
                "the one that the bridge's network has\n"
                "1:38: 'ipv6': with mode bridge the addresses are not prov's to choose\n"
                "1:51: 'bridge' belongs to mode bridge | write mode: bridge"},
        {"networks: { a: { mode: bridge, bridge: no/bridge, subnet: 10.1.0.0/16 } }\n" M "  w: { " B
         " }\n",
                "1:40: 'bridge': that is not the name of a bridge | see 'ip link show type "
                "bridge'"},
        {"networks: { a: { ipv6: true, mtu: 1000 }, b: { mtu: 100 } }\n" M "  w: { " B " }\n",
                "1:35: 'mtu': IPv6 needs at least 1280\n"
                "1:53: 'mtu': '100' is not between 576 and 65535"},
        {"networks: { lan: {} }\n" M "  a: { " B
         ", networks: { name: lan, aliases: [sql, sql, S_q] } }\n",
                "5:57: 'aliases': 'sql' stands there twice\n"
                "5:62: 'aliases': 'S_q' is not a domain | domains are written shop.test, in lower "
                "case"},
        {"networks: { lan: {} }\n" M "  a: { " B
         ", count: 2, networks: { name: lan, aliases: [sql] } }\n",
                "5:62: 'aliases': a-1@container and a-2@container would both be called 'sql' in "
                "'lan' | give the alias to one of them"},

        /* ports */
        {M "  web: { " B ", ports: ['99999:1', x] }\n",
                "4:29: 'ports': '99999:1' is not a published port | ports are written \"8080:80\", "
                "\"127.0.0.1:5353:53/udp\", \"[::]:8080:80\" or \"80\"\n"
                "4:40: 'ports': 'x' is not a published port | ports are written \"8080:80\", "
                "\"127.0.0.1:5353:53/udp\", \"[::]:8080:80\" or \"80\""},
        {M "  web: { " B ", provider: both, ports: ['8080:80'] }\n",
                "4:45: 'ports': web@container and web@kvm would both publish port 8080 of the host "
                "| "
                "\"80\" takes any free port, \"8080-8089:80\" one each for the instances"},
        {M "  web: { " B ", count: 3, ports: ['8080-8081:80'] }\n",
                "4:39: 'ports': '8080-8081:80' has fewer ports than there are instances"},

        {M "  web: { " B ", networks: none, ports: ['80'] }\n",
                "4:37: 'ports': web@container has 'networks: none', so that nothing can reach its "
                "ports | join it to a network, or leave one out"},
        {M "  web: { " B ", networks: host, ports: ['80'] }\n",
                "4:37: 'ports': web@container has 'networks: host', so that its ports are the "
                "host's own | leave 'ports' out"},
        {M "  a: { " B ", ports: ['0.0.0.0:8000-8010:8000-8010'] }\n  b: { " B
           ", ports: ['127.0.0.1:8010:1', '8011:1'] }\n",
                "5:27: 'ports': a@container and b@container would both publish port 8010 of the "
                "host | \"80\" takes any free port, \"8080-8089:80\" one each for the "
                "instances"},

        /* what comes later is checked all the same */
        {"volumes: { pg: { size: 1G } }\n" M "  web: { " B
         ", volumes: ['pg:/x', 'pq:/x:ro', 'pg'] }\n",
                "1:24: 'size': '1G' is not a size | write 1GiB\n"
                "5:40: 'volumes': '/x' stands there twice\n"
                "5:40: 'volumes': there is no volume 'pq' | declare it under volumes:\n"
                "5:52: 'volumes': 'pg' is not a volume | volumes are written \"NAME:/path[:ro]\""},
        {"volumes: { pg: { size: 8MiB }, b: }\n" M "  web: { " B
         ", volumes: ['pg:/x', 'pg:/y/', 'b:/', 'b:/../x', 'b:/dev/shm', 'b:/a//./proc',\n"
         "    'b:/sys/', ':/x', 'b:x', 'b:/x:rw', \"b:/a\\nb\"] }\n",
                "1:24: 'size': a volume has 16MiB at least\n"
                "5:40: 'volumes': 'pg' stands there twice\n"
                "5:50: 'volumes': no volume can be mounted at '/' of a machine\n"
                "5:57: 'volumes': no volume can be mounted at '/../x' of a machine\n"
                "5:68: 'volumes': no volume can be mounted at '/dev/shm' of a machine\n"
                "6:5: 'volumes': no volume can be mounted at '/sys/' of a machine\n"
                "6:16: 'volumes': ':/x' is not a volume | volumes are written "
                "\"NAME:/path[:ro]\"\n"
                "6:23: 'volumes': 'b:x' is not a volume | volumes are written "
                "\"NAME:/path[:ro]\"\n"
                "6:30: 'volumes': 'b:/x:rw' is not a volume | volumes are written "
                "\"NAME:/path[:ro]\"\n"
                "6:41: 'volumes': 'b:/a\\x0ab' is not a volume | volumes are written "
                "\"NAME:/path[:ro]\""},
        {M "  web: { " B ", synced_folders: ['.:/x', { host: ., mode: 999 }, 'x'] }\n",
                "4:46: 'guest' is missing in 'synced_folders'\n"
                "4:63: 'mode': '999' is not an octal mode | modes are written 0644\n"
                "4:70: 'synced_folders': 'x' is not a synced folder | folders are written "
                "\"./site:/srv/site:ro\""},
        {M "  web: { " B ", synced_folders: ['./no:/x', 'prov.yaml:/y', '.:/', '.:/sys/x',\n"
           "    '.:/a/../dev', '.:/b', './:/./b/', { host: ./no, guest: /c },\n"
           "    { host: ./no, guest: /d, create: true }, { host: ./no, guest: /e, disabled: true }"
           "] }\n",
                "4:38: 'synced_folders': there is no folder './no' | make it, or write a map with "
                "create: true; paths are relative to the folder of prov.yaml\n"
                "4:49: 'synced_folders': 'prov.yaml' is not a folder\n"
                "4:65: 'synced_folders': nothing can be mounted on '/' of a machine\n"
                "4:72: 'synced_folders': nothing can be mounted on '/sys/x' of a machine\n"
                "5:5: 'synced_folders': nothing can be mounted on '/a/../dev' of a machine\n"
                "5:28: 'synced_folders': '/./b/' stands there twice\n"
                "5:48: 'synced_folders': there is no folder './no' | make it, or write a map with "
                "create: true; paths are relative to the folder of prov.yaml"},
        {"volumes: { a: , b: , c: , d: , e: }\n" M "  web: { " B
         ", volumes: ['a:/x', 'b:/y/z', 'c:/z', 'd:/cc', 'e:/ok'],\n"
         "    synced_folders: ['.:/x', '.:/y/', '.:/z/a//b', '.:/c', { host: ., guest: /ok, "
         "type: rsync }] }\n"
         "  p: { " B ", volumes: ['a:/vagrant/deps'] }\n  q: { " B ", volumes: ['a:/vagrant'] }\n",
                "5:31: 'volumes': '/x' is also the synced folder '/x' | mount one of them "
                "elsewhere, or copy the folder: type: rsync\n"
                "5:39: 'volumes': '/y/z' lies in the synced folder '/y' | mount one of them "
                "elsewhere, or copy the folder: type: rsync\n"
                "5:49: 'volumes': '/z' holds the synced folder '/z/a/b' | mount one of them "
                "elsewhere, or copy the folder: type: rsync\n"
                "7:29: 'volumes': '/vagrant/deps' lies in the synced folder '/vagrant' | mount it "
                "elsewhere, or leave the project out: synced_folders: [{ host: ., guest: /vagrant, "
                "disabled: true }]"},
        /* each option with each type that cannot have it */
        {M "  c: { " B ", synced_folders: [{ host: ., guest: /a, type: bind, exclude: [x] },\n"
           "    { host: ., guest: /b, type: rsync, read_only: true, exclude: [x], owner: a, group: "
           "b, mode: '0700', create: true },\n"
           "    { host: ., guest: /d, exclude: [x], read_only: true, owner: a, group: b },\n"
           "    { host: ., guest: /e, type: bind, exclude: [], owner: a, group: b, create: true }] "
           "}\n"
           "  v: { " B ", provider: kvm, synced_folders: [\n"
           "    { host: ., guest: /a, type: virtiofs, exclude: [x], owner: a, group: b },\n"
           "    { host: ., guest: /b, type: 9p, exclude: [x] },\n"
           "    { host: ., guest: /c, type: 9p, owner: a, group: b },\n"
           "    { host: ., guest: /d, type: 9p, group: b },\n"
           "    { host: ., guest: /e, type: rsync, read_only: true }] }\n",
                "4:79: 'synced_folders': 'exclude' is not for type bind, which mounts all of the "
                "folder | type: rsync leaves out what is excluded\n"
                "5:51: 'synced_folders': 'read_only' is not for type rsync: a copy is the "
                "machine's own | the host's folder is out of its reach; or write another type\n"
                "9:52: 'synced_folders': 'exclude' is not for type virtiofs, which mounts all of "
                "the folder | type: rsync leaves out what is excluded\n"
                "10:46: 'synced_folders': 'exclude' is not for type 9p, which mounts all of the "
                "folder | type: rsync leaves out what is excluded\n"
                "11:44: 'synced_folders': 'owner' is not for type 9p: inside, all belongs to the "
                "number that QEMU has on the host | write virtiofs or rsync, or leave it out\n"
                "12:44: 'synced_folders': 'group' is not for type 9p: inside, all belongs to the "
                "number that QEMU has on the host | write virtiofs or rsync, or leave it out\n"
                "13:51: 'synced_folders': 'read_only' is not for type rsync: a copy is the "
                "machine's own | the host's folder is out of its reach; or write another type"},
        {M "  web: { " B ", synced_folders: all }\n"
           "  a: { " B ", provider: both, synced_folders: [{ host: ., guest: /x, type: 9p }] }\n",
                "4:37: 'synced_folders': a list of folders is expected, not text | write "
                "[\"./site:/srv/site\"], or none\n"
                "5:80: 'synced_folders': '9p' is for virtual machines only | write auto, or put it "
                "under container: or kvm:"},
        {M "  web: { " B ", cpu_weight: 0, io_weight: 100, cpuset: 1-0, on_boot: true }\n",
                "4:33: 'cpu_weight': '0' is not between 1 and 10000\n"
                "4:60: 'cpuset': '1-0' is not a set of CPUs | sets are written 0-3,7\n"
                "4:65: 'on_boot' is not supported yet"},
        {M "  web:\n    " B "\n    container:\n      read_only: true\n      privileged: 1\n"
           "      capabilities: { drop: [NET_RAW], dorp: [X] }\n      devices: [/dev/fuse]\n"
           "      time_offset: 1h\n      no_new_privileges: true\n",
                "8:19: 'privileged': '1' is neither true nor false | write true\n"
                "9:40: unknown key 'dorp' | did you mean 'drop'?"},
        {"ssh_mesh: 1\nmachines:\n",
                "1:11: 'ssh_mesh': '1' is neither true nor false | write true"},

        /* provision */
        {M "  web: { " B
           ", provision: [ { shell: a, file: { source: ., destination: /x } }, { run: "
           "once }, x ] }\n",
                "4:34: 'provision': an item has exactly one of shell, file and ansible, this one "
                "has "
                "several | split it into several items\n"
                "4:86: 'provision': an item has exactly one of shell, file and ansible, this one "
                "has "
                "none | write shell: or file:\n"
                "4:101: 'provision': a list of maps is expected, not text | write { shell: ... } "
                "or { "
                "file: ... }"},
        {M "  web: { " B
           ", provision: [ { ansible: { playbook: x.yml, tags: [a] } }, { ansible: y.yml }, "
           "{ ansible: { args: [-v] } }, { ansible: [x] }, { ansible: ~ } ] }\n",
                "4:57: 'playbook': there is no file 'x.yml' | paths are relative to the folder of "
                "prov.yaml\n"
                "4:64: unknown key 'tags' | did you mean 'args'?\n"
                "4:90: 'ansible': there is no file 'y.yml' | paths are relative to the folder of "
                "prov.yaml\n"
                "4:101: 'playbook' is missing in 'ansible'\n"
                "4:139: 'ansible': a playbook's path, or a map is expected, not a list\n"
                "4:148: 'ansible' has no value"},
        {M "  web: { " B ", provision: [ { shell: { path: nope.sh, agrs: [] } } ] }\n",
                "4:51: 'path': there is no file 'nope.sh' | paths are relative to the folder of "
                "prov.yaml\n"
                "4:60: unknown key 'agrs' | did you mean 'args'?"},
        {M "  web: { " B
           ", provision: [ { shell: { path: . } }, { shell: {} }, { shell: ' ' } ] }\n",
                "4:51: 'path': '.' is not a file\n"
                "4:60: 'path' is missing in 'shell'\n"
                "4:82: 'shell': the script is empty"},
        {M "  web: { " B ", provision: [ { file: { source: nope, destination: x, mode: 8 } } ] }\n",
                "4:52: 'source': there is no file 'nope' | paths are relative to the folder of "
                "prov.yaml\n"
                "4:71: 'destination': 'x' is not an absolute path\n"
                "4:80: 'mode': '8' is not an octal mode | modes are written 0644"},
        {M "  web: { " B ", provision: [ { name: a, shell: x }, { name: a, shell: y } ] }\n",
                "4:65: 'name': 'a' is also the name of the item on line 4"},
        {"defaults: { provision: [ { name: a, shell: x } ] }\n" M "  web: { " B
         ", provision: [ { name: a, shell: y } ] }\n",
                "5:42: 'name': 'a' is also the name of the item on line 1"},
        {M "  web: { " B ", provision: [ { shell: x }, { shell: x, user: a }, { shell: x } ] }\n",
                "4:71: 'provision': the item is the same as the one on line 4 | give both a name"},
        {M "  web: { " B ", provision: [ { shell: x, user: a, privileged: false, run: ever } ] }\n",
                "4:55: 'privileged' cannot stand beside 'user'\n"
                "4:79: 'run': 'ever' is not one of the choices | did you mean 'never'?"},
        {M "  web: { " B ", provision: [ { shell: x, name: 'a,b' } ] }\n",
                "4:52: 'name': 'a,b' is not a name | up to 100 printable characters, no comma"},

        /* depends_on */
        {M "  web: { " B ", depends_on: [dbb, db@kvm, db@lxc] }\n  db: { " B " }\n",
                "4:34: 'depends_on': there is no machine 'dbb' | did you mean 'db'?\n"
                "4:39: 'depends_on': there is no machine 'db@kvm' | there is db@container\n"
                "4:47: 'depends_on': there is no machine 'db@lxc' | there is db@container"},
        {M "  a: { " B ", depends_on: [b] }\n  b: { " B ", depends_on: [c] }\n"
           "  c: { " B ", depends_on: [a] }\n",
                "4:31: 'depends_on' goes in a circle: a@container -> b@container -> c@container -> "
                "a@container"},
        {M "  a: { " B ", depends_on: [a] }\n",
                "4:31: 'depends_on' goes in a circle: a@container -> a@container"},
        {M "  n: { " B ", count: 2, depends_on: [n-1] }\n",
                "4:41: 'depends_on' goes in a circle: n-1@container -> n-1@container"},
        {M "  a: { " B ", depends_on: b }\n  b: { " B " }\n",
                "4:31: 'depends_on': a list of texts is expected, not text | write [\"b\"]"},
};

START_TEST(rule)
{
	load_begin(&l);
	load_file(&l, "prov.yaml", rules[_i].text, strlen(rules[_i].text));
	load_now(&l, NULL);
	AUTO_FREE char *problems = load_problems(&l);
	ck_assert_str_eq(problems, rules[_i].problems);
	ck_assert_int_eq(l.rc, -1);
	ck_assert_int_eq(l.err.kind, ERR_CONFIG);
	AUTO_FREE char *message =
	        xasprintf("prov.yaml: %zu problem%s", l.problems.n, l.problems.n == 1 ? "" : "s");
	ck_assert_str_eq(l.err.message, message);
	load_end(&l);
}
END_TEST

/* Every key there is, used as it is meant: nothing but "not supported yet" may be said. */
static const char everything[] =
        "prov: 1\n"
        "lab: shop\n"
        "domain: shop.test\n"
        "defaults:\n"
        "  box: debian/12\n"
        "  provider: container\n"
        "  cpus: 1\n"
        "  memory: 512MiB\n"
        "  env: { TZ: Europe/Madrid }\n"
        "networks:\n"
        "  lan:  { mode: nat, subnet: 10.77.0.0/24 }\n"
        "  back: { mode: isolated, subnet: 10.77.1.0/24 }\n"
        "volumes:\n"
        "  pg: { size: 1GiB }\n"
        "machines:\n"
        "  db:\n"
        "    box: docker://postgres:16\n"
        "    networks: [ { name: back, ip: 10.77.1.10, aliases: [sql] } ]\n"
        "    volumes: [ \"pg:/var/lib/postgresql/data\" ]\n"
        "    env: { POSTGRES_PASSWORD: lab, PGPORT: 5432 }\n"
        "    container: { command: [postgres, -c, fsync=off], pids: 256, stop_signal: SIGINT, "
        "stop_timeout: 20s }\n"
        "    ready: { exec: \"pg_isready -U postgres\", timeout: 60s }\n"
        "  web:\n"
        "    provider: [container, kvm]\n"
        "    cpus: 1.5\n"
        "    cpu_weight: 200\n"
        "    cpuset: \"0-1\"\n"
        "    memory: 768MiB\n"
        "    disk: 4GiB\n"
        "    user: student\n"
        "    networks: [ lan, back ]\n"
        "    ports: [ \"8080:80\" ]\n"
        "    synced_folders:\n"
        "      - \".:/srv/site:ro\"\n"
        "      - { host: ., guest: /vagrant, type: auto, read_only: true, exclude: [.git] }\n"
        "    depends_on: [ db ]\n"
        "    provision:\n"
        "      - name: nginx\n"
        "        shell: |\n"
        "          apt-get update\n"
        "          apt-get install -y nginx\n"
        "      - name: site\n"
        "        file: { source: site.conf, destination: /etc/nginx/conf.d/site.conf, mode: "
        "\"0644\" }\n"
        "      - name: warm-up\n"
        "        shell: { path: setup.sh, args: [a, b] }\n"
        "        env: { STAGE: lab }\n"
        "        user: student\n"
        "        run: always\n"
        "        timeout: 5m\n"
        "    ready: { tcp: 80, timeout: 60s, interval: 1s, successes: 3 }\n"
        "    container: { init: systemd, read_only: false, capabilities: { drop: [NET_RAW] } }\n"
        "    kvm:\n"
        "      ports: [ \"8081:80\" ]\n"
        "      accelerator: auto\n"
        "  node:\n"
        "    provider: kvm\n"
        "    count: 3\n"
        "    networks: [ { name: lan, ip: 10.77.0.20 } ]\n"
        "    provision: [ { name: join, shell: { path: join.sh } } ]\n"
        "  attic:\n"
        "    networks: none\n"
        "    autostart: false\n";

START_TEST(a_file_with_every_key)
{
	load_begin(&l);
	load_file(&l, "prov.yaml", everything, strlen(everything));
	load_file(&l, "site.conf", "", 0);
	load_file(&l, "setup.sh", "", 0);
	load_file(&l, "join.sh", "", 0);
	load_now(&l, NULL);
	ck_assert_int_ge(l.problems.n, 1);
	for (size_t i = 0; i < l.problems.n; i++)
		ck_assert_msg(strstr(l.problems.rows[i].text, "not supported yet") != NULL,
		        "%d: %s", l.problems.rows[i].line, l.problems.rows[i].text);
	load_end(&l);
}
END_TEST

START_TEST(every_key_is_on_the_page)
{
	AUTO_STR page = {0};

	schema_write_man(&page);
	for (size_t i = 0; i < schema_n; i++) {
		ck_assert_msg(schema[i].doc && str_ends(schema[i].doc, "."), "%s", schema[i].name);
		const char *doc = schema[i].doc;
		AUTO_FREE char *start = xstrndup(doc, strcspn(doc, "-'\\"));
		ck_assert_msg(strstr(page.buf, start) != NULL, "%s", schema[i].name);
		AUTO_FREE char *entry = xasprintf(".TP\n.B %s\n", schema[i].name);
		ck_assert_msg(strstr(page.buf, entry) != NULL, "%s", entry);
	}
	ck_assert_ptr_nonnull(strstr(page.buf, ".I Not supported yet."));
}
END_TEST

static void write_defaults(struct str *out, enum section section, const char *indent)
{
	for (size_t i = 0; i < schema_n; i++) {
		const struct key *key = &schema[i];
		bool literal = key->initial && !(key->flags & KEY_LATER) &&
		        !strchr(key->initial, ' ') && key->type != TYPE_TEXTS;
		if (key->section == section && key->field && literal)
			str_addf(out, "%s%s: %s\n", indent, key->name, key->initial);
	}
}

static char *spec_text(const char *text, const char *kind)
{
	struct str out = {0};

	load_good(&l, text, kind);
	struct machine_spec *m = &l.lab.machines[0];
	free(m->project);
	m->project = NULL; /* another folder each time */
	spec_drop_implicit_folders(m);
	spec_write(m, &out);
	load_end(&l);
	return str_steal(&out);
}

/* What the table calls the default is what spec_init sets. */
START_TEST(the_defaults_are_those_of_the_spec)
{
	static const char head[] =
	        "lab: x\nmachines:\n  a:\n    box: tiny\n    ready:\n      tcp: 1\n";
	AUTO_STR text = {0};

	str_add(&text, head);
	write_defaults(&text, IN_READY, "      ");
	write_defaults(&text, IN_MACHINE, "    ");
	str_add(&text, "    container:\n");
	write_defaults(&text, IN_CONTAINER, "      ");
	str_add(&text, "    kvm:\n");
	write_defaults(&text, IN_KVM, "      ");
	ck_assert_ptr_nonnull(strstr(text.buf, "      boot_timeout: 5m\n"));
	for (size_t i = 0; schema_kinds[i]; i++) {
		AUTO_FREE char *plain = spec_text(head, schema_kinds[i]);
		AUTO_FREE char *written = spec_text(text.buf, schema_kinds[i]);
		ck_assert_str_eq(written, plain);
	}
}
END_TEST

START_TEST(more_problems_than_anybody_reads)
{
	AUTO_STR text = {0};

	str_add(&text, "machines: { a: { box: tiny } }\n");
	for (int i = 0; i < 5000; i++)
		str_addf(&text, "unknown%d: 1\n", i);
	load_begin(&l);
	load_file(&l, "prov.yaml", text.buf, text.len);
	load_now(&l, NULL);
	ck_assert_str_eq(l.err.message, "prov.yaml: 5000 problems");
	ck_assert_int_eq(l.problems.n, 101);
	ck_assert_str_eq(l.problems.rows[0].text, "unknown key 'unknown0'");
	ck_assert_str_eq(l.problems.rows[100].text, "4900 more problems from here on");
	ck_assert_int_eq(l.problems.rows[100].line, 102);
	load_end(&l);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("schema");
	TCase *tc = tcase_create("schema");

	tcase_set_timeout(tc, 30);
	tcase_add_loop_test(tc, rule, 0, ARRAY_SIZE(rules));
	tcase_add_test(tc, a_file_with_every_key);
	tcase_add_test(tc, every_key_is_on_the_page);
	tcase_add_test(tc, the_defaults_are_those_of_the_spec);
	tcase_add_test(tc, more_problems_than_anybody_reads);
	suite_add_tcase(suite, tc);
	return suite_finish(suite);
}
