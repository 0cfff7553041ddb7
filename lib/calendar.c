/* SPDX-License-Identifier: MIT */
#include "lib/calendar.h"

#include <stdio.h>

#define SEC_PER_DAY INT64_C(86400)

/* Beyond these, a year's moments no longer fit into microseconds of 64 bits. */
#define YEAR_MIN INT64_C(-290000)
#define YEAR_MAX INT64_C(290000)

struct Local {
        int64_t days; /* since 1970, by the wall clock */
        int64_t sec;  /* of the day */
        int64_t usec; /* of the second */
};

static struct Local local_of(const struct Zone *zone, int64_t usec) {
        int64_t sec = div_floor(usec, USEC_PER_SEC);
        int64_t wall = sec + zone_offset(zone, sec);
        int64_t days = div_floor(wall, SEC_PER_DAY);

        return (struct Local){
                .days = days,
                .sec = mod_floor(wall, SEC_PER_DAY),
                .usec = mod_floor(usec, USEC_PER_SEC),
        };
}

static void date_of(int64_t days, int64_t *ret_year, int *ret_month, int *ret_day) {
        int64_t era, of_era, year, of_year, month;

        days += 719468; /* from 0000-03-01: years begin in March, so that the leap day is their last */
        era = div_floor(days, 146097);
        of_era = days - era * 146097;
        year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
        of_year = of_era - (365 * year + year / 4 - year / 100);
        month = (5 * of_year + 2) / 153;
        *ret_day = (int)(of_year - (153 * month + 2) / 5 + 1);
        *ret_month = (int)(month < 10 ? month + 3 : month - 9);
        *ret_year = year + era * 400 + (*ret_month <= 2);
}

void calendar_from_usec(const struct Zone *zone, int64_t usec, struct Civil *ret) {
        struct Local local = local_of(zone, usec);
        int month, day;

        date_of(local.days, &ret->year, &month, &day);
        ret->month = (uint8_t)month;
        ret->day = (uint8_t)day;
        ret->hour = (uint8_t)(local.sec / 3600);
        ret->minute = (uint8_t)(local.sec / 60 % 60);
        ret->second = (uint8_t)(local.sec % 60);
}

/* The moment at which the zone's clocks show that many seconds since 1970; see calendar_to_usec(). */
static int64_t moment_of(const struct Zone *zone, int64_t wall) {
        int32_t before = zone_offset(zone, wall - SEC_PER_DAY), after = zone_offset(zone, wall + SEC_PER_DAY);
        int64_t first = wall - before, second = wall - after;

        /* Where both are right, the clocks went back, and the first of the two moments is the earlier offset's. */
        if (zone_offset(zone, first) == before || zone_offset(zone, second) != after)
                return first;
        return second;
}

int64_t calendar_to_usec(const struct Zone *zone, const struct Civil *civil) {
        if (civil->year < YEAR_MIN || civil->year > YEAR_MAX)
                return civil->year < 0 ? INT64_MIN : INT64_MAX;
        return moment_of(zone, zone_days(civil->year, civil->month, civil->day) * SEC_PER_DAY + civil->hour * 3600 +
                                       civil->minute * 60 + civil->second) *
               USEC_PER_SEC;
}

static int days_of_month(int64_t year, int month) {
        return (int)(zone_days(year, month + 1, 1) - zone_days(year, month, 1));
}

bool calendar_is_valid(const struct Civil *civil) {
        return civil->year >= YEAR_MIN && civil->year <= YEAR_MAX && civil->month >= 1 && civil->month <= 12 &&
               civil->day >= 1 && civil->day <= days_of_month(civil->year, civil->month) && civil->hour < 24 &&
               civil->minute < 60 && civil->second <= 60;
}

/* By the wall clock, then the exact part; the day is that of the month arrived in, or runs over. */
static int64_t shift(const struct Zone *zone, int64_t usec, const struct Span *span, int sign, bool clamp) {
        struct Local local;
        int64_t year, months, days;
        int month, day;

        if (span->years != 0 || span->months != 0 || span->days != 0) {
                local = local_of(zone, usec);
                date_of(local.days, &year, &month, &day);
                months = month - 1 + sign * (int64_t)span->months;
                year += sign * (int64_t)span->years + div_floor(months, 12);
                month = (int)mod_floor(months, 12) + 1;
                if (clamp)
                        day = MIN(day, days_of_month(year, month));
                days = zone_days(year, month, day) + sign * (int64_t)span->days;
                if (days < YEAR_MIN * 365 || days > YEAR_MAX * 365)
                        return sign < 0 ? INT64_MIN : INT64_MAX;
                usec = moment_of(zone, days * SEC_PER_DAY + local.sec) * USEC_PER_SEC + local.usec;
        }
        return sign < 0 ? sub_saturated(usec, span->usec) : add_saturated(usec, span->usec);
}

int64_t calendar_subtract(const struct Zone *zone, int64_t usec, const struct Span *span) {
        return span_is_infinite(span) ? INT64_MIN : shift(zone, usec, span, -1, false);
}

int64_t calendar_add(const struct Zone *zone, int64_t usec, const struct Span *span) {
        return span_is_infinite(span) ? USEC_INFINITY : shift(zone, usec, span, 1, true);
}

static int64_t period_of(const struct Local *local, enum CalendarPeriod period) {
        int64_t year;
        int month, day;

        switch (period) {
        case CALENDAR_HOUR:
                return local->days * 24 + local->sec / 3600;
        case CALENDAR_DAY:
                return local->days;
        case CALENDAR_WEEK:
                return div_floor(local->days + 3, 7); /* 1970 began on a Thursday, weeks begin on Monday */
        case CALENDAR_MONTH:
                date_of(local->days, &year, &month, &day);
                return year * 12 + month;
        case CALENDAR_YEAR:
                date_of(local->days, &year, &month, &day);
                return year;
        case _CALENDAR_PERIOD_MAX:
                break;
        }
        return 0;
}

int64_t calendar_period(const struct Zone *zone, int64_t usec, enum CalendarPeriod period) {
        struct Local local = local_of(zone, usec);

        return period_of(&local, period);
}

void calendar_periods(const struct Zone *zone, int64_t usec, int64_t ret[static _CALENDAR_PERIOD_MAX]) {
        struct Local local = local_of(zone, usec);

        for (enum CalendarPeriod period = 0; period < _CALENDAR_PERIOD_MAX; period++)
                ret[period] = period_of(&local, period);
}

int calendar_weekday(int64_t year, int month, int day) {
        return (int)mod_floor(zone_days(year, month, day) + 3, 7) + 1;
}

void calendar_iso_week(int64_t year, int month, int day, int64_t *ret_year, int *ret_week) {
        int64_t thursday = zone_days(year, month, day) + 4 - calendar_weekday(year, month, day), of;
        int thursday_month, thursday_day;

        /* A week belongs to the year of its Thursday. */
        date_of(thursday, &of, &thursday_month, &thursday_day);
        *ret_year = of;
        *ret_week = (int)((thursday - zone_days(of, 1, 1)) / 7) + 1;
}

/* n digits with leading zeros; by hand, because a plan prints a million of these. */
static char *put_digits(char *p, uint64_t number, size_t n) {
        for (size_t i = n; i-- > 0; number /= 10)
                p[i] = (char)('0' + number % 10);
        return p + n;
}

static char *put_year(char *p, int64_t year) {
        return year >= 0 && year <= 9999 ? put_digits(p, (uint64_t)year, 4) : p + sprintf(p, "%05lld", (long long)year);
}

static char *put_civil(char *p, const struct Civil *civil, char between) {
        p = put_year(p, civil->year);
        *p++ = '-';
        p = put_digits(p, civil->month, 2);
        *p++ = '-';
        p = put_digits(p, civil->day, 2);
        *p++ = between;
        p = put_digits(p, civil->hour, 2);
        *p++ = ':';
        p = put_digits(p, civil->minute, 2);
        *p++ = ':';
        return put_digits(p, civil->second, 2);
}

const char *calendar_format_local(const struct Zone *zone, int64_t usec, char buf[static CALENDAR_TEXT_MAX]) {
        struct Civil civil;

        calendar_from_usec(zone, usec, &civil);
        *put_civil(buf, &civil, ' ') = '\0';
        return buf;
}

const char *calendar_format_rfc3339(const struct Zone *zone, int64_t usec, char buf[static CALENDAR_TEXT_MAX]) {
        int64_t rest = mod_floor(usec, USEC_PER_SEC);
        int32_t offset = zone_offset(zone, div_floor(usec, USEC_PER_SEC));
        uint32_t minutes = (uint32_t)(offset < 0 ? -offset : offset) / 60;
        struct Civil civil;
        char *p;

        calendar_from_usec(zone, usec, &civil);
        p = put_civil(buf, &civil, 'T');
        if (rest != 0) {
                *p++ = '.';
                p = put_digits(p, (uint64_t)rest, 6);
        }
        if (zone == zone_utc())
                *p++ = 'Z';
        else {
                *p++ = offset < 0 ? '-' : '+';
                p = put_digits(p, minutes / 60, 2);
                *p++ = ':';
                p = put_digits(p, minutes % 60, 2);
        }
        *p = '\0';
        return buf;
}
