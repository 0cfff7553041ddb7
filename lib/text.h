/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Text that grows, for lines of reports and listings. Running out of memory is
 * remembered and asked for once, at the end: text_error().
 */

#include "lib/base.h"

struct Text {
        char *data; /* not terminated */
        size_t n, n_allocated;
        bool failed;
};

void text_done(struct Text *text);
void text_clear(struct Text *text);
int text_error(const struct Text *text) _pure_;

void text_add_bytes(struct Text *text, const char *data, size_t n);
void text_add(struct Text *text, const char *s);
void text_add_number(struct Text *text, uint64_t number);

/*
 * A file name for people: control characters, backslashes and what is no UTF-8 as "\n", "\\", "\xff", so that a
 * name can neither break a line nor speak to the terminal.
 */
void text_add_escaped(struct Text *text, const char *s, size_t n);

/* A JSON string with its quotes. What is no UTF-8 becomes U+FFFD; text_is_utf8() tells whether that happens. */
void text_add_json(struct Text *text, const char *s, size_t n);
void text_add_hex(struct Text *text, const char *s, size_t n);
bool text_is_utf8(const char *s, size_t n) _pure_;

/* The length of the UTF-8 sequence that s begins with, 0 if it begins with none; n > 0. */
size_t text_utf8_length(const char *s, size_t n) _pure_;
