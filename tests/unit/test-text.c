/* SPDX-License-Identifier: MIT */
#include "lib/text.h"

#include <stdio.h>

#include "tests/test.h"

struct Case {
        const char *label, *in;
        size_t n;
        const char *escaped, *json;
        bool is_utf8;
};

#define IN(s) s, sizeof(s) - 1

static const struct Case cases[] = {
        {"empty", IN(""), "", "\"\"", true},
        {"plain", IN("db-2026.sql"), "db-2026.sql", "\"db-2026.sql\"", true},
        {"quotes", IN("a\"b'c"), "a\"b'c", "\"a\\\"b'c\"", true},
        {"backslash", IN("a\\b"), "a\\\\b", "\"a\\\\b\"", true},
        {"newline", IN("a\nb\tc\rd"), "a\\nb\\tc\\rd", "\"a\\nb\\tc\\u000dd\"", true},
        {"escape sequence", IN("\033[31m"), "\\x1b[31m", "\"\\u001b[31m\"", true},
        {"NUL and DEL", IN("a\0b\x7f"), "a\\x00b\\x7f", "\"a\\u0000b\x7f\"", true},
        {"two bytes", IN("caf\xc3\xa9"), "caf\xc3\xa9", "\"caf\xc3\xa9\"", true},
        {"a control character of Unicode", IN("\xc2\x9b"), "\\xc2\\x9b", "\"\xc2\x9b\"", true},
        {"no-break space is none", IN("\xc2\xa0"), "\xc2\xa0", "\"\xc2\xa0\"", true},
        {"three bytes", IN("\xe6\x97\xa5"), "\xe6\x97\xa5", "\"\xe6\x97\xa5\"", true},
        {"four bytes", IN("\xf0\x9f\x92\xbe"), "\xf0\x9f\x92\xbe", "\"\xf0\x9f\x92\xbe\"", true},
        {"long, and ASCII at first", IN("12345678caf\xc3\xa9"), "12345678caf\xc3\xa9", "\"12345678caf\xc3\xa9\"", true},
        {"long, and no ASCII at first", IN("caf\xc3\xa9-12345678"), "caf\xc3\xa9-12345678", "\"caf\xc3\xa9-12345678\"",
         true},
        {"Latin-1", IN("caf\xe9"), "caf\\xe9", "\"caf\xef\xbf\xbd\"", false},
        {"a continuation alone", IN("\x80x"), "\\x80x", "\"\xef\xbf\xbdx\"", false},
        {"cut short", IN("\xe6\x97"), "\\xe6\\x97", "\"\xef\xbf\xbd\xef\xbf\xbd\"", false},
        {"no continuation", IN("\xc3(x"), "\\xc3(x", "\"\xef\xbf\xbd(x\"", false},
        {"overlong of two", IN("\xc0\xaf"), "\\xc0\\xaf", "\"\xef\xbf\xbd\xef\xbf\xbd\"", false},
        {"overlong of three", IN("\xe0\x80\xaf"), "\\xe0\\x80\\xaf", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"", false},
        {"overlong of four", IN("\xf0\x80\x80\xaf"), "\\xf0\\x80\\x80\\xaf",
         "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"", false},
        {"a surrogate", IN("\xed\xa0\x80"), "\\xed\\xa0\\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"", false},
        {"beyond Unicode", IN("\xf4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80",
         "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"", false},
        {"no lead byte", IN("\xff"), "\\xff", "\"\xef\xbf\xbd\"", false},
};

static void assert_text(struct Text *text, const char *expected, const char *label) {
        ck_assert_int_eq(text_error(text), 0);
        assert_row(text->n == strlen(expected) && memcmp(text->data, expected, text->n) == 0, label);
        text_clear(text);
}

START_TEST(escapes) {
        struct Text text = {};

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                text_add_bytes(&text, "", 0);
                text_add_escaped(&text, cases[i].in, cases[i].n);
                if (cases[i].n > 0)
                        assert_text(&text, cases[i].escaped, cases[i].label);
                text_clear(&text);
                text_add_json(&text, cases[i].in, cases[i].n);
                assert_text(&text, cases[i].json, cases[i].label);
                assert_row(text_is_utf8(cases[i].in, cases[i].n) == cases[i].is_utf8, cases[i].label);
        }
        text_done(&text);
}
END_TEST

START_TEST(numbers) {
        struct Text text = {};

        text_add_number(&text, 0);
        assert_text(&text, "0", "zero");
        text_add_number(&text, 1024);
        assert_text(&text, "1024", "some");
        text_add_number(&text, UINT64_MAX);
        assert_text(&text, "18446744073709551615", "most");
        text_add_hex(&text, "a\xff\n", 3);
        assert_text(&text, "61ff0a", "hex");
        text_done(&text);
}
END_TEST

START_TEST(grows) {
        struct Text text = {};

        for (unsigned i = 0; i < 10000; i++)
                text_add(&text, "0123456789");
        ck_assert_int_eq(text_error(&text), 0);
        ck_assert_uint_eq(text.n, 100000);
        for (unsigned i = 0; i < 100000; i++)
                ck_assert_int_eq(text.data[i], '0' + (int)(i % 10));
        text_done(&text);
}
END_TEST

static int write_some(void *userdata) {
        struct Text text = {};
        int r;

        (void)userdata;
        for (unsigned i = 0; i < 100; i++)
                text_add(&text, "0123456789");
        text_add_json(&text, "after", 5);
        r = text_error(&text);
        text_done(&text);
        return r;
}

START_TEST(remembers_failure) {
        struct Text text = {};

        text_add(&text, "before");
        text_add_bytes(&text, NULL, SIZE_MAX); /* overflows before it is looked at */
        ck_assert_int_lt(text_error(&text), 0);
        text_add(&text, "after");
        ck_assert_uint_eq(text.n, 6);
        text_done(&text);
        test_each_allocation_fails(write_some, NULL);
}
END_TEST

int main(void) {
        return test_run("text", (const TTest *[]){escapes, numbers, grows, remembers_failure, NULL});
}
