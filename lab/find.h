/*
 * Which lab a command means: the one of the working folder or of --file, or the one that --lab
 * names. What is found goes into the lab that is being opened: folder, file, what that declares, id
 * and notice.
 */
#pragma once

#include "lab/lab.h"

/* By the folder. problems: of its file. */
MUST_CHECK int lab_find_folder(const struct lab_options *options, struct lab *lab,
        struct problems *problems, struct err *err);
/* By its id: sets that alone. */
MUST_CHECK int lab_find_id(const struct lab_options *options, struct lab *lab, struct err *err);
/* Likewise, once the journal's header has told its folder: the file there, where the folder is
 * still the lab's own. */
MUST_CHECK int lab_find_file(const struct lab_options *options, struct lab *lab,
        struct problems *problems, struct err *err);
