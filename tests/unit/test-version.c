/* SPDX-License-Identifier: MIT */
#include "lib/version.h"

#include "tests/set.h"
#include "tests/test.h"

START_TEST(is_named_after_its_time) {
        char buf[VERSION_NAME_MAX + 1];

        version_name("db.sql", 6, test_usec("2026-11-20 03:04:05"), buf);
        ck_assert_str_eq(buf, "db.sql.20261120T030405Z~");
        version_name("x", 1, -1, buf);
        ck_assert_str_eq(buf, "x.19691231T235959Z~");
}
END_TEST

START_TEST(fits_where_names_fit) {
        char name[VERSION_NAME_MAX + 1], buf[VERSION_NAME_MAX + 1];
        const size_t suffix = strlen(".20261120T030405Z~");
        int64_t usec = test_usec("2026-11-20 03:04:05");

        memset(name, 'a', sizeof(name));
        for (size_t n = 1; n <= VERSION_NAME_MAX; n++) {
                version_name(name, n, usec, buf);
                ck_assert_uint_eq(strlen(buf), MIN(n + suffix, (size_t)VERSION_NAME_MAX));
                ck_assert_str_eq(buf + strlen(buf) - suffix, ".20261120T030405Z~");
        }
        /* A character of two bytes is not cut in half; bytes that are none may be. */
        for (size_t i = 0; i + 1 < VERSION_NAME_MAX; i += 2)
                memcpy(name + i, "\303\251", 2);
        version_name(name, 254, usec, buf);
        ck_assert_uint_eq(strlen(buf), 254);
        ck_assert_int_eq(buf[235], '\251');
        memset(name, 0x80, sizeof(name));
        version_name(name, 255, usec, buf);
        ck_assert_uint_eq(strlen(buf), 255);
}
END_TEST

int main(void) {
        return test_run("version", (const TTest *[]){is_named_after_its_time, fits_where_names_fit, NULL});
}
