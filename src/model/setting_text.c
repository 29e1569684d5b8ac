// SPDX-License-Identifier: Apache-2.0
// Settings for people: names of variables, and the rows of --help.
#include <string.h>

#include "model/setting.h"

void setting_variable(const struct setting *setting, struct text *out) {
    text_add(out, "GRANARY_");
    for (const char *c = setting->name; *c; c++)
        text_add_char(out, *c == '-' ? '_' : (*c >= 'a' && *c <= 'z') ? (char)(*c - 'a' + 'A') : *c);
}

static void flag_add_text(const struct setting *setting, struct text *out) {
    if (setting->kind == SETTING_TREE) {
        text_addf(out, "%s: ...", setting->name);
        return;
    }
    text_addf(out, "--%s", setting->name);
    if (setting->word) text_addf(out, " %s", setting->word);
}

static void details_add_text(const struct setting *setting, struct text *out) {
    text_add(out, " (");
    if (setting->kind == SETTING_TREE) {
        text_add(out, "in the file only)");
        return;
    }
    if (setting->required) text_add(out, "required; ");
    if (setting->choices) {
        for (const char *c = setting->choices; *c; c++) {
            if (*c == '|')
                text_add(out, ", ");
            else
                text_add_char(out, *c);
        }
        text_add(out, "; ");
    }
    if (setting->kind == SETTING_LIST) text_add(out, "may be repeated; ");
    if (setting->fallback) text_addf(out, "default %s; ", setting->fallback);
    setting_variable(setting, out);
    text_add_char(out, ')');
}

void setting_help(enum process_kind kind, struct text *out) {
    size_t count, width = 0;
    const struct setting *rows = setting_table(kind, &count);
    AUTO_TEXT struct text flag = {0};
    for (size_t i = 0; i < count; i++) {
        text_clear(&flag);
        flag_add_text(&rows[i], &flag);
        if (flag.size > width) width = flag.size;
    }
    for (size_t i = 0; i < count; i++) {
        text_clear(&flag);
        flag_add_text(&rows[i], &flag);
        text_addf(out, "  %-*s  %s", (int)width, flag.data, rows[i].help);
        details_add_text(&rows[i], out);
        text_add_char(out, '\n');
    }
}
