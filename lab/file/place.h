/*
 * Where prov.yaml says something of a machine: what a provider cannot honour is found long after
 * the file was read, and is to be told with its place all the same.
 */
#pragma once

#include "base/yaml.h"
#include "core/spec.h"
#include "lab/file/config.h"

/*
 * key is a path as in struct err: "memory", "container.devices[1]",
 * "container.capabilities.add[0]". The strongest of the places wins: the machine's section of its
 * kind, the machine, the defaults' section, the defaults. What stands nowhere (a key that has its
 * initial value) leads to what holds it, at last to the machine's name. Line 0: the file does not
 * have the machine.
 */
struct yaml_mark place_find(
        const struct yaml_node *root, const struct machine_spec *spec, const char *key);
/* Puts "prov.yaml:LINE:COLUMN: " in front of an error that has a key. source NULL: none is known.
 * Returns -1. */
int place_wrap(
        const struct config_source *source, const struct machine_spec *spec, struct err *err);
