#!/bin/sh
# What is compiled for one folder of installation is compiled again for another one: `make`, then `make install prefix=…`.
. "$(dirname "$0")/../lib.sh"
need_tool make cc

object=$scratch/build/base/module.o
compile() { # PREFIX
	expect 0 make -s -C "$top" B="$scratch/build" prefix="$1" "$object"
}
compile /first
expect_text "$object" /first/lib/prov
made=$(stat -c %y "$object")
compile /first
expect_same "compiled again although nothing changed" "$made" "$(stat -c %y "$object")"
compile /second
expect_text "$object" /second/lib/prov
expect_no_text "$object" /first/lib/prov
