/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What contradicts what: each value is good by itself, together they would lose
 * backups, copy copies, or do nothing at all.
 *
 * By the text of paths alone: nothing is looked up, so links and mounts are the
 * scan's and the store's to find.
 */

#include "lib/config.h"
#include "lib/problem.h"

int config_check(const struct Config *config, struct Problems *problems);
