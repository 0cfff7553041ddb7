/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The thread that owns the catalog. A commit waits for the disk, and the event
 * loop does not: it hands over what is to be recorded, and hears when it is
 * durable.
 */

#include <systemd/sd-event.h>

#include "lib/base.h"
#include "lib/catalog.h"

struct Ledger;

/* Work is done in the order in which it was handed over, each in a transaction of its own. */
struct LedgerWork {
        int (*record)(struct Catalog *catalog, void *data); /* in the thread; non-zero undoes the transaction */
        void (*done)(void *userdata, void *data, int r);    /* in the event loop; 0: durable. Frees data */
        void (*discard)(void *data); /* frees data where nobody can hear of it any more; NULL: not needed */
        void *userdata;
        void *data;
};

/* The clock as it is now. */
struct Clock ledger_clock(const uint8_t boot[static CLOCK_BOOT_SIZE]);

/* Takes the catalog. */
int ledger_new(sd_event *event, struct Catalog *catalog, const uint8_t boot[static CLOCK_BOOT_SIZE],
               struct Ledger **ret);
/* Lets the thread finish what was handed over; nobody hears of it any more, and the data must outlive this. */
struct Ledger *ledger_free(struct Ledger *ledger);
DEFINE_CLEANUP(struct Ledger *, ledger_free)

/* While it is wrong, it is not recorded: the last that was believed stays, to compare with. */
void ledger_distrust_clock(struct Ledger *ledger, bool is_clock_wrong);

/* For how long it has been at what it records now. */
int64_t ledger_busy_usec(struct Ledger *ledger);

/* On failure nothing was handed over. */
int ledger_submit(struct Ledger *ledger, const struct LedgerWork *work);
