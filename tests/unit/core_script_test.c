// SPDX-License-Identifier: Apache-2.0
// Classes with a script: it chooses among what fits, its refusals and failures are explained, and the same inputs give the same
// outputs.
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "core/asked.h"
#include "core/explain.h"
#include "core/index.h"
#include "core/pair.h"
#include "core/script.h"
#include "core_world.h"

static int setup(void **state) {
    struct world *w = world_new();
    world_provider(w, "file");
    world_agent(w, (struct agent_made){.name = "n1", .tags = "fs/ext4, rack=r1, zone=a, zone=b"});
    *state = w;
    const struct pool_made pools[] = {
        {.provider = "file", .name = "big", .tags = "media=hdd, rack=r1", .bytes = 10 * TIB, .iops = 100},
        {.provider = "file", .name = "fast", .tags = "media=ssd, rack=r2", .bytes = TIB, .iops = 9000},
        {.provider = "file",
         .name = "mixed",
         .tags = "media=hdd, media=ssd, bay=1, bay=2",
         .bytes = 2 * TIB,
         .iops = 500},
        {.provider = "file", .name = "tiny", .tags = "media=ssd", .bytes = GIB, .iops = 9000},
    };
    for (size_t i = 0; i < ARRAY_LEN(pools); i++) world_pool(w, pools[i]);
    return 0;
}

static int teardown(void **state) {
    world_free(*state);
    return 0;
}

static struct want scripted_or(struct world *w, const char *body, enum class_script_error on_error) {
    AUTO_FREE char *script = mem_format("function broker(request, pools, scores)\n%s\nend\n", body);
    uint64_t class =
        world_class(w, (struct class_document){.name = "gold", .script = script, .on_script_error = on_error});
    return (struct want){.class = class, .size = {100 * GIB}};
}

static struct want scripted(struct world *w, const char *body) {
    return scripted_or(w, body, ON_SCRIPT_ERROR_REFUSE);
}

static void expect_pool(struct world *w, const struct want *want, const char *name) {
    struct fit fit;
    expect_ok(broker_place(world_draft(w), want, &fit));
    assert_string_equal(state_pool(w->state, fit.pool)->name, name);
}

static void expect_refused(struct world *w, const struct want *want, const char *words) {
    struct fit fit;
    expect_err(broker_place(world_draft(w), want, &fit), ERR_NO_FIT, words);
}

static void it_ranks_what_fits(void **state) {
    struct world *w = *state;
    struct fit fits[8];
    struct want want = scripted(w, "return {3, 7, 5}"); // big, fast, mixed; tiny does not fit
    expect_pool(w, &want, "fast");
    assert_int_equal(broker_fits(world_draft(w), &want, fits, 8), 3);
    assert_int_equal(fits[0].score, 7);
    assert_string_equal(state_pool(w->state, fits[1].pool)->name, "mixed");
    assert_true(fits[0].charge.bytes.n == 100 * GIB);
    want = scripted(w, "return {1, 1, 1.5 - 0.5}"); // as good: the most free bytes
    expect_pool(w, &want, "big");
    want.size.n = GIB;
    expect_refused(w, &(struct want){.class = want.class, .size = {20 * TIB}}, "has 10 TiB free of 20 TiB asked");
}

static void it_reads_figures_and_tags(void **state) {
    struct world *w = *state;
    static const char body[] = "local s = {}\n"
                               "for i = 1, pools.count do\n"
                               "  local media = pools.tags.media[i]\n"
                               "  if media == 'ssd' then s[i] = pools.free[i] / request.size end\n"
                               "  if type(media) == 'table' and #media == 2 then s[i] = 1 end\n"
                               "  if pools.name[i] == 'file/main/big' and pools.iops[i] == 100 then s[i] = 2 end\n"
                               "end\n"
                               "return s";
    struct want want = scripted(w, body);
    struct fit fits[8];
    assert_int_equal(broker_fits(world_draft(w), &want, fits, 8), 3);
    assert_int_equal(fits[0].score, 10);
    assert_int_equal(fits[1].score, 2);
    assert_int_equal(fits[2].score, 1);
    want = scripted(
        w, "local s = {} for i = 1, pools.count do\n"
           "if pools.tags.rack[i] == request.agent.tags.rack then s[i] = #request.agent.tags.zone end end return s");
    want.agent = world_agent_id(w, "n1");
    expect_pool(w, &want, "big");
    want = scripted(w, "return request.size == 107374182400 and request.fs == 'ext4' and request.class == 'gold'\n"
                       "and not request.agent and pools.count == 3 and pools.total[1] == pools.free[1]\n"
                       "and pools.bandwidth[1] == nil and pools.tags['no/such'][1] == nil and {1} or nil");
    expect_pool(w, &want, "big");
}

// Agents have the key, or pools only with several values: a column all the same.
static void a_key_without_a_single_value_is_a_column(void **state) {
    struct world *w = *state;
    struct want want = scripted(w, "return pools.tags.zone[1] == nil and {1} or nil");
    expect_pool(w, &want, "big");
    want = scripted(
        w, "local bay, s = pools.tags.bay, {} for i = 1, pools.count do s[i] = bay[i] and #bay[i] end return s");
    expect_pool(w, &want, "mixed");
}

static struct want with_agents(struct world *w, const char *body) {
    AUTO_FREE char *script = mem_format("function broker(request, pools, scores, agents)\n%s\nend\n", body);
    const struct class_wish wish = {"zone = a", 4};
    uint64_t class = world_class(
        w, (struct class_document){
               .name = "gold", .agent = "rack", .script = script, .prefer_agent = &wish, .prefer_agent_count = 1});
    return (struct want){.class = class, .size = {100 * GIB}};
}

static void it_reads_the_agents_that_the_class_can_have(void **state) {
    struct world *w = *state;
    world_agent(w, (struct agent_made){.name = "n2", .tags = "rack=r2"});
    world_agent(w, (struct agent_made){.name = "bare"}); // the class does not want it
    struct want want = with_agents(w, "local a = agents\n"
                                      "local good = a.count == 2 and a.name[1] == 'n1' and a.name[2] == 'n2'\n"
                                      "  and a.affinity[1] == 100 and a.affinity[2] == 0 and not a.name[3]\n"
                                      "  and a.tags.rack[2] == 'r2' and #a.tags.zone[1] == 2 and not a.tags.zone[2]\n"
                                      "  and not a.tags['no/such'][1]\n"
                                      "scores[2] = good and 1 return scores");
    expect_pool(w, &want, "fast");
    // where the agents are: a pool in a rack with none is refused
    want = with_agents(w, "local here = {} for i = 1, agents.count do here[agents.tags.rack[i]] = true end\n"
                          "for i = 1, pools.count do local r = pools.tags.rack[i] scores[i] = r and here[r] and i end\n"
                          "return scores");
    expect_pool(w, &want, "fast");
    world_agent_removed(w, "n2");
    expect_pool(w, &want, "big");
    // the one that is asked for
    world_agent(w, (struct agent_made){.name = "n2", .tags = "rack=r2"});
    want = with_agents(w, "return agents.count == 1 and agents.name[1] == request.agent.name and {1} or nil");
    want.agent = world_agent_id(w, "n2");
    expect_pool(w, &want, "big");
    want = with_agents(w, "return agents.free");
    expect_refused(w, &want, "agents has no 'free'; it has count, name, tags, affinity");
}

static void agents_that_are_not_here_are_not_read(void **state) {
    struct world *w = *state;
    static const enum agent_state not_here[] = {AGENT_IS_AWAY, AGENT_IS_LOST, AGENT_IS_DRAINING};
    struct want want = with_agents(w, "return agents.count == 1 and agents.name[1] == 'n1' and {1} or nil");
    world_agent(w, (struct agent_made){.name = "n2", .tags = "rack=r2"});
    expect_refused(w, &want, "none, and no reason was given");
    for (size_t i = 0; i < ARRAY_LEN(not_here); i++) {
        world_agent_state(w, "n2", not_here[i], not_here[i] == AGENT_IS_DRAINING);
        expect_pool(w, &want, "big");
    }
}

static void at_most_a_thousand_agents_are_read(void **state) {
    struct world *w = *state;
    for (unsigned i = 0; i < 1001; i++)
        world_agent(w, (struct agent_made){.name = arena_format(&w->arena, "m%u", i), .tags = "rack=r1"});
    struct want want =
        with_agents(w, "return agents.count == 1000 and #agents.name == 1000 and agents.name[1] == 'n1'\n"
                       "and #agents.tags.rack == 1000 and #agents.affinity == 1000 and {1} or nil");
    expect_pool(w, &want, "big");
}

static void spread_volumes_stay_apart_whatever_it_says(void **state) {
    struct world *w = *state;
    const struct class_spread_wish spread = {.key = "rack", .label = "app", .required = true};
    uint64_t class =
        world_class(w, (struct class_document){.name = "gold",
                                               .script = "function broker(request, pools) return pools.free end",
                                               .spread = &spread,
                                               .spread_count = 1});
    struct want want = {.class = class, .size = {100 * GIB}, .labels = "app=x"};
    struct fit fits[8]; // a pool without the key is refused
    assert_int_equal(broker_fits(world_draft(w), &want, fits, 8), 2);
    assert_string_equal(state_pool(w->state, fits[0].pool)->name, "big");
    assert_string_equal(state_pool(w->state, fits[1].pool)->name, "fast");
}

static void the_total_is_what_the_pool_itself_could_grant(void **state) {
    struct world *w = *state;
    world_pool(w, (struct pool_made){
                      .provider = "file", .name = "mirror", .bytes = 2 * TIB, .numerator = 2, .denominator = 1});
    struct want want = scripted(w, "for i = 1, pools.count do\n"
                                   "if pools.name[i] == 'file/main/mirror' and pools.total[i] == 1 << 40\n"
                                   "and pools.free[i] == 1 << 40 then scores[i] = 1 end end return scores");
    expect_pool(w, &want, "mirror");
}

static void a_changed_tag_is_seen_by_the_next_decision(void **state) {
    struct world *w = *state;
    struct want want = scripted(w, "local s = {} for i = 1, pools.count do\n"
                                   "if pools.tags.rack[i] == 'r2' then s[i] = 1 end end return s");
    expect_pool(w, &want, "fast");
    world_pool(w, (struct pool_made){
                      .provider = "file", .name = "big", .tags = "media=hdd, rack=r2", .bytes = 10 * TIB, .iops = 100});
    expect_pool(w, &want, "big");
}

static void the_table_of_scores_is_there_and_refuses_all(void **state) {
    struct world *w = *state;
    struct want want =
        scripted(w, "if #scores == 3 and scores[1] == false then scores[2] = 4 end return scores, 'not asked for'");
    expect_pool(w, &want, "fast");
    want = scripted(w, "return scores, 'none'");
    expect_refused(w, &want, "file/main/fast is refused by the class's script: none");
}

static void numbers_with_units_are_numbers(void **state) {
    struct world *w = *state;
    expect_ok(symbols_declare(&w->state->symbols, "speed", VALUE_NUMBER));
    world_pool(w, (struct pool_made){.provider = "file", .name = "big", .tags = "speed=2.5", .bytes = 10 * TIB});
    struct want want = scripted(w, "return {pools.tags.speed[1] * 2}");
    struct fit fit;
    expect_ok(broker_place(world_draft(w), &want, &fit));
    assert_int_equal(fit.score, 5);
}

static void its_refusals_are_said_with_their_reasons(void **state) {
    struct world *w = *state;
    struct want want = scripted(w, "return nil, 'the quarter ends'");
    expect_refused(w, &want, "file/main/big is refused by the class's script: the quarter ends");
    want = scripted(w, "return {}, {'slow', 'dear'}");
    expect_refused(w, &want, "file/main/fast is refused by the class's script: dear");
    expect_refused(w, &want, "file/main/mixed is refused by the class's script: none, and no reason was given");
}

static void explain_counts_and_names_them(void **state) {
    struct world *w = *state;
    struct explanation e;
    struct want want = scripted(w, "return {nil, 4}, 'only the fast one'");
    expect_ok(explain_want(world_draft(w), &want, (struct explain_page){.limit = 100}, &w->arena, &e));
    assert_true(e.places);
    assert_int_equal(e.fit_count, 1);
    assert_int_equal(e.refused, 3);
    assert_int_equal(e.refusals[0].rule, RULE_SCRIPT);
    assert_string_equal(rule_name(RULE_SCRIPT), "script");
    assert_string_equal(e.refusals[0].asked, "a score of the class's script");
    assert_string_equal(e.refusals[0].found, "only the fast one");
    assert_string_equal(e.funnel[e.funnel_count - 1].text, "are chosen by the class's script");
    assert_int_equal(e.funnel[e.funnel_count - 1].left, 1);
    assert_string_equal(e.sentence, "class 'gold', 100 GiB: goes to file/main/fast, which has 1 TiB free; 1 pool fits");
}

static void a_failure_refuses_and_says_the_line(void **state) {
    struct world *w = *state;
    static const struct {
        const char *body, *words;
    } wrong[] = {
        {"return pools.fre", "it failed: line 2: pools has no 'fre'"},
        {"error('broken')", "it failed: line 2: broken"},
        {"return 7", "it failed: broker returned a number"},
        {"return {'much'}", "it failed: the score of pool 1 is a string, not a number"},
        {"return {0 / 0}", "it failed: the score of pool 1 is no number from -1e15 to 1e15"},
        {"return {math.huge}", "no number from"},
        {"return {1, 1, 1, 1}", "it failed: it scores pool 4; there are 3"},
        {"while true do end", "it failed: line 2: it takes more than"},
        {"for i = 1, 70 do local c = pools.tags['k' .. i] end", "more than 64 columns"},
    };
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        struct want want = scripted(w, wrong[i].body);
        expect_refused(w, &want, wrong[i].words);
    }
}

static void expect_failures(struct world *w, uint64_t class, uint64_t count, const char *last) {
    struct script_failures f = script_failures(index_script(w->state, class));
    assert_int_equal(f.count, count);
    if (last)
        assert_string_equal(f.last, last);
    else
        assert_null(f.last);
}

// However often a decision asks; and what is asked without deciding is not counted.
static void a_failure_is_counted_once_a_decision(void **state) {
    struct world *w = *state;
    struct want want = scripted(w, "if request.size > 1 << 30 then error('too much') end return {1}");
    struct fit fit;
    struct explanation e;
    expect_refused(w, &want, "too much");
    expect_ok(explain_want(world_draft(w), &want, (struct explain_page){.limit = 100}, &w->arena, &e));
    assert_int_equal(e.suggestion_count, 0); // also for a smaller size it is not asked again
    (void)broker_largest(world_draft(w), want.class, (symbol){0});
    expect_failures(w, want.class, 0, NULL);
    for (uint64_t i = 1; i <= 3; i++) {
        struct draft *d = world_draft(w);
        d->coarse = i == 2; // its sentence has suggestions
        expect_err(asked_place(d, &want, i == 3, &fit), ERR_NO_FIT, "no pool fits");
        expect_failures(w, want.class, i, "line 2: too much");
    }
    want.size.n = GIB;
    expect_ok(asked_place(world_draft(w), &want, false, &fit));
    expect_failures(w, want.class, 3, "line 2: too much");
}

// It decides on what is asked; what a refusal then suggests is an explanation.
static void a_failure_below_the_size_asked_is_not_counted(void **state) {
    struct world *w = *state;
    struct want want = scripted(w, "if request.size < 100 << 30 then error('broken') end return nil");
    struct fit fit;
    struct draft *d = world_draft(w);
    d->coarse = true; // its sentence has suggestions
    expect_err(asked_place(d, &want, false, &fit), ERR_NO_FIT, "no pool fits");
    expect_failures(w, want.class, 0, NULL);
    d = world_draft(w);
    d->coarse = true;
    want.size.n = GIB;
    expect_err(asked_place(d, &want, false, &fit), ERR_NO_FIT, "no pool fits");
    expect_failures(w, want.class, 1, "line 2: broken");
}

static void a_failure_falls_back_on_the_class_where_it_says_so(void **state) {
    struct world *w = *state;
    struct want want = scripted_or(w, "return {5, 'broken'}", ON_SCRIPT_ERROR_CLASSES);
    struct fit fit;
    expect_ok(asked_place(world_draft(w), &want, false, &fit));
    assert_string_equal(state_pool(w->state, fit.pool)->name, "big");
    assert_int_equal(fit.score, 0);
    expect_failures(w, want.class, 1, "the score of pool 2 is a string, not a number");
}

static void what_does_not_compile_says_where(void **state) {
    struct world *w = *state;
    const char *text = "function broker(\n";
    expect_err(script_check(text), ERR_INVALID, "line 2: ");
    expect_ok(script_check(NULL));
    expect_ok(script_check("function broker() end"));
    // No door takes it; a registry that holds it all the same refuses.
    uint64_t class = world_class(w, (struct class_document){.name = "gold", .script = text});
    expect_refused(w, &(struct want){.class = class, .size = {GIB}}, "it failed: line 2: ");
}

static void the_largest_size_is_one_that_it_takes(void **state) {
    struct world *w = *state;
    struct want want = scripted(w, "if request.size > 1 << 40 then return nil end return pools.score");
    struct bytes largest = broker_largest(world_draft(w), want.class, (symbol){0});
    assert_true(largest.n > 100 * GIB && largest.n <= TIB);
    want.size = largest;
    expect_pool(w, &want, "big");
    want.size.n = 2 * TIB;
    struct explanation e;
    expect_ok(explain_want(world_draft(w), &want, (struct explain_page){.limit = 100}, &w->arena, &e));
    assert_int_equal(e.suggestion_count, 1);
    assert_string_equal(e.suggestions[0].change, "a size of 640 GiB");
    expect_pool(w, &e.suggestions[0].want, "big");
}

static void pool_and_agent_are_chosen_by_script_and_liking(void **state) {
    struct world *w = *state;
    struct want want = scripted(w, "return {1, 2, 3}");
    struct pair pair;
    assert_true(pair_find(world_draft(w), &want, (struct scalars){.cpus = {1000}}, &pair));
    assert_string_equal(state_pool(w->state, pair.fit.pool)->name, "mixed");
    assert_true(pair.agent == world_agent_id(w, "n1"));
}

// Whatever was asked before, and in whatever order, a question has one answer.
static void the_same_question_has_the_same_answer(void **state) {
    struct world *w = *state;
    struct want want = scripted(w, "calls = (calls or 0) + 1\npools.free[1] = nil pools.score[2] = 99\n"
                                   "local s = {}\nfor i = 1, pools.count do\n"
                                   "s[i] = calls * (pools.free[i] or 1) % 1000003 + pools.score[i] end return s");
    struct fit first[8], again[8];
    size_t count = broker_fits(world_draft(w), &want, first, 8);
    for (unsigned i = 0; i < 50; i++) {
        struct want other = want;
        other.size.n = GIB + i;
        assert_int_not_equal(broker_fits(world_draft(w), &other, again, 8), 0);
        assert_int_equal(broker_fits(world_draft(w), &want, again, 8), count);
        for (size_t n = 0; n < count; n++)
            assert_true(first[n].pool == again[n].pool && first[n].score == again[n].score);
    }
}

int main(void) {
#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(it_ranks_what_fits),
        T(it_reads_figures_and_tags),
        T(a_key_without_a_single_value_is_a_column),
        T(it_reads_the_agents_that_the_class_can_have),
        T(agents_that_are_not_here_are_not_read),
        T(at_most_a_thousand_agents_are_read),
        T(spread_volumes_stay_apart_whatever_it_says),
        T(the_total_is_what_the_pool_itself_could_grant),
        T(a_changed_tag_is_seen_by_the_next_decision),
        T(the_table_of_scores_is_there_and_refuses_all),
        T(numbers_with_units_are_numbers),
        T(its_refusals_are_said_with_their_reasons),
        T(explain_counts_and_names_them),
        T(a_failure_refuses_and_says_the_line),
        T(a_failure_is_counted_once_a_decision),
        T(a_failure_below_the_size_asked_is_not_counted),
        T(a_failure_falls_back_on_the_class_where_it_says_so),
        T(what_does_not_compile_says_where),
        T(the_largest_size_is_one_that_it_takes),
        T(pool_and_agent_are_chosen_by_script_and_liking),
        T(the_same_question_has_the_same_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
