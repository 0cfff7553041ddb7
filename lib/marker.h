/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The file that tells a destination from the empty directory it is mounted on:
 * .retaind-destination, with an id that the catalog remembers. Its lock is the
 * destination's lock.
 */

#include "lib/base.h"

#define MARKER_FILE ".retaind-destination"
#define MARKER_ID_SIZE 33 /* 32 hexadecimal digits and NUL */

enum {
        MARKER_E_MISSING = 1, /* one was expected */
        MARKER_E_OTHER,       /* it is another destination's */
        MARKER_E_BUSY,        /* another process works there */
};

struct Marker {
        int fd; /* holds the lock; -1: none */
        char id[MARKER_ID_SIZE];
        bool is_new;
        pid_t holder; /* with MARKER_E_BUSY; 0: unknown */
};

/*
 * Takes the destination's lock. expected is the id that it must have; with "" any will do, and where there is no
 * marker it gets one. On a result other than 0 only holder and id, where one was read, have meaning.
 */
int marker_take(int dir, const char *expected, struct Marker *ret);
/* Looks, and takes and makes nothing. */
int marker_look(int dir, const char *expected, struct Marker *ret);
void marker_done(struct Marker *marker);
