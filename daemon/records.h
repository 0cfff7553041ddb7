/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What is to be recorded in one transaction, gathered in the event loop and
 * written by the ledger's thread. Everything that it points to is its own.
 */

#include "daemon/ledger.h"
#include "lib/base.h"
#include "lib/catalog.h"
#include "lib/event.h"
#include "lib/recall.h"

#define RECORDS_NEW SIZE_MAX

struct RecordsCopy {
        struct CatalogCopy copy;
        size_t backup; /* the place in backups whose id it gets; RECORDS_NEW: copy.backup is it */
};

struct RecordsEnd {
        int64_t id;
        enum CatalogFate fate;
        const char *reason;
};

struct RecordsIntentEnd {
        int64_t id;
        enum CatalogIntentState state;
};

struct RecordsEvent {
        uint8_t id[EVENT_ID_SIZE];
        int64_t usec;
        enum EventPriority priority;
        struct EventFields fields;
};

struct Records {
        int64_t usec; /* when it was */
        int64_t set;
        bool has_root;
        struct CatalogRoot root;

        struct CatalogBackup *backups;
        size_t n_backups, n_backups_allocated;
        uint32_t *entries; /* of the same backups, in the source */
        size_t n_entries, n_entries_allocated;
        struct RecordsCopy *copies;
        size_t n_copies, n_copies_allocated;
        struct RecordsEnd *ends;
        size_t n_ends, n_ends_allocated;
        struct CatalogIntent *intents;
        size_t n_intents, n_intents_allocated;
        size_t *owners; /* of the same: the place of a companion's backup among them; RECORDS_NEW: it is none */
        size_t n_owners, n_owners_allocated;
        struct RecordsIntentEnd *intent_ends;
        size_t n_intent_ends, n_intent_ends_allocated;
        struct RecordsEvent *events;
        size_t n_events, n_events_allocated;
        char **strings;
        size_t n_strings, n_strings_allocated;
};

struct Records *records_new(int64_t set);
struct Records *records_free(struct Records *records);
DEFINE_CLEANUP(struct Records *, records_free)

/* Makes the string the records'; NULL on failure, and then it is freed. */
const char *records_own(struct Records *records, char *string);

/* For struct LedgerWork. */
int records_write(struct Catalog *catalog, void *records);
