/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The daemon: owns the event loop, the watches and the guards of all sets; starts,
 * reloads, and stops.
 */

#include "daemon/options.h"
#include "lib/config.h"

/* Reads the configuration anew; 0, or what is wrong was said. */
typedef int (*ManagerRead)(const struct Options *options, struct Config **ret);

/* Takes the configuration. Returns the exit status. */
int manager_run(struct Config *config, const struct Options *options, ManagerRead read_config);
