// SPDX-License-Identifier: Apache-2.0
// Texts into fields.
#include "codec/form.h"

#include <string.h>

#include "codec/scalar.h"

struct err *form_take(ProtobufCMessage *m, const char *name, char *text) {
    const field_info *f = field_find(m->descriptor, name, strlen(name), false);
    if (!f || field_is_repeated(f) || f->id >= FIELD_INTERNAL || field_is_set(m, f)) return NULL;
    union scalar value = {.text = text};
    if (scalar_is_number(f->type))
        TRY(err_wrap((scalar_has_unit(f) ? scalar_unit : scalar_number_text)(f, text, strlen(text), &value), "%s",
                     name));
    else if (f->type != PROTOBUF_C_TYPE_STRING)
        return NULL;
    memcpy(field_at(m, f), &value, field_size(f->type));
    field_mark(m, f, 0);
    return NULL;
}
