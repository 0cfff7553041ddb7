/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The plan of a set on standard output: a table for people, or JSON.
 */

#include "daemon/keeper.h"

int report_json(const struct Keeper *keeper);
int report_text(const struct Keeper *keeper, int64_t now_usec);
