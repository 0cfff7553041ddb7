/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * One pass over all sets, each by a keeper, and the end.
 */

#include "daemon/options.h"
#include "lib/config.h"

/* Returns the exit status. */
int once_run(const struct Config *config, const struct Options *options);
