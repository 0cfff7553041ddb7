/* SPDX-License-Identifier: MIT */
#include "lib/index.h"

#include <errno.h>

#include "lib/index-internal.h"
#include "lib/name.h"

/* The longest name of a series: a path and a file name, each byte with an escape. */
#define SERIES_NAME_MAX (2 * (4096 + 1 + 255) + 1)

static uint64_t key_hash(const struct Index *index, const char *key) {
        return hash_bytes(&index->key, 0, key, strlen(key));
}

static uint64_t series_table_hash(const void *owner, uint32_t id) {
        const struct Index *index = owner;

        return key_hash(index, index_text(index, index->series[id].key));
}

static bool series_table_equal(const void *owner, uint32_t id, const void *key) {
        const struct Index *index = owner;

        return streq(index_text(index, index->series[id].key), key);
}

static const struct TableType series_table_type = {series_table_hash, series_table_equal};

/* Writes the name of the series that the entry belongs to; false if it is undated and a series of its own. */
static bool entry_series_name(const struct Index *index, const struct Entry *entry, char buf[static SERIES_NAME_MAX]) {
        const struct Directory *directory = &index->directories[entry->directory];
        const char *name = index_text(index, entry->name);
        struct Name parsed;
        const char *prefix;
        bool agrees;
        size_t n;

        index_parse_name(index, name, entry->n_name, &parsed);
        agrees = directory->dated && name_directory_agrees(directory->dated, &parsed);
        prefix = index_text(index, agrees ? directory->holed : directory->literal);

        n = strlen(prefix);
        memcpy(buf, prefix, n);
        if (n > 0)
                buf[n++] = '/';
        n += name_series(name, entry->n_name, &parsed, buf + n);
        buf[n] = '\0';
        return parsed.is_dated || agrees;
}

static int series_new(struct Index *index, uint32_t key, uint32_t *ret) {
        uint32_t id = index->free_series;
        int r;

        if (id != INDEX_NONE)
                index->free_series = index->series[id].head;
        else {
                r = index_grow((void **)&index->series, index->n_series, &index->n_series_allocated,
                               sizeof(struct Series));
                if (r < 0)
                        return r;
                id = index->n_series++;
        }
        index->series[id] = (struct Series){.key = key, .head = INDEX_NONE, .deadline_usec = INT64_MIN};
        *ret = id;
        return 0;
}

static void series_drop(struct Index *index, uint32_t id) {
        struct Series *series = &index->series[id];

        if (series->key != SERIES_OWN) {
                table_remove(&index->series_table, &series_table_type, index, id);
                index_drop_text(index, series->key);
        }
        *series = (struct Series){.key = SERIES_FREE, .head = index->free_series, .deadline_usec = USEC_INFINITY};
        index->free_series = id;
}

static int series_find_or_new(struct Index *index, const struct Entry *entry, uint32_t *ret) {
        char name[SERIES_NAME_MAX];
        uint64_t hash;
        uint32_t key;
        int r;

        if (!entry_series_name(index, entry, name))
                return series_new(index, SERIES_OWN, ret);

        hash = key_hash(index, name);
        *ret = table_find(&index->series_table, &series_table_type, index, hash, name);
        if (*ret != TABLE_NONE)
                return 0;
        r = table_reserve(&index->series_table, &series_table_type, index);
        if (r < 0)
                return r;
        r = index_add_text(index, name, strlen(name), &key);
        if (r < 0)
                return r;
        r = series_new(index, key, ret);
        if (r < 0)
                return r;
        table_insert(&index->series_table, hash, *ret);
        return 0;
}

int series_link(struct Index *index, uint32_t id) {
        struct Entry *entry = &index->entries[id];
        uint32_t series;
        int r;

        r = series_find_or_new(index, entry, &series);
        if (r < 0)
                return r;
        entry->series = series;
        entry->next = index->series[series].head;
        index->series[series].head = id;
        index->n_backups++;
        series_touch(index, series);
        return 0;
}

void series_touch(struct Index *index, uint32_t series) {
        index->series[series].deadline_usec = INT64_MIN;
}

/* Takes every entry that keep() refuses out of the series; drops the series if none is left. */
static void series_filter(struct Index *index, uint32_t series, bool (*keep)(const struct Entry *, uint16_t),
                          uint16_t generation) {
        uint32_t last = INDEX_NONE, next;

        for (uint32_t id = index->series[series].head; id != INDEX_NONE; id = next) {
                struct Entry *entry = &index->entries[id];

                next = entry->next;
                if (keep(entry, generation)) {
                        last = id;
                        continue;
                }
                if (last == INDEX_NONE)
                        index->series[series].head = next;
                else
                        index->entries[last].next = next;
                entry->series = entry->next = INDEX_NONE;
                entry->is_marked = false;
                index->n_backups--;
                series_touch(index, series);
        }
        if (index->series[series].head == INDEX_NONE)
                series_drop(index, series);
}

static bool is_unmarked(const struct Entry *entry, uint16_t generation) {
        (void)generation;
        return !entry->is_marked;
}

static bool is_of_generation(const struct Entry *entry, uint16_t generation) {
        return entry->generation == generation;
}

void series_unlink(struct Index *index, uint32_t id) {
        index->entries[id].is_marked = true;
        series_filter(index, index->entries[id].series, is_unmarked, 0);
}

void series_sweep(struct Index *index) {
        for (uint32_t i = 0; i < index->n_series; i++)
                if (index->series[i].key != SERIES_FREE)
                        series_filter(index, i, is_of_generation, index->generation);
}

/* Newest first; then, so that the order is always the same, the later modified, and the name. */
static int entry_compare(const void *pa, const void *pb, void *userdata) {
        const struct Index *index = userdata;
        const struct Entry *a = &index->entries[*(const uint32_t *)pa];
        const struct Entry *b = &index->entries[*(const uint32_t *)pb];

        if ((a->time_from == BACKUP_TIME_NONE) != (b->time_from == BACKUP_TIME_NONE))
                return a->time_from == BACKUP_TIME_NONE ? 1 : -1;
        if (a->time_usec != b->time_usec)
                return a->time_usec > b->time_usec ? -1 : 1;
        if (a->stat.mtime_usec != b->stat.mtime_usec)
                return a->stat.mtime_usec > b->stat.mtime_usec ? -1 : 1;
        if (a->directory != b->directory)
                return strcmp(index_text(index, index->directories[a->directory].path),
                              index_text(index, index->directories[b->directory].path));
        return strcmp(index_text(index, a->name), index_text(index, b->name));
}

int index_list_append(struct IndexList *list, uint32_t id) {
        if (list->n_ids == list->n_allocated) {
                size_t n = list->n_allocated ? list->n_allocated * 2 : 64;
                uint32_t *ids = reallocarray(list->ids, n, sizeof(uint32_t));

                if (!ids)
                        return -ENOMEM;
                list->ids = ids;
                list->n_allocated = n;
        }
        list->ids[list->n_ids++] = id;
        return 0;
}

int index_read_series(struct Index *index, uint32_t series, struct IndexList *list) {
        struct Series *s = &index->series[series];
        bool sorted = true;

        list->n_ids = 0;
        for (uint32_t id = s->head; id != INDEX_NONE; id = index->entries[id].next) {
                int r = index_list_append(list, id);

                if (r < 0)
                        return r;
                if (sorted && list->n_ids > 1)
                        sorted = entry_compare(&list->ids[list->n_ids - 2], &id, index) < 0;
        }
        if (sorted)
                return 0;

        qsort_r(list->ids, list->n_ids, sizeof(uint32_t), entry_compare, index);
        s->head = list->ids[0];
        for (size_t i = 0; i < list->n_ids; i++)
                index->entries[list->ids[i]].next = i + 1 < list->n_ids ? list->ids[i + 1] : INDEX_NONE;
        return 0;
}

void index_list_done(struct IndexList *list) {
        free(list->ids);
        *list = (struct IndexList){};
}

uint32_t index_series_end(const struct Index *index) {
        return index->n_series;
}

bool index_has_series(const struct Index *index, uint32_t series) {
        return index->series[series].key != SERIES_FREE;
}

bool index_is_undated(const struct Index *index, uint32_t series) {
        return index->series[series].key == SERIES_OWN;
}

int index_series_name(const struct Index *index, uint32_t series, char **buf, size_t *n_buf) {
        const struct Series *s = &index->series[series];

        if (*n_buf < SERIES_NAME_MAX) {
                char *p = realloc(*buf, SERIES_NAME_MAX);

                if (!p)
                        return -ENOMEM;
                *buf = p;
                *n_buf = SERIES_NAME_MAX;
        }
        if (s->key == SERIES_OWN)
                entry_series_name(index, &index->entries[s->head], *buf);
        else
                strcpy(*buf, index_text(index, s->key));
        return 0;
}

uint32_t index_find_series(const struct Index *index, const struct Index *other, uint32_t series_of_other) {
        const struct Series *s = &other->series[series_of_other];
        const struct Entry *entry;
        uint32_t directory, id;
        const char *key;

        if (s->key != SERIES_OWN) {
                key = index_text(other, s->key);
                return table_find(&index->series_table, &series_table_type, index, key_hash(index, key), key);
        }

        entry = &other->entries[s->head];
        directory = index_find_directory(index, index_directory_path(other, entry->directory));
        if (directory == INDEX_NONE)
                return INDEX_NONE;
        id = index_find(index, directory, index_text(other, entry->name), entry->n_name);
        return id == INDEX_NONE ? INDEX_NONE : index->entries[id].series;
}

void index_set_deadline(struct Index *index, uint32_t series, int64_t usec) {
        index->series[series].deadline_usec = usec;
}

int64_t index_deadline(const struct Index *index, uint32_t series) {
        return index->series[series].deadline_usec;
}

int64_t index_next_deadline(const struct Index *index) {
        int64_t next = USEC_INFINITY;

        for (uint32_t i = 0; i < index->n_series; i++)
                next = MIN(next, index->series[i].deadline_usec);
        return next;
}
