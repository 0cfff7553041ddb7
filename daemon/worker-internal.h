/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What the worker's files share: worker-main takes jobs, worker-copy has the
 * batches and their second thread, worker-tell sends.
 */

#include <pthread.h>

#include "lib/config.h"
#include "lib/job.h"
#include "lib/marker.h"
#include "lib/remove.h"
#include "lib/store.h"
#include "lib/walk.h"

struct WorkerBatch {
        struct StoreBatch batch;
        struct StorePut puts[STORE_BATCH_MAX];
        uint64_t ids[STORE_BATCH_MAX];
};

struct WorkerState {
        struct Message in, out;
        char *source_path, *destination_path;
        int source, destination;
        struct Marker marker;
        bool is_watching; /* what is scanned in the source */
        struct Store *store;
        struct Remover source_remover, destination_remover;
        struct Walk source_walk, destination_walk; /* until the next commit */

        /* Two batches: while one is being finished, the next is written. */
        struct WorkerBatch batches[2];
        struct WorkerBatch *filling;

        pthread_t finisher;
        bool has_finisher;
        pthread_mutex_t mutex; /* guards out, progress, told_usec, error, and what follows */
        pthread_cond_t changed;
        struct WorkerBatch *finishing; /* NULL: the finisher is idle */
        bool is_ending;

        bool is_owner_gone;             /* the backup whose companions come next */
        Strv include, exclude, ignored; /* of the next scan */
        uint64_t progress;              /* not yet told */
        int64_t told_usec;
        uint64_t bandwidth; /* bytes a second, UINT64_MAX: no limit */
        int64_t free_usec;  /* when what was copied so far is paid for */
        int error;          /* sending failed: the daemon is gone */
};

void worker_tell(struct WorkerState *w, const struct Report *report);
void worker_flush_out(struct WorkerState *w);
/* For struct StoreOptions: alive, and so many bytes further. Negative where the daemon is gone. */
int worker_tell_progress(void *userdata, uint64_t n_bytes);

int worker_add_copy(struct WorkerState *w, const struct Job *job);
/* Carries out the copies of the batch; their results come when they are finished. */
int worker_commit_copies(struct WorkerState *w);
void worker_wait_for_copies(struct WorkerState *w);
void worker_forget_copies(struct WorkerBatch *batch);
void worker_end_copying(struct WorkerState *w);
