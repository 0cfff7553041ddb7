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

/* The file with that name and ending. */
static uint32_t find_beside(const struct Index *index, uint32_t directory, const char *name, size_t n_name,
                            const char *ending) {
        size_t n_ending = strlen(ending);
        char beside[UINT8_MAX + 1];

        if (n_name + n_ending > UINT8_MAX)
                return INDEX_NONE;
        memcpy(beside, name, n_name);
        memcpy(beside + n_name, ending, n_ending + 1);
        return index_find(index, directory, beside, n_name + n_ending);
}

/* What may be a companion of the entry, or own it, by names that follow from its own. */
static int add_relatives(struct Index *index, struct IndexList *list, uint32_t id) {
        const struct Entry entry = index->entries[id];
        const char *name = index_text(index, entry.name), *ending;
        bool by_stem;
        size_t n = name_companion(name, entry.n_name, &by_stem), n_stem = name_stem(name, entry.n_name);
        int r = 0;

        if (n > 0)
                r = add(index, list, index_find(index, entry.directory, name, n));
        for (size_t i = 0; (ending = name_companion_ending(i, &by_stem)) && r >= 0; i++) {
                r = add(index, list, find_beside(index, entry.directory, name, entry.n_name, ending));
                if (r >= 0 && by_stem)
                        r = add(index, list, find_beside(index, entry.directory, name, n_stem, ending));
        }
        return r;
}

/* What may own the entry by its stem. */
static int add_by_stem(struct Index *index, struct Stems *stems, struct IndexList *list, uint32_t id) {
        uint32_t i;
        int r;

        r = stems_owners(stems, index, id, &i);
        for (; r >= 0 && i != INDEX_NONE; i = stems->stems[i].next)
                r = add(index, list, stems->stems[i].id);
        return r;
}

int index_scope(struct Index *index, const uint32_t *ids, size_t n_ids, struct IndexList *list) {
        _cleanup_(stems_done) struct Stems stems = {};
        int r = 0;

        list->n_ids = 0;
        if (!index->is_settled)
                r = index_arrange(index);
        for (size_t i = 0; i < n_ids && r >= 0; i++)
                r = add(index, list, ids[i]);
        for (size_t i = 0; i < list->n_ids && r >= 0; i++) {
                r = add_relatives(index, list, list->ids[i]);
                if (r >= 0)
                        r = add_by_stem(index, &stems, list, list->ids[i]);
        }
        for (size_t i = 0; i < list->n_ids; i++)
                index->entries[list->ids[i]].is_marked = false;
        return r;
}

static void unsettle(struct Index *index, uint32_t id) {
        if (id == INDEX_NONE || index->entries[id].series != INDEX_NONE)
                return;
        index->entries[id].is_companion = false;
        if (series_link(index, id) < 0)
                index->is_settled = false;
}

void index_unsettle(struct Index *index, uint32_t directory, const char *name, size_t n_name) {
        size_t n_stem = name_stem(name, n_name);
        char owner[UINT8_MAX];
        const char *ending;
        bool by_stem;

        if (!index->is_settled || index->n_candidates == 0)
                return;
        memcpy(owner, name, n_name); /* it may be of the index's own text, which may move */
        for (size_t i = 0; (ending = name_companion_ending(i, &by_stem)); i++) {
                unsettle(index, find_beside(index, directory, owner, n_name, ending));
                if (by_stem)
                        unsettle(index, find_beside(index, directory, owner, n_stem, ending));
        }
}

/* The same file in another index. */
static uint32_t find_same(const struct Index *index, const struct Index *other, const struct Entry *entry) {
        uint32_t directory = index_find_directory(index, index_directory_path(other, entry->directory));

        return directory == INDEX_NONE ? INDEX_NONE
                                       : index_find(index, directory, index_text(other, entry->name), entry->n_name);
}

/* What came or went meanwhile may have made it no companion, whatever the scope says. */
static int adopt_entry(struct Index *index, struct Stems *stems, const struct Index *scope, const struct Entry *known) {
        uint32_t id = find_same(index, scope, known), owner;
        struct Entry *entry;
        int r;

        if (id == INDEX_NONE)
                return 0;
        entry = &index->entries[id];
        if (known->is_companion && entry->series != INDEX_NONE) {
                r = index_find_owner(index, stems, id, &owner);
                if (r < 0)
                        return r;
                entry->is_marked = owner != INDEX_NONE;
        }
        entry->is_companion = known->is_companion && (entry->series == INDEX_NONE || entry->is_marked);
        return entry->is_companion || entry->series != INDEX_NONE ? 0 : series_link(index, id);
}

static int adopt_entries(struct Index *index, const struct Index *scope) {
        _cleanup_(stems_done) struct Stems stems = {};
        int r = 0;

        for (uint32_t i = 0; i < scope->n_entries && r >= 0; i++)
                if (scope->entries[i].is_used)
                        r = adopt_entry(index, &stems, scope, &scope->entries[i]);
        /* All at once: each by itself would walk its series again. */
        for (uint32_t i = 0; i < scope->n_entries; i++) {
                uint32_t id = scope->entries[i].is_companion ? find_same(index, scope, &scope->entries[i]) : INDEX_NONE;

                if (id != INDEX_NONE && index->entries[id].is_marked)
                        series_unlink(index, id);
        }
        return r;
}

int index_adopt(struct Index *index, const struct Index *scope) {
        int r;

        r = adopt_entries(index, scope);
        if (r < 0)
                return r;
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
