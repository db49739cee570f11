/* Provisioners see only core/transport.h. Each item of a machine becomes a step "provision:MARK";
 * the probe becomes "ready". */
#pragma once

#include "core/run.h"

/*
 * The step for synced folders where it is needed (provisioners/folders.h), the steps of spec's
 * provision items, in order, behind them the ready probe if there is one. Items
 * with run: never are left out unless named in with (NULL: none). The names in the steps and the
 * array belong to *out: provision_steps_free. They borrow spec.
 */
void provision_steps(
        const struct machine_spec *spec, const struct strv *with, struct step **out, size_t *n);
void provision_steps_free(struct step *steps, size_t n);

/* The mark of an item: its name, or "TYPE-" and 12 hex digits of its content. The caller frees. */
char *provision_mark(const struct provision_item *item);
