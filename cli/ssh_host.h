/* The machines of a lab as hosts: by the names that DNS, ssh-config and the inventory have for
 * them. */
#pragma once

#include "cli/cli.h"

/*
 * [user@]host as ssh takes it; host is a machine's selector, host name (with or without the lab's
 * domain), name where it has one kind, or address. *user (the caller frees) stays as it is where
 * none is in front; "web" of "web@kvm" is none.
 */
MUST_CHECK int ssh_host_find(
        struct lab *lab, const char *text, struct machine **out, char **user, struct err *err);

/* What a machine that came up was made of: the journal's spec, else the declared one. out is
 * overwritten; spec_clear. */
void ssh_host_spec(const struct machine *machine, struct machine_spec *out);

/* No other machine of the lab has this name, so that it alone says which is meant. */
bool ssh_host_is_only(const struct lab *lab, const struct machine *machine);

/* The command that starts this program: "PROV_HOME=… /path/prov --lab ID", for sh. */
void ssh_host_prov(const struct lab *lab, struct str *out);
