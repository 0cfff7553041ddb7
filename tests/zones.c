/* SPDX-License-Identifier: MIT */
#include "tests/zones.h"

#include <stdio.h>

#include "lib/os.h"

struct Zone *test_zone(const char *name) {
        _cleanup_(freep) char *data = NULL;
        struct Zone *zone;
        char path[256];
        size_t n;

        snprintf(path, sizeof(path), "/usr/share/zoneinfo/%s", name);
        if (os_read_file(path, 1 << 20, &data, &n, NULL) < 0 || zone_new_from_tzif(data, n, &zone) != 0) {
                fprintf(stderr, "no time zone %s; is tzdata installed?\n", path);
                abort();
        }
        return zone;
}
