/* SPDX-License-Identifier: MIT */
#include "lib/walk.h"

#include <errno.h>
#include <limits.h>

#include "lib/os.h"

size_t walk_parent_length(const char *path) {
        const char *slash = strrchr(path, '/');

        return slash ? (size_t)(slash - path) : 0;
}

const char *walk_name(const char *path) {
        const char *slash = strrchr(path, '/');

        return slash ? slash + 1 : path;
}

bool walk_path_is_valid(const char *path) {
        for (;;) {
                size_t n = strcspn(path, "/");

                if (n == 0 || n > NAME_MAX || (n == 1 && path[0] == '.') ||
                    (n == 2 && path[0] == '.' && path[1] == '.'))
                        return false;
                if (path[n] == '\0')
                        return true;
                path += n + 1;
        }
}

bool walk_name_is_valid(const char *name) {
        return !strchr(name, '/') && walk_path_is_valid(name);
}

void walk_init(struct Walk *walk, int root) {
        *walk = (struct Walk){.root = root, .fd = -1};
}

void walk_done(struct Walk *walk) {
        walk->fd = os_close(walk->fd);
        free(walk->path);
        walk->path = NULL;
}

/* Opens n bytes of path, one component after the other. */
static int open_below(int root, const char *path, size_t n, int *ret_fd) {
        _cleanup_(os_closep) int fd = -1;
        char name[NAME_MAX + 1];
        size_t pos = 0;

        while (pos < n) {
                size_t length = strcspn(path + pos, "/");
                int next;

                if (length > NAME_MAX)
                        return -ENAMETOOLONG;
                memcpy(name, path + pos, length);
                name[length] = '\0';
                next = os_open_directory_at(fd >= 0 ? fd : root, name);
                if (next < 0)
                        return next;
                os_close(fd);
                fd = next;
                pos += length + 1;
        }
        *ret_fd = TAKE_FD(fd);
        return 0;
}

int walk_open_parent(struct Walk *walk, const char *path, int *ret_fd) {
        _cleanup_(freep) char *parent = NULL;
        size_t n = walk_parent_length(path);
        int fd, r;

        if (!walk_path_is_valid(path))
                return -EINVAL;
        if (n == 0) {
                *ret_fd = walk->root;
                return 0;
        }
        if (walk->path && strlen(walk->path) == n && memcmp(walk->path, path, n) == 0) {
                *ret_fd = walk->fd;
                return 0;
        }
        parent = strndup(path, n);
        if (!parent)
                return -ENOMEM;
        r = open_below(walk->root, path, n, &fd);
        if (r < 0)
                return r;
        walk_done(walk);
        walk->path = TAKE_PTR(parent);
        *ret_fd = walk->fd = fd;
        return 0;
}
