// SPDX-License-Identifier: Apache-2.0
// Policies to messages and back.
#include "wire/policy.h"

#include "wire/class.h"

static void documents_fill(const struct state *s, const void *row, void *message, struct arena *arena) {
    const struct policy_row *p = row;
    Granary__Policy *m = message;
    if (!p->doc) return; // a removal that was read from a record
    m->classes = arena_zero(arena, p->doc->classes.count + 1, sizeof *m->classes);
    VEC_EACH (class, &p->doc->classes) m->classes[m->n_classes++] = class_document_message(s, *class, arena);
}

static struct err *class_compile(struct intake *in, const Granary__Class *m, struct policy_shared *doc) {
    struct class_shared *class;
    TRY(class_shared_from(in, m, &class));
    return policy_add(doc, class);
}

struct err *policy_shared_from(struct intake *in, Granary__Class *const *at, size_t count,
                               struct policy_shared **ret_doc) {
    if (count > CLASSES_MOST) return err_new(ERR_TOO_LARGE, "%zu classes; at most %d are kept", count, CLASSES_MOST);
    struct policy_shared *doc = policy_new();
    intake_keep(in, &doc->shared);
    for (size_t i = 0; i < count; i++) TRY(class_compile(in, at[i], doc));
    *ret_doc = doc;
    return NULL;
}

// A version that is not on may hold what cannot be read any more, such as a test of a key that has another type now: that is no
// reason not to start.
static struct err *documents_read(struct intake *in, const void *message, void *row) {
    const Granary__Policy *m = message;
    struct policy_row *p = row;
    p->doc = policy_new();
    intake_keep(in, &p->doc->shared);
    for (size_t i = 0; i < m->n_classes; i++) {
        struct err *e = class_compile(in, m->classes[i], p->doc);
        if (e && p->active) return err_wrap(e, "policy %llu", (unsigned long long)m->number);
        if (e && !p->broken) p->broken = arena_text(in->arena, err_text(e));
        err_free(e);
    }
    return NULL;
}

static const struct field_map fields[] = {
    FIELD(policy_row, 1, U64, number),       FIELD(policy_row, 4, TEXT, comment), FIELD(policy_row, 5, BOOL, active),
    FIELD(policy_row, 6, U64, before),       FIELD(policy_row, 7, TIME, created), FIELD(policy_row, 8, TIME, switched),
    FIELD(policy_row, 9, SYMBOL, principal), FIELD(policy_row, 10, TEXT, broken), FIELD(policy_row, 1000, U64, id),
};
const struct noun_map policy_map = {&granary__policy__descriptor, fields, ARRAY_LEN(fields), documents_fill,
                                    documents_read};

Granary__Policy *policy_message(const struct state *s, const struct policy_row *row, struct arena *arena,
                                enum detail detail) {
    Granary__Policy *m = fields_message(s, &policy_map, row, arena);
    if (detail == DETAIL_RECORD) return m;
    m->has_class_count = true;
    m->class_count = (uint32_t)m->n_classes;
    m->n_classes = 0;
    return m;
}

Granary__Policy *policy_message_whole(const struct state *s, const struct policy_row *row, struct arena *arena) {
    Granary__Policy *m = policy_message(s, row, arena, DETAIL_API);
    m->n_classes = m->class_count;
    return m;
}

struct err *policy_apply_read(struct intake *in, const Granary__PolicyApply *m, struct cmd_policy_apply *ret_command) {
    struct cmd_policy_apply c = {.comment = m->comment, .draft = m->draft};
    TRY(err_wrap(policy_shared_from(in, m->classes, m->n_classes, &c.doc), "policy"));
    *ret_command = c;
    return NULL;
}

struct err *policy_trial_read(struct intake *in, const struct state *s, const Granary__PolicyTrial *m,
                              struct policy_shared **ret_doc) {
    const struct policy_row *row;
    if (m->has_policy == (m->n_classes > 0))
        return err_new(ERR_INVALID, "name the number of a version (policy) or give documents (classes), one of both");
    if (!m->has_policy) return policy_shared_from(in, m->classes, m->n_classes, ret_doc);
    TRY(policy_find(s, m->policy, &row));
    TRY(policy_whole(row));
    *ret_doc = row->doc;
    return NULL;
}
