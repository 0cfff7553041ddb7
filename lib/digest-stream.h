/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * SHA-256 as bytes flow by. OpenSSL's, because it uses the processor's own
 * instructions: two gigabytes a second where plain C does a third of one.
 */

#include "lib/base.h"
#include "lib/digest.h"

struct DigestStream;

int digest_stream_new(struct DigestStream **ret);
struct DigestStream *digest_stream_free(struct DigestStream *stream);
DEFINE_CLEANUP(struct DigestStream *, digest_stream_free)

/* A stream may be begun again after it was ended. */
int digest_stream_begin(struct DigestStream *stream);
int digest_stream_add(struct DigestStream *stream, const void *data, size_t n);
int digest_stream_add_zeros(struct DigestStream *stream, uint64_t n);
int digest_stream_end(struct DigestStream *stream, struct Digest *ret);
