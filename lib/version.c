/* SPDX-License-Identifier: MIT */
#include "lib/version.h"

#include <stdio.h>

#include "lib/calendar.h"
#include "lib/text.h"

void version_name(const char *name, size_t n_name, int64_t mtime_usec, char buf[static VERSION_NAME_MAX + 1]) {
        char suffix[64];
        struct Civil c;
        size_t n, n_suffix;

        calendar_from_usec(zone_utc(), mtime_usec, &c);
        n_suffix = (size_t)snprintf(suffix, sizeof(suffix), ".%04lld%02u%02uT%02u%02u%02uZ~", (long long)c.year,
                                    c.month, c.day, c.hour, c.minute, c.second);
        n = MIN(n_name, VERSION_NAME_MAX - n_suffix);
        /* Back to where a character begins; what is no UTF-8 is cut anywhere. */
        if (n < n_name && text_is_utf8(name, n_name))
                while (n > 0 && ((uint8_t)name[n] & 0xc0) == 0x80)
                        n--;
        memcpy(buf, name, n);
        memcpy(buf + n, suffix, n_suffix + 1);
}
