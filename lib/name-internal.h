/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What the files of name share: bytes by class, the words of a calendar, and a
 * timestamp found in a text.
 *
 * A text is not terminated; name_at() and the functions built on it read NUL
 * behind its end, which is no part of any form. Every look ahead is bounded, so
 * that a scan costs by the length of the text, whatever is in it.
 */

#include "lib/name.h"

enum {
        NAME_DIGIT = 1 << 0,
        NAME_LETTER = 1 << 1, /* also each byte beyond ASCII: it may be one */
        NAME_HEX = 1 << 2,    /* digits and the letters up to f */
        NAME_PART = 1 << 3,   /* stands between year, month and day: - _ . */
        NAME_JOINT = 1 << 4,  /* stands between date and clock: - _ . @ and space */
};

extern const uint8_t name_class[256];

struct NameText {
        const char *s;
        size_t n;
};

static inline char name_at(const struct NameText *text, size_t i) {
        return i < text->n ? text->s[i] : '\0';
}

static inline bool name_is(const struct NameText *text, size_t i, unsigned class) {
        return i < text->n && (name_class[(uint8_t)text->s[i]] & class);
}

/* The bytes of that class from i on, counted up to max. */
static inline size_t name_run(const struct NameText *text, size_t i, unsigned class, size_t max) {
        size_t n = 0;

        while (n < max && name_is(text, i + n, class))
                n++;
        return n;
}

/* The value of n digits, which are there; n is at most 18. */
static inline int64_t name_number(const struct NameText *text, size_t i, size_t n) {
        int64_t value = 0;

        while (n-- > 0)
                value = value * 10 + (text->s[i++] - '0');
        return value;
}

/* name_number() of the two digits that most groups have. */
static inline uint8_t name_pair(const struct NameText *text, size_t i) {
        return (uint8_t)((text->s[i] - '0') * 10 + (text->s[i + 1] - '0'));
}

static inline bool name_has(const struct NameText *text, size_t i, const char *s, size_t n_s) {
        return i <= text->n && n_s <= text->n - i && memcmp(text->s + i, s, n_s) == 0;
}

/*
 * English names, whole or the first three letters, in any case: 1 to 12, and 1 (Monday) to 7; 0: is none. The
 * longest is NAME_WORD_MAX.
 */
#define NAME_WORD_MAX 9
int name_month(const char *s, size_t n) _pure_;
int name_weekday(const char *s, size_t n) _pure_;

/* Whether 8-4-4-4-12 hexadecimal digits stand at i. */
bool name_is_uuid(const struct NameText *text, size_t i) _pure_;
/* Whether [from, to), which begins and ends with digits, begins or ends inside what looks like a digest. */
bool name_is_in_digest(const struct NameText *text, size_t from, size_t to) _pure_;

struct NameStamp {
        size_t from, to;
        struct NameTime time;
        bool is_count; /* 10 or 13 digits: seconds, milliseconds or YYYYMMDDhh, by form the weakest of all */
};

/* The first timestamp at or after *at, which is moved behind it; false at the end of the text. */
bool name_stamp_next(const struct NameText *text, size_t *at, struct NameStamp *ret);

/* Whether the n digits (2 or 4) at i begin a date and so no clock: the second of "2026-11-19_2026-11-20". */
bool name_is_date(const struct NameText *text, size_t i, size_t n) _pure_;

/* Extends a date by the clock that follows it, if one does. */
void name_stamp_take_clock(const struct NameText *text, struct NameStamp *stamp);
/* Extends a compact form that ended with seconds, or minutes, by what may follow those. */
void name_stamp_take_fraction(const struct NameText *text, struct NameStamp *stamp);
void name_stamp_take_offset(const struct NameText *text, struct NameStamp *stamp);

/* +01:00 or +0100 or +01 at i; its length, or 0. */
size_t name_offset(const struct NameText *text, size_t i, int32_t *ret_sec);

/* The moment that Unix seconds name, in UTC. */
void name_time_set_unix(struct NameTime *time, int64_t sec);

/* The date as it stands, or with day and month the other way round. */
static inline struct Civil name_reading(const struct NameTime *time, bool swap) {
        struct Civil civil = time->civil;

        if (swap) {
                civil.month = time->civil.day;
                civil.day = time->civil.month;
        }
        return civil;
}

/* How many days lie between two dates, in those of their readings that are nearest to each other. */
int64_t name_days_apart(const struct NameTime *a, const struct NameTime *b) _pure_;

/* Adds [from, to), keeping the order and joining what touches; what does not fit any more stays literal. */
void name_add_hole(struct Name *name, size_t from, size_t to);
