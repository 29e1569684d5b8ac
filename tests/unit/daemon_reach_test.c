// SPDX-License-Identifier: Apache-2.0
// Connecting to data addresses of this machine, and counting the ways to others by a recorded route table.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "daemon/reach.h"
#include "recorded_tree.h"
#include "sys/clock.h"

enum { TRY_MS = 1000 };

static int refusals;       // so many of the next connections fail
static const char *number; // where every name leads; NULL: the resolver fails

// Stand before the C library's.
int connect(int fd, const struct sockaddr *to, socklen_t size) {
    static int (*theirs)(int, const struct sockaddr *, socklen_t);
    if (!theirs) theirs = (int (*)(int, const struct sockaddr *, socklen_t))dlsym(RTLD_NEXT, "connect");
    if (refusals-- <= 0) return theirs(fd, to, size);
    errno = EHOSTUNREACH;
    return -1;
}

int getaddrinfo(const char *name UNUSED, const char *service, const struct addrinfo *hints, struct addrinfo **ret) {
    static int (*theirs)(const char *, const char *, const struct addrinfo *, struct addrinfo **);
    if (!theirs)
        theirs = (int (*)(const char *, const char *, const struct addrinfo *, struct addrinfo **))dlsym(RTLD_NEXT,
                                                                                                         "getaddrinfo");
    return number ? theirs(number, service, hints, ret) : EAI_AGAIN;
}

static void probe_all(struct prober *p, const char *const *addresses, size_t count, struct map *past) {
    struct reach_target targets[REACH_MOST];
    for (size_t i = 0; i < count; i++) targets[i] = reach_target_of(addresses[i]);
    reach_probe(p, targets, count, TRY_MS, past);
    for (size_t i = 0; i < count; i++) reach_target_done(&targets[i]);
}

// A listening socket of this machine; what it is called is in `ret_address`.
static int listening(char ret_address[32]) {
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof to;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0 && bind(fd, (const void *)&to, sizeof to) == 0 && listen(fd, 8) == 0);
    assert_int_equal(getsockname(fd, (void *)&to, &size), 0);
    snprintf(ret_address, 32, "127.0.0.1:%u", ntohs(to.sin_port));
    return fd;
}

static const char *value_of(const struct prober *p, const char *key) {
    VEC_EACH (tag, &p->tags)
        if (strcmp(tag->key, key) == 0) return tag->value;
    return NULL;
}

static const char *reach_of(const struct prober *p, const char *address) {
    AUTO_FREE char *key = reach_key(address);
    AUTO_FREE char *tag = mem_format("reach/%s", key);
    return value_of(p, tag);
}

static void an_address_that_answers_has_a_time(void **state) {
    (void)state;
    char address[32];
    int fd = listening(address);
    struct map past = {0};
    struct prober p = {.root = ""};
    AUTO_FREE char *key = reach_key(address);
    AUTO_FREE char *reach = mem_format("reach/%s", key);
    AUTO_FREE char *paths = mem_format("net/paths/%s", key);
    for (int i = 0; i < 4; i++) probe_all(&p, (const char *const[]){address}, 1, &past);
    assert_non_null(value_of(&p, reach));
    assert_true(text_ends(value_of(&p, reach), "ms"));
    assert_string_equal(value_of(&p, paths), "1");
    probe_tags_done(&p.tags);
    map_done(&past);
    close(fd);
}

static void an_address_that_stops_answering_has_none_at_once(void **state) {
    (void)state;
    char address[32];
    int fd = listening(address);
    struct map past = {0};
    struct prober p = {.root = ""};
    probe_all(&p, (const char *const[]){address}, 1, &past);
    assert_non_null(reach_of(&p, address));
    close(fd);
    probe_tags_done(&p.tags);
    probe_all(&p, (const char *const[]){address}, 1, &past);
    assert_null(reach_of(&p, address));
    probe_tags_done(&p.tags);
    map_done(&past);
}

static void one_lost_packet_is_no_news(void **state) {
    (void)state;
    char address[32];
    int fd = listening(address);
    struct map past = {0};
    struct prober p = {.root = ""};
    refusals = 1;
    probe_all(&p, (const char *const[]){address}, 1, &past);
    assert_non_null(reach_of(&p, address));
    probe_tags_done(&p.tags);
    p.tags = (struct probe_tags){0};
    refusals = 2;
    probe_all(&p, (const char *const[]){address}, 1, &past);
    assert_null(reach_of(&p, address));
    probe_tags_done(&p.tags);
    map_done(&past);
    close(fd);
}

// Its queue is full: the kernel drops what asks to connect.
static void what_does_not_answer_takes_two_tries_and_no_more(void **state) {
    (void)state;
    char mute[32], quick[32];
    int listeners[] = {listening(mute), listening(quick)}, waiting[4];
    struct map past = {0};
    struct prober p = {.root = ""};
    struct reach_target targets[] = {reach_target_of(mute), reach_target_of(quick)};
    assert_int_equal(listen(listeners[0], 0), 0);
    for (size_t i = 0; i < ARRAY_LEN(waiting); i++) {
        assert_null(net_socket_new(&targets[0].to, &waiting[i]));
        (void)connect(waiting[i], (const void *)&targets[0].to.storage, targets[0].to.size);
    }
    int64_t began = clock_mono_ms();
    reach_probe(&p, targets, 2, 100, &past);
    assert_in_range(clock_mono_ms() - began, 200, 5000); // the kernel would go on for two minutes
    assert_non_null(reach_of(&p, quick));
    size_t reached = 0;
    VEC_EACH (tag, &p.tags) reached += text_starts(tag->key, "reach/");
    assert_int_equal(reached, 1);
    for (size_t i = 0; i < ARRAY_LEN(waiting); i++) close(waiting[i]);
    for (size_t i = 0; i < 2; i++) {
        close(listeners[i]);
        reach_target_done(&targets[i]);
    }
    probe_tags_done(&p.tags);
    map_done(&past);
}

static void a_name_leads_where_it_led_last(void **state) {
    (void)state;
    char address[32];
    int fd = listening(address);
    AUTO_FREE char *named = mem_format("storage.test%s", strchr(address, ':'));
    struct reach_target t = reach_target_of(named), one = reach_target_of(address);
    assert_true(t.named && !t.known && !one.named && one.known);
    number = NULL;
    reach_resolve(&t, 1);
    assert_false(t.known);
    number = "127.0.0.1";
    reach_resolve(&t, 1);
    assert_true(t.known);
    assert_memory_equal(&t.to.storage, &one.to.storage, one.to.size);
    number = NULL;
    reach_resolve(&t, 1);
    assert_true(t.known);
    reach_target_done(&t);
    reach_target_done(&one);
    close(fd);
}

static void all_addresses_are_tried_at_once(void **state) {
    (void)state;
    char one[32], two[32];
    const int listeners[] = {listening(one), listening(two)};
    struct map past = {0};
    struct prober p = {.root = ""};
    probe_all(&p, (const char *const[]){one, "127.0.0.1:1", "nonsense:x", two, "10.0.0.1"}, 5, &past);
    size_t reached = 0;
    VEC_EACH (tag, &p.tags) reached += text_starts(tag->key, "reach/");
    assert_int_equal(reached, 2);
    probe_tags_done(&p.tags);
    map_done(&past);
    close(listeners[0]);
    close(listeners[1]);
}

static void keys_are_made_of_addresses(void **state) {
    (void)state;
    static const char *const pairs[][2] = {
        {"10.1.0.7:3260", "10.1.0.7/3260"},
        {"storage-1.lan:8080", "storage-1.lan/8080"},
        {"10.1.0.7", "10.1.0.7"},
        {"[fd00::7]:3260", "fd00--7/3260"},
        {"[fd00::7]", "fd00--7"},
        {"fd00::7", "fd00--7"},
        {"[::1]:80", "0-1/80"},
    };
    for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
        AUTO_FREE char *key = reach_key(pairs[i][0]);
        assert_string_equal(key, pairs[i][1]);
    }
    static const char *const bad[] = {"", ":80", "host:", "host:0", "host:70000", "host:x", "[fd00::7", "[]:80"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) assert_null(reach_key(bad[i]));
}

// Two cards in one network, one of them in another one too, and the way out.
static void the_paths_are_the_interfaces_of_the_closest_routes(void **state) {
    (void)state;
    char root[] = TREE;
    tree_begin(root);
    tree_interface(root, "eth0", "up", "10000");
    tree_interface(root, "eth1", "up", "10000");
    tree_interface(root, "eth2", "down", "10000");
    tree_put(root, "/proc/net/route",
             "eth0 00000000 0101010A 0003 0 0 0 00000000 0 0 0\neth0 0001010A 00000000 0001 0 0 0 00FFFFFF 0 0 0\n"
             "eth1 0001010A 00000000 0001 0 0 0 00FFFFFF 0 0 0\neth1 0001010A 00000000 0001 0 0 9 00FFFFFF 0 0 0\n"
             "eth2 0001010A 00000000 0001 0 0 0 00FFFFFF 0 0 0\neth1 0002010A 00000000 0001 0 0 0 00FFFFFF 0 0 0\n");
    struct map past = {0};
    struct prober p = {.root = root};
    probe_all(&p, (const char *const[]){"10.1.1.7", "10.1.2.7", "10.9.9.9", "::1"}, 4, &past);
    assert_string_equal(value_of(&p, "net/paths/10.1.1.7"), "2");
    assert_string_equal(value_of(&p, "net/paths/10.1.2.7"), "1");
    assert_string_equal(value_of(&p, "net/paths/10.9.9.9"), "1");
    assert_int_equal(p.tags.count, 4);
    probe_tags_done(&p.tags);
    map_done(&past);
    assert_null(tree_remove(root));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_address_that_answers_has_a_time),
        cmocka_unit_test(an_address_that_stops_answering_has_none_at_once),
        cmocka_unit_test(one_lost_packet_is_no_news),
        cmocka_unit_test(what_does_not_answer_takes_two_tries_and_no_more),
        cmocka_unit_test(a_name_leads_where_it_led_last),
        cmocka_unit_test(all_addresses_are_tried_at_once),
        cmocka_unit_test(keys_are_made_of_addresses),
        cmocka_unit_test(the_paths_are_the_interfaces_of_the_closest_routes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
