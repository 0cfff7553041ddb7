/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What all keepers share: the event loop, the catalog, what was asked for.
 */

#include "daemon/keeper.h"
#include "daemon/options.h"
#include "daemon/progress.h"

struct PassDelivered {
        uint8_t id[CATALOG_EVENT_ID_SIZE];
};

struct Pass {
        sd_event *event;
        struct Ledger *ledger;   /* NULL: nothing is to be changed */
        struct Catalog *catalog; /* to read, where there is no ledger; NULL: none */
        const struct Options *options;
        struct Progress *progress;
        const char *listing_line;
        bool is_stopping; /* asked to end */
        /* Events that the journal has, to be recorded as such. */
        struct PassDelivered *delivered;
        size_t n_delivered, n_delivered_allocated;
        uint8_t boot[CLOCK_BOOT_SIZE];
        bool is_clock_wrong; /* it is behind what was recorded last, or jumped ahead */
        void (*done)(struct Pass *pass, struct Keeper *keeper);
};

void pass_delivered(struct Pass *pass, const uint8_t id[static CATALOG_EVENT_ID_SIZE]);
