/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What a person sees who starts the daemon at a terminal: the sets with what is
 * kept of them and where they are copied to, one line each.
 */

#include "lib/config.h"

void announce_sets(const struct Config *config);
