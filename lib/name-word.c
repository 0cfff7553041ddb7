/* SPDX-License-Identifier: MIT */

/*
 * Bytes by class, the names of months and weekdays, and tokens that hold digits
 * which are no date: UUIDs and digests.
 */

#include "lib/name-internal.h"

/* clang-format off */
const uint8_t name_class[256] = {
        ['0' ... '9'] = NAME_DIGIT | NAME_HEX,
        ['A' ... 'F'] = NAME_LETTER | NAME_HEX,
        ['G' ... 'Z'] = NAME_LETTER,
        ['a' ... 'f'] = NAME_LETTER | NAME_HEX,
        ['g' ... 'z'] = NAME_LETTER,
        [0x80 ... 0xff] = NAME_LETTER,
        ['-'] = NAME_PART | NAME_JOINT,
        ['_'] = NAME_PART | NAME_JOINT,
        ['.'] = NAME_PART | NAME_JOINT,
        ['@'] = NAME_JOINT,
        [' '] = NAME_JOINT,
};
/* clang-format on */

/* Both sides lower-cased; s is shorter than or as long as the word. */
static bool is_word(const char *s, size_t n, const char *word) {
        for (size_t i = 0; i < n; i++)
                if ((s[i] | 0x20) != word[i])
                        return false;
        return n == 3 || word[n] == '\0';
}

#define THREE(a, b, c) ((uint32_t)(a) << 16 | (uint32_t)(b) << 8 | (uint32_t)(c))

/* Three letters tell all these words apart, and most words are none of them. */
static uint32_t first_three(const char *s, size_t n) {
        if (n < 3 || n > NAME_WORD_MAX)
                return 0;
        return THREE((uint8_t)s[0] | 0x20, (uint8_t)s[1] | 0x20, (uint8_t)s[2] | 0x20);
}

int name_month(const char *s, size_t n) {
        static const char words[12][NAME_WORD_MAX + 1] = {"january",   "february", "march",    "april",
                                                          "may",       "june",     "july",     "august",
                                                          "september", "october",  "november", "december"};
        int month;

        switch (first_three(s, n)) {
        case THREE('j', 'a', 'n'):
                month = 1;
                break;
        case THREE('f', 'e', 'b'):
                month = 2;
                break;
        case THREE('m', 'a', 'r'):
                month = 3;
                break;
        case THREE('a', 'p', 'r'):
                month = 4;
                break;
        case THREE('m', 'a', 'y'):
                month = 5;
                break;
        case THREE('j', 'u', 'n'):
                month = 6;
                break;
        case THREE('j', 'u', 'l'):
                month = 7;
                break;
        case THREE('a', 'u', 'g'):
                month = 8;
                break;
        case THREE('s', 'e', 'p'):
                month = 9;
                break;
        case THREE('o', 'c', 't'):
                month = 10;
                break;
        case THREE('n', 'o', 'v'):
                month = 11;
                break;
        case THREE('d', 'e', 'c'):
                month = 12;
                break;
        default:
                return 0;
        }
        return is_word(s, n, words[month - 1]) ? month : 0;
}

int name_weekday(const char *s, size_t n) {
        static const char words[7][NAME_WORD_MAX + 1] = {"monday", "tuesday",  "wednesday", "thursday",
                                                         "friday", "saturday", "sunday"};
        int day;

        switch (first_three(s, n)) {
        case THREE('m', 'o', 'n'):
                day = 1;
                break;
        case THREE('t', 'u', 'e'):
                day = 2;
                break;
        case THREE('w', 'e', 'd'):
                day = 3;
                break;
        case THREE('t', 'h', 'u'):
                day = 4;
                break;
        case THREE('f', 'r', 'i'):
                day = 5;
                break;
        case THREE('s', 'a', 't'):
                day = 6;
                break;
        case THREE('s', 'u', 'n'):
                day = 7;
                break;
        default:
                return 0;
        }
        return is_word(s, n, words[day - 1]) ? day : 0;
}

bool name_is_uuid(const struct NameText *text, size_t i) {
        static const uint8_t lengths[] = {8, 4, 4, 4, 12};

        /* Three reads that refuse nearly everything. */
        if (name_at(text, i + 8) != '-' || name_at(text, i + 13) != '-' || name_at(text, i + 18) != '-')
                return false;
        for (size_t group = 0; group < ELEMENTSOF(lengths); group++) {
                if (group > 0 && name_at(text, i++) != '-')
                        return false;
                if (name_run(text, i, NAME_HEX, lengths[group]) < lengths[group])
                        return false;
                i += lengths[group];
        }
        return true;
}

/* Whether the hexadecimal token around i is as long as a digest. */
static bool is_digest_at(const struct NameText *text, size_t i) {
        enum { MAX_DIGEST = 128 };
        size_t from = i, to = i + 1;

        while (i - from <= MAX_DIGEST && from > 0 && name_is(text, from - 1, NAME_HEX))
                from--;
        to += name_run(text, to, NAME_HEX, MAX_DIGEST);
        switch (to - from) {
        case 32:  /* MD5 */
        case 40:  /* SHA-1 */
        case 56:  /* SHA-224 */
        case 64:  /* SHA-256 */
        case 96:  /* SHA-384 */
        case 128: /* SHA-512 */
                return true;
        default:
                return false;
        }
}

bool name_is_in_digest(const struct NameText *text, size_t from, size_t to) {
        /* The digits at either end are whole runs, so that a neighbour in the token is a letter. */
        return (from > 0 && name_is(text, from - 1, NAME_HEX) && is_digest_at(text, from)) ||
               (name_is(text, to, NAME_HEX) && is_digest_at(text, to - 1));
}
