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

static int send_all_copies(struct KeeperTree *tree) {
        const struct RecallCopy *copies = tree->keeper->recall->copies[tree->copy];
        int r = 0;

        for (uint32_t i = 0; i < index_entry_end(tree->index) && r >= 0; i++) {
                _cleanup_(freep) char *path = NULL;
                struct IndexEntry e;

                if (copies[i].backup == 0 || !copies[i].has_digest || !index_entry(tree->index, i, &e))
                        continue;
                path = recall_path(tree->index, i);
                if (!path)
                        return -ENOMEM;
                r = keeper_send(tree, &(struct Job){.kind = JOB_VERIFY, .id = i, .path = path, .stat = e.stat});
        }
        return r;
}

static int send_all_sources(struct KeeperTree *tree) {
        const struct Recall *recall = tree->keeper->recall;
        int r = 0;

        for (uint32_t i = 0; i < index_entry_end(tree->index) && r >= 0; i++) {
                _cleanup_(freep) char *path = NULL;
                struct IndexEntry e;

                if (!recall->backups[i].has_digest || !index_entry(tree->index, i, &e))
                        continue;
                path = recall_path(tree->index, i);
                if (!path)
                        return -ENOMEM;
                r = keeper_send(
                        tree,
                        &(struct Job){.kind = JOB_VERIFY, .id = i, .in_source = true, .path = path, .stat = e.stat});
        }
        return r;
}

int keeper_step_verify(struct Keeper *keeper) {
        int r;

        if (!keeper->recall)
                return 0;
        r = send_all_sources(&keeper->source);
        if (r >= 0)
                r = keeper_commit(&keeper->source);
        for (size_t c = 0; c < keeper->set->n_copies && r >= 0; c++) {
                struct KeeperTree *tree = &keeper->copies[c];

                if (!tree->is_there || tree->is_stopped)
                        continue;
                r = send_all_copies(tree);
                if (r >= 0)
                        r = keeper_commit(tree);
        }
        return r;
}

static void recorded(void *userdata, void *data, int r) {
        struct Keeper *keeper = userdata;

        records_free(data);
        if (r != 0)
                keeper_catalog_failed(keeper, r);
        keeper_close_record(keeper);
}

static int submit(struct Keeper *keeper, struct Records *records) {
        int r = keeper_submit(keeper, &(struct LedgerWork){
                                              .record = records_write,
                                              .done = recorded,
                                              .userdata = keeper,
                                              .data = records,
                                      });

        if (r < 0)
                records_free(records);
        return r;
}

/* The copy of a backup that is still there is wanted again; it comes beside the damaged one, which stays to be looked at. */
static int damaged(struct KeeperTree *tree, uint32_t id, const char *path) {
        struct Keeper *keeper = tree->keeper;
        struct RecallCopy *copy = &keeper->recall->copies[tree->copy][id];
        _cleanup_(records_freep) struct Records *records = records_new(keeper->id);
        int r;

        keeper->failed = true;
        keeper_emit(tree, (struct Event){.kind = EVENT_COPY_DAMAGED, .file = path});
        if (!records)
                return -ENOMEM;
        if (copy->entry != INDEX_NONE)
                keeper->recall->facts[tree->copy][copy->entry] = PLAN_FACT_WANTED;
        r = ARRAY_APPEND(
                records, copies,
                (struct RecordsCopy){
                        .backup = RECORDS_NEW,
                        .copy = {.backup = copy->backup,
                                 .destination = tree->id,
                                 .state = copy->entry != INDEX_NONE ? CATALOG_COPY_WANTED : CATALOG_COPY_FORGOTTEN},
                });
        copy->backup = 0; /* not ours to remove any more: a person is to see it */
        return r < 0 ? r : submit(keeper, TAKE_PTR(records));
}

/* Its times say that nothing happened, its bytes say something did. It is neither copied nor removed. */
static int source_damaged(struct KeeperTree *tree, uint32_t entry, const char *path) {
        struct Keeper *keeper = tree->keeper;
        _cleanup_(records_freep) struct Records *records = records_new(keeper->id);
        struct CatalogBackup row;
        int r;

        keeper->failed = true;
        keeper->recall->flags[entry] |= PLAN_FLAG_SUSPECT;
        keeper_emit(tree, (struct Event){.kind = EVENT_SUSPECT, .file = path});
        if (!records)
                return -ENOMEM;
        r = keeper_backup_row(keeper, records, entry, &row);
        if (r >= 0)
                r = ARRAY_APPEND(records, backups, row);
        return r < 0 ? r : submit(keeper, TAKE_PTR(records));
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
                keeper_fail(tree->keeper, -EBADMSG);
                return;
        }
        path = recall_path(tree->index, id);
        if (report->outcome == STORE_ADOPTED && digest_equal(&report->digest, digest_of(tree, id))) {
                tree->verified.n++;
                tree->verified.bytes += e.stat.size;
                if (tree->config)
                        keeper_emit(tree, (struct Event){.kind = EVENT_VERIFIED,
                                                         .file = path,
                                                         .has_size = true,
                                                         .size = e.stat.size,
                                                         .has_digest = true,
                                                         .digest = report->digest});
        } else if (report->outcome == STORE_ADOPTED || report->outcome == STORE_FAILED) {
                if (report->outcome == STORE_FAILED)
                        log_error("%s: cannot read %s: %s", tree->what, log_name(strempty(path)),
                                  log_errno(report->error));
                r = tree->config ? damaged(tree, id, path) : source_damaged(tree, id, path);
        }
        if (r < 0)
                keeper_fail(tree->keeper, r);
}
