// SPDX-License-Identifier: Apache-2.0
// Sorting labels into lines, and finding them there.
#include "model/label.h"

#include <string.h>

#include "model/tag.h"

static struct err *label_check(const struct label *l) {
    struct err *e = tag_key_check(l->key);
    if (!e && l->value) e = tag_value_check(l->value);
    return err_wrap(e, "label '%.64s'", l->key);
}

bool label_good(const struct label *l) {
    AUTO_ERR struct err *e = label_check(l);
    return !e;
}

static void place(const struct label *sorted[], size_t count, const struct label *l) {
    size_t at = count;
    for (; at > 0 && strcmp(sorted[at - 1]->key, l->key) > 0; at--) sorted[at] = sorted[at - 1];
    sorted[at] = l;
}

struct err *labels_make(const struct label *at, size_t count, struct text *ret_labels) {
    const struct label *sorted[LABELS_MOST];
    if (count > LABELS_MOST) return err_new(ERR_TOO_LARGE, "%zu labels; a volume has at most %d", count, LABELS_MOST);
    for (size_t i = 0; i < count; i++) {
        TRY(label_check(&at[i]));
        place(sorted, i, &at[i]);
    }
    for (size_t i = 1; i < count; i++)
        if (strcmp(sorted[i - 1]->key, sorted[i]->key) == 0)
            return err_new(ERR_INVALID, "label '%s' is given twice; a label has one value", sorted[i]->key);
    for (size_t i = 0; i < count; i++)
        text_addf(ret_labels, "%s%s=%s", i ? "\n" : "", sorted[i]->key, sorted[i]->value ? sorted[i]->value : "");
    return NULL;
}

const char *labels_next(const char *labels, const char *from, size_t *ret_size) {
    const char *at = from ? from + strcspn(from, "\n") : labels;
    if (!at || !*at) return NULL;
    at += *at == '\n';
    *ret_size = strcspn(at, "\n");
    return at;
}

const char *labels_find(const char *labels, const char *key, size_t *ret_size) {
    size_t size, length = strlen(key);
    for (const char *at = labels_next(labels, NULL, &size); at; at = labels_next(labels, at, &size)) {
        if (size <= length || at[length] != '=' || strncmp(at, key, length) != 0) continue;
        *ret_size = size;
        return at;
    }
    return NULL;
}

bool labels_has(const char *labels, const char *line, size_t size) {
    size_t own;
    for (const char *at = labels_next(labels, NULL, &own); at; at = labels_next(labels, at, &own))
        if (own == size && memcmp(at, line, size) == 0) return true;
    return false;
}

void labels_add_text(const char *labels, struct text *out) {
    size_t size;
    for (const char *at = labels_next(labels, NULL, &size); at; at = labels_next(labels, at, &size)) {
        if (at != labels) text_add(out, ", ");
        text_add_n(out, at, size);
    }
}
