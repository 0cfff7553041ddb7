/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The problems found while something was read: where, how bad, and what to do
 * about it. A reader collects them all instead of stopping at the first, so that
 * a person mends everything in one go.
 *
 * What the texts quote comes from outside: control characters and bytes that are
 * no UTF-8 are stored as \xNN, and both texts and list are bounded.
 */

#include "lib/base.h"

#define PROBLEMS_MAX 1000
#define PROBLEM_TEXT_MAX 1024 /* of a message before its escapes; what is longer ends in "..." */

enum ProblemSeverity { PROBLEM_ERROR, PROBLEM_WARNING };

struct Problem {
        enum ProblemSeverity severity;
        unsigned line; /* from 1; 0: of no line in particular */
        char *file;    /* NULL: of no file */
        char *message;
};

struct Problems {
        struct Problem *items; /* in the order they were found */
        size_t n_items;
        size_t n_errors;  /* the dropped ones included */
        size_t n_dropped; /* beyond PROBLEMS_MAX, counted only */
};

void problems_done(struct Problems *problems);

int problems_add(struct Problems *problems, enum ProblemSeverity severity, const char *file, unsigned line,
                 const char *format, ...) _printf_(5, 6);

/* How many lines there are to print, and one of them: "FILE:LINE: error: TEXT"; the last may be "and 7 more …". */
size_t problems_n_lines(const struct Problems *problems) _pure_;
int problems_format_line(const struct Problems *problems, size_t i, char **ret);
