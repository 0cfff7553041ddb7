/* SPDX-License-Identifier: MIT */
#include "lib/catalog.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/catalog-internal.h"
#include "lib/error.h"

#define BUSY_MSEC 5000
#define LENGTH_MAX (4 * 1024 * 1024)

int catalog_result(struct Catalog *catalog, int sqlite) {
        int error;

        switch (sqlite & 0xff) {
        case SQLITE_OK:
        case SQLITE_ROW:
        case SQLITE_DONE:
                return 0;
        case SQLITE_CORRUPT:
        case SQLITE_NOTADB:
        case SQLITE_CONSTRAINT:
        case SQLITE_MISMATCH:
                return CATALOG_E_DAMAGED;
        case SQLITE_NOMEM:
                return -ENOMEM;
        case SQLITE_FULL:
                return -ENOSPC;
        case SQLITE_READONLY:
                return -EROFS;
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
                return -EBUSY;
        case SQLITE_TOOBIG:
                return -EFBIG;
        case SQLITE_PERM:
        case SQLITE_AUTH:
                return -EACCES;
        case SQLITE_CANTOPEN:
                error = sqlite3_system_errno(catalog->db);
                return error > 0 ? -error : -EACCES;
        }
        return -EIO;
}

int catalog_prepare(struct Catalog *catalog, const char *sql, sqlite3_stmt **ret) {
        sqlite3_stmt *s;
        int r = sqlite3_prepare_v2(catalog->db, sql, -1, &s, NULL);

        if (r != SQLITE_OK)
                /* The tables are not those that the version promises. */
                return (r & 0xff) == SQLITE_ERROR ? CATALOG_E_DAMAGED : catalog_result(catalog, r);
        *ret = s;
        return 0;
}

void catalog_finalizep(sqlite3_stmt **statement) {
        sqlite3_finalize(*statement);
}

int catalog_statement(struct Catalog *catalog, enum CatalogStatement which, const char *sql, sqlite3_stmt **ret) {
        int r;

        if (!catalog->statements[which]) {
                r = catalog_prepare(catalog, sql, &catalog->statements[which]);
                if (r != 0)
                        return r;
        }
        sqlite3_reset(catalog->statements[which]);
        sqlite3_clear_bindings(catalog->statements[which]);
        *ret = catalog->statements[which];
        return 0;
}

int catalog_run(struct Catalog *catalog, sqlite3_stmt *statement) {
        int r = catalog_result(catalog, sqlite3_step(statement));

        sqlite3_reset(statement);
        return r;
}

int catalog_execute(struct Catalog *catalog, const char *sql) {
        return catalog_result(catalog, sqlite3_exec(catalog->db, sql, NULL, NULL, NULL));
}

void catalog_note_usec(struct Catalog *catalog, int64_t usec) {
        catalog->last_usec = MAX(catalog->last_usec, usec);
}

bool catalog_path_is_valid(const char *path, size_t n) {
        if (!path || n == 0 || n > CATALOG_PATH_MAX || strnlen(path, n) != n)
                return false;
        for (const char *p = path, *end = path + n; p <= end;) {
                const char *slash = memchr(p, '/', (size_t)(end - p));
                size_t length = (size_t)((slash ? slash : end) - p);

                if (length == 0 || (length == 1 && p[0] == '.') || (length == 2 && p[0] == '.' && p[1] == '.'))
                        return false;
                p += length + 1;
        }
        return true;
}

/*
 * A read-only catalog is opened as one that nobody changes, because anything else would make files beside it. Only
 * a log of a run that died, or of one at work right now, needs more; reading that is worth two files.
 */
static int open_database(struct Catalog *catalog, const char *directory) {
        _cleanup_(freep) char *path = NULL, *wal = NULL, *uri = NULL;
        struct stat st;
        int r;

        if (asprintf(&path, "%s/" CATALOG_FILE, directory) < 0 ||
            asprintf(&wal, "%s/" CATALOG_FILE "-wal", directory) < 0)
                return -ENOMEM;
        if (!catalog->is_read_only) {
                mode_t mask = umask(0077);

                r = sqlite3_open_v2(
                        path, &catalog->db,
                        SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW, NULL);
                umask(mask);
                return catalog->db ? catalog_result(catalog, r) : -ENOMEM;
        }
        if (stat(path, &st) < 0)
                return errno == ENOENT || errno == ENOTDIR ? CATALOG_E_NONE : -errno;
        if (!S_ISREG(st.st_mode))
                return CATALOG_E_DAMAGED;
        if (stat(wal, &st) == 0 && st.st_size > 0)
                r = sqlite3_open_v2(path, &catalog->db,
                                    SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW, NULL);
        else {
                uri = sqlite3_mprintf("file:%s?immutable=1", path);
                if (!uri)
                        return -ENOMEM;
                r = sqlite3_open_v2(uri, &catalog->db, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_URI,
                                    NULL);
                sqlite3_free(TAKE_PTR(uri));
        }
        return catalog->db ? catalog_result(catalog, r) : -ENOMEM;
}

static int configure(struct Catalog *catalog) {
        sqlite3_busy_timeout(catalog->db, BUSY_MSEC);
        sqlite3_extended_result_codes(catalog->db, 1);
        sqlite3_limit(catalog->db, SQLITE_LIMIT_LENGTH, LENGTH_MAX);
        sqlite3_db_config(catalog->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
        sqlite3_db_config(catalog->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
        sqlite3_db_config(catalog->db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
        if (catalog->is_read_only)
                return catalog_execute(catalog, "PRAGMA cell_size_check = ON; PRAGMA mmap_size = 0;"
                                                "PRAGMA query_only = ON");
        return catalog_execute(catalog,
                               "PRAGMA cell_size_check = ON; PRAGMA mmap_size = 0;"
                               "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON");
}

int catalog_open(const char *directory, bool read_only, struct Catalog **ret) {
        _cleanup_(catalog_freep) struct Catalog *catalog = calloc(1, sizeof(*catalog));
        int r;

        if (!catalog)
                return -ENOMEM;
        catalog->is_read_only = read_only;
        catalog->last_usec = INT64_MIN;
        r = open_database(catalog, directory);
        if (r == 0)
                r = configure(catalog);
        if (r == 0)
                r = catalog_check_schema(catalog);
        if (r != 0)
                return r;
        *ret = TAKE_PTR(catalog);
        return 0;
}

struct Catalog *catalog_free(struct Catalog *catalog) {
        if (!catalog)
                return NULL;
        for (size_t i = 0; i < _STATEMENT_MAX; i++)
                sqlite3_finalize(catalog->statements[i]);
        sqlite3_close(catalog->db);
        free(catalog);
        return NULL;
}

const char *catalog_error_text(int error) {
        switch (error) {
        case CATALOG_E_DAMAGED:
                return "it is damaged; move it away (with its -wal and -shm), and the next run makes a new one: copies "
                       "are "
                       "compared with their backups again before they count, and no backup is lost";
        case CATALOG_E_NEWER:
                return "it was written by a newer retaind; install that one, or move the catalog away";
        case CATALOG_E_FOREIGN:
                return "it is a database of another program";
        case CATALOG_E_NONE:
                return "there is none";
        }
        return "it cannot be used";
}

const char *catalog_last_error(const struct Catalog *catalog) {
        return sqlite3_errmsg(catalog->db);
}

int catalog_begin(struct Catalog *catalog) {
        return catalog_execute(catalog, catalog->is_read_only ? "BEGIN" : "BEGIN IMMEDIATE");
}

static int write_clock(struct Catalog *catalog) {
        char sql[256];

        if (catalog->last_usec == INT64_MIN)
                return 0;
        snprintf(sql, sizeof(sql),
                 "INSERT INTO clock VALUES (1, %lld) ON CONFLICT DO UPDATE SET last_usec = max(last_usec, %lld)",
                 (long long)catalog->last_usec, (long long)catalog->last_usec);
        return catalog_execute(catalog, sql);
}

int catalog_commit(struct Catalog *catalog) {
        int r;

        r = write_clock(catalog);
        if (r == 0)
                r = catalog_execute(catalog, "COMMIT");
        if (r != 0)
                catalog_rollback(catalog);
        catalog->last_usec = INT64_MIN;
        return r;
}

void catalog_rollback(struct Catalog *catalog) {
        if (!sqlite3_get_autocommit(catalog->db))
                sqlite3_exec(catalog->db, "ROLLBACK", NULL, NULL, NULL);
        catalog->last_usec = INT64_MIN;
}
