#!/bin/sh
runtime=crun
. "$(dirname "$0")/oci.sh"
