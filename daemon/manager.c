/* SPDX-License-Identifier: MIT */
#include "daemon/manager.h"

#include <signal.h>
#include <stdio.h>
#include <sys/signalfd.h>
#include <systemd/sd-id128.h>

#include "daemon/audit.h"
#include "daemon/keeper.h"
#include "daemon/language.h"
#include "daemon/log.h"
#include "daemon/pass.h"
#include "daemon/report.h"
#include "daemon/state.h"
#include "lib/array.h"
#include "lib/catalog.h"
#include "lib/error.h"
#include "lib/listing.h"
#include "lib/os.h"

/* So many sets are at work at a time: each has a process for its source and for each of its destinations. */
#define N_AT_ONCE 4
/* A power cut may take what journald had not yet written; it writes every five minutes at the latest. */
#define RESEND_USEC (10 * USEC_PER_MINUTE)
/* A terminal and a supervisor may both pass on what was meant once. */
#define SIGNAL_ONCE_USEC USEC_PER_SEC
#define FORGET_USEC (USEC_PER_DAY)

struct Manager {
        struct Pass pass;
        const struct Config *config;
        struct Keeper **keepers;
        size_t n_started, n_running;
        bool failed;
        int state_fd;
        int64_t signal_usec; /* when it was last asked to end; 0: never */
};

void pass_delivered(struct Pass *pass, const uint8_t id[static CATALOG_EVENT_ID_SIZE]) {
        struct PassDelivered delivered;

        memcpy(delivered.id, id, sizeof(delivered.id));
        (void)ARRAY_APPEND(pass, delivered, delivered); /* what is not noted is told again: at least once */
}

/* Closed cleanly only if all is well; with an error said, 1. */
static int open_catalog(struct Manager *manager, struct Catalog **ret) {
        _cleanup_(freep) char *path = state_path();
        bool read_only = manager->pass.options->dry_run;
        int r;

        if (!path)
                return -ENOMEM;
        if (!read_only) {
                r = state_lock(path, &manager->state_fd);
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

static int note_delivered(struct Catalog *catalog, void *data) {
        struct Pass *pass = data;
        int r = 0;

        for (size_t i = 0; i < pass->n_delivered && r == 0; i++)
                r = catalog_deliver_event(catalog, pass->delivered[i].id, pass->boot);
        return r == 0 ? catalog_forget_events(catalog, os_now_usec() - FORGET_USEC) : r;
}

/* Before the thread has the catalog: what a run before this one recorded and perhaps did not tell. */
static int tell_old_events(struct Pass *pass, struct Catalog *catalog) {
        return catalog_each_event(catalog, pass->boot, sub_saturated(os_now_usec(), RESEND_USEC), tell_again, pass);
}

/* Whether the clock can be believed. Told once; what it would decide is held. */
static int check_clock(struct Pass *pass, struct Catalog *catalog) {
        struct Clock last, now = ledger_clock(pass->boot);
        int r;

        if (pass->options->is_now_given)
                return 0;
        r = catalog_clock(catalog, &last);
        if (r <= 0)
                return error_fold(r);
        switch (clock_compare(&last, &now)) {
        case CLOCK_RUNS:
                return 0;
        case CLOCK_WENT_BACK:
                log_warning("the clock is behind what was recorded last; nothing is removed");
                break;
        case CLOCK_JUMPED_AHEAD:
                log_warning("the clock jumped ahead by more than a day; nothing is removed");
                break;
        }
        pass->is_clock_wrong = true;
        return 0;
}

static void ignore_done(void *userdata _unused_, void *data _unused_, int r _unused_) {
        /* What could not be noted is told again. */
}

static int read_boot(uint8_t ret[static CLOCK_BOOT_SIZE]) {
        sd_id128_t boot;
        int r;

        r = sd_id128_get_boot(&boot);
        if (r >= 0)
                memcpy(ret, boot.bytes, CLOCK_BOOT_SIZE);
        return r;
}

static int start_ledger(struct Manager *manager) {
        struct Catalog *catalog = NULL;
        int r;

        r = open_catalog(manager, &catalog);
        if (r != 0)
                return r;
        manager->pass.catalog = catalog;
        r = read_boot(manager->pass.boot);
        if (r >= 0 && catalog)
                r = check_clock(&manager->pass, catalog);
        if (r < 0 || manager->pass.options->dry_run)
                return r;
        r = tell_old_events(&manager->pass, catalog);
        if (r != 0)
                return error_fold(r);
        r = ledger_new(manager->pass.event, TAKE_PTR(manager->pass.catalog), manager->pass.boot, &manager->pass.ledger);
        /* Who says that it is right for one set, says so for the machine. */
        if (r >= 0)
                ledger_distrust_clock(manager->pass.ledger,
                                      manager->pass.is_clock_wrong && !manager->pass.options->release_set);
        return r;
}

static int start_keepers(struct Manager *manager) {
        while (manager->n_running < N_AT_ONCE && manager->n_started < manager->config->n_sets &&
               !manager->pass.is_stopping) {
                size_t i = manager->n_started++;
                int r;

                r = keeper_new(&manager->pass, manager->config, manager->config->sets[i], &manager->keepers[i]);
                if (r < 0)
                        return r;
                manager->n_running++;
                keeper_start(manager->keepers[i]);
        }
        return 0;
}

/* Runs once after a keeper is done, outside of its own call. */
static int on_keepers_done(sd_event_source *source _unused_, void *userdata) {
        struct Manager *manager = userdata;
        int r;

        for (size_t i = 0; i < manager->n_started; i++)
                if (manager->keepers[i] && manager->keepers[i]->step == STEP_DONE && manager->keepers[i]->n_open == 0)
                        manager->keepers[i] = keeper_free(manager->keepers[i]);
        r = start_keepers(manager);
        if (r < 0) {
                log_error("%s", log_errno(r));
                manager->failed = true;
        }
        if (manager->n_running == 0)
                sd_event_exit(manager->pass.event, 0);
        return 0;
}

static void on_done(struct Pass *pass, struct Keeper *keeper) {
        struct Manager *manager = (struct Manager *)pass;

        progress_clear(pass->progress);
        if (pass->ledger && keeper->source.is_there) {
                keeper_write_listings(keeper);
                keeper_tell_summary(keeper);
                report_done(keeper);
        }
        manager->failed = manager->failed || keeper->failed;
        manager->n_running--;
        if (sd_event_add_defer(pass->event, NULL, on_keepers_done, manager) < 0)
                sd_event_exit(pass->event, 0);
}

/* Once: nothing new is begun. Twice: at once; whatever is cut off, the next pass finds it. */
static int on_signal(sd_event_source *source _unused_, const struct signalfd_siginfo *info, void *userdata) {
        struct Manager *manager = userdata;

        int64_t now_usec = os_monotonic_usec();

        manager->failed = true;
        manager->pass.is_stopping = true;
        if (manager->signal_usec != 0 && now_usec - manager->signal_usec < SIGNAL_ONCE_USEC)
                return 0;
        if (manager->signal_usec == 0)
                log_notice("asked to end by %s: finishing what is under way", strsignal((int)info->ssi_signo));
        else
                sd_event_exit(manager->pass.event, 0);
        manager->signal_usec = now_usec;
        return 0;
}

static int set_up_signals(struct Manager *manager) {
        static const int signals[] = {SIGINT, SIGTERM};
        sigset_t set;
        int r = 0;

        signal(SIGPIPE, SIG_IGN);
        sigemptyset(&set);
        for (size_t i = 0; i < ELEMENTSOF(signals); i++)
                sigaddset(&set, signals[i]);
        if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
                return -errno;
        for (size_t i = 0; i < ELEMENTSOF(signals) && r >= 0; i++)
                r = sd_event_add_signal(manager->pass.event, NULL, signals[i], on_signal, manager);
        return r;
}

static int run(struct Manager *manager) {
        int r;

        r = sd_event_new(&manager->pass.event);
        if (r >= 0)
                r = set_up_signals(manager);
        if (r >= 0)
                r = progress_new(&manager->pass.progress);
        if (r < 0)
                return r;
        audit_init();
        r = start_ledger(manager);
        if (r != 0)
                return r;
        manager->keepers = calloc(MAX(manager->config->n_sets, (size_t)1), sizeof(struct Keeper *));
        if (!manager->keepers)
                return -ENOMEM;
        r = start_keepers(manager);
        if (r >= 0 && manager->n_running > 0)
                r = sd_event_loop(manager->pass.event);
        if (r >= 0 && manager->pass.ledger && manager->pass.n_delivered > 0)
                r = ledger_submit(manager->pass.ledger, &(struct LedgerWork){
                                                                .record = note_delivered,
                                                                .done = ignore_done,
                                                                .data = &manager->pass,
                                                        });
        return r;
}

static void manager_done(struct Manager *manager) {
        ledger_free(manager->pass.ledger); /* its thread may still be at work for a keeper */
        for (size_t i = 0; i < manager->n_started && manager->keepers; i++)
                keeper_free(manager->keepers[i]);
        free(manager->keepers);
        catalog_free(manager->pass.catalog);
        progress_free(manager->pass.progress);
        free(manager->pass.delivered);
        sd_event_unref(manager->pass.event);
        os_close(manager->state_fd);
}

static bool has_set(const struct Config *config, const char *name) {
        for (size_t i = 0; i < config->n_sets; i++)
                if (streq(config->sets[i]->name, name))
                        return true;
        return false;
}

int manager_run_once(const struct Config *config, const struct Options *options) {
        struct Manager manager = {
                .config = config,
                .state_fd = -1,
                .pass =
                        {
                                .options = options,
                                .done = on_done,
                                .listing_line =
                                        options->dry_run ? LISTING_LINE : language_listing_line(config->language),
                        },
        };
        int r;

        if (options->release_set && !has_set(config, options->release_set)) {
                log_error("--release=%s: there is no such set", options->release_set);
                return EXIT_USAGE;
        }
        r = run(&manager);
        if (r < 0)
                log_error("%s", log_errno(r));
        manager.failed = manager.failed || r != 0;
        manager_done(&manager);
        if (options->dry_run && !options->json)
                printf("\n%s\n", options->source && !options->yes ? "Nothing was changed; with --yes it is done."
                                                                  : "A dry run: nothing was changed.");
        if (fflush(stdout) != 0 || ferror(stdout)) {
                log_error("cannot write all of the plan to standard output");
                manager.failed = true;
        }
        return manager.failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
