#!/bin/sh
runtime=runc
. "$(dirname "$0")/oci.sh"
