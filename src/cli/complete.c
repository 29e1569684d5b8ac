// SPDX-License-Identifier: Apache-2.0
// Completion of flags, actions and names.
#include "cli/complete.h"

#include <string.h>

#include "cli/config.h"
#include "codec/field.h"
#include "granary_api.pb-c.h"

enum { PATIENCE_MS = 250 };

void complete_add(struct text *out, const char *typed, const char *candidate) {
    if (text_starts(candidate, typed)) text_addf(out, "%s\n", candidate);
}

static void flag_add(struct text *out, const char *typed, const char *name) {
    AUTO_FREE char *flag = mem_format("--%s", name);
    complete_add(out, typed, flag);
}

// ---- names that the master knows ----

static const struct listing {
    const char *word, *path, *field; // the word that stands for such a name in help; where the name is in a row
    const ProtobufCMessageDescriptor *type;
} listings[] = {
    {"CLASS", "/v1/classes", "name", &granary__class_list__descriptor},
    {"AGENT", "/v1/agents", "name", &granary__agent_list__descriptor},
    {"ROLE", "/v1/roles", "name", &granary__role_list__descriptor},
    {"VOLUME", "/v1/volumes", "name", &granary__volume_list__descriptor},
    {"PROVIDER", "/v1/inventory", "name", &granary__inventory__descriptor},
    {"TASK", "/v1/tasks", "id", &granary__task_list__descriptor},
    {"FRAMEWORK", "/v1/frameworks", "id", &granary__framework_list__descriptor},
};

static void rows_add(const ProtobufCMessage *list, const struct listing *listing, const char *typed, struct text *out) {
    const field_info *rows = &listing->type->fields[0];
    const ProtobufCMessage *const *at = *(const ProtobufCMessage *const *const *)field_at(list, rows);
    for (size_t i = 0; i < field_count(list, rows); i++) {
        const field_info *name = field_find(at[i]->descriptor, listing->field, strlen(listing->field), false);
        const char *value = name ? *(char *const *)field_at(at[i], name) : NULL;
        if (value && !strpbrk(value, " \t\r\n\033")) complete_add(out, typed, value);
    }
}

// Silent about all that goes wrong: there are no candidates then.
static void names_add(const struct listing *listing, const char *typed, struct text *out) {
    AUTO_ARENA struct arena arena = {0};
    AUTO_CLIENT struct client *client = NULL;
    struct settings *s = settings_new(PROCESS_CLI);
    AUTO_ERR struct err *e = config_read(&(struct options){0}, s);
    if (!e) e = client_new(s, &client);
    settings_free(s);
    void *list;
    if (e) return;
    client_hurry(client, PATIENCE_MS);
    e = client_get(client, listing->path, listing->type, &arena, &list);
    if (!e) rows_add(list, listing, typed, out);
}

static void word_add(const char *word, const char *typed, struct text *out) {
    for (size_t i = 0; word && i < ARRAY_LEN(listings); i++)
        if (strcmp(listings[i].word, word) == 0) names_add(&listings[i], typed, out);
}

// The names that a noun's actions take are of the noun's own kind.
static const char *noun_word(const struct noun *noun, const struct action *a) {
    static const char *const words[][2] = {{"volume", "VOLUME"}, {"class", "CLASS"},       {"agents", "AGENT"},
                                           {"agent", "AGENT"},   {"provider", "PROVIDER"}, {"framework", "FRAMEWORK"},
                                           {"role", "ROLE"},     {"task", "TASK"}};
    if (strcmp(a->name, "create") == 0 || strcmp(a->name, "apply") == 0) return NULL;
    if (strcmp(noun->name, "explain") == 0) return "VOLUME";
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (strcmp(words[i][0], noun->name) == 0) return words[i][1];
    return NULL;
}

// ---- flags ----

static void choices_add(const char *choices, const char *typed, struct text *out) {
    AUTO_FREE char *copy = mem_text(choices);
    for (char *rest = copy, *choice; (choice = strsep(&rest, "|"));) complete_add(out, typed, choice);
}

static void flags_add(const struct option *flags, enum process_kind kind, const char *typed, struct text *out) {
    for (const struct option *o = flags; o && o->name; o++) flag_add(out, typed, o->name);
    size_t count;
    const struct setting *settings = setting_table(kind, &count);
    for (size_t i = 0; i < count; i++)
        if (settings[i].kind != SETTING_TREE) flag_add(out, typed, settings[i].name);
    flag_add(out, typed, "config");
    flag_add(out, typed, "help");
}

// The flag that takes the next argument as its value: one of both is set; false when that word is none.
static bool takes_value(const struct option *flags, enum process_kind kind, const char *word,
                        const struct option **ret_option, const struct setting **ret_setting) {
    const char *name = strcmp(word, "-o") == 0 ? "output" : text_starts(word, "--") ? word + 2 : "";
    const struct option *option = option_find(flags, name);
    const struct setting *setting = option ? NULL : setting_find(kind, name);
    *ret_option = option;
    *ret_setting = setting;
    return option ? option->kind != OPTION_FLAG : setting && setting->kind != SETTING_BOOL;
}

// What may follow `before`, or flags; false when it is a name that is being typed.
static bool flag_complete(const struct option *flags, enum process_kind kind, const char *before, const char *typed,
                          struct text *out) {
    const struct option *option;
    const struct setting *setting;
    if (before && takes_value(flags, kind, before, &option, &setting)) {
        if (option) word_add(option->word, typed, out);
        if (setting && setting->choices) choices_add(setting->choices, typed, out);
        return true;
    }
    if (*typed == '-') flags_add(flags, kind, typed, out);
    return *typed == '-';
}

void complete_flags(const struct option *flags, enum process_kind kind, const char *const *words, struct text *out) {
    const struct option *option;
    const struct setting *setting;
    const char *before = NULL;
    for (; *words && words[1]; words++) {
        bool value = before && takes_value(flags, kind, before, &option, &setting);
        if (!value && (**words != '-' || strcmp(*words, "--") == 0)) return;
        before = value ? NULL : *words;
    }
    if (*words) flag_complete(flags, kind, before, *words, out);
}

// ---- actions ----

void complete_noun(const struct noun *noun, const char *const *words, struct text *out) {
    size_t count = 0, used;
    while (words[count]) count++;
    if (!count) return;
    const char *typed = words[count - 1];
    for (size_t i = 0; count == 1 && i < noun->count; i++)
        if (*noun->actions[i].name) complete_add(out, typed, noun->actions[i].name);
    const struct action *a = noun_action(noun, words, &used);
    if (!a || used >= count) return;
    const char *before = count - used > 1 ? words[count - 2] : NULL;
    struct option flags[OPTIONS_MOST];
    if (!flag_complete(action_options(a, flags), PROCESS_CLI, before, typed, out) && a->names_most)
        word_add(noun_word(noun, a), typed, out);
}
