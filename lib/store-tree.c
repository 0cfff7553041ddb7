/* SPDX-License-Identifier: MIT */
#include "lib/store-internal.h"

#include "lib/array.h"
#include "lib/error.h"
#include "lib/look.h"
#include "lib/metadata.h"
#include "lib/os-file.h"

void store_forget_directories(struct StoreBatch *batch) {
        for (size_t i = 0; i < batch->n_directories; i++) {
                if (batch->directories[i].owns_fd)
                        os_close(batch->directories[i].fd);
                free(batch->directories[i].path);
        }
        batch->n_directories = 0;
}

/* A new directory gets what the source's is, but is ours to write in; it is durable before anything is in it. */
static int make_directory(struct Store *store, int parent, int source_parent, const char *name, int *ret_source,
                          int *ret_fd) {
        _cleanup_(os_closep) int source = -1, fd = -1;
        const char *call;
        uint32_t lost = 0;
        struct statx st;
        bool is_new;
        int r;

        r = os_make_directory_at(parent, name);
        if (r < 0 && r != -EEXIST)
                return r;
        is_new = r >= 0;
        fd = os_open_directory_at(parent, name);
        if (fd < 0)
                return fd;
        /* What is durable is this file system; and looking for what lies there stays on it too. */
        r = os_statx(fd, "", &st);
        if (r >= 0 && look_device(&st) != store->device)
                r = -EXDEV;
        if (r < 0)
                return r;
        source = source_parent >= 0 ? os_open_directory_at(source_parent, name) : -1;
        if (is_new && source >= 0 && os_statx(source, "", &st) >= 0) {
                st.stx_mode |= 0700;
                r = metadata_copy(source, &st, fd, store->options.metadata, &lost, &call);
                if (r < 0)
                        return r;
        }
        if (is_new) {
                r = os_fsync(fd);
                if (r >= 0)
                        r = os_fsync(parent);
                if (r < 0)
                        return r;
        }
        *ret_source = TAKE_FD(source);
        *ret_fd = TAKE_FD(fd);
        return 0;
}

/* Opens the directory of a path at the destination, and makes what is missing on the way. */
static int open_or_make(struct Store *store, const char *path, size_t n, int *ret_fd) {
        _cleanup_(os_closep) int fd = -1, source = -1;
        char name[VERSION_NAME_MAX + 1];

        for (size_t pos = 0; pos < n;) {
                size_t length = strcspn(path + pos, "/");
                int next, next_source, r;

                memcpy(name, path + pos, length);
                name[length] = '\0';
                r = make_directory(store, fd >= 0 ? fd : store->destination, pos == 0 ? store->source : source, name,
                                   &next_source, &next);
                if (r < 0)
                        return r;
                os_close(fd);
                os_close(source);
                fd = next;
                source = next_source;
                pos += length + 1;
        }
        *ret_fd = TAKE_FD(fd);
        return 0;
}

/* The batch's directory for a path; work comes sorted, so the last one is likely to be it. */
int store_find_directory(struct Store *store, struct StoreBatch *batch, const char *path, uint32_t *ret) {
        _cleanup_(freep) char *parent = NULL;
        size_t n = walk_parent_length(path);
        struct StoreDirectory *last;
        int fd = store->destination, r;

        if (!walk_path_is_valid(path))
                return -EINVAL;
        assert(batch->n_directories == 0 || batch->directories);
        last = batch->n_directories > 0 ? &batch->directories[batch->n_directories - 1] : NULL;
        if (last && strlen(last->path) == n && memcmp(last->path, path, n) == 0) {
                *ret = (uint32_t)(batch->n_directories - 1);
                return 0;
        }
        parent = strndup(path, n);
        if (!parent)
                return -ENOMEM;
        if (n > 0) {
                r = open_or_make(store, path, n, &fd);
                if (r < 0)
                        return r;
        }
        r = ARRAY_APPEND(batch, directories, (struct StoreDirectory){.path = parent, .fd = fd, .owns_fd = n > 0});
        if (r < 0) {
                if (n > 0)
                        os_close(fd);
                return r;
        }
        parent = NULL;
        *ret = (uint32_t)batch->n_directories - 1;
        return 0;
}
