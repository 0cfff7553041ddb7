/* SPDX-License-Identifier: MIT */

/*
 * The listings: what lies in the source and at the destinations when all is done.
 */

#include <stdio.h>

#include "daemon/keeper-internal.h"
#include "daemon/known.h"
#include "daemon/lister.h"
#include "daemon/log.h"
#include "lib/error.h"
#include "lib/listing.h"
#include "lib/text.h"

static void write_listing(struct KeeperTree *tree) {
        const struct Keeper *keeper = tree->keeper;
        _cleanup_(text_done) struct Text text = {};
        int r;

        if (!tree->listing || !tree->is_there)
                return;
        /* What is known is of the whole set. */
        r = listing_write(keeper->known ? keeper_known(tree)->index : tree->index, keeper->set->zone,
                          keeper->pass->listing_line, &text);
        if (r >= 0)
                r = lister_write(keeper->pass->lister, keeper->set->name, tree->listing, &text);
        if (r >= 0)
                return;
        log_error("%s: cannot write the listing %s: %s", keeper->set->name, log_name(tree->listing), log_errno(r));
        keeper_failed(tree);
}

void keeper_write_listings(struct Keeper *keeper) {
        write_listing(&keeper->source);
        for (size_t i = 0; i < keeper->set->n_copies; i++)
                write_listing(&keeper->copies[i]);
}

/* Every hold that now holds something. At a destination the floor is what its rules say anyway. */
static void tell_holds(struct KeeperTree *tree) {
        const struct Keeper *keeper = tree->keeper;
        const struct PlanTotals *totals = tree->plan ? plan_totals(tree->plan) : NULL;
        char reason[EVENT_REASON_MAX];

        for (enum Hold hold = 0; totals && hold < _HOLD_MAX; hold++) {
                bool is_to_run = strstr(hold_cure(hold), "--once");

                if (totals->holds[hold] == 0 || (tree->config && hold == HOLD_NEWEST))
                        continue;
                snprintf(reason, sizeof(reason), "%zu: %s; %s%s%s", totals->holds[hold], hold_reason(hold),
                         hold_cure(hold), hold_is_released_by_set(hold) ? keeper->set->name : "",
                         keeper->pass->is_daemon && is_to_run ? " (while the service is stopped)" : "");
                keeper_emit(tree, (struct Event){
                                          .kind = EVENT_HELD,
                                          .hold = hold_name(hold),
                                          .is_routine = hold == HOLD_NEWEST,
                                          .reason = reason,
                                  });
        }
}

/* What holds, and what the pass did: the journal alone tells it. */
void keeper_tell_summary(struct Keeper *keeper) {
        const struct PlanTotals *totals = keeper->source.plan ? plan_totals(keeper->source.plan) : NULL;
        char reason[EVENT_REASON_MAX];
        size_t n_copied = 0, n_failed = 0, n_removed = keeper->source.removed.n;

        tell_holds(&keeper->source);
        for (size_t i = 0; i < keeper->set->n_copies; i++) {
                tell_holds(&keeper->copies[i]);
                n_copied += keeper->copies[i].copied.n;
                n_failed += keeper->copies[i].n_failed;
                n_removed += keeper->copies[i].removed.n;
        }
        /* Of a part, every single thing was told. */
        if (keeper->pass->is_daemon && (keeper->is_scoped || !keeper_did_something(keeper)))
                return;
        snprintf(reason, sizeof(reason), "copied %zu, failed %zu, removed %zu, held %zu", n_copied, n_failed, n_removed,
                 totals ? totals->verdicts[PLAN_HOLD].n : 0);
        keeper_emit(&keeper->source, (struct Event){.kind = EVENT_PASS_DONE, .reason = reason});
}

/* Looks again at what changed, where somebody wants to see it. */
int keeper_step_list(struct Keeper *keeper) {
        keeper->source.is_changed =
                keeper->source.is_changed && !keeper->is_scoped && (keeper->source.listing || keeper->known);
        for (size_t i = 0; i < keeper->set->n_copies; i++) {
                struct KeeperTree *tree = &keeper->copies[i];

                /* For policy a copy has its backup's birth; who reads a listing wants its own. */
                tree->is_changed = (tree->listing || keeper->known) &&
                                   (tree->is_changed || tree->view->age_from == CONFIG_AGE_FROM_BIRTH);
        }
        return keeper_step_look(keeper, true);
}
