/* SPDX-License-Identifier: MIT */
#include "daemon/once.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/signalfd.h>

#include "daemon/language.h"
#include "daemon/log.h"
#include "daemon/pass.h"
#include "daemon/report.h"
#include "lib/listing.h"
#include "lib/os.h"

/* So many sets are at work at a time: each has a process for its source and for each of its destinations. */
#define N_AT_ONCE 4
/* A terminal and a supervisor may both pass on what was meant once. */
#define SIGNAL_ONCE_USEC USEC_PER_SEC

struct Once {
        struct Pass pass;
        const struct Config *config;
        struct Keeper **keepers;
        size_t n_started, n_running;
        bool failed;
        int64_t signal_usec; /* when it was last asked to end; 0: never */
};

static int start_keepers(struct Once *once) {
        while (once->n_running < N_AT_ONCE && once->n_started < once->config->n_sets && !once->pass.is_stopping) {
                size_t i = once->n_started++;
                int r;

                r = keeper_new(&once->pass, once->config, once->config->sets[i], &once->keepers[i]);
                if (r < 0)
                        return r;
                once->n_running++;
                keeper_start(once->keepers[i]);
        }
        return 0;
}

/* Runs once after a keeper is done, outside of its own call. */
static int on_keepers_done(sd_event_source *source _unused_, void *userdata) {
        struct Once *once = userdata;
        int r;

        for (size_t i = 0; i < once->n_started; i++)
                if (once->keepers[i] && once->keepers[i]->step == STEP_DONE && once->keepers[i]->n_open == 0)
                        once->keepers[i] = keeper_free(once->keepers[i]);
        r = start_keepers(once);
        if (r < 0) {
                log_error("%s", log_errno(r));
                once->failed = true;
        }
        if (once->n_running == 0 && lister_is_idle(once->pass.lister))
                sd_event_exit(once->pass.event, 0);
        return 0;
}

static void on_done(struct Pass *pass, struct Keeper *keeper) {
        struct Once *once = (struct Once *)pass;

        progress_clear(pass->progress);
        if (pass->ledger && keeper->source.is_there) {
                keeper_write_listings(keeper);
                keeper_tell_summary(keeper);
                report_done(keeper);
        }
        once->failed = once->failed || keeper->failed;
        once->n_running--;
        if (sd_event_add_defer(pass->event, NULL, on_keepers_done, once) < 0)
                sd_event_exit(pass->event, 0);
}

/* What is to be written is waited for, as a worker is: with patience. */
static void on_listed(struct Pass *pass) {
        if (sd_event_add_defer(pass->event, NULL, on_keepers_done, pass) < 0)
                sd_event_exit(pass->event, 0);
}

/* Once: nothing new is begun. Twice: at once; whatever is cut off, the next pass finds it. */
static int on_signal(sd_event_source *source _unused_, const struct signalfd_siginfo *info, void *userdata) {
        struct Once *once = userdata;

        int64_t now_usec = os_monotonic_usec();

        once->failed = true;
        once->pass.is_stopping = true;
        if (once->signal_usec != 0 && now_usec - once->signal_usec < SIGNAL_ONCE_USEC)
                return 0;
        if (once->signal_usec == 0)
                log_notice("asked to end by %s: finishing what is under way", strsignal((int)info->ssi_signo));
        else
                sd_event_exit(once->pass.event, 0);
        once->signal_usec = now_usec;
        return 0;
}

static int set_up_signals(struct Once *once) {
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
                r = sd_event_add_signal(once->pass.event, NULL, signals[i], on_signal, once);
        return r;
}

static int run(struct Once *once) {
        int r;

        r = pass_init(&once->pass);
        if (r != 0)
                return r;
        r = set_up_signals(once);
        if (r >= 0)
                r = progress_new(&once->pass.progress);
        if (r < 0)
                return r;
        once->keepers = calloc(MAX(once->config->n_sets, (size_t)1), sizeof(struct Keeper *));
        if (!once->keepers)
                return -ENOMEM;
        r = start_keepers(once);
        if (r >= 0 && once->n_running > 0)
                r = sd_event_loop(once->pass.event);
        return r < 0 ? r : pass_end(&once->pass);
}

static void once_done(struct Once *once) {
        pass_done(&once->pass);
        for (size_t i = 0; i < once->n_started && once->keepers; i++)
                keeper_free(once->keepers[i]);
        free(once->keepers);
        progress_free(once->pass.progress);
}

static bool has_set(const struct Config *config, const char *name) {
        for (size_t i = 0; i < config->n_sets; i++)
                if (streq(config->sets[i]->name, name))
                        return true;
        return false;
}

int once_run(const struct Config *config, const struct Options *options) {
        struct Once once = {
                .config = config,
                .pass =
                        {
                                .options = options,
                                .state_fd = -1,
                                .watch_fd = -1,
                                .done = on_done,
                                .listed = on_listed,
                                .listing_line =
                                        options->dry_run ? LISTING_LINE : language_listing_line(config->language),
                        },
        };
        int r;

        if (options->release_set && !has_set(config, options->release_set)) {
                log_error("--release=%s: there is no such set", options->release_set);
                return EXIT_USAGE;
        }
        r = run(&once);
        if (r < 0)
                log_error("%s", log_errno(r));
        once.failed = once.failed || r != 0 || once.pass.is_listing_failed;
        once_done(&once);
        if (options->dry_run && !options->json)
                printf("\n%s\n", options->source && !options->yes ? "Nothing was changed; with --yes it is done."
                                                                  : "A dry run: nothing was changed.");
        if (fflush(stdout) != 0 || ferror(stdout)) {
                log_error("cannot write all of the plan to standard output");
                once.failed = true;
        }
        return once.failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
