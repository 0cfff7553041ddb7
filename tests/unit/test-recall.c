/* SPDX-License-Identifier: MIT */
#include "lib/recall.h"

#include "tests/set.h"
#include "tests/test.h"

static const struct HashKey key = {{1, 2}};

/* As test_see() saw it. */
static struct CatalogBackup row(int64_t id, const char *path, int64_t mtime_usec, uint64_t size) {
        return (struct CatalogBackup){
                .id = id,
                .path = path,
                .stat = {.ino = strlen(path), .size = size, .mtime_usec = mtime_usec, .birth_usec = mtime_usec},
        };
}

static void make(const struct ConfigSet *set, struct Index **index, struct Recall **recall, bool is_whole) {
        ck_assert_int_eq(index_new(set, key, index), 0);
        test_see(*index, "same", 1, 1);
        test_see(*index, "changed", 1, 1);
        test_see(*index, "d/new-name", 7, 7); /* its inode's number is that of "a/old-name" */
        ck_assert_int_eq(index_arrange(*index), 0);
        ck_assert_int_eq(recall_new(set, *index, NULL, NULL, is_whole, NULL, recall), 0);
}

/* Whatever became of it: as it was, replaced, renamed, gone, or perhaps gone. */
START_TEST(knows_what_it_was_told) {
        static const struct {
                int64_t id;
                const char *path;
                int64_t mtime;
                uint64_t size;
        } rows[] = {
                {40, "gone", 1, 1},       {7, "same", 1, 1},      {30, "changed", 1, 2},
                {12, "a/old-name", 7, 7}, {3, "also/gone", 1, 1},
        };

        for (unsigned is_whole = 0; is_whole < 2; is_whole++) {
                _cleanup_(recall_freep) struct Recall *recall = NULL;
                _cleanup_(index_freep) struct Index *index = NULL;
                struct ConfigSet set = test_set();

                make(&set, &index, &recall, is_whole);
                for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                        struct CatalogBackup backup = row(rows[i].id, rows[i].path, rows[i].mtime, rows[i].size);

                        ck_assert_int_eq(recall_add_backup(recall, &backup), 0);
                }
                ck_assert_int_eq(recall_match(recall), 0);
                ck_assert_uint_eq(recall->n_renames, 1);
                ck_assert_uint_eq(recall->n_ends, is_whole ? 3 : 1);
                for (size_t i = 0; i < ELEMENTSOF(rows); i++)
                        assert_row(recall_knows(recall, rows[i].id), rows[i].path);
                for (int64_t id = 0; id < 50; id++) {
                        bool known = false;

                        for (size_t i = 0; i < ELEMENTSOF(rows); i++)
                                known = known || rows[i].id == id;
                        ck_assert_int_eq(recall_knows(recall, id), known);
                }
        }
}
END_TEST

START_TEST(knows_nothing_untold) {
        _cleanup_(recall_freep) struct Recall *recall = NULL;
        _cleanup_(index_freep) struct Index *index = NULL;
        struct ConfigSet set = test_set();

        make(&set, &index, &recall, true);
        ck_assert_int_eq(recall_match(recall), 0);
        for (int64_t id = 0; id < 50; id++)
                ck_assert(!recall_knows(recall, id));
}
END_TEST

int main(void) {
        return test_run("recall", (const TTest *[]){knows_what_it_was_told, knows_nothing_untold, NULL});
}
