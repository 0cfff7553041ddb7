/* SPDX-License-Identifier: MIT */
#include "daemon/pass.h"

#include <stdlib.h>
#include <systemd/sd-id128.h>

#include "daemon/audit.h"
#include "daemon/log.h"
#include "daemon/state.h"
#include "lib/array.h"
#include "lib/catalog.h"
#include "lib/error.h"
#include "lib/os.h"
#include "lib/span.h"

/* A power cut may take what journald had not yet written; it writes every five minutes at the latest. */
#define RESEND_USEC (10 * USEC_PER_MINUTE)
#define FORGET_USEC (USEC_PER_DAY)
/* So long the journal may take what waits, at the start and at the end; a daemon is to stop within seconds. */
#define DRAIN_USEC (USEC_PER_SEC)
#define DRAIN_ONCE_USEC (10 * USEC_PER_SEC)

/* What is not noted is told again: at least once. */
static void note_delivered(struct Pass *pass, const uint8_t id[static CATALOG_EVENT_ID_SIZE]) {
        struct JournalId delivered;

        memcpy(delivered.bytes, id, sizeof(delivered.bytes));
        (void)ARRAY_APPEND(pass, delivered, delivered);
}

void pass_delivered(struct Pass *pass, const uint8_t id[static CATALOG_EVENT_ID_SIZE]) {
        if (audit_has_arrived(id))
                note_delivered(pass, id);
}

static void on_sent(void *userdata, const struct JournalId *ids, size_t n) {
        struct Pass *pass = userdata;

        for (size_t i = 0; i < n; i++)
                note_delivered(pass, ids[i].bytes);
        (void)pass_note_delivered(pass);
}

static int said(struct Pass *pass, int error) {
        pass->error = error;
        return PASS_E_SAID;
}

/* What the service manager is told has numbers for what is the system's only. */
static int catalog_errno(int r) {
        switch (r) {
        case CATALOG_E_DAMAGED:
                return -EUCLEAN;
        case CATALOG_E_NEWER:
                return -EOPNOTSUPP;
        case CATALOG_E_FOREIGN:
                return -EEXIST;
        case CATALOG_E_NONE:
                return -ENOENT;
        }
        return error_fold(r);
}

static int open_catalog(struct Pass *pass, struct Catalog **ret) {
        _cleanup_(freep) char *path = state_path();
        bool read_only = pass->options->dry_run;
        int r;

        if (!path)
                return -ENOMEM;
        if (!read_only) {
                r = state_lock(path, &pass->state_fd);
                if (r < 0)
                        return said(pass, r);
        }
        r = catalog_open(path, read_only, ret);
        if (read_only && (r == CATALOG_E_NONE || r == -ENOENT))
                return 0;
        if (read_only && r == -EACCES) {
                log_warning("%s/" CATALOG_FILE ": %s; planned without it", log_name(path), log_errno(r));
                return 0;
        }
        if (r == 0)
                return 0;
        log_error("%s/" CATALOG_FILE ": %s", log_name(path), r > 0 ? catalog_error_text(r) : log_errno(r));
        return said(pass, catalog_errno(r));
}

static int tell_again(void *userdata, const struct CatalogEvent *row) {
        struct Pass *pass = userdata;
        struct EventFields fields = {};
        int r;

        r = event_fields_unpack(row->data, row->n_data, &fields);
        if (r >= 0)
                r = audit_emit(&fields, event_fields_priority(&fields));
        if (r >= 0)
                pass_delivered(pass, row->id);
        event_fields_done(&fields);
        if (r == -ENOMEM)
                return r;
        return audit_drain(pass->tell_until_usec) ? 0 : -EAGAIN;
}

/* What was delivered, on its way to the catalog. */
struct Delivered {
        struct JournalId *list;
        size_t n;
        uint8_t boot[CLOCK_BOOT_SIZE];
};

static int write_delivered(struct Catalog *catalog, void *data) {
        struct Delivered *delivered = data;
        int r = 0;

        for (size_t i = 0; i < delivered->n && r == 0; i++)
                r = catalog_deliver_event(catalog, delivered->list[i].bytes, delivered->boot);
        return r == 0 ? catalog_forget_events(catalog, os_now_usec() - FORGET_USEC) : r;
}

/* What could not be noted is told again. */
static void free_delivered(void *data) {
        struct Delivered *delivered = data;

        free(delivered->list);
        free(delivered);
}

static void delivered_noted(void *userdata _unused_, void *data, int r _unused_) {
        free_delivered(data);
}

int pass_note_delivered(struct Pass *pass) {
        struct Delivered *delivered;
        int r;

        if (!pass->ledger || pass->n_delivered == 0)
                return 0;
        delivered = calloc(1, sizeof(*delivered));
        if (!delivered)
                return -ENOMEM;
        delivered->list = TAKE_PTR(pass->delivered);
        delivered->n = pass->n_delivered;
        memcpy(delivered->boot, pass->boot, sizeof(delivered->boot));
        pass->n_delivered = pass->n_delivered_allocated = 0;
        r = ledger_submit(pass->ledger, &(struct LedgerWork){
                                                .record = write_delivered,
                                                .done = delivered_noted,
                                                .discard = free_delivered,
                                                .data = delivered,
                                        });
        if (r < 0)
                free_delivered(delivered);
        return r;
}

/*
 * Before the thread has the catalog: what a run before this one recorded and perhaps did not tell. A journal that does
 * not take all of it gets the rest at the next start.
 */
static int tell_old_events(struct Pass *pass, struct Catalog *catalog) {
        int r;

        pass->tell_until_usec = os_monotonic_usec() + DRAIN_USEC;
        r = catalog_each_event(catalog, pass->boot, sub_saturated(os_now_usec(), RESEND_USEC), tell_again, pass);
        return r == -EAGAIN ? 0 : r;
}

void pass_check_clock(struct Pass *pass, const struct Clock *last) {
        struct Clock now = ledger_clock(pass->boot);
        enum ClockChange change = clock_compare(last, &now);

        if (change != CLOCK_RUNS && !pass->is_clock_wrong)
                log_warning("the clock %s; nothing is removed", change == CLOCK_WENT_BACK
                                                                        ? "is behind what was recorded last"
                                                                        : "jumped ahead by more than a day");
        pass->is_clock_wrong = change != CLOCK_RUNS;
        pass->believed = pass->is_clock_wrong ? *last : now;
        /* Who says that it is right for one set, says so for the machine. */
        if (pass->ledger)
                ledger_distrust_clock(pass->ledger, pass->is_clock_wrong && !pass->options->release_set);
}

static int check_clock(struct Pass *pass, struct Catalog *catalog) {
        struct Clock last;
        int r;

        if (pass->options->is_now_given)
                return 0;
        pass->believed = ledger_clock(pass->boot);
        r = catalog_clock(catalog, &last);
        if (r > 0)
                pass_check_clock(pass, &last);
        return r > 0 ? 0 : error_fold(r);
}

static int read_boot(uint8_t ret[static CLOCK_BOOT_SIZE]) {
        sd_id128_t boot;
        int r;

        r = sd_id128_get_boot(&boot);
        if (r >= 0)
                memcpy(ret, boot.bytes, CLOCK_BOOT_SIZE);
        return r;
}

static void on_listed(void *userdata, const char *set, const char *path, int r, bool is_late) {
        struct Pass *pass = userdata;
        char patience[SPAN_TEXT_MAX];

        progress_clear(pass->progress);
        if (r == LISTER_E_LATE)
                log_error("%s: the listing %s cannot be written: its disk did not answer for %s", set, log_name(path),
                          age_format(pass->options->patience_usec, patience));
        else if (r < 0)
                log_error("%s: cannot write the listing %s: %s", set, log_name(path), log_errno(r));
        else if (is_late || !pass->is_daemon)
                log_notice("%s: wrote the listing %s", set, log_name(path));
        pass->is_listing_failed = pass->is_listing_failed || r != 0;
        if (pass->listed)
                pass->listed(pass);
}

int pass_init(struct Pass *pass) {
        struct Catalog *catalog = NULL;
        int r;

        r = sd_event_new(&pass->event);
        if (r < 0)
                return r;
        r = audit_init(pass->event, pass->is_at_terminal, on_sent, pass);
        if (r < 0)
                return r;
        r = open_catalog(pass, &catalog);
        if (r != 0)
                return r;
        pass->catalog = catalog;
        r = read_boot(pass->boot);
        if (r >= 0 && catalog)
                r = check_clock(pass, catalog);
        if (r < 0 || pass->options->dry_run)
                return r;
        r = tell_old_events(pass, catalog);
        if (r != 0)
                return error_fold(r);
        r = ledger_new(pass->event, TAKE_PTR(pass->catalog), pass->boot, &pass->ledger);
        if (r < 0)
                return r;
        ledger_distrust_clock(pass->ledger, pass->is_clock_wrong && !pass->options->release_set);
        return lister_new(pass->event, pass->options->patience_usec, on_listed, pass, &pass->lister);
}

int pass_end(struct Pass *pass) {
        audit_drain(os_monotonic_usec() + (pass->is_daemon ? DRAIN_USEC : DRAIN_ONCE_USEC));
        return pass_note_delivered(pass);
}

void pass_done(struct Pass *pass) {
        pass->listed = NULL; /* the loop is over */
        pass->lister = lister_free(pass->lister);
        pass->ledger = ledger_free(pass->ledger); /* its thread may still be at work for a keeper */
        pass->catalog = catalog_free(pass->catalog);
        free(pass->delivered);
        pass->delivered = NULL;
        audit_done();
        pass->event = sd_event_unref(pass->event);
        pass->state_fd = os_close(pass->state_fd);
}
