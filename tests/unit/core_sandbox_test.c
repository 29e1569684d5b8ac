// SPDX-License-Identifier: Apache-2.0
// The box around scripts: what is not there, what is bounded, and that nothing stays from one run to the next.
#include "core/sandbox.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/mem.h"
#include "model/class.h"

static struct sandbox *box_of(const char *script) {
    struct sandbox *b = NULL;
    AUTO_ERR struct err *e = sandbox_new(script, &b);
    if (e) fail_msg("%s: %s", script, err_text(e));
    return b;
}

// Runs it; its answer as text ("" when it failed, then *ret_error is given).
static const char *answer(struct sandbox *b, struct err **ret_error) {
    static char text[256];
    text[0] = '\0';
    struct err *e = sandbox_start(b, "broker", 10);
    if (!e) e = sandbox_call(b, 0, 1);
    if (!e && lua_isstring(sandbox_lua(b), -1)) snprintf(text, sizeof text, "%s", lua_tostring(sandbox_lua(b), -1));
    sandbox_end(b);
    *ret_error = e;
    return text;
}

static void expect_answer(const char *expression, const char *expected) {
    AUTO_FREE char *script = mem_format("function broker() return %s end", expression);
    struct sandbox *b = box_of(script);
    struct err *e;
    const char *found = answer(b, &e);
    if (e || strcmp(found, expected) != 0) fail_msg("%s: '%s' %s", expression, found, e ? err_text(e) : "");
    sandbox_free(b);
}

static void expect_failure(const char *script, const char *words) {
    struct sandbox *b = box_of(script);
    struct err *e;
    (void)answer(b, &e);
    if (!e || !strstr(err_text(e), words)) fail_msg("%.200s: '%s'", script, e ? err_text(e) : "no error");
    err_free(e);
    expect_answer("1 + 1", "2");
    (void)answer(b, &e); // again: the same
    if (!e || !strstr(err_text(e), words)) fail_msg("again: %.200s: '%s'", script, e ? err_text(e) : "no error");
    err_free(e);
    sandbox_free(b);
}

static void expect_uncompiled(const char *script, const char *words) {
    struct sandbox *b = NULL;
    AUTO_ERR struct err *e = sandbox_new(script, &b);
    if (!e || !strstr(err_text(e), words)) fail_msg("%.60s: '%s'", script, e ? err_text(e) : "no error");
}

static void arithmetic_and_little_more_is_there(void **state) {
    (void)state;
    expect_answer("7 // 2 + 2 ^ 3", "11.0");
    expect_answer("math.floor(2.5) + math.max(1, 4)", "6");
    expect_answer("type(math.huge) .. type(nil)", "numbernil");
    expect_answer("tonumber('0x10')", "16");
    expect_answer("tostring(1 / 3)", "0.33333333333333");
    struct err *e;
    struct sandbox *b =
        box_of("function broker() local s = 0 for i, v in ipairs({3, 4}) do s = s + i * v end return s end");
    assert_string_equal(answer(b, &e), "11");
    sandbox_free(b);
}

static void nothing_else_is_there(void **state) {
    (void)state;
    static const char *const names[] = {"string",       "table",
                                        "pairs",        "next",
                                        "load",         "loadstring",
                                        "loadfile",     "dofile",
                                        "require",      "package",
                                        "os",           "io",
                                        "debug",        "coroutine",
                                        "utf8",         "print",
                                        "pcall",        "xpcall",
                                        "select",       "rawget",
                                        "rawset",       "rawequal",
                                        "rawlen",       "warn",
                                        "assert",       "_G",
                                        "unpack",       "getmetatable",
                                        "setmetatable", "collectgarbage",
                                        "math.random",  "math.randomseed",
                                        "_VERSION",     "arg"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        AUTO_FREE char *expression = mem_format("tostring(%s)", names[i]);
        expect_answer(expression, "nil");
    }
}

static void texts_have_no_methods(void **state) {
    (void)state;
    expect_failure("function broker()\n return ('x'):rep(1000000000)\nend", "line 2: attempt to index a string value");
    expect_failure("function broker() local s = 'x' return s.rep end", "attempt to index a string value");
}

static void addresses_are_not_shown(void **state) {
    (void)state;
    expect_answer("tostring({})", "table");
    expect_answer("tostring(ipairs)", "function");
    expect_answer("tostring(math.huge) .. tostring(-7) .. tostring(2.0) .. tostring(true)", "inf-72.0true");
}

static void endless_scripts_are_stopped_and_say_where(void **state) {
    (void)state;
    expect_failure("function broker()\n while true do end\nend", "line 2: it takes more than 105000 steps");
    expect_failure("function broker()\n\n ::again:: goto again\nend", "line 3: it takes more than");
    expect_failure("function broker() for i = 1, math.maxinteger do end end", "steps");
    expect_failure("function broker() repeat local x = 1 until false end", "steps");
    expect_failure("local function f() return f() end function broker() return f() end", "steps");
    expect_failure("while true do end", "steps");
}

static void deep_recursion_is_stopped(void **state) {
    (void)state;
    expect_failure("local function f(n) return 1 + f(n + 1) end function broker() return f(1) end", "");
    AUTO_FREE char *deep = mem_zero(3000, 1);
    memset(deep, '(', 2000);
    expect_uncompiled(deep, "C stack overflow");
}

static void memory_is_bounded(void **state) {
    (void)state;
    static const char taking[] = "local s = 'x' for i = 1, 9 do s = s .. s end local t = {}\n"
                                 "function broker() for i = 1, 1e9 do t[i] = s .. i end end";
    expect_failure(taking, "more memory than a decision may");
    expect_failure("function broker() local s = 'x' for i = 1, 60 do s = s .. s end return #s end",
                   "a text of more than 1024 bytes");
    static const char dropping[] = "local s = 'x' for i = 1, 9 do s = s .. s end\n"
                                   "function broker() for i = 1, 1e9 do local t = s .. i end end";
    expect_failure(dropping, "more memory than a decision may");
}

static void errors_of_any_kind_become_a_sentence(void **state) {
    (void)state;
    expect_failure("function broker()\n error('no ' .. 'ssd')\nend", "line 2: no ssd");
    expect_failure("function broker() error({1}) end", "it raised a table instead of a text");
    expect_failure("function broker() error(nil) end", "it raised a nil instead of a text");
    expect_failure("function broker() error() end", "it raised a nil instead of a text");
    expect_failure("function broker() error('a\\n\\255\\0b') end", "line 1: a??");
    expect_failure("function broker()\n local t\n return t.x\nend", "line 3: attempt to index a nil value (local 't')");
    expect_failure("function broker() return 1 // 0 end", "line 1: attempt to divide by zero");
    expect_failure("x = 1", "it defines no function 'broker'");
    expect_failure("broker = 7", "it defines no function 'broker'");
}

static void what_is_not_lua_text_is_refused(void **state) {
    (void)state;
    expect_uncompiled("function broker(\nend", "line 2: ");
    expect_uncompiled("\x1bLua\x54", "binary");
    AUTO_FREE char *large = mem_zero(CLASS_SCRIPT_LONGEST + 2, 1);
    memset(large, ' ', CLASS_SCRIPT_LONGEST + 1);
    expect_uncompiled(large, "longer than 65536 bytes");
}

static void nothing_is_kept_between_runs(void **state) {
    (void)state;
    static const char *const counting[] = {
        "function broker() n = (n or 0) + 1 return n end",
        "local n = 0 function broker() n = n + 1 return n end",
        "function broker() math.n = (math.n or 0) + 1 return math.n end",
        "function broker() local n = type == nil and 2 or 1 type = nil return n end",
    };
    for (size_t i = 0; i < ARRAY_LEN(counting); i++) {
        struct sandbox *b = box_of(counting[i]);
        for (int run = 0; run < 3; run++) {
            struct err *e;
            assert_string_equal(answer(b, &e), "1");
        }
        sandbox_free(b);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arithmetic_and_little_more_is_there),
        cmocka_unit_test(nothing_else_is_there),
        cmocka_unit_test(texts_have_no_methods),
        cmocka_unit_test(addresses_are_not_shown),
        cmocka_unit_test(endless_scripts_are_stopped_and_say_where),
        cmocka_unit_test(deep_recursion_is_stopped),
        cmocka_unit_test(memory_is_bounded),
        cmocka_unit_test(errors_of_any_kind_become_a_sentence),
        cmocka_unit_test(what_is_not_lua_text_is_refused),
        cmocka_unit_test(nothing_is_kept_between_runs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
