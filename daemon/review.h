/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * A look at all of a set that decides nothing: what lies there is compared with
 * what is known, and only what differs is told. Passes over parts of the set go
 * on meanwhile; a set of a million files delays nobody.
 */

#include "daemon/known.h"
#include "daemon/pass.h"

struct Review;

struct ReviewHandler {
        /* The file is not as it is known to be, or not there. */
        void (*differs)(void *userdata, size_t tree, const char *path);
        /* As of struct Pass. */
        void (*watched)(void *userdata, int number, const char *path, int error);
        /* The review is to be freed then, later. is_other: a tree is not what it was, and a pass must look itself. */
        void (*done)(void *userdata, bool is_other, bool is_polled);
        void *userdata;
};

/* Borrows all of it; known is whole and stays so. */
int review_new(struct Pass *pass, const struct Config *config, const struct ConfigSet *set, struct Known *known,
               const struct ReviewHandler *handler, struct Review **ret);
struct Review *review_free(struct Review *review);
DEFINE_CLEANUP(struct Review *, review_free)
void review_abandon(struct Review *review);
