// SPDX-License-Identifier: Apache-2.0
// libyaml's events to a tree. Bounded before libyaml sees the text and again while the tree grows.
#include "codec/yaml.h"

#include <string.h>
#include <yaml.h>

#include "base/map.h"
#include "base/text.h"
#include "base/vec.h"

VEC_TYPE(node_list, const struct yaml_node *);
VEC_TYPE(pair_list, struct yaml_pair);

struct builder {
    yaml_parser_t parser;
    struct arena *arena;
    size_t nodes, depth;
};

static size_t mark_line(yaml_mark_t mark) {
    return mark.line + 1;
}

static struct err *parser_said(const struct builder *b) {
    const char *problem = b->parser.problem ? b->parser.problem : "not YAML";
    if (b->parser.error == YAML_READER_ERROR)
        return err_new(ERR_INVALID, "byte %zu: %s", b->parser.problem_offset, problem);
    return err_new(ERR_INVALID, "line %zu: %s", mark_line(b->parser.problem_mark), problem);
}

static struct err *event_next(struct builder *b, yaml_event_t *ret_event) {
    return yaml_parser_parse(&b->parser, ret_event) ? NULL : parser_said(b);
}

// Anchors and tags are refused wherever they stand.
static struct err *decoration_check(const yaml_event_t *e) {
    const yaml_char_t *anchor = NULL, *tag = NULL;
    if (e->type == YAML_SCALAR_EVENT) anchor = e->data.scalar.anchor, tag = e->data.scalar.tag;
    if (e->type == YAML_SEQUENCE_START_EVENT) anchor = e->data.sequence_start.anchor, tag = e->data.sequence_start.tag;
    if (e->type == YAML_MAPPING_START_EVENT) anchor = e->data.mapping_start.anchor, tag = e->data.mapping_start.tag;
    size_t line = mark_line(e->start_mark);
    if (anchor || e->type == YAML_ALIAS_EVENT)
        return err_new(ERR_INVALID, "line %zu: anchors and aliases are not supported; write the value out", line);
    if (tag) return err_new(ERR_INVALID, "line %zu: tags are not supported; leave '%s' out", line, (const char *)tag);
    return NULL;
}

static struct err *node_build(struct builder *b, const yaml_event_t *e, struct yaml_node **ret_node);

static struct err *text_build(struct builder *b, const yaml_event_t *e, struct yaml_node *n) {
    const char *text = (const char *)e->data.scalar.value;
    size_t size = e->data.scalar.length;
    if (memchr(text, 0, size)) return err_new(ERR_INVALID, "line %zu: a NUL character is not allowed", n->line);
    n->kind = YAML_TEXT;
    n->plain = e->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    n->text = arena_text_n(b->arena, text, size);
    return NULL;
}

static struct err *list_add(struct builder *b, struct node_list *items, bool *ret_more) {
    yaml_event_t e;
    TRY(event_next(b, &e));
    struct yaml_node *item = NULL;
    *ret_more = e.type != YAML_SEQUENCE_END_EVENT;
    struct err *wrong = *ret_more ? node_build(b, &e, &item) : NULL;
    yaml_event_delete(&e);
    if (wrong) return wrong;
    if (*ret_more) vec_push(items, item);
    return NULL;
}

static struct err *list_build(struct builder *b, struct yaml_node *n) {
    struct node_list items = {0};
    struct err *wrong = NULL;
    for (bool more = true; more && !wrong;) wrong = list_add(b, &items, &more);
    n->kind = YAML_LIST;
    n->count = items.count;
    n->items = items.count ? arena_copy(b->arena, items.at, items.count * sizeof *items.at) : NULL;
    vec_done(&items);
    return wrong;
}

static struct err *key_check(const struct yaml_node *key, struct map *keys) {
    if (key->kind != YAML_TEXT) return err_new(ERR_INVALID, "line %zu: a key must be text", key->line);
    bool fresh;
    union map_value *first = map_put_text(keys, key->text, &fresh);
    if (!fresh)
        return err_new(ERR_INVALID, "line %zu: the key '%s' was given on line %llu already", key->line, key->text,
                       (unsigned long long)first->n);
    first->n = key->line;
    return NULL;
}

static struct err *value_build(struct builder *b, struct yaml_node **ret_value) {
    yaml_event_t e;
    TRY(event_next(b, &e));
    struct err *wrong = node_build(b, &e, ret_value);
    yaml_event_delete(&e);
    return wrong;
}

static struct err *pair_add(struct builder *b, struct pair_list *pairs, struct map *keys, bool *ret_more) {
    yaml_event_t e;
    TRY(event_next(b, &e));
    struct yaml_node *key = NULL, *value = NULL;
    *ret_more = e.type != YAML_MAPPING_END_EVENT;
    struct err *wrong = *ret_more ? node_build(b, &e, &key) : NULL;
    yaml_event_delete(&e);
    if (wrong || !*ret_more) return wrong;
    TRY(key_check(key, keys));
    TRY(value_build(b, &value));
    vec_push(pairs, ((struct yaml_pair){key->text, key->line, value}));
    return NULL;
}

static struct err *map_build(struct builder *b, struct yaml_node *n) {
    struct pair_list pairs = {0};
    struct map keys = {0};
    struct err *wrong = NULL;
    for (bool more = true; more && !wrong;) wrong = pair_add(b, &pairs, &keys, &more);
    n->kind = YAML_MAP;
    n->count = pairs.count;
    n->pairs = pairs.count ? arena_copy(b->arena, pairs.at, pairs.count * sizeof *pairs.at) : NULL;
    vec_done(&pairs);
    map_done(&keys);
    return wrong;
}

static struct err *node_build(struct builder *b, const yaml_event_t *e, struct yaml_node **ret_node) {
    TRY(decoration_check(e));
    size_t line = mark_line(e->start_mark);
    if (++b->nodes > YAML_NODES) return err_new(ERR_TOO_LARGE, "line %zu: more than %d values", line, YAML_NODES);
    if (b->depth == YAML_DEPTH) return err_new(ERR_TOO_LARGE, "line %zu: nested too deeply", line);
    struct yaml_node *n = ARENA_NEW(b->arena, struct yaml_node);
    n->line = line;
    b->depth++;
    if (e->type == YAML_SCALAR_EVENT)
        TRY(text_build(b, e, n));
    else if (e->type == YAML_SEQUENCE_START_EVENT)
        TRY(list_build(b, n));
    else
        TRY(map_build(b, n));
    b->depth--;
    *ret_node = n;
    return NULL;
}

// One event at the level of the stream; a document's root becomes a tree.
static struct err *stream_step(struct builder *b, struct node_list *roots, bool *ret_more) {
    yaml_event_t e;
    TRY(event_next(b, &e));
    struct yaml_node *root = NULL;
    struct err *wrong = NULL;
    *ret_more = e.type != YAML_STREAM_END_EVENT;
    if (e.type == YAML_SCALAR_EVENT || e.type == YAML_SEQUENCE_START_EVENT || e.type == YAML_MAPPING_START_EVENT ||
        e.type == YAML_ALIAS_EVENT)
        wrong = node_build(b, &e, &root);
    yaml_event_delete(&e);
    if (wrong) return wrong;
    if (root && !yaml_is_null(root)) vec_push(roots, root);
    return NULL;
}

struct err *yaml_read(const void *bytes, size_t size, struct arena *arena, struct yaml_documents *ret_documents) {
    if (size > YAML_LARGEST)
        return err_new(ERR_TOO_LARGE, "the YAML text has %zu bytes, more than %d", size, YAML_LARGEST);
    struct builder b = {.arena = arena};
    must(yaml_parser_initialize(&b.parser)); // fails only without memory
    yaml_parser_set_encoding(&b.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&b.parser, size ? bytes : (const unsigned char *)"", size);
    struct node_list roots = {0};
    struct err *wrong = NULL;
    for (bool more = true; more && !wrong;) wrong = stream_step(&b, &roots, &more);
    yaml_parser_delete(&b.parser);
    if (!wrong)
        *ret_documents = (struct yaml_documents){
            roots.count ? arena_copy(arena, roots.at, roots.count * sizeof *roots.at) : NULL, roots.count};
    vec_done(&roots);
    return wrong;
}

const struct yaml_node *yaml_get(const struct yaml_node *node, const char *key) {
    for (size_t i = 0; node && node->kind == YAML_MAP && i < node->count; i++)
        if (text_equal(node->pairs[i].key, key)) return node->pairs[i].value;
    return NULL;
}

bool yaml_is_null(const struct yaml_node *node) {
    return node->kind == YAML_TEXT && node->plain &&
           (!*node->text || text_equal(node->text, "~") || text_equal(node->text, "null"));
}
