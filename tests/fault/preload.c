/* SPDX-License-Identifier: MIT */

/*
 * Makes the nth call of one of libc's functions fail in the real program:
 * LD_PRELOAD it, with RETAIND_FAULT=process:call:n:error. process is daemon or
 * worker, error EIO, ENOSPC, EINTR or short (half of what was asked for). When it
 * fires it writes FAULT to the file in RETAIND_FAULT_LOG, which is opened before a
 * worker confines itself. SQLite calls libc too, so its VFS is covered.
 */

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#define REAL(name)                                                                                                     \
        ({                                                                                                             \
                static void *real;                                                                                     \
                if (!real)                                                                                             \
                        real = dlsym(RTLD_NEXT, #name);                                                                \
                (typeof(&name))real;                                                                                   \
        })

static char wanted[32];
static long nth, count;
static int error;
static bool is_short;
static int log_fd = -1;

static bool is_worker(void) {
        char line[64] = "";
        int fd = REAL(open)("/proc/self/cmdline", O_RDONLY | O_CLOEXEC);

        if (fd < 0 || REAL(read)(fd, line, sizeof(line) - 1) < 0)
                abort();
        close(fd);
        return strcmp(line + strlen(line) + 1, "--worker") == 0;
}

__attribute__((constructor)) static void set_up(void) {
        const char *fault = getenv("RETAIND_FAULT");
        char process[16], call[32], name[16];

        if (!fault || sscanf(fault, "%15[^:]:%31[^:]:%ld:%15s", process, call, &nth, name) != 4)
                return;
        is_short = strcmp(name, "short") == 0;
        error = strcmp(name, "ENOSPC") == 0 ? ENOSPC : strcmp(name, "EINTR") == 0 ? EINTR : EIO;
        if (strcmp(process, is_worker() ? "worker" : "daemon") != 0)
                return;
        log_fd = REAL(open)(getenv("RETAIND_FAULT_LOG"), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
        strcpy(wanted, call);
}

static bool is_hit(const char *call) {
        if (strcmp(call, wanted) != 0 || __atomic_add_fetch(&count, 1, __ATOMIC_RELAXED) != nth)
                return false;
        if (REAL(write)(log_fd, "FAULT\n", 6) != 6)
                abort();
        return true;
}

#define FAIL_IF_HIT(call)                                                                                              \
        do {                                                                                                           \
                if (is_hit(call)) {                                                                                    \
                        errno = error;                                                                                 \
                        return -1;                                                                                     \
                }                                                                                                      \
        } while (0)

/* Either fails, or makes n shorter. */
#define SHORTEN_IF_HIT(call, n)                                                                                        \
        do {                                                                                                           \
                if (is_hit(call)) {                                                                                    \
                        if (!is_short) {                                                                               \
                                errno = error;                                                                         \
                                return -1;                                                                             \
                        }                                                                                              \
                        n = n > 1 ? n / 2 : n;                                                                         \
                }                                                                                                      \
        } while (0)

#define MODE(flags)                                                                                                    \
        ({                                                                                                             \
                mode_t _mode = 0;                                                                                      \
                if ((flags) & (O_CREAT | __O_TMPFILE)) {                                                               \
                        va_list _args;                                                                                 \
                        va_start(_args, flags);                                                                        \
                        _mode = va_arg(_args, mode_t);                                                                 \
                        va_end(_args);                                                                                 \
                }                                                                                                      \
                _mode;                                                                                                 \
        })

int open(const char *path, int flags, ...) {
        mode_t mode = MODE(flags);

        FAIL_IF_HIT("open");
        return REAL(open)(path, flags, mode);
}

int open64(const char *path, int flags, ...) {
        mode_t mode = MODE(flags);

        FAIL_IF_HIT("open");
        return REAL(open64)(path, flags, mode);
}

int openat(int dir, const char *path, int flags, ...) {
        mode_t mode = MODE(flags);

        FAIL_IF_HIT("open");
        return REAL(openat)(dir, path, flags, mode);
}

int openat64(int dir, const char *path, int flags, ...) {
        mode_t mode = MODE(flags);

        FAIL_IF_HIT("open");
        return REAL(openat64)(dir, path, flags, mode);
}

ssize_t read(int fd, void *buf, size_t n) {
        SHORTEN_IF_HIT("read", n);
        return REAL(read)(fd, buf, n);
}

ssize_t pread(int fd, void *buf, size_t n, off_t offset) {
        SHORTEN_IF_HIT("read", n);
        return REAL(pread)(fd, buf, n, offset);
}

ssize_t pread64(int fd, void *buf, size_t n, off64_t offset) {
        SHORTEN_IF_HIT("read", n);
        return REAL(pread64)(fd, buf, n, offset);
}

ssize_t write(int fd, const void *buf, size_t n) {
        if (fd > STDERR_FILENO)
                SHORTEN_IF_HIT("write", n);
        return REAL(write)(fd, buf, n);
}

ssize_t pwrite(int fd, const void *buf, size_t n, off_t offset) {
        SHORTEN_IF_HIT("write", n);
        return REAL(pwrite)(fd, buf, n, offset);
}

ssize_t pwrite64(int fd, const void *buf, size_t n, off64_t offset) {
        SHORTEN_IF_HIT("write", n);
        return REAL(pwrite64)(fd, buf, n, offset);
}

int fsync(int fd) {
        FAIL_IF_HIT("fsync");
        return REAL(fsync)(fd);
}

int fdatasync(int fd) {
        FAIL_IF_HIT("fsync");
        return REAL(fdatasync)(fd);
}

int syncfs(int fd) {
        FAIL_IF_HIT("syncfs");
        return REAL(syncfs)(fd);
}

int renameat(int from_dir, const char *from, int to_dir, const char *to) {
        FAIL_IF_HIT("rename");
        return REAL(renameat)(from_dir, from, to_dir, to);
}

int renameat2(int from_dir, const char *from, int to_dir, const char *to, unsigned flags) {
        FAIL_IF_HIT("rename");
        return REAL(renameat2)(from_dir, from, to_dir, to, flags);
}

int linkat(int from_dir, const char *from, int to_dir, const char *to, int flags) {
        FAIL_IF_HIT("link");
        return REAL(linkat)(from_dir, from, to_dir, to, flags);
}

int unlink(const char *path) {
        FAIL_IF_HIT("unlink");
        return REAL(unlink)(path);
}

int unlinkat(int dir, const char *path, int flags) {
        FAIL_IF_HIT("unlink");
        return REAL(unlinkat)(dir, path, flags);
}

int statx(int dir, const char *path, int flags, unsigned mask, struct statx *st) {
        FAIL_IF_HIT("statx");
        return REAL(statx)(dir, path, flags, mask, st);
}

int fchown(int fd, uid_t uid, gid_t gid) {
        FAIL_IF_HIT("fchown");
        return REAL(fchown)(fd, uid, gid);
}

int fchmod(int fd, mode_t mode) {
        FAIL_IF_HIT("fchmod");
        return REAL(fchmod)(fd, mode);
}

int fsetxattr(int fd, const char *name, const void *value, size_t n, int flags) {
        FAIL_IF_HIT("setxattr");
        return REAL(fsetxattr)(fd, name, value, n, flags);
}

int futimens(int fd, const struct timespec times[2]) {
        FAIL_IF_HIT("utimens");
        return REAL(futimens)(fd, times);
}

int mkdirat(int dir, const char *path, mode_t mode) {
        FAIL_IF_HIT("mkdir");
        return REAL(mkdirat)(dir, path, mode);
}

int ftruncate(int fd, off_t size) {
        FAIL_IF_HIT("ftruncate");
        return REAL(ftruncate)(fd, size);
}

int ftruncate64(int fd, off64_t size) {
        FAIL_IF_HIT("ftruncate");
        return REAL(ftruncate64)(fd, size);
}

void *mmap(void *address, size_t n, int protection, int flags, int fd, off_t offset) {
        if (fd >= 0 && is_hit("mmap")) {
                errno = error;
                return MAP_FAILED;
        }
        return REAL(mmap)(address, n, protection, flags, fd, offset);
}

void *mmap64(void *address, size_t n, int protection, int flags, int fd, off64_t offset) {
        if (fd >= 0 && is_hit("mmap")) {
                errno = error;
                return MAP_FAILED;
        }
        return REAL(mmap64)(address, n, protection, flags, fd, offset);
}
