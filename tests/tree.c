/* SPDX-License-Identifier: MIT */
#include "tests/tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/test.h"

void tree_init(struct Tree *tree) {
        const char *parent = getenv("TMPDIR");

        snprintf(tree->path, sizeof(tree->path), "%s/retaind-test-XXXXXX", parent ? parent : "/tmp");
        ck_assert_ptr_nonnull(mkdtemp(tree->path));
        tree->fd = open(tree->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        ck_assert_int_ge(tree->fd, 0);
}

/* By descriptors, because some tests make paths longer than any call takes. */
static void remove_all(int fd) {
        DIR *dir = fdopendir(fd);
        struct dirent *entry;

        ck_assert_ptr_nonnull(dir);
        while ((entry = readdir(dir))) {
                if (streq(entry->d_name, ".") || streq(entry->d_name, ".."))
                        continue;
                if (entry->d_type == DT_DIR)
                        remove_all(openat(dirfd(dir), entry->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
                ck_assert_int_eq(unlinkat(dirfd(dir), entry->d_name, entry->d_type == DT_DIR ? AT_REMOVEDIR : 0), 0);
        }
        closedir(dir);
}

void tree_done(struct Tree *tree) {
        ck_assert_int_eq(lseek(tree->fd, 0, SEEK_SET), 0);
        remove_all(tree->fd);
        ck_assert_int_eq(rmdir(tree->path), 0);
}

void tree_directory(struct Tree *tree, const char *path) {
        _cleanup_(freep) char *parent = strdup(path);

        ck_assert_ptr_nonnull(parent);
        for (char *slash = strchr(parent, '/');; *slash = '/', slash = strchr(slash + 1, '/')) {
                if (slash)
                        *slash = '\0';
                ck_assert(mkdirat(tree->fd, parent, 0755) == 0 || errno == EEXIST);
                if (!slash)
                        break;
        }
}

void tree_file(struct Tree *tree, const char *path, const char *content, int64_t mtime_usec) {
        const struct timespec times[2] = {
                {.tv_nsec = UTIME_OMIT},
                {
                        .tv_sec = div_floor(mtime_usec, USEC_PER_SEC),
                        .tv_nsec = (mtime_usec - div_floor(mtime_usec, USEC_PER_SEC) * USEC_PER_SEC) * NSEC_PER_USEC,
                },
        };
        size_t n = content ? strlen(content) : 0;
        const char *slash = strrchr(path, '/');
        int fd;

        if (slash) {
                _cleanup_(freep) char *parent = strndup(path, (size_t)(slash - path));

                tree_directory(tree, parent);
        }
        fd = openat(tree->fd, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
        ck_assert_int_ge(fd, 0);
        ck_assert_int_eq(write(fd, content, n), (ssize_t)n);
        ck_assert_int_eq(futimens(fd, times), 0);
        close(fd);
}
