/* SPDX-License-Identifier: MIT */
#include "lib/hash.h"

static inline uint64_t rotate(uint64_t x, int b) {
        return x << b | x >> (64 - b);
}

static inline void sip_round(uint64_t v[4]) {
        v[0] += v[1];
        v[1] = rotate(v[1], 13) ^ v[0];
        v[0] = rotate(v[0], 32);
        v[2] += v[3];
        v[3] = rotate(v[3], 16) ^ v[2];
        v[0] += v[3];
        v[3] = rotate(v[3], 21) ^ v[0];
        v[2] += v[1];
        v[1] = rotate(v[1], 17) ^ v[2];
        v[2] = rotate(v[2], 32);
}

static inline void sip_absorb(uint64_t v[4], uint64_t word) {
        v[3] ^= word;
        sip_round(v);
        v[0] ^= word;
}

uint64_t hash_bytes(const struct HashKey *key, uint64_t prefix, const void *data, size_t n) {
        const uint8_t *p = data;
        uint64_t v[4] = {
                key->k[0] ^ UINT64_C(0x736f6d6570736575),
                key->k[1] ^ UINT64_C(0x646f72616e646f6d),
                key->k[0] ^ UINT64_C(0x6c7967656e657261),
                key->k[1] ^ UINT64_C(0x7465646279746573),
        };
        uint64_t word, last = (uint64_t)n << 56;

        sip_absorb(v, prefix);
        for (; n >= 8; n -= 8, p += 8) {
                memcpy(&word, p, 8);
                sip_absorb(v, word);
        }
        for (size_t i = 0; i < n; i++)
                last |= (uint64_t)p[i] << (8 * i);
        sip_absorb(v, last);

        v[2] ^= 0xff;
        for (int i = 0; i < 3; i++)
                sip_round(v);
        return v[0] ^ v[1] ^ v[2] ^ v[3];
}
