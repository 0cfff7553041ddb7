/* SPDX-License-Identifier: MIT */

/*
 * The nth call of each kind to the system fails, for every n: what was
 * committed is there, what was not is not there in part, and the next run opens
 * the catalog as if nothing had been.
 */

#include "lib/catalog.h"

#include <sqlite3.h>
#include <stdio.h>

#include "tests/fault/fault-vfs.h"
#include "tests/test.h"
#include "tests/tree.h"

#define N_MAX 2000 /* a story makes a few dozen calls of a kind; more is a loop that never ends */
#define PER_TRANSACTION 20

/* How many transactions were answered with 0. */
struct Progress {
        unsigned n_committed;
};

/* So many backups, and the copy of each: a transaction is all of them or none. */
static int put_some(struct Catalog *catalog, unsigned which) {
        struct CatalogDestination destination;
        int64_t set;
        int r;

        r = catalog_set(catalog, "set", &set);
        if (r == 0)
                r = catalog_destination(catalog, set, "nas", &destination);
        for (unsigned i = 0; i < PER_TRANSACTION && r == 0; i++) {
                char path[1024];
                struct CatalogBackup backup = {.set = set, .path = path, .seen_usec = 1};

                /* Long, so that several pages are written. */
                snprintf(path, sizeof(path), "%0900u-%u", which, i);
                r = catalog_put_backup(catalog, &backup);
                if (r == 0)
                        r = catalog_put_copy(catalog, &(struct CatalogCopy){.backup = backup.id,
                                                                            .destination = destination.id,
                                                                            .state = CATALOG_COPY_COPIED});
        }
        return r;
}

static int transaction(struct Catalog *catalog, unsigned which, struct Progress *progress) {
        int r;

        r = catalog_begin(catalog);
        if (r != 0)
                return r;
        r = put_some(catalog, which);
        if (r != 0) {
                catalog_rollback(catalog);
                return r;
        }
        r = catalog_commit(catalog, NULL);
        if (r == 0)
                progress->n_committed++;
        return r;
}

static int story(const char *path, struct Progress *progress) {
        unsigned which = 0;
        int r = 0;

        for (unsigned times = 0; times < 2 && r == 0; times++) {
                _cleanup_(catalog_freep) struct Catalog *catalog = NULL;

                r = catalog_open(path, false, &catalog);
                for (unsigned i = 0; i < 2 && r == 0; i++)
                        r = transaction(catalog, which++, progress);
        }
        return r;
}

struct Found {
        unsigned n_backups, n_copies;
};

static int count_backup(void *userdata, const struct CatalogBackup *backup) {
        struct Found *found = userdata;

        (void)backup;
        found->n_backups++;
        return 0;
}

static int count_copy(void *userdata, const struct CatalogCopy *copy) {
        struct Found *found = userdata;

        (void)copy;
        found->n_copies++;
        return 0;
}

/* What was said to be committed is there; one more may be, of which only the answer failed. */
static void assert_whole(const char *path, const struct Progress *progress, const char *label) {
        _cleanup_(catalog_freep) struct Catalog *catalog = NULL;
        struct Found found = {};
        int64_t set;
        int r;

        r = catalog_open(path, false, &catalog);
        ck_assert_msg(r == 0, "%s: the next run cannot open it: %d", label, r);
        ck_assert_int_eq(catalog_set(catalog, "set", &set), 0);
        ck_assert_int_eq(catalog_each_backup(catalog, set, count_backup, &found), 0);
        ck_assert_int_eq(catalog_each_copy(catalog, set, count_copy, &found), 0);
        ck_assert_msg(found.n_backups == found.n_copies && found.n_backups % PER_TRANSACTION == 0 &&
                              found.n_backups / PER_TRANSACTION >= progress->n_committed &&
                              found.n_backups / PER_TRANSACTION <= progress->n_committed + 1,
                      "%s: %u transactions committed, %u backups and %u copies found", label, progress->n_committed,
                      found.n_backups, found.n_copies);
}

static unsigned fail_each(enum FaultVfsCall call, int result) {
        for (unsigned n = 1; n < N_MAX; n++) {
                struct Progress progress = {};
                char label[96];
                struct Tree tree;
                bool failed;
                int r;

                snprintf(label, sizeof(label), "%s %u fails with %d", fault_vfs_name(call), n, result);
                tree_init(&tree);
                fault_vfs_fail(call, n, result);
                r = story(tree.path, &progress);
                failed = fault_vfs_end();
                assert_whole(tree.path, &progress, label);
                tree_done(&tree);
                if (!failed) {
                        ck_assert_msg(r == 0, "%s: nothing failed, and the answer was %d", label, r);
                        return n - 1;
                }
                /* Some failures SQLite gets over, such as of a checkpoint; then the story is whole. */
                ck_assert_msg(r < 0 || r == CATALOG_E_DAMAGED || progress.n_committed == 4, "%s: %d", label, r);
        }
        ck_abort_msg("the story never ended");
        return 0;
}

START_TEST(every_call_may_fail) {
        static const struct {
                enum FaultVfsCall call;
                int result;
        } rows[] = {
                {FAULT_VFS_OPEN, SQLITE_CANTOPEN},
                {FAULT_VFS_OPEN, SQLITE_IOERR},
                {FAULT_VFS_READ, SQLITE_IOERR_READ},
                {FAULT_VFS_WRITE, SQLITE_IOERR_WRITE},
                {FAULT_VFS_WRITE, SQLITE_FULL},
                {FAULT_VFS_SYNC, SQLITE_IOERR_FSYNC},
                {FAULT_VFS_TRUNCATE, SQLITE_IOERR_TRUNCATE},
                {FAULT_VFS_DELETE, SQLITE_IOERR_DELETE},
                {FAULT_VFS_ACCESS, SQLITE_IOERR_ACCESS},
                {FAULT_VFS_FILE_SIZE, SQLITE_IOERR_FSTAT},
                {FAULT_VFS_LOCK, SQLITE_IOERR_LOCK},
                {FAULT_VFS_SHM_MAP, SQLITE_IOERR_SHMMAP},
        };
        unsigned n_of[_FAULT_VFS_CALL_MAX] = {};

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                n_of[rows[i].call] += fail_each(rows[i].call, rows[i].result);
                printf("# %s: %u faults\n", fault_vfs_name(rows[i].call), n_of[rows[i].call]);
        }
        /* A kind that the story never calls would be tested in name only. */
        for (unsigned i = 0; i < _FAULT_VFS_CALL_MAX; i++)
                if (i != FAULT_VFS_TRUNCATE)
                        ck_assert_msg(n_of[i] > 0, "no %s was made to fail", fault_vfs_name(i));
}
END_TEST

int main(void) {
        fault_vfs_register();
        return test_run("catalog-fault", (const TTest *[]){every_call_may_fail, NULL});
}
