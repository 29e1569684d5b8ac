// SPDX-License-Identifier: Apache-2.0
// What the API shows of each noun: names instead of numbers, figures of the ledger, and nothing internal once stripped.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "codec/json_write.h"
#include "core_world.h"
#include "wire/agent.h"
#include "wire/class.h"
#include "wire/event.h"
#include "wire/offer.h"
#include "wire/pool.h"
#include "wire/provider.h"
#include "wire/role.h"
#include "wire/volume.h"

static struct world *world_filled(uint64_t *ret_volume, uint64_t *ret_attachment) {
    struct world *w = world_new();
    world_provider(w, "ebs");
    world_pool(w, (struct pool_made){.provider = "ebs",
                                     .name = "fast",
                                     .tags = "provider:vendor=acme, media=ssd",
                                     .bytes = 100 * GIB,
                                     .iops = 3000});
    world_agent(w, (struct agent_made){.name = "n1", .tags = "topology/rack=r1", .cpus = 4, .mem = 4096, .disk = 1000});
    world_class(w, (struct class_document){.name = "gold", .pool = "media = ssd"});
    *ret_volume = world_volume(w, "db", "gold", "ebs/main/fast", 10 * GIB);
    *ret_attachment = world_attachment(w, *ret_volume, "n1", ATTACHMENT_IN_USE);
    return w;
}

static void a_volume_is_shown_with_names_and_attachments(void **world UNUSED) {
    uint64_t volume, attachment;
    struct world *w = world_filled(&volume, &attachment);
    Granary__Volume *m = volume_message(w->state, state_volume(w->state, volume), &w->arena, DETAIL_API);
    assert_string_equal(m->name, "db");
    assert_string_equal(m->class_, "gold");
    assert_string_equal(m->provider, "ebs");
    assert_string_equal(m->pool, "ebs/main/fast");
    assert_string_equal(m->state, "ready");
    assert_string_equal(m->content, "formatted");
    assert_int_equal(m->size, 10 * GIB);
    assert_true(m->busy);
    assert_int_equal(m->n_attachments, 1);
    assert_string_equal(m->attachments[0]->agent, "n1");
    assert_string_equal(m->attachments[0]->volume, "db");
    assert_string_equal(m->attachments[0]->state, "in_use");
    AUTO_TEXT struct text json = {0};
    json_write(&json, &m->base, JSON_PUBLIC);
    assert_null(strstr(json.data, "pool_id"));
    assert_null(strstr(json.data, "volume_id"));
    world_free(w);
}

static void a_pool_is_shown_with_its_figures(void **world UNUSED) {
    uint64_t volume, attachment;
    struct world *w = world_filled(&volume, &attachment);
    const struct pool_row *p = state_pool_named(w->state, "ebs/main/fast");
    Granary__Pool *m = pool_message(w->state, p, &w->arena, DETAIL_API);
    assert_string_equal(m->provider, "ebs");
    assert_int_equal(m->total->bytes, 100 * GIB);
    assert_int_equal(m->granted->bytes, 10 * GIB);
    assert_int_equal(m->free->bytes, 90 * GIB);
    assert_true(m->free->has_iops);
    assert_false(m->free->has_bandwidth);
    assert_false(m->stale);
    assert_int_equal(m->n_tags, 2);
    world_provider_session(w, "ebs", 0);
    assert_true(pool_message(w->state, p, &w->arena, DETAIL_API)->stale);
    world_free(w);
}

static void the_inventory_is_a_tree(void **world UNUSED) {
    uint64_t volume, attachment;
    struct world *w = world_filled(&volume, &attachment);
    Granary__Provider *m = provider_inventory_message(w->state, state_provider_named(w->state, "ebs"), &w->arena);
    assert_true(m->connected);
    assert_int_equal(m->n_instances, 1);
    assert_string_equal(m->instances[0]->name, "main");
    assert_int_equal(m->instances[0]->n_pools, 1);
    assert_string_equal(m->instances[0]->pools[0]->name, "fast");
    world_free(w);
}

static void an_agent_is_shown_with_what_it_has_and_can_use(void **world UNUSED) {
    uint64_t volume, attachment;
    struct world *w = world_filled(&volume, &attachment);
    Granary__Agent *m = agent_message(w->state, state_agent_named(w->state, "n1"), &w->arena, DETAIL_API);
    assert_string_equal(m->state, "active");
    assert_true(m->total->cpus == 4 && m->free->cpus == 4 && m->used->cpus == 0);
    assert_int_equal(m->attachments, 1);
    assert_int_equal(m->n_classes, 1);
    assert_string_equal(m->classes[0], "gold");
    assert_string_equal(m->tags[0]->key, "topology/rack");
    assert_string_equal(m->tags[0]->tier, "agent");
    world_free(w);
}

static void a_class_says_how_much_can_be_granted(void **world UNUSED) {
    uint64_t volume, attachment;
    struct world *w = world_filled(&volume, &attachment);
    Granary__Class *m = class_message(w->state, state_class_named(w->state, "gold"), &w->arena, DETAIL_API);
    assert_int_equal(m->largest_grantable, 90 * GIB);
    assert_string_equal(m->pool, "media = ssd");
    assert_string_equal(m->fs, "ext4");
    assert_false(
        class_message(w->state, state_class_named(w->state, "gold"), &w->arena, DETAIL_RECORD)->has_largest_grantable);
    world_free(w);
}

static void a_role_is_shown_with_what_it_holds(void **world UNUSED) {
    uint64_t volume, attachment;
    struct world *w = world_filled(&volume, &attachment);
    Granary__Role **roles;
    size_t count = role_messages(w->state, &w->arena, &roles);
    assert_int_equal(count, 1);
    assert_int_equal(roles[0]->storage, 10 * GIB);
    assert_int_equal(roles[0]->volumes, 1);
    assert_true(roles[0]->weight == 1);
    world_free(w);
}

static void an_offer_is_shown_at_the_time_it_was_made(void **world UNUSED) {
    uint64_t volume, attachment;
    struct world *w = world_filled(&volume, &attachment);
    const struct offer_row o = {.id = 44,
                                .agent = world_agent_id(w, "n1"),
                                .role = world_symbol(w, "web"),
                                .resources = {{1500}, {64000}, {0}},
                                .made = {w->now.mono.ms - 250}};
    Granary__Offer *m = offer_message(w->state, &o, &w->arena, w->now);
    assert_string_equal(m->id, "44");
    assert_string_equal(m->agent, "n1");
    assert_true(m->resources->cpus == 1.5 && m->resources->mem == 64);
    assert_int_equal(m->made, w->now.wall.ms - 250);
    const struct offer_row storage = {.id = 45};
    assert_string_equal(offer_message(w->state, &storage, &w->arena, w->now)->agent, "granary");
    world_free(w);
}

static void an_event_shows_its_noun(void **world UNUSED) {
    uint64_t volume, attachment;
    struct world *w = world_filled(&volume, &attachment);
    const struct event ready = {EV_volume_ready, NOUN_VOLUME, false, state_volume(w->state, volume)};
    Granary__Event *m = event_message(w->state, &ready, 7, w->now.wall, "alice", &w->arena);
    assert_int_equal(m->seq, 7);
    assert_string_equal(m->kind, "volume-ready");
    assert_string_equal(m->noun, "volume");
    assert_string_equal(m->name, "db");
    assert_string_equal(m->principal, "alice");
    assert_string_equal(m->volume->pool, "ebs/main/fast");
    const struct event gone = {EV_attachment_gone, NOUN_ATTACHMENT, true, state_attachment(w->state, attachment)};
    m = event_message(w->state, &gone, 8, w->now.wall, NULL, &w->arena);
    assert_string_equal(m->name, "db on n1");
    assert_null(m->principal);
    world_free(w);
}

// What was read from a record has an id only.
static void a_removal_without_its_last_image_can_be_shown(void **world UNUSED) {
    uint64_t volume, attachment;
    struct world *w = world_filled(&volume, &attachment);
    for (enum noun noun = 0; noun < NOUN_COUNT; noun++) {
        uint64_t id = 999999;
        void *row = arena_zero(&w->arena, 1, row_kinds[noun].size);
        memcpy(row, &id, sizeof id);
        const struct event gone = {EV_volume_gone, noun, true, row};
        AUTO_TEXT struct text json = {0};
        json_write(&json, &event_message(w->state, &gone, 7, w->now.wall, NULL, &w->arena)->base, JSON_PUBLIC);
        assert_non_null(strstr(json.data, noun_name(noun)));
    }
    world_free(w);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_volume_is_shown_with_names_and_attachments),
        cmocka_unit_test(a_pool_is_shown_with_its_figures),
        cmocka_unit_test(the_inventory_is_a_tree),
        cmocka_unit_test(an_agent_is_shown_with_what_it_has_and_can_use),
        cmocka_unit_test(a_class_says_how_much_can_be_granted),
        cmocka_unit_test(a_role_is_shown_with_what_it_holds),
        cmocka_unit_test(an_offer_is_shown_at_the_time_it_was_made),
        cmocka_unit_test(an_event_shows_its_noun),
        cmocka_unit_test(a_removal_without_its_last_image_can_be_shown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
