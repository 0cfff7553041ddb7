/* SPDX-License-Identifier: MIT */

/*
 * What the worker says goes out in few large messages, from either thread.
 */

#include <errno.h>
#include <sys/socket.h>

#include "daemon/worker-internal.h"
#include "daemon/worker-main.h"
#include "lib/error.h"
#include "lib/os.h"

/* How often a worker shows that it is alive. */
#define PROGRESS_BYTES (UINT64_C(16) * 1024 * 1024)
#define PROGRESS_USEC (200 * USEC_PER_MSEC)

static void flush_locked(struct WorkerState *w) {
        if (w->out.n > 0 && w->error == 0 && send(WORKER_FD, w->out.data, w->out.n, MSG_NOSIGNAL) < 0)
                w->error = -errno;
        message_clear(&w->out);
}

static void tell_locked(struct WorkerState *w, const struct Report *report) {
        if (job_put_report(&w->out, report))
                return;
        flush_locked(w);
        job_put_report(&w->out, report);
}

void worker_flush_out(struct WorkerState *w) {
        pthread_mutex_lock(&w->mutex);
        flush_locked(w);
        pthread_mutex_unlock(&w->mutex);
}

void worker_tell(struct WorkerState *w, const struct Report *report) {
        pthread_mutex_lock(&w->mutex);
        tell_locked(w, report);
        pthread_mutex_unlock(&w->mutex);
}

void worker_tell_progress(void *userdata, uint64_t n_bytes) {
        struct WorkerState *w = userdata;
        int64_t now = os_monotonic_usec();

        pthread_mutex_lock(&w->mutex);
        w->progress += n_bytes;
        if (w->progress >= PROGRESS_BYTES || now - w->told_usec >= PROGRESS_USEC) {
                tell_locked(w, &(struct Report){.kind = REPORT_PROGRESS, .number = w->progress});
                flush_locked(w);
                w->progress = 0;
                w->told_usec = now;
        }
        pthread_mutex_unlock(&w->mutex);
}
