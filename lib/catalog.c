/* SPDX-License-Identifier: MIT */
#include "lib/catalog.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/catalog-internal.h"
#include "lib/error.h"

#define BUSY_MSEC 5000
#define LENGTH_MAX (4 * 1024 * 1024)

int catalog_result(struct Catalog *catalog, int sqlite) {
        int error;

        if (sqlite == SQLITE_IOERR_NOMEM)
                return -ENOMEM;
        if (sqlite == SQLITE_CANTOPEN_SYMLINK)
                return -ELOOP;
        switch (sqlite & 0xff) {
        case SQLITE_OK:
        case SQLITE_ROW:
        case SQLITE_DONE:
                return 0;
        case SQLITE_CORRUPT:
        case SQLITE_NOTADB:
                return CATALOG_E_DAMAGED;
        case SQLITE_CONSTRAINT: /* what was to be written cannot be */
        case SQLITE_MISMATCH:
                return -EINVAL;
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
        case SQLITE_IOERR:
                error = sqlite3_system_errno(catalog->db);
                return error > 0 ? -error : -EIO;
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
        int r;

        /* What a transaction wrote that SQLite has undone meanwhile must not be followed by a rest of it. */
        if (catalog->is_begun && sqlite3_get_autocommit(catalog->db))
                return -ECANCELED;
        r = catalog_result(catalog, sqlite3_step(statement));
        sqlite3_reset(statement);
        return r;
}

int catalog_execute(struct Catalog *catalog, const char *sql) {
        return catalog_result(catalog, sqlite3_exec(catalog->db, sql, NULL, NULL, NULL));
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

bool catalog_trash_name_is_valid(const char *name) {
        return name && strlen(name) <= NAME_MAX && !strchr(name, '/') && catalog_path_is_valid(name, strlen(name));
}

bool catalog_marker_is_valid(const char *marker) {
        size_t n = strlen(marker);

        return n == 0 || (n == 32 && strspn(marker, "0123456789abcdef") == 32);
}

static bool exists(const char *path, const char *suffix) {
        _cleanup_(freep) char *name = NULL;
        struct stat st;

        return asprintf(&name, "%s%s", path, suffix) >= 0 && lstat(name, &st) == 0;
}

/*
 * Reading may change nothing, and SQLite as such makes -wal and -shm. Where both are there, readonly_shm reads what
 * the log holds, beside a run at work too. Else nobody is at work, for a writer keeps both: the file is read as it
 * is. A log without its -shm, as a power cut may leave it, is then not seen: what it holds is missing here until
 * the next run takes it over. A file that is torn without its log fails its check.
 */
static int open_unchanged(const char *path, sqlite3 **ret) {
        const char *how = exists(path, "-wal") && exists(path, "-shm") ? "readonly_shm=1" : "immutable=1";
        _cleanup_(freep) char *uri = malloc(strlen("file:?") + 3 * strlen(path) + strlen(how) + 1);
        char *p = uri;

        if (!uri)
                return SQLITE_NOMEM;
        p = stpcpy(p, "file:");
        for (const char *c = path; *c; c++)
                if (strchr("?#%", *c))
                        p += sprintf(p, "%%%02X", (unsigned)*c);
                else
                        *p++ = *c;
        *p++ = '?';
        strcpy(p, how);
        return sqlite3_open_v2(
                uri, ret, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_URI | SQLITE_OPEN_NOFOLLOW, NULL);
}

/* SQLite would make it readable to all; umask() is the whole process's. */
static int make_file(const char *path) {
        int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

        if (fd < 0)
                return errno == EEXIST ? 0 : -errno;
        close(fd);
        return 0;
}

/* 1 where there is one with something in it, 0 where there is none. */
static int look_at_file(const char *path) {
        struct stat st;

        if (lstat(path, &st) < 0)
                return errno == ENOENT ? 0 : -errno;
        if (S_ISLNK(st.st_mode))
                return -ELOOP;
        if (S_ISDIR(st.st_mode))
                return -EISDIR;
        if (!S_ISREG(st.st_mode))
                return CATALOG_E_DAMAGED;
        return st.st_size > 0;
}

static int configure(struct Catalog *catalog) {
        static const struct {
                int option, value;
        } options[] = {
                {SQLITE_DBCONFIG_DEFENSIVE, 1},      {SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0},
                {SQLITE_DBCONFIG_ENABLE_TRIGGER, 0}, {SQLITE_DBCONFIG_ENABLE_VIEW, 0},
                {SQLITE_DBCONFIG_ENABLE_FKEY, 1},
        };
        static const struct {
                int what, most;
        } limits[] = {
                {SQLITE_LIMIT_LENGTH, LENGTH_MAX},
                {SQLITE_LIMIT_SQL_LENGTH, LENGTH_MAX},
                {SQLITE_LIMIT_ATTACHED, 0},
                {SQLITE_LIMIT_WORKER_THREADS, 0},
        };

        for (size_t i = 0; i < ELEMENTSOF(options); i++)
                sqlite3_db_config(catalog->db, options[i].option, options[i].value, NULL);
        for (size_t i = 0; i < ELEMENTSOF(limits); i++)
                sqlite3_limit(catalog->db, limits[i].what, limits[i].most);
        sqlite3_extended_result_codes(catalog->db, 1);
        sqlite3_busy_timeout(catalog->db, BUSY_MSEC);
        return catalog_execute(catalog, "PRAGMA cell_size_check = ON; PRAGMA mmap_size = 0");
}

/* Whose file it is, found out without a change to it: what is not ours is left as it was. */
static int probe(const char *path) {
        _cleanup_(catalog_freep) struct Catalog *catalog = calloc(1, sizeof(*catalog));
        int64_t version;
        bool is_empty;
        int r;

        if (!catalog)
                return -ENOMEM;
        r = catalog_result(catalog, open_unchanged(path, &catalog->db));
        if (r == 0)
                r = configure(catalog);
        if (r == 0)
                r = catalog_check_identity(catalog, &version, &is_empty);
        /* Anything else is for the opening itself to find: it reads the log that this may have missed. */
        return r == CATALOG_E_FOREIGN || r == CATALOG_E_NEWER ? r : 0;
}

static int open_writable(struct Catalog *catalog, const char *path) {
        int r;

        r = look_at_file(path);
        if (r == 0)
                r = make_file(path);
        else if (r == 1)
                r = probe(path);
        if (r != 0)
                return r;
        r = catalog_result(catalog,
                           sqlite3_open_v2(path, &catalog->db,
                                           SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW, NULL));
        if (r == 0)
                r = configure(catalog);
        if (r == 0)
                r = catalog_execute(catalog, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
        return r;
}

static int open_read_only(struct Catalog *catalog, const char *path) {
        int r;

        r = look_at_file(path);
        if (r != 1)
                return r == 0 ? CATALOG_E_NONE : r;
        r = catalog_result(catalog, open_unchanged(path, &catalog->db));
        if (r == 0)
                r = configure(catalog);
        return r == 0 ? catalog_execute(catalog, "PRAGMA query_only = ON") : r;
}

int catalog_open(const char *directory, bool read_only, struct Catalog **ret) {
        _cleanup_(freep) char *resolved = NULL, *path = NULL;
        _cleanup_(catalog_freep) struct Catalog *catalog = NULL;
        int r;

        /* SQLITE_OPEN_NOFOLLOW refuses a link anywhere on the way; the way to the directory is the administrator's. */
        resolved = realpath(directory, NULL);
        if (!resolved)
                return read_only && errno == ENOENT ? CATALOG_E_NONE : -errno;
        if (asprintf(&path, "%s/" CATALOG_FILE, resolved) < 0)
                return -ENOMEM;
        catalog = calloc(1, sizeof(*catalog));
        if (!catalog)
                return -ENOMEM;
        catalog->is_read_only = read_only;
        r = read_only ? open_read_only(catalog, path) : open_writable(catalog, path);
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
                       "are compared with their backups again before they count, and no backup is lost";
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
        int r = catalog_execute(catalog, catalog->is_read_only ? "BEGIN" : "BEGIN IMMEDIATE");

        if (r == 0) {
                catalog->is_begun = true;
                catalog->n_changes = sqlite3_total_changes(catalog->db);
        }
        return r;
}

static int write_clock(struct Catalog *catalog, const struct Clock *clock) {
        _cleanup_(catalog_finalizep) sqlite3_stmt *s = NULL;
        int r;

        if (!clock || sqlite3_total_changes(catalog->db) == catalog->n_changes)
                return 0;
        r = catalog_prepare(
                catalog,
                "INSERT INTO clock VALUES (1, ?, ?, ?) ON CONFLICT DO UPDATE SET"
                " last_usec = excluded.last_usec, boot = excluded.boot, boottime_usec = excluded.boottime_usec",
                &s);
        if (r != 0)
                return r;
        sqlite3_bind_int64(s, 1, clock->usec);
        sqlite3_bind_blob(s, 2, clock->boot, sizeof(clock->boot), SQLITE_STATIC);
        sqlite3_bind_int64(s, 3, clock->boottime_usec);
        return catalog_run(catalog, s);
}

int catalog_commit(struct Catalog *catalog, const struct Clock *clock) {
        int r = catalog->is_begun && sqlite3_get_autocommit(catalog->db) ? -ECANCELED : 0;

        if (r == 0)
                r = write_clock(catalog, clock);
        if (r == 0)
                r = catalog_execute(catalog, "COMMIT");
        if (r != 0)
                catalog_rollback(catalog);
        catalog->is_begun = false;
        return r;
}

void catalog_rollback(struct Catalog *catalog) {
        if (!sqlite3_get_autocommit(catalog->db))
                sqlite3_exec(catalog->db, "ROLLBACK", NULL, NULL, NULL);
        catalog->is_begun = false;
}
