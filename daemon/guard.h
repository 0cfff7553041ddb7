/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * A set while the daemon runs: it waits for what the watches say, for the moment
 * at which time changes the plan, for what is to be tried again; and then has a
 * keeper make a pass.
 */

#include "daemon/keeper.h"
#include "daemon/pass.h"
#include "lib/watch.h"

/* A configuration that goes when the last set of it does. */
struct ConfigRef {
        struct Config *config;
        unsigned n_refs;
};

int config_ref_new(struct Config *config, struct ConfigRef **ret); /* takes the configuration, also on failure */
struct ConfigRef *config_ref(struct ConfigRef *ref);
struct ConfigRef *config_unref(struct ConfigRef *ref);

struct GuardStatus {
        size_t n_backups;
        size_t n_holds;
        bool is_looking; /* it was never looked at yet */
        bool is_at_work;
        bool is_failing;
};

struct Guard;

/* Holds a reference; changed() is called when something became different of what this file tells. */
int guard_new(struct Pass *pass, struct Watch *watch, struct ConfigRef *config, const struct ConfigSet *set,
              void (*changed)(void *userdata), void *userdata, struct Guard **ret);
struct Guard *guard_free(struct Guard *guard);
DEFINE_CLEANUP(struct Guard *, guard_free)

const struct ConfigSet *guard_set(const struct Guard *guard) _pure_;
void guard_status(const struct Guard *guard, struct GuardStatus *ret);
/* When, by the clock, there will be something to do. */
int64_t guard_next_usec(const struct Guard *guard) _pure_;

/* Makes a pass now, or as soon as the one that is under way is over. */
void guard_wake(struct Guard *guard);
/* What its clock tells: makes a pass if it is time. */
void guard_tick(struct Guard *guard, int64_t now_usec);
/* What the watches tell. */
void guard_happened(struct Guard *guard, const struct WatchEvent *event);
/* Its trees were opened, or were said not to be there. */
bool guard_is_connected(const struct Guard *guard) _pure_;
/* No timer of it is lost. */
bool guard_is_alive(const struct Guard *guard, int64_t now_usec) _pure_;
/* A directory of it is watched; or could not be. */
void guard_watched(struct Guard *guard, int number, const char *path, int error);
/* The pass is over; called from within it. */
void guard_pass_done(struct Guard *guard);

/* The same set of another configuration. */
void guard_rebase(struct Guard *guard, struct ConfigRef *config, const struct ConfigSet *set);
/* No pass is begun any more. */
void guard_leave(struct Guard *guard);
bool guard_is_leaving(const struct Guard *guard) _pure_;
bool guard_is_idle(const struct Guard *guard) _pure_;
/* Its workers are told to give up; to be called for all before any is freed. */
void guard_abandon(struct Guard *guard);
