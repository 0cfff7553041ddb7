/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The small words that every file here uses: cleanup attributes, moving a
 * pointer or a descriptor out of its variable, and arithmetic that says when it
 * overflows.
 *
 * Nothing here depends on anything but the compiler and libc's headers, so that
 * pure files may include it.
 */

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#define _cleanup_(f) __attribute__((cleanup(f)))
#define _const_ __attribute__((const))
#define _pure_ __attribute__((pure))
#define _printf_(a, b) __attribute__((format(printf, a, b)))
#define _unused_ __attribute__((unused))
#define _likely_(x) __builtin_expect(!!(x), 1)
#define _unlikely_(x) __builtin_expect(!!(x), 0)

#define ELEMENTSOF(a) (sizeof(a) / sizeof((a)[0]))
#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))

#define NSEC_PER_SEC INT64_C(1000000000)
#define NSEC_PER_USEC INT64_C(1000)
#define USEC_PER_MSEC INT64_C(1000)
#define USEC_PER_SEC INT64_C(1000000)
#define USEC_PER_MINUTE (60 * USEC_PER_SEC)
#define USEC_PER_HOUR (60 * USEC_PER_MINUTE)
#define USEC_PER_DAY (24 * USEC_PER_HOUR)
#define USEC_INFINITY INT64_MAX

/* Moves a value out of its variable, so that the variable's cleanup finds nothing. */
#define TAKE_PTR(p)                                                                                                    \
        ({                                                                                                             \
                typeof(p) *_take_from = &(p);                                                                          \
                typeof(p) _taken = *_take_from;                                                                        \
                *_take_from = NULL;                                                                                    \
                _taken;                                                                                                \
        })
#define TAKE_FD(fd)                                                                                                    \
        ({                                                                                                             \
                int *_take_from = &(fd);                                                                               \
                int _taken = *_take_from;                                                                              \
                *_take_from = -1;                                                                                      \
                _taken;                                                                                                \
        })

/* Defines what _cleanup_() needs for a type whose free function takes NULL and returns NULL. */
#define DEFINE_CLEANUP(type, func)                                                                                     \
        static inline void func##p(type *p) {                                                                          \
                if (*p)                                                                                                \
                        *p = func(*p);                                                                                 \
        }

static inline void freep(void *p) {
        free(*(void **)p);
}

static inline bool streq(const char *a, const char *b) {
        return strcmp(a, b) == 0;
}

static inline const char *strempty(const char *s) {
        return s ? s : "";
}

static inline bool ascii_is_digit(char c) {
        return c >= '0' && c <= '9';
}

static inline bool ascii_is_alpha(char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Checked arithmetic: true on overflow, *ret is then not to be used. */
#define add_overflows(a, b, ret) __builtin_add_overflow(a, b, ret)
#define sub_overflows(a, b, ret) __builtin_sub_overflow(a, b, ret)
#define mul_overflows(a, b, ret) __builtin_mul_overflow(a, b, ret)

/* a - b, but never beyond what an int64_t holds: times far off stay far off. */
static inline int64_t sub_saturated(int64_t a, int64_t b) {
        int64_t r;

        if (sub_overflows(a, b, &r))
                return b > 0 ? INT64_MIN : INT64_MAX;
        return r;
}
static inline int64_t add_saturated(int64_t a, int64_t b) {
        int64_t r;

        if (add_overflows(a, b, &r))
                return b > 0 ? INT64_MAX : INT64_MIN;
        return r;
}

/* Division that rounds towards minus infinity, as times before 1970 need it. */
static inline int64_t div_floor(int64_t a, int64_t b) {
        int64_t q = a / b;

        return a % b != 0 && (a < 0) != (b < 0) ? q - 1 : q;
}

/* What div_floor() leaves over: from 0 to b - 1. */
static inline int64_t mod_floor(int64_t a, int64_t b) {
        int64_t r = a % b;

        return r < 0 ? r + b : r;
}
