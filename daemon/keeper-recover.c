/* SPDX-License-Identifier: MIT */

/*
 * Removals that a run before this one began: what lies in the trash directory
 * goes back to its place if it was not to stay there, what is gone is recorded as
 * removed. And what was to stay there for Trash=: when that is over, it is unlinked.
 */

#include <stdio.h>

#include "daemon/keeper-internal.h"
#include "daemon/log.h"
#include "daemon/options.h"
#include "lib/error.h"
#include "lib/remove.h"

/* The tree that an intent is about, where it is at hand. */
static struct KeeperTree *tree_of(struct Keeper *keeper, const struct CatalogIntent *intent) {
        struct KeeperTree *tree = keeper_tree_of(keeper, intent->destination);

        /* What is missing in another directory was not removed. */
        return tree && tree->is_there && (tree->config || !keeper_is_other_source(keeper)) ? tree : NULL;
}

static bool is_over(const struct KeeperTree *tree, const struct CatalogIntent *intent) {
        return sub_saturated(tree->keeper->now_usec, intent->ended_usec) >= tree->view->trash_usec;
}

/* Of a companion: did its backup go, in that run or as was found now? */
static bool is_owner_gone(const struct Keeper *keeper, const struct CatalogIntent *intent) {
        for (size_t i = 0; i < keeper->n_intents; i++)
                if (keeper->intents[i].id == intent->owner && keeper->intents[i].state == CATALOG_INTENT_MEANT)
                        return keeper->recovered[i] == REMOVE_GONE + 1;
        return intent->owner_state == CATALOG_INTENT_DONE || intent->owner_state == CATALOG_INTENT_TRASHED;
}

/* What is to be done about an intent; negative: nothing. */
static int job_for(const struct KeeperTree *tree, const struct CatalogIntent *intent) {
        if (tree->keeper->step == STEP_PURGE)
                return intent->state == CATALOG_INTENT_TRASHED && is_over(tree, intent) ? JOB_PURGE : -1;
        if (intent->state == CATALOG_INTENT_TRASHED)
                return -1;
        return intent->owner != 0 && is_owner_gone(tree->keeper, intent) ? JOB_FINISH : JOB_UNDO;
}

static int send(struct KeeperTree *tree, size_t number, const struct CatalogIntent *intent) {
        int kind = job_for(tree, intent);

        if (kind < 0)
                return 0;
        return keeper_send(tree, &(struct Job){
                                         .kind = (enum JobKind)kind,
                                         .id = number,
                                         .in_source = !tree->config,
                                         .is_keep = tree->view->trash_usec > 0,
                                         .path = intent->path,
                                         .to = intent->trash_name,
                                         .stat = intent->stat,
                                 });
}

static int commit_all(struct Keeper *keeper) {
        int r = keeper->source.is_there ? keeper_commit(&keeper->source) : 0;

        for (size_t c = 0; c < keeper->set->n_copies && r >= 0; c++)
                if (keeper->copies[c].is_there)
                        r = keeper_commit(&keeper->copies[c]);
        return r;
}

/* First backups, then companions: what becomes of these depends on what was found of those. */
int keeper_step_recover(struct Keeper *keeper) {
        bool companions = keeper->n_recoveries++ > 0;
        int r = 0;

        if (!keeper->recovered)
                keeper->recovered = calloc(MAX(keeper->n_intents, (size_t)1), 1);
        if (!keeper->recovered)
                return -ENOMEM;
        for (size_t i = 0; i < keeper->n_intents && r >= 0; i++) {
                struct KeeperTree *tree = tree_of(keeper, &keeper->intents[i]);

                if (tree && (keeper->intents[i].owner != 0) == companions)
                        r = send(tree, i, &keeper->intents[i]);
        }
        return r < 0 ? r : commit_all(keeper);
}

/* A copy of it is not there as it was: perhaps what lies in the trash directory is all that is left. */
static bool is_last(const struct Keeper *keeper, const struct CatalogIntent *intent) {
        for (size_t i = 0; i < keeper->recall->n_unsafe; i++)
                if (intent->backup != 0 && keeper->recall->unsafe[i] == intent->backup)
                        return true;
        return false;
}

/* What lay in the trash directory for Trash=. As for a removal, the clock and the source must be right. */
int keeper_step_purge(struct Keeper *keeper) {
        size_t n_last = 0;
        int r = 0;

        if (keeper->is_source_held || !keeper->recall || keeper_is_clock_wrong(keeper))
                return 0;
        for (size_t i = 0; i < keeper->n_intents && r >= 0; i++) {
                const struct CatalogIntent *intent = &keeper->intents[i];
                struct KeeperTree *tree = tree_of(keeper, intent);

                if (!tree || tree->is_stopped || job_for(tree, intent) < 0)
                        continue;
                if (is_last(keeper, intent))
                        n_last++;
                else
                        r = send(tree, i, intent);
        }
        if (n_last > 0)
                log_warning("%s: %zu files stay in " REMOVE_DIRECTORY ": a copy of them is not there as it was",
                            keeper->set->name, n_last);
        return r < 0 ? r : commit_all(keeper);
}

/* The end of an unfinished removal, and what is said of it; false where it is not yet at its end. */
static bool conclude(const struct CatalogIntent *intent, const struct Report *report, struct Event *event,
                     enum CatalogIntentState *state, char buf[static EVENT_REASON_MAX]) {
        *event = (struct Event){
                .file = intent->path,
                .has_size = true,
                .size = intent->stat.size,
                .reason = intent->reason,
        };
        if (report->outcome == REMOVE_FAILED) {
                event->kind = EVENT_REMOVE_FAILED;
                event->error = -report->error;
                event->reason = keeper_removal_reason(intent, report, buf);
                return false; /* tried again by the next pass, and said again */
        }
        if (intent->state == CATALOG_INTENT_TRASHED) {
                event->kind = EVENT_PURGED;
                if (report->outcome == REMOVE_GONE)
                        event->reason = "others had taken it from " REMOVE_DIRECTORY;
                *state = CATALOG_INTENT_DONE;
                return true;
        }
        if (report->outcome == REMOVE_PUT_BACK) {
                event->kind = EVENT_RECOVERED;
                event->reason = "a run that died had not yet removed it; it is in its place";
                *state = CATALOG_INTENT_PUT_BACK;
                return true;
        }
        if (report->outcome == REMOVE_GONE) {
                snprintf(buf, EVENT_REASON_MAX, "%s; a run that died had begun it, and it is gone",
                         strempty(intent->reason));
                event->reason = buf;
        }
        event->kind = report->outcome == REMOVE_TRASHED ? EVENT_TRASHED : EVENT_REMOVED;
        *state = report->outcome == REMOVE_TRASHED ? CATALOG_INTENT_TRASHED : CATALOG_INTENT_DONE;
        return true;
}

void keeper_recovered(struct KeeperTree *tree, const struct Report *report) {
        struct Keeper *keeper = tree->keeper;
        enum CatalogIntentState state;
        struct Records *records;
        char reason[EVENT_REASON_MAX];
        struct Event event;
        bool is_at_end;
        int r = -ENOMEM;

        if (report->id >= keeper->n_intents || report->outcome >= _REMOVE_OUTCOME_MAX) {
                worker_reject(tree->worker);
                return;
        }
        keeper->recovered[report->id] = (uint8_t)(report->outcome + 1);
        is_at_end = conclude(&keeper->intents[report->id], report, &event, &state, reason);
        if (!is_at_end) {
                keeper_emit(tree, event);
                return;
        }
        records = records_new(keeper->id);
        if (records)
                r = keeper_conclude_removal(tree, records, &keeper->intents[report->id], state, event);
        if (r < 0)
                keeper_fail(keeper, r);
}
