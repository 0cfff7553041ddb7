/* SPDX-License-Identifier: MIT */

/*
 * A pattern, a newline, a name: a refused pattern has a reason, a match is dated
 * and its holes are in order and in range, and what was literal in the pattern is
 * literal in the series.
 */

#include "lib/name.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds) {
        if (!holds)
                abort();
}

static void check(const char *name, size_t n, const struct Name *parsed) {
        _cleanup_(freep) char *series = malloc(NAME_SERIES_MAX(n));

        require(series);
        require(parsed->is_dated && parsed->n_holes > 0 && parsed->n_holes <= NAME_HOLES_MAX);
        require(calendar_is_valid(&parsed->time.civil) && parsed->time.usec < 1000000 && !parsed->time.swappable);
        for (unsigned i = 0; i < parsed->n_holes; i++) {
                require(parsed->holes[i].from <= parsed->holes[i].to && parsed->holes[i].to <= n);
                require(i == 0 || parsed->holes[i].from > parsed->holes[i - 1].to);
        }
        require(name_series(name, n, parsed, series) <= NAME_SERIES_MAX(n));
        require(name_time_usec(&parsed->time, zone_utc(), INT64_MIN) ==
                name_time_usec(&parsed->time, zone_utc(), INT64_MAX));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_(name_pattern_freep) struct NamePattern *pattern = NULL;
        const uint8_t *end = size > 0 ? memchr(data, '\n', size) : NULL;
        const char *problem = NULL;
        char text[512];
        struct Name parsed;
        size_t n;
        int r;

        if (!end)
                return 0;
        n = (size_t)(end - data);
        if (n >= sizeof(text))
                return 0;
        memcpy(text, data, n);
        text[n] = '\0';
        r = name_pattern_new(text, &pattern, &problem);
        require(r == 0 || (r == NAME_E_PATTERN && problem && *problem && !pattern));
        if (r == 0 && name_pattern_match(pattern, (const char *)end + 1, size - n - 1, &parsed))
                check((const char *)end + 1, size - n - 1, &parsed);
        return 0;
}
