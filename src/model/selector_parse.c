// SPDX-License-Identifier: Apache-2.0
// Reads and compiles selectors: one pass, one character ahead, bounded before anything grows.
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/vec.h"
#include "model/selector.h"

struct parser {
    struct symbols *symbols;
    const char *text, *at;
    VEC(struct term) terms;
    VEC(struct term_value) values;
};

static bool key_char(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || (c && strchr("._-/", c));
}

static bool value_char(char c) {
    return key_char(c) || (c && strchr(":+~@%*", c));
}

static void skip_space(struct parser *p) {
    p->at += strspn(p->at, " \t\r\n");
}

static struct err *expected(const struct parser *p, const char *at, const char *what) {
    size_t where = (size_t)(at - p->text) + 1;
    if (!*at)
        return err_new(ERR_INVALID, "selector '%.200s': expected %s at %zu, but the text ends", p->text, what, where);
    return err_new(ERR_INVALID, "selector '%.200s': expected %s at %zu, found '%.16s'", p->text, what, where, at);
}

// Takes the literal if it comes next.
static bool take(struct parser *p, const char *literal) {
    if (!text_starts(p->at, literal)) return false;
    p->at += strlen(literal);
    return true;
}

// Takes the word if it comes next and no key goes on behind it.
static bool take_word(struct parser *p, const char *word) {
    size_t size = strlen(word);
    if (!text_starts(p->at, word) || key_char(p->at[size])) return false;
    p->at += size;
    return true;
}

static struct err *key_read(struct parser *p, symbol *ret_key) {
    char key[TAG_KEY_LONGEST + 1];
    skip_space(p);
    const char *start = p->at;
    while (key_char(*p->at)) p->at++;
    size_t size = (size_t)(p->at - start);
    if (!size) return expected(p, start, "a key");
    if (size > TAG_KEY_LONGEST) return expected(p, start, "a key of at most 255 bytes");
    memcpy(key, start, size);
    key[size] = 0;
    TRY(err_wrap(tag_key_check(key), "selector '%.200s' at %zu", p->text, (size_t)(start - p->text) + 1));
    *ret_key = symbol_make(p->symbols, key);
    return NULL;
}

static struct err *quoted_read(struct parser *p, char ret_value[TAG_VALUE_LONGEST + 1]) {
    const char *start = p->at++;
    size_t size = 0;
    for (; *p->at != '"'; p->at++) {
        if (!*p->at) return expected(p, p->at, "a closing '\"'");
        if (*p->at == '\\' && *++p->at != '"' && *p->at != '\\') return expected(p, p->at, "'\"' or '\\' behind '\\'");
        if (size == TAG_VALUE_LONGEST) return expected(p, start, "a value of at most 255 bytes");
        ret_value[size++] = *p->at;
    }
    p->at++;
    ret_value[size] = 0;
    return NULL;
}

static struct err *bare_read(struct parser *p, char ret_value[TAG_VALUE_LONGEST + 1]) {
    const char *start = p->at;
    while (value_char(*p->at)) p->at++;
    size_t size = (size_t)(p->at - start);
    if (!size) return expected(p, start, "a value");
    if (size > TAG_VALUE_LONGEST) return expected(p, start, "a value of at most 255 bytes");
    memcpy(ret_value, start, size);
    ret_value[size] = 0;
    return NULL;
}

static struct err *value_read(struct parser *p, struct term *term) {
    char value[TAG_VALUE_LONGEST + 1];
    skip_space(p);
    const char *start = p->at;
    TRY(*start == '"' ? quoted_read(p, value) : bare_read(p, value));
    TRY(err_wrap(tag_value_check(value), "selector '%.200s' at %zu", p->text, (size_t)(start - p->text) + 1));
    if (term->count == SELECTOR_VALUES_MOST) return expected(p, start, "at most 64 values");
    struct term_value v = {.text = symbol_make(p->symbols, value)};
    vec_push(&p->values, v);
    term->count++;
    return NULL;
}

static struct err *list_read(struct parser *p, struct term *term) {
    skip_space(p);
    if (!take(p, "(")) return expected(p, p->at, "'('");
    for (;;) {
        TRY(value_read(p, term));
        skip_space(p);
        if (take(p, ")")) return NULL;
        if (!take(p, ",")) return expected(p, p->at, "',' or ')'");
    }
}

static bool op_read(struct parser *p, enum term_op *ret_op) {
    static const struct {
        const char *text;
        enum term_op op;
    } ops[] = {{"==", TERM_EQUAL},    {"=", TERM_EQUAL}, {"!=", TERM_UNEQUAL}, {"<=", TERM_AT_MOST},
               {">=", TERM_AT_LEAST}, {"<", TERM_BELOW}, {">", TERM_ABOVE}};
    for (size_t i = 0; i < ARRAY_LEN(ops); i++) {
        if (!take(p, ops[i].text)) continue;
        *ret_op = ops[i].op;
        return true;
    }
    return false;
}

// Whether the word is the name of a join: "same" and "(" behind it. Leaves the parser behind the parenthesis.
static bool join_read(struct parser *p, const char *word) {
    const char *start = p->at;
    if (take_word(p, word)) {
        skip_space(p);
        if (take(p, "(")) return true;
    }
    p->at = start;
    return false;
}

static struct err *joined_key_read(struct parser *p, struct term *term, enum term_op op) {
    term->op = op;
    TRY(key_read(p, &term->key));
    skip_space(p);
    return take(p, ")") ? NULL : expected(p, p->at, "')'");
}

static struct err *key_term_read(struct parser *p, struct term *term) {
    enum term_op op;
    TRY(key_read(p, &term->key));
    skip_space(p);
    if (op_read(p, &op)) {
        term->op = op;
        return value_read(p, term);
    }
    if (take_word(p, "in")) {
        term->op = TERM_IN;
        return list_read(p, term);
    }
    if (take_word(p, "notin")) {
        term->op = TERM_NOT_IN;
        return list_read(p, term);
    }
    term->op = TERM_HAS;
    return NULL;
}

static bool ordered(enum term_op op) {
    return op == TERM_BELOW || op == TERM_AT_MOST || op == TERM_ABOVE || op == TERM_AT_LEAST;
}

// A text that can only be meant as a number: "0.9" may be a version as well.
static bool surely_number(const char *text) {
    struct number n;
    return number_parse(text, &n) && !(n.unit == NUMBER_COUNT && strchr(text, '.'));
}

static struct err *compare_choose(const struct parser *p, struct term *term) {
    bool declared;
    term->compare = symbol_type(p->symbols, term->key, &declared);
    if (!ordered(term->op) || term->compare != VALUE_TEXT) return NULL;
    const char *asked = symbol_text(p->symbols, p->values.at[term->first].text),
               *key = symbol_text(p->symbols, term->key);
    if (declared)
        return err_new(ERR_INVALID,
                       "selector '%.200s': '%s' is declared as text, which has no order; use =, !=, in or notin",
                       p->text, key);
    if (!surely_number(asked))
        return err_new(
            ERR_INVALID,
            "selector '%.200s': '%s' has no declared type, and '%s' is not surely a number; declare the key as "
            "number, version or network",
            p->text, key, asked);
    term->compare = VALUE_NUMBER;
    return NULL;
}

static struct err *asked_read(const struct parser *p, const struct term *term, struct term_value *value) {
    const char *text = symbol_text(p->symbols, value->text), *example = NULL;
    if (term->compare == VALUE_NUMBER && !number_parse(text, &value->number)) example = "7200, 50GiB or 10Gbps";
    if (term->compare == VALUE_NETWORK && !network_parse(text, &value->network)) example = "10.1.0.0/16";
    if (term->compare == VALUE_VERSION && ordered(term->op) && !version_valid(text)) example = "0.11.4";
    if (!example) return NULL;
    return err_new(ERR_INVALID, "selector '%.200s': '%s' is a %s; expected a value such as %s, found '%s'", p->text,
                   symbol_text(p->symbols, term->key), value_type_name(term->compare), example, text);
}

static struct err *term_read(struct parser *p) {
    struct term term = {.first = (uint32_t)p->values.count};
    skip_space(p);
    if (p->terms.count == SELECTOR_TERMS_MOST) return expected(p, p->at, "at most 64 terms");
    if (join_read(p, "same")) {
        TRY(joined_key_read(p, &term, TERM_SAME));
    } else if (join_read(p, "different")) {
        TRY(joined_key_read(p, &term, TERM_DIFFERENT));
    } else if (take(p, "!")) {
        term.op = TERM_LACKS;
        TRY(key_read(p, &term.key));
    } else {
        TRY(key_term_read(p, &term));
    }
    if (term.count) TRY(compare_choose(p, &term));
    for (uint32_t i = 0; i < term.count; i++) TRY(asked_read(p, &term, &p->values.at[term.first + i]));
    vec_push(&p->terms, term);
    return NULL;
}

static struct err *terms_read(struct parser *p) {
    skip_space(p);
    if (!*p->at) return NULL;
    for (;;) {
        TRY(term_read(p));
        skip_space(p);
        if (!*p->at) return NULL;
        if (!take(p, ","))
            return expected(p, p->at,
                            p->terms.at[p->terms.count - 1].op == TERM_HAS
                                ? "',' or an operator (=, !=, in, notin, <, <=, >, >=)"
                                : "','");
    }
}

struct err *selector_parse(struct symbols *s, const char *text, struct selector *ret_selector) {
    if (!text) text = "";
    if (strnlen(text, SELECTOR_TEXT_LONGEST + 1) > SELECTOR_TEXT_LONGEST)
        return err_new(ERR_TOO_LARGE, "selector '%.40s...': longer than %d bytes", text, SELECTOR_TEXT_LONGEST);
    struct parser p = {.symbols = s, .text = text, .at = text};
    struct err *e = terms_read(&p);
    if (e) {
        vec_done(&p.terms);
        vec_done(&p.values);
        return e;
    }
    *ret_selector = (struct selector){p.terms.at, p.values.at, (uint32_t)p.terms.count, (uint32_t)p.values.count};
    return NULL;
}
