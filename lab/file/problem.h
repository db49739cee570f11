/* Collects what is wrong with a file: in any order, handed out in the file's, each once, and not
 * more than anybody would read. */
#pragma once

#include "base/yaml.h"
#include "lab/file/config.h"

#define PROBLEMS_SHOWN 100

/* hint NULL or "": none. */
void problem_add(struct problems *list, struct yaml_mark mark, const char *hint, const char *fmt,
        ...) PRINTF_LIKE(4, 5);
/* err's message behind "'key': ", and its hint. */
void problem_of_key(
        struct problems *list, struct yaml_mark mark, const char *key, const struct err *err);
/* True once so many are there that looking for suggestions is wasted (a hostile file). */
bool problems_enough(const struct problems *list);

/* text for a message: escaped, cut where it is long. The caller frees. */
char *shown(const char *text);
