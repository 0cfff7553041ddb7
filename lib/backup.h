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

/* So far ahead of ours may the clock be of a machine that writes to the source. */
#define BACKUP_SKEW_USEC USEC_PER_DAY

/*
 * One look's answer to whether the file is still being written: modified less than settle ago, or by a clock ahead of
 * ours. A modification time further in the future was set by hand, and is none of it.
 */
static inline bool backup_is_settling(int64_t mtime_usec, int64_t now_usec, int64_t settle_usec) {
        int64_t age = sub_saturated(now_usec, mtime_usec);

        return age < settle_usec && age > -MAX(settle_usec, BACKUP_SKEW_USEC) && settle_usec > 0;
}

/* The moment from which time alone makes it look so. */
static inline int64_t backup_settling_since(int64_t mtime_usec, int64_t settle_usec) {
        return add_saturated(sub_saturated(mtime_usec, MAX(settle_usec, BACKUP_SKEW_USEC)), 1);
}

/* Whether a file at a destination looks like the copy of this one: size, and modification time to the second. */
bool backup_looks_copied(const struct BackupStat *source, const struct BackupStat *copy) _pure_;

/* Whether both looks saw the same file with the same content, as far as a look can tell. */
bool backup_is_same(const struct BackupStat *a, const struct BackupStat *b) _pure_;
