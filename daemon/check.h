/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What --check-config says of a configuration without errors: how much it is, and
 * what of it will do nothing as things stand.
 */

#include "lib/config.h"

void check_print(const struct Config *config);
