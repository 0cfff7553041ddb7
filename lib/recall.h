/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What the catalog remembers, brought together with what was seen: which backups
 * are known, which copies of them are at the destinations, and what happened
 * behind our back. Catalog rows go in, one after another; a view by the numbers
 * of the indexes comes out.
 *
 * All backups' rows come before any copy's.
 */

#include "lib/base.h"
#include "lib/catalog.h"
#include "lib/config.h"
#include "lib/index.h"
#include "lib/plan.h"

/* A file of the source. */
struct RecallBackup {
        int64_t id; /* in the catalog; 0: not yet there */
        bool has_digest;
        bool is_changed, is_suspect;
        struct Digest digest;
};

/* A file at a destination; backup 0: not ours. */
struct RecallCopy {
        int64_t backup;
        uint32_t entry;         /* in the source, or INDEX_NONE */
        struct BackupStat stat; /* as the catalog has it */
        bool has_digest;
        struct Digest digest;
        int64_t birth_usec; /* its backup's */
};

/* A backup that is not what it was. */
struct RecallEnd {
        int64_t id;
        enum CatalogFate fate;
        uint32_t entry; /* of what has its name now; INDEX_NONE: nothing */
};

struct RecallRename {
        uint32_t entry; /* its new place */
        char *from;
};

/* A copy that is not yet where its backup is. */
struct RecallMove {
        uint32_t entry;
        uint32_t copy; /* which destination */
        char *from;    /* where it lies there */
        struct BackupStat stat;
};

/* A copy that was there and is not any more. */
struct RecallMissing {
        uint32_t entry;
        uint32_t copy; /* which destination */
};

struct Recall {
        const struct ConfigSet *set;
        struct Index *index;
        struct Index **copy_indexes;
        bool *copy_is_there;
        bool source_is_whole; /* so what was not seen is gone */

        struct RecallBackup *backups; /* by entry of the source */
        uint8_t **facts;              /* by destination and entry: enum PlanFact */
        uint8_t *flags;               /* by entry: enum PlanFlag */
        struct RecallCopy **copies;   /* by destination and entry there */

        struct RecallEnd *ends;
        size_t n_ends, n_ends_allocated;
        struct RecallRename *renames;
        size_t n_renames, n_renames_allocated;
        struct RecallMove *moves;
        size_t n_moves, n_moves_allocated;
        struct RecallMissing *missing;
        size_t n_missing, n_missing_allocated;
        int64_t *unsafe; /* backups that left the source, of which a copy is not there as it was */
        size_t n_unsafe, n_unsafe_allocated;

        /* Only while rows come in. */
        int64_t *destinations; /* the catalog's numbers of the set's destinations */
        struct RecallPlace *places;
        size_t n_places, n_places_allocated;
        struct RecallLost *lost;
        size_t n_lost, n_lost_allocated;
};

/* Borrows the set and the indexes; the other arrays are copied. The indexes are arranged. */
int recall_new(const struct ConfigSet *set, struct Index *index, struct Index **copy_indexes, const bool *copy_is_there,
               bool source_is_whole, const int64_t *destinations, struct Recall **ret);
struct Recall *recall_free(struct Recall *recall);
DEFINE_CLEANUP(struct Recall *, recall_free)

/* In the form that catalog_each_backup() and catalog_each_copy() call back. */
int recall_add_backup(void *recall, const struct CatalogBackup *backup);
/* Finds the renamed among what was not seen again; between the backups and the copies. */
int recall_match(struct Recall *recall);
int recall_add_copy(void *recall, const struct CatalogCopy *copy);

/* Whether the backup came by recall_add_backup(); after recall_match(). */
bool recall_knows(const struct Recall *recall, int64_t backup);

/* The path of an index's entry, to be freed. */
char *recall_path(const struct Index *index, uint32_t entry);
/* The entry of a path, or INDEX_NONE. */
uint32_t recall_find(const struct Index *index, const char *path);
/* The directory that the path lies in, made in the index where it is not there. */
int recall_directory(struct Index *index, const char *path, uint32_t *ret);
