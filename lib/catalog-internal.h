/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What the catalog's files share: catalog.c opens and commits, catalog-schema
 * knows the tables, catalog-read and catalog-write their rows.
 */

#include <sqlite3.h>

#include "lib/catalog.h"

enum CatalogStatement {
        STATEMENT_INSERT_BACKUP,
        STATEMENT_UPDATE_BACKUP,
        STATEMENT_END_BACKUP,
        STATEMENT_PUT_COPY,
        STATEMENT_INSERT_INTENT,
        STATEMENT_END_INTENT,
        STATEMENT_PUT_EVENT,
        STATEMENT_DELIVER_EVENT,
        STATEMENT_BACKUP_AT,
        STATEMENT_COPIES_OF,
        STATEMENT_COPIES_AT,
        _STATEMENT_MAX,
};

struct Catalog {
        sqlite3 *db;
        bool is_read_only;
        bool is_begun; /* SQLite ends a transaction by itself on some failures */
        int n_changes; /* of SQLite's, when the transaction began */
        sqlite3_stmt *statements[_STATEMENT_MAX];
};

/* A result of SQLite's as one of ours; 0 for SQLITE_OK, SQLITE_ROW and SQLITE_DONE. */
int catalog_result(struct Catalog *catalog, int sqlite);

int catalog_prepare(struct Catalog *catalog, const char *sql, sqlite3_stmt **ret);
void catalog_finalizep(sqlite3_stmt **statement);
/* A statement that is kept; reset, with nothing bound. */
int catalog_statement(struct Catalog *catalog, enum CatalogStatement which, const char *sql, sqlite3_stmt **ret);
/* Runs a statement that gives no rows. */
int catalog_run(struct Catalog *catalog, sqlite3_stmt *statement);
int catalog_execute(struct Catalog *catalog, const char *sql);

/* Whose it is, and of which version: CATALOG_E_FOREIGN, CATALOG_E_NEWER, CATALOG_E_DAMAGED. Changes nothing. */
int catalog_check_identity(struct Catalog *catalog, int64_t *ret_version, bool *ret_is_empty);
/* Checks what is there, and brings it to CATALOG_VERSION where it may be written. */
int catalog_check_schema(struct Catalog *catalog);
/* Step n makes version n + 1 of version n; all of them or none. */
int catalog_migrate(struct Catalog *catalog, const char *const *steps, int64_t version, int64_t target);

/* Relative, without empty, "." and ".." components, at most CATALOG_PATH_MAX bytes. */
bool catalog_path_is_valid(const char *path, size_t n);
bool catalog_trash_name_is_valid(const char *name);
/* "" or 32 hexadecimal digits. */
bool catalog_marker_is_valid(const char *marker);
/* Remembers that something was recorded at that moment. */
