// SPDX-License-Identifier: Apache-2.0
// Feeds settings from the texts of an environment and from arguments.
#include <string.h>

#include "base/mem.h"
#include "model/setting.h"

struct err *settings_give_environment(struct settings *s, const char *const *variables) {
    AUTO_TEXT struct text name = {0};
    size_t count;
    const struct setting *rows = setting_table(settings_kind(s), &count);
    for (size_t i = 0; i < count; i++) {
        if (rows[i].kind == SETTING_TREE) continue;
        text_clear(&name);
        setting_variable(&rows[i], &name);
        text_add_char(&name, '=');
        for (const char *const *v = variables; *v; v++) {
            if (!text_starts(*v, name.data)) continue;
            struct setting_given given = {.name = rows[i].name, .value = *v + name.size, .source = FROM_ENVIRONMENT};
            TRY(settings_give(s, &given));
            break;
        }
    }
    return NULL;
}

// Takes one flag and perhaps its value from the next argument. *ret_used: how many arguments.
static struct err *flag_give(struct settings *s, const char *flag, const char *next, size_t *ret_used) {
    AUTO_FREE char *name = mem_text(flag);
    struct setting_given given = {.name = name, .source = FROM_FLAG};
    char *equals = strchr(name, '=');
    *ret_used = 1;
    if (equals) {
        *equals = 0;
        given.value = equals + 1;
        return settings_give(s, &given);
    }
    const struct setting *row = setting_find(settings_kind(s), name);
    if (row && row->kind == SETTING_BOOL) {
        given.value = "true";
    } else if (row) {
        if (!next)
            return err_new(ERR_INVALID, "--%s: needs a value: --%s %s", name, name, row->word ? row->word : "VALUE");
        given.value = next;
        *ret_used = 2;
    }
    return settings_give(s, &given);
}

struct err *settings_give_flags(struct settings *s, const char *const *arguments, size_t *ret_used) {
    size_t i = 0;
    while (arguments[i] && arguments[i][0] == '-' && arguments[i][1]) {
        const char *flag = arguments[i];
        size_t used = 1;
        if (strcmp(flag, "--") == 0) {
            i++;
            break;
        }
        if (!text_starts(flag, "--"))
            return err_new(ERR_INVALID, "%.64s: unknown flag; --help lists those there are", flag);
        TRY(flag_give(s, flag + 2, arguments[i + 1], &used));
        i += used;
    }
    *ret_used = i;
    return NULL;
}
