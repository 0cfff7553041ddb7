/* SPDX-License-Identifier: MIT */
#include "lib/index.h"

#include <errno.h>

#include "lib/index-internal.h"
#include "lib/name.h"

/*
 * Owners by stem: for every directory in which some companion looks for one,
 * each file's stem with the file, or with NONE where two files share it.
 * It is needed for moments only, so it is made for each index_arrange() anew.
 */
struct Stem {
        uint32_t id;
        uint32_t n_stem;
        bool is_shared;
};

struct Stems {
        const struct Index *index;
        struct Stem *stems;
        uint32_t n_stems, n_allocated;
        struct Table table;
};

struct StemKey {
        uint32_t directory;
        const char *name;
        size_t n_stem;
};

static uint64_t stem_hash(const struct Index *index, const struct StemKey *key) {
        return hash_bytes(&index->key, key->directory, key->name, key->n_stem);
}

static uint64_t stem_table_hash(const void *owner, uint32_t i) {
        const struct Stems *stems = owner;
        const struct Entry *entry = &stems->index->entries[stems->stems[i].id];

        return stem_hash(stems->index, &(struct StemKey){entry->directory, index_text(stems->index, entry->name),
                                                         stems->stems[i].n_stem});
}

static bool stem_table_equal(const void *owner, uint32_t i, const void *p) {
        const struct Stems *stems = owner;
        const struct Entry *entry = &stems->index->entries[stems->stems[i].id];
        const struct StemKey *key = p;

        return entry->directory == key->directory && stems->stems[i].n_stem == key->n_stem &&
               memcmp(index_text(stems->index, entry->name), key->name, key->n_stem) == 0;
}

static const struct TableType stem_table_type = {stem_table_hash, stem_table_equal};

static void stems_done(struct Stems *stems) {
        free(stems->stems);
        table_done(&stems->table);
}

static int stems_add(struct Stems *stems, uint32_t id) {
        const struct Entry *entry = &stems->index->entries[id];
        const char *name = index_text(stems->index, entry->name);
        const struct StemKey key = {entry->directory, name, name_stem(name, entry->n_name)};
        uint64_t hash = stem_hash(stems->index, &key);
        uint32_t found;
        int r;

        found = table_find(&stems->table, &stem_table_type, stems, hash, &key);
        if (found != TABLE_NONE) {
                stems->stems[found].is_shared = true;
                return 0;
        }
        r = table_reserve(&stems->table, &stem_table_type, stems);
        if (r < 0)
                return r;
        r = index_grow((void **)&stems->stems, stems->n_stems, &stems->n_allocated, sizeof(struct Stem));
        if (r < 0)
                return r;
        stems->stems[stems->n_stems] = (struct Stem){.id = id, .n_stem = (uint32_t)key.n_stem};
        table_insert(&stems->table, hash, stems->n_stems++);
        return 0;
}

static int stems_init(struct Stems *stems, const struct Index *index) {
        _cleanup_(freep) bool *wanted = NULL;
        bool by_stem;
        int r;

        *stems = (struct Stems){.index = index};
        wanted = calloc(MAX(index->n_directories, 1u), sizeof(bool));
        if (!wanted)
                return -ENOMEM;
        for (uint32_t i = 0; i < index->n_entries; i++) {
                const struct Entry *entry = &index->entries[i];

                if (entry->is_used && entry->is_candidate &&
                    name_companion(index_text(index, entry->name), entry->n_name, &by_stem) > 0 && by_stem)
                        wanted[entry->directory] = true;
        }
        for (uint32_t i = 0; i < index->n_entries; i++) {
                const struct Entry *entry = &index->entries[i];

                if (!entry->is_used || entry->is_candidate || !wanted[entry->directory])
                        continue;
                r = stems_add(stems, i);
                if (r < 0)
                        return r;
        }
        return 0;
}

static uint32_t find_owner(const struct Index *index, const struct Stems *stems, uint32_t id) {
        const struct Entry *entry = &index->entries[id];
        const char *name = index_text(index, entry->name);
        struct StemKey key = {entry->directory, name, 0};
        uint32_t owner, stem;
        bool by_stem;

        key.n_stem = name_companion(name, entry->n_name, &by_stem);
        owner = index_find(index, entry->directory, name, key.n_stem);
        if (owner != INDEX_NONE || !by_stem)
                return owner;
        stem = table_find(&stems->table, &stem_table_type, stems, stem_hash(index, &key), &key);
        return stem == TABLE_NONE || stems->stems[stem].is_shared ? INDEX_NONE : stems->stems[stem].id;
}

/* A companion's companion (x.sha256.asc) belongs to the backup itself. Ends, because each owner's name is shorter or no candidate. */
static uint32_t find_last_owner(const struct Index *index, const struct Stems *stems, uint32_t id) {
        uint32_t owner = INDEX_NONE, next = id;

        while ((next = index->entries[next].is_candidate ? find_owner(index, stems, next) : INDEX_NONE) != INDEX_NONE)
                owner = next;
        return owner;
}

static int pair_compare(const void *pa, const void *pb) {
        const struct Pair *a = pa, *b = pb;

        return a->owner < b->owner ? -1 : a->owner > b->owner;
}

static int arrange_entry(struct Index *index, const struct Stems *stems, uint32_t id) {
        struct Entry *entry = &index->entries[id];
        uint32_t owner = find_last_owner(index, stems, id);

        entry->is_companion = owner != INDEX_NONE;
        if (entry->is_companion) {
                index->pairs[index->n_pairs++] = (struct Pair){owner, id};
                if (entry->series != INDEX_NONE)
                        series_unlink(index, id);
        } else if (entry->series == INDEX_NONE)
                return series_link(index, id);
        return 0;
}

int index_arrange(struct Index *index) {
        _cleanup_(stems_done) struct Stems stems = {};
        int r;

        index->is_settled = index->is_settled || !index->pairs_stale;
        if (!index->pairs_stale)
                return 0;
        free(index->pairs);
        free(index->pair_ids);
        index->n_pairs = 0;
        index->pair_ids = NULL;
        index->pairs = reallocarray(NULL, MAX(index->n_candidates, 1u), sizeof(struct Pair));
        if (!index->pairs)
                return -ENOMEM;

        r = stems_init(&stems, index);
        if (r < 0)
                return r;
        for (uint32_t i = 0; i < index->n_entries; i++) {
                if (!index->entries[i].is_used || !index->entries[i].is_candidate)
                        continue;
                r = arrange_entry(index, &stems, i);
                if (r < 0)
                        return r;
        }

        qsort(index->pairs, index->n_pairs, sizeof(struct Pair), pair_compare);
        index->pair_ids = reallocarray(NULL, MAX(index->n_pairs, (size_t)1), sizeof(uint32_t));
        if (!index->pair_ids)
                return -ENOMEM;
        for (size_t i = 0; i < index->n_pairs; i++)
                index->pair_ids[i] = index->pairs[i].companion;
        index->pairs_stale = false;
        index->is_settled = true;
        return 0;
}

void index_companions(const struct Index *index, uint32_t owner, const uint32_t **ret_ids, size_t *ret_n) {
        size_t low = 0, high = index->n_pairs, n = 0;

        while (low < high) {
                size_t middle = low + (high - low) / 2;

                if (index->pairs[middle].owner < owner)
                        low = middle + 1;
                else
                        high = middle;
        }
        while (low + n < index->n_pairs && index->pairs[low + n].owner == owner)
                n++;
        *ret_ids = n > 0 ? index->pair_ids + low : NULL;
        *ret_n = n;
}
