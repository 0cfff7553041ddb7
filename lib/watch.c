/* SPDX-License-Identifier: MIT */
#include "lib/watch.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "lib/array.h"
#include "lib/error.h"
#include "lib/os.h"
#include "lib/table.h"

#define BUFFER_SIZE (64 * 1024)
/* So many directories may have events before it is known whose they are. */
#define N_UNCLAIMED_MAX 1024

#define MASK                                                                                                           \
        (IN_CREATE | IN_CLOSE_WRITE | IN_ATTRIB | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_DELETE_SELF |           \
         IN_MOVE_SELF | IN_ONLYDIR | IN_EXCL_UNLINK)

struct Binding {
        int number; /* 0: free */
        void *owner;
        char *directory;
};

struct Watch {
        int fd;
        struct Table table; /* of bindings, by number */
        struct Binding *bindings;
        size_t n_bindings, n_bindings_allocated;
        int *unclaimed;
        size_t n_unclaimed, n_unclaimed_allocated;
        bool is_overflown;
        size_t pos, end;
        _Alignas(struct inotify_event) char buffer[BUFFER_SIZE];
};

static uint64_t hash_number(int number) {
        return (uint64_t)(uint32_t)number * UINT64_C(0x9e3779b97f4a7c15) >> 7;
}

static uint64_t binding_hash(const void *owner, uint32_t id) {
        const struct Watch *watch = owner;

        return hash_number(watch->bindings[id].number);
}

static bool binding_equal(const void *owner, uint32_t id, const void *key) {
        const struct Watch *watch = owner;

        return watch->bindings[id].number == *(const int *)key;
}

static const struct TableType binding_type = {binding_hash, binding_equal};

int watch_new(struct Watch **ret) {
        _cleanup_(watch_freep) struct Watch *watch = calloc(1, sizeof(*watch));

        if (!watch)
                return -ENOMEM;
        watch->fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
        if (watch->fd < 0)
                return -errno;
        *ret = TAKE_PTR(watch);
        return 0;
}

struct Watch *watch_free(struct Watch *watch) {
        if (!watch)
                return NULL;
        for (size_t i = 0; i < watch->n_bindings; i++)
                free(watch->bindings[i].directory);
        free(watch->bindings);
        free(watch->unclaimed);
        table_done(&watch->table);
        os_close(watch->fd);
        free(watch);
        return NULL;
}

int watch_fd(const struct Watch *watch) {
        return watch->fd;
}

int watch_dispatch(struct Watch *watch) {
        ssize_t n = read(watch->fd, watch->buffer, sizeof(watch->buffer));

        watch->pos = 0;
        watch->end = n > 0 ? (size_t)n : 0;
        return n < 0 && errno != EAGAIN && errno != EINTR ? -errno : 0;
}

static struct Binding *find(const struct Watch *watch, int number) {
        uint32_t id = table_find(&watch->table, &binding_type, watch, hash_number(number), &number);

        return id == TABLE_NONE ? NULL : &watch->bindings[id];
}

static void unbind(struct Watch *watch, struct Binding *binding) {
        table_remove(&watch->table, &binding_type, watch, (uint32_t)(binding - watch->bindings));
        free(binding->directory);
        *binding = (struct Binding){};
}

/* It will be told to whoever says that the directory is theirs. */
static void keep_unclaimed(struct Watch *watch, int number) {
        for (size_t i = 0; i < watch->n_unclaimed; i++)
                if (watch->unclaimed[i] == number)
                        return;
        if (watch->n_unclaimed >= N_UNCLAIMED_MAX || ARRAY_APPEND(watch, unclaimed, number) < 0)
                watch->is_overflown = true;
}

static bool claim(struct Watch *watch, int number) {
        for (size_t i = 0; i < watch->n_unclaimed; i++)
                if (watch->unclaimed[i] == number) {
                        watch->unclaimed[i] = watch->unclaimed[--watch->n_unclaimed];
                        return true;
                }
        return false;
}

static enum WatchKind kind_of(uint32_t mask) {
        if (mask & (IN_ISDIR | IN_DELETE_SELF | IN_MOVE_SELF | IN_UNMOUNT))
                return WATCH_DIRECTORY;
        if (mask & (IN_CLOSE_WRITE | IN_MOVED_TO))
                return WATCH_FINISHED;
        return mask & (IN_CREATE | IN_ATTRIB) ? WATCH_CREATED : WATCH_VANISHED;
}

/* 1 if the event says something. */
static int take(struct Watch *watch, const struct inotify_event *event, struct WatchEvent *ret) {
        struct Binding *binding = find(watch, event->wd);
        const char *name = event->len > 0 ? event->name : "";

        if (event->mask & IN_IGNORED) {
                claim(watch, event->wd);
                if (binding)
                        unbind(watch, binding);
                return 0;
        }
        if (strncmp(name, OS_RESERVED_PREFIX, strlen(OS_RESERVED_PREFIX)) == 0)
                return 0;
        /* Another mode or time of a directory says nothing of what is in it. */
        if (event->mask & IN_ATTRIB && (event->mask & IN_ISDIR || event->len == 0))
                return 0;
        if (!binding) {
                keep_unclaimed(watch, event->wd);
                return 0;
        }
        *ret = (struct WatchEvent){
                .kind = kind_of(event->mask),
                .owner = binding->owner,
                .directory = binding->directory,
                .name = name,
        };
        return 1;
}

int watch_pop(struct Watch *watch, struct WatchEvent *ret) {
        while (watch->pos < watch->end) {
                const struct inotify_event *event = (const struct inotify_event *)(watch->buffer + watch->pos);

                if (watch->end - watch->pos < sizeof(*event) || watch->end - watch->pos - sizeof(*event) < event->len)
                        return -EBADMSG;
                watch->pos += sizeof(*event) + event->len;
                if (event->mask & IN_Q_OVERFLOW)
                        watch->is_overflown = true;
                else if (take(watch, event, ret) > 0)
                        return 1;
        }
        if (!watch->is_overflown)
                return 0;
        watch->is_overflown = false;
        *ret = (struct WatchEvent){.kind = WATCH_OVERFLOW, .directory = "", .name = ""};
        return 1;
}

int watch_add(int inotify_fd, int directory_fd) {
        char path[sizeof("/proc/self/fd/-2147483648")];
        int number;

        snprintf(path, sizeof(path), "/proc/self/fd/%d", directory_fd);
        number = inotify_add_watch(inotify_fd, path, MASK);
        return number < 0 ? -errno : number;
}

/* A number of a binding that is free, else a new one. */
static int take_binding(struct Watch *watch, uint32_t *ret) {
        int r;

        for (size_t i = watch->n_bindings; i > 0 && watch->table.n_used < watch->n_bindings; i--)
                if (watch->bindings[i - 1].number == 0) {
                        *ret = (uint32_t)(i - 1);
                        return 0;
                }
        r = ARRAY_APPEND(watch, bindings, (struct Binding){});
        if (r >= 0)
                *ret = (uint32_t)watch->n_bindings - 1;
        return r;
}

int watch_bind(struct Watch *watch, int number, void *owner, const char *directory) {
        struct Binding *binding = find(watch, number);
        char *copy = strdup(directory);
        uint32_t id;
        int r;

        if (!copy)
                return -ENOMEM;
        if (!binding) {
                r = table_reserve(&watch->table, &binding_type, watch);
                if (r >= 0)
                        r = take_binding(watch, &id);
                if (r < 0) {
                        free(copy);
                        return r;
                }
                binding = &watch->bindings[id];
                binding->number = number;
                table_insert(&watch->table, hash_number(number), id);
        }
        free(binding->directory);
        binding->owner = owner;
        binding->directory = copy;
        return claim(watch, number);
}

void watch_forget(struct Watch *watch, const void *owner) {
        for (size_t i = 0; watch && i < watch->n_bindings; i++)
                if (watch->bindings[i].number != 0 && watch->bindings[i].owner == owner) {
                        inotify_rm_watch(watch->fd, watch->bindings[i].number);
                        unbind(watch, &watch->bindings[i]);
                }
}

size_t watch_count(const struct Watch *watch, const void *owner) {
        size_t n = 0;

        for (size_t i = 0; i < watch->n_bindings; i++)
                n += watch->bindings[i].number != 0 && watch->bindings[i].owner == owner;
        return n;
}
