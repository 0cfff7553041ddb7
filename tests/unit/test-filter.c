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
        }
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
        return test_run("filter",
                        (const TTest *[]){table, paths_are_asked_for_only_where_needed, allocations_fail, NULL});
}
