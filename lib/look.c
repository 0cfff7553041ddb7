/* SPDX-License-Identifier: MIT */
#include "lib/look.h"

#include <errno.h>

#include "lib/os.h"

static int64_t timestamp_usec(const struct statx_timestamp *ts) {
        int64_t usec;

        if (mul_overflows(ts->tv_sec, USEC_PER_SEC, &usec))
                return ts->tv_sec < 0 ? INT64_MIN + 1 : INT64_MAX;
        return add_saturated(usec, ts->tv_nsec / NSEC_PER_USEC);
}

void look_stat(const struct statx *st, struct BackupStat *ret) {
        *ret = (struct BackupStat){
                .ino = st->stx_ino,
                .size = st->stx_size,
                .mtime_usec = timestamp_usec(&st->stx_mtime),
                .birth_usec = st->stx_mask & STATX_BTIME ? timestamp_usec(&st->stx_btime) : BACKUP_NO_BIRTH,
        };
}

int look_at_fd(int fd, struct statx *ret_st, struct BackupStat *ret) {
        struct statx st;
        int r;

        r = os_statx(fd, "", &st);
        if (r < 0)
                return r;
        if (ret_st)
                *ret_st = st;
        if (ret)
                look_stat(&st, ret);
        return 0;
}

int look_is(int dir, const char *name, const struct BackupStat *stat) {
        struct BackupStat found;
        struct statx st;
        int r;

        r = os_statx(dir, name, &st);
        if (r < 0)
                return r;
        look_stat(&st, &found);
        return S_ISREG(st.stx_mode) && backup_is_same(&found, stat) ? 0 : -ESTALE;
}
