/* SPDX-License-Identifier: MIT */
#include "lib/message.h"

#define STRING_NULL UINT64_MAX

void message_put_bytes(struct Message *message, const void *data, size_t n) {
        if (message->failed || n > MESSAGE_MAX - message->n) {
                message->failed = true;
                return;
        }
        if (n > 0)
                memcpy(message->data + message->n, data, n);
        message->n += n;
}

void message_put_number(struct Message *message, uint64_t number) {
        message_put_bytes(message, &number, sizeof(number));
}

void message_put_string(struct Message *message, const char *s) {
        if (!s) {
                message_put_number(message, STRING_NULL);
                return;
        }
        message_put_number(message, strlen(s));
        message_put_bytes(message, s, strlen(s) + 1);
}

void message_get_bytes(struct Message *message, void *ret, size_t n) {
        if (message->failed || n > message->n - message->pos) {
                message->failed = true;
                memset(ret, 0, n);
                return;
        }
        memcpy(ret, message->data + message->pos, n);
        message->pos += n;
}

uint64_t message_get_number(struct Message *message) {
        uint64_t number;

        message_get_bytes(message, &number, sizeof(number));
        return number;
}

uint64_t message_get_below(struct Message *message, uint64_t limit) {
        uint64_t number = message_get_number(message);

        if (number < limit)
                return number;
        message->failed = true;
        return 0;
}

const char *message_get_string(struct Message *message) {
        uint64_t n = message_get_number(message);
        const char *s = (const char *)message->data + message->pos;

        if (message->failed || n == STRING_NULL)
                return NULL;
        if (n >= message->n - message->pos || s[n] != '\0' || strlen(s) != n) {
                message->failed = true;
                return NULL;
        }
        message->pos += n + 1;
        return s;
}
