/* SPDX-License-Identifier: MIT */
#include "daemon/lister.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "lib/error.h"
#include "lib/os.h"

#define LISTING_MODE 0640
#define FAREWELL_USEC (500 * USEC_PER_MSEC)
#define N_WAKE_MAX 100

/* A listing that is being written. */
struct Listing {
        struct Listing *next, *next_done;
        struct Lister *lister;
        char *set, *path;
        struct Text text; /* the thread's, until it is done */
        struct Text newer;
        bool has_newer, is_late;
        sd_event_source *patience;
        pthread_t thread;
        int result;
};

struct Lister {
        sd_event *event;
        sd_event_source *io;
        int fd; /* counts what is done */
        int64_t patience_usec;
        ListerTold told;
        void *userdata;
        struct Listing *listings;

        pthread_mutex_t mutex; /* guards what follows */
        struct Listing *done;
};

static struct Listing *listing_free(struct Listing *listing) {
        if (!listing)
                return NULL;
        sd_event_source_disable_unref(listing->patience);
        text_done(&listing->text);
        text_done(&listing->newer);
        free(listing->set);
        free(listing->path);
        free(listing);
        return NULL;
}

DEFINE_CLEANUP(struct Listing *, listing_free)

/* The loop must hear of it, as of what the ledger did. */
static void wake_loop(struct Lister *lister) {
        const uint64_t one = 1;

        for (unsigned i = 0; i < N_WAKE_MAX && write(lister->fd, &one, sizeof(one)) < 0 && errno != EAGAIN; i++)
                ;
}

static void *run(void *userdata) {
        struct Listing *listing = userdata;
        struct Lister *lister = listing->lister;

        listing->result = os_replace_file(listing->path, listing->text.data, listing->text.n, LISTING_MODE);
        pthread_mutex_lock(&lister->mutex);
        listing->next_done = lister->done;
        lister->done = listing;
        wake_loop(lister);
        pthread_mutex_unlock(&lister->mutex);
        return NULL;
}

/* Signals are the event loop's. */
static int start_thread(struct Listing *listing) {
        sigset_t all, before;
        int r;

        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &before);
        r = pthread_create(&listing->thread, NULL, run, listing);
        pthread_sigmask(SIG_SETMASK, &before, NULL);
        return -r;
}

static int on_patience(sd_event_source *source _unused_, uint64_t usec _unused_, void *userdata) {
        struct Listing *listing = userdata;

        listing->is_late = true;
        listing->lister->told(listing->lister->userdata, listing->set, listing->path, LISTER_E_LATE, false);
        return 0;
}

static int begin(struct Listing *listing) {
        int r;

        listing->is_late = false;
        sd_event_source_disable_unref(TAKE_PTR(listing->patience));
        r = sd_event_add_time_relative(listing->lister->event, &listing->patience, CLOCK_MONOTONIC,
                                       (uint64_t)listing->lister->patience_usec, USEC_PER_SEC, on_patience, listing);
        return r < 0 ? r : start_thread(listing);
}

/* The one that waited is begun; true if it is being written. */
static bool begin_newer(struct Listing *listing) {
        struct Lister *lister = listing->lister;
        int r;

        if (!listing->has_newer)
                return false;
        text_done(&listing->text);
        listing->text = listing->newer;
        listing->newer = (struct Text){};
        listing->has_newer = false;
        r = begin(listing);
        if (r < 0)
                lister->told(lister->userdata, listing->set, listing->path, r, false);
        return r >= 0;
}

static void end(struct Listing *listing) {
        struct Lister *lister = listing->lister;
        struct Listing **p = &lister->listings;
        bool is_late = listing->is_late;
        int r = listing->result;

        pthread_join(listing->thread, NULL);
        lister->told(lister->userdata, listing->set, listing->path, r, is_late);
        if (begin_newer(listing))
                return;
        while (*p != listing)
                p = &(*p)->next;
        *p = listing->next;
        listing_free(listing);
}

static void take_done(struct Lister *lister) {
        struct Listing *listing;

        pthread_mutex_lock(&lister->mutex);
        listing = TAKE_PTR(lister->done);
        pthread_mutex_unlock(&lister->mutex);
        while (listing) {
                struct Listing *next = listing->next_done;

                end(listing);
                listing = next;
        }
}

static int on_done(sd_event_source *source _unused_, int fd, uint32_t events _unused_, void *userdata) {
        uint64_t n;

        /* Whether it could be emptied or not: what is done is done. */
        if (read(fd, &n, sizeof(n)) < 0 && errno != EAGAIN)
                n = 0;
        take_done(userdata);
        return 0;
}

int lister_new(sd_event *event, int64_t patience_usec, ListerTold told, void *userdata, struct Lister **ret) {
        _cleanup_(lister_freep) struct Lister *lister = calloc(1, sizeof(*lister));
        int r;

        if (!lister)
                return -ENOMEM;
        lister->event = event;
        lister->patience_usec = patience_usec;
        lister->told = told;
        lister->userdata = userdata;
        pthread_mutex_init(&lister->mutex, NULL);
        lister->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        if (lister->fd < 0)
                return -errno;
        r = sd_event_add_io(event, &lister->io, lister->fd, EPOLLIN, on_done, lister);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(lister);
        return 0;
}

struct Lister *lister_free(struct Lister *lister) {
        int64_t until_usec = add_saturated(os_monotonic_usec(), FAREWELL_USEC), left_usec;

        if (!lister)
                return NULL;
        while (lister->listings && (left_usec = until_usec - os_monotonic_usec()) > 0) {
                struct pollfd p = {.fd = lister->fd, .events = POLLIN};

                if (poll(&p, 1, (int)(left_usec / USEC_PER_MSEC) + 1) > 0)
                        on_done(NULL, lister->fd, 0, lister);
        }
        sd_event_source_disable_unref(lister->io);
        for (struct Listing *listing = lister->listings; listing; listing = listing->next)
                listing->patience = sd_event_source_disable_unref(listing->patience);
        /* The threads that are left have the rest. */
        if (lister->listings)
                return NULL;
        os_close(lister->fd);
        pthread_mutex_destroy(&lister->mutex);
        free(lister);
        return NULL;
}

static struct Listing *find(struct Lister *lister, const char *path) {
        for (struct Listing *listing = lister->listings; listing; listing = listing->next)
                if (streq(listing->path, path))
                        return listing;
        return NULL;
}

int lister_write(struct Lister *lister, const char *set, const char *path, struct Text *text) {
        _cleanup_(listing_freep) struct Listing *listing = NULL;
        struct Listing *before = find(lister, path);
        struct Text taken = *text;
        int r;

        *text = (struct Text){};
        if (before) {
                text_done(&before->newer);
                before->newer = taken;
                before->has_newer = true;
                return 0;
        }
        listing = calloc(1, sizeof(*listing));
        if (!listing) {
                text_done(&taken);
                return -ENOMEM;
        }
        listing->lister = lister;
        listing->text = taken;
        listing->set = strdup(set);
        listing->path = strdup(path);
        if (!listing->set || !listing->path)
                return -ENOMEM;
        r = begin(listing);
        if (r < 0)
                return r;
        listing->next = lister->listings;
        lister->listings = TAKE_PTR(listing);
        return 0;
}

bool lister_is_idle(const struct Lister *lister) {
        for (const struct Listing *listing = lister ? lister->listings : NULL; listing; listing = listing->next)
                if (!listing->is_late)
                        return false;
        return true;
}
