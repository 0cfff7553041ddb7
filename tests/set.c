/* SPDX-License-Identifier: MIT */
#include "tests/set.h"

#include <stdio.h>

#include "lib/calendar.h"
#include "tests/test.h"

struct ConfigSet test_set(void) {
        return (struct ConfigSet){
                .name = (char *)"s",
                .source = (char *)"/from",
                .settle_usec = USEC_PER_MINUTE,
                .zone = (struct Zone *)zone_utc(),
                .policy.min_keep = 1,
                .remove_max_percent = 100,
                .expect_every_usec = USEC_INFINITY,
                .future_tolerance_usec = USEC_PER_DAY,
        };
}

int64_t test_usec(const char *text) {
        struct Civil civil = {.month = 1, .day = 1};
        int year = 0, n;

        n = sscanf(text, "%d-%hhu-%hhu %hhu:%hhu:%hhu", &year, &civil.month, &civil.day, &civil.hour, &civil.minute,
                   &civil.second);
        ck_assert_int_ge(n, 3);
        civil.year = year;
        return calendar_to_usec(zone_utc(), &civil);
}

/* No assertions: runs while allocations fail, and Check allocates. */
int test_see(struct Index *index, const char *path, int64_t mtime_usec, uint64_t size) {
        const struct BackupStat stat = {
                .ino = strlen(path),
                .size = size,
                .mtime_usec = mtime_usec,
                .birth_usec = mtime_usec,
        };
        const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
        enum IndexChange change;
        char directory[4096];
        uint32_t id;
        int r;

        snprintf(directory, sizeof(directory), "%.*s", slash ? (int)(slash - path) : 0, path);
        r = index_directory(index, directory, &id);
        if (r < 0)
                return r;
        r = index_upsert(index, id, name, strlen(name), &stat, &change);
        return r < 0 ? r : (int)change;
}

uint32_t test_entry(const struct Index *index, const char *path) {
        const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
        char directory[4096];
        uint32_t id;

        snprintf(directory, sizeof(directory), "%.*s", slash ? (int)(slash - path) : 0, path);
        id = index_find_directory(index, directory);
        ck_assert_msg(id != INDEX_NONE, "no directory of %s", path);
        id = index_find(index, id, name, strlen(name));
        ck_assert_msg(id != INDEX_NONE, "no %s", path);
        return id;
}
