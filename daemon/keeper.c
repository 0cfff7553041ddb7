/* SPDX-License-Identifier: MIT */
#include "daemon/keeper.h"

#include <stdio.h>
#include <sys/random.h>

#include "daemon/audit.h"
#include "daemon/keeper-internal.h"
#include "daemon/log.h"
#include "daemon/options.h"
#include "daemon/progress.h"
#include "daemon/said.h"
#include "lib/error.h"
#include "lib/hours.h"
#include "lib/os.h"

static int new_index(const struct ConfigSet *view, struct Index **ret) {
        struct HashKey key;

        if (getrandom(&key, sizeof(key), 0) != sizeof(key))
                return -EIO;
        return index_new(view, key, ret);
}

void keeper_make_view(const struct ConfigSet *set, const struct ConfigCopy *copy, bool has_catalog,
                      struct ConfigSet *ret) {
        *ret = *set;
        ret->policy = copy->policy;
        ret->remove_max_percent = copy->remove_max_percent;
        ret->trash_usec = copy->trash_usec;
        ret->copies = NULL;
        ret->n_copies = 0;
        /* A copy's birth is when it was copied. The catalog knows its backup's; without one, its modification is nearest. */
        if (set->age_from == CONFIG_AGE_FROM_BIRTH && !has_catalog)
                ret->age_from = CONFIG_AGE_FROM_MODIFIED;
}

static int new_copies(struct Keeper *keeper) {
        const struct ConfigSet *set = keeper->set;
        int r;

        keeper->copies = calloc(MAX(set->n_copies, (size_t)1), sizeof(struct KeeperTree));
        keeper->copy_indexes = calloc(MAX(set->n_copies, (size_t)1), sizeof(struct Index *));
        if (!keeper->copies || !keeper->copy_indexes)
                return -ENOMEM;
        for (size_t i = 0; i < set->n_copies; i++) {
                struct KeeperTree *tree = &keeper->copies[i];

                tree->keeper = keeper;
                tree->config = set->copies[i];
                tree->copy = i;
                tree->path = tree->config->to;
                tree->listing = tree->config->listing;
                snprintf(tree->what, sizeof(tree->what), "%s/%s", set->name, tree->config->name);
                keeper_make_view(set, tree->config, keeper->pass->ledger || keeper->pass->catalog, &tree->own_view);
                tree->view = &tree->own_view;
                r = new_index(tree->view, &tree->index);
                if (r < 0)
                        return r;
                keeper->copy_indexes[i] = tree->index;
        }
        return 0;
}

int keeper_new(struct Pass *pass, const struct Config *config, const struct ConfigSet *set, struct Keeper **ret) {
        _cleanup_(keeper_freep) struct Keeper *keeper = calloc(1, sizeof(*keeper));
        int r;

        if (!keeper)
                return -ENOMEM;
        keeper->pass = pass;
        keeper->config = config;
        keeper->set = set;
        keeper->now_usec = pass->is_daemon ? os_now_usec() : pass->options->now_usec;
        keeper->source = (struct KeeperTree){
                .keeper = keeper,
                .copy = SIZE_MAX,
                .path = set->source,
                .listing = set->listing,
                .view = set,
        };
        snprintf(keeper->source.what, sizeof(keeper->source.what), "%s", set->name);
        r = new_index(set, &keeper->source.index);
        if (r < 0)
                return r;
        r = new_copies(keeper);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(keeper);
        return 0;
}

static void tree_done(struct KeeperTree *tree) {
        worker_free(tree->worker);
        worker_retire(tree->stale_worker);
        keeper_free_copying(tree);
        keeper_free_removing(tree);
        tree->verifying = records_free(tree->verifying);
        plan_free(tree->plan);
        index_free(tree->index);
        index_list_done(&tree->unfinished);
        for (size_t i = 0; i < tree->n_paths; i++)
                free(tree->paths[i]);
        free(tree->paths);
        for (size_t i = 0; i < tree->n_leftovers; i++)
                free(tree->leftovers[i]);
        free(tree->leftovers);
        free(tree->markers);
}

struct Keeper *keeper_free(struct Keeper *keeper) {
        if (!keeper)
                return NULL;
        recall_free(keeper->recall);
        for (size_t i = 0; keeper->copies && i < keeper->set->n_copies; i++)
                tree_done(&keeper->copies[i]);
        tree_done(&keeper->source);
        for (size_t i = 0; i < keeper->n_strings; i++)
                free(keeper->strings[i]);
        free(keeper->strings);
        for (size_t i = 0; i < keeper->n_moving; i++)
                free(keeper->moving[i]);
        free(keeper->moving);
        free(keeper->intents);
        free(keeper->recovered);
        free(keeper->copies);
        free(keeper->copy_indexes);
        free(keeper);
        return NULL;
}

char *keeper_series_name(const struct KeeperTree *tree, const char *file) {
        const struct Index *const indexes[] = {tree->keeper->source.index, tree->index};
        char *name = NULL;
        size_t n_name = 0;

        for (size_t i = 0; i < ELEMENTSOF(indexes) && file; i++) {
                uint32_t id = indexes[i] ? recall_find(indexes[i], file) : INDEX_NONE;
                struct IndexEntry e;

                if (id == INDEX_NONE || !index_entry(indexes[i], id, &e) || e.series == INDEX_NONE)
                        continue;
                if (index_series_name(indexes[i], e.series, &name, &n_name) >= 0)
                        return name;
        }
        free(name);
        return NULL;
}

void keeper_emit(struct KeeperTree *tree, struct Event event) {
        _cleanup_(freep) char *series = keeper_series_name(tree, event.file);
        struct Keeper *keeper = tree->keeper;
        struct EventFields fields = {};

        event.set = keeper->set->name;
        event.series = series;
        if (tree->config && !event.destination)
                event.destination = tree->config->name;
        if (keeper->said && said_again(keeper->said, &event)) {
                if (event_priority(event.kind) <= EVENT_ERROR)
                        keeper_failed(tree);
                return;
        }
        event.usec = os_now_usec();
        if (event_priority(event.kind) <= EVENT_ERROR)
                keeper_failed(tree);
        progress_clear(keeper->pass->progress);
        if (getrandom(event.id, sizeof(event.id), 0) != sizeof(event.id) || event_make_fields(&event, &fields) < 0 ||
            audit_emit(&fields, event_fields_priority(&fields)) < 0)
                log_error("%s: an event could not be told to the journal", tree->what);
        event_fields_done(&fields);
}

void keeper_open(struct KeeperTree *tree) {
        tree->n_open++;
        tree->keeper->n_open++;
}

void keeper_close(struct KeeperTree *tree) {
        if (tree->n_open == 0)
                return; /* the worker was ended meanwhile */
        tree->n_open--;
        tree->keeper->n_open--;
        keeper_go_on(tree->keeper);
}

int keeper_send(struct KeeperTree *tree, const struct Job *job) {
        int r = worker_send(tree->worker, job, true);

        if (r >= 0)
                keeper_open(tree);
        return r;
}

int keeper_submit(struct Keeper *keeper, const struct LedgerWork *work) {
        int r = ledger_submit(keeper->pass->ledger, work);

        if (r >= 0)
                keeper->n_open++;
        return r;
}

void keeper_close_record(struct Keeper *keeper) {
        keeper->n_open--;
        keeper_go_on(keeper);
}

static void records_written(void *userdata, void *data, int r) {
        struct Keeper *keeper = userdata;

        records_free(data);
        if (r != 0)
                keeper_catalog_failed(keeper, r);
        keeper_close_record(keeper);
}

int keeper_submit_records(struct Keeper *keeper, struct Records *records) {
        int r = keeper_submit(keeper, &(struct LedgerWork){
                                              .record = records_write,
                                              .done = records_written,
                                              .userdata = keeper,
                                              .data = records,
                                      });

        if (r < 0)
                records_free(records);
        return r;
}

int keeper_commit(struct KeeperTree *tree) {
        int r;

        r = worker_send(tree->worker, &(struct Job){.kind = JOB_COMMIT}, false);
        return r < 0 ? r : worker_flush(tree->worker);
}

void keeper_fail(struct Keeper *keeper, int error) {
        log_error("%s: %s", keeper->set->name, log_errno(error));
        keeper_failed(&keeper->source);
        keeper->step = STEP_DONE;
}

void keeper_catalog_failed(struct Keeper *keeper, int error) {
        const char *reason = error > 0 ? catalog_error_text(error) : log_errno(error);

        keeper_failed(&keeper->source);
        if (keeper_is_stopping(keeper))
                return;
        /* It is the same for all sets; but a daemon tries again. */
        if (keeper->pass->is_daemon)
                keeper->is_leaving = true;
        else
                keeper->pass->is_stopping = true;
        keeper_emit(&keeper->source, (struct Event){.kind = EVENT_CATALOG_FAILED, .reason = reason});
}

struct KeeperTree *keeper_tree_of(const struct Keeper *keeper, int64_t destination) {
        if (destination == 0)
                return (struct KeeperTree *)&keeper->source;
        for (size_t c = 0; c < keeper->set->n_copies; c++)
                if (keeper->copies[c].id == destination)
                        return &keeper->copies[c];
        return NULL;
}

bool keeper_did_something(const struct Keeper *keeper) {
        bool did = keeper->source.removed.n > 0 || (keeper->recall && keeper->recall->n_ends > 0);

        for (size_t c = 0; c < keeper->set->n_copies; c++) {
                const struct KeeperTree *tree = &keeper->copies[c];

                did = did || tree->copied.n > 0 || tree->adopted.n > 0 || tree->removed.n > 0 || tree->n_failed > 0;
        }
        return did;
}

/* Also where its hours are over: what is under way comes to its end, and nothing more is begun. */
bool keeper_is_stopping(const struct Keeper *keeper) {
        int64_t now_usec;

        if (keeper->is_leaving || keeper->pass->is_stopping || keeper->is_looking_only)
                return true;
        if (!keeper->pass->is_daemon || keeper->set->active_hours.n == 0)
                return false;
        now_usec = os_now_usec();
        return hours_next(&keeper->set->active_hours, keeper->set->zone, now_usec) > now_usec;
}

void keeper_abandon(struct Keeper *keeper) {
        worker_abandon(keeper->source.worker);
        for (size_t c = 0; c < keeper->set->n_copies; c++)
                worker_abandon(keeper->copies[c].worker);
}

/* Whether there is more to do than to look. */
static bool is_acting(const struct Keeper *keeper) {
        return keeper->pass->ledger && !keeper_is_stopping(keeper);
}

static bool is_changed(const struct Keeper *keeper) {
        bool changed = keeper->source.is_changed;

        for (size_t i = 0; i < keeper->set->n_copies; i++)
                changed = changed || keeper->copies[i].is_changed;
        return changed;
}

/* A worker that was warm is not good any more. */
static bool is_stale(const struct Keeper *keeper) {
        bool stale = keeper->source.is_stale;

        for (size_t i = 0; i < keeper->set->n_copies; i++)
                stale = stale || keeper->copies[i].is_stale;
        return stale;
}

static enum KeeperStep next_step(const struct Keeper *keeper) {
        switch (keeper->step) {
        case STEP_CONNECT:
                if (is_stale(keeper))
                        return STEP_CONNECT;
                if (!keeper->source.is_there)
                        return STEP_DONE;
                return is_acting(keeper) ? STEP_RECOVER : STEP_LOOK;
        case STEP_RECALL:
                return keeper->pass->options->verify && keeper->round == 0 && is_acting(keeper) ? STEP_VERIFY
                                                                                                : STEP_PLAN;
        case STEP_PLAN:
                if (!is_acting(keeper))
                        return STEP_DONE;
                return keeper->round == 1 ? STEP_RECORD : STEP_REMOVE;
        case STEP_RECORD:
        case STEP_RENAME:
                return is_acting(keeper) ? keeper->step + 1 : STEP_LIST;
        case STEP_COPY:
                if (!is_acting(keeper))
                        return STEP_LIST;
                return is_changed(keeper) ? STEP_LOOK : STEP_REMOVE;
        case STEP_RECOVER:
                return keeper->n_recoveries < 2 ? STEP_RECOVER : STEP_LOOK;
        case STEP_OPEN:
        case STEP_LOOK:
        case STEP_VERIFY:
        case STEP_REMOVE:
        case STEP_PURGE:
        case STEP_LIST:
                return keeper->step + 1;
        case STEP_DONE:
                break;
        }
        return STEP_DONE;
}

static int run_step(struct Keeper *keeper) {
        switch (keeper->step) {
        case STEP_OPEN:
                return keeper_step_open(keeper);
        case STEP_CONNECT:
                return keeper_step_connect(keeper);
        case STEP_RECOVER:
                return keeper_step_recover(keeper);
        case STEP_LOOK:
                return keeper_step_look(keeper, keeper->round > 0);
        case STEP_RECALL:
                return keeper_step_recall(keeper);
        case STEP_VERIFY:
                return keeper_step_verify(keeper);
        case STEP_PLAN:
                return keeper_step_plan(keeper);
        case STEP_RECORD:
                return keeper_step_record(keeper);
        case STEP_RENAME:
                return keeper_step_rename(keeper);
        case STEP_COPY:
                return keeper_step_copy(keeper);
        case STEP_REMOVE:
                return keeper_step_remove(keeper);
        case STEP_PURGE:
                return is_acting(keeper) ? keeper_step_purge(keeper) : 0;
        case STEP_LIST:
                return keeper_step_list(keeper);
        case STEP_DONE:
                break;
        }
        return 0;
}

/* Steps that have nothing to wait for follow one another here, and not by recursion. */
void keeper_go_on(struct Keeper *keeper) {
        if (keeper->is_stepping)
                return;
        keeper->is_stepping = true;
        while (keeper->n_open == 0 && keeper->step != STEP_DONE) {
                int r;

                keeper->step = next_step(keeper);
                r = run_step(keeper);
                if (r < 0)
                        keeper_fail(keeper, r);
        }
        keeper->is_stepping = false;
        /* Once: a worker that dies after it has nothing more to say. */
        if (keeper->n_open == 0 && keeper->step == STEP_DONE && !keeper->is_done) {
                keeper->is_done = true;
                keeper->pass->done(keeper->pass, keeper);
        }
}

void keeper_start(struct Keeper *keeper) {
        int r;

        keeper->step = STEP_OPEN;
        keeper->is_stepping = true;
        r = run_step(keeper);
        if (r < 0)
                keeper_fail(keeper, r);
        keeper->is_stepping = false;
        keeper_go_on(keeper);
}
