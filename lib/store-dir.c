/* SPDX-License-Identifier: MIT */
#include "lib/store.h"

#include <stdio.h>
#include <sys/random.h>

#include "lib/error.h"
#include "lib/look.h"
#include "lib/metadata.h"
#include "lib/os-file.h"
#include "lib/store-internal.h"

/* So many files are cheaper made durable all at once, though that waits for others' dirty data too. */
#define N_SYNC_EACH 8
/* So many versions of one second have names. */
#define N_VERSIONS 10
/* From this size on, a file is read back while it is written. */
#define ROLLING_SIZE (UINT64_C(64) * 1024 * 1024)

static int hand_init(struct StoreHand *hand, const struct StoreOptions *options) {
        hand->options = options;
        hand->buffer = malloc(STORE_BUFFER_SIZE);
        return hand->buffer ? digest_stream_new(&hand->digest) : -ENOMEM;
}

static void hand_done(struct StoreHand *hand) {
        digest_stream_free(hand->digest);
        free(hand->buffer);
}

int store_new(int source, int destination, const struct StoreOptions *options, struct Store **ret) {
        _cleanup_(store_freep) struct Store *store = calloc(1, sizeof(*store));
        struct statx st;
        int r = 0;

        if (!store)
                return -ENOMEM;
        walk_init(&store->source_walk, source);
        walk_init(&store->destination_walk, destination);
        store->options = *options;
        store->source = source;
        store->destination = destination;
        if (getrandom(&store->random, sizeof(store->random), 0) != sizeof(store->random))
                return -EIO;
        if (destination >= 0)
                r = look_at_fd(destination, &st, NULL);
        if (destination >= 0 && r >= 0)
                store->device = look_device(&st);
        if (r >= 0)
                r = hand_init(&store->writer, &store->options);
        if (r >= 0)
                r = hand_init(&store->finisher, &store->options);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(store);
        return 0;
}

struct Store *store_free(struct Store *store) {
        if (!store)
                return NULL;
        hand_done(&store->writer);
        hand_done(&store->finisher);
        walk_done(&store->source_walk);
        walk_done(&store->destination_walk);
        free(store);
        return NULL;
}

static int fail(struct StorePut *put, int error, const char *call) {
        put->outcome = STORE_FAILED;
        put->error = error;
        put->call = call;
        return error;
}

static int directory_fd(const struct StoreBatch *batch, const struct StorePut *put) {
        return batch->directories[put->directory].fd;
}

static const char *final_name(const struct StorePut *put) {
        return *put->name ? put->name : walk_name(put->path);
}

/* Opens the source and makes sure that it is the file that is meant and nobody writes to it. */
static int open_source(struct Store *store, struct StorePut *put, struct statx *ret_st, int *ret_fd) {
        _cleanup_(os_closep) int fd = -1;
        struct BackupStat stat;
        int dir, r;

        r = walk_open_parent(&store->source_walk, put->source, &dir);
        if (r >= 0)
                r = fd = os_open_file_at(dir, walk_name(put->source));
        if (r == -ENOENT) {
                put->outcome = STORE_GONE;
                return r;
        }
        if (r == -ELOOP || r == -ENOTDIR || r == -EINVAL) {
                put->outcome = STORE_CHANGED;
                return r;
        }
        if (r < 0)
                return fail(put, r, "open");
        r = look_at_fd(fd, ret_st, &stat);
        if (r < 0)
                return fail(put, r, "stat");
        put->device = look_device(ret_st);
        if (!backup_is_same(&stat, &put->stat) || os_ask_lease(fd) == -EAGAIN) {
                put->outcome = STORE_CHANGED;
                return -ESTALE;
        }
        *ret_fd = TAKE_FD(fd);
        return 0;
}

/* After its bytes were read: is it still what it was? The change time tells what the others may be made to hide. */
static int check_source(struct StorePut *put, int fd, const struct statx *before) {
        struct statx after;
        int r;

        r = os_statx(fd, "", &after);
        if (r < 0)
                return fail(put, r, "stat");
        if (after.stx_size != before->stx_size || after.stx_mtime.tv_sec != before->stx_mtime.tv_sec ||
            after.stx_mtime.tv_nsec != before->stx_mtime.tv_nsec ||
            after.stx_ctime.tv_sec != before->stx_ctime.tv_sec ||
            after.stx_ctime.tv_nsec != before->stx_ctime.tv_nsec) {
                put->outcome = STORE_CHANGED;
                return -ESTALE;
        }
        return 0;
}

/* The digest that was found, against the one that the catalog knows. */
static int check_digest(struct StorePut *put, const struct Digest *digest) {
        if (put->has_digest && !digest_equal(&put->digest, digest)) {
                put->outcome = STORE_SUSPECT;
                return -EILSEQ;
        }
        put->digest = *digest;
        put->has_digest = true;
        return 0;
}

/* 1 if the name holds these very bytes, durable and read from the device; 0 if something else; -ENOENT if it is free. */
static int is_equal_there(struct StoreHand *hand, int dir, const char *name, struct StorePut *put) {
        _cleanup_(os_closep) int fd = -1;
        struct Digest digest;
        int r;

        fd = os_open_file_at(dir, name);
        if (fd < 0)
                return fd == -ELOOP || fd == -EINVAL || fd == -ENXIO ? 0 : fd;
        r = look_at_fd(fd, NULL, &put->there);
        if (r < 0)
                return r;
        if (put->there.size != put->stat.size)
                return 0;
        r = os_fsync(fd);
        if (r >= 0)
                r = store_digest_from_device(hand, fd, put->stat.size, &digest);
        return r == -ESTALE ? 0 : r < 0 ? r : digest_equal(&digest, &put->digest);
}

/* By a mount, or a hard link: no copy at all, though it is equal. */
static bool is_source_itself(int dir, const struct StorePut *put) {
        struct statx st;

        return os_statx(dir, walk_name(put->path), &st) >= 0 && st.stx_ino == put->stat.ino &&
               look_device(&st) == put->device;
}

void store_forget_paths(struct Store *store) {
        walk_done(&store->source_walk);
        walk_done(&store->destination_walk);
}

/* The name of a version; of several in one second, the later ones get the seconds that follow. */
static void name_version(const char *name, int64_t mtime_usec, unsigned number, char buf[static VERSION_NAME_MAX + 1]) {
        version_name(name, strlen(name), add_saturated(mtime_usec, (int64_t)number * USEC_PER_SEC), buf);
}

/*
 * The name is taken: by an equal file, which is adopted (1), or by another, and then the copy gets a version's
 * name (0). Nothing is ever replaced.
 */
static int adopt_or_rename(struct StoreHand *hand, struct StoreBatch *batch, struct StorePut *put) {
        int dir = directory_fd(batch, put), r;

        if (is_source_itself(dir, put))
                return fail(put, -EEXIST, "the name is the source's own file, by a mount or a hard link");
        r = is_equal_there(hand, dir, walk_name(put->path), put);
        for (unsigned i = 0; i < N_VERSIONS && r == 0; i++) {
                name_version(walk_name(put->path), put->stat.mtime_usec, i, put->name);
                r = is_equal_there(hand, dir, put->name, put);
        }
        if (r == 0)
                return fail(put, -EEXIST, "adopt");
        if (r == -ENOENT)
                return 0;
        if (r < 0)
                return fail(put, r, "read");
        put->outcome = STORE_ADOPTED;
        batch->directories[put->directory].is_dirty = true;
        return 1;
}

static int adopt(struct Store *store, struct StoreBatch *batch, struct StorePut *put, int from,
                 const struct statx *st) {
        struct Digest digest;
        int r;

        r = store_digest(&store->writer, from, st->stx_size, true, &digest);
        if (r == -ESTALE) {
                put->outcome = STORE_CHANGED;
                return r;
        }
        if (r < 0)
                return fail(put, r, "read");
        r = check_source(put, from, st);
        if (r >= 0)
                r = check_digest(put, &digest);
        return r < 0 ? r : adopt_or_rename(&store->writer, batch, put);
}

static int write_temporary(struct Store *store, struct StoreBatch *batch, struct StorePut *put, int from,
                           const struct statx *st) {
        const char *call = "create";
        unsigned long long number;
        struct Digest digest;
        int r;

        number = store->random + store->n_temporary++;
        snprintf(put->temporary, sizeof(put->temporary), OS_RESERVED_PREFIX "%016llx", number);
        put->fd = os_create_at(directory_fd(batch, put), put->temporary);
        if (put->fd < 0)
                return fail(put, put->fd, call);
        put->is_written = true;
        if (store->options.verify == CONFIG_VERIFY_READBACK && st->stx_size >= ROLLING_SIZE) {
                r = store_rolling_new(put->fd, st->stx_size, &store->options, &put->rolling);
                if (r < 0)
                        return fail(put, r, "thread");
        }
        store->writer.rolling = put->rolling;
        r = store_copy_data(&store->writer, from, st, put->fd, &digest, &call);
        if (r == -ESTALE) {
                put->outcome = STORE_CHANGED;
                return r;
        }
        if (r >= 0)
                r = metadata_copy(from, st, put->fd, store->options.metadata, &put->lost, &call);
        if (r < 0)
                return fail(put, r, call);
        r = check_source(put, from, st);
        return r < 0 ? r : check_digest(put, &digest);
}

static void discard(struct StoreBatch *batch, struct StorePut *put) {
        if (put->is_written)
                os_unlink_at(directory_fd(batch, put), put->temporary);
        put->is_written = false;
        put->rolling = store_rolling_free(put->rolling);
        put->fd = os_close(put->fd);
}

/* From the source to a temporary file. */
static void write_one(struct Store *store, struct StoreBatch *batch, struct StorePut *put) {
        _cleanup_(os_closep) int from = -1;
        struct statx st, there;
        int r;

        r = open_source(store, put, &st, &from);
        if (r < 0)
                return;
        r = store_find_directory(store, batch, put->path, &put->directory);
        if (r < 0) {
                fail(put, r,
                     r == -EXDEV ? "on another file system than To=; make it a destination of its own" : "mkdir");
                return;
        }
        r = os_statx(directory_fd(batch, put), walk_name(put->path), &there);
        if (r >= 0)
                r = adopt(store, batch, put, from, &st);
        else if (r == -ENOENT)
                r = 0;
        else
                r = fail(put, r, "stat");
        if (r == 0)
                r = write_temporary(store, batch, put, from, &st);
        if (r < 0)
                discard(batch, put);
}

static void sync_each(struct Store *store, struct StoreBatch *batch) {
        for (size_t i = 0; i < batch->n_puts; i++) {
                int r = batch->puts[i].is_written ? os_fsync(batch->puts[i].fd) : 0;

                (void)store_progress(&store->finisher, 0); /* all that is written is brought to its end */
                if (r < 0) {
                        fail(&batch->puts[i], r, "fsync");
                        discard(batch, &batch->puts[i]);
                }
        }
}

static void make_durable(struct Store *store, struct StoreBatch *batch) {
        size_t n = 0;

        for (size_t i = 0; i < batch->n_puts; i++)
                n += batch->puts[i].is_written;
        /* If all at once fails, one by one tells which. */
        if (n <= N_SYNC_EACH || os_syncfs(store->destination) < 0)
                sync_each(store, batch);
}

/* Reads back what the device has. All reads are begun before the first is waited for. */
static void verify(struct Store *store, struct StoreBatch *batch) {
        if (store->options.verify != CONFIG_VERIFY_READBACK)
                return;
        for (size_t i = 0; i < batch->n_puts; i++)
                if (batch->puts[i].is_written && !batch->puts[i].rolling) {
                        os_drop_cache(batch->puts[i].fd, 0, 0);
                        os_begin_read(batch->puts[i].fd, 0, MIN(batch->puts[i].stat.size, (uint64_t)STORE_BUFFER_SIZE));
                }
        for (size_t i = 0; i < batch->n_puts; i++) {
                struct Digest digest;
                int r;

                if (!batch->puts[i].is_written)
                        continue;
                if (batch->puts[i].rolling) {
                        r = store_rolling_end(batch->puts[i].rolling, &digest);
                        batch->puts[i].rolling = NULL;
                } else
                        r = store_digest(&store->finisher, batch->puts[i].fd, batch->puts[i].stat.size, false, &digest);
                if (r >= 0 && !digest_equal(&digest, &batch->puts[i].digest))
                        r = -EILSEQ;
                if (r < 0) {
                        fail(&batch->puts[i], r, "read back");
                        discard(batch, &batch->puts[i]);
                }
        }
}

static void publish(struct Store *store, struct StoreBatch *batch, struct StorePut *put) {
        int dir = directory_fd(batch, put), r;

        r = os_rename_at(dir, put->temporary, dir, final_name(put));
        if (r == -EEXIST) {
                /* Somebody else made a file of that name since we looked. */
                r = adopt_or_rename(&store->finisher, batch, put);
                if (r != 0) {
                        discard(batch, put);
                        return;
                }
                r = os_rename_at(dir, put->temporary, dir, final_name(put));
        }
        if (r < 0) {
                fail(put, r, "rename");
                discard(batch, put);
                return;
        }
        put->outcome = STORE_COPIED;
        batch->directories[put->directory].is_dirty = true;
        r = look_at_fd(put->fd, NULL, &put->there);
        if (r < 0)
                fail(put, r, "stat");
        put->is_written = false;
        put->fd = os_close(put->fd);
}

/* What cannot be made durable under its name is no copy, though it may be there. */
static void sync_directories(struct StoreBatch *batch) {
        for (uint32_t d = 0; d < batch->n_directories; d++) {
                int r = batch->directories[d].is_dirty ? os_fsync(batch->directories[d].fd) : 0;

                if (r >= 0)
                        continue;
                for (size_t i = 0; i < batch->n_puts; i++)
                        if (batch->puts[i].directory == d &&
                            (batch->puts[i].outcome == STORE_COPIED || batch->puts[i].outcome == STORE_ADOPTED))
                                fail(&batch->puts[i], r, "fsync of the directory");
        }
}

void store_write(struct Store *store, struct StoreBatch *batch) {
        for (size_t i = 0; i < batch->n_puts; i++) {
                struct StorePut *put = &batch->puts[i];

                put->outcome = STORE_FAILED;
                put->directory = UINT32_MAX;
                put->fd = -1;
                put->rolling = NULL;
                put->is_written = false;
                put->lost = 0;
                put->error = 0;
                put->call = "";
                *put->name = '\0';
                write_one(store, batch, put);
        }
}

void store_finish(struct Store *store, struct StoreBatch *batch) {
        make_durable(store, batch);
        verify(store, batch);
        for (size_t i = 0; i < batch->n_puts; i++)
                if (batch->puts[i].is_written)
                        publish(store, batch, &batch->puts[i]);
        sync_directories(batch);
        store_forget_directories(batch);
}

void store_put(struct Store *store, struct StorePut *puts, size_t n_puts) {
        _cleanup_(store_batch_done) struct StoreBatch batch = {.puts = puts, .n_puts = n_puts};

        store_write(store, &batch);
        store_finish(store, &batch);
}

void store_batch_done(struct StoreBatch *batch) {
        store_forget_directories(batch);
        free(batch->directories);
        *batch = (struct StoreBatch){};
}

int store_rename(struct Store *store, const char *from, const char *to, const struct BackupStat *stat,
                 char name[static VERSION_NAME_MAX + 1], struct BackupStat *ret) {
        _cleanup_(store_batch_done) struct StoreBatch batch = {};
        const char *to_name = walk_name(to);
        uint32_t directory;
        int from_dir, to_dir, r;

        *name = '\0';
        r = store_find_directory(store, &batch, to, &directory);
        if (r >= 0)
                r = walk_open_parent(&store->destination_walk, from, &from_dir);
        if (r >= 0)
                r = look_is(from_dir, walk_name(from), stat);
        if (r < 0)
                return r;
        to_dir = batch.directories[directory].fd;
        r = os_rename_at(from_dir, walk_name(from), to_dir, to_name);
        for (unsigned i = 0; i < N_VERSIONS && r == -EEXIST; i++) {
                name_version(walk_name(to), stat->mtime_usec, i, name);
                to_name = name;
                r = os_rename_at(from_dir, walk_name(from), to_dir, to_name);
        }
        if (r >= 0)
                r = os_fsync(to_dir);
        if (r >= 0)
                r = os_fsync(from_dir);
        if (r >= 0)
                r = look_is(to_dir, to_name, stat);
        if (r >= 0)
                *ret = *stat;
        return r;
}

enum StoreOutcome store_read(struct Store *store, bool in_source, const char *path, const struct BackupStat *stat,
                             struct Digest *ret, int *ret_error) {
        _cleanup_(os_closep) int fd = -1;
        struct BackupStat found;
        int dir, r;

        r = walk_open_parent(in_source ? &store->source_walk : &store->destination_walk, path, &dir);
        if (r >= 0)
                r = fd = os_open_file_at(dir, walk_name(path));
        if (r == -ENOENT || r == -ELOOP || r == -EINVAL || r == -ENOTDIR)
                return STORE_GONE;
        if (r >= 0)
                r = look_at_fd(fd, NULL, &found);
        if (r >= 0 && !backup_is_same(&found, stat))
                return STORE_CHANGED;
        if (r >= 0)
                r = store_digest_from_device(&store->writer, fd, stat->size, ret);
        if (r == -ESTALE)
                return STORE_CHANGED;
        *ret_error = r;
        return r < 0 ? STORE_FAILED : STORE_ADOPTED;
}
