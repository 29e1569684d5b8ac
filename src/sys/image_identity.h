// SPDX-License-Identifier: Apache-2.0
// Who a volume stored as an image or a directory is: `<image>.id`, a JSON file with the keys "volume" (UUID) and
// "cluster", written by the storage side when it is made and compared by the host before it is attached.
#ifndef SYS_IMAGE_IDENTITY_H
#define SYS_IMAGE_IDENTITY_H

#include "base/err.h"
#include "base/id.h"

// Durable when it returns. `name` is for people and may be NULL.
MUST_USE struct err *image_identity_write(const char *image, struct uuid volume, const char *cluster, const char *name);
// ERR_NOT_FOUND without that file; ERR_CORRUPT when it makes no sense. `ret_cluster` is given: end with free().
MUST_USE struct err *image_identity_read(const char *image, struct uuid *ret_volume, char **ret_cluster);
// ERR_CONFLICT when it is another volume's, or another cluster's (NULL: not compared).
MUST_USE struct err *image_identity_check(const char *image, struct uuid volume, const char *cluster);

#endif
