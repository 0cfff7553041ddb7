/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The daemon's end of a worker: starts the process, sends it jobs, hands on what
 * it reports, and notices when it dies or does not answer. Nothing here waits.
 */

#include <systemd/sd-event.h>

#include "lib/base.h"
#include "lib/job.h"

enum WorkerEnd {
        WORKER_DIED,
        WORKER_HUNG, /* nothing came for as long as patience lasts, though an answer was due */
};

struct WorkerHandler {
        void (*report)(void *userdata, const struct Report *report);
        /* Once, and nothing after it; the worker is to be freed by its owner, later. */
        void (*ended)(void *userdata, enum WorkerEnd end);
        void *userdata;
};

struct Worker;

/* watch_fd is what setup->watch adds its watches to; -1: none. */
int worker_new(sd_event *event, const struct JobSetup *setup, int watch_fd, int64_t patience_usec,
               const struct WorkerHandler *handler, struct Worker **ret);
/*
 * Lets it end by itself, and be freed then: nobody waits for it. What it was at is given up, as by worker_abandon(). It
 * is ended by force if that takes long, and by the kernel when we end. NULL too.
 */
struct Worker *worker_retire(struct Worker *worker);
/* Ends the process: kindly if it answers, else by force and without waiting for it. */
struct Worker *worker_free(struct Worker *worker);
DEFINE_CLEANUP(struct Worker *, worker_free)

/* Nothing is due of it, and it has not ended. */
bool worker_is_idle(const struct Worker *worker) _pure_;
/* Somebody else goes on with it. */
void worker_hand_over(struct Worker *worker, const struct WorkerHandler *handler);
/* Others' events come first. */
int worker_be_patient(struct Worker *worker);
/* Queues a job; is_waited says that a report is due for it. */
int worker_send(struct Worker *worker, const struct Job *job, bool is_waited);
/* It is to give up what it is at; NULL too. worker_free() then waits for it but shortly. */
void worker_abandon(struct Worker *worker);
/* One that was due has come. */
void worker_came(struct Worker *worker);
/* It said what it cannot: it is ended. */
void worker_reject(struct Worker *worker);
/* Sends what is queued; that it died meanwhile is heard later, and no error. */
int worker_flush(struct Worker *worker);
