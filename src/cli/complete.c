// SPDX-License-Identifier: Apache-2.0
// Completion of flags, actions and names.
#include "cli/complete.h"

#include <string.h>

#include "codec/field.h"
#include "granary_api.pb-c.h"

extern char **environ;

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
    const char *word, *path; // the word that stands for such a name in help
    const ProtobufCMessageDescriptor *type;
} listings[] = {
    {"CLASS", "/v1/classes", &granary__class_list__descriptor},
    {"AGENT", "/v1/agents", &granary__agent_list__descriptor},
    {"ROLE", "/v1/roles", &granary__role_list__descriptor},
    {"VOLUME", "/v1/volumes", &granary__volume_list__descriptor},
    {"PROVIDER", "/v1/inventory", &granary__inventory__descriptor},
    {"FRAMEWORK", "/v1/frameworks", &granary__framework_list__descriptor},
};

static void rows_add(const ProtobufCMessage *list, const field_info *rows, const char *typed, struct text *out) {
    const ProtobufCMessage *const *at = *(const ProtobufCMessage *const *const *)field_at(list, rows);
    for (size_t i = 0; i < field_count(list, rows); i++) {
        const field_info *name = field_find(at[i]->descriptor, "name", strlen("name"), false);
        const char *value = name ? *(char *const *)field_at(at[i], name) : NULL;
        if (value && !strpbrk(value, " \t\r\n\033")) complete_add(out, typed, value);
    }
}

// Silent about all that goes wrong: there are no candidates then.
static void names_add(const struct listing *listing, const char *typed, struct text *out) {
    AUTO_ARENA struct arena arena = {0};
    AUTO_CLIENT struct client *client = NULL;
    struct settings *s = settings_new(PROCESS_CLI);
    AUTO_ERR struct err *e = settings_give_environment(s, (const char *const *)environ);
    if (!e) e = client_new(s, &client);
    settings_free(s);
    void *list;
    if (e) return;
    client_hurry(client, PATIENCE_MS);
    e = client_get(client, listing->path, listing->type, &arena, &list);
    if (!e) rows_add(list, &listing->type->fields[0], typed, out);
}

static void word_add(const char *word, const char *typed, struct text *out) {
    for (size_t i = 0; word && i < ARRAY_LEN(listings); i++)
        if (strcmp(listings[i].word, word) == 0) names_add(&listings[i], typed, out);
}

// The names that a noun's actions take are of the noun's own kind.
static const char *noun_word(const struct noun *noun, const struct action *a) {
    static const char *const words[][2] = {{"volume", "VOLUME"}, {"class", "CLASS"},       {"agents", "AGENT"},
                                           {"agent", "AGENT"},   {"provider", "PROVIDER"}, {"framework", "FRAMEWORK"},
                                           {"role", "ROLE"}};
    if (strcmp(a->name, "create") == 0 || strcmp(a->name, "apply") == 0) return NULL;
    if (strcmp(noun->name, "explain") == 0) return "VOLUME";
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (strcmp(words[i][0], noun->name) == 0) return words[i][1];
    return NULL;
}

// ---- flags and actions ----

static const struct option *option_of(const struct action *a, const char *flag) {
    for (const struct option *o = a->options; o && o->name; o++)
        if (text_starts(flag, "--") && strcmp(flag + 2, o->name) == 0) return o;
    return NULL;
}

static void flags_add(const struct action *a, const char *typed, struct text *out) {
    for (const struct option *o = a->options; o && o->name; o++) flag_add(out, typed, o->name);
    if (a->traits & ACTION_WATCH) flag_add(out, typed, "watch");
    size_t count;
    const struct setting *settings = setting_table(PROCESS_CLI, &count);
    for (size_t i = 0; i < count; i++) flag_add(out, typed, settings[i].name);
    flag_add(out, typed, "help");
}

static void action_complete(const struct noun *noun, const struct action *a, const char *before, const char *typed,
                            struct text *out) {
    const struct option *option = before ? option_of(a, before) : NULL;
    if (option && option->kind != OPTION_FLAG)
        word_add(option->word, typed, out);
    else if (before && (strcmp(before, "-o") == 0 || strcmp(before, "--output") == 0))
        complete_add(out, typed, "json");
    else if (*typed == '-')
        flags_add(a, typed, out);
    else if (a->names_most)
        word_add(noun_word(noun, a), typed, out);
}

void complete_noun(const struct noun *noun, const char *const *words, struct text *out) {
    size_t count = 0, used;
    while (words[count]) count++;
    if (!count) return;
    const char *typed = words[count - 1];
    for (size_t i = 0; count == 1 && i < noun->count; i++)
        if (*noun->actions[i].name) complete_add(out, typed, noun->actions[i].name);
    const struct action *a = noun_action(noun, words, &used);
    if (a && used < count) action_complete(noun, a, count - used > 1 ? words[count - 2] : NULL, typed, out);
}

void complete_process(const char *process, const char *const *words, struct text *out) {
    const char *typed = "";
    while (*words) typed = *words++;
    for (int kind = 0; kind <= PROCESS_CLI; kind++) {
        if (strcmp(process_kind_name((enum process_kind)kind), process) != 0) continue;
        size_t count;
        const struct setting *settings = setting_table((enum process_kind)kind, &count);
        for (size_t i = 0; i < count; i++)
            if (settings[i].kind != SETTING_TREE) flag_add(out, typed, settings[i].name);
    }
    flag_add(out, typed, "help");
}
