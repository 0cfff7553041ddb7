/* SPDX-License-Identifier: MIT */

/*
 * Removals, of the source and at destinations: the intent is durable, the worker
 * acts, what came of it is durable together with its event, and the event is
 * told. A run that died in between is brought to its end by the next.
 */

#include <stdio.h>
#include <sys/random.h>

#include "daemon/audit.h"
#include "daemon/keeper-internal.h"
#include "daemon/log.h"
#include "daemon/options.h"
#include "daemon/pass.h"
#include "lib/array.h"
#include "lib/error.h"
#include "lib/os.h"
#include "lib/remove.h"

#define BATCH_MAX 256

/* A file that goes; companions stand behind the backup whose fate they share. */
struct RemoveItem {
        uint32_t entry;
        bool is_companion;
        size_t owner; /* of a companion: the place of its backup in the batch */
        enum RemoveOutcome outcome;
};

struct RemoveBatch {
        struct KeeperTree *tree;
        struct Records *records; /* the intents first, then what came of them */
        struct RemoveItem *items;
        size_t n_items, n_items_allocated;
        size_t n_answered;
};

static struct RemoveBatch *batch_free(struct RemoveBatch *batch) {
        if (!batch)
                return NULL;
        records_free(batch->records);
        free(batch->items);
        free(batch);
        return NULL;
}
DEFINE_CLEANUP(struct RemoveBatch *, batch_free)

void keeper_free_removing(struct KeeperTree *tree) {
        tree->removing = batch_free(tree->removing);
        tree->outcomes = records_free(tree->outcomes);
}

static bool is_source(const struct KeeperTree *tree) {
        return !tree->config;
}

static int64_t backup_id(const struct KeeperTree *tree, uint32_t entry) {
        const struct Recall *recall = tree->keeper->recall;

        return is_source(tree) ? recall->backups[entry].id : recall->copies[tree->copy][entry].backup;
}

/* Why it goes, for the audit trail: the rules that did not keep it. */
static char *make_reason(const struct KeeperTree *tree, bool is_companion) {
        const struct Policy *policy = &tree->view->policy;
        char reason[EVENT_REASON_MAX] = "";
        char *p = reason;

        if (is_companion)
                return strdup("its backup was removed");
        for (enum PolicyRule rule = 0; rule < _POLICY_RULE_MAX; rule++)
                if (policy_has(policy, rule) && p < reason + sizeof(reason) - 64)
                        p = stpcpy(stpcpy(p, p == reason ? "not kept by " : ", "), policy_rule_name(rule));
        return strdup(reason);
}

static int add_intent(struct RemoveBatch *batch, const struct RemoveItem *item) {
        struct KeeperTree *tree = batch->tree;
        struct Records *records = batch->records;
        const char *path = records_own(records, recall_path(tree->index, item->entry));
        const char *reason = records_own(records, make_reason(tree, item->is_companion));
        char *name;
        const char *trash_name;
        struct IndexEntry e;
        uint64_t random;

        if (getrandom(&random, sizeof(random), 0) != sizeof(random))
                return -EIO;
        if (asprintf(&name, "%016llx", (unsigned long long)random) < 0)
                return -ENOMEM;
        trash_name = records_own(records, name);
        if (!path || !reason || !trash_name)
                return -ENOMEM;
        index_entry(tree->index, item->entry, &e);
        /* The index has the backup's birth in the place of the copy's, where ages are counted from it. */
        if (!is_source(tree))
                e.stat = tree->keeper->recall->copies[tree->copy][item->entry].stat;
        if (ARRAY_APPEND(records, owners, item->owner) < 0)
                return -ENOMEM;
        return ARRAY_APPEND(records, intents,
                            (struct CatalogIntent){
                                    .set = tree->keeper->id,
                                    .destination = tree->id,
                                    .backup = backup_id(tree, item->entry),
                                    .path = path,
                                    .stat = e.stat,
                                    .trash_name = trash_name,
                                    .reason = reason,
                                    .meant_usec = records->usec,
                                    .ended_usec = records->usec,
                                    .state = CATALOG_INTENT_MEANT,
                            });
}

static int write_batch(struct Catalog *catalog, void *data) {
        struct RemoveBatch *batch = data;

        return records_write(catalog, batch->records);
}

/* The intents are durable: now the worker may act. */
static int send_batch(struct RemoveBatch *batch) {
        struct KeeperTree *tree = batch->tree;
        int r = 0;

        for (size_t i = 0; i < batch->n_items && r >= 0; i++) {
                const struct CatalogIntent *intent = &batch->records->intents[i];

                r = keeper_send(tree, &(struct Job){
                                              .kind = JOB_REMOVE,
                                              .id = i,
                                              .in_source = is_source(tree),
                                              .is_keep = tree->view->trash_usec > 0,
                                              .is_following = batch->items[i].is_companion,
                                              .path = intent->path,
                                              .to = intent->trash_name,
                                              .stat = intent->stat,
                                      });
        }
        return r < 0 ? r : keeper_commit(tree);
}

static void intents_recorded(void *userdata, void *data, int r) {
        _cleanup_(batch_freep) struct RemoveBatch *batch = data;
        struct KeeperTree *tree = userdata;

        if (r != 0)
                keeper_catalog_failed(tree->keeper, r);
        else if (!tree->is_stopped && !keeper_is_stopping(tree->keeper)) {
                r = send_batch(batch);
                if (r < 0)
                        keeper_fail(tree->keeper, r);
                else
                        tree->removing = TAKE_PTR(batch);
        }
        keeper_close_record(tree->keeper);
}

static struct RemoveBatch *batch_new(struct KeeperTree *tree) {
        _cleanup_(batch_freep) struct RemoveBatch *batch = calloc(1, sizeof(*batch));

        if (!batch)
                return NULL;
        batch->tree = tree;
        batch->records = records_new(tree->keeper->id);
        return batch->records ? TAKE_PTR(batch) : NULL;
}

/* A backup, and after it its companions, as far as they are ours to remove. */
static int add_backup(struct RemoveBatch *batch, uint32_t entry) {
        const struct KeeperTree *tree = batch->tree;
        const uint32_t *companions;
        size_t n, owner = batch->n_items;
        int r;

        r = ARRAY_APPEND(batch, items, (struct RemoveItem){.entry = entry, .owner = RECORDS_NEW});
        index_companions(tree->index, entry, &companions, &n);
        for (size_t i = 0; i < n && r >= 0; i++)
                if (is_source(tree) || backup_id(tree, companions[i]) != 0)
                        r = ARRAY_APPEND(
                                batch, items,
                                (struct RemoveItem){.entry = companions[i], .is_companion = true, .owner = owner});
        return r;
}

/* A companion that is being written or is suspect keeps its backup: it is about it. */
static bool has_busy_companion(const struct KeeperTree *tree, uint32_t entry) {
        const struct Keeper *keeper = tree->keeper;
        const uint32_t *companions;
        struct IndexEntry e;
        size_t n;

        index_companions(tree->index, entry, &companions, &n);
        for (size_t i = 0; i < n && is_source(tree); i++)
                if (keeper->recall->flags[companions[i]] & PLAN_FLAG_SUSPECT ||
                    (index_entry(tree->index, companions[i], &e) &&
                     backup_is_settling(e.stat.mtime_usec, keeper->now_usec, keeper->set->settle_usec)))
                        return true;
        return false;
}

/* What the plan lets go, as much as is recorded at once. */
static int begin_batch(struct KeeperTree *tree) {
        _cleanup_(batch_freep) struct RemoveBatch *batch = batch_new(tree);
        uint32_t end = index_entry_end(tree->index);
        int r = 0;

        if (!batch)
                return -ENOMEM;
        for (; tree->cursor < end && batch->n_items < BATCH_MAX && r >= 0; tree->cursor++) {
                struct IndexEntry e;

                if (!index_entry(tree->index, tree->cursor, &e) || e.is_companion ||
                    plan_item(tree->plan, tree->cursor).verdict != PLAN_REMOVE)
                        continue;
                r = has_busy_companion(tree, tree->cursor) ? keeper_note_unfinished(tree, tree->cursor)
                                                           : add_backup(batch, tree->cursor);
        }
        for (size_t i = 0; i < batch->n_items && r >= 0; i++)
                r = add_intent(batch, &batch->items[i]);
        if (r < 0 || batch->n_items == 0)
                return r;
        r = keeper_submit(tree->keeper, &(struct LedgerWork){
                                                .record = write_batch,
                                                .done = intents_recorded,
                                                .userdata = tree,
                                                .data = batch,
                                        });
        if (r >= 0)
                batch = NULL;
        return r;
}

int keeper_step_remove(struct Keeper *keeper) {
        int r = 0;

        keeper->source.cursor = 0;
        if (keeper->source.plan && keeper->source.is_there && !keeper->source.is_stopped)
                r = begin_batch(&keeper->source);
        for (size_t c = 0; c < keeper->set->n_copies && r >= 0; c++) {
                struct KeeperTree *tree = &keeper->copies[c];

                tree->cursor = 0;
                if (tree->plan && tree->is_there && !tree->is_stopped)
                        r = begin_batch(tree);
        }
        return r;
}

/* An event that is recorded with what it tells of, and told after that. */
static int add_event(struct KeeperTree *tree, struct Records *records, struct Event event) {
        _cleanup_(freep) char *series = keeper_series_name(tree, event.file);
        struct RecordsEvent row = {.usec = records->usec, .priority = event_priority(event.kind)};
        int r;

        event.set = tree->keeper->set->name;
        event.series = series;
        event.destination = is_source(tree) ? NULL : tree->config->name;
        event.usec = records->usec;
        if (getrandom(event.id, sizeof(event.id), 0) != sizeof(event.id))
                return -EIO;
        memcpy(row.id, event.id, sizeof(row.id));
        r = event_make_fields(&event, &row.fields);
        if (r >= 0)
                r = ARRAY_APPEND(records, events, row);
        if (r < 0)
                event_fields_done(&row.fields);
        return r;
}

static void tell_events(struct KeeperTree *tree, struct Records *records) {
        for (size_t i = 0; i < records->n_events; i++) {
                int r = audit_emit(&records->events[i].fields, records->events[i].priority);

                if (r >= 0)
                        pass_delivered(tree->keeper->pass, records->events[i].id);
                if (records->events[i].priority <= EVENT_ERROR)
                        keeper_failed(tree);
        }
}

/* What a removal that has come to its end means for the catalog. */
static int add_end(struct KeeperTree *tree, struct Records *records, const struct CatalogIntent *intent,
                   enum CatalogIntentState state) {
        int r;

        r = ARRAY_APPEND(records, intent_ends, (struct RecordsIntentEnd){.id = intent->id, .state = state});
        if (r < 0 || state == CATALOG_INTENT_PUT_BACK || intent->backup == 0)
                return r;
        if (is_source(tree))
                return ARRAY_APPEND(records, ends,
                                    (struct RecordsEnd){.id = intent->backup,
                                                        .fate = CATALOG_REMOVED,
                                                        .reason = records_own(records, strdup(intent->reason))});
        return ARRAY_APPEND(
                records, copies,
                (struct RecordsCopy){
                        .backup = RECORDS_NEW,
                        .copy = {.backup = intent->backup, .destination = tree->id, .state = CATALOG_COPY_REMOVED},
                });
}

const char *keeper_removal_reason(const struct CatalogIntent *intent, const struct Report *report,
                                  char buf[static EVENT_REASON_MAX]) {
        if (!report->flag)
                return report->text;
        snprintf(buf, EVENT_REASON_MAX, "%s: it lies in " REMOVE_DIRECTORY "/%s", strempty(report->text),
                 intent->trash_name);
        return buf;
}

static struct Event event_of(const struct KeeperTree *tree, const struct CatalogIntent *intent,
                             const struct RemoveItem *item, const struct Report *report,
                             char buf[static EVENT_REASON_MAX]) {
        struct Event event = {
                .file = intent->path,
                .has_size = true,
                .size = intent->stat.size,
                .reason = intent->reason,
        };
        struct IndexEntry e;

        switch ((enum RemoveOutcome)report->outcome) {
        case REMOVE_DONE:
                event.kind = EVENT_REMOVED;
                break;
        case REMOVE_TRASHED:
                event.kind = EVENT_TRASHED;
                break;
        case REMOVE_GONE:
        case REMOVE_PUT_BACK:
                event.kind = EVENT_PUT_BACK;
                break;
        case REMOVE_FAILED:
        case _REMOVE_OUTCOME_MAX:
                event.kind = EVENT_REMOVE_FAILED;
                event.error = -report->error;
                event.reason = keeper_removal_reason(intent, report, buf);
                break;
        }
        if (index_entry(tree->index, item->entry, &e) && e.time_from != BACKUP_TIME_NONE) {
                event.has_age = true;
                event.age_usec = sub_saturated(tree->keeper->now_usec, e.time_usec);
        }
        return event;
}

static bool is_left_behind(const struct RemoveBatch *batch, const struct RemoveItem *item) {
        return item->is_companion && item->outcome == REMOVE_FAILED &&
               (batch->items[item->owner].outcome == REMOVE_DONE ||
                batch->items[item->owner].outcome == REMOVE_TRASHED);
}

/* Adds to what is to be recorded what came of one removal. */
static int add_outcome(struct RemoveBatch *batch, struct Records *records, size_t i, const struct Report *report) {
        const struct CatalogIntent *intent = &batch->records->intents[i];
        struct RemoveItem *item = &batch->items[i];
        struct KeeperTree *tree = batch->tree;
        char reason[EVENT_REASON_MAX];
        enum CatalogIntentState state;
        int r = 0;

        item->outcome = report->outcome;
        state = item->outcome == REMOVE_DONE      ? CATALOG_INTENT_DONE
                : item->outcome == REMOVE_TRASHED ? CATALOG_INTENT_TRASHED
                                                  : CATALOG_INTENT_PUT_BACK;
        /* A companion whose backup is gone, and what did not find back: they stay meant, and the next pass tries again. */
        if (!is_left_behind(batch, item) && !(item->outcome == REMOVE_FAILED && report->flag))
                r = add_end(tree, records, intent, state);
        else
                tree->keeper->leaves_intents = true;
        /* Of a companion that stays because its backup does, nothing is said. */
        if (r >= 0 && item->outcome != REMOVE_GONE && !(item->is_companion && item->outcome == REMOVE_PUT_BACK))
                r = add_event(tree, records, event_of(tree, intent, item, report, reason));
        if (r >= 0 && (item->outcome == REMOVE_DONE || item->outcome == REMOVE_TRASHED)) {
                tree->removed.n++;
                tree->removed.bytes += intent->stat.size;
                tree->is_changed = true;
                r = keeper_forget_path(tree, intent->path);
        } else if (r >= 0 && !item->is_companion)
                r = keeper_note_unfinished(tree, item->entry);
        return r;
}

static void outcomes_recorded(void *userdata, void *data, int r) {
        _cleanup_(records_freep) struct Records *records = data;
        struct KeeperTree *tree = userdata;

        if (r != 0)
                keeper_catalog_failed(tree->keeper, r); /* the intents tell the next run what to look for */
        tell_events(tree, records);
        if (r == 0 && !tree->is_stopped && !keeper_is_stopping(tree->keeper) && begin_batch(tree) < 0)
                keeper_fail(tree->keeper, -ENOMEM);
        keeper_close_record(tree->keeper);
}

static int finish_batch(struct KeeperTree *tree, struct Records *records) {
        int r = keeper_submit(tree->keeper, &(struct LedgerWork){
                                                    .record = records_write,
                                                    .done = outcomes_recorded,
                                                    .userdata = tree,
                                                    .data = records,
                                            });

        if (r < 0)
                records_free(records);
        return r;
}

static void conclusion_recorded(void *userdata, void *data, int r) {
        _cleanup_(records_freep) struct Records *records = data;
        struct KeeperTree *tree = userdata;

        if (r != 0)
                keeper_catalog_failed(tree->keeper, r);
        else
                tell_events(tree, records);
        keeper_close_record(tree->keeper);
}

int keeper_conclude_removal(struct KeeperTree *tree, struct Records *taken, const struct CatalogIntent *intent,
                            enum CatalogIntentState state, struct Event event) {
        _cleanup_(records_freep) struct Records *records = taken;
        int r;

        r = add_end(tree, records, intent, state);
        if (r >= 0)
                r = add_event(tree, records, event);
        if (r >= 0)
                r = keeper_submit(tree->keeper, &(struct LedgerWork){
                                                        .record = records_write,
                                                        .done = conclusion_recorded,
                                                        .userdata = tree,
                                                        .data = records,
                                                });
        if (r >= 0)
                records = NULL;
        return r;
}

void keeper_removed(struct KeeperTree *tree, const struct Report *report) {
        struct RemoveBatch *batch = tree->removing;
        int r = 0;

        if (!batch || report->id >= batch->n_items || report->outcome >= _REMOVE_OUTCOME_MAX) {
                worker_reject(tree->worker);
                return;
        }
        if (!tree->outcomes)
                tree->outcomes = records_new(tree->keeper->id);
        r = tree->outcomes ? add_outcome(batch, tree->outcomes, report->id, report) : -ENOMEM;
        if (r >= 0 && ++batch->n_answered == batch->n_items) {
                tree->removing = NULL;
                r = finish_batch(tree, TAKE_PTR(tree->outcomes));
                batch_free(batch);
        }
        if (r < 0)
                keeper_fail(tree->keeper, r);
}
