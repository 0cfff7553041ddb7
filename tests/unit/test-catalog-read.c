/* SPDX-License-Identifier: MIT */

/*
 * Single rows of a catalog, and a catalog of the first version, from which every later one must come forward.
 */

#include <stdio.h>

#include "lib/catalog-internal.h"
#include "tests/test.h"
#include "tests/tree.h"

/* As the first version made it: never to be changed. */
static const char version_1[] = "PRAGMA journal_mode = WAL;"
                                "PRAGMA application_id = 0x72746e64;"
                                "PRAGMA user_version = 1;"
                                "CREATE TABLE sets ("
                                "  id INTEGER PRIMARY KEY,"
                                "  name TEXT NOT NULL UNIQUE,"
                                "  root_ino INTEGER,"
                                "  root_birth_usec INTEGER"
                                ") STRICT;"
                                "CREATE TABLE destinations ("
                                "  id INTEGER PRIMARY KEY,"
                                "  set_id INTEGER NOT NULL REFERENCES sets,"
                                "  name TEXT NOT NULL,"
                                "  marker TEXT NOT NULL DEFAULT '' CHECK (length(marker) IN (0, 32)),"
                                "  UNIQUE (set_id, name)"
                                ") STRICT;"
                                "CREATE TABLE backups ("
                                "  id INTEGER PRIMARY KEY,"
                                "  set_id INTEGER NOT NULL REFERENCES sets,"
                                "  path BLOB NOT NULL CHECK (length(path) BETWEEN 1 AND 4096),"
                                "  ino INTEGER NOT NULL,"
                                "  size INTEGER NOT NULL,"
                                "  mtime_usec INTEGER NOT NULL,"
                                "  birth_usec INTEGER NOT NULL,"
                                "  time_usec INTEGER,"
                                "  sha256 BLOB CHECK (length(sha256) = 32),"
                                "  is_changed INTEGER NOT NULL CHECK (is_changed IN (0, 1)),"
                                "  is_suspect INTEGER NOT NULL CHECK (is_suspect IN (0, 1)),"
                                "  seen_usec INTEGER NOT NULL,"
                                "  fate INTEGER NOT NULL DEFAULT 0 CHECK (fate BETWEEN 0 AND 3),"
                                "  ended_usec INTEGER,"
                                "  ended_reason TEXT"
                                ") STRICT;"
                                "CREATE INDEX backups_by_path ON backups (set_id, path) WHERE fate = 0;"
                                "CREATE TABLE copies ("
                                "  backup_id INTEGER NOT NULL REFERENCES backups,"
                                "  destination_id INTEGER NOT NULL REFERENCES destinations,"
                                "  state INTEGER NOT NULL CHECK (state BETWEEN 1 AND 5),"
                                "  path BLOB CHECK (length(path) BETWEEN 1 AND 4096),"
                                "  ino INTEGER NOT NULL,"
                                "  size INTEGER NOT NULL,"
                                "  mtime_usec INTEGER NOT NULL,"
                                "  birth_usec INTEGER NOT NULL,"
                                "  sha256 BLOB CHECK (length(sha256) = 32),"
                                "  copied_usec INTEGER NOT NULL,"
                                "  verified_usec INTEGER NOT NULL,"
                                "  PRIMARY KEY (backup_id, destination_id)"
                                ") STRICT, WITHOUT ROWID;"
                                "CREATE TABLE intents ("
                                "  id INTEGER PRIMARY KEY,"
                                "  set_id INTEGER NOT NULL REFERENCES sets,"
                                "  destination_id INTEGER NOT NULL,"
                                "  backup_id INTEGER NOT NULL,"
                                "  path BLOB NOT NULL CHECK (length(path) BETWEEN 1 AND 4096),"
                                "  ino INTEGER NOT NULL,"
                                "  size INTEGER NOT NULL,"
                                "  mtime_usec INTEGER NOT NULL,"
                                "  birth_usec INTEGER NOT NULL,"
                                "  trash_name TEXT NOT NULL CHECK (length(trash_name) BETWEEN 1 AND 255),"
                                "  reason TEXT NOT NULL,"
                                "  meant_usec INTEGER NOT NULL,"
                                "  ended_usec INTEGER NOT NULL,"
                                "  state INTEGER NOT NULL CHECK (state BETWEEN 0 AND 3),"
                                "  owner_id INTEGER NOT NULL"
                                ") STRICT;"
                                "CREATE INDEX intents_unfinished ON intents (set_id) WHERE state < 2;"
                                "CREATE INDEX intents_by_time ON intents (set_id, destination_id, meant_usec);"
                                "CREATE TABLE events ("
                                "  id BLOB PRIMARY KEY CHECK (length(id) = 16),"
                                "  usec INTEGER NOT NULL,"
                                "  boot BLOB CHECK (length(boot) = 16),"
                                "  data BLOB NOT NULL"
                                ") STRICT, WITHOUT ROWID;"
                                "CREATE INDEX events_undelivered ON events (usec) WHERE boot IS NULL;"
                                "CREATE TABLE clock ("
                                "  only_row INTEGER PRIMARY KEY CHECK (only_row = 1),"
                                "  last_usec INTEGER NOT NULL,"
                                "  boot BLOB NOT NULL CHECK (length(boot) = 16),"
                                "  boottime_usec INTEGER NOT NULL"
                                ") STRICT;";

/* Rows of everything. */
static const char some_rows[] =
        "INSERT INTO sets VALUES (3, 'set', 5, 6), (2, 'other', NULL, NULL);"
        "INSERT INTO destinations VALUES (4, 3, 'nas', '0123456789abcdef0123456789abcdef'), (5, 3, 'usb', '');"
        "INSERT INTO backups VALUES (8, 3, CAST('d/a' AS BLOB), 1, 2, 3, 4, 5, zeroblob(32), 0, 1, 6, 0, NULL, NULL),"
        " (9, 3, CAST('gone' AS BLOB), 1, 2, 3, 4, NULL, NULL, 0, 0, 6, 2, 7, 'x'),"
        " (10, 3, CAST('d/a' AS BLOB), 1, 2, 3, 4, NULL, NULL, 0, 0, 6, 3, 7, 'x'),"
        " (11, 2, CAST('d/a' AS BLOB), 1, 2, 3, 4, NULL, NULL, 0, 0, 6, 0, NULL, NULL),"
        " (12, 3, x'63e925', 1, 2, 3, 4, NULL, NULL, 0, 0, 6, 0, NULL, NULL);"
        "INSERT INTO copies VALUES (8, 4, 3, CAST('d/a' AS BLOB), 10, 2, 3, 4, zeroblob(32), 11, 12),"
        " (8, 5, 2, NULL, 0, 0, 0, 0, NULL, 0, 0),"
        " (9, 4, 3, CAST('gone' AS BLOB), 13, 2, 3, 4, NULL, 11, 0),"
        " (9, 5, 2, NULL, 0, 0, 0, 0, NULL, 0, 0),"
        " (10, 5, 3, CAST('d/a' AS BLOB), 13, 2, 3, 4, NULL, 11, 0),"
        " (12, 5, 4, CAST('d/a' AS BLOB), 13, 2, 3, 4, NULL, 11, 0);"
        "INSERT INTO intents VALUES (14, 3, 0, 9, CAST('gone' AS BLOB), 1, 2, 3, 4, 'trashed', 'why', 15, 16, 1, 0);"
        "INSERT INTO events VALUES (zeroblob(16), 17, NULL, x'0102');"
        "INSERT INTO clock VALUES (1, 18, zeroblob(16), 19);";

/* The database itself, behind the catalog's back. */
static void execute(const struct Tree *tree, const char *sql) {
        char path[128];
        sqlite3 *db;

        snprintf(path, sizeof(path), "%s/" CATALOG_FILE, tree->path);
        ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
        ck_assert_msg(sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK, "%s", sqlite3_errmsg(db));
        sqlite3_close(db);
}

/* All rows of a query, each value in quotes, to be freed. */
static char *rows_of(struct Catalog *catalog, const char *sql) {
        char *text = strdup("");
        sqlite3_stmt *s;

        ck_assert_int_eq(sqlite3_prepare_v2(catalog->db, sql, -1, &s, NULL), SQLITE_OK);
        while (sqlite3_step(s) == SQLITE_ROW)
                for (int i = 0; i < sqlite3_column_count(s); i++) {
                        char *more = NULL;

                        ck_assert_int_ge(
                                asprintf(&more, "%s'%s'", text, strempty((const char *)sqlite3_column_text(s, i))), 0);
                        free(text);
                        text = more;
                }
        ck_assert_int_eq(sqlite3_finalize(s), SQLITE_OK);
        return text;
}

static void make(struct Tree *tree, struct Catalog **ret) {
        tree_init(tree);
        execute(tree, version_1);
        execute(tree, some_rows);
        ck_assert_int_eq(catalog_open(tree->path, false, ret), 0);
}

struct Seen {
        char ids[128]; /* of backups; and of copies with their destination: "8/4" */
        int result;
        struct Catalog *catalog; /* to be asked again meanwhile */
        struct CatalogBackup backup;
        struct CatalogCopy copy;
};

static int see_copy(void *userdata, const struct CatalogCopy *copy) {
        struct Seen *seen = userdata;

        snprintf(seen->ids + strlen(seen->ids), sizeof(seen->ids) - strlen(seen->ids), " %lld/%lld",
                 (long long)copy->backup, (long long)copy->destination);
        seen->copy = *copy;
        return seen->result;
}

static int see_backup(void *userdata, const struct CatalogBackup *backup) {
        struct Seen *seen = userdata;

        snprintf(seen->ids + strlen(seen->ids), sizeof(seen->ids) - strlen(seen->ids), " %lld", (long long)backup->id);
        seen->backup = *backup;
        if (seen->catalog)
                return catalog_each_copy_of(seen->catalog, backup->id, see_copy, seen);
        return seen->result;
}

START_TEST(the_first_version_comes_forward) {
        static const char *const queries[] = {
                "SELECT * FROM sets",   "SELECT * FROM destinations", "SELECT * FROM backups ORDER BY id",
                "SELECT * FROM copies", "SELECT * FROM intents",      "SELECT * FROM events",
                "SELECT * FROM clock",
        };
        static const char schema[] = "SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY name";
        struct Catalog *old = &(struct Catalog){}, *catalog = NULL, *fresh = NULL;
        _cleanup_(freep) char *schema_of_old = NULL, *schema_of_new = NULL;
        char path[128], *before[ELEMENTSOF(queries)];
        struct Tree tree, other;

        tree_init(&tree);
        execute(&tree, version_1);
        execute(&tree, some_rows);
        snprintf(path, sizeof(path), "%s/" CATALOG_FILE, tree.path);
        ck_assert_int_eq(sqlite3_open(path, &old->db), SQLITE_OK);
        for (size_t i = 0; i < ELEMENTSOF(queries); i++)
                before[i] = rows_of(old, queries[i]);
        sqlite3_close(old->db);

        /* Who only reads leaves it as it is. */
        ck_assert_int_eq(catalog_open(tree.path, true, &catalog), -EROFS);
        for (unsigned round = 0; round < 2; round++) {
                ck_assert_int_eq(catalog_open(tree.path, false, &catalog), 0);
                for (size_t i = 0; i < ELEMENTSOF(queries); i++) {
                        _cleanup_(freep) char *after = rows_of(catalog, queries[i]);

                        ck_assert_uint_gt(strlen(after), 0);
                        ck_assert_str_eq(after, before[i]);
                }
                if (round == 0)
                        catalog = catalog_free(catalog);
        }
        tree_init(&other);
        ck_assert_int_eq(catalog_open(other.path, false, &fresh), 0);
        schema_of_old = rows_of(catalog, schema);
        schema_of_new = rows_of(fresh, schema);
        ck_assert_str_eq(schema_of_old, schema_of_new);
        ck_assert_ptr_nonnull(strstr(schema_of_old, "copies_by_path"));
        free(schema_of_old);
        schema_of_old = rows_of(catalog, "PRAGMA user_version");
        ck_assert_str_eq(schema_of_old, "'2'");
        for (size_t i = 0; i < ELEMENTSOF(queries); i++)
                free(before[i]);
        catalog_free(catalog);
        catalog_free(fresh);
        tree_done(&other);
        tree_done(&tree);
}
END_TEST

START_TEST(finds_single_rows) {
        static const struct {
                char what; /* b: the backup at, c: the copies of, p: the copies at */
                int64_t id;
                const char *path, *ids;
        } cases[] = {
                {'b', 3, "d/a", " 8"}, /* the present one, of this set */
                {'b', 2, "d/a", " 11"},     {'b', 3, "gone", ""},     {'b', 3, "d", ""},        {'b', 3, "d/A", ""},
                {'b', 3, "c\xe9%", " 12"},  {'b', 3, "c\xe9", ""},    {'b', 3, "", ""},         {'b', 99, "d/a", ""},
                {'c', 8, NULL, " 8/4 8/5"}, {'c', 9, NULL, " 9/4"}, /* of what is gone, what is copied */
                {'c', 10, NULL, " 10/5"},   {'c', 11, NULL, ""},      {'c', 12, NULL, " 12/5"}, {'c', 99, NULL, ""},
                {'p', 4, "d/a", " 8/4"},    {'p', 5, "d/a", " 10/5"}, /* what is wanted or removed is not there */
                {'p', 4, "gone", " 9/4"},   {'p', 5, "gone", ""},     {'p', 4, "d", ""},        {'p', 99, "d/a", ""},
        };
        _cleanup_(catalog_freep) struct Catalog *catalog = NULL;
        struct Tree tree;

        make(&tree, &catalog);
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                struct Seen seen = {};
                int r = cases[i].what == 'b'
                                ? catalog_each_backup_at(catalog, cases[i].id, cases[i].path, see_backup, &seen)
                        : cases[i].what == 'c'
                                ? catalog_each_copy_of(catalog, cases[i].id, see_copy, &seen)
                                : catalog_each_copy_at(catalog, cases[i].id, cases[i].path, see_copy, &seen);

                ck_assert_msg(r == 0 && streq(seen.ids, cases[i].ids), "row %zu: %d,%s", i, r, seen.ids);
        }
        tree_done(&tree);
}
END_TEST

START_TEST(tells_all_of_a_row) {
        _cleanup_(catalog_freep) struct Catalog *catalog = NULL;
        struct Seen seen = {};
        struct Tree tree;

        make(&tree, &catalog);
        seen.catalog = catalog; /* one of these may ask another */
        ck_assert_int_eq(catalog_each_backup_at(catalog, 3, "d/a", see_backup, &seen), 0);
        ck_assert_str_eq(seen.ids, " 8 8/4 8/5");
        ck_assert(seen.backup.set == 3 && seen.backup.time_usec == 5 && seen.backup.seen_usec == 6);
        ck_assert(seen.backup.has_digest && seen.backup.is_suspect && !seen.backup.is_changed);
        ck_assert(seen.backup.stat.ino == 1 && seen.backup.stat.size == 2 && seen.backup.stat.mtime_usec == 3 &&
                  seen.backup.stat.birth_usec == 4);
        ck_assert(seen.copy.state == CATALOG_COPY_WANTED && !seen.copy.path && !seen.copy.has_digest);
        ck_assert_int_eq(catalog_each_copy_at(catalog, 4, "d/a", see_copy, &seen), 0);
        ck_assert(seen.copy.state == CATALOG_COPY_COPIED && seen.copy.has_digest && seen.copy.stat.ino == 10);
        ck_assert(seen.copy.copied_usec == 11 && seen.copy.verified_usec == 12 && seen.copy.backup_time_usec == 5 &&
                  seen.copy.backup_birth_usec == 4 && seen.copy.backup_fate == CATALOG_PRESENT);
        ck_assert_int_eq(catalog_each_copy_at(catalog, 4, "gone", see_copy, &seen), 0);
        ck_assert(seen.copy.backup == 9 && seen.copy.backup_fate == CATALOG_GONE);
        tree_done(&tree);
}
END_TEST

/* A walk that was ended leaves nothing begun: what is written next can be committed, and is what the next walk sees. */
START_TEST(a_walk_may_end_early) {
        _cleanup_(catalog_freep) struct Catalog *catalog = NULL;
        struct Seen seen = {.result = -EXDEV};
        struct Tree tree;

        make(&tree, &catalog);
        ck_assert_int_eq(catalog_each_copy_of(catalog, 8, see_copy, &seen), -EXDEV);
        ck_assert_int_eq(catalog_each_backup_at(catalog, 3, "d/a", see_backup, &seen), -EXDEV);
        ck_assert_int_eq(catalog_each_copy_at(catalog, 4, "d/a", see_copy, &seen), -EXDEV);
        ck_assert_str_eq(seen.ids, " 8/4 8 8/4");
        for (size_t i = 0; i < ELEMENTSOF(catalog->statements); i++)
                ck_assert(!catalog->statements[i] || !sqlite3_stmt_busy(catalog->statements[i]));
        ck_assert_int_eq(catalog_begin(catalog), 0);
        ck_assert_int_eq(catalog_end_backup(catalog, 8, CATALOG_GONE, 9, "x"), 0);
        ck_assert_int_eq(catalog_commit(catalog, NULL), 0);
        seen = (struct Seen){};
        ck_assert_int_eq(catalog_each_backup_at(catalog, 3, "d/a", see_backup, &seen), 0);
        ck_assert_int_eq(catalog_each_copy_of(catalog, 8, see_copy, &seen), 0);
        ck_assert_str_eq(seen.ids, " 8/4");
        tree_done(&tree);
}
END_TEST

/* A million rows are not read to find one. */
START_TEST(single_rows_are_found_by_an_index) {
        static const enum CatalogStatement statements[] = {STATEMENT_BACKUP_AT, STATEMENT_COPIES_OF,
                                                           STATEMENT_COPIES_AT};
        _cleanup_(catalog_freep) struct Catalog *catalog = NULL;
        struct Seen seen = {};
        struct Tree tree;

        make(&tree, &catalog);
        ck_assert_int_eq(catalog_each_backup_at(catalog, 3, "d/a", see_backup, &seen), 0);
        ck_assert_int_eq(catalog_each_copy_of(catalog, 8, see_copy, &seen), 0);
        ck_assert_int_eq(catalog_each_copy_at(catalog, 4, "d/a", see_copy, &seen), 0);
        for (size_t i = 0; i < ELEMENTSOF(statements); i++) {
                _cleanup_(freep) char *explain = NULL, *plan = NULL;

                ck_assert_int_ge(
                        asprintf(&explain, "EXPLAIN QUERY PLAN %s", sqlite3_sql(catalog->statements[statements[i]])),
                        0);
                plan = rows_of(catalog, explain);
                assert_row(strstr(plan, "'SEARCH ") && !strstr(plan, "'SCAN "), plan);
        }
        tree_done(&tree);
}
END_TEST

START_TEST(a_wild_row_is_damage) {
        static const struct {
                const char *sql;
                bool of_backup, of_copies, of_copy;
        } cases[] = {
                {"UPDATE backups SET sha256 = x'00'", true, false, false},
                {"UPDATE backups SET is_suspect = 2", true, false, false},
                {"UPDATE backups SET fate = 9 WHERE id = 8", false, true, true},
                {"UPDATE copies SET sha256 = x'00'", false, true, true},
                {"UPDATE copies SET state = 77 WHERE destination_id = 5", false, true, false},
                {"UPDATE copies SET path = x'2f61' WHERE destination_id = 4", false, true, false},
                {"UPDATE copies SET path = NULL", false, true, false},
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(catalog_freep) struct Catalog *catalog = NULL;
                struct Seen seen = {};
                struct Tree tree;
                int r;

                make(&tree, &catalog); /* the check of all rows is over */
                sqlite3_exec(catalog->db, "PRAGMA ignore_check_constraints = ON", NULL, NULL, NULL);
                assert_row(sqlite3_exec(catalog->db, cases[i].sql, NULL, NULL, NULL) == SQLITE_OK, cases[i].sql);
                r = catalog_each_backup_at(catalog, 3, "d/a", see_backup, &seen);
                assert_row(r == (cases[i].of_backup ? CATALOG_E_DAMAGED : 0), cases[i].sql);
                r = catalog_each_copy_of(catalog, 8, see_copy, &seen);
                assert_row(r == (cases[i].of_copies ? CATALOG_E_DAMAGED : 0), cases[i].sql);
                r = catalog_each_copy_at(catalog, 4, "d/a", see_copy, &seen);
                assert_row(r == (cases[i].of_copy ? CATALOG_E_DAMAGED : 0), cases[i].sql);
                tree_done(&tree);
        }
}
END_TEST

int main(void) {
        return test_run("catalog-read", (const TTest *[]){
                                                the_first_version_comes_forward,
                                                finds_single_rows,
                                                tells_all_of_a_row,
                                                a_walk_may_end_early,
                                                single_rows_are_found_by_an_index,
                                                a_wild_row_is_damage,
                                                NULL,
                                        });
}
