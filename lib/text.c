/* SPDX-License-Identifier: MIT */
#include "lib/text.h"

#include <errno.h>
#include <stdio.h>

static const char hex_digits[] = "0123456789abcdef";

void text_done(struct Text *text) {
        free(text->data);
        *text = (struct Text){};
}

void text_clear(struct Text *text) {
        text->n = 0;
}

int text_error(const struct Text *text) {
        return text->failed ? -ENOMEM : 0;
}

static char *text_extend(struct Text *text, size_t n) {
        size_t need, more;
        char *p;

        if (text->failed || add_overflows(text->n, n, &need) || need > SIZE_MAX / 2) {
                text->failed = true;
                return NULL;
        }
        if (need > text->n_allocated) {
                more = need + need / 2 + 64;
                p = realloc(text->data, more);
                if (!p) {
                        text->failed = true;
                        return NULL;
                }
                text->data = p;
                text->n_allocated = more;
        }
        p = text->data + text->n;
        text->n = need;
        return p;
}

void text_add_bytes(struct Text *text, const char *data, size_t n) {
        char *p = text_extend(text, n);

        if (p && n > 0)
                memcpy(p, data, n);
}

void text_add(struct Text *text, const char *s) {
        text_add_bytes(text, s, strlen(s));
}

void text_add_number(struct Text *text, uint64_t number) {
        char digits[20];
        size_t i = sizeof(digits);

        do
                digits[--i] = (char)('0' + number % 10);
        while (number /= 10);
        text_add_bytes(text, digits + i, sizeof(digits) - i);
}

void text_add_hex(struct Text *text, const char *s, size_t n) {
        for (size_t i = 0; i < n; i++) {
                uint8_t c = (uint8_t)s[i];

                text_add_bytes(text, (const char[]){hex_digits[c >> 4], hex_digits[c & 15]}, 2);
        }
}

size_t text_utf8_length(const char *s, size_t n) {
        const uint8_t *p = (const uint8_t *)s;
        uint32_t code;
        size_t length;

        if (p[0] < 0x80)
                return 1;
        if (p[0] >= 0xc2 && p[0] <= 0xdf)
                length = 2;
        else if (p[0] >= 0xe0 && p[0] <= 0xef)
                length = 3;
        else if (p[0] >= 0xf0 && p[0] <= 0xf4)
                length = 4;
        else
                return 0;
        if (length > n)
                return 0;

        code = p[0] & (0xffu >> (length + 1));
        for (size_t i = 1; i < length; i++) {
                if ((p[i] & 0xc0) != 0x80)
                        return 0;
                code = code << 6 | (p[i] & 0x3fu);
        }
        /* Overlong forms, surrogates, and what is beyond Unicode. */
        if ((length == 3 && code < 0x800) || (length == 4 && (code < 0x10000 || code > 0x10ffff)))
                return 0;
        return code >= 0xd800 && code <= 0xdfff ? 0 : length;
}

bool text_is_utf8(const char *s, size_t n) {
        size_t i = 0, length;

        /* Names are nearly always ASCII: eight bytes at a time. */
        for (uint64_t word; n - i >= sizeof(word); i += sizeof(word)) {
                memcpy(&word, s + i, sizeof(word));
                if (word & UINT64_C(0x8080808080808080))
                        break;
        }
        for (; i < n; i += length) {
                length = text_utf8_length(s + i, n - i);
                if (length == 0)
                        return false;
        }
        return true;
}

/* Harmless on a terminal, and in a line: no control character of ASCII or of Unicode's second block of them. */
static bool is_plain(const char *s, size_t length) {
        if (length == 1)
                return (uint8_t)s[0] >= 0x20 && s[0] != 0x7f && s[0] != '\\';
        return length > 2 || (uint8_t)s[0] != 0xc2 || (uint8_t)s[1] >= 0xa0;
}

static void add_escape(struct Text *text, char c) {
        static const char specials[] = "\n\t\r\\", letters[] = "ntr\\";
        const char *special = c != '\0' ? strchr(specials, c) : NULL;

        if (special)
                text_add_bytes(text, (const char[]){'\\', letters[special - specials]}, 2);
        else
                text_add_bytes(text, (const char[]){'\\', 'x', hex_digits[(uint8_t)c >> 4], hex_digits[c & 15]}, 4);
}

void text_add_escaped(struct Text *text, const char *s, size_t n) {
        for (size_t i = 0; i < n;) {
                size_t length = text_utf8_length(s + i, n - i);

                if (length > 0 && is_plain(s + i, length)) {
                        text_add_bytes(text, s + i, length);
                        i += length;
                        continue;
                }
                for (size_t end = i + MAX(length, (size_t)1); i < end; i++)
                        add_escape(text, s[i]);
        }
}

static bool is_json_plain(char c) {
        return (uint8_t)c >= 0x20 && (uint8_t)c < 0x80 && c != '"' && c != '\\';
}

static void add_json_escape(struct Text *text, char c) {
        if (c == '"' || c == '\\')
                text_add_bytes(text, (const char[]){'\\', c}, 2);
        else if (c == '\n')
                text_add_bytes(text, "\\n", 2);
        else if (c == '\t')
                text_add_bytes(text, "\\t", 2);
        else
                text_add_bytes(text,
                               (const char[]){'\\', 'u', '0', '0', hex_digits[(uint8_t)c >> 4], hex_digits[c & 15]}, 6);
}

void text_add_json(struct Text *text, const char *s, size_t n) {
        text_add_bytes(text, "\"", 1);
        for (size_t i = 0; i < n;) {
                size_t length, plain = 0;

                while (i + plain < n && is_json_plain(s[i + plain]))
                        plain++;
                text_add_bytes(text, s + i, plain);
                i += plain;
                if (i == n)
                        break;

                length = text_utf8_length(s + i, n - i);
                if (length == 1)
                        add_json_escape(text, s[i]);
                else if (length > 1)
                        text_add_bytes(text, s + i, length);
                else
                        text_add(text, "\xef\xbf\xbd");
                i += MAX(length, (size_t)1);
        }
        text_add_bytes(text, "\"", 1);
}
