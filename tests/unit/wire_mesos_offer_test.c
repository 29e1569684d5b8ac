// SPDX-License-Identifier: Apache-2.0
// Offers as frameworks of every age read them: an agent's part, volumes that ride along, the storage-only offer.
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "mesos_world.h"

static int setup(void **state) {
    struct world *w = world_new();
    world_agent(
        w,
        (struct agent_made){
            .name = "n1",
            .tags = "attribute:topology/rack=r19, attribute:hw/infiniband, attribute:media=caf\xc3\xa9, net/vlan=19"});
    world_provider(w, "ebs");
    world_pool(w, (struct pool_made){.provider = "ebs", .name = "ssd", .bytes = 100 * GIB});
    world_class(w, (struct class_document){.name = "gold"});
    *state = w;
    return 0;
}

static int teardown(void **state) {
    world_free(*state);
    return 0;
}

struct offered {
    const char *role;
    struct scalars resources;
    const struct port_range *ports;
    size_t port_count;
    uint64_t volume, class;
    struct bytes largest;
};

// On agent n1, or storage-only when a class is offered.
static uint64_t offer_made(struct world *w, uint64_t framework, struct offered what) {
    symbol role = world_symbol(w, what.role);
    uint64_t agent = what.class ? 0 : world_agent_id(w, "n1");
    struct draft *d = world_draft(w);
    struct offer_row *o = draft_add(d, NOUN_OFFER, EV_offer_made);
    uint64_t id = o->id;
    o->framework = framework;
    o->agent = agent;
    o->role = role;
    o->resources = what.resources;
    if (what.port_count) o->ports = draft_blob(d, what.ports, what.port_count * sizeof *what.ports);
    if (what.volume) o->volumes = draft_blob(d, &what.volume, sizeof what.volume);
    struct class_amount amount = {what.class, what.largest};
    if (what.class) o->classes = draft_blob(d, &amount, sizeof amount);
    world_apply(w);
    return id;
}

static const char *offers_text(struct world *w, uint64_t framework, uint64_t offer) {
    size_t used;
    const char *json = text_of(
        w, mesos_offers(w->state, &a_master, state_framework(w->state, framework), &offer, 1, &w->arena, &used));
    assert_int_equal(used, 1);
    return json;
}

static const struct scalars small = {{500}, {65536000}, {1048576000}};

static void agent_says(struct world *w, const char *hostname, const char *address) {
    struct draft *d = world_draft(w);
    struct agent_row *a = edit_agent(d, world_agent_id(w, "n1"), EV_agent_returned);
    a->hostname = hostname;
    a->address = address;
    world_apply(w);
}

// ---- an agent's part ----

static void an_offer_has_all_that_clients_look_for(void **state) {
    struct world *w = *state;
    uint64_t f = world_framework(w, "*", 0);
    agent_says(w, "n1.example.com", "10.0.0.7:5051");
    uint64_t offer = offer_made(w, f, (struct offered){.role = "*", .resources = small});
    const char *json = offers_text(w, f, offer);
    expect_has(json, "{'type':'OFFERS','offers':{'offers':[{'id':{'value':'");
    expect_has(json, with_id(w, "'id':{'value':'%s'}", offer));
    expect_has(json, "'framework_id':{'value':'f-0'}");
    expect_has(json, with_id(w, "'agent_id':{'value':'%s'}", world_agent_id(w, "n1")));
    expect_has(json, "'hostname':'n1.example.com'");
    expect_has(json, "'url':{'scheme':'http','address':{'hostname':'n1.example.com','ip':'10.0.0.7','port':5051},"
                     "'path':'/slave(1)'}");
}

static void without_multi_role_and_refinement_the_shape_is_the_old_one(void **state) {
    struct world *w = *state;
    uint64_t f = world_framework(w, "eng", 0);
    const char *json = offers_text(w, f, offer_made(w, f, (struct offered){.role = "eng", .resources = small}));
    expect_lacks(json, "allocation_info");
    expect_lacks(json, "reservations");
    expect_has(json, "{'name':'cpus','type':'SCALAR','scalar':{'value':0.5},'role':'*'}");
}

static void with_multi_role_and_refinement_the_shape_is_the_new_one(void **state) {
    struct world *w = *state;
    uint64_t f = world_framework(w, "eng", CAN_MULTI_ROLE | CAN_REFINE);
    const char *json = offers_text(w, f, offer_made(w, f, (struct offered){.role = "eng", .resources = small}));
    expect_has(json, "{'name':'cpus','type':'SCALAR','scalar':{'value':0.5},'allocation_info':{'role':'eng'}}");
    expect_has(json, "{'name':'mem','type':'SCALAR','scalar':{'value':65536");
    expect_lacks(json, "'role':'*'");
    expect_has(json, "'allocation_info':{'role':'eng'}}]}}");
}

static void ports_are_ranges_and_what_is_zero_is_left_out(void **state) {
    struct world *w = *state;
    uint64_t f = world_framework(w, "*", 0);
    static const struct port_range ports[] = {{31000, 31004}, {31007, 32000}};
    const char *json = offers_text(
        w, f,
        offer_made(w, f,
                   (struct offered){
                       .role = "*", .resources = {{1000}, {0}, {0}}, .ports = ports, .port_count = ARRAY_LEN(ports)}));
    expect_has(json, "{'name':'ports','type':'RANGES','ranges':{'range':[{'begin':31000,'end':31004},{'begin':31007,"
                     "'end':32000}]}");
    expect_lacks(json, "'name':'mem'");
    expect_lacks(json, "'name':'disk'");
}

static void attributes_and_classes_are_ascii_text_attributes(void **state) {
    struct world *w = *state;
    uint64_t f = world_framework(w, "*", 0);
    const char *json = offers_text(w, f, offer_made(w, f, (struct offered){.role = "*", .resources = small}));
    expect_has(json, "{'name':'topology/rack','type':'TEXT','text':{'value':'r19'}}");
    expect_has(json, "{'name':'hw/infiniband','type':'TEXT','text':{'value':'true'}}");
    expect_has(json, "{'name':'media','type':'TEXT','text':{'value':'caf\\u00e9'}}");
    expect_has(json, "{'name':'granary.storage','type':'TEXT','text':{'value':'gold'}}");
    expect_has(json, "{'name':'granary.affinity.gold','type':'TEXT','text':{'value':'100'}}");
    expect_has(json, "{'name':'granary.availability.gold','type':'TEXT','text':{'value':'100'}}");
    expect_lacks(json, "vlan");                                              // a tag that is no attribute
    for (const char *c = json; *c; c++) assert_true(*c >= ' ' && *c <= '~'); // one line of ASCII
}

static void a_class_for_other_roles_is_no_attribute(void **state) {
    struct world *w = *state;
    static const char *const roles[] = {"finance"};
    world_class(w, (struct class_document){.name = "silver", .roles = roles, .role_count = 1});
    uint64_t f = world_framework(w, "*", 0);
    const char *json = offers_text(w, f, offer_made(w, f, (struct offered){.role = "*", .resources = small}));
    expect_has(json, "gold");
    expect_lacks(json, "silver");
}

static void an_agent_cannot_claim_classes_by_its_tags(void **state) {
    struct world *w = *state;
    world_agent(
        w, (struct agent_made){.name = "n1",
                               .tags = "attribute:granary.storage=platinum, attribute:granary.affinity.platinum=100"});
    uint64_t f = world_framework(w, "*", 0);
    expect_lacks(offers_text(w, f, offer_made(w, f, (struct offered){.role = "*", .resources = small})), "platinum");
}

// ---- volumes ----

static void volume_owned(struct world *w, uint64_t volume, const char *role, const char *fs, const char *persistence) {
    symbol y = world_symbol(w, role), filesystem = world_symbol(w, fs), principal = world_symbol(w, "ops");
    struct draft *d = world_draft(w);
    struct volume_row *v = edit_volume(d, volume, EV_volume_changed);
    v->owner = (struct owner){.role = y};
    v->fs = filesystem;
    v->principal = principal;
    v->persistence = persistence;
    world_apply(w);
}

static void a_volume_rides_as_a_reserved_mount_disk(void **state) {
    struct world *w = *state;
    uint64_t volume = world_volume(w, "db", "gold", "ebs/main/ssd", GIB + 1023),
             f = world_framework(w, "eng", CAN_LABELLED);
    volume_owned(w, volume, "eng", "ext4", NULL);
    char uuid[UUID_TEXT];
    uuid_text(state_volume(w->state, volume)->uuid, uuid);
    const char *json = offers_text(w, f, offer_made(w, f, (struct offered){.role = "eng", .volume = volume}));
    expect_has(json, "'name':'disk','type':'SCALAR','scalar':{'value':1024");
    expect_lacks(json, "1024.001"); // rounded down
    expect_has(json, "'source':{'type':'MOUNT'");
    expect_has(json, arena_format(&w->arena, "'id':'%s'", uuid));
    expect_has(json, "'profile':'gold','vendor':'granary'");
    expect_has(json, "{'key':'name','value':'db'},{'key':'provider','value':'ebs'},{'key':'pool','value':"
                     "'ebs/main/ssd'},{'key':'fs','value':'ext4'}");
    expect_has(json, "'provider_id':{'value':'granary'}");
    expect_has(json, "'reservations':[{'principal':'ops','role':'eng','type':'DYNAMIC'}]");
    expect_lacks(json, "persistence");
}

static void a_volume_without_filesystem_is_a_block_disk(void **state) {
    struct world *w = *state;
    uint64_t volume = world_volume(w, "db", "gold", "ebs/main/ssd", GIB), f = world_framework(w, "eng", CAN_LABELLED);
    volume_owned(w, volume, "eng", "raw", NULL);
    const char *json = offers_text(w, f, offer_made(w, f, (struct offered){.role = "eng", .volume = volume}));
    expect_has(json, "'source':{'type':'BLOCK'");
}

static void a_persistent_volume_says_its_id_and_where_it_goes(void **state) {
    struct world *w = *state;
    uint64_t volume = world_volume(w, "db", "gold", "ebs/main/ssd", GIB), f = world_framework(w, "eng", CAN_LABELLED);
    volume_owned(w, volume, "eng", "ext4", "p-1");
    const char *json = offers_text(w, f, offer_made(w, f, (struct offered){.role = "eng", .volume = volume}));
    expect_has(json, "'persistence':{'id':'p-1','principal':'ops'}");
    expect_has(json, "'volume':{'container_path':'db','mode':'RW'}");
}

// ---- storage-only ----

static uint64_t reservation_made(struct world *w, const char *role, uint64_t bytes, const char *labels) {
    symbol y = world_symbol(w, role);
    struct draft *d = world_draft(w);
    struct reservation_row *r = draft_add(d, NOUN_RESERVATION, EV_reservation_made);
    uint64_t id = r->id;
    r->owner = (struct owner){.role = y};
    r->class = world_class_id(w, "gold");
    r->charge = (struct charge){.pool = world_pool_id(w, "ebs/main/ssd"), .bytes = {bytes}};
    r->labels = labels;
    world_apply(w);
    return id;
}

static const char *storage_text(struct world *w, uint64_t f) {
    return offers_text(
        w, f,
        offer_made(w, f,
                   (struct offered){.role = "eng", .class = world_class_id(w, "gold"), .largest = {3 * MIB + 1023}}));
}

static void the_storage_only_offer_shows_each_class_as_raw(void **state) {
    struct world *w = *state;
    const char *json = storage_text(w, world_framework(w, "eng", CAN_LABELLED));
    expect_has(json, "'agent_id':{'value':'granary'},'hostname':'granary.storage'");
    expect_has(json, "'url':{'scheme':'http','address':{'hostname':'m1.example.com','ip':'127.0.0.1','port':5050},"
                     "'path':'/granary'}");
    expect_has(json, "{'name':'disk','type':'SCALAR','scalar':{'value':3");
    expect_lacks(json, "3.001");
    expect_has(json, "'disk':{'source':{'type':'RAW','metadata':{'labels':[{'key':'access','value':'single-writer'},"
                     "{'key':'availability','value':'100'},{'key':'affinity','value':'n1=100'}]},'profile':'gold','"
                     "vendor':'granary'}}");
    expect_lacks(json, "cpus");
    expect_lacks(json, "reservations");
    expect_lacks(json, "attributes");
}

static void the_storage_only_offer_shows_what_is_left_of_own_reservations(void **state) {
    struct world *w = *state;
    uint64_t ours = reservation_made(w, "eng", 2 * GIB, NULL), theirs = reservation_made(w, "ops", GIB, NULL),
             empty = reservation_made(w, "eng", 0, NULL);
    const char *json = storage_text(w, world_framework(w, "eng", CAN_LABELLED));
    expect_has(json, with_id(w, "'id':'%s'", ours));
    expect_has(json, "'scalar':{'value':2048");
    expect_has(json, "'reservations':[{'role':'eng','type':'DYNAMIC'}]");
    expect_lacks(json, with_id(w, "'id':'%s'", theirs));
    expect_lacks(json, with_id(w, "'id':'%s'", empty));
}

static void labels_that_an_operator_gave_a_reservation_are_shown(void **state) {
    struct world *w = *state;
    (void)reservation_made(w, "eng", GIB, "app=shop\ntier=");
    expect_has(storage_text(w, world_framework(w, "eng", CAN_LABELLED)),
               "'labels':{'labels':[{'key':'app','value':'shop'},{'key':'tier','value':''}]}");
}

// ---- many ----

static void many_offers_are_split_into_events_of_about_a_mebibyte(void **state) {
    enum { MANY = 4000 };
    struct world *w = *state;
    uint64_t f = world_framework(w, "*", 0), *offers = arena_zero(&w->arena, MANY, sizeof *offers);
    for (size_t i = 0; i < MANY; i++) offers[i] = offer_made(w, f, (struct offered){.role = "*", .resources = small});
    size_t done = 0, events = 0;
    while (done < MANY) {
        size_t used;
        mesos_event *event = mesos_offers(w->state, &a_master, state_framework(w->state, f), offers + done, MANY - done,
                                          &w->arena, &used);
        assert_true(used > 0);
        assert_int_equal(event->offers->n_offers, used);
        assert_true(strlen(text_of(w, event)) <= MIB + MIB / 8);
        done += used;
        events++;
    }
    assert_int_equal(done, MANY);
    assert_true(events > 1 && events < 20);
}

static void offers_that_are_gone_make_no_event(void **state) {
    struct world *w = *state;
    uint64_t f = world_framework(w, "*", 0), gone[] = {999, 1000};
    size_t used;
    assert_null(mesos_offers(w->state, &a_master, state_framework(w->state, f), gone, 2, &w->arena, &used));
    assert_int_equal(used, 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(an_offer_has_all_that_clients_look_for),
        TEST(without_multi_role_and_refinement_the_shape_is_the_old_one),
        TEST(with_multi_role_and_refinement_the_shape_is_the_new_one),
        TEST(ports_are_ranges_and_what_is_zero_is_left_out),
        TEST(attributes_and_classes_are_ascii_text_attributes),
        TEST(a_class_for_other_roles_is_no_attribute),
        TEST(an_agent_cannot_claim_classes_by_its_tags),
        TEST(a_volume_rides_as_a_reserved_mount_disk),
        TEST(a_volume_without_filesystem_is_a_block_disk),
        TEST(a_persistent_volume_says_its_id_and_where_it_goes),
        TEST(the_storage_only_offer_shows_each_class_as_raw),
        TEST(the_storage_only_offer_shows_what_is_left_of_own_reservations),
        TEST(labels_that_an_operator_gave_a_reservation_are_shown),
        TEST(many_offers_are_split_into_events_of_about_a_mebibyte),
        TEST(offers_that_are_gone_make_no_event),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
