/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Whether a reload changes a set: where it was said does not matter, what was said
 * does.
 */

#include "lib/config.h"

bool config_set_equal(const struct ConfigSet *a, const struct ConfigSet *b);
