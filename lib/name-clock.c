/* SPDX-License-Identifier: MIT */

/*
 * The time of day that follows a date: 0304, 030405, 03-04-05, 03h04m, with a
 * fraction and an offset, and what may join the two.
 *
 * Counters, ports and addresses follow dates too. So a group has exactly its
 * digits, is never glued to what looks like part of a hash, and a sign that may
 * be a hyphen is none.
 */

#include "lib/name-internal.h"

struct Clock {
        size_t to;
        uint8_t hour, minute, second;
        char separator; /* between hour and minute; NUL: none */
        bool has_seconds;
        bool by_t; /* "T" introduced it, as ISO 8601 has it: what follows is meant as it says */
};

/* Where the clock's digits would begin, else 0. */
static size_t skip_joint(const struct NameText *text, size_t i, bool *ret_t) {
        size_t n = name_run(text, i, NAME_JOINT, 3);

        *ret_t = false;
        i += n;
        if (n == 1 && name_at(text, i) == 'a' && name_at(text, i + 1) == 't' && name_is(text, i + 2, NAME_JOINT))
                return i + 3;
        if (n == 0 && (name_at(text, i) | 0x20) == 't') {
                *ret_t = true;
                return i + 1;
        }
        return n > 0 ? i : 0;
}

/* "0304e840" and "1234ab" are parts of a hash; "030405CET" and "0304db" are not. */
static bool is_glued(const struct NameText *text, size_t i) {
        bool is_hex = true;

        if (!name_is(text, i, NAME_LETTER))
                return false;
        for (; name_is(text, i, NAME_LETTER); i++)
                is_hex = is_hex && name_is(text, i, NAME_HEX);
        return is_hex || name_is(text, i, NAME_DIGIT);
}

static bool set(struct Clock *clock, size_t to, uint8_t hour, uint8_t minute, uint8_t second) {
        if (hour > 23 || minute > 59 || second > 59)
                return false;
        clock->to = to;
        clock->hour = hour;
        clock->minute = minute;
        clock->second = second;
        return true;
}

static bool match_compact(const struct NameText *text, size_t i, size_t n, struct Clock *clock) {
        clock->has_seconds = n == 6;
        return !is_glued(text, i + n) && set(clock, i + n, name_pair(text, i), name_pair(text, i + 2),
                                             clock->has_seconds ? name_pair(text, i + 4) : 0);
}

static bool is_unit(const struct NameText *text, size_t i, char unit) {
        return (name_at(text, i) | 0x20) == unit && !name_is(text, i + 1, NAME_LETTER);
}

/* 03h04, 03h04m, 03h04m05, 03h04m05s */
static bool match_letters(const struct NameText *text, size_t i, struct Clock *clock) {
        const uint8_t hour = name_pair(text, i);
        uint8_t minute;

        if (name_run(text, i + 3, NAME_DIGIT, 3) != 2)
                return false;
        minute = name_pair(text, i + 3);
        i += 5;
        if (!is_unit(text, i, 'm'))
                return !is_glued(text, i) && set(clock, i, hour, minute, 0);
        i++;
        if (name_run(text, i, NAME_DIGIT, 3) == 2 && set(clock, i + 2, hour, minute, name_pair(text, i))) {
                clock->has_seconds = true;
                clock->to += is_unit(text, i + 2, 's');
                return true;
        }
        return set(clock, i, hour, minute, 0);
}

/* Four numbers with dots between them are an address, not a clock and a number. */
static bool groups_end(const struct NameText *text, size_t i, char separator) {
        if (separator == '.' && name_at(text, i) == '.' && name_is(text, i + 1, NAME_DIGIT))
                return false;
        return !is_glued(text, i);
}

static bool match_groups(const struct NameText *text, size_t i, struct Clock *clock) {
        const char separator = name_at(text, i + 2);

        if ((separator != ':' && !name_is(text, i + 2, NAME_PART)) || name_run(text, i + 3, NAME_DIGIT, 3) != 2)
                return false;
        clock->separator = separator;
        if (name_at(text, i + 5) == separator && name_run(text, i + 6, NAME_DIGIT, 3) == 2 &&
            groups_end(text, i + 8, separator) &&
            set(clock, i + 8, name_pair(text, i), name_pair(text, i + 3), name_pair(text, i + 6))) {
                clock->has_seconds = true;
                return true;
        }
        return groups_end(text, i + 5, separator) && set(clock, i + 5, name_pair(text, i), name_pair(text, i + 3), 0);
}

static bool match_clock(const struct NameText *text, size_t i, struct Clock *clock) {
        const size_t n = name_run(text, i, NAME_DIGIT, 7);

        if (n == 6)
                return match_compact(text, i, n, clock);
        if ((n != 2 && n != 4) || name_is_date(text, i, n))
                return false;
        if (n == 4)
                return match_compact(text, i, n, clock);
        return (name_at(text, i + 2) | 0x20) == 'h' ? match_letters(text, i, clock) : match_groups(text, i, clock);
}

/* Home Assistant: 2026-11-20_04.50_12345678.tar, the last group seconds and microseconds in one. */
static bool take_home_assistant(const struct NameText *text, struct Clock *clock, uint32_t *usec) {
        const size_t i = clock->to + 1;

        if (clock->separator != '.' || clock->has_seconds || name_at(text, clock->to) != '_' ||
            name_run(text, i, NAME_DIGIT, 9) != 8 || !name_has(text, i + 8, ".tar", 4))
                return false;
        if (!set(clock, i + 8, clock->hour, clock->minute, name_pair(text, i)))
                return false;
        *usec = (uint32_t)name_number(text, i + 2, 6);
        return true;
}

/*
 * How many digits the fraction has whose point or comma is at i, else 0. A name's last three digits may be a
 * volume's number (".001"), so that a point at the end takes at least as many as are sure.
 */
static size_t match_fraction(const struct NameText *text, size_t i, size_t sure, uint32_t *ret_usec) {
        const char point = name_at(text, i);
        size_t n;

        if (point != '.' && point != ',')
                return 0;
        n = name_run(text, i + 1, NAME_DIGIT, 10);
        if ((n != 3 && n != 6 && n != 9) || (point == '.' && i + 1 + n == text->n && n < sure))
                return 0;
        if (name_is(text, i + 1 + n, NAME_LETTER) && name_at(text, i + 1 + n) != 'Z')
                return 0;
        *ret_usec = (uint32_t)(n == 3 ? name_number(text, i + 1, 3) * 1000 : name_number(text, i + 1, 6));
        return n;
}

void name_stamp_take_fraction(const struct NameText *text, struct NameStamp *stamp) {
        const size_t n = match_fraction(text, stamp->to, 6, &stamp->time.usec);

        stamp->to += n > 0 ? n + 1 : 0;
}

size_t name_offset(const struct NameText *text, size_t i, int32_t *ret_sec) {
        const char sign = name_at(text, i);
        const size_t n = name_run(text, i + 1, NAME_DIGIT, 5);
        size_t minutes_at = 0, to = i + 1 + n;
        int32_t sec;

        if ((sign != '+' && sign != '-') || (n != 2 && n != 4))
                return 0;
        if (n == 4)
                minutes_at = i + 3;
        else if (name_at(text, to) == ':' && name_run(text, to + 1, NAME_DIGIT, 3) == 2) {
                minutes_at = to + 1;
                to += 3;
        }
        if (name_pair(text, i + 1) > 14 || (minutes_at > 0 && name_pair(text, minutes_at) > 59))
                return 0;
        sec = name_pair(text, i + 1) * 3600 + (minutes_at > 0 ? name_pair(text, minutes_at) * 60 : 0);
        *ret_sec = sign == '-' ? -sec : sec;
        return to - i;
}

/* n behind the clock at stamp->to say that it is so far east of Greenwich. */
static void take_zone(struct NameStamp *stamp, size_t n, int32_t offset_sec) {
        stamp->to += n;
        stamp->time.has_offset = true;
        stamp->time.offset_sec = offset_sec;
}

void name_stamp_take_offset(const struct NameText *text, struct NameStamp *stamp) {
        int32_t sec;
        size_t n;

        if (name_at(text, stamp->to) == 'Z') {
                if (!name_is(text, stamp->to + 1, NAME_LETTER | NAME_DIGIT))
                        take_zone(stamp, 1, 0);
                return;
        }
        n = name_at(text, stamp->to) == '+' ? name_offset(text, stamp->to, &sec) : 0;
        if (n > 0)
                take_zone(stamp, n, sec);
}

/* -05 may as well be a further group where groups are separated by hyphens. */
static void take_negative_offset(const struct NameText *text, const struct Clock *clock, struct NameStamp *stamp) {
        int32_t sec;
        size_t n;

        if (!clock->by_t || name_at(text, stamp->to) != '-')
                return;
        n = name_offset(text, stamp->to, &sec);
        if (n > 3 || (n == 3 && clock->separator != '-'))
                take_zone(stamp, n, sec);
}

/* 03-04-05 PM, 0304pm. Whether it is there is a matter of form: 15:04 PM leaves the series like 03:04 PM. */
static void take_half_of_day(const struct NameText *text, struct NameStamp *stamp) {
        struct Civil *civil = &stamp->time.civil;
        size_t i = stamp->to;
        char half;

        i += name_at(text, i) == ' ';
        half = (char)(name_at(text, i) | 0x20);
        if ((half != 'a' && half != 'p') || (name_at(text, i + 1) | 0x20) != 'm' ||
            name_is(text, i + 2, NAME_LETTER | NAME_DIGIT))
                return;
        if (civil->hour <= 12)
                civil->hour = (uint8_t)(civil->hour % 12 + (half == 'p' ? 12 : 0));
        stamp->to = i + 2;
}

void name_stamp_take_clock(const struct NameText *text, struct NameStamp *stamp) {
        struct Clock clock = {};
        bool is_whole = false;
        size_t from, n = 0;

        from = skip_joint(text, stamp->to, &clock.by_t);
        if (from == 0 || !match_clock(text, from, &clock))
                return;
        if (from == stamp->to + 1 && name_at(text, stamp->to) == '_')
                is_whole = take_home_assistant(text, &clock, &stamp->time.usec);

        stamp->time.has_clock = true;
        stamp->time.civil.hour = clock.hour;
        stamp->time.civil.minute = clock.minute;
        stamp->time.civil.second = clock.second;
        stamp->to = clock.to;
        if (is_whole)
                return;
        if (clock.has_seconds)
                n = match_fraction(text, stamp->to, clock.by_t ? 3 : 6, &stamp->time.usec);
        stamp->to += n > 0 ? n + 1 : 0;
        name_stamp_take_offset(text, stamp);
        if (!stamp->time.has_offset)
                take_negative_offset(text, &clock, stamp);
        if (!stamp->time.has_offset)
                take_half_of_day(text, stamp);
}
