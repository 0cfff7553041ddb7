/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The two kinds of error.
 *
 * A negative errno is the unexpected: the disk failed, memory ran out. It is
 * forwarded untouched to whoever knows what was being attempted and can say so.
 *
 * A positive X_E_… code, defined beside the function that returns it, is an
 * outcome that the direct caller must tell apart and handle: this text is not a
 * time span. It never travels further than that caller; error_fold() makes sure
 * of it where a caller has no use for the distinction.
 *
 * Zero is success. Out-parameters (ret_…) are written on success only.
 */

#include <errno.h>

static inline int error_fold(int r) {
        return r > 0 ? -ENOTRECOVERABLE : r;
}
