/* SPDX-License-Identifier: MIT */
#include "lib/catalog-internal.h"
#include "lib/error.h"

/* A path out of a row, terminated; NULL where the column is. */
static int read_path(sqlite3_stmt *s, int column, char buf[static CATALOG_PATH_MAX + 1], const char **ret) {
        const char *bytes = sqlite3_column_blob(s, column);
        int n = sqlite3_column_bytes(s, column);

        if (sqlite3_column_type(s, column) == SQLITE_NULL) {
                *ret = NULL;
                return 0;
        }
        if (n <= 0 || !catalog_path_is_valid(bytes, (size_t)n))
                return CATALOG_E_DAMAGED;
        memcpy(buf, bytes, (size_t)n);
        buf[n] = '\0';
        *ret = buf;
        return 0;
}

static void read_stat(sqlite3_stmt *s, int column, struct BackupStat *ret) {
        *ret = (struct BackupStat){
                .ino = (uint64_t)sqlite3_column_int64(s, column),
                .size = (uint64_t)sqlite3_column_int64(s, column + 1),
                .mtime_usec = sqlite3_column_int64(s, column + 2),
                .birth_usec = sqlite3_column_int64(s, column + 3),
        };
}

static int read_digest(sqlite3_stmt *s, int column, bool *ret_has, struct Digest *ret) {
        *ret_has = sqlite3_column_type(s, column) != SQLITE_NULL;
        if (!*ret_has)
                return 0;
        if (sqlite3_column_bytes(s, column) != DIGEST_SIZE)
                return CATALOG_E_DAMAGED;
        memcpy(ret->bytes, sqlite3_column_blob(s, column), DIGEST_SIZE);
        return 0;
}

/* 0 and *ret below limit, else damaged. */
static int read_enum(sqlite3_stmt *s, int column, int limit, int *ret) {
        int64_t value = sqlite3_column_int64(s, column);

        if (value < 0 || value >= limit)
                return CATALOG_E_DAMAGED;
        *ret = (int)value;
        return 0;
}

/* Text without a NUL in it. */
static int read_text(sqlite3_stmt *s, int column, const char **ret) {
        const char *text = (const char *)sqlite3_column_text(s, column);

        if (!text)
                return -ENOMEM; /* check_types() has seen that there is one */
        if (strlen(text) != (size_t)sqlite3_column_bytes(s, column))
                return CATALOG_E_DAMAGED;
        *ret = text;
        return 0;
}

/* Each column's type: integer, blob, text, flag (0 or 1); a capital allows NULL. STRICT holds for what SQLite wrote. */
static int check_types(sqlite3_stmt *s, const char *types) {
        for (int i = 0; types[i]; i++) {
                int type = sqlite3_column_type(s, i);
                char c = types[i];

                if (type == SQLITE_NULL && c >= 'A' && c <= 'Z')
                        continue;
                c |= 0x20;
                if (type != (c == 'b' ? SQLITE_BLOB : c == 't' ? SQLITE_TEXT : SQLITE_INTEGER))
                        return CATALOG_E_DAMAGED;
                if (c == 'f' && (sqlite3_column_int64(s, i) & ~INT64_C(1)) != 0)
                        return CATALOG_E_DAMAGED;
        }
        return 0;
}

/* Finds a row's id by one statement, or makes it by another. */
static int find_or_make(struct Catalog *catalog, const char *find, const char *make, int64_t set, const char *name,
                        sqlite3_stmt **ret) {
        _cleanup_(catalog_finalizep) sqlite3_stmt *s = NULL, *insert = NULL;
        int r;

        r = catalog_prepare(catalog, find, &s);
        if (r != 0)
                return r;
        sqlite3_bind_int64(s, 1, set);
        sqlite3_bind_text(s, 2, name, -1, SQLITE_STATIC);
        r = sqlite3_step(s);
        if (r == SQLITE_DONE && catalog->is_read_only)
                return -ENOENT;
        if (r == SQLITE_DONE) {
                sqlite3_reset(s);
                r = catalog_prepare(catalog, make, &insert);
                if (r != 0)
                        return r;
                sqlite3_bind_int64(insert, 1, set);
                sqlite3_bind_text(insert, 2, name, -1, SQLITE_STATIC);
                r = catalog_run(catalog, insert);
                if (r != 0)
                        return r;
                r = sqlite3_step(s);
        }
        if (r != SQLITE_ROW)
                return r == SQLITE_DONE ? CATALOG_E_DAMAGED : catalog_result(catalog, r);
        *ret = TAKE_PTR(s);
        return 0;
}

int catalog_set(struct Catalog *catalog, const char *name, int64_t *ret_id) {
        _cleanup_(catalog_finalizep) sqlite3_stmt *s = NULL;
        int r;

        r = find_or_make(catalog, "SELECT id FROM sets WHERE name = ?2 AND ?1 = 0",
                         "INSERT INTO sets (name) SELECT ?2 WHERE ?1 = 0", 0, name, &s);
        if (r == 0)
                *ret_id = sqlite3_column_int64(s, 0);
        return r;
}

int catalog_destination(struct Catalog *catalog, int64_t set, const char *name, struct CatalogDestination *ret) {
        _cleanup_(catalog_finalizep) sqlite3_stmt *s = NULL;
        const char *marker = NULL;
        int r;

        r = find_or_make(catalog, "SELECT id, marker FROM destinations WHERE set_id = ?1 AND name = ?2",
                         "INSERT INTO destinations (set_id, name) VALUES (?1, ?2)", set, name, &s);
        if (r == 0)
                r = check_types(s, "it");
        if (r == 0)
                r = read_text(s, 1, &marker);
        if (r != 0)
                return r;
        if (!catalog_marker_is_valid(marker))
                return CATALOG_E_DAMAGED;
        ret->id = sqlite3_column_int64(s, 0);
        strcpy(ret->marker, marker);
        return 0;
}

int catalog_root(struct Catalog *catalog, int64_t set, struct CatalogRoot *ret) {
        _cleanup_(catalog_finalizep) sqlite3_stmt *s = NULL;
        int r;

        r = catalog_prepare(catalog,
                            "SELECT root_ino, root_birth_usec FROM sets WHERE id = ?1 AND root_birth_usec IS NOT NULL",
                            &s);
        if (r != 0)
                return r;
        sqlite3_bind_int64(s, 1, set);
        r = sqlite3_step(s);
        if (r != SQLITE_ROW)
                return catalog_result(catalog, r);
        r = check_types(s, "ii");
        if (r != 0)
                return r;
        ret->ino = (uint64_t)sqlite3_column_int64(s, 0);
        ret->birth_usec = sqlite3_column_int64(s, 1);
        return 1;
}

#define BACKUP_COLUMNS                                                                                                 \
        "id, path, ino, size, mtime_usec, birth_usec, time_usec, sha256, is_changed, is_suspect, seen_usec"

static int each_backup(struct Catalog *catalog, sqlite3_stmt *s, int64_t set,
                       int (*row)(void *userdata, const struct CatalogBackup *backup), void *userdata) {
        char path[CATALOG_PATH_MAX + 1];
        int r, step;

        while ((step = sqlite3_step(s)) == SQLITE_ROW) {
                struct CatalogBackup backup = {
                        .id = sqlite3_column_int64(s, 0),
                        .set = set,
                        .time_usec = sqlite3_column_type(s, 6) == SQLITE_NULL ? INT64_MIN : sqlite3_column_int64(s, 6),
                        .is_changed = sqlite3_column_int(s, 8),
                        .is_suspect = sqlite3_column_int(s, 9),
                        .seen_usec = sqlite3_column_int64(s, 10),
                };

                r = check_types(s, "ibiiiiIBffi");
                if (r == 0)
                        r = read_path(s, 1, path, &backup.path);
                read_stat(s, 2, &backup.stat);
                if (r == 0)
                        r = read_digest(s, 7, &backup.has_digest, &backup.digest);
                if (r == 0)
                        r = row(userdata, &backup);
                if (r != 0)
                        return r;
        }
        return catalog_result(catalog, step);
}

int catalog_each_backup(struct Catalog *catalog, int64_t set,
                        int (*row)(void *userdata, const struct CatalogBackup *backup), void *userdata) {
        _cleanup_(catalog_finalizep) sqlite3_stmt *s = NULL;
        int r;

        r = catalog_prepare(catalog,
                            "SELECT " BACKUP_COLUMNS " FROM backups WHERE set_id = ?1 AND fate = 0 ORDER BY id", &s);
        if (r != 0)
                return r;
        sqlite3_bind_int64(s, 1, set);
        return each_backup(catalog, s, set, row, userdata);
}

int catalog_each_backup_at(struct Catalog *catalog, int64_t set, const char *path,
                           int (*row)(void *userdata, const struct CatalogBackup *backup), void *userdata) {
        sqlite3_stmt *s;
        int r;

        r = catalog_statement(catalog, STATEMENT_BACKUP_AT,
                              "SELECT " BACKUP_COLUMNS " FROM backups WHERE set_id = ?1 AND fate = 0 AND path = ?2"
                              " ORDER BY id",
                              &s);
        if (r != 0)
                return r;
        sqlite3_bind_int64(s, 1, set);
        sqlite3_bind_blob(s, 2, path, (int)strlen(path), SQLITE_STATIC);
        r = each_backup(catalog, s, set, row, userdata);
        sqlite3_reset(s);
        return r;
}

static int read_copy(sqlite3_stmt *s, char path[static CATALOG_PATH_MAX + 1], struct CatalogCopy *ret) {
        struct CatalogCopy copy = {
                .backup = sqlite3_column_int64(s, 0),
                .destination = sqlite3_column_int64(s, 1),
                .copied_usec = sqlite3_column_int64(s, 9),
                .verified_usec = sqlite3_column_int64(s, 10),
                .backup_time_usec = sqlite3_column_type(s, 11) == SQLITE_NULL ? INT64_MIN : sqlite3_column_int64(s, 11),
                .backup_birth_usec = sqlite3_column_int64(s, 12),
        };
        int state = 0, fate = 0, r;

        r = check_types(s, "iiiBiiiiBiiIii");
        if (r == 0)
                r = read_path(s, 3, path, &copy.path);
        read_stat(s, 4, &copy.stat);
        if (r == 0)
                r = read_digest(s, 8, &copy.has_digest, &copy.digest);
        if (r == 0)
                r = read_enum(s, 2, _CATALOG_COPY_STATE_MAX, &state);
        if (r == 0)
                r = read_enum(s, 13, _CATALOG_FATE_MAX, &fate);
        copy.state = (enum CatalogCopyState)state;
        copy.backup_fate = (enum CatalogFate)fate;
        if (r == 0 && (state == CATALOG_COPY_UNDECIDED || (state == CATALOG_COPY_COPIED && !copy.path)))
                r = CATALOG_E_DAMAGED;
        if (r == 0)
                *ret = copy;
        return r;
}

#define COPY_COLUMNS                                                                                                   \
        "backup_id, destination_id, state, c.path, c.ino, c.size, c.mtime_usec, c.birth_usec, c.sha256, copied_usec,"  \
        " verified_usec, time_usec, b.birth_usec, fate"

static int each_copy(struct Catalog *catalog, sqlite3_stmt *s,
                     int (*row)(void *userdata, const struct CatalogCopy *copy), void *userdata) {
        char path[CATALOG_PATH_MAX + 1];
        int r, step;

        while ((step = sqlite3_step(s)) == SQLITE_ROW) {
                struct CatalogCopy copy = {};

                r = read_copy(s, path, &copy);
                if (r == 0)
                        r = row(userdata, &copy);
                if (r != 0)
                        return r;
        }
        return catalog_result(catalog, step);
}

int catalog_each_copy(struct Catalog *catalog, int64_t set, int (*row)(void *userdata, const struct CatalogCopy *copy),
                      void *userdata) {
        _cleanup_(catalog_finalizep) sqlite3_stmt *s = NULL;
        int r;

        r = catalog_prepare(catalog,
                            "SELECT " COPY_COLUMNS " FROM backups AS b CROSS JOIN copies AS c ON backup_id = id"
                            " WHERE set_id = ?1 AND (fate = 0 OR state = 3) ORDER BY id",
                            &s);
        if (r != 0)
                return r;
        sqlite3_bind_int64(s, 1, set);
        return each_copy(catalog, s, row, userdata);
}

int catalog_each_copy_of(struct Catalog *catalog, int64_t backup,
                         int (*row)(void *userdata, const struct CatalogCopy *copy), void *userdata) {
        sqlite3_stmt *s;
        int r;

        r = catalog_statement(catalog, STATEMENT_COPIES_OF,
                              "SELECT " COPY_COLUMNS " FROM backups AS b CROSS JOIN copies AS c ON backup_id = id"
                              " WHERE id = ?1 AND (fate = 0 OR state = 3)",
                              &s);
        if (r != 0)
                return r;
        sqlite3_bind_int64(s, 1, backup);
        r = each_copy(catalog, s, row, userdata);
        sqlite3_reset(s);
        return r;
}

int catalog_each_copy_at(struct Catalog *catalog, int64_t destination, const char *path,
                         int (*row)(void *userdata, const struct CatalogCopy *copy), void *userdata) {
        sqlite3_stmt *s;
        int r;

        r = catalog_statement(catalog, STATEMENT_COPIES_AT,
                              "SELECT " COPY_COLUMNS " FROM copies AS c CROSS JOIN backups AS b ON id = backup_id"
                              " WHERE destination_id = ?1 AND c.path = ?2 AND state = 3 ORDER BY id",
                              &s);
        if (r != 0)
                return r;
        sqlite3_bind_int64(s, 1, destination);
        sqlite3_bind_blob(s, 2, path, (int)strlen(path), SQLITE_STATIC);
        r = each_copy(catalog, s, row, userdata);
        sqlite3_reset(s);
        return r;
}

static int read_intent(sqlite3_stmt *s, char path[static CATALOG_PATH_MAX + 1], struct CatalogIntent *ret) {
        struct CatalogIntent intent = {
                .id = sqlite3_column_int64(s, 0),
                .destination = sqlite3_column_int64(s, 1),
                .backup = sqlite3_column_int64(s, 2),
                .meant_usec = sqlite3_column_int64(s, 10),
                .ended_usec = sqlite3_column_int64(s, 11),
                .owner = sqlite3_column_int64(s, 13),
        };
        int state = 0, owner_state = 0, r;

        r = check_types(s, "iiibiiiittiiiii");
        if (r == 0)
                r = read_path(s, 3, path, &intent.path);
        if (r == 0)
                r = read_text(s, 8, &intent.trash_name);
        if (r == 0)
                r = read_text(s, 9, &intent.reason);
        if (r == 0 && !catalog_trash_name_is_valid(intent.trash_name))
                r = CATALOG_E_DAMAGED;
        read_stat(s, 4, &intent.stat);
        if (r == 0)
                r = read_enum(s, 12, _CATALOG_INTENT_STATE_MAX, &state);
        if (r == 0)
                r = read_enum(s, 14, _CATALOG_INTENT_STATE_MAX, &owner_state);
        intent.state = (enum CatalogIntentState)state;
        intent.owner_state = (enum CatalogIntentState)owner_state;
        if (r == 0)
                *ret = intent;
        return r;
}

int catalog_each_intent(struct Catalog *catalog, int64_t set,
                        int (*row)(void *userdata, const struct CatalogIntent *intent), void *userdata) {
        _cleanup_(catalog_finalizep) sqlite3_stmt *s = NULL;
        char path[CATALOG_PATH_MAX + 1];
        int r, step;

        r = catalog_prepare(
                catalog,
                "SELECT id, destination_id, backup_id, path, ino, size, mtime_usec, birth_usec, trash_name,"
                " reason, meant_usec, ended_usec, state, owner_id, coalesce((SELECT owner.state FROM intents"
                " AS owner WHERE owner.id = intents.owner_id), 0) FROM intents"
                " WHERE set_id = ?1 AND state < 2 ORDER BY id",
                &s);
        if (r != 0)
                return r;
        sqlite3_bind_int64(s, 1, set);
        while ((step = sqlite3_step(s)) == SQLITE_ROW) {
                struct CatalogIntent intent = {};

                r = read_intent(s, path, &intent);
                intent.set = set;
                if (r == 0)
                        r = row(userdata, &intent);
                if (r != 0)
                        return r;
        }
        return catalog_result(catalog, step);
}

int catalog_each_event(struct Catalog *catalog, const uint8_t boot[static 16], int64_t since_usec,
                       int (*row)(void *userdata, const struct CatalogEvent *event), void *userdata) {
        _cleanup_(catalog_finalizep) sqlite3_stmt *s = NULL;
        int r, step;

        r = catalog_prepare(catalog,
                            "SELECT id, usec, boot, data FROM events"
                            " WHERE boot IS NULL OR (boot != ?1 AND usec >= ?2) ORDER BY usec, id",
                            &s);
        if (r != 0)
                return r;
        sqlite3_bind_blob(s, 1, boot, 16, SQLITE_STATIC);
        sqlite3_bind_int64(s, 2, since_usec);
        while ((step = sqlite3_step(s)) == SQLITE_ROW) {
                struct CatalogEvent event = {.usec = sqlite3_column_int64(s, 1)};

                if (check_types(s, "biBb") != 0 || sqlite3_column_bytes(s, 0) != CATALOG_EVENT_ID_SIZE ||
                    sqlite3_column_bytes(s, 3) > CATALOG_EVENT_MAX ||
                    (sqlite3_column_type(s, 2) != SQLITE_NULL && sqlite3_column_bytes(s, 2) != sizeof(event.boot)))
                        return CATALOG_E_DAMAGED;
                memcpy(event.id, sqlite3_column_blob(s, 0), sizeof(event.id));
                if (sqlite3_column_type(s, 2) != SQLITE_NULL)
                        memcpy(event.boot, sqlite3_column_blob(s, 2), sizeof(event.boot));
                event.data = sqlite3_column_blob(s, 3);
                event.n_data = (size_t)sqlite3_column_bytes(s, 3);
                r = row(userdata, &event);
                if (r != 0)
                        return r;
        }
        return catalog_result(catalog, step);
}

static int read_number(struct Catalog *catalog, sqlite3_stmt *s, int64_t *ret) {
        int r = sqlite3_step(s);

        if (r != SQLITE_ROW)
                return r == SQLITE_DONE ? CATALOG_E_DAMAGED : catalog_result(catalog, r);
        *ret = sqlite3_column_type(s, 0) == SQLITE_NULL ? INT64_MIN : sqlite3_column_int64(s, 0);
        return 0;
}

int catalog_n_removed(struct Catalog *catalog, int64_t set, int64_t destination, int64_t since_usec, uint64_t *ret) {
        _cleanup_(catalog_finalizep) sqlite3_stmt *s = NULL;
        int64_t n = 0;
        int r;

        r = catalog_prepare(
                catalog,
                "SELECT count(*) FROM intents WHERE set_id = ?1 AND destination_id = ?2 AND meant_usec >= ?3"
                " AND state IN (1, 2) AND owner_id = 0",
                &s);
        if (r != 0)
                return r;
        sqlite3_bind_int64(s, 1, set);
        sqlite3_bind_int64(s, 2, destination);
        sqlite3_bind_int64(s, 3, since_usec);
        r = read_number(catalog, s, &n);
        if (r == 0)
                *ret = (uint64_t)n;
        return r;
}

int catalog_clock(struct Catalog *catalog, struct Clock *ret) {
        _cleanup_(catalog_finalizep) sqlite3_stmt *s = NULL;
        int r;

        r = catalog_prepare(catalog, "SELECT last_usec, boot, boottime_usec FROM clock", &s);
        if (r != 0)
                return r;
        r = sqlite3_step(s);
        if (r != SQLITE_ROW)
                return r == SQLITE_DONE ? 0 : catalog_result(catalog, r);
        if (sqlite3_column_bytes(s, 1) != CLOCK_BOOT_SIZE)
                return CATALOG_E_DAMAGED;
        ret->usec = sqlite3_column_int64(s, 0);
        memcpy(ret->boot, sqlite3_column_blob(s, 1), CLOCK_BOOT_SIZE);
        ret->boottime_usec = sqlite3_column_int64(s, 2);
        return 1;
}
