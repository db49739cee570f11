/* The rules of volumes and synced folders in prov.yaml. */
#include "tests/unit/lab/rules.h"

static const struct rule rules[] = {
        /* volumes */
        {"volumes: { pg: { size: 1G } }\n" M "  web: { " B
         ", volumes: ['pg:/x', 'pq:/x:ro', 'pg'] }\n",
                "1:24: 'size': '1G' is not a size | write 1GiB\n"
                "5:40: 'volumes': '/x' stands there twice\n"
                "5:40: 'volumes': there is no volume 'pq' | declare it under volumes:\n"
                "5:52: 'volumes': 'pg' is not a volume | volumes are written \"NAME:/path[:ro]\""},
        {"volumes: { spare: { size: 8MiB } }\n" M "  web: { " B " }\n",
                "1:27: 'size': a volume has 16MiB at least"},
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

        /* folders */
        {M "  web: { " B ", synced_folders: ['.:/x', { host: ., mode: 999 }, 'x'] }\n",
                "4:46: 'guest' is missing in 'synced_folders'\n"
                "4:63: 'mode': '999' is not an octal mode | modes are written 0644\n"
                "4:70: 'synced_folders': 'x' is not a synced folder | folders are written "
                "\"./site:/srv/site:ro\""},
        {M "  web: { " B ", synced_folders: ['./no:/x', 'prov.yaml:/y', '.:/', '.:/sys/x',\n"
           "    '.:/a/../dev', '.:/b', './:/./b/', { host: ./no, guest: /c },\n"
           "    { host: ./no, guest: /d, create: true }, { host: ./no, guest: /e, disabled: true },"
           "\n    { host: ., guest: \"/f\\nprov1 rw /g\" }, \".:/h\\x7f\"] }\n",
                "4:38: 'synced_folders': there is no folder './no' | make it, or write a map with "
                "create: true; paths are relative to the folder of prov.yaml\n"
                "4:49: 'synced_folders': 'prov.yaml' is not a folder\n"
                "4:65: 'synced_folders': nothing can be mounted on '/' of a machine\n"
                "4:72: 'synced_folders': nothing can be mounted on '/sys/x' of a machine\n"
                "5:5: 'synced_folders': nothing can be mounted on '/a/../dev' of a machine\n"
                "5:28: 'synced_folders': '/./b/' stands there twice\n"
                "5:48: 'synced_folders': there is no folder './no' | make it, or write a map with "
                "create: true; paths are relative to the folder of prov.yaml\n"
                "7:23: 'synced_folders': nothing can be mounted on '/f\\x0aprov1 rw /g' of a "
                "machine\n"
                "7:44: 'synced_folders': nothing can be mounted on '/h\\x7f' of a machine"},
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
};

START_TEST(rule)
{
	rule_check(&rules[_i]);
}
END_TEST

int main(void)
{
	return rules_run("schema_mounts", rule, ARRAY_SIZE(rules));
}
