#!/bin/sh
# prov compare with real containers and virtual machines: what it prints is held against what the host says itself.
. "$(dirname "$0")/../lib.sh"
need_libvirt
need_tool python3
need_box tiny
remember_host

json=$scratch/result.json
begun=$(date +%s)
expect 0 prov compare --quick --claims -o "$json" --html "$scratch/page.html"
echo "compare --quick: $(($(date +%s) - begun)) s"
# The whole report is in the files; the head alone is printed, a column a kind.
expect_text "$out" "tiny"
expect_text "$out" "process +container +container[+]init +kvm"
expect_text "$out" "^memory the host pays, each "
expect_no_text "$out" "How to read this"
expect_text "$err" "^written: $json$"
expect_no_text "$err" "left out"
expect_clean compare

cat >"$scratch/check.py" <<'P'
import json, os, sys
r = json.load(open(sys.argv[1]))
problems = []
def ok(what, good):
    if not good:
        problems.append(what)
def all_of(id, kind):
    for s in r["series"]:
        if s["id"] == id and s["kind"] == kind:
            return [x["value"] if isinstance(x, dict) else x for x in s.get("values", s.get("runs"))]
    return []
def fact(id, kind):
    return next((f["value"] for f in r["facts"] if f["id"] == id and f["kind"] == kind), None)
for id in ("start.t1", "start.t3", "start.t5", "start.t6", "start.cpu", "start.t5ssh", "start.t5direct",
           "stop.halt", "stop.destroy", "memory.total", "disk.delta", "disk.provisioned", "probe.syscall"):
    for kind in ("container", "kvm"):
        ok(f"{id} {kind}: {all_of(id, kind)}", len(all_of(id, kind)) == 2)
ok("process", len(all_of("start.t5", "process")) == 2)
ok("a container's kernel is the host's", fact("identity.kernel", "container") == os.uname().release)
ok("a VM's kernel is its own", fact("identity.kernel", "kvm") not in (None, os.uname().release))
for kind in ("container", "kvm"):
    for early, late in (("start.t1", "start.t3"), ("start.t3", "start.t5"), ("start.t5", "start.t6")):
        ok(f"{kind} {early} before {late}",
           all(a <= b for a, b in zip(all_of(early, kind), all_of(late, kind))))
for parts in zip(all_of("memory.pss.guest", "kvm"), all_of("memory.pss.tcg", "kvm"),
                 all_of("memory.pss.vmm", "kvm"), all_of("memory.total", "kvm")):
    ok(f"the parts of QEMU are the whole: {parts}", abs(sum(parts[:3]) - parts[3]) < 0.05 * parts[3])
    ok(f"no more guest RAM than the guest has: {parts}", parts[0] <= 128.5)
ok("the same digest in both", fact("repeat.digest", "kvm") == fact("repeat.digest", "container") is not None)
ok("30 claims, each with a figure", len(r["claims"]) == 30 and all(c["figure"] for c in r["claims"]))
ok("complete", r["complete"])
paid = [s for s in r["series"] if s["id"] == "memory.each"]
ok("each kind's memory is paid", {s["kind"] for s in paid} == {"container", "container+init", "kvm"})
ok("all kinds' memory is read in one way", len({s["method"] for s in paid}) == 1)
ok("nothing costs less than nothing", all(v > 0 for s in paid for v in s["values"]))
for s in r["series"]:
    ok(f"{s['id']} has unit and method", s["unit"] and s["method"])
print("\n".join(problems))
sys.exit(1 if problems else 0)
P
expect 0 python3 "$scratch/check.py" "$json"

# The page of the file is the page that was written at once.
expect 0 prov report "$json" -o "$scratch/again.html"
cmp -s "$scratch/page.html" "$scratch/again.html" || fail "prov report makes another page"
expect 0 prov compare --diff "$json" "$json"
[ -s "$out" ] || fail "no difference is printed"

# A declared machine, one kind only; its own script is what is timed.
lab_file <<'Y'
prov: 1
volumes: { data: { size: 16MiB } }
machines:
  web:
    box: tiny
    memory: 96MiB
    volumes: [ "data:/srv/data" ]
    ports: [ "80" ]
    provision: [ { name: mark, shell: "echo declared >/var/mark" } ]
Y
expect 0 prov compare web --quick --runs 1 --kinds container --csv -o "$scratch/whole.txt"
expect_text "$out" "^start.t6,container"
expect_text "$scratch/whole.txt" "How to read this"
expect_text "$err" "^note: compare leaves out the volumes and ports of 'web'$"
[ ! -e "$lab/.prov" ] || fail "the folder of the declared machine was touched"
expect_clean "compare of a declared machine"

# What is not there is named, before anything is made.
expect 2 prov compare --box tiny --kinds kvm-warm
expect_text "$err" "'kvm-warm' is not offered yet"
expect 1 prov compare --box nope
expect_text "$err" "there is no box 'nope'"
expect_no_text "$err" "comparing"
expect 2 prov compare other
expect_clean refusals

# Interrupted: what is complete is reported, and nothing stays.
"$build/prov" -C "$lab" compare --box tiny --runs 90 --kinds container --json >"$out" 2>"$err" &
pid=$!
children="$children $pid"
await "the third round" grep -q 'round 3 of 90' "$err"
kill -INT "$pid"
wait "$pid"
code=$?
expect_same "exit code" 130 $code
grep -q '"complete": false' "$out" || fail "an interrupted result is not marked"
expect_clean interruption
