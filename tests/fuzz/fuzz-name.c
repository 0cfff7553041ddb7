/* SPDX-License-Identifier: MIT */

/*
 * A name, as a file's and as a directory's: holes are in order and in range,
 * what is dated has a date, the series says which bytes are literal, and the
 * answer does not depend on day and month of a date that may be either.
 */

#include "lib/name.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds) {
        if (!holds)
                abort();
}

/* Reads the series back against the name: "*" skips a hole, a backslash is before each literal it is needed for. */
static void check_series(const char *name, size_t n, const struct Name *parsed) {
        _cleanup_(freep) char *series = malloc(NAME_SERIES_MAX(n));
        size_t length, i = 0, hole = 0;

        require(series);
        length = name_series(name, n, parsed, series);
        require(length <= NAME_SERIES_MAX(n));
        for (size_t k = 0; k < length; k++) {
                if (series[k] == '*') {
                        require(hole < parsed->n_holes && parsed->holes[hole].from == i);
                        i = parsed->holes[hole++].to;
                        continue;
                }
                if (series[k] == '\\') {
                        require(++k < length);
                        require(series[k] == '*' || series[k] == '\\');
                }
                require(i < n && name[i] == series[k]);
                i++;
        }
        require(i == n && hole == parsed->n_holes);
}

static void check(const char *name, size_t n, const struct Name *parsed, bool is_directory) {
        for (unsigned i = 0; i < parsed->n_holes; i++) {
                require(parsed->holes[i].from < parsed->holes[i].to && parsed->holes[i].to <= n);
                require(i == 0 || parsed->holes[i].from > parsed->holes[i - 1].to);
        }
        check_series(name, n, parsed);
        if (!parsed->is_dated) {
                require(parsed->n_holes == 0 || is_directory);
                return;
        }
        require(parsed->n_holes > 0 && calendar_is_valid(&parsed->time.civil));
        require(parsed->time.usec < 1000000);
        require(parsed->time.has_offset || parsed->time.offset_sec == 0);
        if (parsed->time.swappable)
                require(parsed->time.civil.day <= 12 && parsed->time.civil.day != parsed->time.civil.month);
        require(name_time_usec(&parsed->time, zone_utc(), INT64_MIN) <=
                name_time_usec(&parsed->time, zone_utc(), INT64_MAX));
}

/* Two digits, a separator, two digits, the same separator, four digits. */
static bool is_day_first(const char *s) {
        for (unsigned i = 0; i < 10; i++)
                if (ascii_is_digit(s[i]) != (i != 2 && i != 5))
                        return false;
        return s[2] == s[5];
}

/* The same name with the two readings of its only date exchanged: the same holes. */
static void check_swapped(const char *name, size_t n, const struct Name *parsed) {
        _cleanup_(freep) char *swapped = malloc(n + 1);
        struct Name again;
        size_t i;

        if (!parsed->time.swappable || parsed->n_holes != 1)
                return;
        require(swapped);
        memcpy(swapped, name, n);
        /* The date begins where the form of 01-02-2026 does, all of it: "week.18-" may stand before it. */
        for (i = parsed->holes[0].from; i + 10 <= n && !is_day_first(name + i); i++)
                ;
        require(i + 10 <= n);
        memcpy(swapped + i, name + i + 3, 2);
        memcpy(swapped + i + 3, name + i, 2);
        name_parse(swapped, n, &again);
        require(again.is_dated && again.n_holes == 1 && again.time.swappable);
        require(memcmp(&again.holes[0], &parsed->holes[0], sizeof(again.holes[0])) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        const char *name = (const char *)data;
        struct Name file, directory;
        bool by_stem;
        size_t n;

        name_parse(name, size, &file);
        check(name, size, &file, false);
        check_swapped(name, size, &file);
        name_parse_directory(name, size, &directory);
        check(name, size, &directory, true);
        if (directory.n_holes > 0 && directory.is_dated && file.is_dated && !memchr(name, '/', size))
                require(name_directory_agrees(&directory, &file));

        n = name_stem(name, size);
        require(n <= size && (size == 0 || n > 0) && name_stem(name, n) == n);
        n = name_companion(name, size, &by_stem);
        require(n < size || size == 0);
        return 0;
}
