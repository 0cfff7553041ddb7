/* SPDX-License-Identifier: MIT */
#include "lib/filter.h"

#include <stdio.h>

#include "tests/test.h"

static const struct {
        const char *include[4], *exclude[6], *path;
        bool accepted;
} cases[] = {
        {{"*"}, {}, "db.sql", true},
        {{"*"}, {"*.part", "*.tmp", "*.partial", ".*"}, "db.sql", true},
        {{"*"}, {"*.part", "*.tmp", "*.partial", ".*"}, "db.sql.part", false},
        {{"*"}, {"*.part", "*.tmp", "*.partial", ".*"}, ".part", false},
        {{"*"}, {"*.part"}, ".part", false},
        {{"*"}, {"*.part"}, "part", true},
        {{"*"}, {".*"}, "a/.hidden/db.sql", false},
        {{"*"}, {".*"}, "a/b.c/db.sql", true},
        {{"*"}, {"lost+found"}, "lost+found/x", false},
        {{"*"}, {"lost+found"}, "lost+found2/x", true},
        {{"*.sql.gz"}, {}, "a/b/db.sql.gz", true},
        {{"*.sql.gz"}, {}, "a/b/db.sql", false},
        {{"db*"}, {}, "db", true},
        {{"db*"}, {}, "d", false},
        {{"db*"}, {}, "db1/anything", true},
        {{"db*"}, {}, "x/adb", false},
        {{"d?"}, {}, "db", true},
        {{"d?"}, {}, "dbx", false},
        {{"[ab]*"}, {}, "b1", true},
        {{"[ab]*"}, {}, "c1", false},
        {{"*a*"}, {}, "bab", true},
        {{"a*b"}, {}, "ab", true},
        {{"a*b"}, {}, "ac", false},
        {{"\\*"}, {}, "*", true},
        {{"\\*"}, {}, "x", false},
        {{"daily/*"}, {}, "daily/x", true},
        {{"daily/*"}, {}, "daily/x/y", true}, /* the directory daily/x matches, so what it holds is in */
        {{"daily/*"}, {}, "weekly/x", false},
        {{"daily/x"}, {}, "daily/x", true},
        {{"daily/x"}, {}, "daily/xx", false},
        {{"*/x"}, {}, "daily/x", true},
        {{"*/x"}, {}, "x", false},
        {{"a*/x"}, {}, "ab/x", true},
        {{"*"}, {"daily/tmp*"}, "daily/tmp1", false},
        {{"*"}, {"daily/tmp*"}, "tmp1", true},
        {{"*.gz", "*.zst"}, {}, "a.zst", true},
        {{}, {}, "a", false},
        {{"*"}, {"*"}, "a", false},
        {{"caf\xe9*"}, {}, "caf\xe9.sql", true},
        {{"?"}, {}, "\xff", true},
};

/* As scan does it: down the directories, then the file. */
static bool accepts(const struct Filter *filter, const char *path) {
        struct FilterState state = {};
        char prefix[256], *slash = prefix;

        strcpy(prefix, path);
        while ((slash = strchr(slash, '/'))) {
                *slash = '\0';
                state = filter_enter(filter, state, prefix, strrchr(prefix, '/') ? strrchr(prefix, '/') + 1 : prefix);
                *slash++ = '/';
        }
        return filter_accepts(filter, state, path, strrchr(path, '/') ? strrchr(path, '/') + 1 : path);
}

START_TEST(table) {
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(filter_freep) struct Filter *filter = NULL;
                char label[64];

                snprintf(label, sizeof(label), "row %zu, %s", i, cases[i].path);
                ck_assert_int_eq(filter_new((char *const *)cases[i].include, (char *const *)cases[i].exclude, &filter),
                                 0);
                assert_row(accepts(filter, cases[i].path) == cases[i].accepted, label);
                assert_row(filter_accepts_path(filter, cases[i].path) == cases[i].accepted, label);
        }
}
END_TEST

static uint64_t random_state = 88172645463325252;

static uint64_t random_below(uint64_t n) {
        random_state ^= random_state << 13;
        random_state ^= random_state >> 7;
        random_state ^= random_state << 17;
        return random_state % n;
}

static void random_text(char *text, size_t n_max, const char *alphabet) {
        size_t n = 1 + random_below(n_max);

        for (size_t i = 0; i < n; i++)
                text[i] = alphabet[random_below(strlen(alphabet))];
        text[n] = '\0';
}

/* Of few letters, so that patterns meet paths. */
START_TEST(a_whole_path_is_as_its_walk) {
        unsigned n_accepted = 0;

        for (unsigned round = 0; round < 3000; round++) {
                _cleanup_(filter_freep) struct Filter *filter = NULL;
                char texts[4][8], path[32], *include[3] = {}, *exclude[3] = {};

                for (size_t i = 0; i < 4; i++)
                        random_text(texts[i], 4, "ab/*?.");
                for (size_t i = 0; i < 2; i++) {
                        include[i] = random_below(4) == 0 ? (char *)"*" : texts[i];
                        exclude[i] = random_below(2) == 0 ? NULL : texts[2 + i];
                }
                ck_assert_int_eq(filter_new(include, exclude, &filter), 0);
                for (unsigned i = 0; i < 20; i++) {
                        bool accepted;

                        random_text(path, 10, "ab/ab.");
                        accepted = accepts(filter, path);
                        n_accepted += accepted;
                        assert_row(filter_accepts_path(filter, path) == accepted, path);
                }
        }
        ck_assert_uint_gt(n_accepted, 10000);
        ck_assert_uint_lt(n_accepted, 50000);
}
END_TEST

/* The longest directory that a path may have, and one byte more. */
START_TEST(a_path_may_be_too_long) {
        _cleanup_(filter_freep) struct Filter *all = NULL, *none = NULL;
        static char path[5000];

        ck_assert_int_eq(filter_new((char *[]){"*", NULL}, (char *[]){"a/*", NULL}, &all), 0);
        ck_assert_int_eq(filter_new((char *[]){"x", NULL}, NULL, &none), 0);
        memset(path, 'd', sizeof(path) - 1);
        ck_assert(filter_accepts_path(all, path)); /* a name alone, whatever its length */
        path[4095] = '/';
        ck_assert(filter_accepts_path(all, path));
        ck_assert(!filter_accepts_path(none, path));
        path[4095] = 'd';
        path[4096] = '/';
        ck_assert(!filter_accepts_path(all, path));
        path[1] = '/'; /* and above it others that are not too long */
        ck_assert(!filter_accepts_path(all, path));
}
END_TEST

START_TEST(paths_are_asked_for_only_where_needed) {
        _cleanup_(filter_freep) struct Filter *plain = NULL, *include = NULL, *exclude = NULL, *none = NULL;

        ck_assert_int_eq(filter_new((char *[]){"*", NULL}, (char *[]){"*.tmp", NULL}, &plain), 0);
        ck_assert_int_eq(filter_new((char *[]){"a/*", NULL}, NULL, &include), 0);
        ck_assert_int_eq(filter_new(NULL, (char *[]){"a/b", NULL}, &exclude), 0);
        ck_assert(!filter_needs_path(plain));
        ck_assert(filter_needs_path(include));
        ck_assert(filter_needs_path(exclude));
        ck_assert(filter_accepts(plain, (struct FilterState){}, NULL, "x"));
        ck_assert_ptr_null(filter_free(none));
}
END_TEST

static int make(void *userdata) {
        _cleanup_(filter_freep) struct Filter *filter = NULL;

        (void)userdata;
        return filter_new((char *[]){"a*", "*b", "c", "?", NULL}, (char *[]){"d/e", "*", NULL}, &filter);
}

START_TEST(allocations_fail) {
        test_each_allocation_fails(make, NULL);
}
END_TEST

int main(void) {
        return test_run("filter", (const TTest *[]){table, a_whole_path_is_as_its_walk, a_path_may_be_too_long,
                                                    paths_are_asked_for_only_where_needed, allocations_fail, NULL});
}
