/* SPDX-License-Identifier: MIT */
#include "daemon/guard.h"

#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <sys/random.h>

#include "daemon/known.h"
#include "daemon/log.h"
#include "daemon/review.h"
#include "daemon/said.h"
#include "daemon/scanning.h"
#include "lib/array.h"
#include "lib/error.h"
#include "lib/filter.h"
#include "lib/hours.h"
#include "lib/os.h"

/* A new name is looked at so much later, if nobody says before that the file is finished. */
#define CREATED_USEC USEC_PER_SEC
#define RETRY_MIN_USEC (10 * USEC_PER_SEC)
#define RETRY_MAX_USEC (10 * USEC_PER_MINUTE)
#define GAP_MAX_USEC USEC_PER_MINUTE
#define LISTING_USEC USEC_PER_MINUTE
/* So many sets are at work at a time, unless one has waited for so long. */
#define N_AT_ONCE 16
#define DECLINED_USEC (3 * USEC_PER_SEC)
#define TRIM_MIN 100000

/* More that happened than a pass over a part could look at is not noted one by one. */
#define N_PENDING_MAX KEEPER_SCOPE_MAX
/* So long after its time, a timer that did not come is lost. */
#define OVERDUE_USEC USEC_PER_MINUTE
#define WARM_USEC (10 * USEC_PER_SEC)
/* A pass that copies for longer lets others have their turn. */
#define TURN_USEC (5 * USEC_PER_SEC)

/* Files that are to be looked at. */
struct GuardPending {
        char **paths;
        size_t n_paths, n_paths_allocated;
};

struct Guard {
        struct Pass *pass;
        struct Watch *watch;
        struct ConfigRef *config, *next_config;
        const struct ConfigSet *set, *next_set; /* next: after the pass that is under way */
        struct Filter *filter;
        void (*changed)(void *userdata);
        void *userdata;

        struct Known *known;
        struct Keeper *keeper;        /* NULL: no pass is under way */
        struct Review *review;        /* likewise */
        unsigned *n_failures;         /* passes in a row, by tree */
        struct GuardPending *pending; /* likewise: what happened */
        struct GuardPending *found;   /* likewise: what the review that is under way found */
        size_t n_pending;             /* in both */
        sd_event_source *wake, *reconcile, *after, *reviewed, *cool;
        int64_t wake_usec;              /* monotonic; USEC_INFINITY: not before something happens */
        int64_t not_before_usec;        /* likewise: outside of its hours, or while there is no place for it */
        int64_t whole_usec;             /* likewise, for a pass over all of it */
        int64_t next_usec;              /* by the clock; USEC_INFINITY: never */
        int64_t next_whole_usec;        /* likewise */
        int64_t begun_usec, ended_usec; /* of the last pass over all of it */
        int64_t reviewed_usec;          /* when the review was begun */
        bool was_scoped;                /* the last pass */
        bool is_review_due, is_review_over, is_review_other;
        int64_t declined_usec; /* since when there is no place for it; 0: there is */
        bool is_connected;     /* its trees were opened, or were said not to be there */
        bool is_leaving;
        bool is_polled; /* not all of it is watched */
        bool is_limit_said;
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

/* The one place that sets the timer: to the earliest that was asked for, as long as no pass is under way. */
static void arm(struct Guard *guard) {
        int64_t at_usec = MAX(MIN(guard->wake_usec, guard->whole_usec), guard->not_before_usec);

        if (guard->keeper || at_usec == USEC_INFINITY) {
                sd_event_source_set_enabled(guard->wake, SD_EVENT_OFF);
                return;
        }
        sd_event_source_set_time(guard->wake, (uint64_t)at_usec);
        sd_event_source_set_enabled(guard->wake, SD_EVENT_ONESHOT);
}

static void wake_in(struct Guard *guard, int64_t usec) {
        guard->wake_usec = MIN(guard->wake_usec, add_saturated(os_monotonic_usec(), usec));
        arm(guard);
}

/* However much happens, half of the time at most is spent on looking at all of it; unless that takes very long. */
static void wake_for_whole(struct Guard *guard, int64_t usec) {
        int64_t gap_usec = MIN(guard->ended_usec - guard->begun_usec, GAP_MAX_USEC);
        int64_t at_usec = MAX(add_saturated(os_monotonic_usec(), usec), guard->ended_usec + gap_usec);

        guard->whole_usec = MIN(guard->whole_usec, at_usec);
        arm(guard);
}

static void forget_pending(struct Guard *guard, struct GuardPending *trees) {
        for (size_t i = 0; trees && i < guard->known->n_trees; i++) {
                struct GuardPending *pending = &trees[i];

                for (size_t p = 0; p < pending->n_paths; p++)
                        free(pending->paths[p]);
                free(pending->paths);
                guard->n_pending -= pending->n_paths;
                *pending = (struct GuardPending){};
        }
}

/* A pass over all of it is to find out anew; nobody borrows it meanwhile. */
static void forget_known(struct Guard *guard) {
        guard->review = review_free(guard->review);
        forget_pending(guard, guard->found);
        known_forget(guard->known);
}

/* What cannot be noted is found by looking at all. */
static void add_pending(struct Guard *guard, struct GuardPending *pending, const char *path) {
        char *copy;

        if (pending->n_paths > 0 && streq(pending->paths[pending->n_paths - 1], path))
                return;
        copy = guard->n_pending < N_PENDING_MAX ? strdup(path) : NULL;
        if (!copy || ARRAY_APPEND(pending, paths, copy) < 0) {
                free(copy);
                guard->was_scoped = true; /* it would not be enough */
                wake_for_whole(guard, 0);
                return;
        }
        guard->n_pending++;
}

/* The series whose answer time has changed; each is named by one of its files. */
static int add_due(struct Guard *guard, int64_t now_usec) {
        _cleanup_(index_list_done) struct IndexList list = {};
        int r = 0;

        for (size_t i = 0; i < guard->known->n_trees; i++) {
                struct Index *index = guard->known->trees[i].index;

                for (uint32_t s = 0; index && s < index_series_end(index) && r >= 0; s++) {
                        _cleanup_(freep) char *path = NULL;

                        if (!index_has_series(index, s) || index_deadline(index, s) > now_usec)
                                continue;
                        r = index_read_series(index, s, &list);
                        path = r >= 0 ? recall_path(index, list.ids[0]) : NULL;
                        if (!path)
                                return -ENOMEM;
                        add_pending(guard, &guard->pending[i], path);
                }
        }
        return r;
}

static int new_keeper(struct Guard *guard, struct Keeper **ret) {
        int r = keeper_new(guard->pass, guard->config->config, guard->set, ret);

        if (r < 0)
                return r;
        (*ret)->known = guard->known;
        (*ret)->owner = guard;
        (*ret)->said = &guard->said;
        (*ret)->is_first = guard->ended_usec == 0;
        return 0;
}

static void start_keeper(struct Guard *guard, struct Keeper *keeper) {
        guard->keeper = keeper;
        guard->was_scoped = keeper->is_scoped;
        guard->next_usec = USEC_INFINITY;
        guard->pass->n_keepers++;
        guard->status.is_at_work = true;
        sd_event_source_set_enabled(guard->cool, SD_EVENT_OFF);
        if (!keeper->is_scoped)
                guard->changed(guard->userdata);
        keeper_start(keeper);
}

static int begin_whole(struct Guard *guard) {
        struct Keeper *keeper;
        int64_t active_usec;
        int r;

        r = new_keeper(guard, &keeper);
        if (r < 0)
                return r;
        /* It looks at all of it anyway. */
        guard->review = review_free(guard->review);
        guard->is_review_due = false;
        forget_pending(guard, guard->pending);
        forget_pending(guard, guard->found);
        guard->whole_usec = guard->next_whole_usec = USEC_INFINITY;
        guard->is_polled = guard->set->watch == CONFIG_WATCH_POLL || guard->pass->watch_fd < 0;
        guard->begun_usec = os_monotonic_usec();
        /* Outside of its hours a set is looked at all the same, and watched. */
        active_usec = hours_next(&guard->set->active_hours, guard->set->zone, keeper->now_usec);
        keeper->is_looking_only = active_usec > keeper->now_usec;
        if (keeper->is_looking_only)
                guard->next_whole_usec = active_usec;
        start_keeper(guard, keeper);
        return 0;
}

static int narrow(struct Guard *guard, struct Keeper *keeper) {
        int r = 0;

        for (size_t i = 0; i < guard->known->n_trees; i++)
                for (size_t p = 0; p < guard->pending[i].n_paths && r >= 0; p++)
                        r = keeper_narrow(keeper, i, guard->pending[i].paths[p]);
        return r < 0 ? r : keeper_find_scope(keeper);
}

static int begin_part(struct Guard *guard) {
        _cleanup_(keeper_freep) struct Keeper *keeper = NULL;
        int r;

        r = new_keeper(guard, &keeper);
        if (r >= 0)
                r = narrow(guard, keeper);
        if (r == -E2BIG) {
                guard->was_scoped = true; /* it was tried */
                wake_for_whole(guard, 0);
                return 0;
        }
        if (r < 0)
                return r;
        forget_pending(guard, guard->pending);
        start_keeper(guard, TAKE_PTR(keeper));
        return 0;
}

static bool has_pending(const struct Guard *guard) {
        for (size_t i = 0; i < guard->known->n_trees; i++)
                if (guard->pending[i].n_paths > 0)
                        return true;
        return false;
}

/* Why no pass may begin now; the guard then waits for that. */
static bool is_declined(struct Guard *guard, int64_t now_usec) {
        int64_t active_usec = hours_next(&guard->set->active_hours, guard->set->zone, now_usec);
        int64_t monotonic_usec = os_monotonic_usec();

        guard->not_before_usec = 0;
        if (guard->keeper)
                return true;
        if (guard->is_leaving || guard->pass->is_stopping) {
                guard->not_before_usec = USEC_INFINITY;
                return true;
        }
        if (active_usec > now_usec && known_is_whole(guard->known)) {
                guard->not_before_usec = USEC_INFINITY; /* the clock tells when */
                guard->next_usec = guard->next_whole_usec = active_usec;
                guard->changed(guard->userdata);
                return true;
        }
        /* One that hangs takes a place, but not for long. */
        if (guard->pass->n_keepers < N_AT_ONCE)
                guard->declined_usec = 0;
        else if (guard->declined_usec == 0)
                guard->declined_usec = monotonic_usec;
        if (guard->declined_usec == 0 || monotonic_usec - guard->declined_usec >= DECLINED_USEC)
                return false;
        guard->not_before_usec = monotonic_usec + USEC_PER_SEC / 4;
        return true;
}

static int begin_pass(struct Guard *guard) {
        int64_t now_usec = os_now_usec();
        bool is_whole;
        int r = 0;

        if (is_declined(guard, now_usec))
                return 0;
        guard->wake_usec = USEC_INFINITY;
        guard->declined_usec = 0;
        is_whole = guard->whole_usec <= os_monotonic_usec() || guard->next_whole_usec <= now_usec;
        if (!known_is_whole(guard->known)) {
                if (is_whole)
                        return begin_whole(guard);
                wake_for_whole(guard, RETRY_MIN_USEC);
                return 0;
        }
        if (guard->next_usec <= now_usec)
                r = add_due(guard, now_usec);
        if (r < 0)
                return r;
        /* By turns, so that neither waits for ever. */
        if (has_pending(guard) && !(is_whole && guard->was_scoped))
                return begin_part(guard);
        return is_whole ? begin_whole(guard) : 0;
}

static void begin_or_retry(struct Guard *guard) {
        int r = begin_pass(guard);

        if (r < 0) {
                log_error("%s: %s", guard->set->name, log_errno(r));
                wake_for_whole(guard, RETRY_MIN_USEC);
        }
        arm(guard);
}

static int on_wake(sd_event_source *source _unused_, uint64_t usec _unused_, void *userdata) {
        begin_or_retry(userdata);
        return 0;
}

static void arm_review(struct Guard *guard, int64_t usec) {
        /* What is far may come with other things, so that an idle machine sleeps on. */
        sd_event_source_set_time_accuracy(guard->reconcile, (uint64_t)(usec / 8) + 1);
        sd_event_source_set_time_relative(guard->reconcile, (uint64_t)usec);
        sd_event_source_set_enabled(guard->reconcile, SD_EVENT_ONESHOT);
}

static void arm_next_review(struct Guard *guard) {
        arm_review(guard,
                   guard->is_polled ? guard->set->poll_interval_usec : jitter(guard->set->reconcile_interval_usec));
}

/* Waits for the end: what is new here may be what is not to be seen any more there. */
static void on_differs(void *userdata, size_t tree, const char *path) {
        struct Guard *guard = userdata;

        add_pending(guard, &guard->found[tree], path);
}

static void on_watched(void *userdata, int number, const char *path, int error) {
        guard_watched(userdata, number, path, error);
}

static void on_review_done(void *userdata, bool is_other, bool is_polled) {
        struct Guard *guard = userdata;

        guard->is_review_other = is_other;
        guard->is_polled = guard->is_polled || is_polled;
        sd_event_source_set_enabled(guard->reviewed, SD_EVENT_ONESHOT);
}

/* Looks at all of it beside what else goes on. What is under way may have passed what is to be seen: once more then. */
static void begin_review(struct Guard *guard) {
        const struct ReviewHandler handler = {on_differs, on_watched, on_review_done, guard};
        bool is_looking = guard->review || (guard->keeper && !guard->keeper->is_scoped);
        int r;

        guard->is_review_due = is_looking;
        if (is_looking || guard->is_leaving || guard->pass->is_stopping)
                return;
        if (!known_is_whole(guard->known)) {
                wake_for_whole(guard, 0);
                return;
        }
        guard->is_polled = guard->set->watch == CONFIG_WATCH_POLL || guard->pass->watch_fd < 0;
        guard->reviewed_usec = os_monotonic_usec();
        r = review_new(guard->pass, guard->config->config, guard->set, guard->known, &handler, &guard->review);
        if (r < 0) {
                log_error("%s: %s", guard->set->name, log_errno(r));
                wake_for_whole(guard, RETRY_MIN_USEC);
        }
}

static void take_found(struct Guard *guard) {
        for (size_t i = 0; i < guard->known->n_trees; i++) {
                struct GuardPending *found = &guard->found[i];

                for (size_t p = 0; p < found->n_paths; p++)
                        if (ARRAY_APPEND(&guard->pending[i], paths, found->paths[p]) < 0) {
                                free(found->paths[p]);
                                guard->n_pending--;
                                wake_for_whole(guard, 0);
                        }
                free(found->paths);
                *found = (struct GuardPending){};
        }
        if (guard->n_pending > 0)
                wake_in(guard, 0);
}

static int on_reviewed(sd_event_source *source _unused_, void *userdata) {
        struct Guard *guard = userdata;
        int64_t took_usec = os_monotonic_usec() - guard->reviewed_usec;

        guard->review = review_free(guard->review);
        if (guard->is_review_other)
                wake_for_whole(guard, 0);
        take_found(guard);
        if (guard->is_review_due)
                arm_review(guard, MIN(took_usec, GAP_MAX_USEC));
        else
                arm_next_review(guard);
        guard->changed(guard->userdata);
        return 0;
}

static int on_reconcile(sd_event_source *source _unused_, uint64_t usec _unused_, void *userdata) {
        struct Guard *guard = userdata;

        arm_next_review(guard);
        begin_review(guard);
        return 0;
}

static int on_cool(sd_event_source *source _unused_, uint64_t usec _unused_, void *userdata) {
        struct Guard *guard = userdata;

        known_drop_workers(guard->known);
        return 0;
}

/* When time alone asks for a pass over all of it: a mass hold looks back an hour, and the trash directory is purged. */
static void set_next_whole(struct Guard *guard, const struct Keeper *keeper) {
        int64_t now_usec = os_now_usec(),
                active_usec = hours_next(&guard->set->active_hours, guard->set->zone, now_usec);

        /* What its hours did not suffice for goes on in the next ones. */
        if (active_usec > now_usec)
                guard->next_whole_usec = MIN(guard->next_whole_usec, active_usec);
        for (size_t i = 0; i <= keeper->set->n_copies; i++) {
                const struct KeeperTree *tree = i == 0 ? &keeper->source : &keeper->copies[i - 1];
                const struct PlanTotals *totals = tree->plan ? plan_totals(tree->plan) : NULL;
                int64_t usec = USEC_INFINITY;

                if (totals && totals->holds[HOLD_MASS] > 0)
                        usec = add_saturated(keeper->now_usec, USEC_PER_HOUR);
                if (tree->view->trash_usec > 0 && tree->removed.n > 0)
                        usec = MIN(usec, add_saturated(os_now_usec(), tree->view->trash_usec));
                guard->next_whole_usec = MIN(guard->next_whole_usec, usec);
        }
        for (size_t i = 0; i < keeper->n_intents; i++)
                if (keeper->intents[i].state == CATALOG_INTENT_TRASHED) {
                        const struct KeeperTree *tree = keeper_tree_of(keeper, keeper->intents[i].destination);
                        int64_t usec = tree ? add_saturated(keeper->intents[i].ended_usec, tree->view->trash_usec)
                                            : USEC_INFINITY;

                        if (usec > keeper->now_usec)
                                guard->next_whole_usec = MIN(guard->next_whole_usec, usec);
                }
}

static void take_status(struct Guard *guard, const struct Keeper *keeper) {
        const struct PlanTotals *totals = keeper->source.plan ? plan_totals(keeper->source.plan) : NULL;

        guard->status.is_looking = false;
        guard->status.is_at_work = false;
        guard->status.is_failing = keeper->failed || (keeper->is_scoped && guard->status.is_failing);
        if (known_is_whole(guard->known))
                guard->status.n_backups = index_n_backups(guard->known->trees[0].index);
        if (!keeper->is_scoped)
                guard->status.n_holds = totals ? totals->verdicts[PLAN_HOLD].n : 0;
}

/* Each tree has its own count, so that one that is long gone does not make another wait. */
static int64_t backoff(struct Guard *guard, size_t i, const struct KeeperTree *tree) {
        int64_t usec = RETRY_MIN_USEC;

        if (!tree->failed && !tree->keeper->is_scoped)
                guard->n_failures[i] = 0;
        if (!tree->failed)
                return USEC_INFINITY;
        for (unsigned n = 0; n < guard->n_failures[i] && usec < RETRY_MAX_USEC; n++)
                usec *= 2;
        guard->n_failures[i] += !tree->keeper->is_scoped;
        return MIN(usec, RETRY_MAX_USEC);
}

/* What is wrong is tried again, less and less often. A source that is not there costs nothing to look for. */
static void schedule_retry(struct Guard *guard, const struct Keeper *keeper) {
        int64_t usec = backoff(guard, 0, &keeper->source);

        for (size_t i = 0; i < keeper->set->n_copies; i++)
                usec = MIN(usec, backoff(guard, i + 1, &keeper->copies[i]));
        if (keeper->is_yielding)
                wake_for_whole(guard, 0);
        if (!keeper->failed)
                return;
        if (!keeper->source.is_there)
                usec = MIN(usec, guard->set->poll_interval_usec);
        wake_for_whole(guard, jitter(MIN(usec, RETRY_MAX_USEC)));
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

/* What follows from the set's configuration. */
static int use_set(struct Guard *guard) {
        struct Filter *filter;
        int r;

        known_rebase(guard->known, guard->set);
        r = filter_new(guard->set->include, guard->set->exclude, &filter);
        if (r < 0)
                return r;
        filter_free(guard->filter);
        guard->filter = filter;
        return 0;
}

static void take_next_config(struct Guard *guard) {
        if (!guard->next_config)
                return;
        /* It borrows the old one. */
        if (guard->review) {
                guard->review = review_free(guard->review);
                forget_pending(guard, guard->found);
                arm_review(guard, 0);
        }
        known_drop_workers(guard->known); /* they have the old share of the bandwidth */
        config_unref(guard->config);
        guard->config = TAKE_PTR(guard->next_config);
        guard->set = guard->next_set;
        if (use_set(guard) < 0)
                wake_for_whole(guard, RETRY_MIN_USEC);
}

/* What is being written, or was touched: what ends that need not be an event. */
static void look_again(struct Guard *guard, const struct Keeper *keeper) {
        for (size_t i = 0; i < keeper->n_moving; i++)
                add_pending(guard, &guard->pending[0], keeper->moving[i]);
        if (keeper->n_moving > 0)
                wake_in(guard, MAX(guard->set->settle_usec, RETRY_MIN_USEC));
}

/* What the keeper saw is known from now on; where it saw too little, all is to be looked at. */
static void take_known(struct Guard *guard, struct Keeper *keeper) {
        int r;

        /* A tree that is gone is not known any more, and nobody may be comparing with it. */
        if (keeper->failed && guard->review) {
                guard->review = review_free(guard->review);
                forget_pending(guard, guard->found);
                arm_next_review(guard);
        }
        r = keeper_hand_over(keeper);
        if (r != 0)
                forget_known(guard);
        if (r < 0)
                wake_for_whole(guard, RETRY_MIN_USEC);
}

static void plan_next(struct Guard *guard, const struct Keeper *keeper) {
        schedule_retry(guard, keeper);
        set_next_whole(guard, keeper);
        guard->next_usec = MIN(guard->next_whole_usec, known_next_usec(guard->known));
        guard->is_polled = guard->is_polled || keeper->source.is_polled;
        if (!keeper->is_scoped && guard->is_polled)
                arm_next_review(guard);
        look_again(guard, keeper);
        sd_event_source_set_time_relative(guard->cool, WARM_USEC);
        sd_event_source_set_enabled(guard->cool, SD_EVENT_ONESHOT);
}

/* Outside of the keeper's own call. */
static int on_after(sd_event_source *source _unused_, void *userdata) {
        struct Guard *guard = userdata;
        struct Keeper *keeper = TAKE_PTR(guard->keeper);
        bool is_big;

        guard->is_connected = true;
        guard->pass->n_keepers--;
        if (!keeper->is_scoped)
                guard->ended_usec = os_monotonic_usec();
        take_known(guard, keeper);
        if (keeper->source.is_there && known_is_whole(guard->known) && !guard->pass->is_stopping) {
                write_listings(guard, keeper);
                keeper_tell_summary(keeper);
        }
        said_turn(&guard->said, !keeper->is_scoped);
        plan_next(guard, keeper);
        take_status(guard, keeper);
        is_big = !keeper->is_scoped && guard->status.n_backups >= TRIM_MIN;
        keeper_free(keeper);
        if (is_big)
                malloc_trim(0);
        take_next_config(guard);
        if (guard->is_leaving)
                known_drop_workers(guard->known);
        if (guard->is_review_due)
                begin_review(guard);
        arm(guard);
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
        guard->next_usec = guard->next_whole_usec = USEC_INFINITY;
        guard->status.is_looking = true;
        r = known_new(set, &guard->known);
        if (r < 0)
                return r;
        guard->pending = calloc(guard->known->n_trees, sizeof(struct GuardPending));
        guard->found = calloc(guard->known->n_trees, sizeof(struct GuardPending));
        guard->n_failures = calloc(guard->known->n_trees, sizeof(unsigned));
        if (!guard->pending || !guard->found || !guard->n_failures)
                return -ENOMEM;
        r = use_set(guard);
        if (r >= 0)
                r = sd_event_add_time(pass->event, &guard->wake, CLOCK_MONOTONIC, 0, 1, on_wake, guard);
        if (r >= 0)
                r = sd_event_add_time_relative(pass->event, &guard->reconcile, CLOCK_MONOTONIC,
                                               (uint64_t)jitter(set->reconcile_interval_usec), USEC_PER_MINUTE / 4,
                                               on_reconcile, guard);
        if (r >= 0)
                r = sd_event_add_time_relative(pass->event, &guard->cool, CLOCK_MONOTONIC, WARM_USEC, USEC_PER_SEC,
                                               on_cool, guard);
        if (r >= 0)
                r = sd_event_add_defer(pass->event, &guard->after, on_after, guard);
        if (r >= 0)
                r = sd_event_source_set_enabled(guard->after, SD_EVENT_OFF);
        if (r >= 0)
                r = sd_event_add_defer(pass->event, &guard->reviewed, on_reviewed, guard);
        if (r >= 0)
                r = sd_event_source_set_enabled(guard->reviewed, SD_EVENT_OFF);
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
        sd_event_source_disable_unref(guard->reviewed);
        sd_event_source_disable_unref(guard->cool);
        watch_forget(guard->watch, guard);
        review_free(guard->review);
        keeper_free(guard->keeper);
        forget_pending(guard, guard->pending);
        forget_pending(guard, guard->found);
        free(guard->pending);
        free(guard->found);
        free(guard->n_failures);
        known_free(guard->known);
        filter_free(guard->filter);
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
        guard->not_before_usec = 0;
        wake_for_whole(guard, 0);
}

void guard_tick(struct Guard *guard, int64_t now_usec) {
        if (guard_next_usec(guard) > now_usec)
                return;
        guard->not_before_usec = 0;
        wake_in(guard, 0);
}

/* A backup of the set, by its name. */
static bool is_wanted(const struct Guard *guard, const char *path, const char *name) {
        return strncmp(name, OS_RESERVED_PREFIX, strlen(OS_RESERVED_PREFIX)) != 0 &&
               filter_accepts_path(guard->filter, path) &&
               !scanning_is_listing(guard->config->config, guard->set, path);
}

static void file_happened(struct Guard *guard, const struct WatchEvent *event, int64_t usec) {
        _cleanup_(freep) char *path = NULL;

        if (asprintf(&path, "%s%s%s", event->directory, *event->directory ? "/" : "", event->name) < 0) {
                path = NULL;
                wake_for_whole(guard, usec);
                return;
        }
        if (!is_wanted(guard, path, event->name))
                return;
        add_pending(guard, &guard->pending[0], path);
        wake_in(guard, usec);
        /* What copies for long is asked to let this have its turn. */
        if (guard->keeper && !guard->keeper->is_scoped && os_monotonic_usec() - guard->begun_usec > TURN_USEC)
                guard->keeper->is_yielding = true;
}

void guard_happened(struct Guard *guard, const struct WatchEvent *event) {
        int64_t settle_usec = guard->set->settle_usec;

        switch (event->kind) {
        case WATCH_CREATED:
                file_happened(guard, event, MAX(settle_usec, CREATED_USEC));
                return;
        case WATCH_FINISHED:
                file_happened(guard, event, settle_usec);
                return;
        case WATCH_VANISHED:
                file_happened(guard, event, CREATED_USEC);
                return;
        case WATCH_DIRECTORY: /* what is new is to be watched, now */
        case WATCH_OVERFLOW:
                begin_review(guard);
                return;
        }
}

bool guard_is_connected(const struct Guard *guard) {
        return guard->is_connected;
}

bool guard_is_alive(const struct Guard *guard, int64_t now_usec) {
        int64_t at_usec = MAX(MIN(guard->wake_usec, guard->whole_usec), guard->not_before_usec);

        return guard->keeper || at_usec == USEC_INFINITY || now_usec - at_usec < OVERDUE_USEC;
}

static void connected(struct Guard *guard) {
        if (guard->is_connected)
                return;
        guard->is_connected = true;
        guard->changed(guard->userdata);
}

void guard_watched(struct Guard *guard, int number, const char *path, int error) {
        int r = number > 0 ? watch_bind(guard->watch, number, guard, path) : error;

        connected(guard);
        if (r > 0)
                guard->is_review_due = true;
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
        guard->next_config = config_ref(config);
        guard->next_set = set;
        if (!guard->keeper)
                take_next_config(guard);
}

void guard_leave(struct Guard *guard) {
        guard->is_leaving = true;
        watch_forget(guard->watch, guard);
        guard->review = review_free(guard->review);
        known_drop_workers(guard->known);
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
        review_abandon(guard->review);
}
