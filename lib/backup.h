/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What is known of a backup by looking at its file: its identity, the moment
 * its age counts from, and whether it may still be being written.
 */

#include "lib/base.h"
#include "lib/config.h"
#include "lib/name.h"

#define BACKUP_NO_BIRTH INT64_MIN /* the file system does not say */

/* The identity within one file system; equal in all of it is the same file with the same content, as far as a look can tell. */
struct BackupStat {
        uint64_t ino;
        uint64_t size;
        int64_t mtime_usec;
        int64_t birth_usec;
};

enum BackupTimeFrom {
        BACKUP_TIME_NONE, /* what AgeFrom= asks for is not there */
        BACKUP_TIME_NAME,
        BACKUP_TIME_MODIFIED,
        BACKUP_TIME_BIRTH,
        _BACKUP_TIME_MAX,
};

/* "name", "modified", "birth"; NULL for none */
const char *backup_time_from_name(enum BackupTimeFrom from) _const_;

/* The moment the backup's age counts from; name_time is NULL where the name has none. *ret_usec is 0 with BACKUP_TIME_NONE. */
enum BackupTimeFrom backup_time(enum ConfigAgeFrom age_from, const struct Zone *zone, const struct NameTime *name_time,
                                const struct BackupStat *stat, int64_t *ret_usec);

/*
 * One look's answer to whether the file is still being written: modified less than settle ago. Writing stamps
 * the present, so a modification time further in the future than that was set by hand, and is none of it.
 */
static inline bool backup_is_settling(int64_t mtime_usec, int64_t now_usec, int64_t settle_usec) {
        int64_t age = sub_saturated(now_usec, mtime_usec);

        return age < settle_usec && age > -settle_usec;
}

/* Whether a file at a destination looks like the copy of this one: size, and modification time to the second. */
bool backup_looks_copied(const struct BackupStat *source, const struct BackupStat *copy) _pure_;

/* Whether both looks saw the same file with the same content, as far as a look can tell. */
bool backup_is_same(const struct BackupStat *a, const struct BackupStat *b) _pure_;
