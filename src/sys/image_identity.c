// SPDX-License-Identifier: Apache-2.0
// The identity file beside an image.
#include "sys/image_identity.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "sys/file.h"

enum { IDENTITY_LARGEST = 4096 };

struct err *image_identity_write(const char *image, struct uuid volume, const char *cluster, const char *name) {
    char text[UUID_TEXT];
    uuid_text(volume, text);
    json_t *json = json_pack("{s:s, s:s, s:s*}", "volume", text, "cluster", cluster ? cluster : "", "name", name);
    if (!json) return err_new(ERR_INVALID, "identity of image %s: the cluster's or volume's name is not UTF-8", image);
    AUTO_FREE char *bytes = json_dumps(json, JSON_INDENT(1));
    json_decref(json);
    AUTO_FREE char *path = mem_format("%s.id", image);
    return file_write(path, bytes, strlen(bytes), 0600);
}

struct err *image_identity_read(const char *image, struct uuid *ret_volume, char **ret_cluster) {
    AUTO_FREE char *path = mem_format("%s.id", image);
    AUTO_TEXT struct text bytes = {0};
    TRY(file_read(path, IDENTITY_LARGEST, &bytes));
    json_error_t why;
    json_t *json = json_loadb(text_string(&bytes), bytes.size, 0, &why);
    const char *volume = json_string_value(json_object_get(json, "volume"));
    const char *cluster = json_string_value(json_object_get(json, "cluster"));
    bool good = volume && cluster && uuid_parse(volume, ret_volume);
    if (good) *ret_cluster = mem_text(cluster);
    json_decref(json);
    return good ? NULL : err_new(ERR_CORRUPT, "%s does not name a volume and a cluster", path);
}

struct err *image_identity_check(const char *image, struct uuid volume, const char *cluster) {
    struct uuid found;
    AUTO_FREE char *found_cluster = NULL;
    TRY(image_identity_read(image, &found, &found_cluster));
    char want_text[UUID_TEXT], found_text[UUID_TEXT];
    uuid_text(volume, want_text);
    uuid_text(found, found_text);
    if (!uuid_equal(found, volume))
        return err_new(ERR_CONFLICT, "%s is volume %s, not %s", image, found_text, want_text);
    if (cluster && strcmp(cluster, found_cluster) != 0)
        return err_new(ERR_CONFLICT, "%s belongs to cluster '%s', not '%s'", image, found_cluster, cluster);
    return NULL;
}
