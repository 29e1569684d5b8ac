// SPDX-License-Identifier: Apache-2.0
// granary explain: why a request fits or not, and what would pass. Changes nothing.
#include <string.h>

#include "cli/explanation.h"
#include "cli/verbs.h"
#include "granary_api.pb-c.h"

static struct err *ask(struct call *c, const Granary__ExplainRequest *request) {
    void *message;
    TRY(client_ask(c->client, "POST", "/v1/explain", &request->base, &granary__explanation__descriptor, c->arena,
                   &message));
    if (!message) return err_new(ERR_INTERNAL, "the master explained nothing");
    *c->exit = ((Granary__Explanation *)message)->places ? 0 : err_kind_exit(ERR_NO_FIT);
    if (!call_json(c)) explanation_write(message, options_has(c->options, "all"), c->out);
    return NULL;
}

static char *text_of(const struct call *c, const char *option) {
    return (char *)options_text(c->options, option);
}

static struct err *explain(struct call *c) {
    static char everybody[] = "*"; // as in 'volume create', so that both answer alike
    const struct given *size = options_find(c->options, "size"), *iops = options_find(c->options, "iops");
    Granary__ExplainRequest request = GRANARY__EXPLAIN_REQUEST__INIT;
    if (!options_has(c->options, "class") || !size)
        return err_new(ERR_INVALID, "say what to explain: --class CLASS --size SIZE, or 'granary explain volume NAME'");
    request.class_ = text_of(c, "class");
    request.role = options_has(c->options, "role") ? text_of(c, "role") : everybody;
    request.agent = text_of(c, "agent");
    request.fs = text_of(c, "fs");
    TRY(labels_give(c, &request.base));
    request.has_size = true;
    request.size = size->number;
    request.has_iops = iops != NULL;
    request.iops = iops ? iops->number : 0;
    return ask(c, &request);
}

static struct err *explain_of_volume(struct call *c) {
    Granary__ExplainRequest request = GRANARY__EXPLAIN_REQUEST__INIT;
    request.volume = (char *)call_name(c, 0);
    request.role = text_of(c, "role");
    request.agent = text_of(c, "agent");
    return ask(c, &request);
}

static const struct option request_options[] = {
    {"class", OPTION_TEXT, "CLASS", "the class that is asked for"},
    {"size", OPTION_SIZE, "SIZE", "such as 50GiB"},
    {"iops", OPTION_NUMBER, "N", "operations per second (the class's)"},
    {"role", OPTION_TEXT, "ROLE", "who asks (\"*\")"},
    {"agent", OPTION_TEXT, "AGENT", "only for use on this agent"},
    {"fs", OPTION_TEXT, "FS", "filesystem (the class's)"},
    {"label", OPTION_LIST, "KEY=VALUE", "a label that the volume would have"},
    {"all", OPTION_FLAG, NULL, "every refusal, not the nearest ones only"},
    {0},
};
static const struct option volume_options[] = {
    {"role", OPTION_TEXT, "ROLE", "whose volume it is (\"*\")"},
    {"agent", OPTION_TEXT, "AGENT", "only for use on this agent"},
    {"all", OPTION_FLAG, NULL, "every refusal, not the nearest ones only"},
    {0},
};
static const struct action actions[] = {
    {"", "--class CLASS --size SIZE [...]", "where such a volume would go, or why nowhere", request_options, 0, 0,
     ACTION_WATCH, explain,
     "For each pool: the first rule that failed, the value asked, the value found, who said so and how long ago; then "
     "the\n"
     "smallest changes that would pass. Nothing is reserved. The exit code is 6 when nothing fits.\n\n"
     "examples:\n  granary explain --class gold --size 10TiB\n  granary explain --class gold --size 1GiB --agent n1"},
    {"volume", "NAME|UUID", "on which agents a volume can be used, or why on none", volume_options, 1, 1, ACTION_WATCH,
     explain_of_volume, "The exit code is 6 when there is none.\n\nexample:\n  granary explain volume db"},
};
NOUN(explain, actions);
