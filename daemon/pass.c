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

/* A power cut may take what journald had not yet written; it writes every five minutes at the latest. */
#define RESEND_USEC (10 * USEC_PER_MINUTE)
#define FORGET_USEC (USEC_PER_DAY)

void pass_delivered(struct Pass *pass, const uint8_t id[static CATALOG_EVENT_ID_SIZE]) {
        struct PassDelivered delivered;

        memcpy(delivered.id, id, sizeof(delivered.id));
        (void)ARRAY_APPEND(pass, delivered, delivered); /* what is not noted is told again: at least once */
}

/* Closed cleanly only if all is well; with an error said, 1. */
static int open_catalog(struct Pass *pass, struct Catalog **ret) {
        _cleanup_(freep) char *path = state_path();
        bool read_only = pass->options->dry_run;
        int r;

        if (!path)
                return -ENOMEM;
        if (!read_only) {
                r = state_lock(path, &pass->state_fd);
                if (r < 0)
                        return EXIT_FAILURE;
        }
        r = catalog_open(path, read_only, ret);
        if (read_only && (r == CATALOG_E_NONE || r == -ENOENT))
                return 0;
        if (read_only && r == -EACCES) {
                log_warning("%s/" CATALOG_FILE ": %s; planned without it", log_name(path), log_errno(r));
                return 0;
        }
        if (r != 0)
                log_error("%s/" CATALOG_FILE ": %s", log_name(path), r > 0 ? catalog_error_text(r) : log_errno(r));
        return r == 0 ? 0 : EXIT_FAILURE;
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
        return r == -ENOMEM ? r : 0;
}

/* What was delivered, on its way to the catalog. */
struct Delivered {
        struct PassDelivered *list;
        size_t n;
        uint8_t boot[CLOCK_BOOT_SIZE];
};

static int write_delivered(struct Catalog *catalog, void *data) {
        struct Delivered *delivered = data;
        int r = 0;

        for (size_t i = 0; i < delivered->n && r == 0; i++)
                r = catalog_deliver_event(catalog, delivered->list[i].id, delivered->boot);
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

/* Before the thread has the catalog: what a run before this one recorded and perhaps did not tell. */
static int tell_old_events(struct Pass *pass, struct Catalog *catalog) {
        return catalog_each_event(catalog, pass->boot, sub_saturated(os_now_usec(), RESEND_USEC), tell_again, pass);
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

int pass_init(struct Pass *pass) {
        struct Catalog *catalog = NULL;
        int r;

        r = sd_event_new(&pass->event);
        if (r < 0)
                return r;
        audit_init();
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
        if (r >= 0)
                ledger_distrust_clock(pass->ledger, pass->is_clock_wrong && !pass->options->release_set);
        return r;
}

void pass_done(struct Pass *pass) {
        pass->ledger = ledger_free(pass->ledger); /* its thread may still be at work for a keeper */
        pass->catalog = catalog_free(pass->catalog);
        free(pass->delivered);
        pass->delivered = NULL;
        pass->event = sd_event_unref(pass->event);
        pass->state_fd = os_close(pass->state_fd);
}
