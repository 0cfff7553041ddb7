/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The hour, day, ISO week, month or year that a moment belongs to, in a named
 * zone; and calendar arithmetic.
 *
 * A zone is a value and not libc's process-wide TZ: sets may live in different
 * zones, and tests bring their own. Moments are microseconds since 1970 (times before are negative); every
 * int64_t is accepted, results saturate.
 */

#include "lib/base.h"
#include "lib/span.h"
#include "lib/zone.h"

enum CalendarPeriod {
        CALENDAR_HOUR,
        CALENDAR_DAY,
        CALENDAR_WEEK,
        CALENDAR_MONTH,
        CALENDAR_YEAR,
        _CALENDAR_PERIOD_MAX,
};

/* A wall clock's reading, proleptic Gregorian; month and day count from 1. */
struct Civil {
        int64_t year;
        uint8_t month, day, hour, minute, second;
};

#define CALENDAR_TEXT_MAX 64

void calendar_from_usec(const struct Zone *zone, int64_t usec, struct Civil *ret);

/*
 * The moment at which the zone's clocks read this. A reading that occurs twice (clocks going back) is the
 * first of the two; one that never occurs (going forward) is taken as if the clocks had not yet been moved.
 */
int64_t calendar_to_usec(const struct Zone *zone, const struct Civil *civil) _pure_;

bool calendar_is_valid(const struct Civil *civil) _pure_;

/*
 * The moment a span before another: years, months and days by the wall clock, then the exact part. A day that
 * the month does not have runs over into the next (31 March less one month is 3 March): restic's arithmetic.
 */
int64_t calendar_subtract(const struct Zone *zone, int64_t usec, const struct Span *span) _pure_;

/*
 * The moment a span after another, likewise; but a day that the month does not have is its last one (31 January and
 * a month is 28 February), so that of two backups the older never lasts longer. USEC_INFINITY: never.
 */
int64_t calendar_add(const struct Zone *zone, int64_t usec, const struct Span *span) _pure_;

/*
 * A number that two moments share exactly if the zone's clocks put them in the same period. The hour is the
 * one on the clock: when clocks go back, both hours named 2 are one hour, as restic counts them.
 */
int64_t calendar_period(const struct Zone *zone, int64_t usec, enum CalendarPeriod period) _pure_;

/* All of them, for the price of one. */
void calendar_periods(const struct Zone *zone, int64_t usec, int64_t ret[static _CALENDAR_PERIOD_MAX]);

/* Monday is 1, Sunday 7. */
int calendar_weekday(int64_t year, int month, int day) _const_;
void calendar_iso_week(int64_t year, int month, int day, int64_t *ret_year, int *ret_week);

/* RFC 3339 with the zone's offset, fraction only where there is one: "2026-11-20T03:04:05+01:00". */
const char *calendar_format_rfc3339(const struct Zone *zone, int64_t usec, char buf[static CALENDAR_TEXT_MAX]);
/* "2026-11-20 03:04:05" */
const char *calendar_format_local(const struct Zone *zone, int64_t usec, char buf[static CALENDAR_TEXT_MAX]);
