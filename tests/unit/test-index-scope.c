/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "lib/index-internal.h"
#include "tests/set.h"
#include "tests/test.h"

static const struct HashKey key = {{1, 2}};

static void forget(struct Index *index, const char *path) {
        struct IndexEntry entry;

        ck_assert(index_entry(index, test_entry(index, path), &entry));
        index_forget(index, entry.directory_number, entry.name, entry.n_name);
}

static int compare_texts(const void *a, const void *b) {
        return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The paths of a list in their order, joined by spaces. */
static const char *paths_of(const struct Index *index, const struct IndexList *list) {
        static char buf[4096], paths[32][300];
        const char *sorted[32];

        ck_assert_uint_le(list->n_ids, ELEMENTSOF(sorted));
        for (size_t i = 0; i < list->n_ids; i++) {
                struct IndexEntry entry;

                ck_assert(index_entry(index, list->ids[i], &entry));
                snprintf(paths[i], sizeof(paths[i]), "%s%s%s", entry.directory, *entry.directory ? "/" : "",
                         entry.name);
                sorted[i] = paths[i];
        }
        qsort(sorted, list->n_ids, sizeof(sorted[0]), compare_texts);
        buf[0] = '\0';
        for (size_t i = 0; i < list->n_ids; i++)
                snprintf(buf + strlen(buf), sizeof(buf) - strlen(buf), "%s%s", i > 0 ? " " : "", sorted[i]);
        return buf;
}

static const char *scope_of(struct Index *index, const char *const *seeds) {
        _cleanup_(index_list_done) struct IndexList list = {};
        uint32_t ids[8];
        size_t n = 0;

        for (; seeds[n]; n++)
                ids[n] = test_entry(index, seeds[n]);
        ck_assert_int_eq(index_scope(index, ids, n, &list), 0);
        return paths_of(index, &list);
}

/* files are there and arranged; then gone go and late come. */
static const struct {
        const char *files[8], *gone[4], *late[4], *seeds[4], *scope;
} scopes[] = {
        {{"db-2026-11-01", "db-2026-11-02", "other-2026-11-01", "a/db-2026-11-01"},
         {},
         {},
         {"db-2026-11-02"},
         "db-2026-11-01 db-2026-11-02"},
        {{"2026-11-01/db", "2026-11-02/db", "2026-11-02/x"}, {}, {}, {"2026-11-01/db"}, "2026-11-01/db 2026-11-02/db"},
        {{"x", "y"}, {}, {}, {"x"}, "x"},
        {{"x", "y"}, {}, {}, {"y", "x", "y"}, "x y"},
        {{"x", "y"}, {}, {}, {}, ""},
        /* Companions, of all of the series, from whichever end one comes. */
        {{"a-2026-11-01", "a-2026-11-02", "a-2026-11-02.md5", "a-2026-11-01.sig"},
         {},
         {},
         {"a-2026-11-01"},
         "a-2026-11-01 a-2026-11-01.sig a-2026-11-02 a-2026-11-02.md5"},
        {{"a-2026-11-01", "a-2026-11-02", "a-2026-11-02.md5", "a-2026-11-01.sig"},
         {},
         {},
         {"a-2026-11-02.md5"},
         "a-2026-11-01 a-2026-11-01.sig a-2026-11-02 a-2026-11-02.md5"},
        {{"x", "x.sha256", "x.sha256.asc", "d/x.sha256"}, {}, {}, {"x"}, "x x.sha256 x.sha256.asc"},
        {{"x", "x.sha256", "x.sha256.asc"}, {}, {}, {"x.sha256.asc"}, "x x.sha256 x.sha256.asc"},
        /* By stem. */
        {{"v.vma.zst", "v.log", "v.vma.zst.notes", "w.log"}, {}, {}, {"v.vma.zst"}, "v.log v.vma.zst v.vma.zst.notes"},
        {{"v.vma.zst", "v.log", "v.vma.zst.notes", "w.log"}, {}, {}, {"v.log"}, "v.log v.vma.zst v.vma.zst.notes"},
        {{"v.vma.zst", "v.notes", "v.notes.asc"}, {}, {}, {"v.notes.asc"}, "v.notes v.notes.asc v.vma.zst"},
        {{"two.tar", "two.img", "two.log"}, {}, {}, {"two.img"}, "two.img two.log two.tar"},
        {{"two.tar", "two.img", "d/two.log"}, {}, {}, {"two.img"}, "two.img"},
        {{"v.e", "v.d", "v.notes", "v.log", "v.c", "v.b", "v"},
         {"v.d"},
         {"v.a"},
         {"v.log"},
         "v v.a v.b v.c v.e v.log v.notes"},
        {{"v.tar.gz", "v.tar.log", "d/v.gz"}, {}, {}, {"v.tar.log"}, "v.tar.log"}, /* v.tar is nobody's stem */
        {{"j.json", "j.log"}, {}, {}, {"j.log"}, "j.log"}, /* a candidate owns nothing by stem */
        /* Since it was arranged: what came */
        {{"x"}, {}, {"x.md5"}, {"x"}, "x x.md5"},
        {{"x.md5"}, {}, {"x"}, {"x.md5"}, "x x.md5"},
        {{"two.tar", "two.log"}, {}, {"two.img"}, {"two.log"}, "two.img two.log two.tar"},
        {{"a-2026-11-01.json"},
         {},
         {"a-2026-11-02.json"},
         {"a-2026-11-02.json"},
         "a-2026-11-01.json a-2026-11-02.json"},
        {{"a-2026-11-01.json"},
         {},
         {"a-2026-11-02.json"},
         {"a-2026-11-01.json"},
         "a-2026-11-01.json a-2026-11-02.json"},
        {{"a-2026-11-01.tar", "a-2026-11-01.log", "a-2026-11-02.log"},
         {},
         {"a-2026-11-01.img"},
         {"a-2026-11-02.log"},
         "a-2026-11-01.img a-2026-11-01.log a-2026-11-01.tar a-2026-11-02.log"},
        /* ... and what went: what it owned is of the series of its kind now. */
        {{"a-2026-11-01", "a-2026-11-01.md5", "a-2026-11-02.md5"},
         {"a-2026-11-01"},
         {},
         {"a-2026-11-02.md5"},
         "a-2026-11-01.md5 a-2026-11-02.md5"},
        {{"a-2026-11-01.tar", "a-2026-11-01.log", "a-2026-11-02.log"},
         {"a-2026-11-01.tar"},
         {},
         {"a-2026-11-02.log"},
         "a-2026-11-01.log a-2026-11-02.log"},
        {{"x", "x.md5", "y"}, {"x", "x.md5"}, {}, {"y"}, "y"},
};

START_TEST(scopes_are_whole) {
        for (size_t i = 0; i < ELEMENTSOF(scopes); i++) {
                _cleanup_(index_freep) struct Index *index = NULL;
                struct ConfigSet set = test_set();
                const char *scope;

                ck_assert_int_eq(index_new(&set, key, &index), 0);
                for (size_t j = 0; scopes[i].files[j]; j++)
                        ck_assert_int_eq(test_see(index, scopes[i].files[j], 0, 1), INDEX_ADDED);
                ck_assert_int_eq(index_arrange(index), 0);
                for (size_t j = 0; scopes[i].gone[j]; j++)
                        forget(index, scopes[i].gone[j]);
                for (size_t j = 0; scopes[i].late[j]; j++)
                        ck_assert_int_eq(test_see(index, scopes[i].late[j], 0, 1), INDEX_ADDED);
                for (unsigned round = 0; round < 2; round++) { /* nothing stays behind in the index */
                        scope = scope_of(index, scopes[i].seeds);
                        ck_assert_msg(streq(scope, scopes[i].scope), "row %zu: %s, not %s", i, scope, scopes[i].scope);
                }
        }
}
END_TEST

/* What was swept, or never arranged, is arranged before it is asked. */
START_TEST(a_look_leaves_no_doubt) {
        _cleanup_(index_freep) struct Index *index = NULL;
        struct ConfigSet set = test_set();
        size_t n;

        ck_assert_int_eq(index_new(&set, key, &index), 0);
        test_see(index, "a-2026-11-01.md5", 0, 1);
        test_see(index, "a-2026-11-02.md5", 0, 1);
        ck_assert_str_eq(scope_of(index, (const char *[]){"a-2026-11-02.md5", NULL}),
                         "a-2026-11-01.md5 a-2026-11-02.md5");
        test_see(index, "a-2026-11-01", 0, 1);
        test_see(index, "a-2026-11-02", 0, 1);
        ck_assert_int_eq(index_arrange(index), 0);
        index_begin(index);
        test_see(index, "a-2026-11-01.md5", 0, 1);
        test_see(index, "a-2026-11-03.md5", 0, 1);
        ck_assert_uint_eq(index_n_backups(index), 2); /* its owner may be yet to come */
        ck_assert_str_eq(scope_of(index, (const char *[]){"a-2026-11-03.md5", NULL}), "a-2026-11-03.md5");
        ck_assert_uint_eq(index_n_backups(index), 3);
        test_see(index, "a-2026-11-02.md5", 0, 1);
        ck_assert_int_eq(index_sweep(index, &n), 0);
        ck_assert_uint_eq(n, 2);
        ck_assert_str_eq(scope_of(index, (const char *[]){"a-2026-11-02.md5", NULL}),
                         "a-2026-11-01.md5 a-2026-11-02.md5 a-2026-11-03.md5");
}
END_TEST

/* What would be longer than a name can be is not looked for. */
START_TEST(long_names_have_no_room_for_companions) {
        static const struct {
                size_t n_name;
                const char *extension; /* the end of the name */
                size_t n_beside;       /* of it, to which the ending is added */
                const char *ending;    /* NULL: there is nothing beside it */
        } cases[] = {
                {248, "", 248, ".sha256"}, {251, "", 251, ".md5"},      {249, "", 0, NULL},
                {255, "", 0, NULL},        {254, ".gz", 251, ".log"},   {255, ".gz", 0, NULL},
                {253, ".gz", 0, NULL},     {252, ".gz", 249, ".notes"}, {255, ".md5", 251, ""},
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(index_list_done) struct IndexList list = {};
                _cleanup_(index_freep) struct Index *index = NULL;
                struct ConfigSet set = test_set();
                char name[300], beside[300];
                uint32_t id;

                memset(name, 'p', sizeof(name));
                strcpy(name + cases[i].n_name - strlen(cases[i].extension), cases[i].extension);
                ck_assert_int_eq(index_new(&set, key, &index), 0);
                ck_assert_int_eq(test_see(index, name, 0, 1), INDEX_ADDED);
                if (cases[i].ending) {
                        memcpy(beside, name, cases[i].n_beside);
                        strcpy(beside + cases[i].n_beside, cases[i].ending);
                        ck_assert_int_eq(test_see(index, beside, 0, 1), INDEX_ADDED);
                }
                ck_assert_int_eq(index_arrange(index), 0);
                id = test_entry(index, name);
                ck_assert_int_eq(index_scope(index, &id, 1, &list), 0);
                ck_assert_uint_eq(list.n_ids, cases[i].ending ? 2 : 1);
                forget(index, name);
                ck_assert_uint_eq(index_n_backups(index), cases[i].ending ? 1 : 0);
        }
}
END_TEST

/* The scope's index, of what is there of these paths. */
static void make_part(const struct ConfigSet *set, const char *const *paths, struct Index **ret) {
        ck_assert_int_eq(index_new(set, key, ret), 0);
        for (; *paths; paths++)
                ck_assert_int_eq(test_see(*ret, *paths, 0, 1), INDEX_ADDED);
        ck_assert_int_eq(index_arrange(*ret), 0);
        for (uint32_t i = 0; i < index_series_end(*ret); i++)
                if (index_has_series(*ret, i))
                        index_set_deadline(*ret, i, 100 + i);
}

static struct IndexEntry entry_of(const struct Index *index, const char *path) {
        struct IndexEntry entry;

        ck_assert(index_entry(index, test_entry(index, path), &entry));
        return entry;
}

START_TEST(a_part_is_taken_over) {
        static const char *const paths[] = {"x", "x.md5", "y.md5", "a-2026-11-01", "a-2026-11-02", NULL};
        _cleanup_(index_freep) struct Index *index = NULL, *part = NULL;
        struct ConfigSet set = test_set();
        uint32_t series;

        ck_assert_int_eq(index_new(&set, key, &index), 0);
        test_see(index, "x.md5", 0, 1);
        test_see(index, "y", 0, 1);
        test_see(index, "y.md5", 0, 1);
        test_see(index, "a-2026-11-01", 0, 1);
        test_see(index, "elsewhere", 0, 1);
        ck_assert_int_eq(index_arrange(index), 0);
        index_set_deadline(index, entry_of(index, "elsewhere").series, 7);
        test_see(index, "x", 0, 1);
        forget(index, "y");
        test_see(index, "a-2026-11-02", 0, 1);
        make_part(&set, paths, &part);
        test_see(part, "gap", 0, 1);
        test_see(part, "z", 0, 1);
        forget(part, "gap");                           /* its numbers are free */
        for (unsigned round = 0; round < 2; round++) { /* the second finds nothing to do */
                ck_assert_int_eq(index_adopt(index, part), 0);
                ck_assert(entry_of(index, "x.md5").is_companion);
                ck_assert_uint_eq(entry_of(index, "x.md5").series, INDEX_NONE);
                ck_assert(!entry_of(index, "y.md5").is_companion);
                ck_assert_uint_eq(index_n_backups(index), 5);
                for (size_t i = 0; paths[i]; i++) {
                        series = entry_of(index, paths[i]).series;
                        if (series != INDEX_NONE)
                                ck_assert_int_eq(index_deadline(index, series),
                                                 index_deadline(part, entry_of(part, paths[i]).series));
                }
                ck_assert_int_eq(index_deadline(index, entry_of(index, "elsewhere").series), 7);
                ck_assert_int_eq(index_next_deadline(index), 7);
        }
        ck_assert_int_eq(index_arrange(index), 0);
        ck_assert_uint_eq(index_n_backups(index), 5);
}
END_TEST

/* Another file with the owner's stem came meanwhile: whose is the log now? */
START_TEST(a_rival_that_comes_meanwhile_counts) {
        _cleanup_(index_freep) struct Index *index = NULL, *part = NULL;
        struct ConfigSet set = test_set();

        ck_assert_int_eq(index_new(&set, key, &index), 0);
        test_see(index, "a-2026-11-01.tar", 0, 1);
        test_see(index, "a-2026-11-02.log", 0, 1);
        ck_assert_int_eq(index_arrange(index), 0);
        test_see(index, "a-2026-11-01.log", 0, 1);
        make_part(&set, (const char *[]){"a-2026-11-01.tar", "a-2026-11-01.log", NULL}, &part);
        ck_assert_int_eq(index_adopt(index, part), 0);
        ck_assert(entry_of(index, "a-2026-11-01.log").is_companion);
        test_see(index, "a-2026-11-01.img", 0, 1);
        ck_assert_int_eq(index_adopt(index, part), 0);
        ck_assert(!entry_of(index, "a-2026-11-01.log").is_companion);
        ck_assert_str_eq(scope_of(index, (const char *[]){"a-2026-11-02.log", NULL}),
                         "a-2026-11-01.img a-2026-11-01.log a-2026-11-01.tar a-2026-11-02.log");
}
END_TEST

/* A companion in the part that stands for itself in the set, and the other way round. */
START_TEST(the_part_knows_better) {
        _cleanup_(index_freep) struct Index *index = NULL, *owned = NULL, *alone = NULL;
        struct ConfigSet set = test_set();

        ck_assert_int_eq(index_new(&set, key, &index), 0);
        test_see(index, "x", 0, 1);
        test_see(index, "x.md5", 0, 1);
        ck_assert_int_eq(index_arrange(index), 0);
        make_part(&set, (const char *[]){"x.md5", NULL}, &alone);
        make_part(&set, (const char *[]){"x", "x.md5", NULL}, &owned);
        ck_assert_int_eq(index_adopt(index, alone), 0);
        ck_assert(!entry_of(index, "x.md5").is_companion);
        ck_assert_uint_eq(index_n_backups(index), 2);
        ck_assert_int_eq(index_adopt(index, owned), 0);
        ck_assert(entry_of(index, "x.md5").is_companion);
        ck_assert_uint_eq(index_n_backups(index), 1);
}
END_TEST

START_TEST(what_is_gone_meanwhile_stays_so) {
        static const char *const paths[] = {"x", "x.md5", "a-2026-11-01", "d/only", "d/b-2026-11-01", NULL};
        _cleanup_(index_freep) struct Index *index = NULL, *part = NULL;
        struct ConfigSet set = test_set();
        size_t n;

        ck_assert_int_eq(index_new(&set, key, &index), 0);
        make_part(&set, paths, &part);
        index_begin(index);
        for (size_t i = 0; paths[i]; i++)
                test_see(index, paths[i], 0, 1);
        ck_assert_int_eq(index_arrange(index), 0);
        forget(index, "a-2026-11-01");
        forget(index, "d/only");
        forget(index, "x");
        ck_assert_int_eq(index_adopt(index, part), 0);
        ck_assert_uint_eq(index_n_entries(index), 2);
        ck_assert_uint_eq(index_find_series(index, part, entry_of(part, "a-2026-11-01").series), INDEX_NONE);
        ck_assert_int_eq(index_deadline(index, entry_of(index, "d/b-2026-11-01").series),
                         index_deadline(part, entry_of(part, "d/b-2026-11-01").series));
        /* Its owner is gone, whatever the part says. */
        ck_assert_str_eq(scope_of(index, (const char *[]){"x.md5", NULL}), "x.md5");
        ck_assert(!entry_of(index, "x.md5").is_companion);
        ck_assert_uint_eq(index_n_backups(index), 2);

        /* With its directory, too. */
        index_begin(index);
        ck_assert_int_eq(index_sweep(index, &n), 0);
        ck_assert_int_eq(index_adopt(index, part), 0);
        ck_assert_uint_eq(index_n_entries(index), 0);
}
END_TEST

START_TEST(a_list_grows_and_is_used_again) {
        struct IndexList list = {};

        for (unsigned round = 0; round < 2; round++) {
                list.n_ids = 0;
                for (uint32_t i = 0; i < 1000; i++)
                        ck_assert_int_eq(index_list_append(&list, i), 0);
                ck_assert_uint_eq(list.n_ids, 1000);
                for (uint32_t i = 0; i < 1000; i++)
                        ck_assert_uint_eq(list.ids[i], i);
        }
        index_list_done(&list);
        ck_assert(!list.ids && list.n_ids == 0 && list.n_allocated == 0);
}
END_TEST

static bool see(struct Index *index, const char *path, int64_t mtime_usec, uint64_t size) {
        const struct BackupStat stat = {
                .ino = strlen(path),
                .size = size,
                .mtime_usec = mtime_usec,
                .birth_usec = mtime_usec,
        };
        const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
        char directory[256];
        uint32_t id;

        snprintf(directory, sizeof(directory), "%.*s", slash ? (int)(slash - path) : 0, path);
        ck_assert_int_eq(index_directory(index, directory, &id), 0);
        return index_see(index, id, name, strlen(name), &stat);
}

START_TEST(a_look_beside_changes_nothing) {
        _cleanup_(index_freep) struct Index *index = NULL;
        struct ConfigSet set = test_set();
        uint32_t gone;
        size_t n;

        ck_assert_int_eq(index_new(&set, key, &index), 0);
        test_see(index, "same", 1, 1);
        test_see(index, "changed", 1, 1);
        test_see(index, "gone", 1, 1);
        test_see(index, "forgotten", 1, 1);
        gone = test_entry(index, "forgotten");
        index_begin(index);
        ck_assert(!index_was_seen(index, test_entry(index, "same")));
        for (unsigned round = 0; round < 2; round++) { /* seen twice is seen */
                ck_assert(see(index, "same", 1, 1));
                ck_assert(!see(index, "changed", 1, 2));
                ck_assert(!see(index, "new", 1, 1));
        }
        forget(index, "forgotten");
        ck_assert(index_was_seen(index, test_entry(index, "same")));
        ck_assert(index_was_seen(index, test_entry(index, "changed")));
        ck_assert(!index_was_seen(index, test_entry(index, "gone")));
        ck_assert(index_was_seen(index, gone)); /* nobody asks for what is no file */
        ck_assert_int_eq(index_tidy(index), 0);
        ck_assert_uint_eq(index_n_entries(index), 3);
        ck_assert_uint_eq(entry_of(index, "changed").stat.size, 1);

        /* Without a birth time on one side it is the same all the same; and what was not seen can be swept. */
        ck_assert(index_see(index, index_find_directory(index, ""), "same", 4,
                            &(struct BackupStat){4, 1, 1, BACKUP_NO_BIRTH}));
        ck_assert_int_eq(index_sweep(index, &n), 0);
        ck_assert_uint_eq(n, 1);
        ck_assert_uint_eq(index_n_entries(index), 2);
}
END_TEST

/* Directories without files go, where they were not seen; those with files stay, seen or not. */
START_TEST(tidies_away_directories) {
        _cleanup_(index_freep) struct Index *index = NULL;
        struct ConfigSet set = test_set();
        uint32_t id;

        ck_assert_int_eq(index_new(&set, key, &index), 0);
        test_see(index, "full/x", 1, 1);
        test_see(index, "emptied/x", 1, 1);
        test_see(index, "2026-11-01/x", 1, 1);
        ck_assert_int_eq(index_directory(index, "seen", &id), 0);
        forget(index, "emptied/x");
        forget(index, "2026-11-01/x");
        index_begin(index);
        ck_assert_int_eq(index_directory(index, "seen", &id), 0);
        ck_assert_uint_ne(index_find_directory(index, "emptied"), INDEX_NONE);
        ck_assert_int_eq(index_tidy(index), 0);
        ck_assert_uint_eq(index_find_directory(index, "emptied"), INDEX_NONE);
        ck_assert_uint_eq(index_find_directory(index, "2026-11-01"), INDEX_NONE);
        ck_assert_uint_eq(index_find_directory(index, "seen"), id);
        ck_assert_uint_ne(test_entry(index, "full/x"), INDEX_NONE);
}
END_TEST

/* Files that come and go one by one, without a sweep, cost no more than there are. */
START_TEST(tidies_away_text) {
        _cleanup_(index_freep) struct Index *index = NULL;
        struct ConfigSet set = test_set();
        size_t peak = 0;

        ck_assert_int_eq(index_new(&set, key, &index), 0);
        test_see(index, "stays-2026-11-01", 1, 1);
        for (unsigned round = 0; round < 40; round++) {
                for (unsigned i = 0; i < 1000; i++) {
                        char path[256];

                        snprintf(path, sizeof(path), "d%u/%0200u", round, i);
                        ck_assert_int_eq(test_see(index, path, 1, 1), INDEX_ADDED);
                        forget(index, path);
                }
                index_begin(index);
                ck_assert_int_eq(index_tidy(index), 0);
                if (round == 15)
                        peak = index_memory(index);
        }
        ck_assert_uint_le(index_memory(index), 2 * peak);
        ck_assert_str_eq(scope_of(index, (const char *[]){"stays-2026-11-01", NULL}), "stays-2026-11-01");
}
END_TEST

/* The counter against a walk. */
static void assert_counts(const struct Index *index, size_t expected) {
        struct IndexEntry entry;
        size_t n = 0;

        for (uint32_t i = 0; i < index_entry_end(index); i++) {
                if (!index_entry(index, i, &entry) || entry.series == INDEX_NONE)
                        continue;
                ck_assert(!entry.is_companion);
                n++;
        }
        ck_assert_uint_eq(n, expected);
        ck_assert_uint_eq(index_n_backups(index), expected);
}

START_TEST(backups_are_counted) {
        _cleanup_(index_freep) struct Index *index = NULL;
        struct ConfigSet set = test_set();
        size_t n;

        ck_assert_int_eq(index_new(&set, key, &index), 0);
        assert_counts(index, 0);
        test_see(index, "x.md5", 0, 1);
        assert_counts(index, 0); /* whose is it? */
        test_see(index, "x", 0, 1);
        test_see(index, "a-2026-11-01", 0, 1);
        test_see(index, "a-2026-11-02", 0, 1);
        test_see(index, "y.md5", 0, 1);
        ck_assert_int_eq(index_arrange(index), 0);
        assert_counts(index, 4);
        test_see(index, "a-2026-11-02", 0, 2); /* changed */
        assert_counts(index, 4);
        test_see(index, "z.md5", 0, 1); /* stands for itself, as far as one can see */
        assert_counts(index, 5);
        test_see(index, "x.sig", 0, 1);
        assert_counts(index, 5);
        forget(index, "x");
        assert_counts(index, 6); /* less one, more two */
        ck_assert_int_eq(index_arrange(index), 0);
        assert_counts(index, 6);
        test_see(index, "y", 0, 1);
        ck_assert_int_eq(index_arrange(index), 0);
        assert_counts(index, 6);
        index_begin(index);
        test_see(index, "y", 0, 1);
        test_see(index, "y.md5", 0, 1);
        ck_assert_int_eq(index_sweep(index, &n), 0);
        ck_assert_int_eq(index_arrange(index), 0);
        assert_counts(index, 1);
}
END_TEST

#define N_MANY 20000

/* "a-1975-01-01.tar": of a series of its own kind. */
static int see_many(struct Index *index, const char *name, const char *extension, unsigned n) {
        char path[64];
        int r = 0;

        for (unsigned i = 0; i < n && r >= 0; i++) {
                snprintf(path, sizeof(path), "%s-%u-%02u-%02u%s", name, 1975 + i / 336, 1 + i / 28 % 12, 1 + i % 28,
                         extension);
                r = test_see(index, path, 0, 1);
        }
        return r;
}

struct Count {
        struct Index *index;
        struct IndexList list; /* large enough from the start */
        uint32_t seed;
        unsigned n_calls; /* one more than there are allocations */
};

static int scope_counted(void *userdata) {
        struct Count *count = userdata;

        count->n_calls++;
        return index_scope(count->index, &count->seed, 1, &count->list);
}

static unsigned count_for(struct Count *count, const char *seed, size_t n_expected) {
        count->seed = test_entry(count->index, seed);
        count->n_calls = 0;
        test_each_allocation_fails(scope_counted, count);
        ck_assert_uint_eq(count->list.n_ids, n_expected);
        return count->n_calls;
}

/* All files are looked at only where something has its owner by stem, and then once for all of them. */
START_TEST(stems_are_found_once) {
        _cleanup_(index_freep) struct Index *index = NULL;
        struct ConfigSet set = test_set();
        struct Count count = {};
        unsigned n;

        ck_assert_int_eq(index_new(&set, key, &index), 0);
        count.index = index;
        ck_assert_int_ge(see_many(index, "many", ".log", 1000), 0);
        ck_assert_int_ge(see_many(index, "other", ".tar", 1000), 0);
        test_see(index, "one.log", 0, 1);
        test_see(index, "one.tar", 0, 1);
        test_see(index, "x.vma.zst", 0, 1);
        test_see(index, "x.vma.zst.notes", 0, 1);
        ck_assert_int_eq(index_arrange(index), 0);
        count_for(&count, "many-1975-01-01.log", 1000);
        ck_assert_uint_eq(count_for(&count, "other-1975-01-01.tar", 1000), 1);
        ck_assert_uint_eq(count_for(&count, "x.vma.zst", 2), 1);
        n = count_for(&count, "one.log", 2);
        ck_assert_uint_gt(n, 1);
        ck_assert_uint_eq(count_for(&count, "many-1975-01-01.log", 1000), n);
        index_list_done(&count.list);
}
END_TEST

/* Each looked for by itself, among all files or in its series, would take far too long. */
START_TEST(many_logs_find_their_owners) {
        _cleanup_(index_list_done) struct IndexList list = {};
        _cleanup_(index_freep) struct Index *index = NULL, *part = NULL;
        struct ConfigSet set = test_set();
        uint32_t seed;

        ck_assert_int_eq(index_new(&set, key, &index), 0);
        ck_assert_int_ge(see_many(index, "a", ".log", N_MANY), 0);
        ck_assert_int_ge(see_many(index, "a", ".img", N_MANY / 4), 0);
        ck_assert_int_eq(index_arrange(index), 0);
        ck_assert_uint_eq(index_n_backups(index), N_MANY);
        ck_assert_int_ge(see_many(index, "a", ".tar", N_MANY), 0); /* some are rivals */
        seed = test_entry(index, "a-1975-01-01.log");
        ck_assert_int_eq(index_scope(index, &seed, 1, &list), 0);
        ck_assert_uint_eq(list.n_ids, 2 * N_MANY + N_MANY / 4);

        ck_assert_int_eq(index_new(&set, key, &part), 0);
        for (size_t i = 0; i < list.n_ids; i++) {
                struct IndexEntry entry;

                ck_assert(index_entry(index, list.ids[i], &entry));
                ck_assert_int_eq(test_see(part, entry.name, 0, 1), INDEX_ADDED);
        }
        ck_assert_int_eq(index_arrange(part), 0);
        ck_assert_int_eq(index_adopt(index, part), 0);
        assert_counts(index, N_MANY + N_MANY / 4 + N_MANY / 4);
        ck_assert(!entry_of(index, "a-1975-01-01.log").is_companion); /* there are two it may belong to */
        ck_assert_int_eq(index_arrange(index), 0);
        assert_counts(index, N_MANY + N_MANY / 4 + N_MANY / 4);
}
END_TEST

struct Work {
        const struct ConfigSet *set;
        bool is_right, was_unsettled; /* out */
};

/* So many that what grows has to, at each of the steps. */
static int scope_and_adopt(void *userdata) {
        _cleanup_(index_freep) struct Index *index = NULL, *part = NULL;
        _cleanup_(index_list_done) struct IndexList list = {};
        struct Work *work = userdata;
        uint32_t seed = 0;
        char path[64];
        int r;

        r = index_new(work->set, key, &index);
        for (unsigned i = 0; r >= 0 && i < 300; i++) {
                snprintf(path, sizeof(path), "a-%04u-11-01%s", 2000 + i / 2, i % 2 ? ".md5" : "");
                r = test_see(index, path, 0, 1);
        }
        for (unsigned i = 0; r >= 0 && i < 200; i++) {
                snprintf(path, sizeof(path), "x%u-2026-11-01%s", i / 2, i % 2 ? ".md5" : "");
                r = test_see(index, path, 0, 1);
        }
        if (r >= 0)
                r = index_scope(index, &seed, 1, &list);
        for (uint32_t i = 0; index && i < index_entry_end(index); i++)
                work->is_right = work->is_right && !index->entries[i].is_marked;
        if (r >= 0)
                r = index_new(work->set, key, &part);
        for (unsigned i = 0; r >= 0 && i < 100; i++) {
                snprintf(path, sizeof(path), "x%u-2026-11-01.md5", i); /* orphans, each of its own series */
                r = test_see(part, path, 0, 1);
        }
        if (r >= 0)
                r = index_arrange(part);
        return r < 0 ? r : index_adopt(index, part);
}

/* Logs whose owners come, so that they leave their series, and rivals, so that they are of one again. */
static int scope_and_adopt_by_stem(void *userdata) {
        _cleanup_(index_freep) struct Index *index = NULL, *part = NULL;
        _cleanup_(index_list_done) struct IndexList list = {};
        struct Work *work = userdata;
        uint32_t seed = 0;
        int r;

        r = index_new(work->set, key, &index);
        if (r >= 0)
                r = see_many(index, "a", ".log", 100);
        if (r >= 0)
                r = index_arrange(index);
        if (r >= 0)
                r = see_many(index, "a", ".tar", 100);
        if (r >= 0)
                r = index_scope(index, &seed, 1, &list);
        if (r >= 0)
                r = index_new(work->set, key, &part);
        if (r >= 0)
                r = see_many(part, "a", ".log", 100);
        if (r >= 0)
                r = see_many(part, "a", ".tar", 100);
        if (r >= 0)
                r = index_arrange(part);
        if (r >= 0)
                r = index_adopt(index, part);
        if (r >= 0)
                r = see_many(index, "a", ".img", 50);
        if (r >= 0)
                r = index_arrange(index);
        for (uint32_t i = 0; index && i < index_entry_end(index); i++)
                work->is_right = work->is_right && !index->entries[i].is_marked;
        work->is_right = work->is_right && (r < 0 || index_n_backups(index) == 200);
        return r;
}

/* Orphans that cannot be put into a series leave the index unsettled, and nothing worse. */
static int orphan(void *userdata) {
        _cleanup_(index_list_done) struct IndexList list = {};
        _cleanup_(index_freep) struct Index *index = NULL;
        struct Work *work = userdata;
        bool is_settled = true;
        uint32_t seed = 1;
        char path[256];
        int r;

        r = index_new(work->set, key, &index);
        for (unsigned i = 0; r >= 0 && i < 200; i++) {
                snprintf(path, sizeof(path), "%0200u-2026-11-01%s", i / 2, i % 2 ? ".md5" : "");
                r = test_see(index, path, 0, 1);
        }
        if (r >= 0)
                r = index_arrange(index);
        for (unsigned i = 0; r >= 0 && i < 100; i++) {
                int n = snprintf(path, sizeof(path), "%0200u-2026-11-01", i);

                index_forget(index, 0, path, (size_t)n);
                is_settled = is_settled && index->is_settled;
        }
        if (r >= 0)
                r = index_scope(index, &seed, 1, &list);
        if (r >= 0 && index_n_backups(index) != 100)
                work->is_right = false;
        work->was_unsettled = work->was_unsettled || !is_settled;
        return r < 0 || is_settled ? r : -ENOMEM;
}

START_TEST(allocations_fail) {
        struct ConfigSet set = test_set();
        struct Work work = {.set = &set, .is_right = true};

        test_each_allocation_fails(scope_and_adopt, &work);
        test_each_allocation_fails(scope_and_adopt_by_stem, &work);
        test_each_allocation_fails(orphan, &work);
        ck_assert(work.is_right && work.was_unsettled);
}
END_TEST

int main(void) {
        return test_run("index-scope", (const TTest *[]){
                                               scopes_are_whole,
                                               a_look_leaves_no_doubt,
                                               long_names_have_no_room_for_companions,
                                               a_part_is_taken_over,
                                               a_rival_that_comes_meanwhile_counts,
                                               the_part_knows_better,
                                               what_is_gone_meanwhile_stays_so,
                                               a_list_grows_and_is_used_again,
                                               a_look_beside_changes_nothing,
                                               tidies_away_directories,
                                               tidies_away_text,
                                               backups_are_counted,
                                               stems_are_found_once,
                                               many_logs_find_their_owners,
                                               allocations_fail,
                                               NULL,
                                       });
}
