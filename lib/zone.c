/* SPDX-License-Identifier: MIT */
#include "lib/zone.h"

#include <errno.h>

#define N_TRANSITIONS_MAX 4096
#define N_TYPES_MAX 256
#define SEC_PER_DAY INT64_C(86400)
#define HEADER_SIZE 44
#define OFFSET_MAX (26 * 3600) /* seconds, exclusive: RFC 8536 */

enum RuleKind { RULE_MONTH, RULE_JULIAN, RULE_DAY };

/* When in a year the clocks are moved, in the terms of POSIX's TZ. */
struct Rule {
        enum RuleKind kind;
        int month, week, day; /* RULE_MONTH: Mm.w.d; else day alone: Jn (1 to 365, no 29 February) or n (0 to 365) */
        int64_t seconds;      /* after midnight; may be of another day */
};

struct Transition {
        int64_t sec;
        int32_t offset; /* from then on */
};

struct Zone {
        int32_t offset_before; /* the first transition */
        uint32_t n_transitions;
        bool has_rules; /* after the last transition */
        bool has_summer;
        int32_t standard, summer;
        struct Rule begin, end; /* of summer time */
        struct Transition transitions[];
};

static const struct Zone utc = {};

struct Reader {
        const uint8_t *p;
        size_t n;
        bool failed;
};

/* The counts of a TZif header, in the file's order. */
struct Header {
        uint8_t version;
        uint32_t n_utc, n_standard, n_leaps, n_transitions, n_types, n_names;
};

const struct Zone *zone_utc(void) {
        return &utc;
}

struct Zone *zone_free(struct Zone *zone) {
        if (zone != &utc)
                free(zone);
        return NULL;
}

static const uint8_t *take(struct Reader *reader, size_t n) {
        const uint8_t *p = reader->p;

        if (reader->failed || n > reader->n) {
                reader->failed = true;
                return NULL;
        }
        reader->p += n;
        reader->n -= n;
        return p;
}

static int64_t big_endian(const uint8_t *p, size_t n) {
        uint64_t value = p[0] & 0x80 ? UINT64_MAX : 0;

        for (size_t i = 0; i < n; i++)
                value = value << 8 | p[i];
        return (int64_t)value;
}

static bool read_header(struct Reader *reader, struct Header *ret) {
        const uint8_t *p = take(reader, HEADER_SIZE);

        if (!p || memcmp(p, "TZif", 4) != 0)
                return false;
        *ret = (struct Header){
                .version = p[4],
                .n_utc = (uint32_t)big_endian(p + 20, 4),
                .n_standard = (uint32_t)big_endian(p + 24, 4),
                .n_leaps = (uint32_t)big_endian(p + 28, 4),
                .n_transitions = (uint32_t)big_endian(p + 32, 4),
                .n_types = (uint32_t)big_endian(p + 36, 4),
                .n_names = (uint32_t)big_endian(p + 40, 4),
        };
        /* Leap seconds ("right/" zones) would make every moment another one than the kernel's. */
        return ret->n_transitions <= N_TRANSITIONS_MAX && ret->n_types >= 1 && ret->n_types <= N_TYPES_MAX &&
               ret->n_names <= 4096 && ret->n_leaps == 0 && ret->n_utc <= ret->n_types &&
               ret->n_standard <= ret->n_types;
}

static size_t body_size(const struct Header *header, size_t time_size) {
        return header->n_transitions * (time_size + 1) + header->n_types * 6 + header->n_names + header->n_standard +
               header->n_utc;
}

static bool read_body(struct Reader *reader, const struct Header *header, size_t time_size, struct Zone *zone) {
        const uint8_t *times = take(reader, header->n_transitions * time_size);
        const uint8_t *kinds = take(reader, header->n_transitions);
        const uint8_t *types = take(reader, header->n_types * 6);

        take(reader, header->n_names + header->n_standard + header->n_utc);
        if (reader->failed)
                return false;
        for (uint32_t i = 0; i < header->n_types; i++) {
                int64_t offset = big_endian(types + i * 6, 4);

                if (offset <= -OFFSET_MAX || offset >= OFFSET_MAX)
                        return false;
        }
        zone->offset_before = (int32_t)big_endian(types, 4);
        for (uint32_t i = 0; i < header->n_transitions; i++) {
                if (kinds[i] >= header->n_types)
                        return false;
                zone->transitions[i] = (struct Transition){
                        .sec = big_endian(times + i * time_size, time_size),
                        .offset = (int32_t)big_endian(types + kinds[i] * 6, 4),
                };
                if (i > 0 && zone->transitions[i].sec <= zone->transitions[i - 1].sec)
                        return false;
        }
        zone->n_transitions = header->n_transitions;
        return true;
}

/* The footer's text; all of these advance it and say whether it was what they expect. */
static bool text_number(const char **p, int64_t max, int64_t *ret) {
        int64_t number = 0;

        if (!ascii_is_digit(**p))
                return false;
        for (; ascii_is_digit(**p); (*p)++) {
                number = number * 10 + (**p - '0');
                if (number > max)
                        return false;
        }
        *ret = number;
        return true;
}

static bool text_name(const char **p) {
        const char *begin = *p;

        if (**p == '<') {
                while (**p && **p != '>')
                        (*p)++;
                return *(*p)++ == '>';
        }
        while (ascii_is_alpha(**p))
                (*p)++;
        return *p - begin >= 3;
}

/* [+-]hh[:mm[:ss]] */
static bool text_time(const char **p, int64_t max_hours, int64_t *ret) {
        int64_t sign = **p == '-' ? -1 : 1, hours, minutes = 0, seconds = 0;

        if (**p == '-' || **p == '+')
                (*p)++;
        if (!text_number(p, max_hours, &hours))
                return false;
        if (**p == ':' && (++*p, !text_number(p, 59, &minutes)))
                return false;
        if (**p == ':' && (++*p, !text_number(p, 59, &seconds)))
                return false;
        *ret = sign * (hours * 3600 + minutes * 60 + seconds);
        return true;
}

/* ",M3.5.0/2", ",J60" or ",59" */
static bool text_rule(const char **p, struct Rule *ret) {
        int64_t month = 0, week = 0, day;

        *ret = (struct Rule){.kind = RULE_DAY, .seconds = 2 * 3600};
        if (*(*p)++ != ',')
                return false;
        if (**p == 'M') {
                (*p)++;
                ret->kind = RULE_MONTH;
                if (!text_number(p, 12, &month) || *(*p)++ != '.' || !text_number(p, 5, &week) || *(*p)++ != '.' ||
                    !text_number(p, 6, &day) || month < 1 || week < 1)
                        return false;
        } else {
                if (**p == 'J') {
                        (*p)++;
                        ret->kind = RULE_JULIAN;
                }
                if (!text_number(p, 365, &day) || (ret->kind == RULE_JULIAN && day < 1))
                        return false;
        }
        ret->month = (int)month;
        ret->week = (int)week;
        ret->day = (int)day;
        if (**p == '/' && (++*p, !text_time(p, 167, &ret->seconds)))
                return false;
        return true;
}

static bool read_rules(const char *p, struct Zone *zone) {
        int64_t west;

        if (!*p)
                return true;
        if (!text_name(&p) || !text_time(&p, 24, &west))
                return false;
        zone->has_rules = true;
        zone->standard = (int32_t)-west;
        if (!*p)
                return true;
        west -= 3600;
        if (!text_name(&p) || (*p != ',' && !text_time(&p, 24, &west)))
                return false;
        zone->summer = (int32_t)-west;
        zone->has_summer = true;
        return text_rule(&p, &zone->begin) && text_rule(&p, &zone->end) && !*p;
}

/* The footer: a newline, the text, a newline. */
static bool read_footer(struct Reader *reader, struct Zone *zone) {
        const uint8_t *end = reader->n > 1 ? memchr(reader->p + 1, '\n', reader->n - 1) : NULL;
        char text[128];
        size_t n;

        if (!end || reader->p[0] != '\n')
                return false;
        n = (size_t)(end - reader->p) - 1;
        if (n >= sizeof(text) || memchr(reader->p + 1, '\0', n))
                return false;
        memcpy(text, reader->p + 1, n);
        text[n] = '\0';
        return read_rules(text, zone);
}

int zone_new_from_tzif(const void *data, size_t n_data, struct Zone **ret) {
        _cleanup_(zone_freep) struct Zone *zone = NULL;
        struct Reader reader = {data, n_data, false};
        struct Header header;
        size_t time_size = 4;

        if (!read_header(&reader, &header))
                return ZONE_E_INVALID;
        if (header.version >= '2') {
                /* The first block is for readers of 32 bits; what counts is behind it. */
                if (!take(&reader, body_size(&header, time_size)) || !read_header(&reader, &header))
                        return ZONE_E_INVALID;
                time_size = 8;
        }
        zone = calloc(1, sizeof(*zone) + header.n_transitions * sizeof(struct Transition));
        if (!zone)
                return -ENOMEM;
        if (!read_body(&reader, &header, time_size, zone))
                return ZONE_E_INVALID;
        if (time_size == 8 && !read_footer(&reader, zone))
                return ZONE_E_INVALID;
        *ret = TAKE_PTR(zone);
        return 0;
}

int64_t zone_days(int64_t year, int64_t month, int64_t day) {
        int64_t era, of_era, of_year;

        /* Years begin in March here, so that the leap day is their last. */
        year += div_floor(month - 1, 12);
        month = mod_floor(month - 1, 12);
        year -= month < 2;
        month = (month + 10) % 12;
        era = div_floor(year, 400);
        of_era = year - era * 400;
        of_year = (153 * month + 2) / 5;
        return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year + day - 1 - 719468;
}

static bool is_leap(int64_t year) {
        return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

/* Seconds since 1970 by a clock that the offset does not concern. */
static int64_t rule_local(const struct Rule *rule, int64_t year) {
        int64_t day = 0, weekday;

        switch (rule->kind) {
        case RULE_JULIAN:
                day = zone_days(year, 1, rule->day) + (rule->day >= 60 && is_leap(year));
                break;
        case RULE_DAY:
                day = zone_days(year, 1, 1) + rule->day;
                break;
        case RULE_MONTH:
                day = zone_days(year, rule->month, 1);
                weekday = mod_floor(day + 4, 7); /* 1970 began on a Thursday; Sunday is 0 */
                day += (rule->day - weekday + 7) % 7 + (rule->week - 1) * 7;
                if (day >= zone_days(year, rule->month + 1, 1))
                        day -= 7;
                break;
        }
        return day * SEC_PER_DAY + rule->seconds;
}

static int32_t offset_by_rules(const struct Zone *zone, int64_t sec) {
        int64_t days = div_floor(sec + zone->standard, SEC_PER_DAY), year, begin, end;
        bool is_summer;

        if (!zone->has_summer)
                return zone->standard;
        /* The mean length of a year is near enough to find which one it is, give or take one. */
        year = 1970 + div_floor(days * 400, 146097);
        if (days >= zone_days(year + 1, 1, 1))
                year++;
        else if (days < zone_days(year, 1, 1))
                year--;
        begin = rule_local(&zone->begin, year) - zone->standard;
        end = rule_local(&zone->end, year) - zone->summer;
        is_summer = begin < end ? sec >= begin && sec < end : sec >= begin || sec < end;
        return is_summer ? zone->summer : zone->standard;
}

int32_t zone_offset(const struct Zone *zone, int64_t sec) {
        uint32_t low = 0, high = zone->n_transitions;

        if (zone->has_rules && (high == 0 || sec >= zone->transitions[high - 1].sec))
                return offset_by_rules(zone, sec);
        while (low < high) {
                uint32_t middle = low + (high - low) / 2;

                if (zone->transitions[middle].sec <= sec)
                        low = middle + 1;
                else
                        high = middle;
        }
        return low == 0 ? zone->offset_before : zone->transitions[low - 1].offset;
}
