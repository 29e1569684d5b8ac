// SPDX-License-Identifier: Apache-2.0
// Addresses as people write them, percent-encoding, and what counts as this machine.
#include "net/url.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "net/address.h"

static void expect_url(const char *text, const char *host, int port, const char *unix_path, const char *path) {
    struct url u = {0};
    struct err *e = url_parse(text, &u);
    if (e) fail_msg("%s: %s", text, err_text(e));
    if (host) assert_string_equal(u.host, host);
    if (unix_path) assert_string_equal(u.unix_path, unix_path);
    assert_true((host != NULL) == (u.host != NULL) && (unix_path != NULL) == (u.unix_path != NULL));
    assert_int_equal(u.port, port);
    assert_string_equal(u.path, path);
    url_done(&u);
}

static void addresses_are_read_in_all_their_forms(void **state) {
    (void)state;
    expect_url("http://host:5050/a/b?c=d", "host", 5050, NULL, "/a/b?c=d");
    expect_url("http://host", "host", 80, NULL, "/");
    expect_url("10.0.0.1:7000", "10.0.0.1", 7000, NULL, "/");
    expect_url("http://[::1]:5050/x", "::1", 5050, NULL, "/x");
    expect_url("[fe80::1]", "fe80::1", 80, NULL, "/");
    expect_url("unix:/run/granary.sock", NULL, 0, "/run/granary.sock", "/");
}

static void expect_refused(const char *text, enum err_kind kind, const char *part) {
    struct url u = {0};
    struct err *e = url_parse(text, &u);
    if (!e) fail_msg("'%s' was accepted", text);
    assert_int_equal(err_kind(e), kind);
    if (!strstr(err_text(e), part)) fail_msg("'%s' lacks '%s'", err_text(e), part);
    err_free(e);
}

static void wrong_addresses_are_refused_with_a_sentence(void **state) {
    (void)state;
    expect_refused("https://host", ERR_UNSUPPORTED, "TLS");
    expect_refused("ftp://host", ERR_INVALID, "http://host:port");
    expect_refused("http://", ERR_INVALID, "names no host");
    expect_refused("host:0", ERR_INVALID, "port between 1 and 65535");
    expect_refused("host:65536", ERR_INVALID, "port between 1 and 65535");
    expect_refused("host:8x", ERR_INVALID, "port between 1 and 65535");
    expect_refused("[::1", ERR_INVALID, "']'");
    expect_refused("a b:80", ERR_INVALID, "names no host");
    expect_refused("unix:x", ERR_INVALID, "absolute path");
}

static void encoding_and_decoding_give_the_same_bytes(void **state) {
    (void)state;
    char all[256];
    for (int i = 1; i < 256; i++) all[i - 1] = (char)i;
    all[255] = 0;
    AUTO_TEXT struct text encoded = {0}, decoded = {0};
    url_encode(&encoded, all);
    assert_null(strpbrk(encoded.data, " /?#&+\"\x80"));
    assert_true(url_decode(&decoded, encoded.data, encoded.size));
    assert_string_equal(decoded.data, all);
}

static void wrong_escapes_are_seen_also_at_the_end(void **state) {
    (void)state;
    const char *const wrong[] = {"%", "%4", "a%4", "%zz", "%4g", "%00", "abc%"};
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        AUTO_TEXT struct text t = {0};
        assert_false(url_decode(&t, wrong[i], strlen(wrong[i])));
        assert_false(url_escapes_good(wrong[i]));
    }
    AUTO_TEXT struct text t = {0};
    assert_true(url_decode(&t, "a+b%2B%41", 9));
    assert_string_equal(t.data, "a+b+A");
    assert_true(url_escapes_good("a+b%2B%41"));
}

static void loopback_is_told_from_the_rest(void **state) {
    (void)state;
    const char *const near[] = {"localhost", "LOCALHOST", "a.localhost", "127.0.0.1", "127.9.8.7", "::1", "[::1]"};
    const char *const far[] = {"",
                               "0.0.0.0",
                               "128.0.0.1",
                               "::",
                               "[::]",
                               "localhost.evil.example",
                               ".localhost",
                               "127.1.",
                               "127.0.0.1.ex",
                               "evil",
                               "10.0.0.1",
                               "[::1",
                               "notlocalhost"};
    for (size_t i = 0; i < ARRAY_LEN(near); i++) assert_true(net_address_is_loopback(near[i]));
    for (size_t i = 0; i < ARRAY_LEN(far); i++) {
        if (net_address_is_loopback(far[i])) fail_msg("'%s' is no loopback name", far[i]);
    }
}

static void a_socket_path_has_a_longest_length(void **state) {
    (void)state;
    char path[200];
    memset(path, 'x', sizeof path);
    path[0] = '/';
    path[107] = 0;
    struct net_address a;
    assert_null(net_address_unix(path, &a));
    path[107] = 'x';
    path[108] = 0;
    struct err *e = net_address_unix(path, &a);
    assert_non_null(strstr(err_text(e), "108 bytes and the kernel takes 107"));
    err_free(e);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_are_read_in_all_their_forms),
        cmocka_unit_test(wrong_addresses_are_refused_with_a_sentence),
        cmocka_unit_test(encoding_and_decoding_give_the_same_bytes),
        cmocka_unit_test(wrong_escapes_are_seen_also_at_the_end),
        cmocka_unit_test(loopback_is_told_from_the_rest),
        cmocka_unit_test(a_socket_path_has_a_longest_length),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
