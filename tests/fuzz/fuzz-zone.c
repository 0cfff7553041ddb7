/* SPDX-License-Identifier: MIT */

/* Whatever file is taken for a zone: its offsets are bounded, its clock shows times that there are. */

#include "lib/calendar.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        static const int64_t moments[] = {INT64_MIN, -INT64_C(62135596800000000), -1,
                                          0,         INT64_C(1795143845000000),   INT64_C(4102444800000000),
                                          INT64_MAX};
        static volatile uint64_t sink; /* so that what is only called is not left out */
        _cleanup_(zone_freep) struct Zone *zone = NULL;

        if (zone_new_from_tzif(data, size, &zone) != 0)
                return 0;
        for (size_t i = 0; i < ELEMENTSOF(moments); i++) {
                int32_t offset = zone_offset(zone, div_floor(moments[i], USEC_PER_SEC));
                char buf[CALENDAR_TEXT_MAX];
                struct Civil civil;

                if (offset <= -26 * 3600 || offset >= 26 * 3600)
                        abort();
                calendar_from_usec(zone, moments[i], &civil);
                if (civil.month < 1 || civil.month > 12 || civil.day < 1 || civil.day > 31 || civil.hour > 23)
                        abort();
                calendar_format_rfc3339(zone, moments[i], buf);
                if (calendar_subtract(zone, moments[i], &(struct Span){.usec = 1}) > moments[i] ||
                    calendar_add(zone, moments[i], &(struct Span){.usec = 1}) < moments[i])
                        abort();
                sink = sink + (uint64_t)calendar_to_usec(zone, &civil) +
                       (uint64_t)calendar_add(zone, moments[i], &(struct Span){.months = 1});
        }
        return 0;
}
