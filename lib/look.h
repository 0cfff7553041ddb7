/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * From what the kernel says of a file to a backup's identity.
 */

#include "lib/backup.h"
#include "lib/base.h"

#include <sys/stat.h>

void look_stat(const struct statx *st, struct BackupStat *ret);

/* By descriptor; both may be NULL. */
int look_at_fd(int fd, struct statx *ret_st, struct BackupStat *ret);

/* 0 if the name is the regular file that is meant, -ESTALE if it is anything else. */
int look_is(int dir, const char *name, const struct BackupStat *stat);

static inline uint64_t look_device(const struct statx *st) {
        return (uint64_t)st->stx_dev_major << 32 | st->stx_dev_minor;
}
