/* The rules of prov.yaml: its keys, values and names, and what machines have of their own. */
#include "tests/unit/lab/rules.h"

static const struct rule rules[] = {
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

        /* what comes later is checked all the same */
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
	rule_check(&rules[_i]);
}
END_TEST

int main(void)
{
	return rules_run("schema", rule, ARRAY_SIZE(rules));
}
