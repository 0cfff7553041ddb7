/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * A SHA-256 digest as a value; digest-stream computes it.
 */

#include "lib/base.h"

#define DIGEST_SIZE 32
#define DIGEST_TEXT_SIZE (2 * DIGEST_SIZE + 1)

struct Digest {
        uint8_t bytes[DIGEST_SIZE];
};

static inline bool digest_equal(const struct Digest *a, const struct Digest *b) {
        return memcmp(a->bytes, b->bytes, DIGEST_SIZE) == 0;
}

const char *digest_format(const struct Digest *digest, char buf[static DIGEST_TEXT_SIZE]);
/* False where the text is not 64 hexadecimal digits. */
bool digest_parse(const char *text, struct Digest *ret);
