/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Directories below an open one, opened component by component and never through
 * a symbolic link. The last one is remembered, because work comes sorted by path.
 */

#include "lib/base.h"

struct Walk {
        int root;   /* borrowed */
        int fd;     /* of path */
        char *path; /* relative to root, "" for root itself; NULL: nothing is remembered */
};

/* "" where the path has no directory in it; the other half is path + n + 1 or path itself. */
size_t walk_parent_length(const char *path) _pure_;
/* What comes after the last slash. */
const char *walk_name(const char *path) _pure_;
/* Relative, not empty, and without empty, "." and ".." components, each at most NAME_MAX long. */
bool walk_path_is_valid(const char *path) _pure_;

/* One component of such a path. */
bool walk_name_is_valid(const char *name) _pure_;

void walk_init(struct Walk *walk, int root);
void walk_done(struct Walk *walk);

/* The directory that the path lies in; it belongs to the walk until the next call. */
int walk_open_parent(struct Walk *walk, const char *path, int *ret_fd);
