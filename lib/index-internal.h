/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What index's files share, and nobody else sees: index.c keeps the entries,
 * index-series.c their series, index-companion.c pairs companions and owners,
 * index-sweep.c clears away.
 */

#include "lib/index.h"
#include "lib/table.h"

/* 64 bytes: a cache line. */
struct Entry {
        struct BackupStat stat;
        int64_t time_usec;
        uint32_t name; /* in the text, NUL-terminated */
        uint32_t directory;
        uint32_t series; /* INDEX_NONE while in none */
        uint32_t next;   /* in the series, or of the free ones */
        uint32_t hash;   /* of directory and name: half of what table_find() needs, without looking at the name */
        uint16_t generation;
        uint8_t n_name;
        uint8_t time_from : 2;
        bool is_used : 1;
        bool is_candidate : 1; /* named like a companion */
        bool is_companion : 1; /* and its owner is there */
        bool is_marked : 1;    /* while a scope is gathered, or until it is taken out of its series */
};

static_assert(sizeof(struct Entry) == 64, "an entry has outgrown its cache line");

#define SERIES_OWN UINT32_MAX        /* of one undated file: its path */
#define SERIES_FREE (UINT32_MAX - 1) /* the number is not in use */

struct Series {
        uint32_t key;  /* in the text, or SERIES_OWN, or SERIES_FREE */
        uint32_t head; /* the newest, once read; of the free ones, the next */
        int64_t deadline_usec;
};

struct Directory {
        uint32_t path;    /* in the text, as the following; of the free ones, the next */
        uint32_t literal; /* the path as part of a series' name */
        uint32_t holed;   /* the same without its timestamps */
        uint32_t n_entries;
        uint16_t generation;
        bool is_used;
        struct Name *dated; /* NULL without timestamps */
};

struct Pair {
        uint32_t owner, companion;
};

struct Index {
        const struct ConfigSet *set;
        struct HashKey key;
        uint16_t generation;

        struct Entry *entries;
        uint32_t n_entries, n_entries_allocated, n_entries_used, free_entry;
        uint32_t n_backups;      /* entries that are in a series */
        uint32_t n_entries_seen; /* in this generation */
        struct Table entry_table;

        struct Series *series;
        uint32_t n_series, n_series_allocated, free_series;
        struct Table series_table; /* of those with a key */

        struct Directory *directories;
        uint32_t n_directories, n_directories_allocated, free_directory;
        struct Table directory_table;

        char *text; /* all strings, each NUL-terminated */
        uint32_t n_text, n_text_allocated;
        uint32_t n_text_garbage;

        uint32_t n_candidates;
        bool pairs_stale;
        bool is_settled;    /* arranged since the last look began: what is in no series has its owner there */
        struct Pair *pairs; /* by owner */
        size_t n_pairs;
        uint32_t *pair_ids; /* the companions of the same pairs, for index_companions() */
};

/* Gives back the text that nothing uses any more, once it is much. */
int index_compact(struct Index *index);
/* Forgets directories that were not seen since index_begin() and have no files. */
void index_sweep_directories(struct Index *index);

/* Makes room for one more element; also used with n_allocated of zero. */
int index_grow(void **array, uint32_t n, uint32_t *n_allocated, size_t size);
int index_add_text(struct Index *index, const char *text, size_t n, uint32_t *ret);

static inline const char *index_text(const struct Index *index, uint32_t offset) {
        return index->text + offset;
}

/* Puts an entry into its series, made where it is not there yet. */
int series_link(struct Index *index, uint32_t id);
/* Takes it out, and with it, in one walk, all of the same series that are marked. */
void series_unlink(struct Index *index, uint32_t id);
/* Takes the entries that this generation did not see out of every series. */
void series_sweep(struct Index *index);
/* The entry's files changed: its series is to be decided anew. */
void series_touch(struct Index *index, uint32_t series);

/*
 * Owners by stem, of the companions that look for one: for each stem that is wanted the files that have it, by number.
 * Needed for moments only, so it is made anew, and not before somebody asks; no file may come or go until it is done.
 */
struct Stem {
        uint32_t id; /* of a companion, in the table; of a file, behind it */
        uint32_t n_stem;
        uint32_t next; /* INDEX_NONE after the last */
};

struct Stems {
        const struct Index *index; /* NULL until somebody asked */
        struct Stem *stems;
        uint32_t n_stems, n_allocated;
        struct Table table;
};

void stems_done(struct Stems *stems);
/* The first of the files that the entry may belong to by their stem, or INDEX_NONE. */
int stems_owners(struct Stems *stems, const struct Index *index, uint32_t id, uint32_t *ret);
/* The file that the entry is a companion of, or INDEX_NONE. */
int index_find_owner(const struct Index *index, struct Stems *stems, uint32_t id, uint32_t *ret);

/* The file came or went: what may be no companion any more stands for itself until somebody arranges. */
void index_unsettle(struct Index *index, uint32_t directory, const char *name, size_t n_name);

/* The name by Pattern=, else by the forms that are known. */
void index_parse_name(const struct Index *index, const char *name, size_t n, struct Name *ret);
void index_drop_text(struct Index *index, uint32_t offset);
/* The entry is in no series any more. */
void index_drop_entry(struct Index *index, uint32_t id);
extern const struct TableType index_directory_table_type;
