/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * A file name taken apart: which series it belongs to, which timestamp it
 * carries, and whether it is a companion of another file.
 *
 * Names are bytes. A timestamp is found by its form alone and never by what
 * today is, so that the same name means the same tomorrow. Where it is unclear
 * whether digits are a date, they are not: a series too many keeps files, a
 * series too few removes them.
 */

#include "lib/base.h"
#include "lib/calendar.h"

#define NAME_HOLES_MAX 8
/* The longest series text of a name of n bytes: every byte may need its escape. */
#define NAME_SERIES_MAX(n) (2 * (n) + 1)

struct NameTime {
        struct Civil civil; /* what the name says; Unix seconds as what they come to in UTC */
        uint32_t usec;      /* the fraction of the second */
        int32_t offset_sec; /* east of Greenwich; only with has_offset */
        bool has_clock;     /* the name says a time of day; else it is midnight */
        bool has_offset;    /* the name says its own zone (Z, +0100, Unix seconds) */
        bool swappable;     /* day and month may be the other way round; civil holds the likelier reading */
};

struct Name {
        bool is_dated;
        struct NameTime time; /* if dated; of a directory that is a month or a year, day or day and month are 0 */
        /* What is not part of the series, [from, to) of the name, ascending, never touching; %* may have matched "". */
        uint8_t n_holes;
        struct {
                uint16_t from, to;
        } holes[NAME_HOLES_MAX];
};

/* Takes one path component apart by the forms that real tools write. */
void name_parse(const char *name, size_t n, struct Name *ret);

/*
 * Takes a directory's path (relative to its source) apart: "2026/11/20", "db/FULL-2026-11-20_03-04". Of several
 * dates the last counts, and those that disagree with it are part of the series. Also knows directories that are a
 * year, a month of a year, or both nested: those alone have holes, and do not make it dated.
 */
void name_parse_directory(const char *path, size_t n, struct Name *ret);

/*
 * Whether the directory's holes belong to the file's timestamp and so leave the series too. A dated directory:
 * where the file is undated (its time is the directory's) or at most two days apart (a run across midnight, or
 * zones). One that is only a month or a year: where the file is dated, in it or at most two days outside; never
 * for an undated file. Both readings of a swappable date count. A directory without holes agrees with nothing.
 */
bool name_directory_agrees(const struct Name *directory, const struct Name *file) _pure_;

/*
 * The moment of a dated name; zone is for names that do not say theirs; hint (a modification time) decides a
 * swappable date: the reading nearer to it.
 */
int64_t name_time_usec(const struct NameTime *time, const struct Zone *zone, int64_t hint_usec) _pure_;

/*
 * The name with "*" for each hole, and a backslash before each literal "*" and "\": names differ exactly if
 * their series differ. Returns the length; buf holds at least NAME_SERIES_MAX(n) bytes and is not terminated.
 */
size_t name_series(const char *name, size_t n, const struct Name *parsed, char *buf);

/*
 * Of a name that ends like a companion's ("x.sql.gz.sha256", "vzdump-1.log"), the length of what is before that
 * ending, else 0. Whether it is one depends on the owner being there: the file of exactly that name, or, where
 * *ret_by_stem, the only one of which name_stem() is that.
 */
size_t name_companion(const char *name, size_t n, bool *ret_by_stem);
/* The endings of companions, one after another; NULL after the last. */
const char *name_companion_ending(size_t i, bool *ret_by_stem);

/* The length of the name without its extensions, of one to four letters and digits: "vzdump-1.vma.zst" is 8. */
size_t name_stem(const char *name, size_t n) _pure_;

/*
 * Explicit: Pattern=, for the whole of a name. %Y %y %m %b %B %h %d %e %j, %G %V %u, %a %A, %H %I %p %M %S, %f %N
 * (a fraction), %z %Z, %s, %F %T %R and %% as strftime() writes them, names in English and any case; %* for text that
 * does not matter, * for text that belongs to the series. Both match as little as they can, from the left.
 */
struct NamePattern;

enum {
        NAME_E_PATTERN = 1, /* *ret_problem, a static text, says what and how to mend it */
};

int name_pattern_new(const char *pattern, struct NamePattern **ret, const char **ret_problem);
struct NamePattern *name_pattern_free(struct NamePattern *pattern);
bool name_pattern_match(const struct NamePattern *pattern, const char *name, size_t n, struct Name *ret);
DEFINE_CLEANUP(struct NamePattern *, name_pattern_free)
