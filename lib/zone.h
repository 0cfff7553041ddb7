/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * A time zone as a value, made from the bytes of a TZif file (RFC 8536): when
 * its clocks were moved, and by which rule they go on being moved.
 */

#include "lib/base.h"

enum {
        ZONE_E_INVALID = 1, /* not a TZif file, or one that breaks its own rules */
};

struct Zone;

/* Immutable. zone_utc() is static, and zone_free() leaves it alone. */
int zone_new_from_tzif(const void *data, size_t n_data, struct Zone **ret);
struct Zone *zone_free(struct Zone *zone);
const struct Zone *zone_utc(void) _const_;
DEFINE_CLEANUP(struct Zone *, zone_free)

/* Seconds east of Greenwich at that second since 1970. */
int32_t zone_offset(const struct Zone *zone, int64_t sec) _pure_;

/* Days since 1970 of a proleptic Gregorian date; the month and the day may be out of range. */
int64_t zone_days(int64_t year, int64_t month, int64_t day) _const_;
