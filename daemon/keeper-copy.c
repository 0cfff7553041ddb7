/* SPDX-License-Identifier: MIT */

/*
 * Copies: what the plan wants goes to each destination's worker in batches, what
 * was published is recorded, and only then does it count.
 */

#include <stdio.h>

#include "daemon/keeper-internal.h"
#include "daemon/log.h"
#include "daemon/options.h"
#include "daemon/progress.h"
#include "daemon/said.h"
#include "lib/array.h"
#include "lib/error.h"
#include "lib/metadata.h"
#include "lib/os.h"
#include "lib/store.h"
#include "lib/walk.h"

/* A batch ends before it holds so much: a worker's answer is never far. */
#define BATCH_BYTES (UINT64_C(256) * 1024 * 1024)
/* A destination on which nothing works any more (full, read-only) is not tried with every file of a set. */
#define N_FAILED_MAX 20
/* So many that cannot be copied are said one by one; the number of all is in the sum. */
#define N_SAID_MAX 1000

/* A file of a batch, and what came of it. */
struct CopyItem {
        uint32_t entry;
        uint32_t outcome; /* enum StoreOutcome */
        const char *path; /* at the destination; the records' */
        struct BackupStat stat, there;
        struct Digest digest;
};

struct CopyBatch {
        struct KeeperTree *tree;
        struct Records *records;
        size_t n_answered;
        int64_t begun_usec;
        struct CopyItem *items;
        size_t n_items, n_items_allocated;
};

static struct CopyBatch *batch_free(struct CopyBatch *batch) {
        if (!batch)
                return NULL;
        records_free(batch->records);
        free(batch->items);
        free(batch);
        return NULL;
}
DEFINE_CLEANUP(struct CopyBatch *, batch_free)

/* Those that the ledger has are freed when it is done with them. */
void keeper_free_copying(struct KeeperTree *tree) {
        for (size_t i = 0; i < ELEMENTSOF(tree->batches); i++)
                tree->batches[i] = batch_free(tree->batches[i]);
        progress_end(tree->keeper->pass->progress, tree);
}

static bool is_done(const struct KeeperTree *tree, uint32_t entry) {
        enum PlanFact fact = tree->keeper->recall->facts[tree->copy][entry];

        return fact == PLAN_FACT_COPIED || fact == PLAN_FACT_OVER;
}

static int send_copy(struct CopyBatch *batch, uint32_t entry, uint64_t *bytes) {
        struct Keeper *keeper = batch->tree->keeper;
        const struct RecallBackup *known = &keeper->recall->backups[entry];
        const char *path = records_own(batch->records, recall_path(keeper->source.index, entry));
        struct CopyItem item = {.entry = entry, .outcome = STORE_FAILED, .path = path};
        struct IndexEntry e;
        int r;

        if (!path)
                return -ENOMEM;
        index_entry(keeper->source.index, entry, &e);
        item.stat = e.stat;
        r = ARRAY_APPEND(batch, items, item);
        if (r >= 0)
                r = keeper_send(batch->tree, &(struct Job){
                                                     .kind = JOB_COPY,
                                                     .id = batch->n_items - 1,
                                                     .path = path,
                                                     .to = path,
                                                     .stat = e.stat,
                                                     .has_digest = known->has_digest,
                                                     .digest = known->digest,
                                             });
        *bytes += e.stat.size;
        return r;
}

/* Companions first: they are there before their backup counts as copied. */
static int send_backup(struct CopyBatch *batch, uint32_t entry, uint64_t *bytes) {
        const uint32_t *companions;
        size_t n;
        int r = 0;

        index_companions(batch->tree->keeper->source.index, entry, &companions, &n);
        for (size_t i = 0; i < n && r >= 0; i++)
                if (!is_done(batch->tree, companions[i]) && batch->tree->keeper->recall->backups[companions[i]].id != 0)
                        r = send_copy(batch, companions[i], bytes);
        if (r >= 0 && !is_done(batch->tree, entry))
                r = send_copy(batch, entry, bytes);
        return r;
}

/* The next batch; 0 where nothing is left. */
static int send_batch(struct KeeperTree *tree, struct CopyBatch **ret) {
        struct Keeper *keeper = tree->keeper;
        _cleanup_(batch_freep) struct CopyBatch *batch = calloc(1, sizeof(*batch));
        uint32_t end = index_entry_end(keeper->source.index);
        uint64_t bytes = 0;
        int r = 0;

        if (!batch)
                return -ENOMEM;
        batch->tree = tree;
        batch->begun_usec = os_monotonic_usec();
        batch->records = records_new(keeper->id);
        if (!batch->records)
                return -ENOMEM;
        for (; tree->cursor < end && bytes < BATCH_BYTES && r >= 0; tree->cursor++) {
                struct IndexEntry e;
                const uint32_t *companions;
                size_t n;

                if (!index_entry(keeper->source.index, tree->cursor, &e) || e.is_companion ||
                    !plan_copies(keeper->source.plan, tree->cursor, tree->copy) ||
                    keeper->recall->backups[tree->cursor].id == 0 ||
                    keeper->recall->flags[tree->cursor] & PLAN_FLAG_SUSPECT)
                        continue;
                index_companions(keeper->source.index, tree->cursor, &companions, &n);
                if (batch->n_items > 0 && batch->n_items + n + 1 > STORE_BATCH_MAX)
                        break;
                r = send_backup(batch, tree->cursor, &bytes);
        }
        if (r < 0 || batch->n_items == 0)
                return r;
        r = keeper_commit(tree);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(batch);
        return 0;
}

/* Two at a time, the older one first: while one is being recorded, the worker has the other. */
static int send_more(struct KeeperTree *tree) {
        int r = 0;

        if (!tree->batches[0])
                tree->batches[0] = TAKE_PTR(tree->batches[1]);
        for (size_t i = 0; i < ELEMENTSOF(tree->batches) && r >= 0; i++)
                if (!tree->batches[i] && !tree->is_stopped && !keeper_is_stopping(tree->keeper) &&
                    !tree->keeper->is_yielding)
                        r = send_batch(tree, &tree->batches[i]);
        return r;
}

int keeper_step_copy(struct Keeper *keeper) {
        const struct PlanTotals *totals = plan_totals(keeper->source.plan);
        int r = 0;

        for (size_t c = 0; c < keeper->set->n_copies && r >= 0; c++) {
                struct KeeperTree *tree = &keeper->copies[c];

                tree->cursor = 0;
                if (!tree->is_there || tree->is_stopped)
                        continue;
                progress_begin(keeper->pass->progress, tree, tree->config->name, totals->copies[c].bytes);
                r = send_more(tree);
        }
        return r;
}

static void tell_item(struct KeeperTree *tree, const struct CopyBatch *batch, const struct CopyItem *item) {
        struct Event event = {
                .kind = item->outcome == STORE_COPIED ? EVENT_COPIED : EVENT_ADOPTED,
                .has_size = true,
                .size = item->stat.size,
                .has_digest = true,
                .digest = item->digest,
                .duration_usec = os_monotonic_usec() - batch->begun_usec,
        };
        _cleanup_(freep) char *file = recall_path(tree->keeper->source.index, item->entry);

        event.file = file;
        keeper_emit(tree, event);
        if (!streq(strempty(file), item->path)) {
                event.kind = EVENT_VERSIONED;
                event.reason = item->path;
                keeper_emit(tree, event);
        }
}

static void count(struct PlanCount *count_of, uint64_t bytes) {
        count_of->n++;
        count_of->bytes += bytes;
}

/* It is durable that they are copied: now they are. */
static void batch_recorded(void *userdata, void *data, int r) {
        _cleanup_(batch_freep) struct CopyBatch *batch = data;
        struct KeeperTree *tree = userdata;
        struct Recall *recall = tree->keeper->recall;
        struct IndexEntry e;

        if (r != 0)
                keeper_catalog_failed(tree->keeper, r);
        for (size_t i = 0; i < batch->n_items && r == 0; i++) {
                const struct CopyItem *item = &batch->items[i];

                if (item->outcome != STORE_COPIED && item->outcome != STORE_ADOPTED)
                        continue;
                recall->facts[tree->copy][item->entry] = PLAN_FACT_COPIED;
                count(item->outcome == STORE_COPIED ? &tree->copied : &tree->adopted, item->stat.size);
                tree->is_changed = true;
                tree->n_new += !index_entry(tree->keeper->source.index, item->entry, &e) || !e.is_companion;
                if (tree->keeper->is_scoped && keeper_add_path(tree, item->path) < 0)
                        keeper_fail(tree->keeper, -ENOMEM);
                tell_item(tree, batch, item);
        }
        keeper_close_record(tree->keeper);
}

static int add_result(struct CopyBatch *batch, const struct CopyItem *item) {
        struct Keeper *keeper = batch->tree->keeper;
        struct CatalogBackup row;
        int r;

        r = keeper_backup_row(keeper, batch->records, item->entry, &row);
        if (r < 0)
                return r;
        /* Found equal where a change was feared: there was none. */
        if (item->outcome == STORE_ADOPTED)
                row.is_changed = false;
        r = ARRAY_APPEND(batch->records, backups, row);
        if (r < 0 || item->outcome == STORE_SUSPECT)
                return r;
        return ARRAY_APPEND(batch->records, copies,
                            (struct RecordsCopy){
                                    .backup = RECORDS_NEW,
                                    .copy =
                                            {
                                                    .backup = row.id,
                                                    .destination = batch->tree->id,
                                                    .state = CATALOG_COPY_COPIED,
                                                    .path = item->path,
                                                    .stat = item->there,
                                                    .has_digest = true,
                                                    .digest = item->digest,
                                                    .copied_usec = batch->records->usec,
                                                    .verified_usec = batch->records->usec,
                                            },
                            });
}

static int write_batch(struct Catalog *catalog, void *data) {
        struct CopyBatch *batch = data;

        return records_write(catalog, batch->records);
}

static int submit_batch(struct KeeperTree *tree, struct CopyBatch *batch) {
        int r = 0;

        for (size_t i = 0; i < batch->n_items && r >= 0; i++)
                if (batch->items[i].outcome == STORE_COPIED || batch->items[i].outcome == STORE_ADOPTED ||
                    batch->items[i].outcome == STORE_SUSPECT)
                        r = add_result(batch, &batch->items[i]);
        if (r < 0)
                return r;
        return keeper_submit(tree->keeper, &(struct LedgerWork){
                                                   .record = write_batch,
                                                   .done = batch_recorded,
                                                   .userdata = tree,
                                                   .data = batch,
                                           });
}

static void suspect(struct KeeperTree *tree, struct CopyItem *item) {
        tree->keeper->recall->flags[item->entry] |= PLAN_FLAG_SUSPECT;
        item->outcome = STORE_SUSPECT;
        keeper_emit(&tree->keeper->source, (struct Event){.kind = EVENT_SUSPECT, .file = item->path});
}

/* Not of this file alone: the next would fail likewise. */
static bool is_of_destination(int error) {
        return error == -ENOSPC || error == -EDQUOT || error == -EIO || error == -EROFS || error == -ENODEV ||
               error == -ENXIO || error == -ESTALE || error == -ENOTCONN || error == -ETIMEDOUT;
}

static void failed(struct KeeperTree *tree, const struct CopyItem *item, const struct Report *report) {
        keeper_failed(tree);
        if (is_of_destination(report->error) && ++tree->n_failed_in_a_row == N_FAILED_MAX) {
                log_error("%s: %d copies failed one after another; no more are tried in this pass", tree->what,
                          N_FAILED_MAX);
                tree->is_stopped = true;
        }
        if (tree->n_failed_in_a_row < N_FAILED_MAX && tree->n_failed++ < N_SAID_MAX)
                keeper_emit(tree, (struct Event){
                                          .kind = EVENT_COPY_FAILED,
                                          .file = item->path,
                                          .reason = report->text,
                                          .error = -report->error,
                                  });
}

static void tell_lost(struct KeeperTree *tree, uint32_t lost) {
        char text[METADATA_LOST_TEXT_MAX];

        if ((lost & ~tree->lost) == 0)
                return;
        tree->lost |= lost;
        keeper_emit(tree, (struct Event){
                                  .kind = EVENT_METADATA,
                                  .reason = metadata_lost_text(lost & (_METADATA_LOST_MAX - 1), text),
                          });
}

static int versioned(struct CopyBatch *batch, struct CopyItem *item, const char *name) {
        item->path = keeper_version_path(batch->records, item->path, name);
        return item->path ? 0 : -ENOMEM;
}

/* It is looked at again, and said once. */
static int note_moving(struct KeeperTree *tree, const struct CopyItem *item) {
        struct Keeper *keeper = tree->keeper;
        _cleanup_(freep) char *path = recall_path(keeper->source.index, item->entry);
        int r = path ? ARRAY_APPEND(keeper, moving, path) : -ENOMEM;

        if (r < 0)
                return r;
        path = NULL;
        if (!keeper->said || !said_again_text(keeper->said, item->path))
                log_notice("%s: %s %s while it was copied; the next pass looks again", tree->what, log_name(item->path),
                           item->outcome == STORE_GONE ? "vanished" : "changed, or was open for writing,");
        return 0;
}

static int take_result(struct KeeperTree *tree, struct CopyBatch *batch, struct CopyItem *item,
                       const struct Report *report) {
        struct RecallBackup *known = &tree->keeper->recall->backups[item->entry];

        item->outcome = report->outcome;
        switch ((enum StoreOutcome)report->outcome) {
        case STORE_COPIED:
        case STORE_ADOPTED:
                tree->n_failed_in_a_row = 0;
                if (!report->has_digest)
                        return -EBADMSG;
                /* Two destinations read the same file: they must have read the same bytes. */
                if (known->has_digest && !digest_equal(&known->digest, &report->digest)) {
                        suspect(tree, item);
                        return 0;
                }
                known->has_digest = true;
                known->digest = item->digest = report->digest;
                item->there = report->stat;
                tell_lost(tree, (uint32_t)report->number);
                return report->name && *report->name ? versioned(batch, item, report->name) : 0;
        case STORE_CHANGED:
        case STORE_GONE:
                return note_moving(tree, item);
        case STORE_SUSPECT:
                suspect(tree, item);
                return 0;
        case STORE_FAILED:
        case _STORE_OUTCOME_MAX:
                break;
        }
        failed(tree, item, report);
        return 0;
}

void keeper_copied(struct KeeperTree *tree, const struct Report *report) {
        struct CopyBatch *batch = tree->batches[0];
        int r;

        if (!batch || report->id >= batch->n_items) {
                worker_reject(tree->worker);
                return;
        }
        r = take_result(tree, batch, &batch->items[report->id], report);
        progress_set(tree->keeper->pass->progress, tree, tree->bytes_sent);
        if (r >= 0 && ++batch->n_answered == batch->n_items) {
                r = submit_batch(tree, batch);
                if (r >= 0)
                        tree->batches[0] = NULL;
                if (r >= 0)
                        r = send_more(tree);
                if (r >= 0 && tree->batches[0] == NULL)
                        progress_end(tree->keeper->pass->progress, tree);
        }
        if (r == -EBADMSG)
                worker_reject(tree->worker);
        else if (r < 0)
                keeper_fail(tree->keeper, r);
}
