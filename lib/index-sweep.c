/* SPDX-License-Identifier: MIT */
#include "lib/index.h"

#include <errno.h>

#include "lib/index-internal.h"

/* Garbage in the text is swept out when it is half of it, but never for less than this. */
#define TEXT_GARBAGE_MIN (1024 * 1024)

/* Copies what is still used of the text to a new one. */
int index_compact(struct Index *index) {
        struct Index compact = {};
        int r = 0;

        if (index->n_text_garbage < TEXT_GARBAGE_MIN || index->n_text_garbage < index->n_text / 2)
                return 0;
        /* Enough for all, so that nothing below can fail half-way. */
        compact.n_text_allocated = index->n_text;
        compact.text = malloc(compact.n_text_allocated);
        if (!compact.text)
                return -ENOMEM;

#define MOVE(offset)                                                                                                   \
        (r = r < 0 ? r                                                                                                 \
                   : index_add_text(&compact, index_text(index, offset), strlen(index_text(index, offset)),            \
                                    &(offset)))
        for (uint32_t i = 0; i < index->n_entries; i++)
                if (index->entries[i].is_used) {
                        uint32_t name = index->entries[i].name;

                        MOVE(name);
                        index->entries[i].name = name;
                }
        for (uint32_t i = 0; i < index->n_series; i++)
                if (index->series[i].key < SERIES_FREE)
                        MOVE(index->series[i].key);
        for (uint32_t i = 0; i < index->n_directories; i++)
                if (index->directories[i].is_used) {
                        bool same = index->directories[i].literal == index->directories[i].holed;

                        MOVE(index->directories[i].path);
                        MOVE(index->directories[i].literal);
                        if (same)
                                index->directories[i].holed = index->directories[i].literal;
                        else
                                MOVE(index->directories[i].holed);
                }
#undef MOVE
        free(index->text);
        index->text = compact.text;
        index->n_text = compact.n_text;
        index->n_text_allocated = compact.n_text_allocated;
        index->n_text_garbage = 0;
        return 0;
}

void index_sweep_directories(struct Index *index) {
        for (uint32_t i = 0; i < index->n_directories; i++) {
                struct Directory *directory = &index->directories[i];

                if (!directory->is_used || directory->generation == index->generation || directory->n_entries > 0)
                        continue;
                table_remove(&index->directory_table, &index_directory_table_type, index, i);
                index_drop_text(index, directory->path);
                if (directory->holed != directory->literal)
                        index_drop_text(index, directory->holed);
                index_drop_text(index, directory->literal);
                free(directory->dated);
                *directory = (struct Directory){.path = index->free_directory};
                index->free_directory = i;
        }
}

int index_sweep(struct Index *index, size_t *ret_n) {
        size_t n = index->n_entries_used - index->n_entries_seen;

        if (n > 0) {
                index->is_settled = false;
                series_sweep(index);
                for (uint32_t i = 0; i < index->n_entries; i++)
                        if (index->entries[i].is_used && index->entries[i].generation != index->generation)
                                index_drop_entry(index, i);
        }
        index_sweep_directories(index);
        *ret_n = n;
        return index_compact(index);
}

int index_tidy(struct Index *index) {
        index_sweep_directories(index);
        return index_compact(index);
}
