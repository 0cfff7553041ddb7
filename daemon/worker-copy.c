/* SPDX-License-Identifier: MIT */

/*
 * Copies in batches: this thread writes one while another finishes the one
 * before it.
 */

#include "daemon/worker-internal.h"
#include "lib/error.h"

int worker_add_copy(struct WorkerState *w, const struct Job *job) {
        struct StoreBatch *batch = &w->filling->batch;
        struct StorePut *put = &w->filling->puts[batch->n_puts];

        if (batch->n_puts == STORE_BATCH_MAX || !job->path || !job->to)
                return -EBADMSG;
        *put = (struct StorePut){
                .source = strdup(job->path),
                .path = strdup(job->to),
                .stat = job->stat,
                .has_digest = job->has_digest,
                .digest = job->digest,
        };
        w->filling->ids[batch->n_puts++] = job->id;
        return put->source && put->path ? 0 : -ENOMEM;
}

void worker_forget_copies(struct WorkerBatch *batch) {
        for (size_t i = 0; i < batch->batch.n_puts; i++) {
                free((char *)batch->puts[i].source);
                free((char *)batch->puts[i].path);
        }
        store_batch_done(&batch->batch);
        batch->batch.puts = batch->puts;
}

static void finish(struct WorkerState *w, struct WorkerBatch *batch) {
        store_finish(w->store, &batch->batch);
        for (size_t i = 0; i < batch->batch.n_puts; i++) {
                const struct StorePut *put = &batch->puts[i];

                worker_tell(w, &(struct Report){
                                       .kind = REPORT_RESULT,
                                       .id = batch->ids[i],
                                       .outcome = put->outcome,
                                       .error = put->error,
                                       .text = put->call,
                                       .name = put->name,
                                       .stat = put->there,
                                       .has_digest = put->has_digest,
                                       .digest = put->digest,
                                       .number = put->lost,
                               });
        }
        worker_flush_out(w);
        worker_forget_copies(batch);
}

/* The second half of each batch: it waits for the device while the first half of the next needs the processor. */
static void *run_finisher(void *userdata) {
        struct WorkerState *w = userdata;

        pthread_mutex_lock(&w->mutex);
        while (!w->is_ending || w->finishing) {
                if (!w->finishing) {
                        pthread_cond_wait(&w->changed, &w->mutex);
                        continue;
                }
                pthread_mutex_unlock(&w->mutex);
                finish(w, w->finishing);
                pthread_mutex_lock(&w->mutex);
                w->finishing = NULL;
                pthread_cond_broadcast(&w->changed);
        }
        pthread_mutex_unlock(&w->mutex);
        return NULL;
}

void worker_wait_for_copies(struct WorkerState *w) {
        pthread_mutex_lock(&w->mutex);
        while (w->finishing)
                pthread_cond_wait(&w->changed, &w->mutex);
        pthread_mutex_unlock(&w->mutex);
}

/* Started late, so that it is confined as its maker is. */
static int start_finisher(struct WorkerState *w) {
        int r;

        if (w->has_finisher)
                return 0;
        r = pthread_create(&w->finisher, NULL, run_finisher, w);
        w->has_finisher = r == 0;
        return -r;
}

void worker_end_copying(struct WorkerState *w) {
        pthread_mutex_lock(&w->mutex);
        w->is_ending = true;
        pthread_cond_broadcast(&w->changed);
        pthread_mutex_unlock(&w->mutex);
        if (w->has_finisher)
                pthread_join(w->finisher, NULL);
}

int worker_commit_copies(struct WorkerState *w) {
        struct WorkerBatch *batch = w->filling;
        int r;

        r = start_finisher(w);
        if (r < 0)
                return r;
        store_write(w->store, &batch->batch);
        worker_wait_for_copies(w);
        pthread_mutex_lock(&w->mutex);
        w->finishing = batch;
        pthread_cond_broadcast(&w->changed);
        pthread_mutex_unlock(&w->mutex);
        w->filling = batch == &w->batches[0] ? &w->batches[1] : &w->batches[0];
        return 0;
}
