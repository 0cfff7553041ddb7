/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * A hash table of small numbers: open addressing, four bytes a slot. It knows
 * neither keys nor hashes of what it holds; its owner tells both through a
 * struct TableType, which keeps a million entries at 8 MB.
 */

#include "lib/base.h"

#define TABLE_NONE UINT32_MAX

struct TableType {
        uint64_t (*hash)(const void *owner, uint32_t id);
        bool (*equal)(const void *owner, uint32_t id, const void *key);
};

struct Table {
        uint32_t *slots;
        uint32_t n_slots; /* 0 or a power of two */
        uint32_t n_used;
};

void table_done(struct Table *table);

/* TABLE_NONE if there is none. */
uint32_t table_find(const struct Table *table, const struct TableType *type, const void *owner, uint64_t hash,
                    const void *key);

/* Makes room for one more; after it, table_insert() cannot fail. */
int table_reserve(struct Table *table, const struct TableType *type, const void *owner);
void table_insert(struct Table *table, uint64_t hash, uint32_t id);
void table_remove(struct Table *table, const struct TableType *type, const void *owner, uint32_t id);
