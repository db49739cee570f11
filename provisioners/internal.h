/* What the provisioners share. A step's data is its item; the probe's is the spec's. */
#pragma once

#include "core/transport.h"
#include "provisioners/provisioners.h"

int provision_shell(struct run *run, struct err *err);
int provision_file(struct run *run, struct err *err);
int provision_ansible(struct run *run, struct err *err);
int provision_mesh(struct run *run, struct err *err);
int provision_ready(struct run *run, struct err *err);
void provision_shell_explain(const struct run *run, struct str *out);
void provision_file_explain(const struct run *run, struct str *out);
void provision_ansible_explain(const struct run *run, struct str *out);
void provision_mesh_inputs(const struct run *run, struct digest *digest);
void provision_mesh_explain(const struct run *run, struct str *out);
void provision_ready_explain(const struct run *run, struct str *out);

/* Everything an item does: what it says, and the bytes of the files it names. */
void provision_item_inputs(const struct run *run, struct digest *digest);
/* What it says alone: the same on every host, also where the files are gone. */
void provision_item_declared(const struct provision_item *item, struct digest *digest);

/* The item's mark as the step carries it, behind "provision:". */
const char *provision_item_mark(const struct run *run);
/* For messages: "script 'setup'", and of an item without a name, whose mark says nothing to
 * anybody, "the script at prov.yaml:12". The caller frees. */
char *provision_item_title(const struct run *run, const char *what);
/* NULL: root. Borrowed. */
const char *provision_item_user(const struct run *run);
/* The machine's environment, the item's, and the PROV_… variables, the later ones winning. */
void provision_item_env(
        const struct machine_spec *spec, const struct provision_item *item, struct strv *out);

/* Where a script's output goes: to the user as it comes, and into the machine's log. */
struct output {
	struct run *run;
	int log_fd; /* -1: the log cannot be written, which is said once */
};
MUST_CHECK int provision_output_open(struct output *out, struct run *run, struct err *err);
void provision_output_write(void *output, int stream, const char *data, size_t n);
void provision_output_close(struct output *out);
