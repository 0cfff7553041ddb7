/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What all keepers share: the event loop, the catalog with its thread, the lock on
 * the state directory, what was asked for.
 */

#include "daemon/journal.h"
#include "daemon/keeper.h"
#include "daemon/lister.h"
#include "daemon/options.h"
#include "daemon/progress.h"

enum {
        PASS_E_SAID = 1,
};

struct Pass {
        sd_event *event;
        struct Ledger *ledger;   /* NULL: nothing is to be changed */
        struct Catalog *catalog; /* to read, where there is no ledger; NULL: none */
        const struct Options *options;
        struct Progress *progress;
        struct Lister *lister; /* likewise */
        const char *listing_line;
        bool is_listing_failed; /* any; or its disk does not answer */
        int state_fd;
        int error;             /* what was said of the start, as a negative errno */
        int watch_fd;          /* the daemon's inotify, to which workers add what they see; -1: nothing is watched */
        bool is_daemon;        /* it goes on: no plans on standard output, and nothing is said twice */
        bool is_stopping;      /* asked to end */
        bool is_at_terminal;   /* where a person sees what the journal is told */
        size_t n_keepers;      /* at work */
        struct Clock believed; /* the clock when it was last right */
        /* Events that the journal has, to be recorded as such. */
        struct JournalId *delivered;
        size_t n_delivered, n_delivered_allocated;
        int64_t tell_until_usec; /* monotonic; so long the start may be held up by what was not told before */
        uint8_t boot[CLOCK_BOOT_SIZE];
        bool is_clock_wrong; /* it is behind what was recorded last, or jumped ahead */
        void (*done)(struct Pass *pass, struct Keeper *keeper);
        /* A listing was written, or could not be; NULL: nobody wants to know. */
        void (*listed)(struct Pass *pass);
        /* A directory of a source is watched under this number; 0: it could not be, with that error. */
        void (*watched)(struct Pass *pass, struct Keeper *keeper, int wd, const char *path, int error);
};

/*
 * The loop, the locked state directory, the checked catalog and its thread; for a dry run only what there is to read.
 * PASS_E_SAID: it cannot begin, which was said; pass->error is why. pass_done() is to be called whatever came of it,
 * after the keepers are no more at work and before they are freed.
 */
int pass_init(struct Pass *pass);
void pass_done(struct Pass *pass);

/* Compares the clock with the one that was recorded last, or with an earlier reading; says if it was set. */
void pass_check_clock(struct Pass *pass, const struct Clock *last);

/* An event of the catalog was emitted; that the journal has it is noted once it does. */
void pass_delivered(struct Pass *pass, const uint8_t id[static CATALOG_EVENT_ID_SIZE]);
/* Has the ledger note what was delivered so far. */
int pass_note_delivered(struct Pass *pass);
/* After the loop: what waits for the journal is sent, as far as it takes it soon, and noted. */
int pass_end(struct Pass *pass);
