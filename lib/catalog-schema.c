/* SPDX-License-Identifier: MIT */

/*
 * The tables, and how an older catalog becomes one of today. retaind-catalog(5)
 * explains each column; it changes with this file.
 */

#include "lib/catalog-internal.h"

#include <stdio.h>

#include "lib/error.h"

#define APPLICATION_ID 0x72746e64 /* "rtnd" */

/* Step n makes version n + 1 of version n. What is here once is never changed, only added to. */
static const char *const steps[CATALOG_VERSION] = {
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
        ") STRICT;",
        /* To find whose copy lies under a name. */
        "CREATE INDEX copies_by_path ON copies (destination_id, path) WHERE state = 3;",
};

static int read_pragma(struct Catalog *catalog, const char *sql, int64_t *ret) {
        _cleanup_(catalog_finalizep) sqlite3_stmt *s = NULL;
        int r;

        r = catalog_prepare(catalog, sql, &s);
        if (r != 0)
                return r;
        r = sqlite3_step(s);
        if (r != SQLITE_ROW)
                return r == SQLITE_DONE ? CATALOG_E_DAMAGED : catalog_result(catalog, r);
        *ret = sqlite3_column_int64(s, 0);
        return 0;
}

/* "ok", or what is wrong. */
static int quick_check(struct Catalog *catalog) {
        _cleanup_(catalog_finalizep) sqlite3_stmt *s = NULL;
        const char *text;
        int r;

        r = catalog_prepare(catalog, "PRAGMA quick_check(1)", &s);
        if (r != 0)
                return r;
        r = sqlite3_step(s);
        if (r != SQLITE_ROW)
                return r == SQLITE_DONE ? CATALOG_E_DAMAGED : catalog_result(catalog, r);
        text = (const char *)sqlite3_column_text(s, 0);
        return text && streq(text, "ok") ? 0 : CATALOG_E_DAMAGED;
}

int catalog_migrate(struct Catalog *catalog, const char *const *by, int64_t version, int64_t target) {
        char pragma[128];
        int r;

        r = catalog_execute(catalog, "BEGIN IMMEDIATE");
        if (r != 0)
                return r;
        for (int64_t v = version; v < target && r == 0; v++)
                r = catalog_execute(catalog, by[v]);
        snprintf(pragma, sizeof(pragma), "PRAGMA application_id = %d; PRAGMA user_version = %lld; COMMIT",
                 APPLICATION_ID, (long long)target);
        if (r == 0)
                r = catalog_execute(catalog, pragma);
        if (r != 0 && !sqlite3_get_autocommit(catalog->db))
                sqlite3_exec(catalog->db, "ROLLBACK", NULL, NULL, NULL);
        return r;
}

int catalog_check_identity(struct Catalog *catalog, int64_t *ret_version, bool *ret_is_empty) {
        int64_t application = 0, version = 0, n_tables = 0;
        int r;

        r = read_pragma(catalog, "PRAGMA application_id", &application);
        if (r == 0)
                r = read_pragma(catalog, "PRAGMA user_version", &version);
        if (r == 0)
                r = read_pragma(catalog, "SELECT count(*) FROM sqlite_schema", &n_tables);
        if (r != 0)
                return r;
        if (application != APPLICATION_ID && (application != 0 || version != 0 || n_tables > 0))
                return CATALOG_E_FOREIGN;
        if (version > CATALOG_VERSION)
                return CATALOG_E_NEWER;
        /* Ours has tables and a version from its first transaction on. */
        if (application == APPLICATION_ID && (version <= 0 || n_tables == 0))
                return CATALOG_E_DAMAGED;
        *ret_version = version;
        *ret_is_empty = n_tables == 0;
        return 0;
}

int catalog_check_schema(struct Catalog *catalog) {
        int64_t version;
        bool is_empty;
        int r;

        r = catalog_check_identity(catalog, &version, &is_empty);
        if (r == 0 && !is_empty)
                r = quick_check(catalog);
        if (r != 0 || version == CATALOG_VERSION)
                return r;
        if (catalog->is_read_only)
                return is_empty ? CATALOG_E_NONE : -EROFS;
        return catalog_migrate(catalog, steps, version, CATALOG_VERSION);
}
