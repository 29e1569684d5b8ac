// SPDX-License-Identifier: Apache-2.0
// REST: what the end of a failure domain would do.
#include "master/rest.h"
#include "wire/blast.h"

static struct err *blast_answer(struct master *m, const struct request *r, struct arena *arena, struct outputs *out) {
    AUTO_FREE char *domain = request_query(r, "domain"), *role = request_query(r, "role");
    struct page page;
    struct blast found;
    TRY(page_read(r, PAGE_USUAL, &page));
    struct blast_page of = {.offset = page.after, .limit = page.limit};
    if (role && !symbol_find(&m->state->symbols, role, &of.role))
        return err_new(ERR_NOT_FOUND, "blast: nothing is of role '%.255s'", role);
    TRY(err_wrap(blast(m->state, domain ? domain : "", of, arena, &found), "blast"));
    rest_answer(m, out, r->exchange, 200, &blast_message(m->state, &found, domain, of, arena)->base);
    return NULL;
}

HANDLER(rest_blast) {
    (void)parts, (void)at;
    AUTO_ARENA struct arena arena = {0};
    rest_finish(m, r, blast_answer(m, r, &arena, out), out);
}
