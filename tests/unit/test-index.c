/* SPDX-License-Identifier: MIT */
#include "lib/index.h"

#include <stdio.h>

#include "lib/index-internal.h"
#include "tests/set.h"
#include "tests/test.h"

static const struct HashKey key = {{1, 2}};

static char *series_of(struct Index *index, const char *path) {
        static char *buf;
        static size_t n_buf;
        struct IndexEntry entry;

        ck_assert(index_entry(index, test_entry(index, path), &entry));
        if (entry.series == INDEX_NONE)
                return NULL;
        ck_assert_int_eq(index_series_name(index, entry.series, &buf, &n_buf), 0);
        return buf;
}

static uint32_t series_number(struct Index *index, const char *path) {
        struct IndexEntry entry;

        ck_assert(index_entry(index, test_entry(index, path), &entry));
        return entry.series;
}

/* The names of a series in their order, joined by spaces. */
static const char *order_of(struct Index *index, uint32_t series) {
        _cleanup_(index_list_done) struct IndexList list = {};
        static char buf[4096];

        buf[0] = '\0';
        ck_assert_int_eq(index_read_series(index, series, &list), 0);
        for (size_t i = 0; i < list.n_ids; i++) {
                struct IndexEntry entry;

                ck_assert(index_entry(index, list.ids[i], &entry));
                snprintf(buf + strlen(buf), sizeof(buf) - strlen(buf), "%s%s", i > 0 ? " " : "", entry.name);
        }
        return buf;
}

static void assert_sweeps(struct Index *index, size_t expected) {
        size_t n;

        ck_assert_int_eq(index_sweep(index, &n), 0);
        ck_assert_uint_eq(n, expected);
}

START_TEST(finds_series) {
        static const struct {
                const char *path, *series;
        } cases[] = {
                {"db-2026-11-20.sql", "db-*.sql"},
                {"db-2026-11-21.sql", "db-*.sql"},
                {"a/db-2026-11-20.sql", "a/db-*.sql"},
                {"2026-11-20/db.sql", "*/db.sql"},
                {"2026-11-21/db.sql", "*/db.sql"},
                {"2026/11/db-2026-11-20.sql", "*/*/db-*.sql"},
                {"2026/11/db.sql", "2026/11/db.sql"},
                {"2019-01-01/db-2026-11-20.sql", "2019-01-01/db-*.sql"},
                {"router.cfg", "router.cfg"},
                {"db-*.sql", "db-\\*.sql"},
                {"a\\b", "a\\\\b"},
                {"*/x-2026-11-20", "\\*/x-*"},
        };
        _cleanup_(index_freep) struct Index *index = NULL;
        struct ConfigSet set = test_set();

        ck_assert_int_eq(index_new(&set, key, &index), 0);
        for (size_t i = 0; i < ELEMENTSOF(cases); i++)
                ck_assert_int_eq(test_see(index, cases[i].path, 0, 1), INDEX_ADDED);
        ck_assert_int_eq(index_arrange(index), 0);
        for (size_t i = 0; i < ELEMENTSOF(cases); i++)
                ck_assert_str_eq(series_of(index, cases[i].path), cases[i].series);
        ck_assert_uint_eq(series_number(index, "db-2026-11-20.sql"), series_number(index, "db-2026-11-21.sql"));
        ck_assert(index_is_undated(index, series_number(index, "router.cfg")));
        ck_assert(!index_is_undated(index, series_number(index, "db-2026-11-20.sql")));
        ck_assert_uint_eq(index_n_entries(index), ELEMENTSOF(cases));
        ck_assert_uint_gt(index_memory(index), 0);
}
END_TEST

START_TEST(orders_by_age) {
        _cleanup_(index_freep) struct Index *index = NULL;
        struct ConfigSet set = test_set();

        ck_assert_int_eq(index_new(&set, key, &index), 0);
        test_see(index, "db-2026-11-20.sql", 5, 1);
        test_see(index, "db-2026-11-22.sql", 5, 1);
        test_see(index, "db-2026-11-21.sql", 5, 1);
        test_see(index, "db-20261121.sql", 6, 1); /* the same time, modified later */
        test_see(index, "db-2026_11_21.sql", 5, 1);
        ck_assert_str_eq(order_of(index, series_number(index, "db-2026-11-20.sql")),
                         "db-2026-11-22.sql db-20261121.sql db-2026-11-21.sql db-2026_11_21.sql db-2026-11-20.sql");
        ck_assert_str_eq(order_of(index, series_number(index, "db-2026-11-20.sql")),
                         "db-2026-11-22.sql db-20261121.sql db-2026-11-21.sql db-2026_11_21.sql db-2026-11-20.sql");

        /* Those in dated directories, of one time: by directory. */
        test_see(index, "2026-11-20/x", 5, 1);
        test_see(index, "2026.11.20/x", 5, 1);
        ck_assert_str_eq(order_of(index, series_number(index, "2026-11-20/x")), "x x");
}
END_TEST

START_TEST(unknown_times_come_last) {
        _cleanup_(index_freep) struct Index *index = NULL;
        struct ConfigSet set = test_set();
        struct BackupStat stat = {.birth_usec = BACKUP_NO_BIRTH, .mtime_usec = 99};
        enum IndexChange change;
        uint32_t directory;

        set.age_from = CONFIG_AGE_FROM_BIRTH;
        ck_assert_int_eq(index_new(&set, key, &index), 0);
        ck_assert_int_eq(index_directory(index, "", &directory), 0);
        ck_assert_int_eq(index_upsert(index, directory, "db-2026-11-20", 13, &stat, &change), 0);
        test_see(index, "db-2026-11-21", 5, 1);
        stat.ino = 1;
        ck_assert_int_eq(index_upsert(index, directory, "db-2026-11-22", 13, &stat, &change), 0);
        test_see(index, "db-2026-11-23", 6, 1);
        ck_assert_str_eq(order_of(index, series_number(index, "db-2026-11-20")),
                         "db-2026-11-23 db-2026-11-21 db-2026-11-20 db-2026-11-22");
}
END_TEST

/* What comes from then on is read by the other set. */
START_TEST(follows_its_set) {
        _cleanup_(index_freep) struct Index *index = NULL;
        struct ConfigSet set = test_set(), other = test_set();
        struct IndexEntry entry;

        ck_assert_int_eq(index_new(&set, key, &index), 0);
        ck_assert_int_eq(test_see(index, "a-2026-11-01", 7, 1), INDEX_ADDED);
        other.age_from = CONFIG_AGE_FROM_MODIFIED;
        index_rebase(index, &other);
        ck_assert_int_eq(test_see(index, "a-2026-11-02", 7, 1), INDEX_ADDED);
        ck_assert(index_entry(index, test_entry(index, "a-2026-11-01"), &entry));
        ck_assert_int_eq(entry.time_usec, test_usec("2026-11-01"));
        ck_assert(index_entry(index, test_entry(index, "a-2026-11-02"), &entry));
        ck_assert_int_eq(entry.time_usec, 7);
}
END_TEST

START_TEST(generations_come_and_go) {
        _cleanup_(index_freep) struct Index *index = NULL;
        struct ConfigSet set = test_set();
        struct IndexEntry entry;
        uint32_t series;

        ck_assert_int_eq(index_new(&set, key, &index), 0);
        index_begin(index);
        ck_assert_int_eq(test_see(index, "db-2026-11-20", 1, 1), INDEX_ADDED);
        ck_assert_int_eq(test_see(index, "a/db-2026-11-20", 1, 1), INDEX_ADDED);
        ck_assert_int_eq(test_see(index, "router", 1, 1), INDEX_ADDED);
        assert_sweeps(index, 0);
        series = series_number(index, "db-2026-11-20");
        index_set_deadline(index, series, 100);

        index_begin(index);
        ck_assert_int_eq(test_see(index, "db-2026-11-20", 1, 1), INDEX_UNCHANGED);
        ck_assert_int_eq(test_see(index, "db-2026-11-21", 1, 1), INDEX_ADDED);
        ck_assert_int_eq(index_deadline(index, series), INT64_MIN);
        index_set_deadline(index, series, 100);
        ck_assert_int_eq(test_see(index, "db-2026-11-21", 1, 2), INDEX_CHANGED);
        ck_assert_int_eq(index_deadline(index, series), INT64_MIN);
        index_set_deadline(index, series, 100);
        assert_sweeps(index, 2);
        ck_assert_int_eq(index_deadline(index, series), 100); /* untouched by what went elsewhere */
        ck_assert_int_eq(index_next_deadline(index), 100);
        ck_assert_uint_eq(index_n_entries(index), 2);
        ck_assert_uint_eq(index_find_directory(index, "a"), INDEX_NONE);

        /* The numbers that are free are used again. */
        test_see(index, "b/x", 1, 1);
        test_see(index, "c/y", 1, 1);
        ck_assert_uint_eq(index_entry_end(index), 4);
        ck_assert_str_eq(series_of(index, "b/x"), "b/x");
        index_begin(index);
        assert_sweeps(index, 4);
        for (uint32_t i = 0; i < index_entry_end(index); i++)
                ck_assert(!index_entry(index, i, &entry));
        for (uint32_t i = 0; i < index_series_end(index); i++)
                ck_assert(!index_has_series(index, i));
        for (uint32_t i = 0; i < index_directory_end(index); i++)
                ck_assert_ptr_null(index_directory_path(index, i));
        ck_assert_int_eq(index_next_deadline(index), USEC_INFINITY);
}
END_TEST

START_TEST(forgets_one) {
        _cleanup_(index_freep) struct Index *index = NULL;
        struct ConfigSet set = test_set();
        uint32_t series;

        ck_assert_int_eq(index_new(&set, key, &index), 0);
        for (unsigned day = 10; day < 20; day++) {
                char name[32];

                snprintf(name, sizeof(name), "db-2026-11-%u", day);
                test_see(index, name, 1, 1);
        }
        series = series_number(index, "db-2026-11-10");
        index_set_deadline(index, series, 5);
        index_forget(index, index_find_directory(index, ""), "db-2026-11-15", 13);
        index_forget(index, index_find_directory(index, ""), "db-2026-11-15", 13);
        index_forget(index, index_find_directory(index, ""), "db-2026-11-19", 13);
        ck_assert_int_eq(index_deadline(index, series), INT64_MIN);
        ck_assert_uint_eq(index_n_entries(index), 8);
        ck_assert_str_eq(order_of(index, series), "db-2026-11-18 db-2026-11-17 db-2026-11-16 db-2026-11-14 "
                                                  "db-2026-11-13 db-2026-11-12 db-2026-11-11 db-2026-11-10");
}
END_TEST

START_TEST(pairs_companions) {
        static const struct {
                const char *path, *owner;
        } cases[] = {
                {"db.sql", NULL},
                {"db.sql.sha256", "db.sql"},
                {"db.sql.sha256.asc", "db.sql"},
                {"db.sql.md5.asc", "db.sql.md5.asc"}, /* its md5 is not there */
                {"vz-2026_11_20.vma.zst", NULL},
                {"vz-2026_11_20.log", "vz-2026_11_20.vma.zst"},
                {"vz-2026_11_20.vma.zst.notes", "vz-2026_11_20.vma.zst"},
                {"two.tar", NULL},
                {"two.img", NULL},
                {"two.log", "two.log"}, /* whose? */
                {"app-2026-11-20.log", "app-2026-11-20.log"},
                {"a/lone.sha256", "a/lone.sha256"},
                {"a/db.sql.md5", "a/db.sql.md5"}, /* its namesake lies elsewhere */
                {"b/x.json", "b/x.json"},
                {"b/x.log", "b/x.log"}, /* x.json may itself be a companion, and is no owner by stem */
        };
        _cleanup_(index_freep) struct Index *index = NULL;
        struct ConfigSet set = test_set();
        const uint32_t *ids;
        size_t n;

        ck_assert_int_eq(index_new(&set, key, &index), 0);
        ck_assert_int_eq(index_arrange(index), 0);
        for (size_t i = 0; i < ELEMENTSOF(cases); i++)
                test_see(index, cases[i].path, 0, 1);
        for (unsigned round = 0; round < 2; round++) {
                ck_assert_int_eq(index_arrange(index), 0);
                for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                        bool is_companion = cases[i].owner && !streq(cases[i].owner, cases[i].path);
                        struct IndexEntry entry;

                        ck_assert(index_entry(index, test_entry(index, cases[i].path), &entry));
                        assert_row(entry.is_companion == is_companion, cases[i].path);
                        assert_row((entry.series == INDEX_NONE) == is_companion, cases[i].path);
                }
        }
        index_companions(index, test_entry(index, "db.sql"), &ids, &n);
        ck_assert_uint_eq(n, 2);
        index_companions(index, test_entry(index, "two.tar"), &ids, &n);
        ck_assert_uint_eq(n, 0);
        ck_assert_ptr_null(ids);
        ck_assert_uint_eq(index_n_backups(index), ELEMENTSOF(cases) - 4);

        /* The owner goes: what belonged to it stands for itself. And comes back. */
        index_forget(index, index_find_directory(index, ""), "db.sql", 6);
        ck_assert_int_eq(index_arrange(index), 0);
        ck_assert_str_eq(series_of(index, "db.sql.sha256"), "db.sql.sha256");
        ck_assert_ptr_null(series_of(index, "db.sql.sha256.asc"));
        test_see(index, "db.sql", 0, 1);
        ck_assert_int_eq(index_arrange(index), 0);
        ck_assert_ptr_null(series_of(index, "db.sql.sha256"));

        /* A companion goes. */
        index_forget(index, index_find_directory(index, ""), "vz-2026_11_20.log", 17);
        ck_assert_int_eq(index_arrange(index), 0);
        index_companions(index, test_entry(index, "vz-2026_11_20.vma.zst"), &ids, &n);
        ck_assert_uint_eq(n, 1);
}
END_TEST

START_TEST(finds_the_same_series_elsewhere) {
        _cleanup_(index_freep) struct Index *here = NULL, *there = NULL;
        struct ConfigSet set = test_set();

        ck_assert_int_eq(index_new(&set, key, &here), 0);
        ck_assert_int_eq(index_new(&set, (struct HashKey){{3, 4}}, &there), 0);
        test_see(here, "a/db-2026-11-20", 1, 1);
        test_see(here, "router", 1, 1);
        test_see(here, "b/only-here", 1, 1);
        test_see(here, "only-here-2026-11-20", 1, 1);
        test_see(here, "a/only-here", 1, 1);
        test_see(there, "a/db-2025-01-01", 1, 1);
        test_see(there, "router", 2, 2);
        ck_assert_uint_eq(index_find_series(there, here, series_number(here, "a/db-2026-11-20")),
                          series_number(there, "a/db-2025-01-01"));
        ck_assert_uint_eq(index_find_series(there, here, series_number(here, "router")),
                          series_number(there, "router"));
        ck_assert_uint_eq(index_find_series(there, here, series_number(here, "b/only-here")), INDEX_NONE);
        ck_assert_uint_eq(index_find_series(there, here, series_number(here, "a/only-here")), INDEX_NONE);
        ck_assert_uint_eq(index_find_series(there, here, series_number(here, "only-here-2026-11-20")), INDEX_NONE);
}
END_TEST

START_TEST(reads_explicit_patterns) {
        _cleanup_(index_freep) struct Index *index = NULL;
        struct ConfigSet set = test_set();
        struct NamePattern *pattern = NULL;
        const char *problem;

        ck_assert_int_eq(name_pattern_new("*_%y%m%d.dat", &pattern, &problem), 0);
        set.pattern = (char *[]){(char *)"*_%y%m%d.dat", NULL};
        set.patterns = (struct NamePattern *[]){pattern, NULL};
        ck_assert_int_eq(index_new(&set, key, &index), 0);
        test_see(index, "a_261120.dat", 1, 1);
        test_see(index, "a_2026-11-20.other", 1, 1);
        ck_assert_str_eq(series_of(index, "a_261120.dat"), "a_*.dat");
        ck_assert_str_eq(series_of(index, "a_2026-11-20.other"), "a_*.other");
        name_pattern_free(pattern);
}
END_TEST

START_TEST(refuses_names_that_cannot_be) {
        _cleanup_(index_freep) struct Index *index = NULL;
        struct ConfigSet set = test_set();
        struct BackupStat stat = {};
        enum IndexChange change;
        char name[256] = "";
        uint32_t directory;

        ck_assert_int_eq(index_new(&set, key, &index), 0);
        ck_assert_int_eq(index_directory(index, "", &directory), 0);
        ck_assert_int_eq(index_upsert(index, directory, name, 0, &stat, &change), -ENAMETOOLONG);
        ck_assert_int_eq(index_upsert(index, directory, name, 256, &stat, &change), -ENAMETOOLONG);
}
END_TEST

#define N_FILES 400

/*
 * Files come and go at random over many generations, long enough for the text to be compacted, and are compared
 * with a plain array of who is there.
 */
START_TEST(follows_a_changing_tree) {
        _cleanup_(index_freep) struct Index *index = NULL;
        static bool there[N_FILES];
        struct ConfigSet set = test_set();
        uint64_t random = 88172645463325252;
        size_t peak = 0;
        char path[512], padding[200];

        memset(padding, 'p', sizeof(padding) - 1);
        padding[sizeof(padding) - 1] = '\0';
        ck_assert_int_eq(index_new(&set, key, &index), 0);
        for (unsigned generation = 0; generation < 150; generation++) {
                size_t n = 0, n_gone;

                index_begin(index);
                for (unsigned i = 0; i < N_FILES; i++) {
                        random ^= random << 13, random ^= random >> 7, random ^= random << 17;
                        there[i] = random % 4 != 0;
                        if (!there[i])
                                continue;
                        n++;
                        snprintf(path, sizeof(path), "g%u-2026-11-%02u/%s-%u%s%s", i % 3 ? 0 : generation, i % 20 + 1,
                                 padding, i, i % 5 ? "" : "-20260101", i % 7 ? "" : ".sha256");
                        ck_assert_int_ge(test_see(index, path, i, i), 0);
                }
                ck_assert_int_eq(index_sweep(index, &n_gone), 0);
                ck_assert_int_eq(index_arrange(index), 0);
                ck_assert_uint_eq(index_n_entries(index), n);
                for (unsigned i = 0; i < N_FILES; i++) {
                        struct IndexEntry entry;

                        if (!there[i])
                                continue;
                        snprintf(path, sizeof(path), "g%u-2026-11-%02u/%s-%u%s%s", i % 3 ? 0 : generation, i % 20 + 1,
                                 padding, i, i % 5 ? "" : "-20260101", i % 7 ? "" : ".sha256");
                        ck_assert(index_entry(index, test_entry(index, path), &entry));
                        ck_assert_uint_eq(entry.stat.size, i);
                        ck_assert(index_has_series(index, entry.series));
                }
                if (generation == 40)
                        peak = index_memory(index);
        }
        ck_assert_uint_le(index_memory(index), 2 * peak + (2 << 20));
}
END_TEST

static int fill(void *userdata) {
        _cleanup_(index_list_done) struct IndexList list = {};
        _cleanup_(index_freep) struct Index *index = NULL;
        _cleanup_(freep) char *name = NULL;
        struct ConfigSet *set = userdata;
        size_t n_name = 0;
        char path[64];
        int r;

        r = index_new(set, key, &index);
        for (unsigned i = 0; r >= 0 && i < 200; i++) {
                snprintf(path, sizeof(path), "2026-11-%02u/f%u%s", i % 27 + 1, i,
                         i % 4 == 0   ? "-2026-01-01"
                         : i % 4 == 1 ? ".log"
                         : i % 4 == 2 ? ""
                                      : "-2026-01-01.sha256");
                r = test_see(index, path, i, i);
        }
        if (r >= 0)
                r = test_see(index, "x.tar", 0, 0);
        if (r >= 0)
                r = test_see(index, "x.log", 0, 0);
        if (r >= 0)
                r = index_arrange(index);
        for (uint32_t i = 0; r >= 0 && i < index_series_end(index); i++) {
                r = index_read_series(index, i, &list);
                if (r >= 0)
                        r = index_series_name(index, i, &name, &n_name);
        }
        return r;
}

/* Enough garbage for the text to be compacted. */
static int sweep(void *userdata) {
        _cleanup_(index_freep) struct Index *index = NULL;
        char path[256];
        size_t n;
        int r;

        r = index_new(userdata, key, &index);
        if (r >= 0)
                r = test_see(index, "plain/x", 0, 0);
        for (unsigned i = 0; r >= 0 && i < 6000; i++) {
                snprintf(path, sizeof(path), "%0200u", i);
                r = test_see(index, path, 0, 0);
        }
        if (r < 0)
                return r;
        index_begin(index);
        r = test_see(index, "plain/x", 0, 0);
        if (r >= 0)
                r = index_sweep(index, &n);
        return r;
}

START_TEST(has_limits) {
        _cleanup_(index_freep) struct Index *index = NULL;
        struct ConfigSet set = test_set();
        uint32_t n = UINT32_MAX, offset;
        void *array = NULL;

        ck_assert_int_eq(index_new(&set, key, &index), 0);
        ck_assert_int_eq(index_grow(&array, UINT32_MAX, &n, 1), -EOVERFLOW);
        ck_assert_int_eq(index_add_text(index, "", UINT32_MAX, &offset), -EOVERFLOW);
        ck_assert_ptr_null(index_free(NULL));
}
END_TEST

START_TEST(allocations_fail) {
        struct ConfigSet set = test_set();

        test_each_allocation_fails(sweep, &set);

        test_each_allocation_fails(fill, &set);
}
END_TEST

int main(void) {
        return test_run("index", (const TTest *[]){
                                         finds_series,
                                         orders_by_age,
                                         unknown_times_come_last,
                                         follows_its_set,
                                         generations_come_and_go,
                                         forgets_one,
                                         pairs_companions,
                                         finds_the_same_series_elsewhere,
                                         reads_explicit_patterns,
                                         refuses_names_that_cannot_be,
                                         follows_a_changing_tree,
                                         has_limits,
                                         allocations_fail,
                                         NULL,
                                 });
}
