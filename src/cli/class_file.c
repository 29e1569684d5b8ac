// SPDX-License-Identifier: Apache-2.0
// Classes as documents.
#include "cli/class_file.h"

#include <string.h>
#include <strings.h>

#include "base/quantity.h"
#include "cli/output.h"
#include "codec/json_write.h"

static void answers_clear(Granary__Class *class) {
    class->has_id = class->has_version = class->has_created = class->has_largest_grantable = false;
    class->has_script_failures = false;
    class->script_failure = NULL;
}

// ---- read ----

static struct err *class_read(const struct yaml_node *node, struct arena *arena, struct class_list *list) {
    void *message;
    TRY(yaml_message(node, &granary__class__descriptor, arena, &message));
    Granary__Class *class = message;
    if (!*class->name) return err_new(ERR_INVALID, "line %zu: the class has an empty name", node->line);
    VEC_EACH (other, list)
        if (strcmp((*other)->name, class->name) == 0)
            return err_new(ERR_INVALID, "line %zu: class '%s' stands in this file twice", node->line, class->name);
    answers_clear(class);
    vec_push(list, class);
    return NULL;
}

struct err *classes_read(const void *bytes, size_t size, struct arena *arena, struct class_list *ret_list,
                         struct yaml_documents *ret_documents) {
    struct yaml_documents documents;
    TRY(yaml_read(bytes, size, arena, &documents));
    if (!documents.count) return err_new(ERR_INVALID, "there is no class in it: a document begins with 'name: NAME'");
    struct class_list list = {0};
    struct err *e = NULL;
    for (size_t i = 0; !e && i < documents.count; i++) e = class_read(documents.at[i], arena, &list);
    if (e) {
        vec_done(&list);
        return e;
    }
    *ret_list = list;
    if (ret_documents) *ret_documents = documents;
    return NULL;
}

// ---- compare ----

static void class_add_json(const Granary__Class *class, struct text *out) {
    Granary__Class bare = *class;
    answers_clear(&bare);
    json_write(out, &bare.base, JSON_PUBLIC | JSON_DEFAULTS);
}

bool class_same(const Granary__Class *a, const Granary__Class *b) {
    AUTO_TEXT struct text one = {0}, other = {0};
    class_add_json(a, &one);
    class_add_json(b, &other);
    return strcmp(text_string(&one), text_string(&other)) == 0;
}

// ---- write ----

// Quoted whenever plain YAML could mean something else.
static void yaml_add_text(struct text *out, const char *value) {
    bool plain = *value != 0;
    for (const char *at = value; *at && plain; at++) {
        char c = *at;
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '/';
        bool later = at > value && ((c >= '0' && c <= '9') || strchr(" -.()<>=", c)) && (c != ' ' || at[1]);
        plain = letter || later;
    }
    static const char *const words[] = {"null", "true", "false", "yes", "no", "on", "off"};
    for (size_t i = 0; i < ARRAY_LEN(words) && plain; i++) plain = strcasecmp(value, words[i]) != 0;
    if (plain)
        text_add(out, value);
    else
        json_write_string(out, value, strlen(value));
}

static void text_row(struct text *out, const char *key, const char *value) {
    if (!value || !*value) return;
    text_addf(out, "%s: ", key);
    yaml_add_text(out, value);
    text_add_char(out, '\n');
}

static void preferences_write(struct text *out, const char *key, Granary__Preference *const *list, size_t count) {
    if (count) text_addf(out, "%s:\n", key);
    for (size_t i = 0; i < count; i++) {
        text_add(out, "  - selector: ");
        yaml_add_text(out, list[i]->selector);
        text_addf(out, "\n    weight: %d\n", list[i]->weight);
    }
}

static void spreads_write(struct text *out, const Granary__Class *class) {
    if (class->n_spread) text_add(out, "spread:\n");
    for (size_t i = 0; i < class->n_spread; i++) {
        const Granary__Spread *s = class->spread[i];
        text_add(out, "  - key: ");
        yaml_add_text(out, s->key);
        text_add(out, "\n    label: ");
        yaml_add_text(out, s->label);
        if (s->over) text_addf(out, "\n    over: %u", s->over);
        text_addf(out, "%s\n    weight: %d\n", s->required ? "\n    required: true" : "", s->weight);
    }
}

// The exact size; a comment says it for people when it is none that they would write.
static void size_row(struct text *out, const char *key, uint64_t bytes, struct arena *arena) {
    static const struct {
        uint64_t size;
        const char *name;
    } units[] = {{TIB, "TiB"}, {GIB, "GiB"}, {MIB, "MiB"}, {1, ""}};
    size_t i = 0;
    while (bytes % units[i].size) i++;
    if (!bytes) return;
    text_addf(out, "%s: %llu%s", key, (unsigned long long)(bytes / units[i].size), units[i].name);
    if (units[i].size == 1) text_addf(out, "  # %s", show_bytes(bytes, arena));
    text_add_char(out, '\n');
}

static void ways_write(const Granary__Class *class, struct text *out, struct arena *arena) {
    text_row(out, "access", show_word(&granary__access_mode__descriptor, (int)class->access, arena));
    text_row(out, "format", show_word(&granary__format_when__descriptor, (int)class->format, arena));
    text_addf(out, "launch-wait-ms: %u\n", class->launch_wait_ms);
    text_row(out, "on-agent-lost", show_word(&granary__on_agent_lost__descriptor, (int)class->on_agent_lost, arena));
    text_row(out, "on-release", show_word(&granary__on_release__descriptor, (int)class->on_release, arena));
    if (class->zero_at_create) text_add(out, "zero-at-create: true\n");
}

// As a block when it would read back the same, else in quotes.
static void script_write(const Granary__Class *class, struct text *out, struct arena *arena) {
    const char *script = class->script;
    if (!script || !*script) return;
    size_t size = strlen(script);
    bool block = size > 1 && script[size - 1] == '\n' && script[size - 2] != '\n';
    for (size_t i = 0; i < size && block; i++)
        block = (unsigned char)script[i] >= ' ' ? script[i] != 0x7f : script[i] == '\n' || script[i] == '\t';
    text_row(out, "on-script-error",
             show_word(&granary__on_script_error__descriptor, (int)class->on_script_error, arena));
    if (!block) {
        text_row(out, "script", script);
        return;
    }
    text_add(out, "script: |2\n");
    for (const char *line = script; *line; line = strchr(line, '\n') + 1)
        text_addf(out, "%s%.*s\n", *line == '\n' ? "" : "  ", (int)strcspn(line, "\n"), line);
}

void class_write(const Granary__Class *class, struct text *out, struct arena *arena) {
    if (class->has_largest_grantable)
        text_addf(out, "# the largest volume that can be granted now: %s\n",
                  class->largest_grantable ? show_bytes(class->largest_grantable, arena) : "nothing");
    if (class->has_version) text_addf(out, "# version %llu\n", (unsigned long long)class->version);
    if (class->script_failure)
        text_addf(out, "# its script failed %llu times since it was applied or the master started, the last time: %s\n",
                  (unsigned long long)class->script_failures, class->script_failure);
    text_row(out, "name", class->name);
    text_row(out, "description", class->description);
    text_row(out, "pool", class->pool);
    text_row(out, "agent", class->agent);
    preferences_write(out, "prefer-pool", class->prefer_pool, class->n_prefer_pool);
    preferences_write(out, "prefer-agent", class->prefer_agent, class->n_prefer_agent);
    spreads_write(out, class);
    text_row(out, "fs", class->fs);
    ways_write(class, out, arena);
    if (class->has_iops_per_gib) text_addf(out, "iops-per-gib: %s\n", show_real(class->iops_per_gib, arena));
    if (class->bandwidth) text_addf(out, "bandwidth: %llu\n", (unsigned long long)class->bandwidth);
    if (class->has_availability) text_addf(out, "availability: %s\n", show_percent(class->availability, arena));
    size_row(out, "smallest", class->smallest, arena);
    size_row(out, "largest", class->largest, arena);
    if (class->n_roles) text_add(out, "roles:\n");
    for (size_t i = 0; i < class->n_roles; i++) {
        text_add(out, "  - ");
        yaml_add_text(out, class->roles[i]);
        text_add_char(out, '\n');
    }
    script_write(class, out, arena);
}
