/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The seam to the system. Whatever touches a file goes through here, so that a
 * test can make each call fail, and so that the rules of walking a path stand in
 * one place: relative to an open directory, one component at a time or without
 * any symbolic link on the way, every descriptor CLOEXEC at birth.
 *
 * Every function returns a negative errno on failure; interrupted calls are
 * repeated here, short reads and writes carried on.
 */

#include "lib/base.h"

#include <sys/stat.h>

enum OsCall {
        OS_OPEN,
        OS_GETDENTS,
        OS_STATX,
        OS_READ,
        OS_WRITE,
        OS_FSYNC,
        OS_RENAME,
        OS_CLONE,
        OS_LEASE,
        OS_LINK,
        OS_LOCK,
        OS_METADATA,
        OS_MKDIR,
        OS_UNLINK,
        _OS_CALL_MAX,
};

/*
 * Tests only: asked before every call; a negative errno makes that call fail with it without being made. NULL
 * outside of tests.
 */
extern int (*os_fault)(enum OsCall call);

/* What our own files are named in directories of others; never a backup. */
#define OS_RESERVED_PREFIX ".retaind-"

int os_close(int fd); /* returns -1, for fd = os_close(fd) */

static inline void os_closep(int *fd) {
        *fd = os_close(*fd);
}

/* The present, the only place where it comes from. */
int64_t os_now_usec(void);

/* For durations; counts on while the clock is set. */
int64_t os_monotonic_usec(void);
/* Likewise, and while the machine sleeps. */
int64_t os_boottime_usec(void);

/* Whether it is a name that our temporary files have: OS_RESERVED_PREFIX and 16 hexadecimal digits. */
bool os_is_temporary_name(const char *name);

/* Raises the number of descriptors that may be open, as far as this process may; never lowers it. */
void os_allow_descriptors(unsigned n);

/* A directory by its absolute path; -ELOOP where any component of it is a symbolic link. */
int os_open_directory(const char *path);
/* A directory by one component of a name in an open one; never through a symbolic link (-ENOTDIR, -ELOOP). */
int os_open_directory_at(int dir, const char *name);

/* A file system on which other machines write too, or whose server may not answer. */
bool os_is_remote(int fd);

/* The entries of a directory, as getdents64 packs them; returns the bytes, 0 at the end. */
ssize_t os_getdents(int dir, void *buf, size_t n_buf);

/* What name in dir is (never what it points to), or dir itself where name is "". */
int os_statx(int dir, const char *name, struct statx *ret);

/* A regular file's bytes, NUL-terminated beyond them; -EFBIG over max, -EISDIR, -EINVAL for a device or a FIFO. */
int os_read_file(const char *path, size_t max, char **ret, size_t *ret_n, struct statx *ret_stat);

/*
 * Replaces path by these bytes: whole under its name or not at all, whatever fails. The path's directory is
 * the administrator's choice, so links on the way to it are followed; path itself, if a link, is replaced.
 */
int os_replace_file(const char *path, const void *data, size_t n, mode_t mode);
