/* SPDX-License-Identifier: MIT */

/*
 * What is recorded before anything is done: what is new, what is wanted, and
 * what happened behind our back.
 */

#include <stdio.h>

#include "daemon/keeper-internal.h"
#include "daemon/options.h"
#include "lib/array.h"
#include "lib/error.h"
#include "lib/walk.h"

/* So much is recorded in one transaction, and so many of them wait for the disk at once. */
#define N_RECORDED 1000
#define N_RECORDING 2

int keeper_backup_row(struct Keeper *keeper, struct Records *records, uint32_t entry, struct CatalogBackup *ret) {
        const struct RecallBackup *known = &keeper->recall->backups[entry];
        const char *path = records_own(records, recall_path(keeper->source.index, entry));
        struct IndexEntry e;

        if (!path)
                return -ENOMEM;
        index_entry(keeper->source.index, entry, &e);
        *ret = (struct CatalogBackup){
                .id = known->id,
                .set = keeper->id,
                .path = path,
                .stat = e.stat,
                .time_usec = e.time_from == BACKUP_TIME_NONE ? INT64_MIN : e.time_usec,
                .has_digest = known->has_digest,
                .digest = known->digest,
                .is_changed = keeper->recall->flags[entry] & PLAN_FLAG_CHANGED,
                .is_suspect = keeper->recall->flags[entry] & PLAN_FLAG_SUSPECT,
                .seen_usec = records->usec,
        };
        return 0;
}

const char *keeper_version_path(struct Records *records, const char *path, const char *name) {
        char *there;

        if (asprintf(&there, "%.*s%s", (int)(strlen(path) - strlen(walk_name(path))), path, name) < 0)
                return NULL;
        return records_own(records, there);
}

static int add_copy(struct Records *records, size_t backup, int64_t id, int64_t destination,
                    enum CatalogCopyState state) {
        return ARRAY_APPEND(records, copies,
                            (struct RecordsCopy){
                                    .backup = backup,
                                    .copy = {.backup = id, .destination = destination, .state = state},
                            });
}

/* What is decided now of this backup at each destination. */
static int add_decisions(struct Keeper *keeper, struct Records *records, uint32_t entry) {
        int r = 0;

        for (size_t c = 0; c < keeper->set->n_copies && r >= 0; c++)
                if (keeper->recall->facts[c][entry] == PLAN_FACT_UNDECIDED) {
                        bool is_wanted = plan_wants(keeper->source.plan, entry, c);

                        /* By a wrong clock all are too old; that they are not wanted would be for ever. */
                        if (is_wanted || !keeper->pass->is_clock_wrong)
                                r = add_copy(records, records->n_backups - 1, 0, keeper->copies[c].id,
                                             is_wanted ? CATALOG_COPY_WANTED : CATALOG_COPY_UNWANTED);
                }
        return r;
}

static bool is_undecided(const struct Keeper *keeper, uint32_t entry) {
        for (size_t c = 0; c < keeper->set->n_copies; c++)
                if (keeper->recall->facts[c][entry] == PLAN_FACT_UNDECIDED)
                        return true;
        return false;
}

/* Of what is still being written nothing is recorded, nor that it is there: so that it is not forgotten what it replaced. */
static bool is_settling(const struct Keeper *keeper, uint32_t entry) {
        struct IndexEntry e;

        return index_entry(keeper->source.index, entry, &e) &&
               backup_is_settling(e.stat.mtime_usec, keeper->now_usec, keeper->set->settle_usec);
}

/* Records what is new of an entry; nothing of one that is still being written. */
static int add_entry(struct Keeper *keeper, struct Records *records, uint32_t entry) {
        struct CatalogBackup row;
        struct IndexEntry e;
        bool is_new;
        int r;

        if (!index_entry(keeper->source.index, entry, &e) || is_settling(keeper, entry))
                return 0;
        is_new = keeper->recall->backups[entry].id == 0;
        if (!is_new && (e.is_companion || !is_undecided(keeper, entry)))
                return 0;
        r = keeper_backup_row(keeper, records, entry, &row);
        if (r >= 0)
                r = ARRAY_APPEND(records, backups, row);
        if (r >= 0)
                r = ARRAY_APPEND(records, entries, entry);
        return r < 0 || e.is_companion ? r : add_decisions(keeper, records, entry);
}

static void recorded(void *userdata, void *data, int r);

static int submit_records(struct Keeper *keeper, struct Records *records) {
        int r = keeper_submit(keeper, &(struct LedgerWork){
                                              .record = records_write,
                                              .done = recorded,
                                              .userdata = keeper,
                                              .data = records,
                                      });

        if (r < 0)
                records_free(records);
        else
                keeper->n_recording++;
        return r;
}

/* The next transactions; each that is done makes room for another. */
static int record_more(struct Keeper *keeper) {
        uint32_t end = index_entry_end(keeper->source.index);

        while (keeper->n_recording < N_RECORDING && keeper->record_cursor < end) {
                _cleanup_(records_freep) struct Records *records = records_new(keeper->id);
                int r = records ? 0 : -ENOMEM;

                while (r >= 0 && keeper->record_cursor < end && records->n_backups < N_RECORDED)
                        r = add_entry(keeper, records, keeper->record_cursor++);
                if (r >= 0 && records->n_backups > 0)
                        r = submit_records(keeper, TAKE_PTR(records));
                if (r < 0)
                        return r;
        }
        return 0;
}

static void note_recorded(struct Keeper *keeper, const struct Records *records) {
        for (size_t i = 0; i < records->n_backups; i++)
                keeper->recall->backups[records->entries[i]].id = records->backups[i].id;
        for (size_t i = 0; i < records->n_copies; i++) {
                const struct RecordsCopy *copy = &records->copies[i];

                if (copy->backup == RECORDS_NEW)
                        continue;
                for (size_t c = 0; c < keeper->set->n_copies; c++)
                        if (keeper->copies[c].id == copy->copy.destination)
                                keeper->recall->facts[c][records->entries[copy->backup]] =
                                        copy->copy.state == CATALOG_COPY_WANTED ? PLAN_FACT_WANTED : PLAN_FACT_UNWANTED;
        }
}

static void recorded(void *userdata, void *data, int r) {
        _cleanup_(records_freep) struct Records *records = data;
        struct Keeper *keeper = userdata;

        keeper->n_recording--;
        if (r != 0)
                keeper_catalog_failed(keeper, r);
        else
                note_recorded(keeper, records);
        if (r == 0 && !keeper_is_stopping(keeper)) {
                r = record_more(keeper);
                if (r < 0)
                        keeper_fail(keeper, r);
        }
        keeper_close_record(keeper);
}

static bool is_empty(const struct Records *records) {
        return !records->has_root && records->n_backups == 0 && records->n_copies == 0 && records->n_ends == 0;
}

/* What happened behind our back comes first: ends, renames, copies that are gone. */
static int record_changes(struct Keeper *keeper) {
        _cleanup_(records_freep) struct Records *records = records_new(keeper->id);
        struct Recall *recall = keeper->recall;
        int r = 0;

        if (!records)
                return -ENOMEM;
        records->has_root = !keeper->is_source_held && !keeper->source.is_partial &&
                            (!keeper->has_root || keeper->root.ino != keeper->source.root.ino ||
                             keeper->root.birth_usec != keeper->source.root.birth_usec);
        records->root = (struct CatalogRoot){
                .ino = keeper->source.root.ino,
                .birth_usec = keeper->source.root.birth_usec,
        };
        for (size_t i = 0; i < recall->n_ends && r >= 0 && !keeper->is_source_held; i++)
                if (recall->ends[i].entry == INDEX_NONE || !is_settling(keeper, recall->ends[i].entry))
                        r = ARRAY_APPEND(records, ends,
                                         (struct RecordsEnd){
                                                 .id = recall->ends[i].id,
                                                 .fate = recall->ends[i].fate,
                                                 .reason = recall->ends[i].fate == CATALOG_GONE
                                                                   ? "removed by others"
                                                                   : "its name has other content",
                                         });
        /* In the same transaction as what it replaced, whose copies make it a change. */
        for (size_t i = 0; i < recall->n_ends && r >= 0 && !keeper->is_source_held; i++)
                if (recall->ends[i].entry != INDEX_NONE && recall->backups[recall->ends[i].entry].id == 0)
                        r = add_entry(keeper, records, recall->ends[i].entry);
        for (size_t i = 0; i < recall->n_renames && r >= 0; i++) {
                struct CatalogBackup row;

                r = keeper_backup_row(keeper, records, recall->renames[i].entry, &row);
                if (r >= 0)
                        r = ARRAY_APPEND(records, backups, row);
                if (r >= 0)
                        r = ARRAY_APPEND(records, entries, recall->renames[i].entry);
        }
        for (size_t i = 0; i < recall->n_missing && r >= 0; i++)
                if (!keeper->copies[recall->missing[i].copy].is_partial)
                        r = add_copy(records, RECORDS_NEW, recall->backups[recall->missing[i].entry].id,
                                     keeper->copies[recall->missing[i].copy].id, CATALOG_COPY_WANTED);
        if (r < 0 || is_empty(records))
                return r < 0 ? r : record_more(keeper);
        return submit_records(keeper, TAKE_PTR(records));
}

static void tell_changes(struct Keeper *keeper) {
        struct Recall *recall = keeper->recall;

        for (uint32_t i = 0; i < index_entry_end(keeper->source.index); i++)
                if (recall->flags[i] & PLAN_FLAG_NEWS && !is_settling(keeper, i)) {
                        _cleanup_(freep) char *path = recall_path(keeper->source.index, i);

                        keeper_emit(&keeper->source, (struct Event){.kind = EVENT_CHANGED, .file = path});
                }
        for (size_t i = 0; i < recall->n_missing; i++) {
                _cleanup_(freep) char *path = recall_path(keeper->source.index, recall->missing[i].entry);
                struct KeeperTree *tree = &keeper->copies[recall->missing[i].copy];

                if (!tree->is_partial) /* else it may be where we could not look */
                        keeper_emit(tree, (struct Event){.kind = EVENT_COPY_MISSING, .file = path});
        }
}

/* A destination's id, before anything is copied there. */
static int write_marker(struct Catalog *catalog, void *data) {
        struct KeeperTree *tree = data;

        return catalog_put_marker(catalog, tree->id, tree->marker);
}

static void marker_recorded(void *userdata, void *data _unused_, int r) {
        struct KeeperTree *tree = userdata;

        if (r != 0)
                keeper_catalog_failed(tree->keeper, r);
        keeper_close_record(tree->keeper);
}

static int record_markers(struct Keeper *keeper) {
        int r = 0;

        for (size_t i = 0; i < keeper->set->n_copies && r >= 0; i++)
                if (keeper->copies[i].is_there && keeper->copies[i].is_marker_new)
                        r = keeper_submit(keeper, &(struct LedgerWork){
                                                          .record = write_marker,
                                                          .done = marker_recorded,
                                                          .userdata = &keeper->copies[i],
                                                          .data = &keeper->copies[i],
                                                  });
        return r;
}

int keeper_step_record(struct Keeper *keeper) {
        int r;

        tell_changes(keeper);
        r = record_markers(keeper);
        return r < 0 ? r : record_changes(keeper); /* and when that is durable, record_more() */
}
