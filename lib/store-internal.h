/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What the store's files share: store-data moves and compares bytes, store-tree
 * finds and makes directories, store-dir makes names appear.
 */

#include <sys/stat.h>

#include "lib/digest-stream.h"
#include "lib/store.h"
#include "lib/walk.h"

#define STORE_BUFFER_SIZE (1024 * 1024)

/* A directory at the destination that a batch writes to. */
struct StoreDirectory {
        char *path;
        int fd;
        bool owns_fd;
        bool is_dirty; /* a name in it is not yet durable */
};

/* What reading and hashing takes; one for each thread. */
struct StoreHand {
        const struct StoreOptions *options;
        struct DigestStream *digest;
        uint8_t *buffer;
        struct StoreRolling *rolling; /* of the file that is being written; NULL: none */
};

struct Store {
        struct StoreOptions options;
        int source, destination;
        uint64_t device; /* the destination's */
        struct Walk source_walk, destination_walk;
        struct StoreHand writer, finisher;
        uint64_t random, n_temporary;
};

/* Negative: nobody wants it any more. */
static inline int store_progress(const struct StoreHand *hand, uint64_t n) {
        return hand->options->progress ? hand->options->progress(hand->options->userdata, n) : 0;
}

/* Reads a file back while it is written; fd stays open until it ends. */
int store_rolling_new(int fd, uint64_t size, const struct StoreOptions *options, struct StoreRolling **ret);
/* So many bytes are on the device. */
void store_rolling_offer(struct StoreRolling *rolling, uint64_t available);
/* All of it is; waits for the digest of what was read. Frees it. */
int store_rolling_end(struct StoreRolling *rolling, struct Digest *ret);
struct StoreRolling *store_rolling_free(struct StoreRolling *rolling);

/* The batch's number of the directory that a path at the destination lies in; what is missing of it is made. */
int store_find_directory(struct Store *store, struct StoreBatch *batch, const char *path, uint32_t *ret);
void store_forget_directories(struct StoreBatch *batch);

/* All of a file's bytes into a digest; -ESTALE where it is shorter than size. */
int store_digest(struct StoreHand *hand, int fd, uint64_t size, bool is_progress, struct Digest *ret);
/* The same from the device. */
int store_digest_from_device(struct StoreHand *hand, int fd, uint64_t size, struct Digest *ret);
/* Copies bytes and holes, or shares them; *ret is the digest of what was read from the source. */
int store_copy_data(struct StoreHand *hand, int from, const struct statx *st, int to, struct Digest *ret,
                    const char **ret_call);
