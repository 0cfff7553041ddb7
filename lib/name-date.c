/* SPDX-License-Identifier: MIT */

/*
 * Finds timestamps in a text. A scan steps from run to run of digits and of
 * letters; only at the beginning of a run, and only for a run of the right
 * length, are the forms tried. Runs are maximal: digits are never a part of
 * more digits.
 */

#include "lib/name-internal.h"

#define NAME_YEAR_MIN 1970
#define NAME_YEAR_MAX 2099
#define UNIX_MIN INT64_C(1000000000)
#define UNIX_MAX INT64_C(0x7fffffff)

static bool set_date(struct NameTime *time, int64_t year, uint8_t month, uint8_t day) {
        const struct Civil civil = {.year = year, .month = month, .day = day};

        if (year < NAME_YEAR_MIN || year > NAME_YEAR_MAX || !calendar_is_valid(&civil))
                return false;
        time->civil = civil;
        return true;
}

static bool set_clock(struct NameTime *time, uint8_t hour, uint8_t minute, uint8_t second) {
        if (hour > 23 || minute > 59 || second > 59)
                return false;
        time->civil.hour = hour;
        time->civil.minute = minute;
        time->civil.second = second;
        time->has_clock = true;
        return true;
}

void name_time_set_unix(struct NameTime *time, int64_t sec) {
        calendar_from_usec(zone_utc(), sec * USEC_PER_SEC, &time->civil);
        time->has_clock = true;
        time->has_offset = true;
        time->offset_sec = 0;
        time->swappable = false;
}

/* Two digits, two digits, four digits: as the day or the month comes first. */
static bool set_year_last(struct NameTime *time, uint8_t a, uint8_t b, int64_t year) {
        if (set_date(time, year, b, a)) {
                time->swappable = a <= 12 && a != b;
                return true;
        }
        return set_date(time, year, a, b);
}

/* 2026-11-20, 20-11-2026: n digits stand at i, one separator twice. */
static bool match_separated(const struct NameText *text, size_t i, size_t n, struct NameStamp *stamp) {
        const size_t month = i + n + 1, last = month + 3;
        const char separator = name_at(text, i + n);

        if (!name_is(text, i + n, NAME_PART) || name_run(text, month, NAME_DIGIT, 3) != 2 ||
            name_at(text, month + 2) != separator || name_run(text, last, NAME_DIGIT, 5) != 6 - n)
                return false;
        stamp->to = last + 6 - n;
        if (n == 4)
                return set_date(&stamp->time, name_number(text, i, 4), name_pair(text, month), name_pair(text, last));
        /* "web20-11-2026" may be a month of web20, "1.20.11.2026" a version. */
        if (i > 0 && (name_is(text, i - 1, NAME_LETTER) ||
                      (separator == '.' && text->s[i - 1] == '.' && i > 1 && name_is(text, i - 2, NAME_DIGIT))))
                return false;
        return set_year_last(&stamp->time, name_pair(text, i), name_pair(text, month), name_number(text, last, 4));
}

/* The separator between groups of a date whose month is a word: one of those, or none, which is NUL. */
static bool take_separator(const struct NameText *text, size_t *i, char *ret) {
        if (name_is(text, *i, NAME_LETTER | NAME_DIGIT)) {
                *ret = '\0';
                return true;
        }
        if (!name_is(text, *i, NAME_PART) && name_at(text, *i) != ' ')
                return false;
        *ret = text->s[(*i)++];
        return true;
}

/* 20-Nov-2026, 20Nov2026, 2026-Nov-20: n digits stand at i. */
static bool match_month_between(const struct NameText *text, size_t i, size_t n, struct NameStamp *stamp) {
        size_t word = i + n, n_word, last;
        char before, after;
        uint8_t month;

        if (!take_separator(text, &word, &before) || !name_is(text, word, NAME_LETTER))
                return false;
        n_word = name_run(text, word, NAME_LETTER, NAME_WORD_MAX + 1);
        month = (uint8_t)name_month(text->s + word, n_word);
        last = word + n_word;
        if (month == 0 || !take_separator(text, &last, &after) || before != after ||
            name_run(text, last, NAME_DIGIT, 5) != 6 - n)
                return false;
        stamp->to = last + 6 - n;
        return n == 4 ? set_date(&stamp->time, name_number(text, i, 4), month, name_pair(text, last))
                      : set_date(&stamp->time, name_number(text, last, 4), month, name_pair(text, i));
}

/* Nov-20-2026: a word of n letters stands at i. */
static bool match_month_first(const struct NameText *text, size_t i, size_t n, struct NameStamp *stamp) {
        const size_t day = i + n + 1;
        const char separator = name_at(text, i + n);
        uint8_t month;

        if ((separator != ' ' && !name_is(text, i + n, NAME_PART)) || name_run(text, day, NAME_DIGIT, 3) != 2 ||
            name_at(text, day + 2) != separator || name_run(text, day + 3, NAME_DIGIT, 5) != 4)
                return false;
        month = (uint8_t)name_month(text->s + i, n);
        stamp->to = day + 7;
        return month > 0 && set_date(&stamp->time, name_number(text, day + 3, 4), month, name_pair(text, day));
}

/* Seconds or milliseconds since 1970, or YYYYMMDDhh: only where they stand alone, for so do few other numbers. */
static bool match_count(const struct NameText *text, size_t i, size_t n, struct NameStamp *stamp) {
        const int64_t number = name_number(text, i, n), sec = n == 13 ? number / 1000 : number;

        if (i > 0 && (name_is(text, i - 1, NAME_LETTER) || text->s[i - 1] == '+'))
                return false;
        if (name_is(text, i + n, NAME_LETTER))
                return false;
        stamp->is_count = true;
        if (n == 10)
                name_stamp_take_fraction(text, stamp);
        if (n == 10 && number / 100000000 == 20 &&
            set_date(&stamp->time, name_number(text, i, 4), name_pair(text, i + 4), name_pair(text, i + 6)) &&
            set_clock(&stamp->time, name_pair(text, i + 8), 0, 0)) {
                stamp->time.usec = 0;
                return true;
        }
        if (sec < UNIX_MIN || sec > UNIX_MAX)
                return false;
        name_time_set_unix(&stamp->time, sec);
        if (n == 13)
                stamp->time.usec = (uint32_t)(number % 1000) * 1000;
        return true;
}

/* YYYYMMDD with hhmm, hhmmss, and three or six digits of its fraction. */
static bool match_compact(const struct NameText *text, size_t i, size_t n, struct NameStamp *stamp) {
        struct NameTime *time = &stamp->time;

        if (!set_date(time, name_number(text, i, 4), name_pair(text, i + 4), name_pair(text, i + 6)))
                return false;
        if (n == 8)
                return !name_is_uuid(text, i);
        if (!set_clock(time, name_pair(text, i + 8), name_pair(text, i + 10), n > 12 ? name_pair(text, i + 12) : 0))
                return false;
        if (n > 14)
                time->usec = (uint32_t)(n == 17 ? name_number(text, i + 14, 3) * 1000 : name_number(text, i + 14, 6));
        else if (n == 14)
                name_stamp_take_fraction(text, stamp);
        name_stamp_take_offset(text, stamp);
        return true;
}

bool name_is_date(const struct NameText *text, size_t i, size_t n) {
        struct NameStamp stamp = {};

        return match_separated(text, i, n, &stamp) || match_month_between(text, i, n, &stamp);
}

/* A run of n digits stands at i. */
static bool match_digits(const struct NameText *text, size_t i, size_t n, struct NameStamp *stamp) {
        switch (n) {
        case 2:
        case 4:
                return match_separated(text, i, n, stamp) || match_month_between(text, i, n, stamp);
        case 8:
        case 12:
        case 14:
        case 17:
        case 20:
                return match_compact(text, i, n, stamp);
        case 10:
        case 13:
                return match_count(text, i, n, stamp);
        default:
                return false;
        }
}

/* Whether the last digits of a date are rather the first of a UUID: "2026-11-" before one. */
static bool ends_in_uuid(const struct NameText *text, size_t to) {
        return name_is(text, to, NAME_HEX) && (name_is_uuid(text, to - 2) || name_is_uuid(text, to - 4));
}

static bool complete(const struct NameText *text, struct NameStamp *stamp) {
        if (name_is_in_digest(text, stamp->from, stamp->to) || ends_in_uuid(text, stamp->to))
                return false;
        if (!stamp->time.has_clock)
                name_stamp_take_clock(text, stamp);
        return true;
}

bool name_stamp_next(const struct NameText *text, size_t *at, struct NameStamp *ret) {
        size_t i = *at, n;

        while (i < text->n) {
                const unsigned class = name_class[(uint8_t)text->s[i]];
                bool found = false;

                if (!(class & (NAME_DIGIT | NAME_LETTER))) {
                        /* The first hyphen of a UUID; what it begins with is behind us and was no date. */
                        i += text->s[i] == '-' && i >= 8 && name_is_uuid(text, i - 8) ? 28 : 1;
                        continue;
                }
                *ret = (struct NameStamp){.from = i};
                n = name_run(text, i, class & NAME_DIGIT ? NAME_DIGIT : NAME_LETTER, text->n);
                ret->to = i + n;
                if (class & NAME_DIGIT)
                        found = match_digits(text, i, n, ret);
                else if (n >= 3 && n <= NAME_WORD_MAX)
                        found = match_month_first(text, i, n, ret);
                if (found && complete(text, ret)) {
                        *at = ret->to;
                        return true;
                }
                i += n;
        }
        *at = text->n;
        return false;
}
