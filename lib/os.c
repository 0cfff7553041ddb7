/* SPDX-License-Identifier: MIT */
#include "lib/os.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/statfs.h>
#include <time.h>
#include <unistd.h>

#include "lib/os-internal.h"

int (*os_fault)(enum OsCall call);

int os_close(int fd) {
        if (fd >= 0)
                close(fd); /* what matters was said by fsync; after EINTR, Linux has closed it all the same */
        return -1;
}

static int64_t read_clock(clockid_t clock) {
        struct timespec ts;

        clock_gettime(clock, &ts);
        return ts.tv_sec * USEC_PER_SEC + ts.tv_nsec / NSEC_PER_USEC;
}

int64_t os_now_usec(void) {
        return read_clock(CLOCK_REALTIME);
}

int64_t os_monotonic_usec(void) {
        return read_clock(CLOCK_MONOTONIC);
}

int64_t os_boottime_usec(void) {
        return read_clock(CLOCK_BOOTTIME);
}

void os_allow_descriptors(unsigned n) {
        struct rlimit limit;

        if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur >= n)
                return;
        limit.rlim_cur = MIN(limit.rlim_max, (rlim_t)n);
        (void)setrlimit(RLIMIT_NOFILE, &limit);
}

bool os_is_temporary_name(const char *name) {
        size_t n = strlen(OS_RESERVED_PREFIX);

        return strncmp(name, OS_RESERVED_PREFIX, n) == 0 && strlen(name + n) == 16 &&
               strspn(name + n, "0123456789abcdef") == 16;
}

/* One step down; a symbolic link is told from what is otherwise no directory. */
static int open_component(int dir, const char *name, int flags) {
        struct statx st;
        int fd;

        fd = (int)OS_CALL(OS_OPEN, openat(dir, name, flags | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
        if (fd == -ENOTDIR && os_statx(dir, name, &st) == 0 && S_ISLNK(st.stx_mode))
                return -ELOOP;
        return fd;
}

/* By components, and not by openat2(), which some containers refuse and valgrind does not know. */
int os_open_directory(const char *path) {
        _cleanup_(os_closep) int dir = -1;
        const char *p = path;
        char name[NAME_MAX + 1];

        if (*p != '/')
                return -EINVAL;
        dir = open_component(AT_FDCWD, "/", O_PATH);
        while (dir >= 0) {
                size_t n;
                int fd;

                p += strspn(p, "/");
                n = strcspn(p, "/");
                if (n == 0)
                        return open_component(dir, ".", O_RDONLY);
                if (n > NAME_MAX)
                        return -ENAMETOOLONG;
                memcpy(name, p, n);
                name[n] = '\0';
                p += n;
                fd = open_component(dir, name, O_PATH);
                os_close(dir);
                dir = fd;
        }
        return dir;
}

int os_open_directory_at(int dir, const char *name) {
        return (int)OS_CALL(OS_OPEN, openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
}

ssize_t os_getdents(int dir, void *buf, size_t n_buf) {
        return OS_CALL(OS_GETDENTS, getdents64(dir, buf, n_buf));
}

int os_statx(int dir, const char *name, struct statx *ret) {
        struct statx st;
        int r;

        r = (int)OS_CALL(OS_STATX, statx(dir, name, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH,
                                         STATX_BASIC_STATS | STATX_BTIME, &st));
        if (r < 0)
                return r;
        *ret = st;
        return 0;
}

static int read_whole(int fd, size_t max, char **ret, size_t *ret_n) {
        _cleanup_(freep) char *buf = NULL;
        size_t n = 0;

        buf = malloc(max + 1);
        if (!buf)
                return -ENOMEM;

        for (;;) {
                ssize_t got = OS_CALL(OS_READ, read(fd, buf + n, max + 1 - n));

                if (got < 0)
                        return (int)got;
                if (got == 0)
                        break;
                n += (size_t)got;
                if (n > max)
                        return -EFBIG;
        }

        buf[n] = '\0';
        *ret = TAKE_PTR(buf);
        *ret_n = n;
        return 0;
}

int os_read_file(const char *path, size_t max, char **ret, size_t *ret_n, struct statx *ret_stat) {
        _cleanup_(os_closep) int fd = -1;
        struct statx st;
        int r;

        /* Without O_NONBLOCK a FIFO in a file's place would hang us here. */
        fd = (int)OS_CALL(OS_OPEN, open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
        if (fd < 0)
                return fd;

        r = os_statx(fd, "", &st);
        if (r < 0)
                return r;
        if (S_ISDIR(st.stx_mode))
                return -EISDIR;
        if (!S_ISREG(st.stx_mode))
                return -EINVAL;
        if (st.stx_size > max)
                return -EFBIG;

        r = read_whole(fd, max, ret, ret_n);
        if (r < 0)
                return r;
        if (ret_stat)
                *ret_stat = st;
        return 0;
}

static int write_whole(int fd, const char *data, size_t n) {
        while (n > 0) {
                ssize_t put = OS_CALL(OS_WRITE, write(fd, data, n));

                if (put < 0)
                        return (int)put;
                data += put;
                n -= (size_t)put;
        }
        return 0;
}

/* Writes the temporary file and renames it; on failure the temporary name may be left, for the caller to unlink. */
static int replace_at(int dir, const char *temporary, const char *name, const void *data, size_t n, mode_t mode) {
        _cleanup_(os_closep) int fd = -1;
        int r;

        fd = (int)OS_CALL(OS_OPEN, openat(dir, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode));
        if (fd < 0)
                return fd;
        r = write_whole(fd, data, n);
        if (r < 0)
                return r;
        if (fchmod(fd, mode) < 0) /* the mode that was asked for, whatever the umask */
                return -errno;
        r = (int)OS_CALL(OS_FSYNC, fsync(fd));
        if (r < 0)
                return r;
        return (int)OS_CALL(OS_RENAME, renameat(dir, temporary, dir, name));
}

int os_replace_file(const char *path, const void *data, size_t n, mode_t mode) {
        _cleanup_(freep) char *parent = NULL;
        _cleanup_(os_closep) int dir = -1;
        const char *slash = strrchr(path, '/');
        char temporary[32];
        uint64_t random;
        int r;

        if (!slash || !slash[1])
                return -EINVAL;
        parent = strndup(path, slash == path ? 1 : (size_t)(slash - path));
        if (!parent)
                return -ENOMEM;
        dir = (int)OS_CALL(OS_OPEN, open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        if (dir < 0)
                return dir;

        if (getrandom(&random, sizeof(random), 0) != sizeof(random))
                return -EIO;
        snprintf(temporary, sizeof(temporary), OS_RESERVED_PREFIX "%016llx", (unsigned long long)random);

        r = replace_at(dir, temporary, slash + 1, data, n, mode);
        if (r < 0) {
                unlinkat(dir, temporary, 0);
                return r;
        }
        return (int)OS_CALL(OS_FSYNC, fsync(dir));
}

bool os_is_remote(int fd) {
        static const uint32_t types[] = {
                0x6969,     /* NFS */
                0x517b,     /* SMB */
                0xff534d42, /* CIFS */
                0xfe534d42, /* SMB2 */
                0x65735546, /* FUSE */
                0x01021997, /* 9P */
                0x00c36400, /* Ceph */
                0x5346414f, /* AFS */
                0x6b414653, /* AFS of the kernel */
                0x73757245, /* Coda */
                0x0bd00bd0, /* Lustre */
                0x01161970, /* GFS2 */
                0x7461636f, /* OCFS2 */
        };
        struct statfs st;

        if (fstatfs(fd, &st) < 0)
                return false;
        for (size_t i = 0; i < ELEMENTSOF(types); i++)
                if ((uint32_t)st.f_type == types[i])
                        return true;
        return false;
}
