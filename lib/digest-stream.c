/* SPDX-License-Identifier: MIT */
#include "lib/digest-stream.h"

#include <openssl/evp.h>

#include "lib/error.h"

struct DigestStream {
        EVP_MD_CTX *context;
        const EVP_MD *sha256;
};

int digest_stream_new(struct DigestStream **ret) {
        _cleanup_(digest_stream_freep) struct DigestStream *stream = calloc(1, sizeof(*stream));

        if (!stream)
                return -ENOMEM;
        stream->context = EVP_MD_CTX_new();
        stream->sha256 = EVP_sha256();
        if (!stream->context || !stream->sha256)
                return -ENOMEM;
        *ret = TAKE_PTR(stream);
        return 0;
}

struct DigestStream *digest_stream_free(struct DigestStream *stream) {
        if (!stream)
                return NULL;
        EVP_MD_CTX_free(stream->context);
        free(stream);
        return NULL;
}

int digest_stream_begin(struct DigestStream *stream) {
        return EVP_DigestInit_ex(stream->context, stream->sha256, NULL) == 1 ? 0 : -ENOMEM;
}

int digest_stream_add(struct DigestStream *stream, const void *data, size_t n) {
        return EVP_DigestUpdate(stream->context, data, n) == 1 ? 0 : -EIO;
}

int digest_stream_add_zeros(struct DigestStream *stream, uint64_t n) {
        static const uint8_t zeros[64 * 1024];

        while (n > 0) {
                size_t some = (size_t)MIN(n, (uint64_t)sizeof(zeros));
                int r = digest_stream_add(stream, zeros, some);

                if (r < 0)
                        return r;
                n -= some;
        }
        return 0;
}

int digest_stream_end(struct DigestStream *stream, struct Digest *ret) {
        struct Digest digest;

        if (EVP_DigestFinal_ex(stream->context, digest.bytes, NULL) != 1)
                return -EIO;
        *ret = digest;
        return 0;
}
