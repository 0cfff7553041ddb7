/* SPDX-License-Identifier: MIT */
#include "lib/index.h"

#include <errno.h>

#include "lib/error.h"
#include "lib/index-internal.h"
#include "lib/name.h"

struct EntryKey {
        uint32_t hash;
        uint32_t directory;
        const char *name;
        size_t n_name;
};

static struct EntryKey entry_key(const struct Index *index, uint32_t directory, const char *name, size_t n) {
        return (struct EntryKey){(uint32_t)hash_bytes(&index->key, directory, name, n), directory, name, n};
}

static uint64_t entry_table_hash(const void *owner, uint32_t id) {
        const struct Index *index = owner;

        return index->entries[id].hash;
}

static bool entry_table_equal(const void *owner, uint32_t id, const void *p) {
        const struct Index *index = owner;
        const struct Entry *entry = &index->entries[id];
        const struct EntryKey *key = p;

        return entry->hash == key->hash && entry->directory == key->directory && entry->n_name == key->n_name &&
               memcmp(index_text(index, entry->name), key->name, key->n_name) == 0;
}

static uint64_t directory_table_hash(const void *owner, uint32_t id) {
        const struct Index *index = owner;
        const char *path = index_text(index, index->directories[id].path);

        return hash_bytes(&index->key, 0, path, strlen(path));
}

static bool directory_table_equal(const void *owner, uint32_t id, const void *key) {
        const struct Index *index = owner;

        return streq(index_text(index, index->directories[id].path), key);
}

static const struct TableType entry_table_type = {entry_table_hash, entry_table_equal};
const struct TableType index_directory_table_type = {directory_table_hash, directory_table_equal};

int index_new(const struct ConfigSet *set, struct HashKey key, struct Index **ret) {
        struct Index *index = calloc(1, sizeof(*index));

        if (!index)
                return -ENOMEM;
        index->set = set;
        index->key = key;
        index->free_entry = index->free_series = index->free_directory = INDEX_NONE;
        *ret = index;
        return 0;
}

struct Index *index_free(struct Index *index) {
        if (!index)
                return NULL;
        for (uint32_t i = 0; i < index->n_directories; i++)
                free(index->directories[i].dated);
        table_done(&index->entry_table);
        table_done(&index->series_table);
        table_done(&index->directory_table);
        free(index->entries);
        free(index->series);
        free(index->directories);
        free(index->text);
        free(index->pairs);
        free(index->pair_ids);
        free(index);
        return NULL;
}

int index_grow(void **array, uint32_t n, uint32_t *n_allocated, size_t size) {
        uint32_t more;
        void *p;

        if (n < *n_allocated)
                return 0;
        if (add_overflows(n, n / 2, &more) || add_overflows(more, 64u, &more))
                return -EOVERFLOW;
        p = reallocarray(*array, more, size);
        if (!p)
                return -ENOMEM;
        *array = p;
        *n_allocated = more;
        return 0;
}

int index_add_text(struct Index *index, const char *text, size_t n, uint32_t *ret) {
        uint32_t end;

        if (n >= UINT32_MAX || add_overflows(index->n_text, (uint32_t)n + 1, &end))
                return -EOVERFLOW;
        if (end > index->n_text_allocated) {
                uint64_t more = MIN((uint64_t)end + end / 2, (uint64_t)UINT32_MAX);
                char *p = realloc(index->text, more);

                if (!p)
                        return -ENOMEM;
                index->text = p;
                index->n_text_allocated = (uint32_t)more;
        }
        memcpy(index->text + index->n_text, text, n);
        index->text[end - 1] = '\0';
        *ret = index->n_text;
        index->n_text = end;
        return 0;
}

void index_drop_text(struct Index *index, uint32_t offset) {
        index->n_text_garbage += (uint32_t)strlen(index_text(index, offset)) + 1;
}

void index_parse_name(const struct Index *index, const char *name, size_t n, struct Name *ret) {
        for (size_t i = 0; index->set->pattern && index->set->pattern[i]; i++)
                if (name_pattern_match(index->set->patterns[i], name, n, ret))
                        return;
        name_parse(name, n, ret);
}

/* Fills in what follows from the directory's path; the path itself is there. */
static int directory_init(struct Index *index, struct Directory *directory, const char *path, size_t n) {
        _cleanup_(freep) struct Name *dated = NULL;
        _cleanup_(freep) char *buf = NULL;
        struct Name none = {};
        int r;

        dated = malloc(sizeof(*dated));
        buf = malloc(NAME_SERIES_MAX(n));
        if (!dated || !buf)
                return -ENOMEM;

        r = index_add_text(index, buf, name_series(path, n, &none, buf), &directory->literal);
        if (r < 0)
                return r;
        directory->holed = directory->literal;
        name_parse_directory(path, n, dated);
        if (dated->n_holes == 0)
                return 0;
        r = index_add_text(index, buf, name_series(path, n, dated, buf), &directory->holed);
        if (r < 0)
                return r;
        directory->dated = TAKE_PTR(dated);
        return 0;
}

/* A number of a directory that is gone, else a new one. */
static int directory_take_id(struct Index *index, uint32_t *ret) {
        int r;

        if (index->free_directory != INDEX_NONE) {
                *ret = index->free_directory;
                index->free_directory = index->directories[*ret].path;
                return 0;
        }
        r = index_grow((void **)&index->directories, index->n_directories, &index->n_directories_allocated,
                       sizeof(struct Directory));
        if (r < 0)
                return r;
        index->directories[index->n_directories] = (struct Directory){};
        *ret = index->n_directories++;
        return 0;
}

int index_directory(struct Index *index, const char *path, uint32_t *ret_directory) {
        size_t n = strlen(path);
        uint64_t hash = hash_bytes(&index->key, 0, path, n);
        struct Directory directory = {.generation = index->generation, .is_used = true};
        uint32_t id;
        int r;

        id = table_find(&index->directory_table, &index_directory_table_type, index, hash, path);
        if (id != TABLE_NONE) {
                index->directories[id].generation = index->generation;
                *ret_directory = id;
                return 0;
        }

        r = table_reserve(&index->directory_table, &index_directory_table_type, index);
        if (r < 0)
                return r;
        r = index_add_text(index, path, n, &directory.path);
        if (r < 0)
                return r;
        r = directory_init(index, &directory, path, n);
        if (r < 0)
                return r;
        r = directory_take_id(index, &id);
        if (r < 0) {
                free(directory.dated);
                return r;
        }
        index->directories[id] = directory;
        table_insert(&index->directory_table, hash, id);
        *ret_directory = id;
        return 0;
}

/* The moment the entry's age counts from, by its name, its directory's name, or its file. */
static void entry_set_time(struct Index *index, struct Entry *entry) {
        const struct Directory *directory = &index->directories[entry->directory];
        const struct NameTime *time = NULL;
        struct BackupStat stat = entry->stat;
        struct Name name;
        int64_t usec;

        index_parse_name(index, index_text(index, entry->name), entry->n_name, &name);
        if (name.is_dated)
                time = &name.time;
        else if (directory->dated && directory->dated->is_dated)
                time = &directory->dated->time;
        entry->time_from = backup_time(index->set->age_from, index->set->zone, time, &stat, &usec) & 3;
        entry->time_usec = usec;
}

static int entry_take_id(struct Index *index, uint32_t *ret) {
        int r;

        if (index->free_entry != INDEX_NONE) {
                *ret = index->free_entry;
                index->free_entry = index->entries[*ret].next;
                return 0;
        }
        r = index_grow((void **)&index->entries, index->n_entries, &index->n_entries_allocated, sizeof(struct Entry));
        if (r < 0)
                return r;
        *ret = index->n_entries++;
        return 0;
}

void index_drop_entry(struct Index *index, uint32_t id) {
        struct Entry *entry = &index->entries[id];

        /* It may own companions, be one, or be an owner's only rival for one. */
        index->pairs_stale = index->pairs_stale || index->n_candidates > 0;
        if (entry->is_candidate)
                index->n_candidates--;
        table_remove(&index->entry_table, &entry_table_type, index, id);
        index_drop_text(index, entry->name);
        index->directories[entry->directory].n_entries--;
        index->n_entries_used--;
        index->n_entries_seen -= entry->generation == index->generation;
        *entry = (struct Entry){.next = index->free_entry, .series = INDEX_NONE};
        index->free_entry = id;
}

static int entry_add(struct Index *index, const struct EntryKey *key, const struct BackupStat *stat) {
        struct Entry entry = {
                .stat = *stat,
                .directory = key->directory,
                .series = INDEX_NONE,
                .next = INDEX_NONE,
                .hash = key->hash,
                .generation = index->generation,
                .n_name = (uint8_t)key->n_name,
                .is_used = true,
        };
        bool by_stem, is_owned;
        size_t n_owner = name_companion(key->name, key->n_name, &by_stem);
        uint32_t text, id;
        int r;

        r = table_reserve(&index->entry_table, &entry_table_type, index);
        if (r < 0)
                return r;
        r = index_add_text(index, key->name, key->n_name, &text);
        if (r < 0)
                return r;
        r = entry_take_id(index, &id);
        if (r < 0)
                return r;

        entry.name = text;
        entry.is_candidate = n_owner > 0;
        entry_set_time(index, &entry);
        index->entries[id] = entry;
        index->directories[key->directory].n_entries++;
        index->n_entries_used++;
        index->n_entries_seen++;
        index->n_candidates += entry.is_candidate;
        index->pairs_stale = index->pairs_stale || index->n_candidates > 0;
        table_insert(&index->entry_table, key->hash, id);

        /* While a look goes on, its owner may be yet to come. */
        is_owned = entry.is_candidate &&
                   (!index->is_settled || index_find(index, key->directory, key->name, n_owner) != INDEX_NONE);
        r = is_owned ? 0 : series_link(index, id);
        if (r < 0)
                index_drop_entry(index, id);
        else if (!entry.is_candidate)
                index_unsettle(index, key->directory, key->name, key->n_name);
        return r;
}

void index_rebase(struct Index *index, const struct ConfigSet *set) {
        index->set = set;
}

void index_begin(struct Index *index) {
        index->generation++;
        index->n_entries_seen = 0;
        index->is_settled = false;
}

int index_upsert(struct Index *index, uint32_t directory, const char *name, size_t n_name,
                 const struct BackupStat *stat, enum IndexChange *ret_change) {
        const struct EntryKey key = entry_key(index, directory, name, n_name);
        struct Entry *entry;
        uint32_t id;
        int r;

        if (n_name == 0 || n_name > UINT8_MAX)
                return -ENAMETOOLONG;
        id = table_find(&index->entry_table, &entry_table_type, index, key.hash, &key);
        if (id == TABLE_NONE) {
                r = entry_add(index, &key, stat);
                if (r >= 0)
                        *ret_change = INDEX_ADDED;
                return r;
        }

        entry = &index->entries[id];
        index->n_entries_seen += entry->generation != index->generation;
        entry->generation = index->generation;
        if (memcmp(&entry->stat, stat, sizeof(*stat)) == 0) {
                *ret_change = INDEX_UNCHANGED;
                return 0;
        }
        entry->stat = *stat;
        entry_set_time(index, entry);
        if (entry->series != INDEX_NONE)
                series_touch(index, entry->series);
        *ret_change = INDEX_CHANGED;
        return 0;
}

bool index_see(struct Index *index, uint32_t directory, const char *name, size_t n_name,
               const struct BackupStat *stat) {
        uint32_t id = index_find(index, directory, name, n_name);

        if (id == INDEX_NONE)
                return false;
        index->n_entries_seen += index->entries[id].generation != index->generation;
        index->entries[id].generation = index->generation;
        return backup_is_same(&index->entries[id].stat, stat);
}

bool index_was_seen(const struct Index *index, uint32_t id) {
        return !index->entries[id].is_used || index->entries[id].generation == index->generation;
}

void index_forget(struct Index *index, uint32_t directory, const char *name, size_t n_name) {
        uint32_t id = index_find(index, directory, name, n_name);

        if (id == INDEX_NONE)
                return;
        if (index->entries[id].series != INDEX_NONE)
                series_unlink(index, id);
        index_drop_entry(index, id);
        index_unsettle(index, directory, name, n_name);
}

uint32_t index_entry_end(const struct Index *index) {
        return index->n_entries;
}

uint32_t index_directory_end(const struct Index *index) {
        return index->n_directories;
}

size_t index_n_entries(const struct Index *index) {
        return index->n_entries_used;
}

size_t index_n_backups(const struct Index *index) {
        return index->n_backups;
}

size_t index_memory(const struct Index *index) {
        return index->n_entries_allocated * sizeof(struct Entry) + index->n_series_allocated * sizeof(struct Series) +
               index->n_directories_allocated * sizeof(struct Directory) + index->n_text_allocated +
               ((size_t)index->entry_table.n_slots + index->series_table.n_slots + index->directory_table.n_slots) *
                       sizeof(uint32_t) +
               index->n_pairs * (sizeof(struct Pair) + sizeof(uint32_t)) + sizeof(*index);
}

bool index_entry(const struct Index *index, uint32_t id, struct IndexEntry *ret) {
        const struct Entry *entry = &index->entries[id];

        if (!entry->is_used)
                return false;
        *ret = (struct IndexEntry){
                .directory = index_text(index, index->directories[entry->directory].path),
                .name = index_text(index, entry->name),
                .n_name = entry->n_name,
                .directory_number = entry->directory,
                .stat = entry->stat,
                .time_usec = entry->time_usec,
                .time_from = entry->time_from,
                .is_companion = entry->is_companion,
                .series = entry->series,
        };
        return true;
}

uint32_t index_find_directory(const struct Index *index, const char *path) {
        return table_find(&index->directory_table, &index_directory_table_type, index,
                          hash_bytes(&index->key, 0, path, strlen(path)), path);
}

const char *index_directory_path(const struct Index *index, uint32_t directory) {
        return index->directories[directory].is_used ? index_text(index, index->directories[directory].path) : NULL;
}

uint32_t index_find(const struct Index *index, uint32_t directory, const char *name, size_t n_name) {
        const struct EntryKey key = entry_key(index, directory, name, n_name);

        return table_find(&index->entry_table, &entry_table_type, index, key.hash, &key);
}
