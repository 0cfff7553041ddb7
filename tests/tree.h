/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * A temporary directory for one test, and short ways to fill it.
 */

#include "lib/base.h"

struct Tree {
        char path[64];
        int fd;
};

void tree_init(struct Tree *tree);
void tree_done(struct Tree *tree); /* removes everything in it */

/* Parents are made as needed. */
void tree_directory(struct Tree *tree, const char *path);
/* A file of this content, modified at that moment; NULL is an empty one. */
void tree_file(struct Tree *tree, const char *path, const char *content, int64_t mtime_usec);
