/* SPDX-License-Identifier: MIT */

/*
 * Copies are read again from the device and compared with their digest, and so
 * is what the source still has. What differs counts as copied no more.
 */

#include "daemon/keeper-internal.h"
#include "daemon/log.h"
#include "lib/array.h"
#include "lib/error.h"
#include "lib/store.h"

/* So many files are with a worker at a time. */
#define N_WINDOW 512

static bool has_digest(const struct KeeperTree *tree, uint32_t id) {
        const struct Recall *recall = tree->keeper->recall;

        if (!tree->config)
                return recall->backups[id].has_digest;
        return recall->copies[tree->copy][id].backup != 0 && recall->copies[tree->copy][id].has_digest;
}

static int send_more(struct KeeperTree *tree) {
        uint32_t end = index_entry_end(tree->index);
        int r = 0;

        if (tree->is_stopped || keeper_is_stopping(tree->keeper))
                return 0;
        for (; tree->cursor < end && tree->n_open < N_WINDOW && r >= 0; tree->cursor++) {
                _cleanup_(freep) char *path = NULL;
                struct IndexEntry e;

                if (!index_entry(tree->index, tree->cursor, &e) || !has_digest(tree, tree->cursor))
                        continue;
                path = recall_path(tree->index, tree->cursor);
                if (!path)
                        return -ENOMEM;
                r = keeper_send(tree, &(struct Job){
                                              .kind = JOB_VERIFY,
                                              .id = tree->cursor,
                                              .in_source = !tree->config,
                                              .path = path,
                                              .stat = e.stat,
                                      });
        }
        return r < 0 ? r : keeper_commit(tree);
}

int keeper_step_verify(struct Keeper *keeper) {
        int r;

        if (!keeper->recall)
                return 0;
        keeper->source.cursor = 0;
        r = send_more(&keeper->source);
        for (size_t c = 0; c < keeper->set->n_copies && r >= 0; c++) {
                keeper->copies[c].cursor = 0;
                if (keeper->copies[c].is_there)
                        r = send_more(&keeper->copies[c]);
        }
        return r;
}

/*
 * A copy that is damaged, or not there any more, is wanted again; it comes beside the damaged one, which stays to be
 * looked at. One whose backup is gone cannot be healed: it is recorded as missing, and what lies there is not ours.
 */
static int lost(struct KeeperTree *tree, uint32_t id, const char *path, enum EventKind kind) {
        struct Keeper *keeper = tree->keeper;
        struct RecallCopy *copy = &keeper->recall->copies[tree->copy][id];
        _cleanup_(records_freep) struct Records *records = NULL;
        int64_t backup = copy->backup;
        int r;

        keeper_failed(tree);
        keeper_emit(tree, (struct Event){.kind = kind, .file = path});
        copy->backup = 0; /* not ours to remove any more: a person is to see it */
        records = records_new(keeper->id);
        if (!records)
                return -ENOMEM;
        if (copy->entry != INDEX_NONE)
                keeper->recall->facts[tree->copy][copy->entry] = PLAN_FACT_WANTED;
        else if (ARRAY_APPEND(keeper->recall, unsafe, backup) < 0)
                return -ENOMEM;
        r = ARRAY_APPEND(records, copies,
                         (struct RecordsCopy){
                                 .backup = RECORDS_NEW,
                                 .copy = {.backup = backup, .destination = tree->id, .state = CATALOG_COPY_WANTED},
                         });
        return r < 0 ? r : keeper_submit_records(keeper, TAKE_PTR(records));
}

/* Its times say that nothing happened, its bytes say something did. It is neither copied nor removed. */
static int source_damaged(struct KeeperTree *tree, uint32_t entry, const char *path) {
        struct Keeper *keeper = tree->keeper;
        _cleanup_(records_freep) struct Records *records = records_new(keeper->id);
        struct CatalogBackup row;
        int r;

        keeper_failed(tree);
        keeper->recall->flags[entry] |= PLAN_FLAG_SUSPECT;
        keeper_emit(tree, (struct Event){.kind = EVENT_SUSPECT, .file = path});
        if (!records)
                return -ENOMEM;
        r = keeper_backup_row(keeper, records, entry, &row);
        if (r >= 0)
                r = ARRAY_APPEND(records, backups, row);
        return r < 0 ? r : keeper_submit_records(keeper, TAKE_PTR(records));
}

/* What could not be read is not known to differ, and nothing is recorded; but for this pass nothing there counts as copied. */
static void unread(struct KeeperTree *tree, const char *path, int error) {
        keeper_failed(tree);
        log_error("%s: cannot read %s: %s", tree->what, log_name(strempty(path)), log_errno(error));
        if (!tree->config)
                tree->keeper->is_source_held = true;
        else if (tree->is_there) {
                uint8_t *facts = tree->keeper->recall->facts[tree->copy];

                tree->is_there = false;
                for (uint32_t i = 0; i < index_entry_end(tree->keeper->source.index); i++)
                        if (facts[i] == PLAN_FACT_COPIED)
                                facts[i] = PLAN_FACT_WANTED;
        }
}

static int add_verified(struct KeeperTree *tree, const struct RecallCopy *copy) {
        if (!tree->verifying)
                tree->verifying = records_new(tree->keeper->id);
        if (!tree->verifying)
                return -ENOMEM;
        return ARRAY_APPEND(tree->verifying, copies,
                            (struct RecordsCopy){
                                    .backup = RECORDS_NEW,
                                    .copy =
                                            {
                                                    .backup = copy->backup,
                                                    .destination = tree->id,
                                                    .state = CATALOG_COPY_COPIED,
                                                    .stat = copy->stat,
                                                    .verified_usec = tree->verifying->usec,
                                            },
                            });
}

static const struct Digest *digest_of(const struct KeeperTree *tree, uint32_t id) {
        return tree->config ? &tree->keeper->recall->copies[tree->copy][id].digest
                            : &tree->keeper->recall->backups[id].digest;
}

void keeper_verified(struct KeeperTree *tree, const struct Report *report) {
        _cleanup_(freep) char *path = NULL;
        struct IndexEntry e;
        uint32_t id = (uint32_t)report->id;
        int r = 0;

        if (report->id >= index_entry_end(tree->index) || !index_entry(tree->index, id, &e)) {
                worker_reject(tree->worker);
                return;
        }
        path = recall_path(tree->index, id);
        if (report->outcome == STORE_ADOPTED && digest_equal(&report->digest, digest_of(tree, id))) {
                tree->verified.n++;
                tree->verified.bytes += e.stat.size;
                if (tree->config) {
                        keeper_emit(tree, (struct Event){.kind = EVENT_VERIFIED,
                                                         .file = path,
                                                         .has_size = true,
                                                         .size = e.stat.size,
                                                         .has_digest = true,
                                                         .digest = report->digest});
                        r = add_verified(tree, &tree->keeper->recall->copies[tree->copy][id]);
                }
        } else if (report->outcome == STORE_ADOPTED)
                r = tree->config ? lost(tree, id, path, EVENT_COPY_DAMAGED) : source_damaged(tree, id, path);
        else if (tree->config && (report->outcome == STORE_GONE || report->outcome == STORE_CHANGED))
                r = lost(tree, id, path, EVENT_COPY_MISSING);
        else if (report->outcome == STORE_FAILED)
                unread(tree, path, report->error);
        if (r >= 0 && tree->verifying && (tree->verifying->n_copies >= N_WINDOW || tree->n_open == 1))
                r = keeper_submit_records(tree->keeper, TAKE_PTR(tree->verifying));
        /* Half a window is left to work on while the other half is on its way. */
        if (r >= 0 && tree->n_open == N_WINDOW / 2)
                r = send_more(tree);
        if (r < 0)
                keeper_fail(tree->keeper, r);
}
