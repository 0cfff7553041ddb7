/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * SipHash-1-3: names come from others, and whoever chooses names must not be
 * able to choose collisions.
 */

#include "lib/base.h"

struct HashKey {
        uint64_t k[2];
};

uint64_t hash_bytes(const struct HashKey *key, uint64_t prefix, const void *data, size_t n) _pure_;
