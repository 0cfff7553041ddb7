/* SPDX-License-Identifier: MIT */
#include "lib/backup.h"

const char *backup_time_from_name(enum BackupTimeFrom from) {
        static const char *const names[_BACKUP_TIME_MAX] = {
                [BACKUP_TIME_NAME] = "name",
                [BACKUP_TIME_MODIFIED] = "modified",
                [BACKUP_TIME_BIRTH] = "birth",
        };

        return names[from];
}

enum BackupTimeFrom backup_time(enum ConfigAgeFrom age_from, const struct Zone *zone, const struct NameTime *name_time,
                                const struct BackupStat *stat, int64_t *ret_usec) {
        bool by_name = age_from == CONFIG_AGE_FROM_AUTO || age_from == CONFIG_AGE_FROM_NAME;
        bool by_mtime = age_from == CONFIG_AGE_FROM_AUTO || age_from == CONFIG_AGE_FROM_MODIFIED;

        if (by_name && name_time) {
                *ret_usec = name_time_usec(name_time, zone, stat->mtime_usec);
                return BACKUP_TIME_NAME;
        }
        if (by_mtime) {
                *ret_usec = stat->mtime_usec;
                return BACKUP_TIME_MODIFIED;
        }
        if (age_from == CONFIG_AGE_FROM_BIRTH && stat->birth_usec != BACKUP_NO_BIRTH) {
                *ret_usec = stat->birth_usec;
                return BACKUP_TIME_BIRTH;
        }
        *ret_usec = 0;
        return BACKUP_TIME_NONE;
}

bool backup_looks_copied(const struct BackupStat *source, const struct BackupStat *copy) {
        return source->size == copy->size &&
               div_floor(source->mtime_usec, USEC_PER_SEC) == div_floor(copy->mtime_usec, USEC_PER_SEC);
}

bool backup_is_same(const struct BackupStat *a, const struct BackupStat *b) {
        return a->ino == b->ino && a->size == b->size && a->mtime_usec == b->mtime_usec &&
               (a->birth_usec == b->birth_usec || a->birth_usec == BACKUP_NO_BIRTH || b->birth_usec == BACKUP_NO_BIRTH);
}
