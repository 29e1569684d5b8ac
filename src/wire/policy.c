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

struct err *policy_shared_from(struct intake *in, Granary__Class *const *at, size_t count,
                               struct policy_shared **ret_doc) {
    struct policy_shared *doc = policy_new();
    intake_keep(in, &doc->shared);
    for (size_t i = 0; i < count; i++) {
        struct class_shared *class;
        TRY(class_shared_from(in, at[i], &class));
        TRY(policy_add(doc, class));
    }
    *ret_doc = doc;
    return NULL;
}

static struct err *documents_read(struct intake *in, const void *message, void *row) {
    const Granary__Policy *m = message;
    struct policy_row *p = row;
    return err_wrap(policy_shared_from(in, m->classes, m->n_classes, &p->doc), "policy %llu",
                    (unsigned long long)m->number);
}

static const struct field_map fields[] = {
    FIELD(policy_row, 1, U64, number),       FIELD(policy_row, 4, TEXT, comment), FIELD(policy_row, 5, BOOL, active),
    FIELD(policy_row, 6, U64, before),       FIELD(policy_row, 7, TIME, created), FIELD(policy_row, 8, TIME, switched),
    FIELD(policy_row, 9, SYMBOL, principal), FIELD(policy_row, 1000, U64, id),
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
    *ret_doc = row->doc;
    return NULL;
}
