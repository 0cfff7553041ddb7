/* SPDX-License-Identifier: MIT */
#include "lib/index.h"

#include <errno.h>

#include "lib/index-internal.h"
#include "lib/name.h"

struct StemKey {
        uint32_t directory;
        const char *name;
        size_t n_stem;
};

static uint64_t stem_hash(const struct Index *index, const struct StemKey *key) {
        return hash_bytes(&index->key, key->directory, key->name, key->n_stem);
}

static struct StemKey stem_key(const struct Stems *stems, uint32_t i) {
        const struct Entry *entry = &stems->index->entries[stems->stems[i].id];

        return (struct StemKey){entry->directory, index_text(stems->index, entry->name), stems->stems[i].n_stem};
}

static uint64_t stem_table_hash(const void *owner, uint32_t i) {
        const struct Stems *stems = owner;
        const struct StemKey key = stem_key(stems, i);

        return stem_hash(stems->index, &key);
}

static bool stem_table_equal(const void *owner, uint32_t i, const void *p) {
        const struct StemKey own = stem_key(owner, i), *key = p;

        return own.directory == key->directory && own.n_stem == key->n_stem &&
               memcmp(own.name, key->name, key->n_stem) == 0;
}

static const struct TableType stem_table_type = {stem_table_hash, stem_table_equal};

void stems_done(struct Stems *stems) {
        free(stems->stems);
        table_done(&stems->table);
}

static uint32_t stems_find(const struct Stems *stems, const struct StemKey *key) {
        return table_find(&stems->table, &stem_table_type, stems, stem_hash(stems->index, key), key);
}

static int stems_append(struct Stems *stems, struct Stem stem) {
        int r = index_grow((void **)&stems->stems, stems->n_stems, &stems->n_allocated, sizeof(struct Stem));

        if (r >= 0)
                stems->stems[stems->n_stems++] = stem;
        return r;
}

/* What the entry looks for; false: nothing. What still has an extension is nobody's stem. */
static bool wants_stem(const struct Index *index, const struct Entry *entry, struct StemKey *ret) {
        const char *name = index_text(index, entry->name);
        bool by_stem;
        size_t n = name_companion(name, entry->n_name, &by_stem);

        *ret = (struct StemKey){entry->directory, name, n};
        return n > 0 && by_stem && name_stem(name, n) == n;
}

static int stems_want(struct Stems *stems, uint32_t id) {
        struct StemKey key;
        int r;

        if (!wants_stem(stems->index, &stems->index->entries[id], &key) || stems_find(stems, &key) != TABLE_NONE)
                return 0;
        r = table_reserve(&stems->table, &stem_table_type, stems);
        if (r >= 0)
                r = stems_append(stems, (struct Stem){id, (uint32_t)key.n_stem, INDEX_NONE});
        if (r >= 0)
                table_insert(&stems->table, stem_hash(stems->index, &key), stems->n_stems - 1);
        return r;
}

static int stems_offer(struct Stems *stems, uint32_t id) {
        const struct Entry *entry = &stems->index->entries[id];
        const char *name = index_text(stems->index, entry->name);
        const struct StemKey key = {entry->directory, name, name_stem(name, entry->n_name)};
        uint32_t found = stems_find(stems, &key);
        int r;

        if (found == TABLE_NONE)
                return 0;
        r = stems_append(stems, (struct Stem){id, (uint32_t)key.n_stem, stems->stems[found].next});
        if (r >= 0)
                stems->stems[found].next = stems->n_stems - 1;
        return r;
}

static int stems_init(struct Stems *stems, const struct Index *index) {
        _cleanup_(freep) bool *wanted = NULL;
        int r = 0;

        *stems = (struct Stems){.index = index};
        for (uint32_t i = 0; i < index->n_entries && r >= 0; i++)
                if (index->entries[i].is_candidate)
                        r = stems_want(stems, i);
        if (r < 0 || stems->n_stems == 0)
                return r;

        wanted = calloc(index->n_directories, sizeof(bool));
        if (!wanted)
                return -ENOMEM;
        for (uint32_t i = 0; i < stems->n_stems; i++)
                wanted[index->entries[stems->stems[i].id].directory] = true;
        /* From the last, so that each list begins with the first. */
        for (uint32_t i = index->n_entries; i-- > 0 && r >= 0;) {
                const struct Entry *entry = &index->entries[i];

                if (entry->is_used && !entry->is_candidate && wanted[entry->directory])
                        r = stems_offer(stems, i);
        }
        return r;
}

int stems_owners(struct Stems *stems, const struct Index *index, uint32_t id, uint32_t *ret) {
        struct StemKey key;
        int r;

        *ret = INDEX_NONE;
        if (!wants_stem(index, &index->entries[id], &key))
                return 0;
        r = stems->index ? 0 : stems_init(stems, index);
        if (r >= 0)
                *ret = stems->stems[stems_find(stems, &key)].next;
        return r;
}

int index_find_owner(const struct Index *index, struct Stems *stems, uint32_t id, uint32_t *ret) {
        const struct Entry *entry = &index->entries[id];
        const char *name = index_text(index, entry->name);
        bool by_stem;
        uint32_t i;
        int r;

        *ret = index_find(index, entry->directory, name, name_companion(name, entry->n_name, &by_stem));
        if (*ret != INDEX_NONE)
                return 0;
        r = stems_owners(stems, index, id, &i);
        if (r >= 0 && i != INDEX_NONE && stems->stems[i].next == INDEX_NONE)
                *ret = stems->stems[i].id;
        return r;
}

/*
 * A companion's companion (x.sha256.asc) belongs to the backup itself. Ends, because each owner's name is shorter or no
 * candidate.
 */
static int find_last_owner(const struct Index *index, struct Stems *stems, uint32_t id, uint32_t *ret) {
        uint32_t next = id;
        int r = 0;

        *ret = INDEX_NONE;
        while (r >= 0 && next != INDEX_NONE && index->entries[next].is_candidate) {
                r = index_find_owner(index, stems, next, &next);
                if (r >= 0 && next != INDEX_NONE)
                        *ret = next;
        }
        return r;
}

static int pair_compare(const void *pa, const void *pb) {
        const struct Pair *a = pa, *b = pb;

        return a->owner < b->owner ? -1 : a->owner > b->owner;
}

static int arrange_entry(struct Index *index, struct Stems *stems, uint32_t id) {
        struct Entry *entry = &index->entries[id];
        uint32_t owner;
        int r;

        r = find_last_owner(index, stems, id, &owner);
        if (r < 0)
                return r;
        entry->is_companion = owner != INDEX_NONE;
        if (entry->is_companion) {
                index->pairs[index->n_pairs++] = (struct Pair){owner, id};
                entry->is_marked = entry->series != INDEX_NONE;
        } else if (entry->series == INDEX_NONE)
                return series_link(index, id);
        return 0;
}

static int arrange_entries(struct Index *index) {
        _cleanup_(stems_done) struct Stems stems = {};
        int r = 0;

        for (uint32_t i = 0; i < index->n_entries && r >= 0; i++)
                if (index->entries[i].is_used && index->entries[i].is_candidate)
                        r = arrange_entry(index, &stems, i);
        for (size_t i = 0; i < index->n_pairs; i++)
                if (index->entries[index->pairs[i].companion].is_marked)
                        series_unlink(index, index->pairs[i].companion);
        return r;
}

int index_arrange(struct Index *index) {
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

        r = arrange_entries(index);
        if (r < 0)
                return r;

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
