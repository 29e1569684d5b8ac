// SPDX-License-Identifier: Apache-2.0
// A YAML map, key by key, as settings. Knows no process: which keys there are is the table's matter.
#include "wire/setting.h"

#include "codec/yaml.h"

static struct err *value_give(struct settings *s, const char *file, const char *key, const struct yaml_node *value) {
    const struct setting *row = setting_find(settings_kind(s), key);
    struct setting_given given = {.name = key, .source = FROM_FILE, .file = file, .line = (unsigned)value->line};
    if (row && row->kind == SETTING_TREE)
        given.tree = value;
    else if (value->kind == YAML_TEXT)
        given.value = value->text;
    return settings_give(s, &given);
}

// An empty list is a value too: none, instead of the default.
static struct err *list_give(struct settings *s, const char *file, const char *key, const struct yaml_node *list) {
    const struct yaml_node none = {.kind = YAML_TEXT, .line = list->line, .text = ""};
    if (!list->count) return value_give(s, file, key, &none);
    for (size_t i = 0; i < list->count; i++) TRY(value_give(s, file, key, list->items[i]));
    return NULL;
}

static struct err *pair_give(struct settings *s, const char *file, const struct yaml_pair *pair) {
    const struct setting *row = setting_find(settings_kind(s), pair->key);
    if (yaml_is_null(pair->value)) return NULL;
    bool list = pair->value->kind == YAML_LIST && row && row->kind == SETTING_LIST;
    return (list ? list_give : value_give)(s, file, pair->key, pair->value);
}

struct err *settings_give_yaml(struct settings *s, const char *file, const void *bytes, size_t size,
                               struct arena *arena) {
    struct yaml_documents documents;
    TRY(err_wrap(yaml_read(bytes, size, arena, &documents), "configuration %s", file));
    if (!documents.count) return NULL;
    const struct yaml_node *top = documents.at[0];
    if (documents.count > 1 || top->kind != YAML_MAP)
        return err_new(ERR_INVALID, "configuration %s: must be one map of settings", file);
    for (size_t i = 0; i < top->count; i++) TRY(pair_give(s, file, &top->pairs[i]));
    return NULL;
}
