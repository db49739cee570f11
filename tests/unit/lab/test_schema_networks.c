/* The rules of networks and ports in prov.yaml. */
#include "tests/unit/lab/rules.h"

static const struct rule rules[] = {
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
        {"domain: a.test\nnetworks: { lan: {} }\n" M "  a: { " B
         ", networks: { name: lan, aliases: [a, b, b-container.a.test, b.test, c-kvm] } }\n"
         "  b: { " B " }\n  c: { " B ", provider: both }\n",
                "6:55: 'aliases': a@container would be called 'b', as b@container is | give it "
                "another alias\n"
                "6:58: 'aliases': a@container would be called 'b-container.a.test', as b@container "
                "is | give it another alias\n"
                "6:86: 'aliases': a@container would be called 'c-kvm', as c@kvm is | give it "
                "another alias"},

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
};

START_TEST(rule)
{
	rule_check(&rules[_i]);
}
END_TEST

int main(void)
{
	return rules_run("schema_networks", rule, ARRAY_SIZE(rules));
}
