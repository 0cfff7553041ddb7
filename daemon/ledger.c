/* SPDX-License-Identifier: MIT */
#include "daemon/ledger.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "lib/error.h"
#include "lib/os.h"

#define N_WAKE_MAX 100

struct Entry {
        struct Entry *next;
        struct LedgerWork work;
        int result;
};

struct Queue {
        struct Entry *first, **last;
};

struct Ledger {
        struct Catalog *catalog;
        uint8_t boot[CLOCK_BOOT_SIZE];
        sd_event_source *io;
        int fd; /* counts what is done */
        pthread_t thread;
        bool has_thread;

        pthread_mutex_t mutex; /* guards what follows */
        pthread_cond_t wake;
        struct Queue todo, done;
        int64_t begun_usec; /* monotonic, of what is being recorded; 0: nothing is */
        bool is_ending;
        bool is_clock_wrong;
};

struct Clock ledger_clock(const uint8_t boot[static CLOCK_BOOT_SIZE]) {
        struct Clock clock = {.usec = os_now_usec(), .boottime_usec = os_boottime_usec()};

        memcpy(clock.boot, boot, sizeof(clock.boot));
        return clock;
}

static void queue_init(struct Queue *queue) {
        queue->first = NULL;
        queue->last = &queue->first;
}

static void queue_put(struct Queue *queue, struct Entry *entry) {
        entry->next = NULL;
        *queue->last = entry;
        queue->last = &entry->next;
}

static struct Entry *queue_take(struct Queue *queue) {
        struct Entry *entry = queue->first;

        if (!entry)
                return NULL;
        queue->first = entry->next;
        if (!queue->first)
                queue->last = &queue->first;
        return entry;
}

static int record(struct Ledger *ledger, const struct LedgerWork *work, bool is_clock_wrong) {
        struct Catalog *catalog = ledger->catalog;
        struct Clock clock;
        int r;

        r = catalog_begin(catalog);
        if (r != 0)
                return r;
        r = work->record(catalog, work->data);
        if (r != 0) {
                catalog_rollback(catalog);
                return r;
        }
        clock = ledger_clock(ledger->boot);
        return catalog_commit(catalog, is_clock_wrong ? NULL : &clock);
}

/* Full (EAGAIN), the loop is awake anyway. Else it must hear of it: who waits for a record waits for ever. */
static void wake_loop(struct Ledger *ledger) {
        const uint64_t one = 1;

        for (unsigned i = 0; i < N_WAKE_MAX && write(ledger->fd, &one, sizeof(one)) < 0 && errno != EAGAIN; i++)
                ;
}

static void *run(void *userdata) {
        struct Ledger *ledger = userdata;
        pthread_mutex_lock(&ledger->mutex);
        for (;;) {
                struct Entry *entry = queue_take(&ledger->todo);
                bool is_clock_wrong = ledger->is_clock_wrong;

                if (!entry) {
                        if (ledger->is_ending)
                                break;
                        pthread_cond_wait(&ledger->wake, &ledger->mutex);
                        continue;
                }
                ledger->begun_usec = os_monotonic_usec();
                pthread_mutex_unlock(&ledger->mutex);
                entry->result = record(ledger, &entry->work, is_clock_wrong);
                pthread_mutex_lock(&ledger->mutex);
                ledger->begun_usec = 0;
                queue_put(&ledger->done, entry);
                wake_loop(ledger);
        }
        pthread_mutex_unlock(&ledger->mutex);
        return NULL;
}

int64_t ledger_busy_usec(struct Ledger *ledger) {
        int64_t usec;

        pthread_mutex_lock(&ledger->mutex);
        usec = ledger->begun_usec == 0 ? 0 : os_monotonic_usec() - ledger->begun_usec;
        pthread_mutex_unlock(&ledger->mutex);
        return usec;
}

static int on_done(sd_event_source *source _unused_, int fd, uint32_t events _unused_, void *userdata) {
        struct Ledger *ledger = userdata;
        struct Entry *entry;
        uint64_t n;

        /* Whether it could be emptied or not: what is done is done. */
        if (read(fd, &n, sizeof(n)) < 0 && errno != EAGAIN)
                n = 0;
        for (;;) {
                pthread_mutex_lock(&ledger->mutex);
                entry = queue_take(&ledger->done);
                pthread_mutex_unlock(&ledger->mutex);
                if (!entry)
                        return 0;
                entry->work.done(entry->work.userdata, entry->work.data, entry->result);
                free(entry);
        }
}

/* Signals are the event loop's. */
static int start_thread(struct Ledger *ledger) {
        sigset_t all, before;
        int r;

        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &before);
        r = pthread_create(&ledger->thread, NULL, run, ledger);
        pthread_sigmask(SIG_SETMASK, &before, NULL);
        ledger->has_thread = r == 0;
        return -r;
}

int ledger_new(sd_event *event, struct Catalog *catalog, const uint8_t boot[static CLOCK_BOOT_SIZE],
               struct Ledger **ret) {
        _cleanup_(ledger_freep) struct Ledger *ledger = calloc(1, sizeof(*ledger));
        int r;

        if (!ledger) {
                catalog_free(catalog);
                return -ENOMEM;
        }
        ledger->catalog = catalog;
        memcpy(ledger->boot, boot, sizeof(ledger->boot));
        pthread_mutex_init(&ledger->mutex, NULL);
        pthread_cond_init(&ledger->wake, NULL);
        queue_init(&ledger->todo);
        queue_init(&ledger->done);
        ledger->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        if (ledger->fd < 0)
                return -errno;
        r = sd_event_add_io(event, &ledger->io, ledger->fd, EPOLLIN, on_done, ledger);
        if (r < 0)
                return r;
        r = start_thread(ledger);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(ledger);
        return 0;
}

struct Ledger *ledger_free(struct Ledger *ledger) {
        struct Entry *entry;

        if (!ledger)
                return NULL;
        if (ledger->has_thread) {
                pthread_mutex_lock(&ledger->mutex);
                ledger->is_ending = true;
                pthread_cond_signal(&ledger->wake);
                pthread_mutex_unlock(&ledger->mutex);
                pthread_join(ledger->thread, NULL);
        }
        while ((entry = queue_take(&ledger->done))) {
                if (entry->work.discard)
                        entry->work.discard(entry->work.data);
                free(entry);
        }
        sd_event_source_disable_unref(ledger->io);
        os_close(ledger->fd);
        pthread_cond_destroy(&ledger->wake);
        pthread_mutex_destroy(&ledger->mutex);
        catalog_free(ledger->catalog);
        free(ledger);
        return NULL;
}

int ledger_submit(struct Ledger *ledger, const struct LedgerWork *work) {
        struct Entry *entry = calloc(1, sizeof(*entry));

        if (!entry)
                return -ENOMEM;
        entry->work = *work;
        pthread_mutex_lock(&ledger->mutex);
        queue_put(&ledger->todo, entry);
        pthread_cond_signal(&ledger->wake);
        pthread_mutex_unlock(&ledger->mutex);
        return 0;
}

void ledger_distrust_clock(struct Ledger *ledger, bool is_clock_wrong) {
        pthread_mutex_lock(&ledger->mutex);
        ledger->is_clock_wrong = is_clock_wrong;
        pthread_mutex_unlock(&ledger->mutex);
}
