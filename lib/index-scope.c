/* SPDX-License-Identifier: MIT */
#include "lib/index.h"

#include "lib/index-internal.h"
#include "lib/name.h"

static int append(struct Index *index, struct IndexList *list, uint32_t id) {
        int r = index_list_append(list, id);

        if (r >= 0)
                index->entries[id].is_marked = true;
        return r;
}

/* With all of its series, which are walked once: those in it are marked from then on. */
static int add(struct Index *index, struct IndexList *list, uint32_t id) {
        struct Entry *entry;
        int r = 0;

        if (id == INDEX_NONE || index->entries[id].is_marked)
                return 0;
        entry = &index->entries[id];
        if (entry->series == INDEX_NONE)
                return append(index, list, id);
        for (uint32_t i = index->series[entry->series].head; i != INDEX_NONE && r >= 0; i = index->entries[i].next)
                r = append(index, list, i);
        return r;
}

/* The file with that name and ending beside the entry. */
static uint32_t find_beside(const struct Index *index, const struct Entry *entry, size_t n_name, const char *ending) {
        size_t n_ending = strlen(ending);
        char name[UINT8_MAX + 1];

        if (n_name + n_ending > UINT8_MAX)
                return INDEX_NONE;
        memcpy(name, index_text(index, entry->name), n_name);
        memcpy(name + n_name, ending, n_ending);
        return index_find(index, entry->directory, name, n_name + n_ending);
}

/* What may be a companion of the entry, or own it, by names that follow from its own. */
static int add_relatives(struct Index *index, struct IndexList *list, uint32_t id) {
        const struct Entry entry = index->entries[id];
        const char *name = index_text(index, entry.name), *ending;
        bool by_stem;
        size_t n = name_companion(name, entry.n_name, &by_stem);
        int r = 0;

        if (n > 0)
                r = add(index, list, index_find(index, entry.directory, name, n));
        for (size_t i = 0; (ending = name_companion_ending(i, &by_stem)) && r >= 0; i++) {
                r = add(index, list, find_beside(index, &entry, entry.n_name, ending));
                if (r >= 0 && by_stem)
                        r = add(index, list, find_beside(index, &entry, name_stem(name, entry.n_name), ending));
        }
        return r;
}

/* The stem that an owner of the entry may have; 0: none. */
static size_t stem_wanted(const struct Index *index, const struct Entry *entry) {
        bool by_stem;
        size_t n = name_companion(index_text(index, entry->name), entry->n_name, &by_stem);

        return n > 0 && by_stem ? n : 0;
}

static bool has_stem(const struct Index *index, const struct Entry *entry, const struct Entry *companion, size_t n) {
        const char *name = index_text(index, entry->name);

        return entry->directory == companion->directory && entry->n_name >= n && name_stem(name, entry->n_name) == n &&
               memcmp(name, index_text(index, companion->name), n) == 0;
}

/* Owners by stem are found by looking at all files: rare, and once for each companion of the kind. */
static int add_by_stem(struct Index *index, struct IndexList *list, uint32_t id) {
        const struct Entry companion = index->entries[id];
        size_t n = stem_wanted(index, &companion);
        int r = 0;

        for (uint32_t i = 0; n > 0 && i < index->n_entries && r >= 0; i++)
                if (index->entries[i].is_used && !index->entries[i].is_candidate &&
                    has_stem(index, &index->entries[i], &companion, n))
                        r = add(index, list, i);
        return r;
}

int index_scope(struct Index *index, const uint32_t *ids, size_t n_ids, struct IndexList *list) {
        int r = 0;

        list->n_ids = 0;
        for (size_t i = 0; i < n_ids && r >= 0; i++)
                r = add(index, list, ids[i]);
        for (size_t i = 0; i < list->n_ids && r >= 0; i++) {
                r = add_relatives(index, list, list->ids[i]);
                if (r >= 0)
                        r = add_by_stem(index, list, list->ids[i]);
        }
        for (size_t i = 0; i < list->n_ids; i++)
                index->entries[list->ids[i]].is_marked = false;
        return r;
}

/* The same file in another index. */
static uint32_t find_same(const struct Index *index, const struct Index *other, const struct Entry *entry) {
        uint32_t directory = index_find_directory(index, index_directory_path(other, entry->directory));

        return directory == INDEX_NONE ? INDEX_NONE
                                       : index_find(index, directory, index_text(other, entry->name), entry->n_name);
}

static int adopt_entry(struct Index *index, const struct Index *scope, const struct Entry *known) {
        uint32_t id = find_same(index, scope, known);
        struct Entry *entry;

        if (id == INDEX_NONE)
                return 0;
        entry = &index->entries[id];
        entry->is_companion = known->is_companion;
        if (known->is_companion && entry->series != INDEX_NONE)
                series_unlink(index, id);
        if (known->is_companion || entry->series != INDEX_NONE)
                return 0;
        return series_link(index, id);
}

int index_adopt(struct Index *index, const struct Index *scope) {
        int r;

        for (uint32_t i = 0; i < scope->n_entries; i++) {
                if (!scope->entries[i].is_used)
                        continue;
                r = adopt_entry(index, scope, &scope->entries[i]);
                if (r < 0)
                        return r;
        }
        for (uint32_t i = 0; i < scope->n_series; i++) {
                uint32_t series;

                if (scope->series[i].key == SERIES_FREE)
                        continue;
                series = index_find_series(index, scope, i);
                if (series != INDEX_NONE)
                        index_set_deadline(index, series, scope->series[i].deadline_usec);
        }
        return 0;
}
