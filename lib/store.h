/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * A destination in a directory: a batch of files goes in, and each is whole,
 * durable, read back and equal to its source, or not there at all.
 *
 * This is the only place that makes names appear at a destination. Files of a
 * batch share the cost of durability; none of them appears before all that came
 * so far is durable.
 */

#include "lib/backup.h"
#include "lib/base.h"
#include "lib/config.h"
#include "lib/digest.h"
#include "lib/version.h"

#define STORE_BATCH_MAX 1000

enum StoreOutcome {
        STORE_COPIED,
        STORE_ADOPTED, /* an equal file was there */
        STORE_CHANGED, /* the source is being written, or is not the file that was meant any more: later */
        STORE_GONE,    /* the source has vanished */
        STORE_SUSPECT, /* the source looks the same and has other content than its digest says */
        STORE_FAILED,  /* error and call say how */
        _STORE_OUTCOME_MAX,
};

struct StorePut {
        /* What is asked for. */
        const char *source; /* relative to the source's root */
        const char *path;   /* relative to the destination's */
        struct BackupStat stat;
        bool has_digest; /* which the source must have */
        struct Digest digest;

        /* What came of it. */
        enum StoreOutcome outcome;
        int error;        /* negative errno */
        const char *call; /* the one that failed */
        struct BackupStat there;
        uint32_t lost;                   /* bits of enum MetadataLost */
        char name[VERSION_NAME_MAX + 1]; /* last component at the destination, where it is another; else "" */

        /* The store's own, from phase to phase. */
        uint64_t device; /* the source's */
        uint32_t directory;
        int fd;
        bool is_written;              /* a temporary file is to be verified and published */
        struct StoreRolling *rolling; /* reads it back already */
        char temporary[32];
};

struct StoreOptions {
        enum ConfigVerify verify;
        enum ConfigMetadata metadata;
        /* Called after every few megabytes: long work shows that it is alive. Negative: give it up, with that error. */
        int (*progress)(void *userdata, uint64_t n_bytes);
        void *userdata;
};

/* Files that share the cost of durability. */
struct StoreBatch {
        struct StorePut *puts; /* the caller's, at most STORE_BATCH_MAX */
        size_t n_puts;
        struct StoreDirectory *directories; /* the store's own */
        size_t n_directories, n_directories_allocated;
};

struct Store;

/* Borrows both roots. */
int store_new(int source, int destination, const struct StoreOptions *options, struct Store **ret);
/* Opens directories anew from here on: meanwhile others may have come in their place. */
void store_forget_paths(struct Store *store);
struct Store *store_free(struct Store *store);
DEFINE_CLEANUP(struct Store *, store_free)

/*
 * The two halves of putting a batch: from the source to temporary files; and then durable, verified, under their
 * names. Every put has its outcome after the second, which another thread may do while this one writes the next
 * batch.
 */
void store_write(struct Store *store, struct StoreBatch *batch);
void store_finish(struct Store *store, struct StoreBatch *batch);
/* Both. */
void store_put(struct Store *store, struct StorePut *puts, size_t n_puts);
void store_batch_done(struct StoreBatch *batch);

/*
 * The copy follows its backup's new name; where that is taken, it gets a version's name (name, else ""). -ESTALE where
 * another file lies in its place.
 */
int store_rename(struct Store *store, const char *from, const char *to, const struct BackupStat *stat,
                 char name[static VERSION_NAME_MAX + 1], struct BackupStat *ret);

/* Reads a file from the device; only of the file that is meant, else STORE_CHANGED or STORE_GONE. */
enum StoreOutcome store_read(struct Store *store, bool in_source, const char *path, const struct BackupStat *stat,
                             struct Digest *ret, int *ret_error);
