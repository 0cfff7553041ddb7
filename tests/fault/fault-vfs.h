/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The operating system as SQLite sees it, failing when a test says so: a VFS in
 * front of the default one, through which every call goes.
 */

#include "lib/base.h"

enum FaultVfsCall {
        FAULT_VFS_OPEN,
        FAULT_VFS_READ,
        FAULT_VFS_WRITE,
        FAULT_VFS_SYNC,
        FAULT_VFS_TRUNCATE,
        FAULT_VFS_DELETE,
        FAULT_VFS_ACCESS,
        FAULT_VFS_FILE_SIZE,
        FAULT_VFS_LOCK,
        FAULT_VFS_SHM_MAP,
        _FAULT_VFS_CALL_MAX,
};

/* Once, before the first database is opened. */
void fault_vfs_register(void);
/* From now on the nth call of this kind fails with that result of SQLite's, once. */
void fault_vfs_fail(enum FaultVfsCall call, unsigned nth, int result);
/* All calls work again; whether one was made to fail. */
bool fault_vfs_end(void);
const char *fault_vfs_name(enum FaultVfsCall call);
