/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The hours of the day in which work may be done: 02:00-06:00, or several such.
 * One that ends before it begins goes over midnight.
 */

#include "lib/base.h"
#include "lib/calendar.h"

#define HOURS_MAX 16

struct Hours {
        uint16_t from[HOURS_MAX], to[HOURS_MAX]; /* minutes since midnight */
        size_t n;                                /* 0: always */
};

enum {
        HOURS_E_SYNTAX = 1, /* not HH:MM-HH:MM */
        HOURS_E_EMPTY,      /* begins where it ends */
        HOURS_E_TOO_MANY,
};

/* Adds one. What is wrong with it: hours_error_text(). */
int hours_add(struct Hours *hours, const char *text);
const char *hours_error_text(int error) _const_;

/* The next moment, now or later, at which work may be done. */
int64_t hours_next(const struct Hours *hours, const struct Zone *zone, int64_t now_usec);
