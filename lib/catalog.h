/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The memory that outlives a process: every backup and copy ever seen with its
 * digest, identity and fate; what destinations want; intents of removal; markers
 * of destinations; events not yet surely delivered. SQLite, one file.
 *
 * One thread at a time uses a catalog, and only the process that holds the state
 * directory's lock writes it. What is read from it is validated like anything
 * from outside: a row that cannot be is CATALOG_E_DAMAGED, never a wild value.
 *
 * Nothing is durable before catalog_commit() returned 0.
 */

#include "lib/backup.h"
#include "lib/base.h"
#include "lib/clock.h"
#include "lib/digest.h"

#define CATALOG_FILE "catalog.db"
#define CATALOG_VERSION 2
#define CATALOG_PATH_MAX 4096 /* bytes of a path, NUL excluded */

enum {
        CATALOG_E_DAMAGED = 1, /* not a database, fails its check, or holds what cannot be */
        CATALOG_E_NEWER,       /* written by a newer retaind */
        CATALOG_E_FOREIGN,     /* a database of another program */
        CATALOG_E_NONE,        /* read-only, and there is none */
};

/* What became of a backup in its source. */
enum CatalogFate {
        CATALOG_PRESENT,
        CATALOG_REMOVED,  /* by us */
        CATALOG_GONE,     /* by others */
        CATALOG_REPLACED, /* its name has other content now */
        _CATALOG_FATE_MAX,
};

enum CatalogCopyState {
        CATALOG_COPY_UNDECIDED, /* no row */
        CATALOG_COPY_UNWANTED,
        CATALOG_COPY_WANTED, /* and not there yet, or not any more */
        CATALOG_COPY_COPIED,
        CATALOG_COPY_REMOVED,   /* by the destination's own retention */
        CATALOG_COPY_FORGOTTEN, /* a person said that it need not be */
        _CATALOG_COPY_STATE_MAX,
};

/* Of an intent to remove a file. Above CATALOG_INTENT_TRASHED, it is over. */
enum CatalogIntentState {
        CATALOG_INTENT_MEANT,    /* may be in place, in the trash directory, or gone */
        CATALOG_INTENT_TRASHED,  /* lies in the trash directory, for Trash= */
        CATALOG_INTENT_DONE,     /* unlinked */
        CATALOG_INTENT_PUT_BACK, /* was not what was meant, or could not be removed */
        _CATALOG_INTENT_STATE_MAX,
};

/* Paths are bytes, relative to the source or the destination, NUL-terminated. */
struct CatalogBackup {
        int64_t id; /* 0: not yet in the catalog */
        int64_t set;
        const char *path;
        struct BackupStat stat;
        int64_t time_usec; /* its age counts from; INT64_MIN: unknown */
        bool has_digest;
        struct Digest digest; /* of the content with this identity */
        bool is_suspect;      /* its content is not what its digest says */
        bool is_changed;      /* came in the place of other content that had been copied, with OnChange=alarm */
        int64_t seen_usec;    /* first */
};

struct CatalogCopy {
        int64_t backup;
        int64_t destination;
        enum CatalogCopyState state;
        const char *path;       /* at the destination; NULL: the backup's own */
        struct BackupStat stat; /* at the destination, where copied */
        bool has_digest;
        struct Digest digest;
        int64_t copied_usec;          /* 0: never */
        int64_t verified_usec;        /* 0: never; last read back and equal */
        int64_t backup_time_usec;     /* read only: of the backup */
        int64_t backup_birth_usec;    /* read only */
        enum CatalogFate backup_fate; /* read only */
};

struct CatalogIntent {
        int64_t id; /* 0: not yet in the catalog */
        int64_t set;
        int64_t destination; /* 0: in the source */
        int64_t backup;
        int64_t owner;                       /* of a companion: the intent for its backup; 0: it is none */
        enum CatalogIntentState owner_state; /* read only */
        const char *path;
        struct BackupStat stat;
        const char *trash_name; /* below .retaind-trash/ */
        const char *reason;     /* one clause for the audit trail */
        int64_t meant_usec;
        int64_t ended_usec; /* when it came to its state */
        enum CatalogIntentState state;
};

/* The root of a tree, to know it again. */
struct CatalogRoot {
        uint64_t ino;
        int64_t birth_usec;
};

struct CatalogDestination {
        int64_t id;
        char marker[33]; /* 32 hexadecimal digits; "": none yet */
};

#define CATALOG_EVENT_ID_SIZE 16
#define CATALOG_EVENT_MAX 16384

/* An event as it is to be delivered; data is the caller's. */
struct CatalogEvent {
        uint8_t id[CATALOG_EVENT_ID_SIZE];
        uint8_t boot[16]; /* of the boot in which it was last delivered; zero: never delivered */
        int64_t usec;
        const void *data;
        size_t n_data;
};

struct Catalog;

/*
 * Opens CATALOG_FILE in the directory, makes it where it is missing, brings an older one forward, checks it. A
 * read-only catalog is never made, migrated or changed, and neither is anything beside it.
 */
int catalog_open(const char *directory, bool read_only, struct Catalog **ret);
struct Catalog *catalog_free(struct Catalog *catalog);
DEFINE_CLEANUP(struct Catalog *, catalog_free)

/* What a positive result of catalog_open() means and what to do about it, for a person. */
const char *catalog_error_text(int error) _const_;
/* SQLite's own words on the last failure; never NULL. */
const char *catalog_last_error(const struct Catalog *catalog);

int catalog_begin(struct Catalog *catalog);
/* Notes the clock beside what changed; NULL: it is not to be believed. On failure all since catalog_begin() is undone. */
int catalog_commit(struct Catalog *catalog, const struct Clock *clock);
void catalog_rollback(struct Catalog *catalog);

/* Finds a set or a destination by name, or makes it. Read-only: -ENOENT. */
int catalog_set(struct Catalog *catalog, const char *name, int64_t *ret_id);
int catalog_destination(struct Catalog *catalog, int64_t set, const char *name, struct CatalogDestination *ret);
int catalog_put_marker(struct Catalog *catalog, int64_t destination, const char *marker);
/* 1 with the root, 0 if none was recorded. */
int catalog_root(struct Catalog *catalog, int64_t set, struct CatalogRoot *ret);
int catalog_put_root(struct Catalog *catalog, int64_t set, const struct CatalogRoot *root);

/*
 * Each calls back for every row, in order of id (events: of their moment); a non-zero result ends the walk and is
 * returned. What it is given lasts as long as the call. It may not call what writes, begins, commits or frees here.
 */
int catalog_each_backup(struct Catalog *catalog, int64_t set, /* the present ones */
                        int (*row)(void *userdata, const struct CatalogBackup *backup), void *userdata);
/* Copies at the set's destinations: of present backups in any state, of others those that are copied. */
int catalog_each_copy(struct Catalog *catalog, int64_t set, int (*row)(void *userdata, const struct CatalogCopy *copy),
                      void *userdata);
/* Of a part of a set: the present backup of a path, the copies of a backup, what we copied to a path. */
int catalog_each_backup_at(struct Catalog *catalog, int64_t set, const char *path,
                           int (*row)(void *userdata, const struct CatalogBackup *backup), void *userdata);
int catalog_each_copy_of(struct Catalog *catalog, int64_t backup,
                         int (*row)(void *userdata, const struct CatalogCopy *copy), void *userdata);
int catalog_each_copy_at(struct Catalog *catalog, int64_t destination, const char *path,
                         int (*row)(void *userdata, const struct CatalogCopy *copy), void *userdata);
/* Those that are not over. */
int catalog_each_intent(struct Catalog *catalog, int64_t set,
                        int (*row)(void *userdata, const struct CatalogIntent *intent), void *userdata);
/* Those never delivered, and those delivered after since_usec in another boot. */
int catalog_each_event(struct Catalog *catalog, const uint8_t boot[static 16], int64_t since_usec,
                       int (*row)(void *userdata, const struct CatalogEvent *event), void *userdata);

/* Inserts (id 0, which is then set) or updates. */
int catalog_put_backup(struct Catalog *catalog, struct CatalogBackup *backup);
int catalog_end_backup(struct Catalog *catalog, int64_t id, enum CatalogFate fate, int64_t usec, const char *reason);
int catalog_put_copy(struct Catalog *catalog, const struct CatalogCopy *copy);
int catalog_put_intent(struct Catalog *catalog, struct CatalogIntent *intent);
int catalog_end_intent(struct Catalog *catalog, int64_t id, enum CatalogIntentState state, int64_t usec);
int catalog_put_event(struct Catalog *catalog, const struct CatalogEvent *event);
int catalog_deliver_event(struct Catalog *catalog, const uint8_t id[static CATALOG_EVENT_ID_SIZE],
                          const uint8_t boot[static 16]);
/* Delivered events older than that are not needed any more. */
int catalog_forget_events(struct Catalog *catalog, int64_t before_usec);

/* How many backups were removed there since, companions not counted; destination 0 is the source. */
int catalog_n_removed(struct Catalog *catalog, int64_t set, int64_t destination, int64_t since_usec, uint64_t *ret);
/* 1 with the clock as it was when anything was recorded last, 0 if nothing was. */
int catalog_clock(struct Catalog *catalog, struct Clock *ret);
