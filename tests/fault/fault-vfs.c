/* SPDX-License-Identifier: MIT */
#include "tests/fault/fault-vfs.h"

#include <sqlite3.h>

struct File {
        sqlite3_file base;
        sqlite3_file *real; /* behind this one, in the same allocation */
};

static sqlite3_vfs *real_vfs, vfs;
static enum FaultVfsCall fault_call;
static unsigned n_until_fault;
static int fault_result;
static bool has_failed;

const char *fault_vfs_name(enum FaultVfsCall call) {
        static const char *const names[_FAULT_VFS_CALL_MAX] = {"open",   "read",   "write",     "sync", "truncate",
                                                               "delete", "access", "file size", "lock", "shm map"};

        return names[call];
}

void fault_vfs_fail(enum FaultVfsCall call, unsigned nth, int result) {
        fault_call = call;
        n_until_fault = nth;
        fault_result = result;
        has_failed = false;
}

bool fault_vfs_end(void) {
        n_until_fault = 0;
        return has_failed;
}

static int fault(enum FaultVfsCall call) {
        if (n_until_fault == 0 || call != fault_call || --n_until_fault > 0)
                return SQLITE_OK;
        has_failed = true;
        return fault_result;
}

#define REAL(file) (((struct File *)(file))->real)
/* The fault, or what the real method says. */
#define FORWARD(call, method, file, ...)                                                                               \
        ({                                                                                                             \
                int _r = fault(call);                                                                                  \
                _r != SQLITE_OK ? _r : REAL(file)->pMethods->method(REAL(file), ##__VA_ARGS__);                        \
        })

static int file_close(sqlite3_file *file) {
        return REAL(file)->pMethods->xClose(REAL(file));
}
static int file_read(sqlite3_file *file, void *data, int n, sqlite3_int64 at) {
        return FORWARD(FAULT_VFS_READ, xRead, file, data, n, at);
}
/* A disk that fails in the middle of a write leaves half of it. */
static int file_write(sqlite3_file *file, const void *data, int n, sqlite3_int64 at) {
        int r = fault(FAULT_VFS_WRITE);

        if (r == SQLITE_OK)
                return REAL(file)->pMethods->xWrite(REAL(file), data, n, at);
        REAL(file)->pMethods->xWrite(REAL(file), data, n / 2, at);
        return r;
}
static int file_truncate(sqlite3_file *file, sqlite3_int64 n) {
        return FORWARD(FAULT_VFS_TRUNCATE, xTruncate, file, n);
}
static int file_sync(sqlite3_file *file, int flags) {
        return FORWARD(FAULT_VFS_SYNC, xSync, file, flags);
}
static int file_size(sqlite3_file *file, sqlite3_int64 *ret) {
        return FORWARD(FAULT_VFS_FILE_SIZE, xFileSize, file, ret);
}
static int file_lock(sqlite3_file *file, int lock) {
        return FORWARD(FAULT_VFS_LOCK, xLock, file, lock);
}
static int file_unlock(sqlite3_file *file, int lock) {
        return REAL(file)->pMethods->xUnlock(REAL(file), lock);
}
static int file_check_lock(sqlite3_file *file, int *ret) {
        return REAL(file)->pMethods->xCheckReservedLock(REAL(file), ret);
}
static int file_control(sqlite3_file *file, int what, void *argument) {
        return REAL(file)->pMethods->xFileControl(REAL(file), what, argument);
}
static int file_sector_size(sqlite3_file *file) {
        return REAL(file)->pMethods->xSectorSize(REAL(file));
}
static int file_characteristics(sqlite3_file *file) {
        return REAL(file)->pMethods->xDeviceCharacteristics(REAL(file));
}
static int file_shm_map(sqlite3_file *file, int page, int n, int extend, void volatile **ret) {
        return FORWARD(FAULT_VFS_SHM_MAP, xShmMap, file, page, n, extend, ret);
}
static int file_shm_lock(sqlite3_file *file, int offset, int n, int flags) {
        return REAL(file)->pMethods->xShmLock(REAL(file), offset, n, flags);
}
static void file_shm_barrier(sqlite3_file *file) {
        REAL(file)->pMethods->xShmBarrier(REAL(file));
}
static int file_shm_unmap(sqlite3_file *file, int delete) {
        return REAL(file)->pMethods->xShmUnmap(REAL(file), delete);
}

/* Version 2: shared memory, and no mapping of the file, which would pass by xRead. */
static const sqlite3_io_methods methods = {
        .iVersion = 2,
        .xClose = file_close,
        .xRead = file_read,
        .xWrite = file_write,
        .xTruncate = file_truncate,
        .xSync = file_sync,
        .xFileSize = file_size,
        .xLock = file_lock,
        .xUnlock = file_unlock,
        .xCheckReservedLock = file_check_lock,
        .xFileControl = file_control,
        .xSectorSize = file_sector_size,
        .xDeviceCharacteristics = file_characteristics,
        .xShmMap = file_shm_map,
        .xShmLock = file_shm_lock,
        .xShmBarrier = file_shm_barrier,
        .xShmUnmap = file_shm_unmap,
};

static int vfs_open(sqlite3_vfs *self, sqlite3_filename name, sqlite3_file *file, int flags, int *ret_flags) {
        struct File *f = (struct File *)file;
        int r = fault(FAULT_VFS_OPEN);

        (void)self;
        f->base.pMethods = NULL;
        f->real = (sqlite3_file *)(f + 1);
        if (r == SQLITE_OK)
                r = real_vfs->xOpen(real_vfs, name, f->real, flags, ret_flags);
        if (r == SQLITE_OK)
                f->base.pMethods = &methods;
        return r;
}
static int vfs_delete(sqlite3_vfs *self, const char *name, int sync) {
        int r = fault(FAULT_VFS_DELETE);

        (void)self;
        return r != SQLITE_OK ? r : real_vfs->xDelete(real_vfs, name, sync);
}
static int vfs_access(sqlite3_vfs *self, const char *name, int flags, int *ret) {
        int r = fault(FAULT_VFS_ACCESS);

        (void)self;
        return r != SQLITE_OK ? r : real_vfs->xAccess(real_vfs, name, flags, ret);
}

/* What is not overridden works on the VFS it is given; the real one's data goes with it. */
void fault_vfs_register(void) {
        real_vfs = sqlite3_vfs_find(NULL);
        if (!real_vfs)
                abort();
        vfs = *real_vfs;
        vfs.pNext = NULL;
        vfs.zName = "fault";
        vfs.szOsFile = (int)sizeof(struct File) + real_vfs->szOsFile;
        vfs.xOpen = vfs_open;
        vfs.xDelete = vfs_delete;
        vfs.xAccess = vfs_access;
        if (sqlite3_vfs_register(&vfs, 1) != SQLITE_OK)
                abort();
}
