/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * inotify, and who is interested in which directory. It does nothing by itself:
 * when its descriptor is readable, watch_dispatch() takes what there is, and
 * watch_pop() hands it out.
 *
 * Whoever has a directory open adds the watch (a worker, which may wait for a
 * disk), and tells its number later; what happened there in between is told then.
 * No event proves anything; it says where to look.
 */

#include "lib/base.h"

struct Watch;

enum WatchKind {
        WATCH_CREATED,   /* a file, perhaps still being written; or it has other times */
        WATCH_FINISHED,  /* closed after writing, or renamed to its name */
        WATCH_VANISHED,  /* a file was removed or renamed */
        WATCH_DIRECTORY, /* the tree has another shape */
        WATCH_OVERFLOW,  /* events were lost: of anybody, owner is NULL */
};

struct WatchEvent {
        enum WatchKind kind;
        void *owner;
        const char *directory; /* relative to the owner's root; until the next call */
        const char *name;      /* in it; "" where it is the directory itself */
};

int watch_new(struct Watch **ret);
struct Watch *watch_free(struct Watch *watch);
DEFINE_CLEANUP(struct Watch *, watch_free)

int watch_fd(const struct Watch *watch) _pure_;
/* Reads what there is, up to one buffer. */
int watch_dispatch(struct Watch *watch);
/* 1 with the next event of what was read, 0 where there is none; -EBADMSG for what the kernel never writes. */
int watch_pop(struct Watch *watch, struct WatchEvent *ret);

/* Adds an open directory to an inotify descriptor; its number, or -ENOSPC where the user has no more watches. */
int watch_add(int inotify_fd, int directory_fd);
/* Whose directory it is, and which. 1 where something happened there before this was known. */
int watch_bind(struct Watch *watch, int number, void *owner, const char *directory);
/* Removes all watches of an owner. NULL: there are none. */
void watch_forget(struct Watch *watch, const void *owner);
size_t watch_count(const struct Watch *watch, const void *owner) _pure_;
