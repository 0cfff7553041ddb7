/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Sees both ends of every arrow: makes the keepers look, hands their plans to
 * whoever shows them and, unless it is a dry run, carries out what a pass does.
 */

#include "daemon/options.h"
#include "lib/config.h"

/* One pass over all sets. Returns the exit status. */
int manager_run_once(const struct Config *config, const struct Options *options);
