/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * One set at run time: what lies in its source and at its destinations, what the
 * catalog knows of it, the plan that follows, and the steps that carry it out.
 *
 * A keeper never waits. Workers look and act, the ledger records; a step is over
 * when nothing of it is open any more, and then the next begins.
 */

#include <systemd/sd-event.h>

#include "daemon/ledger.h"
#include "daemon/worker.h"
#include "lib/base.h"
#include "lib/catalog.h"
#include "lib/config.h"
#include "lib/event.h"
#include "lib/index.h"
#include "lib/plan.h"
#include "lib/recall.h"

#define KEEPER_SCOPE_MAX 100000 /* files of a part; beyond that, all of it is looked at */

struct CopyBatch;
struct Known;
struct Pass;
struct RemoveBatch;
struct Said;
struct Records;

enum KeeperStep {
        STEP_OPEN,    /* ask the catalog who we are */
        STEP_CONNECT, /* workers open their trees */
        STEP_RECOVER, /* bring to an end what a dead run began to remove */
        STEP_LOOK,    /* scan */
        STEP_RECALL,  /* bring what was seen together with what is known */
        STEP_VERIFY,  /* read copies again, where asked for */
        STEP_PLAN,    /* decide, and show it */
        STEP_RECORD,  /* what is new, and what is wanted */
        STEP_RENAME,  /* copies follow renamed backups */
        STEP_COPY,    /* and then look, recall and plan again */
        STEP_REMOVE,
        STEP_PURGE, /* what lay in the trash directory for Trash= */
        STEP_LIST,  /* look again at what changed, for the listings */
        STEP_DONE,
};

/* The source, or a destination. */
struct KeeperTree {
        struct Keeper *keeper;
        const struct ConfigCopy *config; /* NULL: the source */
        size_t copy;                     /* its number; SIZE_MAX: the source */
        char what[256];                  /* "valcann/nas", for messages */
        const char *path;
        const char *listing;
        const struct ConfigSet *view; /* how its names are read, and its policy */
        struct ConfigSet own_view;    /* a destination's */
        struct Index *index;
        struct Plan *plan; /* what is to be kept there; of the source, the set's plan */
        struct Worker *worker;
        struct Worker *stale_worker; /* whose place another took */
        uint64_t n_open;             /* answers that are due of the worker, or of the ledger for it */
        bool is_connecting;          /* its worker has not said yet whether it is ready */
        bool is_scanning;
        bool is_polled;     /* a source where nothing is watched */
        bool is_new;        /* a destination that just got its marker */
        bool is_marker_new; /* the catalog does not have it yet */
        bool is_there;      /* opened, and of a destination with the right marker */
        bool is_partial;    /* not all of it could be read */
        bool is_stopped;    /* no more work for it in this pass */
        bool is_changed;    /* since the last look */
        bool failed;        /* something of it was reported as an error */
        bool has_hung;
        bool is_stale; /* its warm worker has something else open than what is there now */
        bool is_looking_at_paths;
        char marker[33];
        uint32_t directory; /* the one that is being looked at */
        uint32_t cursor;    /* the entry to look at next, when copying or removing */
        uint32_t lost;      /* metadata that it could not hold */
        int64_t id;         /* a destination's, in the catalog; 0: none */
        uint64_t device;
        struct BackupStat root;

        /* Looking. */
        size_t n_skipped, n_unreadable;
        uint64_t n_excluded;
        char **leftovers;
        size_t n_leftovers, n_leftovers_allocated;
        struct BackupStat marker_stat; /* a destination's; ino 0: none was seen */
        struct BackupStat *markers;    /* those of destinations that are seen in a source */
        size_t n_markers, n_markers_allocated;

        /* Copying: batches that are under way, oldest first. */
        struct CopyBatch *batches[2];
        size_t n_failed_in_a_row; /* of the destination as a whole */
        uint64_t bytes_sent;      /* for the progress bar */

        /* Removing. */
        struct RemoveBatch *removing;
        struct Records *outcomes; /* of the batch, to be recorded */

        struct Records *verifying; /* what was read and is equal, to be recorded */

        /* A pass over a part of the set: what it is about. */
        char **paths;
        size_t n_paths, n_paths_allocated, n_sorted;
        struct IndexList unfinished; /* series in which something was to be done and was not */

        struct PlanCount copied, adopted, removed, verified;
        size_t n_failed;
        size_t n_new;            /* backups that became ours there */
        size_t n_removed_before; /* in the hour before */
};

struct Keeper {
        struct Pass *pass;
        void *owner;         /* the guard that began it; NULL: --once */
        struct Said *said;   /* what was said before; NULL: nothing */
        struct Known *known; /* what is known from pass to pass; NULL: nothing */
        const struct Config *config;
        const struct ConfigSet *set;
        int64_t now_usec; /* the moment that all of this pass is decided for */
        struct KeeperTree source;
        struct KeeperTree *copies;
        struct Index **copy_indexes;
        struct Recall *recall; /* NULL: no catalog */

        uint64_t n_open; /* what the step waits for, in all trees */
        enum KeeperStep step;
        unsigned round;       /* how often it was planned */
        bool is_first;        /* nothing was said before: what is normal is said too */
        bool is_leaving;      /* asked to end, by itself */
        bool is_scoped;       /* the pass is over a part of the set */
        bool is_yielding;     /* others wait: no more copies are begun */
        bool is_looking_only; /* outside of ActiveHours= */
        bool leaves_intents;  /* something may be half removed */
        bool is_source_held;  /* another directory than before, or emptied by others */
        bool failed;          /* something was reported as an error */
        bool is_stepping;
        bool is_done;
        bool has_root;

        int64_t id; /* in the catalog; 0: none */
        struct CatalogRoot root;
        struct CatalogIntent *intents; /* unfinished; strings are the keeper's */
        size_t n_intents, n_intents_allocated;
        uint8_t *recovered; /* of each of them, what was found: enum RemoveOutcome + 1 */
        char **strings;     /* freed with the keeper */
        size_t n_strings, n_strings_allocated;
        char **moving; /* files of the source that changed while they were copied */
        size_t n_moving, n_moving_allocated;

        size_t n_recording;
        uint32_t record_cursor;
        unsigned n_recoveries; /* how often the step was begun */
};

int keeper_new(struct Pass *pass, const struct Config *config, const struct ConfigSet *set, struct Keeper **ret);
struct Keeper *keeper_free(struct Keeper *keeper);
DEFINE_CLEANUP(struct Keeper *, keeper_free)

/*
 * Before it is started: makes it a pass over a part of the set, to which the file belongs (tree 0 is the source); and
 * when all are named, finds what else that part is. -E2BIG where it is so much that all may be looked at.
 */
int keeper_narrow(struct Keeper *keeper, size_t tree, const char *path);
int keeper_find_scope(struct Keeper *keeper);
/* When it is done: what it saw is what is known from now on; 1 where it saw too little for that. */
int keeper_hand_over(struct Keeper *keeper);

/* How the set's names are read at a destination, under the policy that its copies have. */
void keeper_make_view(const struct ConfigSet *set, const struct ConfigCopy *copy, bool has_catalog,
                      struct ConfigSet *ret);

/* Calls pass->done() when all is over, never before it returns. */
void keeper_start(struct Keeper *keeper);

/* The source, or the destination with that number in the catalog; NULL: none. */
struct KeeperTree *keeper_tree_of(const struct Keeper *keeper, int64_t destination) _pure_;
/* Something is different from before this pass. */
bool keeper_did_something(const struct Keeper *keeper) _pure_;
/* Its workers are to give up what they are at; it is to be freed then. */
void keeper_abandon(struct Keeper *keeper);

/* When it is done: has the lister write the listings of what is there now, and the event that sums it up. */
void keeper_write_listings(struct Keeper *keeper);
void keeper_tell_summary(struct Keeper *keeper);
