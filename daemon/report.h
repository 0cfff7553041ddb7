/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The plan of a set on standard output, a table for people or JSON; and at the end
 * what was done.
 */

#include "daemon/keeper.h"

int report_plan(const struct Keeper *keeper);
/* What came of it, for people. */
void report_done(const struct Keeper *keeper);
