/* SPDX-License-Identifier: MIT */
#include "lib/array.h"

#include "tests/test.h"

struct Owner {
        int *things;
        size_t n_things, n_things_allocated;
};

START_TEST(grows) {
        struct Owner owner = {};

        for (int i = 0; i < 1000; i++)
                ck_assert_int_eq(ARRAY_APPEND(&owner, things, i), 0);
        ck_assert_uint_eq(owner.n_things, 1000);
        ck_assert_uint_ge(owner.n_things_allocated, 1000);
        for (int i = 0; i < 1000; i++)
                ck_assert_int_eq(owner.things[i], i);
        free(owner.things);
}
END_TEST

static int append(void *userdata) {
        struct Owner owner = {};
        int r = 0;

        for (int i = 0; i < *(int *)userdata && r >= 0; i++)
                r = ARRAY_APPEND(&owner, things, i);
        free(owner.things);
        return r;
}

START_TEST(allocations_fail) {
        int n = 100;

        test_each_allocation_fails(append, &n);
}
END_TEST

int main(void) {
        return test_run("array", (const TTest *[]){grows, allocations_fail, NULL});
}
