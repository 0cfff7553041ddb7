/* SPDX-License-Identifier: MIT */
#include "lib/hours.h"

#define DAY_MINUTES (24 * 60)

static bool is_digit(char c) {
        return c >= '0' && c <= '9';
}

/* "HH:MM", and what follows it; 24:00 is the end of the day. NULL: none. */
static const char *read_minutes(const char *text, uint16_t *ret) {
        unsigned hour, minute;

        if (!is_digit(text[0]) || !is_digit(text[1]) || text[2] != ':' || !is_digit(text[3]) || !is_digit(text[4]))
                return NULL;
        hour = (unsigned)(text[0] - '0') * 10 + (unsigned)(text[1] - '0');
        minute = (unsigned)(text[3] - '0') * 10 + (unsigned)(text[4] - '0');
        if (minute > 59 || hour * 60 + minute > DAY_MINUTES)
                return NULL;
        *ret = (uint16_t)(hour * 60 + minute);
        return text + 5;
}

int hours_add(struct Hours *hours, const char *text) {
        uint16_t from, to;

        text = read_minutes(text, &from);
        if (!text || *text != '-')
                return HOURS_E_SYNTAX;
        text = read_minutes(text + 1, &to);
        if (!text || *text)
                return HOURS_E_SYNTAX;
        if (from == to || from == DAY_MINUTES)
                return HOURS_E_EMPTY;
        if (hours->n == HOURS_MAX)
                return HOURS_E_TOO_MANY;
        hours->from[hours->n] = from;
        hours->to[hours->n++] = to;
        return 0;
}

const char *hours_error_text(int error) {
        return error == HOURS_E_SYNTAX  ? "write from and to, like 02:00-06:00"
               : error == HOURS_E_EMPTY ? "it begins where it ends; for the whole day write 00:00-24:00"
                                        : "more than 16 are not needed";
}

static bool is_within(const struct Hours *hours, unsigned minute) {
        for (size_t i = 0; i < hours->n; i++) {
                unsigned from = hours->from[i], to = hours->to[i];

                if (from < to ? minute >= from && minute < to : minute >= from || minute < to)
                        return true;
        }
        return hours->n == 0;
}

int64_t hours_next(const struct Hours *hours, const struct Zone *zone, int64_t now_usec) {
        int64_t next_usec = USEC_INFINITY;
        struct Civil now;

        calendar_from_usec(zone, now_usec, &now);
        if (is_within(hours, now.hour * 60u + now.minute))
                return now_usec;
        for (size_t i = 0; i < hours->n; i++) {
                struct Civil begin = now;
                int64_t usec;

                begin.hour = (uint8_t)(hours->from[i] / 60);
                begin.minute = (uint8_t)(hours->from[i] % 60);
                begin.second = 0;
                usec = calendar_to_usec(zone, &begin);
                if (usec <= now_usec)
                        usec = calendar_add(zone, usec, &(struct Span){.days = 1});
                next_usec = MIN(next_usec, usec);
        }
        return next_usec;
}
