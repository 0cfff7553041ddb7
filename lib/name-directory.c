/* SPDX-License-Identifier: MIT */

/*
 * Timestamps in the path of a directory: in its components as in a file's name,
 * or spread over them: 2026/11/20.
 *
 * A path is read twice: once for the component that says most, once for all that
 * agree with it. A year or a month alone dates nothing; it only may be taken out
 * of the series where the file says the same (name_directory_agrees()).
 */

#include "lib/name-internal.h"

/* A file's time and its directory's may lie on either side of midnight, in zones that differ by a day. */
#define DAYS_APART_MAX 2

struct Walk {
        const char *path;
        size_t n, at;
        /* What the components just passed make together: nothing, a year, a month. */
        int64_t year;
        uint8_t month;
};

static bool is_year(int64_t year) {
        return year >= 1970 && year <= 2099;
}

/* A component that is a year, a month, or the rest of a date whose beginning the walk holds. */
static bool read_coarse(struct Walk *walk, const struct NameText *text, struct Civil *ret) {
        const size_t n = text->n, n_digits = name_run(text, 0, NAME_DIGIT, 7);
        struct Civil civil = {.year = walk->year, .month = walk->month};

        if (n == 4 && n_digits == 4)
                civil = (struct Civil){.year = name_number(text, 0, 4)};
        else if (n == 6 && n_digits == 6)
                civil = (struct Civil){.year = name_number(text, 0, 4), .month = name_pair(text, 4)};
        else if (n == 7 && n_digits == 4 && name_is(text, 4, NAME_PART) && name_run(text, 5, NAME_DIGIT, 2) == 2)
                civil = (struct Civil){.year = name_number(text, 0, 4), .month = name_pair(text, 5)};
        else if (n == 2 && n_digits == 2 && walk->month > 0)
                civil.day = name_pair(text, 0);
        else if (n == 2 && n_digits == 2 && walk->year > 0)
                civil.month = name_pair(text, 0);
        else
                return false;
        if (!is_year(civil.year) || (n != 4 && (civil.month < 1 || civil.month > 12)))
                return false;
        if (civil.day == 0 && n == 2 && walk->month > 0)
                return false;
        if (civil.day > 0 && !calendar_is_valid(&civil))
                return false;
        *ret = civil;
        return true;
}

/* Takes the next component apart, its holes as offsets into the path; false at the path's end. */
static bool next_component(struct Walk *walk, struct Name *ret) {
        struct NameText text = {walk->path + walk->at, 0};
        struct Civil coarse;

        if (walk->at >= walk->n)
                return false;
        while (walk->at + text.n < walk->n && text.s[text.n] != '/')
                text.n++;
        if (read_coarse(walk, &text, &coarse)) {
                *ret = (struct Name){.is_dated = coarse.day > 0, .time.civil = coarse};
                name_add_hole(ret, 0, text.n);
                walk->year = coarse.day > 0 ? 0 : coarse.year;
                walk->month = coarse.day > 0 ? 0 : coarse.month;
        } else {
                name_parse(text.s, text.n, ret);
                walk->year = walk->month = 0;
        }
        for (unsigned i = 0; i < ret->n_holes; i++) {
                ret->holes[i].from = (uint16_t)(ret->holes[i].from + walk->at);
                ret->holes[i].to = (uint16_t)(ret->holes[i].to + walk->at);
        }
        walk->at += text.n + 1;
        return true;
}

/* 3: a day, 2: a month, 1: a year, 0: nothing. */
static int precision(const struct Name *name) {
        return name->is_dated ? 3 : name->n_holes == 0 ? 0 : name->time.civil.month > 0 ? 2 : 1;
}

/* Whether the day is in the year or month, or up to that many days from it. */
static bool covers(const struct Civil *coarse, const struct NameTime *time, int64_t days) {
        const int64_t first = zone_days(coarse->year, MAX(coarse->month, 1), 1);
        const int64_t next =
                coarse->month == 0 ? zone_days(coarse->year + 1, 1, 1) : zone_days(coarse->year, coarse->month + 1, 1);

        for (unsigned swap = 0; swap <= (unsigned)time->swappable; swap++) {
                const struct Civil civil = name_reading(time, swap);
                const int64_t day = zone_days(civil.year, civil.month, civil.day);

                if (day >= first - days && day < next + days)
                        return true;
        }
        return false;
}

/* Whether a component says nothing but what the chosen one says, and so changes with it. */
static bool repeats(const struct Name *name, const struct Name *chosen) {
        struct NameTime day = chosen->time;

        if (name->is_dated)
                return name_days_apart(&name->time, &chosen->time) == 0;
        day.civil.month = MAX(day.civil.month, 1);
        day.civil.day = MAX(day.civil.day, 1);
        return covers(&name->time.civil, &day, 0);
}

void name_parse_directory(const char *path, size_t n, struct Name *ret) {
        struct Name chosen = {}, name;
        struct Walk walk = {.path = path, .n = n};

        *ret = chosen;
        if (n > UINT16_MAX)
                return;
        while (next_component(&walk, &name))
                if (precision(&name) > 0 && precision(&name) >= precision(&chosen))
                        chosen = name;

        /* The chosen one's holes first, lest there be no room for them. */
        *ret = chosen;
        walk = (struct Walk){.path = path, .n = n};
        while (next_component(&walk, &name))
                if (precision(&name) > 0 && repeats(&name, &chosen))
                        for (unsigned i = 0; i < name.n_holes; i++)
                                name_add_hole(ret, name.holes[i].from, name.holes[i].to);
}

bool name_directory_agrees(const struct Name *directory, const struct Name *file) {
        const int says = precision(directory);

        if (says == 3)
                return !file->is_dated || name_days_apart(&directory->time, &file->time) <= DAYS_APART_MAX;
        return says > 0 && file->is_dated && covers(&directory->time.civil, &file->time, DAYS_APART_MAX);
}
