/* What prov-box.so exports: boxes/boxes.h. */
#include "boxes/transfer/ops.h"

extern const struct boxes_ops prov_boxes;

const struct boxes_ops prov_boxes = {
        .build = box_build,
        .add = box_add,
        .export = box_export,
        .verify = box_verify,
};
