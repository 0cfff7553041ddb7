/* SPDX-License-Identifier: MIT */
#include "daemon/guard.h"

#include <errno.h>
#include <malloc.h>
#include <sys/random.h>

#include "daemon/log.h"
#include "daemon/said.h"
#include "lib/error.h"
#include "lib/hours.h"
#include "lib/os.h"

/* A new name is looked at so much later, if nobody says before that the file is finished. */
#define CREATED_USEC USEC_PER_SEC
#define RETRY_MIN_USEC (10 * USEC_PER_SEC)
#define RETRY_MAX_USEC (10 * USEC_PER_MINUTE)
/* However much happens, half of the time at most is spent on looking at all of it; unless that takes very long. */
#define GAP_MAX_USEC USEC_PER_MINUTE
#define LISTING_USEC USEC_PER_MINUTE
/* So many sets are at work at a time; one that hangs takes a place for as long as patience lasts. */
#define N_AT_ONCE 16
#define TRIM_MIN 100000

struct Guard {
        struct Pass *pass;
        struct Watch *watch;
        struct ConfigRef *config, *next_config;
        const struct ConfigSet *set, *next_set; /* next: after the pass that is under way */
        void (*changed)(void *userdata);
        void *userdata;

        struct Keeper *keeper; /* NULL: no pass is under way */
        sd_event_source *wake, *reconcile, *after;
        int64_t wake_usec; /* monotonic; USEC_INFINITY: not before something happens */
        int64_t next_usec; /* by the clock; USEC_INFINITY: never */
        int64_t begun_usec, ended_usec;
        bool is_leaving;
        bool is_polled; /* not all of it is watched */
        bool is_limit_said;
        unsigned n_failures; /* passes in a row */
        bool is_listing_due;
        int64_t listed_usec; /* 0: never */
        struct Said said;
        struct GuardStatus status;
};

int config_ref_new(struct Config *config, struct ConfigRef **ret) {
        struct ConfigRef *ref = calloc(1, sizeof(*ref));

        if (!ref) {
                config_free(config);
                return -ENOMEM;
        }
        *ref = (struct ConfigRef){.config = config, .n_refs = 1};
        *ret = ref;
        return 0;
}

struct ConfigRef *config_ref(struct ConfigRef *ref) {
        ref->n_refs++;
        return ref;
}

struct ConfigRef *config_unref(struct ConfigRef *ref) {
        if (!ref || --ref->n_refs > 0)
                return NULL;
        config_free(ref->config);
        free(ref);
        return NULL;
}

/* As much, more or less a quarter, so that not all come at once. */
static int64_t jitter(int64_t usec) {
        uint32_t random = 0;

        if (getrandom(&random, sizeof(random), GRND_NONBLOCK) != sizeof(random))
                random = UINT32_MAX / 2;
        return usec - usec / 4 + (int64_t)((double)usec / 2 * ((double)random / UINT32_MAX));
}

/* The earliest that was asked for counts. */
static void wake_in(struct Guard *guard, int64_t usec) {
        int64_t at_usec = add_saturated(os_monotonic_usec(), usec);
        int64_t gap_usec = MIN(guard->ended_usec - guard->begun_usec, GAP_MAX_USEC);

        at_usec = MAX(at_usec, guard->ended_usec + gap_usec);
        if (at_usec >= guard->wake_usec)
                return;
        guard->wake_usec = at_usec;
        if (guard->keeper)
                return; /* when it is done */
        sd_event_source_set_time(guard->wake, (uint64_t)at_usec);
        sd_event_source_set_enabled(guard->wake, SD_EVENT_ONESHOT);
}

static size_t n_at_work(const struct Pass *pass) {
        return pass->n_keepers;
}

static int begin_pass(struct Guard *guard) {
        int64_t now_usec = os_now_usec(), active_usec;
        int r;

        guard->wake_usec = USEC_INFINITY;
        if (guard->keeper || guard->is_leaving || guard->pass->is_stopping)
                return 0;
        active_usec = hours_next(&guard->set->active_hours, guard->set->zone, now_usec);
        if (active_usec > now_usec) {
                guard->next_usec = active_usec;
                guard->changed(guard->userdata);
                return 0;
        }
        if (n_at_work(guard->pass) >= N_AT_ONCE) {
                wake_in(guard, USEC_PER_SEC);
                return 0;
        }
        guard->next_usec = USEC_INFINITY;
        guard->is_polled = guard->set->watch == CONFIG_WATCH_POLL;
        guard->begun_usec = os_monotonic_usec();
        r = keeper_new(guard->pass, guard->config->config, guard->set, &guard->keeper);
        if (r < 0)
                return r;
        guard->keeper->owner = guard;
        guard->keeper->said = &guard->said;
        guard->keeper->is_first = guard->ended_usec == 0;
        guard->pass->n_keepers++;
        guard->status.is_at_work = true;
        keeper_start(guard->keeper);
        return 0;
}

static void begin_or_retry(struct Guard *guard) {
        int r = begin_pass(guard);

        if (r < 0) {
                log_error("%s: %s", guard->set->name, log_errno(r));
                wake_in(guard, RETRY_MIN_USEC);
        }
}

static int on_wake(sd_event_source *source _unused_, uint64_t usec _unused_, void *userdata) {
        begin_or_retry(userdata);
        return 0;
}

static int on_reconcile(sd_event_source *source, uint64_t usec _unused_, void *userdata) {
        struct Guard *guard = userdata;

        wake_in(guard, 0);
        sd_event_source_set_time_relative(source, (uint64_t)jitter(guard->set->reconcile_interval_usec));
        sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
        return 0;
}

/* When time alone asks for another pass. */
static int64_t next_by_clock(const struct Keeper *keeper) {
        int64_t next_usec = USEC_INFINITY;

        for (size_t i = 0; i <= keeper->set->n_copies; i++) {
                const struct KeeperTree *tree = i == 0 ? &keeper->source : &keeper->copies[i - 1];
                const struct PlanTotals *totals = tree->plan ? plan_totals(tree->plan) : NULL;

                if (totals)
                        next_usec = MIN(next_usec, totals->next_usec);
                if (totals && totals->holds[HOLD_MASS] > 0)
                        next_usec = MIN(next_usec, add_saturated(keeper->now_usec, USEC_PER_HOUR));
                if (tree->view->trash_usec > 0 && tree->removed.n > 0)
                        next_usec = MIN(next_usec, add_saturated(os_now_usec(), tree->view->trash_usec));
        }
        for (size_t i = 0; i < keeper->n_intents; i++)
                if (keeper->intents[i].state == CATALOG_INTENT_TRASHED) {
                        const struct KeeperTree *tree = keeper_tree_of(keeper, keeper->intents[i].destination);
                        int64_t usec = tree ? add_saturated(keeper->intents[i].ended_usec, tree->view->trash_usec)
                                            : USEC_INFINITY;

                        if (usec > keeper->now_usec)
                                next_usec = MIN(next_usec, usec);
                }
        return MAX(next_usec, add_saturated(keeper->now_usec, USEC_PER_MSEC));
}

static void take_status(struct Guard *guard, const struct Keeper *keeper) {
        const struct PlanTotals *totals = keeper->source.plan ? plan_totals(keeper->source.plan) : NULL;

        guard->status.is_looking = false;
        guard->status.is_at_work = false;
        guard->status.is_failing = keeper->failed;
        if (keeper->source.is_there)
                guard->status.n_backups = index_n_backups(keeper->source.index);
        guard->status.n_holds = totals ? totals->verdicts[PLAN_HOLD].n : 0;
}

/* What is wrong is tried again, less and less often. A source that is not there costs nothing to look for. */
static void schedule_retry(struct Guard *guard, const struct Keeper *keeper) {
        int64_t usec = RETRY_MIN_USEC;

        if (!keeper->failed) {
                guard->n_failures = 0;
                return;
        }
        for (unsigned i = 0; i < guard->n_failures && usec < RETRY_MAX_USEC; i++)
                usec *= 2;
        guard->n_failures++;
        usec = MIN(usec, RETRY_MAX_USEC);
        if (!keeper->source.is_there)
                usec = MIN(usec, guard->set->poll_interval_usec);
        wake_in(guard, jitter(usec));
}

static void write_listings(struct Guard *guard, struct Keeper *keeper) {
        int64_t now_usec = os_monotonic_usec();

        guard->is_listing_due = guard->is_listing_due || guard->listed_usec == 0 || keeper_did_something(keeper);
        if (!guard->is_listing_due)
                return;
        if (guard->listed_usec != 0 && now_usec - guard->listed_usec < LISTING_USEC) {
                wake_in(guard, LISTING_USEC - (now_usec - guard->listed_usec));
                return;
        }
        keeper_write_listings(keeper);
        guard->listed_usec = now_usec;
        guard->is_listing_due = false;
}

/* Outside of the keeper's own call. */
static int on_after(sd_event_source *source _unused_, void *userdata) {
        struct Guard *guard = userdata;
        struct Keeper *keeper = guard->keeper;
        int64_t wake_usec = guard->wake_usec;

        guard->ended_usec = os_monotonic_usec();
        guard->wake_usec = USEC_INFINITY;
        if (keeper->source.is_there && keeper->source.plan && !guard->pass->is_stopping) {
                write_listings(guard, keeper);
                keeper_tell_summary(keeper);
        }
        take_status(guard, keeper);
        guard->next_usec = next_by_clock(keeper);
        guard->is_polled = guard->is_polled || keeper->source.is_polled;
        said_turn(&guard->said);
        guard->keeper = NULL;
        guard->pass->n_keepers--;
        schedule_retry(guard, keeper);
        keeper_free(keeper);
        if (guard->status.n_backups >= TRIM_MIN)
                malloc_trim(0);
        if (guard->next_config) {
                config_unref(guard->config);
                guard->config = TAKE_PTR(guard->next_config);
                guard->set = guard->next_set;
        }
        if (guard->is_polled)
                wake_in(guard, guard->set->poll_interval_usec);
        if (wake_usec != USEC_INFINITY)
                wake_in(guard, MAX(wake_usec - guard->ended_usec, INT64_C(0)));
        guard->changed(guard->userdata);
        return 0;
}

int guard_new(struct Pass *pass, struct Watch *watch, struct ConfigRef *config, const struct ConfigSet *set,
              void (*changed)(void *userdata), void *userdata, struct Guard **ret) {
        _cleanup_(guard_freep) struct Guard *guard = calloc(1, sizeof(*guard));
        int r;

        if (!guard)
                return -ENOMEM;
        guard->pass = pass;
        guard->watch = watch;
        guard->config = config_ref(config);
        guard->set = set;
        guard->changed = changed;
        guard->userdata = userdata;
        guard->wake_usec = 0;
        guard->next_usec = USEC_INFINITY;
        guard->status.is_looking = true;
        r = sd_event_add_time(pass->event, &guard->wake, CLOCK_MONOTONIC, 0, 1, on_wake, guard);
        if (r >= 0)
                r = sd_event_add_time_relative(pass->event, &guard->reconcile, CLOCK_MONOTONIC,
                                               (uint64_t)jitter(set->reconcile_interval_usec), USEC_PER_MINUTE / 4,
                                               on_reconcile, guard);
        if (r >= 0)
                r = sd_event_add_defer(pass->event, &guard->after, on_after, guard);
        if (r >= 0)
                r = sd_event_source_set_enabled(guard->after, SD_EVENT_OFF);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(guard);
        return 0;
}

struct Guard *guard_free(struct Guard *guard) {
        if (!guard)
                return NULL;
        sd_event_source_disable_unref(guard->wake);
        sd_event_source_disable_unref(guard->reconcile);
        sd_event_source_disable_unref(guard->after);
        watch_forget(guard->watch, guard);
        keeper_free(guard->keeper);
        said_done(&guard->said);
        config_unref(guard->next_config);
        config_unref(guard->config);
        free(guard);
        return NULL;
}

const struct ConfigSet *guard_set(const struct Guard *guard) {
        return guard->set;
}

void guard_status(const struct Guard *guard, struct GuardStatus *ret) {
        *ret = guard->status;
}

int64_t guard_next_usec(const struct Guard *guard) {
        return guard->keeper || guard->is_leaving ? USEC_INFINITY : guard->next_usec;
}

void guard_wake(struct Guard *guard) {
        wake_in(guard, 0);
}

void guard_tick(struct Guard *guard, int64_t now_usec) {
        if (guard_next_usec(guard) <= now_usec)
                wake_in(guard, 0);
}

void guard_happened(struct Guard *guard, const struct WatchEvent *event) {
        int64_t settle_usec = guard->set->settle_usec;

        switch (event->kind) {
        case WATCH_CREATED:
                wake_in(guard, MAX(settle_usec, CREATED_USEC));
                return;
        case WATCH_FINISHED:
                wake_in(guard, settle_usec);
                return;
        case WATCH_VANISHED:
                wake_in(guard, CREATED_USEC);
                return;
        case WATCH_DIRECTORY: /* what is new is to be watched, now */
        case WATCH_OVERFLOW:
                wake_in(guard, 0);
                return;
        }
}

void guard_watched(struct Guard *guard, int number, const char *path, int error) {
        int r = number > 0 ? watch_bind(guard->watch, number, guard, path) : error;

        if (r > 0)
                wake_in(guard, guard->set->settle_usec);
        if (r < 0 || number <= 0)
                guard->is_polled = true;
        if (r < 0 && !guard->is_limit_said) {
                guard->is_limit_said = true;
                if (r == -ENOSPC)
                        log_warning("%s: no more directories can be watched than %zu, and it is looked at every "
                                    "PollInterval=; raise the sysctl fs.inotify.max_user_watches",
                                    guard->set->name, watch_count(guard->watch, guard));
                else
                        log_warning("%s: cannot watch %s: %s; it is looked at every PollInterval=", guard->set->name,
                                    log_name(path), log_errno(r));
        }
}

void guard_pass_done(struct Guard *guard) {
        sd_event_source_set_enabled(guard->after, SD_EVENT_ONESHOT);
}

void guard_rebase(struct Guard *guard, struct ConfigRef *config, const struct ConfigSet *set) {
        config_unref(guard->next_config);
        guard->next_config = NULL;
        if (guard->keeper) {
                guard->next_config = config_ref(config);
                guard->next_set = set;
                return;
        }
        config_unref(guard->config);
        guard->config = config_ref(config);
        guard->set = set;
}

void guard_leave(struct Guard *guard) {
        guard->is_leaving = true;
        watch_forget(guard->watch, guard);
        if (guard->keeper)
                guard->keeper->is_leaving = true;
}

bool guard_is_leaving(const struct Guard *guard) {
        return guard->is_leaving;
}

bool guard_is_idle(const struct Guard *guard) {
        return !guard->keeper;
}

void guard_abandon(struct Guard *guard) {
        if (guard->keeper)
                keeper_abandon(guard->keeper);
}
