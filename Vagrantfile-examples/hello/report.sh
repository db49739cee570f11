#!/bin/sh
# Installs nothing: says which kernel, which name and which first process the machine has.
set -eu
echo "machine:  $PROV_MACHINE ($PROV_PROVIDER)"
echo "kernel:   $(uname -a)"
echo "hostname: $(hostname)"
echo "PID 1:    $(cat /proc/1/comm)"
