/* SPDX-License-Identifier: MIT */
#include "lib/catalog-internal.h"
#include "lib/error.h"

static void bind_path(sqlite3_stmt *s, int column, const char *path) {
        if (path)
                sqlite3_bind_blob(s, column, path, (int)strlen(path), SQLITE_STATIC);
}

static void bind_stat(sqlite3_stmt *s, int column, const struct BackupStat *stat) {
        sqlite3_bind_int64(s, column, (sqlite3_int64)stat->ino);
        sqlite3_bind_int64(s, column + 1, (sqlite3_int64)stat->size);
        sqlite3_bind_int64(s, column + 2, stat->mtime_usec);
        sqlite3_bind_int64(s, column + 3, stat->birth_usec);
}

static void bind_digest(sqlite3_stmt *s, int column, bool has_digest, const struct Digest *digest) {
        if (has_digest)
                sqlite3_bind_blob(s, column, digest->bytes, DIGEST_SIZE, SQLITE_STATIC);
}

static int check_path(const char *path) {
        return path && catalog_path_is_valid(path, strlen(path)) ? 0 : -EINVAL;
}

/* Like catalog_run(), for what changes one row that must be there. */
static int run_on_row(struct Catalog *catalog, sqlite3_stmt *s) {
        int r = catalog_run(catalog, s);

        return r == 0 && sqlite3_changes(catalog->db) == 0 ? -ENOENT : r;
}

int catalog_put_marker(struct Catalog *catalog, int64_t destination, const char *marker) {
        _cleanup_(catalog_finalizep) sqlite3_stmt *s = NULL;
        int r;

        if (!catalog_marker_is_valid(marker))
                return -EINVAL;
        r = catalog_prepare(catalog, "UPDATE destinations SET marker = ?2 WHERE id = ?1", &s);
        if (r != 0)
                return r;
        sqlite3_bind_int64(s, 1, destination);
        sqlite3_bind_text(s, 2, marker, -1, SQLITE_STATIC);
        return run_on_row(catalog, s);
}

int catalog_put_root(struct Catalog *catalog, int64_t set, const struct CatalogRoot *root) {
        _cleanup_(catalog_finalizep) sqlite3_stmt *s = NULL;
        int r;

        r = catalog_prepare(catalog, "UPDATE sets SET root_ino = ?2, root_birth_usec = ?3 WHERE id = ?1", &s);
        if (r != 0)
                return r;
        sqlite3_bind_int64(s, 1, set);
        sqlite3_bind_int64(s, 2, (sqlite3_int64)root->ino);
        sqlite3_bind_int64(s, 3, root->birth_usec);
        return run_on_row(catalog, s);
}

int catalog_put_backup(struct Catalog *catalog, struct CatalogBackup *backup) {
        sqlite3_stmt *s;
        int r;

        r = check_path(backup->path);
        if (r == 0 && backup->id == 0)
                r = catalog_statement(catalog, STATEMENT_INSERT_BACKUP,
                                      "INSERT INTO backups (set_id, path, ino, size, mtime_usec, birth_usec, time_usec,"
                                      " sha256, is_changed, is_suspect, seen_usec)"
                                      " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
                                      &s);
        else if (r == 0)
                r = catalog_statement(catalog, STATEMENT_UPDATE_BACKUP,
                                      "UPDATE backups SET path = ?2, ino = ?3, size = ?4, mtime_usec = ?5,"
                                      " birth_usec = ?6, time_usec = ?7, sha256 = ?8, is_changed = ?9,"
                                      " is_suspect = ?10 WHERE set_id = ?1 AND id = ?12",
                                      &s);
        if (r != 0)
                return r;
        sqlite3_bind_int64(s, 1, backup->set);
        bind_path(s, 2, backup->path);
        bind_stat(s, 3, &backup->stat);
        if (backup->time_usec != INT64_MIN)
                sqlite3_bind_int64(s, 7, backup->time_usec);
        bind_digest(s, 8, backup->has_digest, &backup->digest);
        sqlite3_bind_int(s, 9, backup->is_changed);
        sqlite3_bind_int(s, 10, backup->is_suspect);
        if (backup->id == 0)
                sqlite3_bind_int64(s, 11, backup->seen_usec);
        else
                sqlite3_bind_int64(s, 12, backup->id);
        r = backup->id == 0 ? catalog_run(catalog, s) : run_on_row(catalog, s);
        if (r != 0)
                return r;
        if (backup->id == 0)
                backup->id = sqlite3_last_insert_rowid(catalog->db);
        return 0;
}

int catalog_end_backup(struct Catalog *catalog, int64_t id, enum CatalogFate fate, int64_t usec, const char *reason) {
        sqlite3_stmt *s;
        int r;

        r = catalog_statement(catalog, STATEMENT_END_BACKUP,
                              "UPDATE backups SET fate = ?2, ended_usec = ?3, ended_reason = ?4 WHERE id = ?1", &s);
        if (r != 0)
                return r;
        sqlite3_bind_int64(s, 1, id);
        sqlite3_bind_int(s, 2, (int)fate);
        sqlite3_bind_int64(s, 3, usec);
        sqlite3_bind_text(s, 4, strempty(reason), -1, SQLITE_STATIC);
        return run_on_row(catalog, s);
}

/* A state alone leaves what is known of the copy as it was. Where it lies is settled when it is copied, whatever its backup is called later. */
int catalog_put_copy(struct Catalog *catalog, const struct CatalogCopy *copy) {
        sqlite3_stmt *s;
        int r = copy->path ? check_path(copy->path) : 0;

        if (r == 0)
                r = catalog_statement(
                        catalog, STATEMENT_PUT_COPY,
                        "INSERT INTO copies VALUES (?1, ?2, ?3, coalesce(?4, iif(?3 = 3, (SELECT path FROM"
                        " backups WHERE id = ?1), NULL)), ?5, ?6, ?7, ?8, ?9, ?10, ?11)"
                        " ON CONFLICT DO UPDATE SET state = ?3, path = coalesce(excluded.path, path),"
                        " ino = iif(?3 = 3, ?5, ino), size = iif(?3 = 3, ?6, size),"
                        " mtime_usec = iif(?3 = 3, ?7, mtime_usec),"
                        " birth_usec = iif(?3 = 3, ?8, birth_usec), sha256 = coalesce(?9, sha256),"
                        " copied_usec = max(?10, copied_usec), verified_usec = max(?11, verified_usec)",
                        &s);
        if (r != 0)
                return r;
        sqlite3_bind_int64(s, 1, copy->backup);
        sqlite3_bind_int64(s, 2, copy->destination);
        sqlite3_bind_int(s, 3, (int)copy->state);
        bind_path(s, 4, copy->path);
        bind_stat(s, 5, &copy->stat);
        bind_digest(s, 9, copy->has_digest, &copy->digest);
        sqlite3_bind_int64(s, 10, copy->copied_usec);
        sqlite3_bind_int64(s, 11, copy->verified_usec);
        return catalog_run(catalog, s);
}

static_assert(CATALOG_COPY_COPIED == 3, "catalog_put_copy() says so in SQL");

int catalog_put_intent(struct Catalog *catalog, struct CatalogIntent *intent) {
        sqlite3_stmt *s;
        int r;

        r = catalog_trash_name_is_valid(intent->trash_name) ? check_path(intent->path) : -EINVAL;
        if (r == 0)
                r = catalog_statement(catalog, STATEMENT_INSERT_INTENT,
                                      "INSERT INTO intents VALUES (?14, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11,"
                                      " ?12, ?13, ?15) ON CONFLICT (id) DO UPDATE SET trash_name = ?9, reason = ?10,"
                                      " ended_usec = ?12, state = ?13",
                                      &s);
        if (r != 0)
                return r;
        sqlite3_bind_int64(s, 1, intent->set);
        sqlite3_bind_int64(s, 2, intent->destination);
        sqlite3_bind_int64(s, 3, intent->backup);
        bind_path(s, 4, intent->path);
        bind_stat(s, 5, &intent->stat);
        sqlite3_bind_text(s, 9, intent->trash_name, -1, SQLITE_STATIC);
        sqlite3_bind_text(s, 10, strempty(intent->reason), -1, SQLITE_STATIC);
        sqlite3_bind_int64(s, 11, intent->meant_usec);
        sqlite3_bind_int64(s, 12, intent->ended_usec);
        sqlite3_bind_int(s, 13, (int)intent->state);
        sqlite3_bind_int64(s, 15, intent->owner);
        if (intent->id != 0)
                sqlite3_bind_int64(s, 14, intent->id);
        r = catalog_run(catalog, s);
        if (r != 0)
                return r;
        if (intent->id == 0)
                intent->id = sqlite3_last_insert_rowid(catalog->db);
        return 0;
}

int catalog_end_intent(struct Catalog *catalog, int64_t id, enum CatalogIntentState state, int64_t usec) {
        sqlite3_stmt *s;
        int r;

        r = catalog_statement(catalog, STATEMENT_END_INTENT,
                              "UPDATE intents SET state = ?2, ended_usec = ?3 WHERE id = ?1", &s);
        if (r != 0)
                return r;
        sqlite3_bind_int64(s, 1, id);
        sqlite3_bind_int(s, 2, (int)state);
        sqlite3_bind_int64(s, 3, usec);
        return run_on_row(catalog, s);
}

int catalog_put_event(struct Catalog *catalog, const struct CatalogEvent *event) {
        sqlite3_stmt *s;
        int r;

        if (event->n_data > CATALOG_EVENT_MAX)
                return -EMSGSIZE;
        r = catalog_statement(catalog, STATEMENT_PUT_EVENT, "INSERT INTO events (id, usec, data) VALUES (?1, ?2, ?3)",
                              &s);
        if (r != 0)
                return r;
        sqlite3_bind_blob(s, 1, event->id, sizeof(event->id), SQLITE_STATIC);
        sqlite3_bind_int64(s, 2, event->usec);
        /* A NULL pointer would bind NULL. */
        sqlite3_bind_blob(s, 3, event->n_data > 0 ? event->data : "", (int)event->n_data, SQLITE_STATIC);
        return catalog_run(catalog, s);
}

int catalog_deliver_event(struct Catalog *catalog, const uint8_t id[static CATALOG_EVENT_ID_SIZE],
                          const uint8_t boot[static 16]) {
        sqlite3_stmt *s;
        int r;

        r = catalog_statement(catalog, STATEMENT_DELIVER_EVENT, "UPDATE events SET boot = ?2 WHERE id = ?1", &s);
        if (r != 0)
                return r;
        sqlite3_bind_blob(s, 1, id, CATALOG_EVENT_ID_SIZE, SQLITE_STATIC);
        sqlite3_bind_blob(s, 2, boot, 16, SQLITE_STATIC);
        return catalog_run(catalog, s);
}

int catalog_forget_events(struct Catalog *catalog, int64_t before_usec) {
        _cleanup_(catalog_finalizep) sqlite3_stmt *s = NULL;
        int r;

        r = catalog_prepare(catalog, "DELETE FROM events WHERE boot IS NOT NULL AND usec < ?1", &s);
        if (r != 0)
                return r;
        sqlite3_bind_int64(s, 1, before_usec);
        return catalog_run(catalog, s);
}
