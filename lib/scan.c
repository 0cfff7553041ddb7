/* SPDX-License-Identifier: MIT */
#include "lib/scan.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>

#include "lib/error.h"
#include "lib/look.h"
#include "lib/os.h"

#define BUFFER_SIZE (64 * 1024)

/* A directory on the way down: open, read to its end, some of its subdirectories still to be visited. */
struct Level {
        int fd;
        size_t n_path; /* of scan->path */
        struct FilterState filter;
        char *pending; /* names of subdirectories, each NUL-terminated */
        size_t n_pending, n_allocated, next;
};

struct Scan {
        struct ScanOptions options;
        uint64_t dev;
        uint64_t n_excluded;
        unsigned n_levels;
        bool reading; /* of the innermost level, entries are still to come */
        size_t pos, end;
        struct Level levels[SCAN_DEPTH_MAX];
        char path[SCAN_PATH_MAX]; /* of the innermost level */
        char entry_path[SCAN_PATH_MAX + NAME_MAX + 2];
        _Alignas(struct dirent64) char buffer[BUFFER_SIZE];
};

const char *scan_skipped_text(enum ScanSkipped skipped) {
        static const char *const texts[_SCAN_SKIPPED_MAX] = {
                [SCAN_SKIPPED_LINK] = "a symbolic link",
                [SCAN_SKIPPED_SOCKET] = "a socket",
                [SCAN_SKIPPED_FIFO] = "a FIFO",
                [SCAN_SKIPPED_DEVICE] = "a device",
                [SCAN_SKIPPED_FILE_SYSTEM] = "on another file system",
        };

        return texts[skipped];
}

int scan_new(int dir, const struct ScanOptions *options, struct Scan **ret) {
        _cleanup_(scan_freep) struct Scan *scan = NULL;
        struct statx st;
        int r;

        scan = malloc(sizeof(*scan)); /* not calloc: most of it is buffers, touched only as far as used */
        if (!scan)
                return -ENOMEM;
        scan->options = *options;
        scan->n_excluded = 0;
        scan->n_levels = 0;
        scan->reading = false;
        scan->path[0] = '\0';

        r = os_statx(dir, "", &st);
        if (r < 0)
                return r;
        scan->dev = look_device(&st);
        scan->levels[0] = (struct Level){.fd = dir};
        *ret = TAKE_PTR(scan);
        return 0;
}

static void level_done(struct Level *level, bool owns_fd) {
        free(level->pending);
        if (owns_fd)
                os_close(level->fd);
}

struct Scan *scan_free(struct Scan *scan) {
        if (!scan)
                return NULL;
        while (scan->n_levels > 0) {
                scan->n_levels--;
                level_done(&scan->levels[scan->n_levels], scan->n_levels > 0);
        }
        free(scan);
        return NULL;
}

uint64_t scan_n_excluded(const struct Scan *scan) {
        return scan->n_excluded;
}

int scan_directory_fd(const struct Scan *scan) {
        return scan->levels[scan->n_levels - 1].fd;
}

static struct Level *innermost(struct Scan *scan) {
        return &scan->levels[scan->n_levels - 1];
}

static int level_push_pending(struct Level *level, const char *name, size_t n_name) {
        if (level->n_pending + n_name + 1 > level->n_allocated) {
                size_t n = MAX(level->n_allocated * 2, (size_t)1024);
                char *p = realloc(level->pending, n);

                if (!p)
                        return -ENOMEM;
                level->pending = p;
                level->n_allocated = n;
        }
        memcpy(level->pending + level->n_pending, name, n_name + 1);
        level->n_pending += n_name + 1;
        return 0;
}

static int begin_level(struct Scan *scan, struct ScanEntry *ret) {
        scan->reading = true;
        scan->pos = scan->end = 0;
        *ret = (struct ScanEntry){.kind = SCAN_DIRECTORY, .path = scan->path, .name = ""};
        return 1;
}

static int unreadable(struct Scan *scan, const char *name, int error, struct ScanEntry *ret) {
        *ret = (struct ScanEntry){
                .kind = SCAN_UNREADABLE,
                .path = scan->path,
                .name = name,
                .n_name = strlen(name),
                .error = error,
        };
        return 1;
}

static int skipped(struct Scan *scan, const char *name, size_t n_name, enum ScanSkipped why, struct ScanEntry *ret) {
        *ret = (struct ScanEntry){
                .kind = SCAN_SKIPPED,
                .path = scan->path,
                .name = name,
                .n_name = n_name,
                .skipped = why,
        };
        return 1;
}

/* The entry's path relative to the source. The buffer holds every name that a directory can have. */
static const char *entry_path(struct Scan *scan, const char *name) {
        size_t n = innermost(scan)->n_path;

        memcpy(scan->entry_path, scan->path, n);
        if (n > 0)
                scan->entry_path[n++] = '/';
        strcpy(scan->entry_path + n, name);
        return scan->entry_path;
}

static bool is_ignored(struct Scan *scan, const char *name) {
        for (char *const *p = scan->options.ignored; p && *p; p++) {
                const char *slash = strrchr(*p, '/');

                if (streq(slash ? slash + 1 : *p, name) && streq(*p, entry_path(scan, name)))
                        return true;
        }
        return false;
}

static const char *path_for_filter(struct Scan *scan, const char *name) {
        return filter_needs_path(scan->options.filter) ? entry_path(scan, name) : NULL;
}

static int look_at_directory(struct Scan *scan, const char *name, size_t n_name, const struct statx *st,
                             struct ScanEntry *ret) {
        struct Level *level = innermost(scan);
        int r;

        if (!scan->options.recursive)
                return 0;
        if (scan->options.filter &&
            filter_enter(scan->options.filter, level->filter, path_for_filter(scan, name), name).excluded) {
                scan->n_excluded++;
                return 0;
        }
        if (scan->options.one_file_system && look_device(st) != scan->dev)
                return skipped(scan, name, n_name, SCAN_SKIPPED_FILE_SYSTEM, ret);
        r = level_push_pending(level, name, n_name);
        return r < 0 ? r : 0;
}

static int look_at_file(struct Scan *scan, const char *name, size_t n_name, const struct statx *st,
                        struct ScanEntry *ret) {
        *ret = (struct ScanEntry){
                .kind = SCAN_FILE,
                .path = scan->path,
                .name = name,
                .n_name = n_name,
        };
        look_stat(st, &ret->stat);
        return 1;
}

static int ours(struct Scan *scan, const char *name, size_t n_name, struct ScanEntry *ret) {
        struct statx st;

        *ret = (struct ScanEntry){.kind = SCAN_OURS, .path = scan->path, .name = name, .n_name = n_name};
        if (os_statx(innermost(scan)->fd, name, &st) >= 0)
                look_stat(&st, &ret->stat);
        return 1;
}

/* 1 with an observation, 0 if the entry is none. */
static int look_at(struct Scan *scan, const char *name, struct ScanEntry *ret) {
        size_t n_name = strlen(name);
        struct statx st;
        int r;

        if (n_name > NAME_MAX) /* some FUSE file systems have such */
                return unreadable(scan, "", -ENAMETOOLONG, ret);
        if (strncmp(name, OS_RESERVED_PREFIX, strlen(OS_RESERVED_PREFIX)) == 0)
                return ours(scan, name, n_name, ret);
        if (is_ignored(scan, name))
                return 0;
        r = os_statx(innermost(scan)->fd, name, &st);
        if (r == -ENOENT)
                return 0;
        if (r < 0)
                return unreadable(scan, name, r, ret);
        if (S_ISDIR(st.stx_mode))
                return look_at_directory(scan, name, n_name, &st, ret);
        if (scan->options.filter &&
            !filter_accepts(scan->options.filter, innermost(scan)->filter, path_for_filter(scan, name), name)) {
                scan->n_excluded++;
                return 0;
        }
        if (S_ISREG(st.stx_mode))
                return look_at_file(scan, name, n_name, &st, ret);
        return skipped(scan, name, n_name,
                       S_ISLNK(st.stx_mode)    ? SCAN_SKIPPED_LINK
                       : S_ISSOCK(st.stx_mode) ? SCAN_SKIPPED_SOCKET
                       : S_ISFIFO(st.stx_mode) ? SCAN_SKIPPED_FIFO
                                               : SCAN_SKIPPED_DEVICE,
                       ret);
}

/* The next observation in the directory being read; 0 at its end. */
static int read_level(struct Scan *scan, struct ScanEntry *ret) {
        for (;;) {
                const struct dirent64 *entry;
                int r;

                if (scan->pos >= scan->end) {
                        ssize_t n = os_getdents(innermost(scan)->fd, scan->buffer, sizeof(scan->buffer));

                        if (n <= 0) {
                                scan->reading = false;
                                /* Removed while we read it: everything in it has vanished. */
                                return n == 0 || n == -ENOENT ? 0 : unreadable(scan, "", (int)n, ret);
                        }
                        scan->pos = 0;
                        scan->end = (size_t)n;
                }

                entry = (const struct dirent64 *)(scan->buffer + scan->pos);
                scan->pos += entry->d_reclen;
                if (streq(entry->d_name, ".") || streq(entry->d_name, ".."))
                        continue;
                r = look_at(scan, entry->d_name, ret);
                if (r != 0)
                        return r;
        }
}

/* Opens a subdirectory of the innermost level; the device is compared again, for what was opened. */
static int open_level(struct Scan *scan, const char *name, int *ret_fd) {
        _cleanup_(os_closep) int fd = -1;
        struct statx st;
        int r;

        if (scan->n_levels >= SCAN_DEPTH_MAX)
                return -ELOOP;
        if (innermost(scan)->n_path + 1 + strlen(name) >= sizeof(scan->path))
                return -ENAMETOOLONG;
        fd = os_open_directory_at(innermost(scan)->fd, name);
        if (fd < 0)
                return fd;
        r = os_statx(fd, "", &st);
        if (r < 0)
                return r;
        if (scan->options.one_file_system && look_device(&st) != scan->dev)
                return -EXDEV;
        *ret_fd = TAKE_FD(fd);
        return 0;
}

/* Goes into the innermost level's next subdirectory; 0 if there was none, and the level is left. */
static int next_level(struct Scan *scan, struct ScanEntry *ret) {
        struct Level *level = innermost(scan);
        struct FilterState state = level->filter;
        const char *name = level->pending + level->next;
        size_t n_name;
        int fd, r;

        if (level->next >= level->n_pending) {
                scan->n_levels--;
                level_done(level, scan->n_levels > 0);
                if (scan->n_levels > 0)
                        scan->path[innermost(scan)->n_path] = '\0';
                return 0;
        }

        n_name = strlen(name);
        level->next += n_name + 1;
        r = open_level(scan, name, &fd);
        if (r == -ENOENT)
                return 0;
        if (r < 0)
                return unreadable(scan, name, r, ret);

        if (scan->options.filter)
                state = filter_enter(scan->options.filter, state, path_for_filter(scan, name), name);
        strcpy(scan->path, entry_path(scan, name));
        scan->levels[scan->n_levels++] = (struct Level){.fd = fd, .n_path = strlen(scan->path), .filter = state};
        return begin_level(scan, ret);
}

int scan_next(struct Scan *scan, struct ScanEntry *ret) {
        int r;

        if (scan->n_levels == 0) {
                if (scan->levels[0].fd < 0)
                        return 0;
                scan->n_levels = 1;
                return begin_level(scan, ret);
        }

        do {
                r = scan->reading ? read_level(scan, ret) : next_level(scan, ret);
                if (r == 0 && scan->n_levels == 0)
                        scan->levels[0].fd = -1;
        } while (r == 0 && scan->n_levels > 0);
        return r;
}
