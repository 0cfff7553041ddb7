/* SPDX-License-Identifier: MIT */
#include "lib/os-file.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "lib/os-internal.h"

static int open_regular(int dir, const char *name, int flags) {
        _cleanup_(os_closep) int fd = -1;
        struct statx st;
        int r;

        fd = (int)OS_CALL(OS_OPEN, openat(dir, name, flags | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
        if (fd < 0)
                return fd;
        r = os_statx(fd, "", &st);
        if (r < 0)
                return r;
        return S_ISREG(st.stx_mode) ? TAKE_FD(fd) : -EINVAL;
}

int os_open_file_at(int dir, const char *name) {
        return open_regular(dir, name, O_RDONLY);
}

int os_open_rw_at(int dir, const char *name) {
        return open_regular(dir, name, O_RDWR);
}

int os_create_at(int dir, const char *name) {
        return (int)OS_CALL(OS_OPEN, openat(dir, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
}

int os_make_directory_at(int dir, const char *name) {
        return (int)OS_CALL(OS_MKDIR, mkdirat(dir, name, 0700));
}

ssize_t os_read(int fd, void *buf, size_t n) {
        return OS_CALL(OS_READ, read(fd, buf, n));
}

ssize_t os_read_at(int fd, void *buf, size_t n, uint64_t offset) {
        return OS_CALL(OS_READ, pread(fd, buf, n, (off_t)offset));
}

int os_write_all_at(int fd, const void *buf, size_t n, uint64_t offset) {
        const char *data = buf;

        while (n > 0) {
                ssize_t put = OS_CALL(OS_WRITE, pwrite(fd, data, n, (off_t)offset));

                if (put < 0)
                        return (int)put;
                if (put == 0)
                        return -EIO;
                data += put;
                offset += (uint64_t)put;
                n -= (size_t)put;
        }
        return 0;
}

int os_truncate(int fd, uint64_t size) {
        return (int)OS_CALL(OS_WRITE, ftruncate(fd, (off_t)size));
}

int os_next_data(int fd, uint64_t offset, uint64_t size, uint64_t *ret_from, uint64_t *ret_to) {
        off_t from, to;

        from = lseek(fd, (off_t)offset, SEEK_DATA);
        if (from < 0 && errno == ENXIO)
                from = to = (off_t)size;
        else if (from < 0 && errno == EINVAL)
                from = (off_t)offset, to = (off_t)size;
        else if (from < 0)
                return -errno;
        else {
                to = lseek(fd, from, SEEK_HOLE);
                if (to < 0)
                        return -errno;
        }
        *ret_from = MIN((uint64_t)from, size);
        *ret_to = MIN((uint64_t)to, size);
        return 0;
}

int os_clone(int from, int to) {
        int r = (int)OS_CALL(OS_CLONE, ioctl(to, FICLONE, from));

        return r == -EXDEV || r == -EINVAL || r == -ENOTTY || r == -EPERM || r == -ENOSYS ? -EOPNOTSUPP : r;
}

void os_begin_write_back(int fd, uint64_t offset, uint64_t n) {
        sync_file_range(fd, (off_t)offset, (off_t)n, SYNC_FILE_RANGE_WRITE);
}

int os_wait_write_back(int fd, uint64_t offset, uint64_t n) {
        int r = (int)OS_CALL(OS_FSYNC, sync_file_range(fd, (off_t)offset, (off_t)n,
                                                       SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE |
                                                               SYNC_FILE_RANGE_WAIT_AFTER));

        return r == -ENOSYS || r == -EINVAL || r == -ESPIPE ? 0 : r;
}

void os_drop_cache(int fd, uint64_t offset, uint64_t n) {
        posix_fadvise(fd, (off_t)offset, (off_t)n, POSIX_FADV_DONTNEED);
}

void os_begin_read(int fd, uint64_t offset, uint64_t n) {
        posix_fadvise(fd, (off_t)offset, (off_t)n, POSIX_FADV_WILLNEED);
}

int os_fsync(int fd) {
        return (int)OS_CALL(OS_FSYNC, fsync(fd));
}

int os_syncfs(int fd) {
        return (int)OS_CALL(OS_FSYNC, syncfs(fd));
}

int os_set_owner(int fd, uid_t uid, gid_t gid) {
        return (int)OS_CALL(OS_METADATA, fchown(fd, uid, gid));
}

int os_set_mode(int fd, mode_t mode) {
        return (int)OS_CALL(OS_METADATA, fchmod(fd, mode & 07777));
}

int os_set_times(int fd, const struct statx *st) {
        const struct timespec times[2] = {
                {.tv_sec = st->stx_atime.tv_sec, .tv_nsec = st->stx_atime.tv_nsec},
                {.tv_sec = st->stx_mtime.tv_sec, .tv_nsec = st->stx_mtime.tv_nsec},
        };

        return (int)OS_CALL(OS_METADATA, futimens(fd, times));
}

ssize_t os_list_attributes(int fd, char *buf, size_t n) {
        return OS_CALL(OS_METADATA, flistxattr(fd, buf, n));
}

ssize_t os_get_attribute(int fd, const char *name, void *buf, size_t n) {
        return OS_CALL(OS_METADATA, fgetxattr(fd, name, buf, n));
}

int os_set_attribute(int fd, const char *name, const void *value, size_t n) {
        return (int)OS_CALL(OS_METADATA, fsetxattr(fd, name, value, n, 0));
}

int os_remove_attribute(int fd, const char *name) {
        return (int)OS_CALL(OS_METADATA, fremovexattr(fd, name));
}

int os_rename_at(int from_dir, const char *from, int to_dir, const char *to) {
        struct statx st;
        int r;

        r = (int)OS_CALL(OS_RENAME, renameat2(from_dir, from, to_dir, to, RENAME_NOREPLACE));
        if (r != -EINVAL && r != -ENOSYS)
                return r;
        /* A link never replaces either; what knows neither (FAT by FUSE, some network shares) leaves a moment in between. */
        r = (int)OS_CALL(OS_LINK, linkat(from_dir, from, to_dir, to, 0));
        if (r == 0)
                return os_unlink_at(from_dir, from);
        if (r != -EPERM && r != -EOPNOTSUPP && r != -ENOSYS)
                return r;
        r = os_statx(to_dir, to, &st);
        if (r != -ENOENT)
                return r < 0 ? r : -EEXIST;
        return (int)OS_CALL(OS_RENAME, renameat(from_dir, from, to_dir, to));
}

int os_move_at(int from_dir, const char *from, int to_dir, const char *to) {
        return (int)OS_CALL(OS_RENAME, renameat(from_dir, from, to_dir, to));
}

int os_unlink_at(int dir, const char *name) {
        return (int)OS_CALL(OS_UNLINK, unlinkat(dir, name, 0));
}

int os_ask_lease(int fd) {
        int r = (int)OS_CALL(OS_LEASE, fcntl(fd, F_SETLEASE, F_RDLCK));

        if (r < 0)
                return r;
        fcntl(fd, F_SETLEASE, F_UNLCK);
        return 0;
}

int os_lock(int fd) {
        return (int)OS_CALL(OS_LOCK, flock(fd, LOCK_EX | LOCK_NB));
}

struct LockedFile {
        int mount;
        unsigned major, minor;
        unsigned long long ino;
        pid_t holder;
};

static bool take_fdinfo(const char *line, struct LockedFile *file) {
        if (sscanf(line, "mnt_id: %d", &file->mount) != 1)
                sscanf(line, "ino: %llu", &file->ino); /* since Linux 5.14 */
        return false;
}

static bool take_mount(const char *line, struct LockedFile *file) {
        int mount;

        return sscanf(line, "%d %*d %u:%u", &mount, &file->major, &file->minor) == 3 && mount == file->mount;
}

static bool take_lock(const char *line, struct LockedFile *file) {
        unsigned major, minor;
        unsigned long long ino;

        return sscanf(line, "%*u: FLOCK ADVISORY WRITE %d %x:%x:%llu", &file->holder, &major, &minor, &ino) == 4 &&
               major == file->major && minor == file->minor && ino == file->ino;
}

/* Whether one of the file's lines was what take() looks for. */
static bool find_line(const char *path, bool (*take)(const char *line, struct LockedFile *file),
                      struct LockedFile *file) {
        _cleanup_(freep) char *line = NULL;
        bool is_found = false;
        size_t n = 0;
        FILE *f = fopen(path, "re");

        if (!f)
                return false;
        while (!is_found && getline(&line, &n, f) >= 0)
                is_found = take(line, file);
        fclose(f);
        return is_found;
}

/* By the kernel's own device and number: stat() says others on Btrfs and on overlays. */
pid_t os_lock_holder(int fd) {
        char path[sizeof("/proc/self/fdinfo/-2147483648")];
        struct LockedFile file = {};
        struct statx st;

        if (os_statx(fd, "", &st) < 0)
                return 0;
        file.ino = st.stx_ino;
        snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
        find_line(path, take_fdinfo, &file);
        if (!find_line("/proc/self/mountinfo", take_mount, &file) || !find_line("/proc/locks", take_lock, &file))
                return 0;
        return file.holder;
}
