/* SPDX-License-Identifier: MIT */

/*
 * What the catalog knows of a set, and the plan that follows from it and from
 * what was seen.
 */

#include <stdio.h>

#include "daemon/keeper-internal.h"
#include "daemon/known.h"
#include "daemon/log.h"
#include "daemon/options.h"
#include "daemon/report.h"
#include "lib/array.h"
#include "lib/error.h"
#include "lib/os.h"

/* Clocks are set back by a little all the time. */

/* What is read in the ledger's thread; the event loop leaves it alone until it is done. */
struct Opening {
        struct Keeper *keeper;
        int64_t now_usec;
};

static char *keep_string(struct Keeper *keeper, const char *s) {
        char *copy = strdup(s);

        if (copy && ARRAY_APPEND(keeper, strings, copy) < 0) {
                free(copy);
                copy = NULL;
        }
        return copy;
}

static int add_intent(void *userdata, const struct CatalogIntent *intent) {
        struct Keeper *keeper = userdata;
        struct CatalogIntent copy = *intent;

        copy.path = keep_string(keeper, intent->path);
        copy.trash_name = keep_string(keeper, intent->trash_name);
        copy.reason = keep_string(keeper, strempty(intent->reason));
        if (!copy.path || !copy.trash_name || !copy.reason)
                return -ENOMEM;
        return ARRAY_APPEND(keeper, intents, copy);
}

static int open_tree(struct Catalog *catalog, struct KeeperTree *tree, int64_t since_usec) {
        struct CatalogDestination destination;
        uint64_t n;
        int r;

        if (tree->config) {
                r = catalog_destination(catalog, tree->keeper->id, tree->config->name, &destination);
                if (r != 0)
                        return r;
                tree->id = destination.id;
                memcpy(tree->marker, destination.marker, sizeof(tree->marker));
        }
        r = catalog_n_removed(catalog, tree->keeper->id, tree->id, since_usec, &n);
        if (r == 0)
                tree->n_removed_before = (size_t)n;
        return r;
}

static int read_set(struct Catalog *catalog, void *data) {
        struct Opening *opening = data;
        struct Keeper *keeper = opening->keeper;
        int64_t since_usec = sub_saturated(opening->now_usec, USEC_PER_HOUR);
        int r;

        r = catalog_set(catalog, keeper->set->name, &keeper->id);
        if (r == 0)
                r = open_tree(catalog, &keeper->source, since_usec);
        for (size_t i = 0; i < keeper->set->n_copies && r == 0; i++)
                r = open_tree(catalog, &keeper->copies[i], since_usec);
        if (r == 0) {
                r = catalog_root(catalog, keeper->id, &keeper->root);
                keeper->has_root = r == 1;
                r = r > 0 ? 0 : r;
        }
        if (r == 0 && keeper->is_scoped)
                return keeper_read_places(catalog, keeper);
        return r == 0 ? catalog_each_intent(catalog, keeper->id, add_intent, keeper) : r;
}

static void opened(void *userdata, void *data, int r) {
        struct Keeper *keeper = userdata;

        free(data);
        if (r != 0) {
                keeper_catalog_failed(keeper, r);
                keeper->step = STEP_DONE;
        }
        keeper_close_record(keeper);
}

int keeper_step_open(struct Keeper *keeper) {
        struct Opening *opening;
        int r;

        if (!keeper->pass->ledger) {
                struct Opening now = {.keeper = keeper, .now_usec = keeper->now_usec};

                r = keeper->pass->catalog ? read_set(keeper->pass->catalog, &now) : 0;
                if (r == -ENOENT) { /* a set or a destination that was never worked on */
                        keeper->id = 0;
                        r = 0;
                }
                return error_fold(r);
        }
        opening = calloc(1, sizeof(*opening));
        if (!opening)
                return -ENOMEM;
        *opening = (struct Opening){.keeper = keeper, .now_usec = keeper->now_usec};
        r = keeper_submit(
                keeper, &(struct LedgerWork){.record = read_set, .done = opened, .userdata = keeper, .data = opening});
        if (r < 0)
                free(opening);
        return r;
}

static int read_rows(struct Catalog *catalog, void *data) {
        struct Keeper *keeper = data;
        int r;

        if (keeper->is_scoped)
                return keeper_read_scoped_rows(catalog, keeper);
        r = catalog_each_backup(catalog, keeper->id, recall_add_backup, keeper->recall);
        if (r == 0)
                r = recall_match(keeper->recall);
        if (r == 0)
                r = catalog_each_copy(catalog, keeper->id, recall_add_copy, keeper->recall);
        return r;
}

static void recalled(void *userdata, void *data _unused_, int r) {
        struct Keeper *keeper = userdata;

        if (r != 0) {
                keeper_catalog_failed(keeper, r);
                keeper->step = STEP_LIST;
        }
        keeper_close_record(keeper);
}

int keeper_step_recall(struct Keeper *keeper) {
        _cleanup_(freep) int64_t *destinations = calloc(MAX(keeper->set->n_copies, (size_t)1), sizeof(int64_t));
        _cleanup_(freep) bool *is_there = calloc(MAX(keeper->set->n_copies, (size_t)1), sizeof(bool));
        int r;

        r = keeper_end_look(&keeper->source);
        for (size_t i = 0; i < keeper->set->n_copies && r >= 0; i++)
                r = keeper_end_look(&keeper->copies[i]);
        if (r < 0)
                return r;
        keeper_compare_trees(keeper);
        if (keeper->id == 0)
                return 0;
        if (!destinations || !is_there)
                return -ENOMEM;
        for (size_t i = 0; i < keeper->set->n_copies; i++) {
                destinations[i] = keeper->copies[i].id;
                is_there[i] = keeper->copies[i].is_there;
        }
        keeper->recall = recall_free(keeper->recall);
        r = recall_new(keeper->set, keeper->source.index, keeper->copy_indexes, is_there, !keeper->source.is_partial,
                       destinations, &keeper->recall);
        if (r < 0)
                return r;
        if (!keeper->pass->ledger)
                return error_fold(read_rows(keeper->pass->catalog, keeper));
        return keeper_submit(keeper, &(struct LedgerWork){
                                             .record = read_rows,
                                             .done = recalled,
                                             .userdata = keeper,
                                             .data = keeper,
                                     });
}

static void hold_source(struct Keeper *keeper, const char *reason) {
        char text[EVENT_REASON_MAX];

        keeper->is_source_held = true;
        snprintf(text, sizeof(text), "%s; if it is right as it is: retaind --once --release=%s%s", reason,
                 keeper->set->name, keeper->pass->is_daemon ? " (while the service is stopped)" : "");
        keeper_emit(&keeper->source, (struct Event){.kind = EVENT_SOURCE_HELD, .reason = text});
}

/* A person named this set: its source and the clock are right as they are. */
static bool is_accepted(const struct Keeper *keeper) {
        const char *name = keeper->pass->options->release_set;

        return name && streq(name, keeper->set->name);
}

bool keeper_is_clock_wrong(const struct Keeper *keeper) {
        return keeper->pass->is_clock_wrong && !is_accepted(keeper);
}

bool keeper_is_other_source(const struct Keeper *keeper) {
        const struct BackupStat *root = &keeper->source.root;

        return keeper->has_root && keeper->source.is_there && !is_accepted(keeper) &&
               (keeper->root.ino != root->ino || keeper->root.birth_usec != root->birth_usec);
}

/* Is it the directory that it was, and did others empty it? Nothing of such a set may be removed. */
static void check_source(struct Keeper *keeper) {
        const struct Index *index = keeper->is_scoped ? keeper_known(&keeper->source)->index : keeper->source.index;
        size_t n_gone = 0, n_entries = index_n_entries(index);

        if (!keeper->recall || is_accepted(keeper))
                return;
        for (size_t i = 0; i < keeper->recall->n_ends; i++)
                n_gone += keeper->recall->ends[i].fate == CATALOG_GONE;
        if (keeper_is_other_source(keeper))
                hold_source(keeper, "it is another directory than before");
        else if (n_gone > 0 && n_entries == 0)
                hold_source(keeper, "it is empty, and retaind did not empty it");
}

/* What retention at a destination may not touch: what we did not publish there. */
static int flags_of_copies(const struct Keeper *keeper, size_t c, uint8_t **ret) {
        const struct Index *index = keeper->copies[c].index;
        uint8_t *flags = calloc(MAX(index_entry_end(index), UINT32_C(1)), 1);

        if (!flags)
                return -ENOMEM;
        for (uint32_t i = 0; i < index_entry_end(index); i++)
                if (keeper->recall->copies[c][i].backup == 0)
                        flags[i] = PLAN_FLAG_FOREIGN;
        *ret = flags;
        return 0;
}

/* A copy's age is its backup's, which its own birth does not tell. */
static int give_births(struct Keeper *keeper, size_t c) {
        struct Index *index = keeper->copies[c].index;
        enum IndexChange change;
        int r = 0;

        if (keeper->copies[c].view->age_from != CONFIG_AGE_FROM_BIRTH)
                return 0;
        for (uint32_t i = 0; i < index_entry_end(index) && r >= 0; i++) {
                _cleanup_(freep) char *name = NULL;
                const struct RecallCopy *copy = &keeper->recall->copies[c][i];
                struct IndexEntry e;

                if (copy->backup == 0 || !index_entry(index, i, &e))
                        continue;
                name = strndup(e.name, e.n_name);
                if (!name)
                        return -ENOMEM;
                e.stat.birth_usec = copy->birth_usec;
                r = index_upsert(index, e.directory_number, name, e.n_name, &e.stat, &change);
        }
        return r < 0 ? r : index_arrange(index);
}

/* A plan of a part counts with the whole; at a destination, with what is ours. */
static void count_whole(const struct KeeperTree *tree, struct PlanInput *input) {
        const struct KnownTree *known = keeper_known(tree);
        size_t n = index_n_backups(known->index);

        input->n_backups = MAX(tree->config ? MIN(n, known->n_own) : n, (size_t)1);
        input->n_removals = known->n_held_for_mass;
}

static int plan_copies_of(struct Keeper *keeper, size_t c, struct PlanInput input) {
        struct KeeperTree *tree = &keeper->copies[c];
        _cleanup_(freep) uint8_t *flags = NULL;
        int r;

        tree->plan = plan_free(tree->plan);
        if (!keeper->recall || !tree->is_there || tree->own_view.policy.rules == 0)
                return 0;
        r = give_births(keeper, c);
        if (r >= 0)
                r = flags_of_copies(keeper, c, &flags);
        if (r < 0)
                return r;
        input.set = tree->view;
        input.index = tree->index;
        input.copies = NULL;
        input.whole = NULL;
        input.copy_flags = NULL;
        input.facts = NULL;
        input.flags = flags;
        input.n_removed = tree->n_removed_before;
        if (keeper->is_scoped)
                count_whole(tree, &input);
        input.source_is_partial = tree->is_partial || keeper->source.is_partial || keeper->is_source_held;
        return plan_new(&input, &tree->plan);
}

static int make_plans(struct Keeper *keeper) {
        struct PlanInput input = {
                .set = keeper->set,
                .index = keeper->source.index,
                .copies = keeper->copy_indexes,
                .now_usec = keeper->now_usec,
                .source_is_partial = keeper->source.is_partial || keeper->is_source_held,
                .n_removed = keeper->source.n_removed_before,
                .is_clock_wrong = keeper_is_clock_wrong(keeper),
                .is_released =
                        is_accepted(keeper) || (keeper->pass->options->release && !keeper->pass->options->release_set),
        };
        _cleanup_(freep) uint8_t **flags = NULL;
        int r;

        if (keeper->is_scoped) {
                count_whole(&keeper->source, &input);
                input.whole = keeper_known(&keeper->source)->index;
        }
        if (keeper->recall) {
                input.facts = keeper->recall->facts;
                input.flags = keeper->recall->flags;
        }
        flags = calloc(MAX(keeper->set->n_copies, (size_t)1), sizeof(uint8_t *));
        r = flags ? 0 : -ENOMEM;
        for (size_t c = 0; c < keeper->set->n_copies && keeper->recall && r >= 0; c++)
                r = flags_of_copies(keeper, c, &flags[c]);
        if (keeper->recall)
                input.copy_flags = flags;
        keeper->source.plan = plan_free(keeper->source.plan);
        if (r >= 0)
                r = plan_new(&input, &keeper->source.plan);
        for (size_t c = 0; c < keeper->set->n_copies && flags; c++)
                free(flags[c]);
        for (size_t c = 0; c < keeper->set->n_copies && r >= 0; c++)
                r = plan_copies_of(keeper, c, input);
        return r;
}

int keeper_step_plan(struct Keeper *keeper) {
        int r;

        if (keeper->round == 0)
                check_source(keeper);
        r = make_plans(keeper);
        if (r < 0 || keeper->round++ > 0)
                return r;
        return report_plan(keeper);
}
