// SPDX-License-Identifier: Apache-2.0
// What lldpcli writes, and lldpcli itself as a program that writes it, fails, or hangs.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "host/lldp.h"
#include "recorded_tree.h"
#include "sys/loop.h"

// The tags so far, one a line; ends them.
static char *tags_text(struct prober *p) {
    AUTO_TEXT struct text all = {0};
    VEC_EACH (tag, &p->tags) text_addf(&all, "%s=%s\n", tag->key, tag->value);
    probe_tags_done(&p->tags);
    return mem_text(text_string(&all));
}

static void expect_tags(const char *answer, const char *tags) {
    struct prober p = {.root = ""};
    lldp_take(&p, answer, strlen(answer));
    AUTO_FREE char *found = tags_text(&p);
    assert_string_equal(found, tags);
}

#define SWITCH(name, port)                                                                                             \
    "{\"via\":\"LLDP\",\"chassis\":{\"" name "\":{\"id\":{\"type\":\"mac\",\"value\":\"00:11:22:33:44:55\"}}},"        \
    "\"port\":{\"id\":{\"type\":\"ifname\",\"value\":\"" port "\"},\"ttl\":\"120\"}}"

static void each_neighbour_gives_its_switch_and_port(void **state) {
    (void)state;
    expect_tags("{\"lldp\":{\"interface\":[{\"eth0\":" SWITCH("tor-19a", "swp7") "},{\"eth1\":" SWITCH("tor-19b",
                                                                                                       "swp7") "}]}}",
                "net/switch=tor-19a\nnet/switch-port=tor-19a swp7\nnet/switch=tor-19b\nnet/switch-port=tor-19b swp7\n");
}

static void one_interface_is_written_without_a_list(void **state) {
    (void)state;
    expect_tags("{\"lldp\":{\"interface\":{\"eth0\":" SWITCH("tor-19a", "Ethernet1/7") "}}}",
                "net/switch=tor-19a\nnet/switch-port=tor-19a Ethernet1/7\n");
}

static void a_switch_without_a_name_is_called_by_its_id(void **state) {
    (void)state;
    expect_tags(
        "{\"lldp\":{\"interface\":{\"eth0\":{\"chassis\":{\"id\":{\"type\":\"mac\",\"value\":\"00:11:22:33:44:55\"}},"
        "\"port\":{\"id\":{\"type\":\"local\",\"value\":\"7\"}}}}}}",
        "net/switch=00:11:22:33:44:55\nnet/switch-port=00:11:22:33:44:55 7\n");
}

static void words_before_the_document_are_passed_over(void **state) {
    (void)state;
    expect_tags("[WARN/lldpctl] something\n{\"lldp\":{\"interface\":{\"eth0\":" SWITCH("a", "1") "}}}",
                "net/switch=a\nnet/switch-port=a 1\n");
}

static void what_is_no_such_document_gives_nothing(void **state) {
    (void)state;
    static const char *const bad[] = {
        "",
        "no",
        "{",
        "{}",
        "{\"lldp\":[]}",
        "{\"lldp\":{\"interface\":[1,null,{\"eth0\":7},{\"eth0\":{\"chassis\":[],\"port\":1}}]}}",
        "{\"lldp\":{\"interface\":{\"eth0\":{\"chassis\":{},\"port\":{\"id\":{}}}}}}"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) expect_tags(bad[i], "");
}

static void neighbours_are_bounded(void **state) {
    (void)state;
    AUTO_TEXT struct text answer = {0};
    text_add(&answer, "{\"lldp\":{\"interface\":[");
    for (int i = 0; i < 1000; i++) text_addf(&answer, "%s{\"eth%d\":" SWITCH("a", "1") "}", i ? "," : "", i);
    text_add(&answer, "]}}");
    struct prober p = {.root = ""};
    lldp_take(&p, answer.data, answer.size);
    assert_int_equal(p.tags.count, 2 * 64);
    probe_tags_done(&p.tags);
}

// What a host says whose lldpcli is this script.
static char *tags_with(const char *script) {
    char root[] = TREE;
    tree_begin(root);
    if (script) tree_program(root, "/usr/sbin/lldpcli", script);
    struct prober p = {.root = root};
    lldp_probe(&p);
    assert_null(tree_remove(root));
    return tags_text(&p);
}

static void lldpcli_is_asked_where_it_is_installed(void **state) {
    (void)state;
    AUTO_FREE char *there = tags_with("#!/bin/sh\n[ \"$*\" = '-f json show neighbors' ] || exit 1\n"
                                      "echo '{\"lldp\":{\"interface\":{\"eth0\":" SWITCH("tor", "1") "}}}'\n");
    assert_string_equal(there, "net/switch=tor\nnet/switch-port=tor 1\n");
    AUTO_FREE char *not_there = tags_with(NULL);
    assert_string_equal(not_there, "");
    AUTO_FREE char *without_daemon = tags_with("#!/bin/sh\necho '{' >&2\nexit 1\n");
    assert_string_equal(without_daemon, "");
}

static void an_lldpcli_that_hangs_is_not_waited_for(void **state) {
    (void)state;
    int64_t began = wall_now().ms;
    AUTO_FREE char *hangs = tags_with("#!/bin/sh\nexec sleep 30\n");
    assert_string_equal(hangs, "");
    assert_true(wall_now().ms - began < 15000);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_neighbour_gives_its_switch_and_port),
        cmocka_unit_test(one_interface_is_written_without_a_list),
        cmocka_unit_test(a_switch_without_a_name_is_called_by_its_id),
        cmocka_unit_test(words_before_the_document_are_passed_over),
        cmocka_unit_test(what_is_no_such_document_gives_nothing),
        cmocka_unit_test(neighbours_are_bounded),
        cmocka_unit_test(lldpcli_is_asked_where_it_is_installed),
        cmocka_unit_test(an_lldpcli_that_hangs_is_not_waited_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
