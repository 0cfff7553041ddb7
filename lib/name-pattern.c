/* SPDX-License-Identifier: MIT */

/*
 * Pattern=: a name's timestamp and series said explicitly.
 *
 * A pattern is a row of elements that together are the whole name. Only * and %*
 * are of any length; each takes as little as lets what stands before the next of
 * them match, the first such place from the left. All else takes the digits or
 * letters that it can and is never tried again shorter, so that a match costs at
 * most the pattern's length times the name's.
 */

#include <errno.h>

#include "lib/name-internal.h"

#define PATTERN_MAX 255
/* %F, %T or %R stand for up to five elements, and each part of a time is there once. */
#define ELEMENTS_MAX (PATTERN_MAX + 6)

enum Kind {
        KIND_LITERAL,
        KIND_ANY,  /* * */
        KIND_SKIP, /* %* */
        KIND_NUMBER,
        KIND_DAY_PADDED, /* %e: " 5" too */
        KIND_MONTH,
        KIND_WEEKDAY,
        KIND_HALF, /* AM, PM */
        KIND_FRACTION,
        KIND_SECONDS, /* %s */
        KIND_OFFSET,
        KIND_ZONE,
};

enum Field {
        FIELD_YEAR,
        FIELD_SHORT_YEAR,
        FIELD_MONTH,
        FIELD_DAY,
        FIELD_DAY_OF_YEAR,
        FIELD_ISO_YEAR,
        FIELD_ISO_WEEK,
        FIELD_WEEKDAY,
        FIELD_HOUR,
        FIELD_HOUR_12,
        FIELD_HALF,
        FIELD_MINUTE,
        FIELD_SECOND,
        FIELD_FRACTION,
        FIELD_UNIX,
        FIELD_ZONE,
        _FIELD_MAX,
};

#define BIT(field) (1u << (field))
#define ANY_YEAR (BIT(FIELD_YEAR) | BIT(FIELD_SHORT_YEAR))
#define ANY_HOUR (BIT(FIELD_HOUR) | BIT(FIELD_HOUR_12))

struct Code {
        char letter;
        uint8_t kind, field;
        uint8_t n_digits; /* of KIND_NUMBER, which lies in [min, max] */
        uint16_t min, max;
        uint32_t excludes; /* other fields that say the same */
};

#define BY_DAY_OF_YEAR BIT(FIELD_DAY_OF_YEAR)

static const struct Code codes[] = {
        {'Y', KIND_NUMBER, FIELD_YEAR, 4, 1, 9999, BIT(FIELD_SHORT_YEAR)},
        {'y', KIND_NUMBER, FIELD_SHORT_YEAR, 2, 0, 99, BIT(FIELD_YEAR)},
        {'m', KIND_NUMBER, FIELD_MONTH, 2, 1, 12, BY_DAY_OF_YEAR},
        {'b', KIND_MONTH, FIELD_MONTH, 0, 0, 0, BY_DAY_OF_YEAR},
        {'B', KIND_MONTH, FIELD_MONTH, 0, 0, 0, BY_DAY_OF_YEAR},
        {'h', KIND_MONTH, FIELD_MONTH, 0, 0, 0, BY_DAY_OF_YEAR},
        {'d', KIND_NUMBER, FIELD_DAY, 2, 1, 31, BY_DAY_OF_YEAR},
        {'e', KIND_DAY_PADDED, FIELD_DAY, 2, 1, 31, BY_DAY_OF_YEAR},
        {'j', KIND_NUMBER, FIELD_DAY_OF_YEAR, 3, 1, 366, BIT(FIELD_MONTH) | BIT(FIELD_DAY)},
        {'G', KIND_NUMBER, FIELD_ISO_YEAR, 4, 1, 9999, 0},
        {'V', KIND_NUMBER, FIELD_ISO_WEEK, 2, 1, 53, 0},
        {'u', KIND_NUMBER, FIELD_WEEKDAY, 1, 1, 7, 0},
        {'a', KIND_WEEKDAY, FIELD_WEEKDAY, 0, 0, 0, 0},
        {'A', KIND_WEEKDAY, FIELD_WEEKDAY, 0, 0, 0, 0},
        {'H', KIND_NUMBER, FIELD_HOUR, 2, 0, 23, BIT(FIELD_HOUR_12)},
        {'I', KIND_NUMBER, FIELD_HOUR_12, 2, 1, 12, BIT(FIELD_HOUR)},
        {'p', KIND_HALF, FIELD_HALF, 0, 0, 0, 0},
        {'M', KIND_NUMBER, FIELD_MINUTE, 2, 0, 59, 0},
        {'S', KIND_NUMBER, FIELD_SECOND, 2, 0, 59, 0},
        {'f', KIND_FRACTION, FIELD_FRACTION, 0, 0, 0, 0},
        {'N', KIND_FRACTION, FIELD_FRACTION, 0, 0, 0, 0},
        {'s', KIND_SECONDS, FIELD_UNIX, 0, 0, 0, ~(BIT(FIELD_FRACTION) | BIT(FIELD_UNIX))},
        {'z', KIND_OFFSET, FIELD_ZONE, 0, 0, 0, 0},
        {'Z', KIND_ZONE, FIELD_ZONE, 0, 0, 0, 0},
};

struct Element {
        const struct Code *code; /* NULL for KIND_LITERAL, KIND_ANY and KIND_SKIP */
        uint8_t kind;
        uint8_t from, n; /* of KIND_LITERAL, in text */
};

struct NamePattern {
        size_t n_elements;
        size_t n_text;
        uint32_t fields;
        struct Element elements[ELEMENTS_MAX];
        char text[PATTERN_MAX];
};

/* Texts live as long as the program, so there is one for each letter. */
static const char *unknown_code(char letter) {
#define U(c) "unknown code %" c "; write %* for text that does not matter, %% for a percent sign"
        static const char *const texts[2]['z' - 'a' + 1] = {
                {U("A"), U("B"), U("C"), U("D"), U("E"), U("F"), U("G"), U("H"), U("I"),
                 U("J"), U("K"), U("L"), U("M"), U("N"), U("O"), U("P"), U("Q"), U("R"),
                 U("S"), U("T"), U("U"), U("V"), U("W"), U("X"), U("Y"), U("Z")},
                {U("a"), U("b"), U("c"), U("d"), U("e"), U("f"), U("g"), U("h"), U("i"),
                 U("j"), U("k"), U("l"), U("m"), U("n"), U("o"), U("p"), U("q"), U("r"),
                 U("s"), U("t"), U("u"), U("v"), U("w"), U("x"), U("y"), U("z")},
        };
#undef U

        if (letter == '\0')
                return "a % at the end; write %% for a percent sign";
        if (letter == 'D')
                return "%D has slashes, and a pattern names a file name, not a path; write %m-%d-%y";
        if (!ascii_is_alpha(letter))
                return "a % before no letter (there are no flags or widths); write %% for a percent sign";
        return texts[letter >= 'a'][(letter | 0x20) - 'a'];
}

static void add_literal(struct NamePattern *pattern, char c) {
        struct Element *last = pattern->n_elements > 0 ? &pattern->elements[pattern->n_elements - 1] : NULL;

        if (last && last->kind == KIND_LITERAL)
                last->n++;
        else
                pattern->elements[pattern->n_elements++] =
                        (struct Element){.kind = KIND_LITERAL, .from = (uint8_t)pattern->n_text, .n = 1};
        pattern->text[pattern->n_text++] = c;
}

/* "-" or "T" between two codes: it never differs, and "db-*.sql" reads better than "db-*-*-*.sql". */
static bool is_joint(const struct NamePattern *pattern, size_t e) {
        const struct Element *element = &pattern->elements[e];
        const char c = pattern->text[element->from];

        return element->kind == KIND_LITERAL && element->n == 1 && !ascii_is_digit(c) &&
               (c == 'T' || !ascii_is_alpha(c)) && e > 0 && e + 1 < pattern->n_elements && element[-1].code &&
               element[1].code;
}

static bool is_hole(const struct NamePattern *pattern, size_t e) {
        const uint8_t kind = pattern->elements[e].kind;

        return (kind != KIND_LITERAL && kind != KIND_ANY) || is_joint(pattern, e);
}

static void add_element(struct NamePattern *pattern, enum Kind kind, const struct Code *code) {
        pattern->elements[pattern->n_elements++] = (struct Element){.kind = (uint8_t)kind, .code = code};
}

static const char *add_code(struct NamePattern *pattern, char letter) {
        for (size_t i = 0; i < ELEMENTSOF(codes); i++) {
                if (codes[i].letter != letter)
                        continue;
                if (pattern->fields & (BIT(codes[i].field) | codes[i].excludes))
                        return "a part of the time is there twice; write %* for one of them";
                if (pattern->fields & BIT(FIELD_UNIX) && codes[i].field != FIELD_FRACTION)
                        return "%s says it all; write %* for what else the name says of the time";
                pattern->fields |= BIT(codes[i].field);
                add_element(pattern, codes[i].kind, &codes[i]);
                return NULL;
        }
        return unknown_code(letter);
}

/* Adds what stands for the letter behind a percent sign. Returns the problem, else NULL. */
static const char *add_percent(struct NamePattern *pattern, char letter) {
        const char *all = letter == 'F' ? "Y-m-d" : letter == 'T' ? "H:M:S" : letter == 'R' ? "H:M" : NULL;

        if (letter == '%') {
                add_literal(pattern, '%');
                return NULL;
        }
        if (letter == '*') {
                add_element(pattern, KIND_SKIP, NULL);
                return NULL;
        }
        if (!all)
                return add_code(pattern, letter);
        for (; *all; all++) {
                const char *problem = NULL;

                if (ascii_is_alpha(*all))
                        problem = add_code(pattern, *all);
                else
                        add_literal(pattern, *all);
                if (problem)
                        return problem;
        }
        return NULL;
}

static const char *check_fields(const struct NamePattern *pattern) {
        const uint32_t fields = pattern->fields;
        const bool is_iso = fields & BIT(FIELD_ISO_YEAR) && fields & BIT(FIELD_ISO_WEEK);
        unsigned n_holes = 0;

        for (size_t e = 0; e < pattern->n_elements; e++)
                n_holes += is_hole(pattern, e) && (e == 0 || !is_hole(pattern, e - 1));
        if (n_holes > NAME_HOLES_MAX)
                return "more than 8 places that do not belong to the series";
        if (fields & BIT(FIELD_UNIX))
                return NULL;
        if (!(fields & ANY_YEAR) && !is_iso)
                return "no date: there must be %Y %m %d (or %F), %Y %j, %G %V, or %s";
        if (fields & ANY_YEAR && fields & BIT(FIELD_DAY) && !(fields & BIT(FIELD_MONTH)))
                return "a day without a month; add %m or %b";
        if (fields & BIT(FIELD_SHORT_YEAR) && !(fields & (BIT(FIELD_MONTH) | BIT(FIELD_DAY_OF_YEAR))))
                return "%y alone is too little for a date; write %Y, or add the month";
        if (!(fields & BIT(FIELD_HOUR_12)) != !(fields & BIT(FIELD_HALF)))
                return "%I and %p go together";
        if ((fields & BIT(FIELD_MINUTE) && !(fields & ANY_HOUR)) ||
            (fields & BIT(FIELD_SECOND) && !(fields & BIT(FIELD_MINUTE))) ||
            (fields & BIT(FIELD_FRACTION) && !(fields & BIT(FIELD_SECOND))))
                return "minutes (%M) need the hour (%H), seconds (%S) the minutes, a fraction (%f) the seconds";
        return NULL;
}

static const char *compile(struct NamePattern *pattern, const char *s) {
        const char *problem = NULL;

        if (strlen(s) > PATTERN_MAX)
                return "longer than any file name (255 bytes)";
        for (; *s && !problem; s++) {
                if (*s == '/')
                        return "a pattern names a file name, not a path";
                if ((uint8_t)*s < ' ' || *s == 0x7f)
                        return "a control character in the pattern";
                if (*s == '%') {
                        problem = add_percent(pattern, s[1]);
                        s += s[1] != '\0';
                } else if (*s == '*')
                        add_element(pattern, KIND_ANY, NULL);
                else
                        add_literal(pattern, *s);
        }
        return problem ? problem : check_fields(pattern);
}

int name_pattern_new(const char *pattern, struct NamePattern **ret, const char **ret_problem) {
        _cleanup_(name_pattern_freep) struct NamePattern *p = NULL;
        const char *problem;

        p = calloc(1, sizeof(*p));
        if (!p)
                return -ENOMEM;
        problem = compile(p, pattern);
        if (problem) {
                *ret_problem = problem;
                return NAME_E_PATTERN;
        }
        *ret = TAKE_PTR(p);
        return 0;
}

struct NamePattern *name_pattern_free(struct NamePattern *pattern) {
        free(pattern);
        return NULL;
}

/* The longest name of a month or weekday at i; its length, or 0. */
static size_t match_word(const struct NameText *text, size_t i, int (*number)(const char *, size_t), int64_t *ret) {
        for (size_t n = name_run(text, i, NAME_LETTER, NAME_WORD_MAX); n >= 3; n--) {
                *ret = number(text->s + i, n);
                if (*ret > 0)
                        return n;
        }
        return 0;
}

static size_t match_number(const struct NameText *text, size_t i, const struct Code *code, int64_t *ret) {
        const size_t n = name_run(text, i, NAME_DIGIT, code->n_digits);

        *ret = name_number(text, i, n);
        return n == code->n_digits && *ret >= code->min && *ret <= code->max ? n : 0;
}

/* One digit is enough where no second follows, and the other may be a space. */
static size_t match_padded(const struct NameText *text, size_t i, const struct Code *code, int64_t *ret) {
        const size_t space = name_at(text, i) == ' ';
        const size_t n = name_run(text, i + space, NAME_DIGIT, space ? 1 : 2);

        *ret = name_number(text, i + space, n);
        return *ret >= code->min && *ret <= code->max ? space + n : 0;
}

static size_t match_half(const struct NameText *text, size_t i, int64_t *ret) {
        const char half = (char)(name_at(text, i) | 0x20);

        *ret = half == 'p';
        return (half == 'a' || half == 'p') && (name_at(text, i + 1) | 0x20) == 'm' ? 2 : 0;
}

static size_t match_fraction(const struct NameText *text, size_t i, int64_t *ret) {
        const size_t n = name_run(text, i, NAME_DIGIT, 9);

        *ret = name_number(text, i, MIN(n, (size_t)6));
        for (size_t k = n; k < 6; k++)
                *ret *= 10;
        return n;
}

static size_t match_seconds(const struct NameText *text, size_t i, int64_t *ret) {
        const size_t n = name_run(text, i, NAME_DIGIT, 11);

        *ret = name_number(text, i, n);
        return n == 9 || n == 10 ? n : 0;
}

/* The name of a zone: of all that there are, one says its offset. */
static size_t match_zone(const struct NameText *text, size_t i, int64_t *ret) {
        const size_t n = name_run(text, i, NAME_LETTER, 6);
        const bool is_utc = (n == 3 && (name_has(text, i, "UTC", 3) || name_has(text, i, "GMT", 3))) ||
                            (n == 1 && name_at(text, i) == 'Z');

        *ret = is_utc ? 0 : INT64_MAX;
        return n;
}

static size_t match_offset(const struct NameText *text, size_t i, int64_t *ret) {
        int32_t sec = 0;
        const size_t n = name_at(text, i) == 'Z' ? 1 : name_offset(text, i, &sec);

        *ret = sec;
        return n;
}

/* The length of what the code matches at i, or 0; its value goes to *ret. */
static size_t match_code(const struct NameText *text, size_t i, const struct Code *code, int64_t *ret) {
        switch ((enum Kind)code->kind) {
        case KIND_NUMBER:
                return match_number(text, i, code, ret);
        case KIND_DAY_PADDED:
                return match_padded(text, i, code, ret);
        case KIND_MONTH:
                return match_word(text, i, name_month, ret);
        case KIND_WEEKDAY:
                return match_word(text, i, name_weekday, ret);
        case KIND_HALF:
                return match_half(text, i, ret);
        case KIND_FRACTION:
                return match_fraction(text, i, ret);
        case KIND_SECONDS:
                return match_seconds(text, i, ret);
        case KIND_OFFSET:
                return match_offset(text, i, ret);
        case KIND_LITERAL:
        case KIND_ANY:
        case KIND_SKIP: /* these have no code */
        case KIND_ZONE:
                break;
        }
        return match_zone(text, i, ret);
}

struct Match {
        const struct NamePattern *pattern;
        struct NameText text;
        int64_t values[_FIELD_MAX];
        uint16_t ends[ELEMENTS_MAX]; /* each element's; it begins where the one before ends */
};

static bool is_wildcard(const struct Element *element) {
        return element->kind == KIND_ANY || element->kind == KIND_SKIP;
}

/* Matches the elements up to the next wildcard at i, which is moved behind them. */
static bool match_segment(struct Match *match, size_t first, size_t end, size_t *at) {
        size_t i = *at;

        for (size_t e = first; e < end; e++) {
                const struct Element *element = &match->pattern->elements[e];
                size_t n = element->n;

                if (element->code) {
                        n = match_code(&match->text, i, element->code, &match->values[element->code->field]);
                        if (n == 0)
                                return false;
                } else if (!name_has(&match->text, i, match->pattern->text + element->from, n))
                        return false;
                i += n;
                match->ends[e] = (uint16_t)i;
        }
        *at = i;
        return true;
}

static size_t segment_end(const struct NamePattern *pattern, size_t e) {
        while (e < pattern->n_elements && !is_wildcard(&pattern->elements[e]))
                e++;
        return e;
}

static bool match_elements(struct Match *match) {
        const size_t n = match->text.n, n_elements = match->pattern->n_elements;
        size_t wildcard = segment_end(match->pattern, 0), at = 0;

        if (!match_segment(match, 0, wildcard, &at))
                return false;
        while (wildcard < n_elements) {
                const size_t first = wildcard + 1, end = segment_end(match->pattern, first);
                /* A last segment of nothing: the wildcard takes the rest. */
                size_t from = first == n_elements ? n : at;

                for (;; from++) {
                        if (from > n)
                                return false;
                        at = from;
                        if (match_segment(match, first, end, &at) && (end < n_elements || at == n))
                                break;
                }
                match->ends[wildcard] = (uint16_t)from;
                wildcard = end;
        }
        return at == n;
}

/* The day that is so many days from one whose number is known. */
static void set_day(struct Civil *civil, int64_t day) {
        calendar_from_usec(zone_utc(), day * USEC_PER_DAY, civil);
}

static bool set_date(const struct Match *match, struct Civil *civil) {
        const uint32_t fields = match->pattern->fields;
        const int64_t *v = match->values;
        const int64_t short_year = v[FIELD_SHORT_YEAR];

        if (!(fields & ANY_YEAR)) {
                /* 4 January is always in the first week. */
                const int64_t fourth = zone_days(v[FIELD_ISO_YEAR], 1, 4);
                const int weekday = calendar_weekday(v[FIELD_ISO_YEAR], 1, 4);
                const int64_t day = fields & BIT(FIELD_WEEKDAY) ? v[FIELD_WEEKDAY] : 1;
                int64_t iso_year;
                int iso_week;

                set_day(civil, fourth - weekday + day + 7 * (v[FIELD_ISO_WEEK] - 1));
                calendar_iso_week(civil->year, civil->month, civil->day, &iso_year, &iso_week);
                return iso_week == v[FIELD_ISO_WEEK];
        }
        /* As POSIX has it: 69 is 1969. */
        civil->year = fields & BIT(FIELD_YEAR) ? v[FIELD_YEAR] : short_year + (short_year < 69 ? 2000 : 1900);
        if (fields & BIT(FIELD_DAY_OF_YEAR)) {
                const int64_t year = civil->year;

                set_day(civil, zone_days(year, 1, 1) + v[FIELD_DAY_OF_YEAR] - 1);
                return civil->year == year;
        }
        civil->month = fields & BIT(FIELD_MONTH) ? (uint8_t)v[FIELD_MONTH] : 1;
        civil->day = fields & BIT(FIELD_DAY) ? (uint8_t)v[FIELD_DAY] : 1;
        return calendar_is_valid(civil);
}

static bool set_time(const struct Match *match, struct NameTime *time) {
        const uint32_t fields = match->pattern->fields;
        const int64_t *v = match->values;

        time->usec = (uint32_t)v[FIELD_FRACTION];
        if (fields & BIT(FIELD_UNIX)) {
                name_time_set_unix(time, v[FIELD_UNIX]);
                return true;
        }
        if (!set_date(match, &time->civil))
                return false;
        time->has_clock = fields & ANY_HOUR;
        time->civil.hour =
                (uint8_t)(fields & BIT(FIELD_HOUR_12) ? v[FIELD_HOUR_12] % 12 + 12 * v[FIELD_HALF] : v[FIELD_HOUR]);
        time->civil.minute = (uint8_t)v[FIELD_MINUTE];
        time->civil.second = (uint8_t)v[FIELD_SECOND];
        time->has_offset = fields & BIT(FIELD_ZONE) && v[FIELD_ZONE] != INT64_MAX;
        time->offset_sec = time->has_offset ? (int32_t)v[FIELD_ZONE] : 0;
        return true;
}

bool name_pattern_match(const struct NamePattern *pattern, const char *name, size_t n, struct Name *ret) {
        struct Match match = {.pattern = pattern, .text = {name, n}};
        struct Name parsed = {.is_dated = true};

        if (n > PATTERN_MAX || !match_elements(&match) || !set_time(&match, &parsed.time))
                return false;
        for (size_t e = 0; e < pattern->n_elements; e++)
                if (is_hole(pattern, e))
                        name_add_hole(&parsed, e > 0 ? match.ends[e - 1] : 0, match.ends[e]);
        *ret = parsed;
        return true;
}
