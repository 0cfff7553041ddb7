/* SPDX-License-Identifier: MIT */
#include "lib/table.h"

#include <errno.h>

#define N_SLOTS_FIRST 64

void table_done(struct Table *table) {
        free(table->slots);
        *table = (struct Table){};
}

static uint32_t slot_of(const struct Table *table, uint64_t hash) {
        return (uint32_t)hash & (table->n_slots - 1);
}

static uint32_t slot_after(const struct Table *table, uint32_t slot) {
        return (slot + 1) & (table->n_slots - 1);
}

uint32_t table_find(const struct Table *table, const struct TableType *type, const void *owner, uint64_t hash,
                    const void *key) {
        if (table->n_slots == 0)
                return TABLE_NONE;
        for (uint32_t slot = slot_of(table, hash); table->slots[slot] != TABLE_NONE; slot = slot_after(table, slot))
                if (type->equal(owner, table->slots[slot], key))
                        return table->slots[slot];
        return TABLE_NONE;
}

int table_reserve(struct Table *table, const struct TableType *type, const void *owner) {
        struct Table larger = {.n_slots = table->n_slots ? table->n_slots * 2 : N_SLOTS_FIRST};

        if (table->n_used < table->n_slots - table->n_slots / 4)
                return 0;
        if (larger.n_slots == 0)
                return -EOVERFLOW;
        larger.slots = malloc((size_t)larger.n_slots * sizeof(uint32_t));
        if (!larger.slots)
                return -ENOMEM;
        memset(larger.slots, 0xff, (size_t)larger.n_slots * sizeof(uint32_t));
        for (uint32_t i = 0; i < table->n_slots; i++)
                if (table->slots[i] != TABLE_NONE)
                        table_insert(&larger, type->hash(owner, table->slots[i]), table->slots[i]);
        table_done(table);
        *table = larger;
        return 0;
}

void table_insert(struct Table *table, uint64_t hash, uint32_t id) {
        uint32_t slot = slot_of(table, hash);

        while (table->slots[slot] != TABLE_NONE)
                slot = slot_after(table, slot);
        table->slots[slot] = id;
        table->n_used++;
}

void table_remove(struct Table *table, const struct TableType *type, const void *owner, uint32_t id) {
        uint32_t hole = slot_of(table, type->hash(owner, id));

        while (table->slots[hole] != id)
                hole = slot_after(table, hole);

        /* What comes behind moves up, unless it would then stand before its own place. */
        for (uint32_t slot = slot_after(table, hole); table->slots[slot] != TABLE_NONE;
             slot = slot_after(table, slot)) {
                uint32_t home = slot_of(table, type->hash(owner, table->slots[slot]));

                if (((slot - home) & (table->n_slots - 1)) >= ((slot - hole) & (table->n_slots - 1))) {
                        table->slots[hole] = table->slots[slot];
                        hole = slot;
                }
        }
        table->slots[hole] = TABLE_NONE;
        table->n_used--;
}
