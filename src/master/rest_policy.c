// SPDX-License-Identifier: Apache-2.0
// REST: versions of the policy.
#include "core/policy.h"

#include "granary_api.pb-c.h"
#include "master/turn.h"
#include "wire/policy.h"

// By number, or "active".
static struct err *policy_named(const struct master *m, const char *text, const struct policy_row **ret_policy) {
    uint64_t number;
    if (strcmp(text, "active") != 0) {
        if (!text_to_u64(text, &number))
            return err_new(ERR_NOT_FOUND, "policy '%.64s': versions are numbers; 'active' names the one that is on",
                           text);
        return policy_find(m->state, number, ret_policy);
    }
    *ret_policy = policy_active(m->state);
    return *ret_policy ? NULL : err_new(ERR_NOT_FOUND, "policy 'active': no version is on; apply a class or a policy");
}

static void policy_answer(struct turn *t, uint64_t id) {
    const struct policy_row *p = state_policy(t->m->state, id);
    must(p);
    rest_answer(t->m, t->out, t->r->exchange, 200, &policy_message(t->m->state, p, &t->arena, DETAIL_API)->base);
}

static struct err *policy_show(struct turn *t, const char *text) {
    const struct policy_row *p;
    TRY(policy_named(t->m, text, &p));
    rest_answer(t->m, t->out, t->r->exchange, 200, &policy_message_whole(t->m->state, p, &t->arena)->base);
    return NULL;
}

HANDLER(rest_policy) {
    struct turn t = turn_begin(m, r, at, out);
    turn_end(&t, policy_show(&t, parts[2]));
}

static struct err *policy_apply(struct turn *t) {
    struct command c = turn_command(t, CMD_policy_apply);
    void *body;
    TRY(rest_body(t->r, &granary__policy_apply__descriptor, &t->arena, &body));
    TRY(policy_apply_read(&t->in, body, &c.policy_apply));
    TRY(turn_run(t, &c));
    policy_answer(t, t->answer.ids.at[0]);
    return NULL;
}

HANDLER(rest_policy_apply) {
    (void)parts;
    struct turn t = turn_begin(m, r, at, out);
    turn_end(&t, policy_apply(&t));
}

static struct err *policy_move(struct turn *t, enum command_kind kind, const char *text) {
    const struct policy_row *p;
    TRY(policy_named(t->m, text, &p));
    struct command c = turn_command(t, kind);
    c.policy_switch.number = p->number; // a rollback's command is the same struct
    TRY(turn_run(t, &c));
    policy_answer(t, t->answer.ids.at[0]);
    return NULL;
}

HANDLER(rest_policy_switch) {
    struct turn t = turn_begin(m, r, at, out);
    turn_end(&t, policy_move(&t, CMD_policy_switch, parts[2]));
}

HANDLER(rest_policy_rollback) {
    struct turn t = turn_begin(m, r, at, out);
    turn_end(&t, policy_move(&t, CMD_policy_rollback, parts[2]));
}
