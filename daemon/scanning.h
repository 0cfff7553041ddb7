/* SPDX-License-Identifier: MIT */
#pragma once

/* What a worker is told before it scans a tree, and what of a tree is none of its backups. */

#include "daemon/worker.h"
#include "lib/config.h"

/* Has it scan the source, or the destination; one REPORT_SCANNED is due. */
int scanning_begin(struct Worker *worker, const struct Config *config, const struct ConfigSet *set,
                   const struct ConfigCopy *copy);

/* Whether a path of the source is a listing of any set. */
bool scanning_is_listing(const struct Config *config, const struct ConfigSet *set, const char *path);
