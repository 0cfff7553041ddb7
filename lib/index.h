/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * A set in memory: its files, their series in order of age, and when each series
 * must be decided anew.
 *
 * Compact, because a set may hold a million files: what can be derived is not
 * stored (a file's path is its directory's and its name, a series of one undated
 * file has its path for a name), names lie end to end, numbers stand for
 * pointers. A look at the tree is a generation: index_begin(), every observation
 * by index_upsert(), index_sweep() for what was not seen again.
 *
 * Numbers of entries, series and directories stay valid until the next upsert,
 * forget or sweep.
 */

#include "lib/backup.h"
#include "lib/base.h"
#include "lib/config.h"
#include "lib/hash.h"

#define INDEX_NONE UINT32_MAX

struct Index;

enum IndexChange {
        INDEX_UNCHANGED,
        INDEX_ADDED,
        INDEX_CHANGED, /* the same name is another file, or has other content */
};

struct IndexEntry {
        const char *directory; /* relative to the source, "" for the source itself */
        uint32_t directory_number;
        const char *name;
        size_t n_name;
        struct BackupStat stat;
        int64_t time_usec;
        enum BackupTimeFrom time_from;
        bool is_companion; /* shares its owner's fate, and is of no series */
        uint32_t series;
};

/* A list of entries that its user keeps from call to call, so that it is allocated once. */
struct IndexList {
        uint32_t *ids;
        size_t n_ids, n_allocated;
};

int index_list_append(struct IndexList *list, uint32_t id);
void index_list_done(struct IndexList *list);

/* Borrows the set: its patterns, zone and AgeFrom=. The key comes from a random source. */
int index_new(const struct ConfigSet *set, struct HashKey key, struct Index **ret);
struct Index *index_free(struct Index *index);
DEFINE_CLEANUP(struct Index *, index_free)

/* The same set at another place. */
void index_rebase(struct Index *index, const struct ConfigSet *set);

void index_begin(struct Index *index);
int index_directory(struct Index *index, const char *path, uint32_t *ret_directory);
int index_upsert(struct Index *index, uint32_t directory, const char *name, size_t n_name,
                 const struct BackupStat *stat, enum IndexChange *ret_change);
/* 0 also where there was no such file. */
void index_forget(struct Index *index, uint32_t directory, const char *name, size_t n_name);
/* Forgets every file and directory that was not seen since index_begin(); *ret_n is how many files. */
int index_sweep(struct Index *index, size_t *ret_n);

/*
 * Beside a look that changes nothing: whether the file is as it was. Either way it was seen. What was not can be asked
 * for when the look is over, and index_tidy() then gives back what nothing uses any more.
 */
bool index_see(struct Index *index, uint32_t directory, const char *name, size_t n_name, const struct BackupStat *stat);
bool index_was_seen(const struct Index *index, uint32_t id) _pure_;
int index_tidy(struct Index *index);

/* Finds the companions' owners; to be called after changes and before series are read. */
int index_arrange(struct Index *index);

/* Numbers run from 0 to these; not every number below is in use. */
uint32_t index_entry_end(const struct Index *index) _pure_;
uint32_t index_series_end(const struct Index *index) _pure_;
uint32_t index_directory_end(const struct Index *index) _pure_;

/* False where the number is not in use. */
bool index_entry(const struct Index *index, uint32_t id, struct IndexEntry *ret);
bool index_has_series(const struct Index *index, uint32_t series) _pure_;

size_t index_n_entries(const struct Index *index) _pure_; /* companions included */
size_t index_n_backups(const struct Index *index) _pure_; /* without companions */
size_t index_memory(const struct Index *index) _pure_;    /* bytes, allocated */

/* The directory's number, or INDEX_NONE; the path of a number, or NULL. */
uint32_t index_find_directory(const struct Index *index, const char *path);
const char *index_directory_path(const struct Index *index, uint32_t directory) _pure_;
uint32_t index_find(const struct Index *index, uint32_t directory, const char *name, size_t n_name);

/* Of one file without a timestamp. */
bool index_is_undated(const struct Index *index, uint32_t series) _pure_;
/* The backups of a series, newest first; those whose time is unknown come last. */
int index_read_series(struct Index *index, uint32_t series, struct IndexList *list);
/* The series' name ("db01-*.sql.gz"), NUL-terminated; the buffer is kept and reused by the caller. */
int index_series_name(const struct Index *index, uint32_t series, char **buf, size_t *n_buf);
/* The series of that name in another index, or INDEX_NONE. */
uint32_t index_find_series(const struct Index *index, const struct Index *other, uint32_t series_of_other);

/* Companions of a backup, in no order. */
void index_companions(const struct Index *index, uint32_t owner, const uint32_t **ret_ids, size_t *ret_n);

/*
 * Also of an index that was changed since it was arranged: the files that must be known to decide on these anew. They
 * are their series, whole, and what may share the fate of any of them.
 */
int index_scope(struct Index *index, const uint32_t *ids, size_t n_ids, struct IndexList *list);
/*
 * Takes over from an index of such a scope, arranged and planned, what in it is a companion and when its series are to
 * be decided anew.
 */
int index_adopt(struct Index *index, const struct Index *scope);

/*
 * When a series is to be decided anew; INT64_MIN since its files changed. The earliest of all is found by a walk
 * over the series, 16 bytes each: cheaper than keeping an order that nearly nobody asks for.
 */
void index_set_deadline(struct Index *index, uint32_t series, int64_t usec);
int64_t index_deadline(const struct Index *index, uint32_t series) _pure_;
int64_t index_next_deadline(const struct Index *index) _pure_;
