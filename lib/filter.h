/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Include= and Exclude=: which paths of a source are backups of its set.
 *
 * A pattern without a slash matches any component of the path, so what it says
 * of a directory holds for everything below; one with a slash matches the whole
 * path. The common patterns ("*", "*.part", "db*") are compared as literals,
 * because this runs once for every file of every scan.
 */

#include "lib/base.h"

struct Filter;

/* What is known of a directory, handed down to what lies in it. */
struct FilterState {
        bool included; /* a component of the path so far matched Include= */
        bool excluded; /* likewise Exclude=: nothing below is of the set */
};

int filter_new(char *const *include, char *const *exclude, struct Filter **ret);
struct Filter *filter_free(struct Filter *filter);
DEFINE_CLEANUP(struct Filter *, filter_free)

/* path is relative to the source and ends in name; parent is the state of the directory that holds it. */
struct FilterState filter_enter(const struct Filter *filter, struct FilterState parent, const char *path,
                                const char *name);
bool filter_accepts(const struct Filter *filter, struct FilterState parent, const char *path, const char *name);
/* Likewise for a whole path, where nothing is known of its directories. */
bool filter_accepts_path(const struct Filter *filter, const char *path);
/* Whether path matters at all to filter_enter() and filter_accepts(); where not, it may be NULL. */
bool filter_needs_path(const struct Filter *filter) _pure_;
