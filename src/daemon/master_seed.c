// SPDX-License-Identifier: Apache-2.0
// Applies the configured tag types, failure domains, role weights and classes to a master, in the words of its own API.
#include "daemon/master_seed.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "codec/json_write.h"
#include "codec/yaml.h"
#include "granary_api.pb-c.h"
#include "sys/file.h"

struct err *master_seed_types(struct master *m, const struct settings *s) {
    const struct yaml_node *types = settings_tree(s, "tag-types");
    if (!types) return NULL;
    if (types->kind != YAML_MAP)
        return err_new(ERR_INVALID, "tag-types (line %zu): must be a map from key to type", types->line);
    for (size_t i = 0; i < types->count; i++) {
        enum value_type type;
        const struct yaml_node *value = types->pairs[i].value;
        if (value->kind != YAML_TEXT || !value_type_parse(value->text, &type))
            return err_new(ERR_INVALID, "tag-types (line %zu): '%s' must be text, number, version or network",
                           value->line, types->pairs[i].key);
        TRY(symbols_declare(master_symbols(m), types->pairs[i].key, type));
    }
    return NULL;
}

struct err *master_seed_domains(struct master *m, const struct settings *s) {
    const struct yaml_node *domains = settings_tree(s, "domains");
    if (!domains) {
        domains_usual(master_domains(m), master_symbols(m));
        return NULL;
    }
    if (domains->kind != YAML_MAP)
        return err_new(ERR_INVALID, "domains (line %zu): must be a map from tag key to percent", domains->line);
    for (size_t i = 0; i < domains->count; i++) {
        const struct yaml_pair *pair = &domains->pairs[i];
        if (pair->value->kind != YAML_TEXT)
            return err_new(ERR_INVALID, "domains (line %zu): '%s' must be percent, such as 99.95", pair->line,
                           pair->key);
        TRY(err_wrap(domains_declare(master_domains(m), master_symbols(m), pair->key,
                                     yaml_is_null(pair->value) ? NULL : pair->value->text),
                     "domains (line %zu)", pair->line));
    }
    return NULL;
}

// A request of our own, as if an operator had sent it; its answer is read, not sent.
static struct err *ask(struct master *m, const char *path, const ProtobufCMessage *body, const struct instant *at,
                       struct outputs *out) {
    AUTO_TEXT struct text json = {0};
    json_write(&json, body, JSON_PUBLIC);
    const struct header_pair type = {"Content-Type", "application/json"};
    struct request r = {.exchange = UINT64_MAX,
                        .method = "PUT",
                        .path = path,
                        .query = "",
                        .headers = &type,
                        .header_count = 1,
                        .body = json.data,
                        .body_size = json.size};
    size_t first = out->list.count;
    master_request(m, &r, at, out);
    struct err *e = NULL;
    for (size_t i = first; i < out->list.count; i++) {
        const struct output *o = &out->list.at[i];
        if (o->kind == OUTPUT_REPLY && o->status >= 400) e = err_new(ERR_INVALID, "%.*s", (int)o->size, o->body);
    }
    return e;
}

static struct err *seed_role(struct master *m, const struct yaml_pair *pair, const struct instant *at,
                             struct outputs *out) {
    Granary__RoleSet set = GRANARY__ROLE_SET__INIT;
    char *end;
    set.has_weight = 1;
    set.weight = pair->value->kind == YAML_TEXT ? strtod(pair->value->text, &end) : 0;
    AUTO_TEXT struct text path = {0};
    text_add(&path, "/v1/roles/");
    for (const char *c = pair->key; *c; c++) text_addf(&path, *c == '/' || *c == '%' ? "%%%02X" : "%c", (unsigned)*c);
    return err_wrap(ask(m, text_string(&path), &set.base, at, out), "roles (line %zu)", pair->line);
}

static struct err *seed_class(struct master *m, const struct yaml_node *node, const struct instant *at,
                              struct outputs *out) {
    AUTO_ARENA struct arena arena = {0};
    void *unpacked;
    TRY(yaml_message(node, &granary__class__descriptor, &arena, &unpacked));
    const Granary__Class *class = unpacked;
    TRY(name_check("class", class->name));
    return ask(m, arena_format(&arena, "/v1/classes/%s", class->name), &class->base, at, out);
}

static struct err *seed_class_file(struct master *m, const char *path, const struct instant *at, struct outputs *out) {
    AUTO_ARENA struct arena arena = {0};
    AUTO_TEXT struct text bytes = {0};
    TRY(file_read(path, YAML_LARGEST, &bytes));
    struct yaml_documents documents;
    TRY(yaml_read(text_string(&bytes), bytes.size, &arena, &documents));
    for (size_t i = 0; i < documents.count; i++) TRY(seed_class(m, documents.at[i], at, out));
    return NULL;
}

static int yaml_file(const struct dirent *entry) {
    return text_ends(entry->d_name, ".yaml") || text_ends(entry->d_name, ".yml");
}

static struct err *seed_classes(struct master *m, const char *directory, const struct instant *at,
                                struct outputs *out) {
    struct dirent **entries;
    int n = scandir(directory, &entries, yaml_file, alphasort);
    if (n < 0) return err_new(ERR_NOT_FOUND, "classes '%s': the directory cannot be read", directory);
    struct err *e = NULL;
    for (int i = 0; i < n; i++) {
        AUTO_FREE char *path = mem_format("%s/%s", directory, entries[i]->d_name);
        if (!e) e = err_wrap(seed_class_file(m, path, at, out), "class file %s", path);
        free(entries[i]);
    }
    free(entries);
    return e;
}

struct err *master_seed(struct master *m, const struct settings *s, const struct instant *at, struct outputs *out) {
    const struct yaml_node *roles = settings_tree(s, "roles");
    if (roles && roles->kind != YAML_MAP)
        return err_new(ERR_INVALID, "roles (line %zu): must be a map from role to weight", roles->line);
    for (size_t i = 0; roles && i < roles->count; i++) TRY(seed_role(m, &roles->pairs[i], at, out));
    return settings_has(s, "classes") ? seed_classes(m, settings_text(s, "classes"), at, out) : NULL;
}
