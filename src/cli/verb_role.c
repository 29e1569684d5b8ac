// SPDX-License-Identifier: Apache-2.0
// granary roles and granary role: who resources are for, what they hold, and their weights.
#include "cli/output.h"
#include "cli/verbs.h"
#include "granary_api.pb-c.h"

static struct err *roles(struct call *c) {
    void *message;
    TRY(client_get(c->client, "/v1/roles", &granary__role_list__descriptor, c->arena, &message));
    if (call_json(c)) return NULL;
    const Granary__RoleList *list = message;
    if (!list->n_roles) {
        text_add(c->out,
                 "No roles yet: one appears when a framework subscribes, a volume is made, or a weight is set.\n");
        return NULL;
    }
    AUTO_TABLE struct table t = {0};
    table_column(&t, "ROLE", TABLE_LEFT);
    table_column(&t, "WEIGHT", TABLE_RIGHT);
    table_column(&t, "VOLUMES", TABLE_RIGHT);
    table_column(&t, "STORAGE", TABLE_RIGHT);
    table_column(&t, "USES", TABLE_LEFT);
    table_column(&t, "FRAMEWORKS", TABLE_LEFT);
    for (size_t i = 0; i < list->n_roles; i++) {
        const Granary__Role *r = list->roles[i];
        table_cell(&t, r->name);
        table_cell(&t, show_real(r->weight, c->arena));
        table_cell_number(&t, r->volumes);
        table_cell_bytes(&t, r->storage);
        const Granary__AgentResources *uses = r->allocated;
        bool nothing = uses && !(uses->cpus > 0) && !(uses->mem > 0) && !(uses->disk > 0);
        table_cell(&t, nothing ? NULL : show_resources(uses, c->arena));
        table_cell(&t, show_list(r->frameworks, r->n_frameworks, c->arena));
    }
    table_write(&t, c->out);
    return NULL;
}

static struct err *role_set(struct call *c) {
    const struct given *weight = options_find(c->options, "weight");
    if (!weight)
        return err_new(ERR_INVALID, "--weight is missing: how much of the cluster it may have, next to others");
    Granary__RoleSet body = GRANARY__ROLE_SET__INIT;
    body.has_weight = true;
    body.weight = weight->real;
    AUTO_TEXT struct text path = {0};
    text_add(&path, "/v1/roles");
    path_add(&path, call_name(c, 0));
    TRY(client_ask(c->client, "PUT", path.data, &body.base, NULL, c->arena, NULL));
    if (!call_json(c))
        text_addf(c->out, "role '%s' has weight %s\n", call_name(c, 0), show_real(weight->real, c->arena));
    return NULL;
}

static const struct action roles_actions[] = {
    {"", "", "the roles, their weights and what they hold", NULL, 0, 0, ACTION_WATCH, roles,
     "example:\n  granary roles"},
};
NOUN(roles, roles_actions);

static const struct option set_options[] = {
    {"weight", OPTION_REAL, "W", "a role of weight 2 gets twice what one of weight 1 gets"},
    {0},
};
static const struct action role_actions[] = {
    {"set", "NAME --weight W", "sets a role's weight", set_options, 1, 1, 0, role_set,
     "example:\n  granary role set web --weight 2"},
};
NOUN(role, role_actions);
