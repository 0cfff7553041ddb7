/* SPDX-License-Identifier: MIT */

/*
 * Large files are read back while they are still being written: what the writer
 * knows to be on the device, a thread reads from it and hashes. So a file of a
 * terabyte is verified when its last megabytes are.
 */

#include "lib/store-internal.h"

#include <pthread.h>

#include "lib/error.h"
#include "lib/os-file.h"

/* The verification of one file. The thread alone uses stream and buffer until it is done. */
struct StoreRolling {
        pthread_t thread;
        int fd;
        uint64_t size;
        const struct StoreOptions *options;
        struct DigestStream *stream;
        uint8_t *buffer;

        pthread_mutex_t mutex; /* guards what follows */
        pthread_cond_t changed;
        uint64_t available; /* bytes that are on the device */
        bool is_cancelled;
        int error;
};

/* How far it may read; 0 to stop. Waits while there is nothing. */
static uint64_t wait_for_more(struct StoreRolling *rolling, uint64_t offset) {
        uint64_t available;

        pthread_mutex_lock(&rolling->mutex);
        while (rolling->available <= offset && !rolling->is_cancelled)
                pthread_cond_wait(&rolling->changed, &rolling->mutex);
        available = rolling->is_cancelled ? 0 : rolling->available;
        pthread_mutex_unlock(&rolling->mutex);
        return available;
}

static int read_stretch(struct StoreRolling *rolling, uint64_t *offset, uint64_t end) {
        os_drop_cache(rolling->fd, *offset, end - *offset);
        os_begin_read(rolling->fd, *offset, end - *offset);
        while (*offset < end) {
                ssize_t n = os_read_at(rolling->fd, rolling->buffer,
                                       (size_t)MIN(end - *offset, (uint64_t)STORE_BUFFER_SIZE), *offset);
                int r;

                if (n <= 0)
                        return n == 0 ? -ESTALE : (int)n;
                r = digest_stream_add(rolling->stream, rolling->buffer, (size_t)n);
                *offset += (uint64_t)n;
                if (r >= 0 && rolling->options->progress)
                        r = rolling->options->progress(rolling->options->userdata, 0);
                if (r < 0)
                        return r;
        }
        return 0;
}

static void *run(void *userdata) {
        struct StoreRolling *rolling = userdata;
        uint64_t offset = 0;

        while (offset < rolling->size && rolling->error == 0) {
                uint64_t end = wait_for_more(rolling, offset);

                if (end == 0)
                        break;
                rolling->error = read_stretch(rolling, &offset, end);
        }
        return NULL;
}

int store_rolling_new(int fd, uint64_t size, const struct StoreOptions *options, struct StoreRolling **ret) {
        struct StoreRolling *rolling = calloc(1, sizeof(*rolling));
        int r;

        if (!rolling)
                return -ENOMEM;
        rolling->fd = fd;
        rolling->size = size;
        rolling->options = options;
        rolling->buffer = malloc(STORE_BUFFER_SIZE);
        pthread_mutex_init(&rolling->mutex, NULL);
        pthread_cond_init(&rolling->changed, NULL);
        r = rolling->buffer ? digest_stream_new(&rolling->stream) : -ENOMEM;
        if (r >= 0)
                r = digest_stream_begin(rolling->stream);
        if (r >= 0)
                r = -pthread_create(&rolling->thread, NULL, run, rolling);
        if (r < 0) {
                digest_stream_free(rolling->stream);
                pthread_cond_destroy(&rolling->changed);
                pthread_mutex_destroy(&rolling->mutex);
                free(rolling->buffer);
                free(rolling);
                return r;
        }
        *ret = rolling;
        return 0;
}

void store_rolling_offer(struct StoreRolling *rolling, uint64_t available) {
        pthread_mutex_lock(&rolling->mutex);
        rolling->available = MAX(rolling->available, available);
        pthread_cond_signal(&rolling->changed);
        pthread_mutex_unlock(&rolling->mutex);
}

static struct StoreRolling *join(struct StoreRolling *rolling, bool is_cancelled, int *ret_error, struct Digest *ret) {
        pthread_mutex_lock(&rolling->mutex);
        rolling->is_cancelled = is_cancelled;
        rolling->available = rolling->size;
        pthread_cond_signal(&rolling->changed);
        pthread_mutex_unlock(&rolling->mutex);
        pthread_join(rolling->thread, NULL);
        *ret_error = rolling->error;
        if (rolling->error == 0)
                *ret_error = digest_stream_end(rolling->stream, ret);
        digest_stream_free(rolling->stream);
        pthread_cond_destroy(&rolling->changed);
        pthread_mutex_destroy(&rolling->mutex);
        free(rolling->buffer);
        free(rolling);
        return NULL;
}

int store_rolling_end(struct StoreRolling *rolling, struct Digest *ret) {
        int error;

        join(rolling, false, &error, ret);
        return error;
}

struct StoreRolling *store_rolling_free(struct StoreRolling *rolling) {
        struct Digest digest;
        int error;

        return rolling ? join(rolling, true, &error, &digest) : NULL;
}
