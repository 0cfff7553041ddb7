/* SPDX-License-Identifier: MIT */
#include "lib/table.h"

#include "lib/hash.h"
#include "tests/test.h"

#define N_KEYS 3000

/* The owner: keys by number; a weak hash makes the collisions that a good one would not. */
struct Owner {
        uint64_t keys[N_KEYS];
        uint64_t mask;
};

static uint64_t weak_hash(const struct Owner *owner, uint64_t key) {
        return (key * UINT64_C(0x9e3779b97f4a7c15) >> 40) & owner->mask;
}

static uint64_t hash(const void *p, uint32_t id) {
        const struct Owner *owner = p;

        return weak_hash(owner, owner->keys[id]);
}

static bool equal(const void *p, uint32_t id, const void *key) {
        const struct Owner *owner = p;

        return owner->keys[id] == *(const uint64_t *)key;
}

static const struct TableType type = {hash, equal};

static uint64_t next_random(uint64_t *state) {
        *state ^= *state << 13;
        *state ^= *state >> 7;
        *state ^= *state << 17;
        return *state;
}

/* Random insertions and removals against an array that says who is in. */
static void run(uint64_t mask) {
        static struct Owner owner;
        static bool in[N_KEYS];
        struct Table table = {};
        uint64_t state = 42 + mask;

        owner.mask = mask;
        memset(in, 0, sizeof(in));
        for (uint32_t i = 0; i < N_KEYS; i++)
                owner.keys[i] = i * 7 + 1;
        for (unsigned step = 0; step < 20000; step++) {
                uint32_t id = (uint32_t)(next_random(&state) % N_KEYS);
                uint64_t key = owner.keys[id];
                uint32_t found = table_find(&table, &type, &owner, weak_hash(&owner, key), &key);

                ck_assert_uint_eq(found, in[id] ? id : TABLE_NONE);
                if (in[id])
                        table_remove(&table, &type, &owner, id);
                else {
                        ck_assert_int_eq(table_reserve(&table, &type, &owner), 0);
                        table_insert(&table, weak_hash(&owner, key), id);
                }
                in[id] = !in[id];
        }
        for (uint32_t id = 0; id < N_KEYS; id++)
                ck_assert_uint_eq(table_find(&table, &type, &owner, weak_hash(&owner, owner.keys[id]), &owner.keys[id]),
                                  in[id] ? id : TABLE_NONE);
        table_done(&table);
}

START_TEST(holds_what_was_put_in) {
        run(UINT64_MAX);
        run(0xff); /* long runs that meet */
}
END_TEST

START_TEST(wraps_around) {
        static struct Owner owner = {.mask = UINT64_MAX};
        struct Table table = {};

        /* Everything wants the last slot of 64, so all but one lie at the front. */
        for (uint32_t id = 0; id < 40; id++) {
                owner.keys[id] = id;
                ck_assert_int_eq(table_reserve(&table, &type, &owner), 0);
        }
        ck_assert_uint_eq(table.n_slots, 64);
        owner.mask = 0;
        for (uint32_t id = 0; id < 40; id++)
                table_insert(&table, 0, id);
        for (uint32_t id = 0; id < 40; id += 2)
                table_remove(&table, &type, &owner, id);
        for (uint32_t id = 0; id < 40; id++)
                ck_assert_uint_eq(table_find(&table, &type, &owner, 0, &owner.keys[id]), id % 2 ? id : TABLE_NONE);
        table_done(&table);
}
END_TEST

static int reserve(void *owner) {
        struct Table table = {};
        int r = table_reserve(&table, &type, owner);

        table_done(&table);
        return r;
}

START_TEST(has_limits) {
        static struct Owner owner;
        struct Table full = {.n_slots = UINT32_C(1) << 31, .n_used = UINT32_C(1) << 31};

        test_each_allocation_fails(reserve, &owner);
        ck_assert_int_eq(table_reserve(&full, &type, &owner), -EOVERFLOW);
}
END_TEST

/* On every byte, on their number, on the prefix and on the key. */
START_TEST(hashes_depend_on_everything) {
        const struct HashKey key = {{UINT64_C(0x0706050403020100), UINT64_C(0x0f0e0d0c0b0a0908)}};
        const uint8_t data[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
        const uint64_t prefix = UINT64_C(0x0706050403020100);
        uint64_t seen[ELEMENTSOF(data)];

        for (size_t n = 0; n < ELEMENTSOF(data); n++) {
                seen[n] = hash_bytes(&key, prefix, data, n);
                for (size_t i = 0; i < n; i++)
                        ck_assert_uint_ne(seen[i], seen[n]);
        }
        ck_assert_uint_ne(hash_bytes(&key, 1, data, 8), hash_bytes(&key, 2, data, 8));
        ck_assert_uint_ne(hash_bytes(&(struct HashKey){{1, 2}}, 1, data, 8), hash_bytes(&key, 1, data, 8));
}
END_TEST

int main(void) {
        return test_run("table", (const TTest *[]){
                                         holds_what_was_put_in,
                                         wraps_around,
                                         has_limits,
                                         hashes_depend_on_everything,
                                         NULL,
                                 });
}
