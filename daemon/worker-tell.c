/* SPDX-License-Identifier: MIT */

/*
 * What the worker says goes out in few large messages, from either thread.
 */

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

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

static int tell_progress(struct WorkerState *w, uint64_t n_bytes, int64_t now_usec) {
        int r;

        pthread_mutex_lock(&w->mutex);
        w->progress += n_bytes;
        if (w->progress >= PROGRESS_BYTES || now_usec - w->told_usec >= PROGRESS_USEC) {
                tell_locked(w, &(struct Report){.kind = REPORT_PROGRESS, .number = w->progress});
                flush_locked(w);
                w->progress = 0;
                w->told_usec = now_usec;
        }
        r = w->error;
        pthread_mutex_unlock(&w->mutex);
        return r;
}

/* Waits until so many bytes are paid for. Only copying counts bytes, and it does so in one thread. */
static int keep_to_bandwidth(struct WorkerState *w, uint64_t n_bytes, int64_t now_usec) {
        int r = 0;

        if (w->bandwidth == UINT64_MAX || n_bytes == 0)
                return 0;
        w->free_usec = add_saturated(MAX(w->free_usec, now_usec),
                                     (int64_t)((double)n_bytes / (double)w->bandwidth * USEC_PER_SEC));
        while (r >= 0 && now_usec < w->free_usec) {
                usleep((useconds_t)MIN(w->free_usec - now_usec, PROGRESS_USEC));
                now_usec = os_monotonic_usec();
                r = tell_progress(w, 0, now_usec);
        }
        return r;
}

int worker_tell_progress(void *userdata, uint64_t n_bytes) {
        int64_t now_usec = os_monotonic_usec();
        int r = tell_progress(userdata, n_bytes, now_usec);

        return r < 0 ? r : keep_to_bandwidth(userdata, n_bytes, now_usec);
}
