/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Time spans and sizes as people write them: "26h", "1y 6month", "50M".
 *
 * A span keeps its calendar part (years, months, days) apart from its exact part
 * (hours and less): how long "1month" is depends on the month it is taken from,
 * and "1d" is 23 hours when the clocks go forward. calendar.h subtracts a span
 * from a moment; span_usec() is for the keys where an average length will do.
 */

#include "lib/base.h"

#define SPAN_TEXT_MAX 96

struct Span {
        int32_t years;
        int32_t months;
        int32_t days;
        int64_t usec; /* USEC_INFINITY: for ever; the other members are then 0 */
};

enum {
        SPAN_E_EMPTY = 1,
        SPAN_E_SYNTAX,
        SPAN_E_NO_UNIT, /* a bare number */
        SPAN_E_BARE_M,  /* minutes, or months? */
        SPAN_E_UNIT,    /* no such unit */
        SPAN_E_RANGE,
};

int span_parse(const char *text, struct Span *ret);
int size_parse(const char *text, uint64_t *ret_bytes);

/* What is wrong and how to mend it, for a person: "a number without a unit; write 3d, 26h, 90min" */
const char *span_error_text(int error) _const_;
const char *size_error_text(int error) _const_;

static inline bool span_is_infinite(const struct Span *s) {
        return s->usec == USEC_INFINITY;
}

/* With days of 24 hours, months of 30.4375 days and years of 365.25, as systemd has them; saturates. */
int64_t span_usec(const struct Span *span) _pure_;

/* Exactly what span_parse() reads back as the same span: "1y 6month 3d 2h". */
const char *span_format(const struct Span *span, char buf[static SPAN_TEXT_MAX]);

/* For people, at most 7 characters: "3d", "5h", "14y" and "1.5G", "12K", "980B". Ages may be negative ("-2h"). */
const char *age_format(int64_t usec, char buf[static SPAN_TEXT_MAX]);
const char *size_format(uint64_t bytes, char buf[static SPAN_TEXT_MAX]);
