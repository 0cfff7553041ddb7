/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * How a system call is made, for os's files: a test may have it fail, what was
 * interrupted is repeated.
 */

#include <errno.h>

#include "lib/os.h"

static inline int os_ask_fault(enum OsCall call) {
        return _unlikely_(os_fault != NULL) ? os_fault(call) : 0;
}

/* A call's result in errno's manner to ours; fails first where a test wants it to. */
#define OS_CALL(call, expression)                                                                                      \
        ({                                                                                                             \
                long _r;                                                                                               \
                do {                                                                                                   \
                        _r = os_ask_fault(call);                                                                       \
                        if (_r == 0) {                                                                                 \
                                _r = (expression);                                                                     \
                                if (_r < 0)                                                                            \
                                        _r = -errno;                                                                   \
                        }                                                                                              \
                } while (_r == -EINTR);                                                                                \
                _r;                                                                                                    \
        })
