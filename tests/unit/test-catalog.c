/* SPDX-License-Identifier: MIT */
#include "lib/catalog.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/catalog-internal.h"
#include "lib/os.h"
#include "tests/test.h"
#include "tests/tree.h"

#define MANY 20000

static const struct Clock test_clock = {.usec = 300, .boot = "here", .boottime_usec = 30};
static const struct BackupStat some_stat = {
        .ino = UINT64_MAX - 1, .size = 5, .mtime_usec = -7, .birth_usec = BACKUP_NO_BIRTH};

static struct Catalog *must_open(const struct Tree *tree, bool read_only) {
        struct Catalog *catalog = NULL;

        ck_assert_int_eq(catalog_open(tree->path, read_only, &catalog), 0);
        return catalog;
}

static void execute(struct Catalog *catalog, const char *sql) {
        ck_assert_msg(sqlite3_exec(catalog->db, sql, NULL, NULL, NULL) == SQLITE_OK, "%s: %s", sql,
                      sqlite3_errmsg(catalog->db));
}

/* Changes a catalog behind its back, whatever its constraints say. */
static void tamper(const struct Tree *tree, const char *sql) {
        char path[128];
        sqlite3 *db;

        snprintf(path, sizeof(path), "%s/" CATALOG_FILE, tree->path);
        ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
        ck_assert_int_eq(sqlite3_exec(db, "PRAGMA ignore_check_constraints = ON", NULL, NULL, NULL), SQLITE_OK);
        ck_assert_msg(sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK, "%s: %s", sql, sqlite3_errmsg(db));
        sqlite3_close(db);
}

static int64_t number(struct Catalog *catalog, const char *sql) {
        sqlite3_stmt *s;
        int64_t n;

        ck_assert_int_eq(sqlite3_prepare_v2(catalog->db, sql, -1, &s, NULL), SQLITE_OK);
        ck_assert_int_eq(sqlite3_step(s), SQLITE_ROW);
        n = sqlite3_column_int64(s, 0);
        sqlite3_finalize(s);
        return n;
}

struct Story {
        int64_t set, destination;
        struct CatalogBackup backup;
        struct CatalogIntent intent;
};

static const uint8_t event_id[16] = "0123456789abcde", here[16] = "here", there[16] = "there";

/* One row of everything, in one transaction. */
static void tell(struct Catalog *catalog, struct Story *story) {
        struct CatalogDestination destination;
        struct CatalogEvent event = {.usec = 300, .data = "a\0b", .n_data = 3};

        memcpy(event.id, event_id, sizeof(event.id));
        ck_assert_int_eq(catalog_begin(catalog), 0);
        ck_assert_int_eq(catalog_set(catalog, "set", &story->set), 0);
        ck_assert_int_eq(catalog_destination(catalog, story->set, "nas", &destination), 0);
        story->destination = destination.id;
        story->backup = (struct CatalogBackup){
                .set = story->set, .path = "a/b.sql", .stat = some_stat, .time_usec = INT64_MIN, .seen_usec = 100};
        ck_assert_int_eq(catalog_put_backup(catalog, &story->backup), 0);
        ck_assert_int_eq(catalog_put_copy(catalog, &(struct CatalogCopy){.backup = story->backup.id,
                                                                         .destination = story->destination,
                                                                         .state = CATALOG_COPY_COPIED,
                                                                         .stat = some_stat,
                                                                         .has_digest = true,
                                                                         .digest = {{9}},
                                                                         .copied_usec = 200}),
                         0);
        story->intent = (struct CatalogIntent){.set = story->set,
                                               .backup = story->backup.id,
                                               .path = "a/b.sql",
                                               .stat = some_stat,
                                               .trash_name = "0011",
                                               .reason = "no rule keeps it",
                                               .meant_usec = 250};
        ck_assert_int_eq(catalog_put_intent(catalog, &story->intent), 0);
        ck_assert_int_eq(catalog_put_event(catalog, &event), 0);
        ck_assert_int_eq(catalog_commit(catalog, &test_clock), 0);
}

struct Seen {
        unsigned n;
        int result;
        char path[CATALOG_PATH_MAX + 1];
        struct CatalogBackup backup;
        struct CatalogCopy copy;
        struct CatalogIntent intent;
        struct CatalogEvent event;
};

#define SEES(what, type)                                                                                               \
        static int see_##what(void *userdata, const struct type *row) {                                                \
                struct Seen *seen = userdata;                                                                          \
                                                                                                                       \
                seen->n++;                                                                                             \
                seen->what = *row;                                                                                     \
                snprintf(seen->path, sizeof(seen->path), "%s", PATH_OF(row));                                          \
                return seen->result;                                                                                   \
        }
#define PATH_OF(row) strempty((row)->path)
SEES(backup, CatalogBackup)
SEES(copy, CatalogCopy)
SEES(intent, CatalogIntent)
#undef PATH_OF
#define PATH_OF(row) (const char *)(row)->data
SEES(event, CatalogEvent)

START_TEST(remembers_what_it_is_told) {
        _cleanup_(catalog_freep) struct Catalog *catalog = NULL;
        struct Story story = {};
        struct Seen seen = {};
        struct Tree tree;

        tree_init(&tree);
        catalog = must_open(&tree, false);
        tell(catalog, &story);
        catalog = catalog_free(catalog);
        catalog = must_open(&tree, false);

        ck_assert_int_eq(catalog_each_backup(catalog, story.set, see_backup, &seen), 0);
        ck_assert_uint_eq(seen.n, 1);
        ck_assert_str_eq(seen.path, "a/b.sql");
        ck_assert(seen.backup.id == story.backup.id && seen.backup.set == story.set);
        ck_assert(seen.backup.stat.ino == some_stat.ino && seen.backup.stat.size == 5);
        ck_assert(seen.backup.stat.mtime_usec == -7 && seen.backup.stat.birth_usec == BACKUP_NO_BIRTH);
        ck_assert(seen.backup.time_usec == INT64_MIN && seen.backup.seen_usec == 100);
        ck_assert(!seen.backup.has_digest && !seen.backup.is_suspect && !seen.backup.is_changed);

        ck_assert_int_eq(catalog_each_copy(catalog, story.set, see_copy, &seen), 0);
        ck_assert(seen.n == 2 && seen.copy.state == CATALOG_COPY_COPIED && seen.copy.digest.bytes[0] == 9);
        ck_assert(seen.copy.copied_usec == 200 && seen.copy.backup_fate == CATALOG_PRESENT);
        ck_assert_str_eq(seen.path, "a/b.sql");

        ck_assert_int_eq(catalog_each_intent(catalog, story.set, see_intent, &seen), 0);
        ck_assert(seen.n == 3 && seen.intent.id == story.intent.id && seen.intent.state == CATALOG_INTENT_MEANT);

        ck_assert_int_eq(catalog_each_event(catalog, here, 0, see_event, &seen), 0);
        ck_assert(seen.n == 4 && seen.event.n_data == 3 && seen.event.usec == 300);
        ck_assert_int_eq(memcmp(seen.event.id, event_id, 16), 0);

        seen.result = -EXDEV;
        ck_assert_int_eq(catalog_each_backup(catalog, story.set, see_backup, &seen), -EXDEV);
        tree_done(&tree);
}
END_TEST

START_TEST(updates) {
        _cleanup_(catalog_freep) struct Catalog *catalog = NULL;
        struct Story story = {};
        struct Seen seen = {};
        struct Tree tree;
        struct Clock clock;
        uint64_t n;

        tree_init(&tree);
        catalog = must_open(&tree, false);
        ck_assert_int_eq(catalog_clock(catalog, &clock), 0);
        tell(catalog, &story);
        ck_assert_int_eq(catalog_clock(catalog, &clock), 1);
        ck_assert_int_eq(memcmp(&clock, &test_clock, sizeof(clock)), 0);

        /* Renamed: its copy lies where it lay. */
        story.backup.path = "new";
        ck_assert_int_eq(catalog_begin(catalog), 0);
        ck_assert_int_eq(catalog_put_backup(catalog, &story.backup), 0);
        ck_assert_int_eq(catalog_each_copy(catalog, story.set, see_copy, &seen), 0);
        ck_assert_str_eq(seen.path, "a/b.sql");

        /* Ended: its copy is still told of, a mere want is not. */
        ck_assert_int_eq(catalog_end_backup(catalog, story.backup.id, CATALOG_REMOVED, 400, "due"), 0);
        seen.n = 0;
        ck_assert_int_eq(catalog_each_backup(catalog, story.set, see_backup, &seen), 0);
        ck_assert_uint_eq(seen.n, 0);
        ck_assert_int_eq(catalog_each_copy(catalog, story.set, see_copy, &seen), 0);
        ck_assert(seen.n == 1 && seen.copy.backup_fate == CATALOG_REMOVED);
        ck_assert_int_eq(catalog_put_copy(catalog, &(struct CatalogCopy){.backup = story.backup.id,
                                                                         .destination = story.destination,
                                                                         .state = CATALOG_COPY_REMOVED}),
                         0);
        ck_assert_int_eq(catalog_each_copy(catalog, story.set, see_copy, &seen), 0);
        ck_assert_uint_eq(seen.n, 1);

        ck_assert_int_eq(catalog_end_intent(catalog, story.intent.id, CATALOG_INTENT_TRASHED, 500), 0);
        ck_assert_int_eq(catalog_each_intent(catalog, story.set, see_intent, &seen), 0);
        ck_assert_uint_eq(seen.n, 2);
        ck_assert_int_eq(catalog_n_removed(catalog, story.set, 0, 250, &n), 0); /* when it was meant */
        ck_assert_uint_eq(n, 1);
        ck_assert_int_eq(catalog_n_removed(catalog, story.set, 0, 251, &n), 0);
        ck_assert_uint_eq(n, 0);
        ck_assert_int_eq(catalog_n_removed(catalog, story.set, story.destination, 0, &n), 0);
        ck_assert_uint_eq(n, 0);
        ck_assert_int_eq(catalog_end_intent(catalog, story.intent.id, CATALOG_INTENT_PUT_BACK, 600), 0);
        ck_assert_int_eq(catalog_n_removed(catalog, story.set, 0, 0, &n), 0);
        ck_assert_uint_eq(n, 0);
        ck_assert_int_eq(catalog_each_intent(catalog, story.set, see_intent, &seen), 0);
        ck_assert_uint_eq(seen.n, 2);
        ck_assert_int_eq(catalog_commit(catalog, &test_clock), 0);

        /* A clock that is not believed is not recorded, nor is one where nothing changed. */
        ck_assert_int_eq(catalog_begin(catalog), 0);
        ck_assert_int_eq(catalog_end_intent(catalog, story.intent.id, CATALOG_INTENT_PUT_BACK, 700), 0);
        ck_assert_int_eq(catalog_commit(catalog, NULL), 0);
        ck_assert_int_eq(catalog_begin(catalog), 0);
        ck_assert_int_eq(catalog_commit(catalog, &(struct Clock){.usec = 9}), 0);
        ck_assert_int_eq(catalog_clock(catalog, &clock), 1);
        ck_assert_int_eq(memcmp(&clock, &test_clock, sizeof(clock)), 0);
        tree_done(&tree);
}
END_TEST

START_TEST(tells_events_until_they_are_delivered) {
        _cleanup_(catalog_freep) struct Catalog *catalog = NULL;
        struct Story story = {};
        struct Seen seen = {};
        struct Tree tree;

        tree_init(&tree);
        catalog = must_open(&tree, false);
        tell(catalog, &story);
        ck_assert_int_eq(catalog_forget_events(catalog, 1000), 0);
        ck_assert_int_eq(catalog_each_event(catalog, here, 1000, see_event, &seen), 0);
        ck_assert_uint_eq(seen.n, 1);
        ck_assert_int_eq(catalog_deliver_event(catalog, event_id, here), 0);
        ck_assert_int_eq(catalog_each_event(catalog, here, 0, see_event, &seen), 0);
        ck_assert_uint_eq(seen.n, 1);
        ck_assert_int_eq(catalog_each_event(catalog, there, 0, see_event, &seen), 0);
        ck_assert_uint_eq(seen.n, 2);
        ck_assert_int_eq(catalog_each_event(catalog, there, 301, see_event, &seen), 0);
        ck_assert_uint_eq(seen.n, 2);
        ck_assert_int_eq(catalog_forget_events(catalog, 300), 0);
        ck_assert_int_eq(number(catalog, "SELECT count(*) FROM events"), 1);
        ck_assert_int_eq(catalog_forget_events(catalog, 301), 0);
        ck_assert_int_eq(number(catalog, "SELECT count(*) FROM events"), 0);
        tree_done(&tree);
}
END_TEST

START_TEST(knows_roots_and_markers) {
        static const char marker[] = "0123456789abcdef0123456789abcdef";
        _cleanup_(catalog_freep) struct Catalog *catalog = NULL;
        struct CatalogDestination destination;
        struct CatalogRoot root = {};
        struct Story story = {};
        struct Tree tree;
        int64_t id;

        tree_init(&tree);
        catalog = must_open(&tree, false);
        tell(catalog, &story);
        ck_assert_int_eq(catalog_root(catalog, story.set, &root), 0);
        ck_assert_int_eq(catalog_put_root(catalog, story.set, &(struct CatalogRoot){UINT64_MAX, -3}), 0);
        ck_assert_int_eq(catalog_root(catalog, story.set, &root), 1);
        ck_assert(root.ino == UINT64_MAX && root.birth_usec == -3);
        ck_assert_int_eq(catalog_put_marker(catalog, story.destination, marker), 0);
        ck_assert_int_eq(catalog_destination(catalog, story.set, "nas", &destination), 0);
        ck_assert_int_eq(destination.id, story.destination);
        ck_assert_str_eq(destination.marker, marker);
        ck_assert_int_eq(catalog_put_marker(catalog, story.destination, "no marker"), -EINVAL);
        ck_assert_int_eq(catalog_put_marker(catalog, 99, marker), -ENOENT);
        ck_assert_int_eq(catalog_put_root(catalog, 99, &root), -ENOENT);
        ck_assert_int_eq(catalog_set(catalog, "set", &id), 0);
        ck_assert_int_eq(id, story.set);
        tree_done(&tree);
}
END_TEST

START_TEST(refuses_what_it_could_not_read_again) {
        static const char *const bad[] = {"", "/a", "a/", "a//b", ".", "..", "a/../b", "./a", "a/."};
        _cleanup_(catalog_freep) struct Catalog *catalog = NULL;
        struct Story story = {};
        struct CatalogEvent event = {.data = "", .n_data = CATALOG_EVENT_MAX + 1};
        char path[CATALOG_PATH_MAX + 2];
        struct Tree tree;

        tree_init(&tree);
        catalog = must_open(&tree, false);
        tell(catalog, &story);
        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                struct CatalogBackup backup = story.backup;
                struct CatalogIntent intent = story.intent;

                backup.path = intent.path = bad[i];
                assert_row(catalog_put_backup(catalog, &backup) == -EINVAL, bad[i]);
                assert_row(catalog_put_intent(catalog, &intent) == -EINVAL, bad[i]);
                intent.path = "a";
                intent.trash_name = bad[i];
                assert_row(catalog_put_intent(catalog, &intent) == -EINVAL, bad[i]);
        }
        memset(path, 'x', sizeof(path));
        path[CATALOG_PATH_MAX + 1] = '\0';
        story.backup.path = path;
        ck_assert_int_eq(catalog_put_backup(catalog, &story.backup), -EINVAL);
        path[CATALOG_PATH_MAX] = '\0';
        ck_assert_int_eq(catalog_put_backup(catalog, &story.backup), 0);
        story.backup.id = 99;
        ck_assert_int_eq(catalog_put_backup(catalog, &story.backup), -ENOENT);
        ck_assert_int_eq(catalog_end_backup(catalog, 99, CATALOG_GONE, 1, NULL), -ENOENT);
        ck_assert_int_eq(catalog_end_intent(catalog, 99, CATALOG_INTENT_DONE, 1), -ENOENT);
        ck_assert_int_eq(catalog_put_copy(catalog, &(struct CatalogCopy){.backup = 99, .destination = 1, .state = 2}),
                         -EINVAL);
        ck_assert_int_eq(catalog_put_copy(catalog, &(struct CatalogCopy){.backup = 1, .destination = 1}), -EINVAL);
        ck_assert_int_eq(catalog_put_event(catalog, &event), -EMSGSIZE);
        tree_done(&tree);
}
END_TEST

/* Each of these rows passes no look; the tables' own checks are told to look away. */
START_TEST(never_hands_out_a_wild_value) {
        static const char *const wild[] = {
                "UPDATE backups SET path = x'2f61'",
                "UPDATE backups SET path = x'6100'",
                "UPDATE backups SET path = x'612e2e2f2e2e'",
                "UPDATE backups SET path = x''",
                "UPDATE backups SET path = zeroblob(5000)",
                "UPDATE backups SET sha256 = x'00'",
                "UPDATE backups SET is_suspect = 2",
                "UPDATE backups SET is_changed = -1",
                "UPDATE copies SET state = 77",
                "UPDATE copies SET state = 0",
                "UPDATE copies SET path = NULL",
                "UPDATE copies SET sha256 = x'00'",
                "UPDATE backups SET fate = 9",
                "UPDATE intents SET trash_name = '../x'",
                "UPDATE intents SET trash_name = '..'",
                "UPDATE intents SET state = -1",
                "UPDATE intents SET reason = cast(x'610062' AS TEXT)",
                "UPDATE events SET data = zeroblob(20000)",
                "UPDATE events SET id = x'00'",
                "UPDATE events SET boot = x''",
                "UPDATE destinations SET marker = 'zz'",
        };

        for (size_t i = 0; i < ELEMENTSOF(wild); i++) {
                struct CatalogDestination destination;
                struct Catalog *catalog = NULL;
                struct Story story = {};
                struct Seen seen = {};
                struct Tree tree;
                int r;

                tree_init(&tree);
                catalog = must_open(&tree, false);
                tell(catalog, &story);
                catalog_free(catalog);
                tamper(&tree, wild[i]);
                catalog = NULL;
                r = catalog_open(tree.path, true, &catalog);
                if (r == 0) {
                        bool found = catalog_each_backup(catalog, 1, see_backup, &seen) == CATALOG_E_DAMAGED;

                        found |= catalog_each_copy(catalog, 1, see_copy, &seen) == CATALOG_E_DAMAGED;
                        found |= catalog_each_intent(catalog, 1, see_intent, &seen) == CATALOG_E_DAMAGED;
                        found |= catalog_each_event(catalog, here, 0, see_event, &seen) == CATALOG_E_DAMAGED;
                        found |= catalog_destination(catalog, 1, "nas", &destination) == CATALOG_E_DAMAGED;
                        assert_row(found, wild[i]);
                } else
                        assert_row(r == CATALOG_E_DAMAGED, wild[i]);
                catalog_free(catalog);
                tree_done(&tree);
        }
}
END_TEST

START_TEST(undoes_all_when_it_cannot_commit) {
        _cleanup_(catalog_freep) struct Catalog *catalog = NULL;
        struct Story story = {};
        struct Tree tree;
        int r = 0;

        tree_init(&tree);
        catalog = must_open(&tree, false);
        tell(catalog, &story);
        execute(catalog, "PRAGMA max_page_count = 1"); /* as many as there are */
        ck_assert_int_eq(catalog_begin(catalog), 0);
        for (unsigned i = 0; i < MANY && r == 0; i++) {
                story.backup.id = 0;
                r = catalog_put_backup(catalog, &story.backup);
        }
        ck_assert_int_eq(r, -ENOSPC);
        /* SQLite may have ended the transaction; nothing goes in beside it, and it cannot be committed. */
        if (sqlite3_get_autocommit(catalog->db)) {
                ck_assert_int_lt(catalog_end_backup(catalog, 1, CATALOG_GONE, 1, "x"), 0);
                ck_assert_int_lt(catalog_commit(catalog, &test_clock), 0);
        } else
                catalog_rollback(catalog);
        ck_assert_int_eq(number(catalog, "SELECT count(*) FROM backups"), 1);
        execute(catalog, "PRAGMA max_page_count = 1000000");

        /* A commit that fails: a reference that is checked only then. */
        ck_assert_int_eq(catalog_begin(catalog), 0);
        story.backup.id = 0;
        ck_assert_int_eq(catalog_put_backup(catalog, &story.backup), 0);
        execute(catalog, "PRAGMA defer_foreign_keys = ON");
        execute(catalog, "INSERT INTO destinations (set_id, name) VALUES (99, 'x')");
        ck_assert_int_ne(catalog_commit(catalog, &test_clock), 0);
        ck_assert_int_eq(number(catalog, "SELECT count(*) FROM backups"), 1);
        ck_assert_int_eq(catalog_begin(catalog), 0);
        ck_assert_int_eq(catalog_commit(catalog, &test_clock), 0);
        tree_done(&tree);
}
END_TEST

START_TEST(survives_a_full_disk) {
        _cleanup_(catalog_freep) struct Catalog *catalog = NULL;
        struct rlimit before, small = {.rlim_cur = 100 * 1024};
        struct Story story = {};
        struct Tree tree;
        int r = 0;

        tree_init(&tree);
        catalog = must_open(&tree, false);
        tell(catalog, &story);
        signal(SIGXFSZ, SIG_IGN);
        ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &before), 0);
        small.rlim_max = before.rlim_max;
        ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &small), 0);
        ck_assert_int_eq(catalog_begin(catalog), 0);
        for (unsigned i = 0; i < MANY && r == 0; i++) {
                story.backup.id = 0;
                r = catalog_put_backup(catalog, &story.backup);
        }
        if (r == 0)
                r = catalog_commit(catalog, &test_clock);
        else
                catalog_rollback(catalog);
        ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &before), 0);
        signal(SIGXFSZ, SIG_DFL);
        ck_assert_int_lt(r, 0);
        catalog = catalog_free(catalog);
        catalog = must_open(&tree, false);
        ck_assert_int_eq(number(catalog, "SELECT count(*) FROM backups"), 1);
        tree_done(&tree);
}
END_TEST

static void write_file(const struct Tree *tree, const char *name, const void *data, size_t n) {
        int fd = openat(tree->fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

        ck_assert_int_ge(fd, 0);
        ck_assert_int_eq(write(fd, data, n), (ssize_t)n);
        close(fd);
}

/*
 * Names, sizes, owners, modes, times and bytes of all in the directory. Not the time of change: SQLite, as root, gives a
 * log the owner that it has.
 */
static void fingerprint(const struct Tree *tree, char *buf, size_t n) {
        char command[256];
        FILE *f;

        snprintf(
                command, sizeof(command),
                "cd %s && for f in . *; do stat -c '%%n %%s %%u %%y %%i %%a' \"$f\" 2>&1; done; cat * 2>&1 | sha256sum",
                tree->path);
        f = popen(command, "r");
        ck_assert_ptr_nonnull(f);
        n = fread(buf, 1, n - 1, f);
        buf[n] = '\0';
        ck_assert_int_eq(pclose(f), 0);
}

START_TEST(reading_changes_nothing) {
        static char before[4096], after[4096];
        struct Catalog *catalog, *writer;
        struct Story story = {};
        struct Seen seen = {};
        struct Tree tree;
        int64_t id;

        tree_init(&tree);
        ck_assert_int_eq(catalog_open(tree.path, true, &catalog), CATALOG_E_NONE);
        fingerprint(&tree, before, sizeof(before));
        write_file(&tree, CATALOG_FILE, "", 0);
        ck_assert_int_eq(catalog_open(tree.path, true, &catalog), CATALOG_E_NONE);
        ck_assert_int_eq(unlinkat(tree.fd, CATALOG_FILE, 0), 0);

        writer = must_open(&tree, false);
        tell(writer, &story);
        for (unsigned with_log = 2; with_log-- > 0;) {
                if (with_log == 0)
                        writer = catalog_free(writer);
                fingerprint(&tree, before, sizeof(before));
                catalog = must_open(&tree, true);
                seen.n = 0;
                ck_assert_int_eq(catalog_each_backup(catalog, 1, see_backup, &seen), 0);
                ck_assert_uint_eq(seen.n, 1);
                ck_assert_int_eq(catalog_set(catalog, "other", &id), -ENOENT);
                ck_assert_int_eq(catalog_end_backup(catalog, 1, CATALOG_GONE, 1, NULL), -EROFS);
                catalog_free(catalog);
                fingerprint(&tree, after, sizeof(after));
                /* In one process, SQLite reads by the writer's -shm, and notes there what it reads. */
                if (with_log == 0)
                        ck_assert_str_eq(before, after);
        }
        tree_done(&tree);
}
END_TEST

START_TEST(reads_the_log_of_a_dead_run) {
        static char before[4096], after[4096];
        struct Story story = {};
        struct Seen seen = {};
        struct Tree tree, dead;
        struct Catalog *catalog;
        char command[256];

        tree_init(&tree);
        tree_init(&dead);
        catalog = must_open(&tree, false);
        tell(catalog, &story);
        snprintf(command, sizeof(command), "cp %s/* %s/", tree.path, dead.path);
        ck_assert_int_eq(system(command), 0);
        catalog_free(catalog);

        fingerprint(&dead, before, sizeof(before));
        catalog = must_open(&dead, true);
        ck_assert_int_eq(catalog_each_backup(catalog, 1, see_backup, &seen), 0);
        ck_assert_uint_eq(seen.n, 1);
        catalog_free(catalog);
        fingerprint(&dead, after, sizeof(after));
        ck_assert_str_eq(before, after);

        /* Without its -shm the log cannot be read unchanged; a writer takes it over. */
        ck_assert_int_eq(unlinkat(dead.fd, CATALOG_FILE "-shm", 0), 0);
        fingerprint(&dead, before, sizeof(before));
        ck_assert_int_eq(catalog_open(dead.path, true, &catalog), CATALOG_E_NONE);
        fingerprint(&dead, after, sizeof(after));
        ck_assert_str_eq(before, after);
        catalog = must_open(&dead, false);
        ck_assert_int_eq(catalog_each_backup(catalog, 1, see_backup, &seen), 0);
        ck_assert_uint_eq(seen.n, 2);
        catalog_free(catalog);
        tree_done(&dead);
        tree_done(&tree);
}
END_TEST

/* What is not ours, or not ours to judge, is refused by both ways of opening, and left as it was. */
START_TEST(leaves_alone_what_is_not_its_own) {
        static const struct {
                const char *sql;
                int result;
        } rows[] = {
                {"PRAGMA user_version = 3", CATALOG_E_NEWER},
                {"PRAGMA user_version = 0", CATALOG_E_DAMAGED},
                {"PRAGMA user_version = -1", CATALOG_E_DAMAGED},
                {"PRAGMA application_id = 7", CATALOG_E_FOREIGN},
                {"PRAGMA application_id = 0", CATALOG_E_FOREIGN},
                {"PRAGMA application_id = 7; PRAGMA journal_mode = DELETE", CATALOG_E_FOREIGN},
                {"PRAGMA user_version = 3; PRAGMA journal_mode = DELETE", CATALOG_E_NEWER},
        };

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                static char before[4096], after[4096];
                struct Catalog *catalog;
                struct Tree tree;

                tree_init(&tree);
                catalog_free(must_open(&tree, false));
                tamper(&tree, rows[i].sql);
                fingerprint(&tree, before, sizeof(before));
                for (unsigned read_only = 0; read_only < 2; read_only++)
                        assert_row(catalog_open(tree.path, read_only, &catalog) == rows[i].result, rows[i].sql);
                fingerprint(&tree, after, sizeof(after));
                if (rows[i].result != CATALOG_E_DAMAGED)
                        ck_assert_str_eq(before, after);
                tree_done(&tree);
        }
}
END_TEST

START_TEST(says_what_is_in_its_place) {
        struct Catalog *catalog;
        struct Story story = {};
        struct Tree tree;
        char path[128];
        int fd;

        tree_init(&tree);
        tree_file(&tree, CATALOG_FILE,
                  "this is no database, and long enough to see that it is not one of ours at all, "
                  "is it? so it goes on for a little while until a hundred bytes are full",
                  0);
        for (unsigned read_only = 0; read_only < 2; read_only++)
                ck_assert_int_eq(catalog_open(tree.path, read_only, &catalog), CATALOG_E_DAMAGED);
        ck_assert_int_eq(unlinkat(tree.fd, CATALOG_FILE, 0), 0);

        tree_directory(&tree, CATALOG_FILE);
        for (unsigned read_only = 0; read_only < 2; read_only++)
                ck_assert_int_eq(catalog_open(tree.path, read_only, &catalog), -EISDIR);
        ck_assert_int_eq(unlinkat(tree.fd, CATALOG_FILE, AT_REMOVEDIR), 0);

        ck_assert_int_eq(symlinkat("/dev/null", tree.fd, CATALOG_FILE), 0);
        for (unsigned read_only = 0; read_only < 2; read_only++)
                ck_assert_int_eq(catalog_open(tree.path, read_only, &catalog), -ELOOP);
        ck_assert_int_eq(unlinkat(tree.fd, CATALOG_FILE, 0), 0);

        /* A page in the middle overwritten. */
        catalog = must_open(&tree, false);
        tell(catalog, &story);
        catalog_free(catalog);
        fd = openat(tree.fd, CATALOG_FILE, O_RDWR | O_CLOEXEC);
        for (off_t at = 4096; at < 8 * 4096; at += 4096)
                ck_assert_int_eq(pwrite(fd, "\xff\xff\xff\xff\xff\xff\xff\xff", 8, at), 8);
        close(fd);
        for (unsigned read_only = 0; read_only < 2; read_only++)
                ck_assert_int_eq(catalog_open(tree.path, read_only, &catalog), CATALOG_E_DAMAGED);
        tree_done(&tree);

        snprintf(path, sizeof(path), "%s/nowhere", "/tmp");
        ck_assert_int_eq(catalog_open(path, true, &catalog), CATALOG_E_NONE);
        ck_assert_int_eq(catalog_open(path, false, &catalog), -ENOENT);
}
END_TEST

START_TEST(takes_any_name_of_a_directory) {
        struct Tree tree;
        struct stat st;
        char path[128];

        tree_init(&tree);
        tree_directory(&tree, "a?b#c%20&d");
        ck_assert_int_eq(symlinkat("a?b#c%20&d", tree.fd, "link"), 0);
        for (unsigned i = 0; i < 2; i++) {
                struct Catalog *catalog = NULL;

                snprintf(path, sizeof(path), "%s/%s", tree.path, i == 0 ? "a?b#c%20&d" : "link");
                ck_assert_int_eq(catalog_open(path, false, &catalog), 0);
                catalog = catalog_free(catalog);
                ck_assert_int_eq(catalog_open(path, true, &catalog), 0);
                catalog_free(catalog);
        }
        ck_assert_int_eq(fstatat(tree.fd, "a?b#c%20&d/" CATALOG_FILE, &st, 0), 0);
        ck_assert_uint_eq(st.st_mode & 07777, 0600);
        tree_done(&tree);
}
END_TEST

START_TEST(comes_forward_step_by_step) {
        static const char *const steps[] = {
                "",
                "",
                "ALTER TABLE sets ADD COLUMN later TEXT; CREATE TABLE more (id INTEGER PRIMARY KEY) STRICT",
                "INSERT INTO nowhere VALUES (1)",
        };
        _cleanup_(catalog_freep) struct Catalog *catalog = NULL;
        struct Story story = {};
        struct Tree tree;

        tree_init(&tree);
        catalog = must_open(&tree, false);
        tell(catalog, &story);
        /* A later step fails: not even the first of them is there. */
        ck_assert_int_lt(catalog_migrate(catalog, steps, 2, 4), 0);
        ck_assert_int_eq(number(catalog, "PRAGMA user_version"), 2);
        ck_assert_int_eq(number(catalog, "SELECT count(*) FROM sqlite_schema WHERE name = 'more'"), 0);
        ck_assert_int_eq(catalog_migrate(catalog, steps, 2, 3), 0);
        ck_assert_int_eq(number(catalog, "PRAGMA user_version"), 3);
        ck_assert_int_eq(number(catalog, "SELECT count(*) FROM sqlite_schema WHERE name = 'more'"), 1);
        ck_assert_int_eq(number(catalog, "SELECT count(*) FROM backups"), 1);
        catalog = catalog_free(catalog);
        ck_assert_int_eq(catalog_open(tree.path, false, &catalog), CATALOG_E_NEWER);
        tree_done(&tree);
}
END_TEST

START_TEST(is_set_up_as_it_should_be) {
        static const struct {
                const char *pragma;
                int64_t value;
        } rows[] = {
                {"PRAGMA synchronous", 2},
                {"PRAGMA foreign_keys", 1},
                {"PRAGMA trusted_schema", 0},
                {"PRAGMA cell_size_check", 1},
                {"PRAGMA user_version", 2},
                {"PRAGMA busy_timeout", 5000},
                {"SELECT count(*) FROM pragma_journal_mode WHERE journal_mode = 'wal'", 1},
                {"SELECT count(*) FROM pragma_table_list WHERE schema = 'main' AND name NOT LIKE 'sqlite_%' AND NOT "
                 "strict",
                 0},
        };
        _cleanup_(catalog_freep) struct Catalog *catalog = NULL;
        struct Tree tree;

        tree_init(&tree);
        catalog = must_open(&tree, false);
        for (size_t i = 0; i < ELEMENTSOF(rows); i++)
                assert_row(number(catalog, rows[i].pragma) == rows[i].value, rows[i].pragma);
        for (int error = 0; error <= CATALOG_E_NONE + 1; error++)
                ck_assert_uint_gt(strlen(catalog_error_text(error)), 0);
        ck_assert_ptr_nonnull(catalog_last_error(catalog));
        tree_done(&tree);
}
END_TEST

/* Time is not asserted here: under sanitizers it says nothing. It is printed for who looks. */
START_TEST(takes_many) {
        _cleanup_(catalog_freep) struct Catalog *catalog = NULL;
        struct CatalogEvent event = {.usec = 1, .data = "x", .n_data = 1};
        int64_t start, last = 0;
        struct Story story = {};
        struct Tree tree;

        tree_init(&tree);
        catalog = must_open(&tree, false);
        tell(catalog, &story);
        start = os_monotonic_usec();
        ck_assert_int_eq(catalog_begin(catalog), 0);
        for (unsigned i = 0; i < MANY; i++) {
                char path[64];
                struct CatalogBackup backup = story.backup;

                snprintf(path, sizeof(path), "directory/database-%05u.sql.gz", i);
                backup.id = 0;
                backup.path = path;
                ck_assert(catalog_put_backup(catalog, &backup) == 0 && backup.id > last);
                last = backup.id;
                ck_assert_int_eq(catalog_put_copy(catalog, &(struct CatalogCopy){.backup = backup.id,
                                                                                 .destination = story.destination,
                                                                                 .state = CATALOG_COPY_COPIED}),
                                 0);
                story.intent.id = 0;
                story.intent.backup = backup.id;
                ck_assert_int_eq(catalog_put_intent(catalog, &story.intent), 0);
                ck_assert_int_eq(catalog_end_intent(catalog, story.intent.id, CATALOG_INTENT_DONE, 400 + i), 0);
                memcpy(event.id, &i, sizeof(i));
                ck_assert_int_eq(catalog_put_event(catalog, &event), 0);
        }
        ck_assert_int_eq(catalog_commit(catalog, &test_clock), 0);
        printf("# %d each of backup, copy, intent, its end, event in %lld us\n", MANY,
               (long long)(os_monotonic_usec() - start));
        ck_assert_int_eq(number(catalog, "SELECT count(*) FROM backups"), MANY + 1);
        tree_done(&tree);
}
END_TEST

int main(void) {
        return test_run("catalog",
                        (const TTest *[]){remembers_what_it_is_told, updates, tells_events_until_they_are_delivered,
                                          knows_roots_and_markers, refuses_what_it_could_not_read_again,
                                          never_hands_out_a_wild_value, undoes_all_when_it_cannot_commit,
                                          survives_a_full_disk, reading_changes_nothing, reads_the_log_of_a_dead_run,
                                          leaves_alone_what_is_not_its_own, says_what_is_in_its_place,
                                          takes_any_name_of_a_directory, comes_forward_step_by_step,
                                          is_set_up_as_it_should_be, takes_many, NULL});
}
