/* SPDX-License-Identifier: MIT */

/*
 * Removals that a run before this one began: what lies in the trash directory
 * goes back to its place if it was not to stay there, what is gone is recorded as
 * removed, and what was to stay there for Trash= is unlinked when that is over.
 */

#include "daemon/keeper-internal.h"
#include "daemon/log.h"
#include "daemon/options.h"
#include "lib/error.h"
#include "lib/remove.h"

/* The tree that an intent is about, where it is at hand. */
static struct KeeperTree *tree_of(struct Keeper *keeper, const struct CatalogIntent *intent) {
        struct KeeperTree *tree = NULL;

        if (intent->destination == 0)
                tree = &keeper->source;
        for (size_t c = 0; c < keeper->set->n_copies; c++)
                if (keeper->copies[c].id == intent->destination)
                        tree = &keeper->copies[c];
        return tree && tree->is_there ? tree : NULL;
}

static bool is_over(const struct KeeperTree *tree, const struct CatalogIntent *intent) {
        return sub_saturated(tree->keeper->pass->options->now_usec, intent->ended_usec) >= tree->view->trash_usec;
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
        if (intent->state == CATALOG_INTENT_TRASHED)
                return is_over(tree, intent) ? JOB_PURGE : -1;
        return intent->owner != 0 && is_owner_gone(tree->keeper, intent) ? JOB_REMOVE : JOB_UNDO;
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
        if (r >= 0)
                r = keeper_commit(&keeper->source);
        for (size_t c = 0; c < keeper->set->n_copies && r >= 0; c++)
                if (keeper->copies[c].is_there)
                        r = keeper_commit(&keeper->copies[c]);
        return r;
}

/* The end of an unfinished removal, and what is said of it; false where it is not yet at its end. */
static bool conclude(const struct CatalogIntent *intent, const struct Report *report, struct Event *event,
                     enum CatalogIntentState *state) {
        *event = (struct Event){
                .file = intent->path,
                .has_size = true,
                .size = intent->stat.size,
                .reason = intent->reason,
        };
        if (report->outcome == REMOVE_FAILED) {
                event->kind = EVENT_REMOVE_FAILED;
                event->error = -report->error;
                event->reason = report->flag ? "its name was taken meanwhile; it lies in .retaind-trash" : report->text;
                *state = CATALOG_INTENT_TRASHED;
                return report->flag && intent->state == CATALOG_INTENT_MEANT;
        }
        if (intent->state == CATALOG_INTENT_TRASHED) {
                event->kind = EVENT_PURGED;
                *state = CATALOG_INTENT_DONE;
                return true;
        }
        if (report->outcome == REMOVE_PUT_BACK) {
                event->kind = EVENT_RECOVERED;
                event->reason = "a run that died had not yet removed it; it is in its place";
                *state = CATALOG_INTENT_PUT_BACK;
                return true;
        }
        event->kind = report->outcome == REMOVE_TRASHED ? EVENT_TRASHED : EVENT_REMOVED;
        *state = report->outcome == REMOVE_TRASHED ? CATALOG_INTENT_TRASHED : CATALOG_INTENT_DONE;
        return true;
}

void keeper_recovered(struct KeeperTree *tree, const struct Report *report) {
        struct Keeper *keeper = tree->keeper;
        enum CatalogIntentState state;
        struct Records *records;
        struct Event event;
        bool is_at_end;
        int r = -ENOMEM;

        if (report->id >= keeper->n_intents || report->outcome >= _REMOVE_OUTCOME_MAX) {
                keeper_fail(keeper, -EBADMSG);
                return;
        }
        keeper->recovered[report->id] = (uint8_t)(report->outcome + 1);
        is_at_end = conclude(&keeper->intents[report->id], report, &event, &state);
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
