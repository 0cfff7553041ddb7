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

static int send(struct KeeperTree *tree, size_t number, const struct CatalogIntent *intent) {
        if (intent->state == CATALOG_INTENT_TRASHED && !is_over(tree, intent))
                return 0;
        return keeper_send(tree, &(struct Job){
                                         .kind = intent->state == CATALOG_INTENT_MEANT ? JOB_UNDO : JOB_PURGE,
                                         .id = number,
                                         .in_source = !tree->config,
                                         .path = intent->path,
                                         .to = intent->trash_name,
                                         .stat = intent->stat,
                                 });
}

int keeper_step_recover(struct Keeper *keeper) {
        int r = 0;

        for (size_t i = 0; i < keeper->n_intents && r >= 0; i++) {
                struct KeeperTree *tree = tree_of(keeper, &keeper->intents[i]);

                if (tree)
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
        event->kind = EVENT_REMOVED;
        *state = CATALOG_INTENT_DONE;
        return true;
}

void keeper_recovered(struct KeeperTree *tree, const struct Report *report) {
        struct Keeper *keeper = tree->keeper;
        enum CatalogIntentState state;
        struct Records *records;
        struct Event event;
        bool is_at_end;
        int r = -ENOMEM;

        if (report->id >= keeper->n_intents) {
                keeper_fail(keeper, -EBADMSG);
                return;
        }
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
