/* SPDX-License-Identifier: MIT */
#include "lib/span.h"

#include <stdio.h>

enum Part { PART_EXACT, PART_DAYS, PART_MONTHS, PART_YEARS };

struct Unit {
        const char *name;
        enum Part part;
        int64_t factor; /* microseconds of an exact part, else of its own kind */
};

static const struct Unit units[] = {
        {"us", PART_EXACT, 1},
        {"usec", PART_EXACT, 1},
        {"ms", PART_EXACT, USEC_PER_MSEC},
        {"msec", PART_EXACT, USEC_PER_MSEC},
        {"s", PART_EXACT, USEC_PER_SEC},
        {"sec", PART_EXACT, USEC_PER_SEC},
        {"second", PART_EXACT, USEC_PER_SEC},
        {"seconds", PART_EXACT, USEC_PER_SEC},
        {"min", PART_EXACT, USEC_PER_MINUTE},
        {"minute", PART_EXACT, USEC_PER_MINUTE},
        {"minutes", PART_EXACT, USEC_PER_MINUTE},
        {"h", PART_EXACT, USEC_PER_HOUR},
        {"hr", PART_EXACT, USEC_PER_HOUR},
        {"hour", PART_EXACT, USEC_PER_HOUR},
        {"hours", PART_EXACT, USEC_PER_HOUR},
        {"d", PART_DAYS, 1},
        {"day", PART_DAYS, 1},
        {"days", PART_DAYS, 1},
        {"w", PART_DAYS, 7},
        {"week", PART_DAYS, 7},
        {"weeks", PART_DAYS, 7},
        {"month", PART_MONTHS, 1},
        {"months", PART_MONTHS, 1},
        {"y", PART_YEARS, 1},
        {"yr", PART_YEARS, 1},
        {"year", PART_YEARS, 1},
        {"years", PART_YEARS, 1},
};

static const char *skip_spaces(const char *p) {
        while (*p == ' ' || *p == '\t')
                p++;
        return p;
}

static int parse_number(const char **p, int64_t *ret) {
        int64_t number = 0;

        if (!ascii_is_digit(**p))
                return SPAN_E_SYNTAX;
        for (; ascii_is_digit(**p); (*p)++)
                if (mul_overflows(number, 10, &number) || add_overflows(number, **p - '0', &number))
                        return SPAN_E_RANGE;
        *ret = number;
        return 0;
}

static int parse_unit(const char **p, const struct Unit **ret) {
        size_t n = 0;

        while (ascii_is_alpha((*p)[n]))
                n++;
        if (n == 0)
                return SPAN_E_NO_UNIT;
        if (n == 1 && **p == 'm')
                return SPAN_E_BARE_M;
        for (size_t i = 0; i < ELEMENTSOF(units); i++)
                if (strlen(units[i].name) == n && memcmp(units[i].name, *p, n) == 0) {
                        *p += n;
                        *ret = &units[i];
                        return 0;
                }
        return SPAN_E_UNIT;
}

static bool add_part(int32_t *part, int64_t number) {
        int64_t sum;

        if (add_overflows(number, (int64_t)*part, &sum) || sum > INT32_MAX)
                return false;
        *part = (int32_t)sum;
        return true;
}

static int add_unit(struct Span *span, int64_t number, const struct Unit *unit) {
        bool fits = false;

        if (mul_overflows(number, unit->factor, &number))
                return SPAN_E_RANGE;
        switch (unit->part) {
        case PART_EXACT:
                fits = !add_overflows(span->usec, number, &span->usec) && span->usec != USEC_INFINITY;
                break;
        case PART_DAYS:
                fits = add_part(&span->days, number);
                break;
        case PART_MONTHS:
                fits = add_part(&span->months, number);
                break;
        case PART_YEARS:
                fits = add_part(&span->years, number);
                break;
        }
        return fits ? 0 : SPAN_E_RANGE;
}

int span_parse(const char *text, struct Span *ret) {
        const char *p = skip_spaces(text);
        struct Span span = {};
        int r;

        if (!*p)
                return SPAN_E_EMPTY;
        if (strncmp(p, "infinity", 8) == 0 && !*skip_spaces(p + 8)) {
                *ret = (struct Span){.usec = USEC_INFINITY};
                return 0;
        }
        while (*p) {
                const struct Unit *unit;
                int64_t number;

                r = parse_number(&p, &number);
                if (r != 0)
                        return r;
                p = skip_spaces(p);
                r = parse_unit(&p, &unit);
                if (r != 0)
                        return r;
                r = add_unit(&span, number, unit);
                if (r != 0)
                        return r;
                p = skip_spaces(p);
        }
        *ret = span;
        return 0;
}

int size_parse(const char *text, uint64_t *ret_bytes) {
        static const char prefixes[] = "KMGTP";
        const char *p = skip_spaces(text), *prefix;
        int64_t number;
        int r;

        if (!*p)
                return SPAN_E_EMPTY;
        r = parse_number(&p, &number);
        if (r != 0)
                return r;
        p = skip_spaces(p);
        prefix = *p ? strchr(prefixes, *p) : NULL;
        if (prefix) {
                for (const char *i = prefixes; i <= prefix; i++)
                        if (mul_overflows(number, 1024, &number))
                                return SPAN_E_RANGE;
                p++;
                if (p[0] == 'i' && p[1] == 'B')
                        p++;
        }
        if (*p == 'B')
                p++;
        if (*skip_spaces(p))
                return SPAN_E_UNIT;
        *ret_bytes = (uint64_t)number;
        return 0;
}

const char *span_error_text(int error) {
        switch (error) {
        case SPAN_E_EMPTY:
                return "is empty; write a time span such as 3d, 26h or 90min";
        case SPAN_E_NO_UNIT:
                return "has a number without a unit; write 3d, 26h or 90min";
        case SPAN_E_BARE_M:
                return "has the unit m, which is ambiguous; write min or month";
        case SPAN_E_UNIT:
                return "has an unknown unit; the units are us, ms, s, min, h, d, w, month and y";
        case SPAN_E_RANGE:
                return "is longer than any time span can be";
        default:
                return "is no time span; write whole numbers with units, such as 3d, 26h or 1y 6month";
        }
}

const char *size_error_text(int error) {
        switch (error) {
        case SPAN_E_EMPTY:
                return "is empty; write a size such as 512, 64K or 50M";
        case SPAN_E_UNIT:
                return "has an unknown unit; the units are K, M, G, T and P, of 1024 each";
        case SPAN_E_RANGE:
                return "is larger than any size can be";
        default:
                return "is no size; write a whole number and a unit, such as 512, 64K or 50M";
        }
}

int64_t span_usec(const struct Span *span) {
        const int64_t parts[][2] = {
                {span->years, 31557600 * USEC_PER_SEC},
                {span->months, 2629800 * USEC_PER_SEC},
                {span->days, USEC_PER_DAY},
        };
        int64_t usec = span->usec;

        for (size_t i = 0; i < ELEMENTSOF(parts); i++) {
                int64_t part;

                if (mul_overflows(parts[i][0], parts[i][1], &part))
                        return USEC_INFINITY;
                usec = add_saturated(usec, part);
        }
        return usec;
}

const char *span_format(const struct Span *span, char buf[static SPAN_TEXT_MAX]) {
        struct {
                int64_t number;
                const char *unit;
        } parts[] = {
                {span->years, "y"},
                {span->months, "month"},
                {span->days, "d"},
                {span->usec / USEC_PER_HOUR, "h"},
                {span->usec / USEC_PER_MINUTE % 60, "min"},
                {span->usec / USEC_PER_SEC % 60, "s"},
                {span->usec % USEC_PER_SEC, "us"},
        };
        size_t n = 0;

        if (span_is_infinite(span))
                return strcpy(buf, "infinity");
        for (size_t i = 0; i < ELEMENTSOF(parts); i++)
                if (parts[i].number > 0)
                        n += (size_t)snprintf(buf + n, SPAN_TEXT_MAX - n, "%s%lld%s", n > 0 ? " " : "",
                                              (long long)parts[i].number, parts[i].unit);
        return n > 0 ? buf : strcpy(buf, "0s");
}

const char *age_format(int64_t usec, char buf[static SPAN_TEXT_MAX]) {
        static const struct {
                int64_t usec;
                const char *unit;
        } steps[] = {
                {31557600 * USEC_PER_SEC, "y"}, {USEC_PER_DAY, "d"}, {USEC_PER_HOUR, "h"},
                {USEC_PER_MINUTE, "min"},       {USEC_PER_SEC, "s"},
        };
        int64_t absolute = usec < 0 ? sub_saturated(0, usec) : usec;
        size_t i = 0;

        /* "400d" says more than "1y": years from the second one on. */
        if (absolute < 2 * steps[0].usec)
                i = 1;
        while (i + 1 < ELEMENTSOF(steps) && absolute < steps[i].usec)
                i++;
        snprintf(buf, SPAN_TEXT_MAX, "%s%lld%s", usec < 0 && absolute >= steps[i].usec ? "-" : "",
                 (long long)(absolute / steps[i].usec), steps[i].unit);
        return buf;
}

const char *size_format(uint64_t bytes, char buf[static SPAN_TEXT_MAX]) {
        static const char units_of_1024[] = "BKMGTPE";
        unsigned unit = 0;
        uint64_t rest = 0;

        while (bytes >= 1024) {
                rest = bytes % 1024;
                bytes /= 1024;
                unit++;
        }
        if (unit == 0 || bytes >= 10)
                snprintf(buf, SPAN_TEXT_MAX, "%llu%c", (unsigned long long)bytes, units_of_1024[unit]);
        else
                snprintf(buf, SPAN_TEXT_MAX, "%llu.%llu%c", (unsigned long long)bytes,
                         (unsigned long long)(rest * 10 / 1024), units_of_1024[unit]);
        return buf;
}
