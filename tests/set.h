/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Sets and indexes for tests, without a configuration or a file system.
 */

#include "lib/config.h"
#include "lib/index.h"

/* A set at its defaults in UTC, keeping everything, without destinations. */
struct ConfigSet test_set(void);

/* "2026-11-20 03:04:05", or shorter, in UTC. */
int64_t test_usec(const char *text);

/* A file that was seen: of that size, modified then; path is relative. Returns what index_upsert() says. */
int test_see(struct Index *index, const char *path, int64_t mtime_usec, uint64_t size);

/* The entry of that path, which must be there. */
uint32_t test_entry(const struct Index *index, const char *path);
