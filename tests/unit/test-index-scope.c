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
        }
}
END_TEST

static struct IndexEntry entry_of(const struct Index *index, const char *path) {
        struct IndexEntry entry;

        ck_assert(index_entry(index, test_entry(index, path), &entry));
        return entry;
}

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

struct Work {
        const struct ConfigSet *set;
        bool is_unmarked; /* out */
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
                snprintf(path, sizeof(path), "a-%04u-11-01%s", 2000 + i / 3,
                         i % 3 == 0   ? ""
                         : i % 3 == 1 ? ".md5"
                                      : ".log");
                r = test_see(index, path, 0, 1);
        }
        if (r >= 0)
                r = index_scope(index, &seed, 1, &list);
        for (uint32_t i = 0; index && i < index_entry_end(index); i++)
                work->is_unmarked = work->is_unmarked && !index->entries[i].is_marked;
        if (r >= 0)
                r = index_new(work->set, key, &part);
        for (unsigned i = 0; r >= 0 && i < 100; i++) {
                snprintf(path, sizeof(path), "a-%04u-11-01.md5", 2000 + i);
                r = test_see(part, path, 0, 1);
        }
        if (r >= 0)
                r = index_arrange(part);
        return r < 0 ? r : index_adopt(index, part);
}

START_TEST(allocations_fail) {
        struct ConfigSet set = test_set();
        struct Work work = {.set = &set, .is_unmarked = true};

        test_each_allocation_fails(scope_and_adopt, &work);
        ck_assert(work.is_unmarked);
}
END_TEST

int main(void) {
        return test_run("index-scope", (const TTest *[]){
                                               long_names_have_no_room_for_companions,
                                               a_list_grows_and_is_used_again,
                                               a_look_beside_changes_nothing,
                                               tidies_away_directories,
                                               tidies_away_text,
                                               allocations_fail,
                                               NULL,
                                       });
}
