/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Bytes between the daemon and its workers: numbers and strings one after
 * another in one datagram. A reader never goes beyond the end, and remembers
 * that it would have had to.
 */

#include "lib/base.h"

#define MESSAGE_MAX (64 * 1024)

struct Message {
        uint8_t data[MESSAGE_MAX];
        size_t n;
        size_t pos;  /* of the reader */
        bool failed; /* did not fit, or was not there */
};

static inline void message_clear(struct Message *message) {
        message->n = message->pos = 0;
        message->failed = false;
}

void message_put_number(struct Message *message, uint64_t number);
void message_put_bytes(struct Message *message, const void *data, size_t n);
/* NULL and "" are told apart. */
void message_put_string(struct Message *message, const char *s);

static inline void message_put_signed(struct Message *message, int64_t number) {
        message_put_number(message, (uint64_t)number);
}

uint64_t message_get_number(struct Message *message);
/* Below limit, else failed and 0. */
uint64_t message_get_below(struct Message *message, uint64_t limit);
void message_get_bytes(struct Message *message, void *ret, size_t n);
/* NUL-terminated, in the message itself; NULL where it was, or on failure. */
const char *message_get_string(struct Message *message);

static inline int64_t message_get_signed(struct Message *message) {
        return (int64_t)message_get_number(message);
}

static inline bool message_is_at_end(const struct Message *message) {
        return message->pos >= message->n;
}
