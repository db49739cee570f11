#include "engine/dev.h"

const struct dev_node dev_nodes[] = {
        {"/dev/null", 1, 3},
        {"/dev/zero", 1, 5},
        {"/dev/full", 1, 7},
        {"/dev/random", 1, 8},
        {"/dev/urandom", 1, 9},
        {"/dev/tty", 5, 0},
        {NULL, 0, 0},
};

const struct dev_link dev_links[] = {
        {"/dev/ptmx", "pts/ptmx"},
        {"/dev/fd", "/proc/self/fd"},
        {"/dev/stdin", "/proc/self/fd/0"},
        {"/dev/stdout", "/proc/self/fd/1"},
        {"/dev/stderr", "/proc/self/fd/2"},
        {NULL, NULL},
};
