/* SPDX-License-Identifier: MIT */
#include "lib/digest.h"

const char *digest_format(const struct Digest *digest, char buf[static DIGEST_TEXT_SIZE]) {
        static const char digits[] = "0123456789abcdef";

        for (size_t i = 0; i < DIGEST_SIZE; i++) {
                buf[2 * i] = digits[digest->bytes[i] >> 4];
                buf[2 * i + 1] = digits[digest->bytes[i] & 15];
        }
        buf[2 * DIGEST_SIZE] = '\0';
        return buf;
}

static int hex_digit(char c) {
        return ascii_is_digit(c)      ? c - '0'
               : c >= 'a' && c <= 'f' ? c - 'a' + 10
               : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                      : -1;
}

bool digest_parse(const char *text, struct Digest *ret) {
        struct Digest digest;

        if (strlen(text) != 2 * DIGEST_SIZE)
                return false;
        for (size_t i = 0; i < DIGEST_SIZE; i++) {
                int high = hex_digit(text[2 * i]), low = hex_digit(text[2 * i + 1]);

                if (high < 0 || low < 0)
                        return false;
                digest.bytes[i] = (uint8_t)(high << 4 | low);
        }
        *ret = digest;
        return true;
}
