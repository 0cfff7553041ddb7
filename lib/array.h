/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Arrays that grow by doubling: a pointer, how many are in it, and for how many
 * there is room.
 */

#include <errno.h>

#include "lib/base.h"

static inline int array_reserve(void **array, size_t n, size_t *n_allocated, size_t size) {
        size_t more = MAX(*n_allocated * 2, (size_t)16);
        void *p;

        if (n < *n_allocated)
                return 0;
        p = reallocarray(*array, more, size);
        if (!p)
                return -ENOMEM;
        *array = p;
        *n_allocated = more;
        return 0;
}

/* Appends a value to owner->list, counted by owner->n_list in owner->n_list_allocated; 0 or -ENOMEM. */
#define ARRAY_APPEND(owner, list, ...)                                                                                 \
        ({                                                                                                             \
                int _append = array_reserve((void **)&(owner)->list, (owner)->n_##list,                                \
                                            &(owner)->n_##list##_allocated, sizeof(*(owner)->list));                   \
                if (_append >= 0)                                                                                      \
                        (owner)->list[(owner)->n_##list++] = __VA_ARGS__;                                              \
                _append;                                                                                               \
        })
