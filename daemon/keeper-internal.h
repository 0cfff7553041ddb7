/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What the keeper's files share: keeper.c is the order of the steps, the others
 * are a step or two each.
 */

#include "daemon/keeper.h"
#include "daemon/pass.h"
#include "daemon/records.h"

/* One more answer of the tree's worker is due before the step is over; and it came. */
void keeper_open(struct KeeperTree *tree);
void keeper_close(struct KeeperTree *tree);
/* Goes on with the next step if nothing is open. */
void keeper_go_on(struct Keeper *keeper);
/* Our own failure: said, and the keeper ends. */
void keeper_fail(struct Keeper *keeper, int error);

/* Sends a job for which one result is due. */
int keeper_send(struct KeeperTree *tree, const struct Job *job);
/* Hands work to the ledger; the step waits for it, until its done() calls the other. */
int keeper_submit(struct Keeper *keeper, const struct LedgerWork *work);
void keeper_close_record(struct Keeper *keeper);
/* Records for which nothing else is to be done; takes them. */
int keeper_submit_records(struct Keeper *keeper, struct Records *records);
bool keeper_is_stopping(const struct Keeper *keeper);

/* Ends a batch of jobs and sends it. */
int keeper_commit(struct KeeperTree *tree);

/* Something of this tree was reported as an error. */
static inline void keeper_failed(struct KeeperTree *tree) {
        tree->failed = tree->keeper->failed = true;
}

/* Fills in what is the same for all: id, time and set; and emits it. */
void keeper_emit(struct KeeperTree *tree, struct Event event);
/* The series that a file belongs to, in the source or, when it is gone from there, in this tree; NULL: none. */
char *keeper_series_name(const struct KeeperTree *tree, const char *file);

/* Why a removal failed; in buf where it lies in the trash directory and cannot go back. */
const char *keeper_removal_reason(const struct CatalogIntent *intent, const struct Report *report,
                                  char buf[static EVENT_REASON_MAX]);
/* The source is another directory than the one that the catalog knows, and nobody said that it is right. */
bool keeper_is_other_source(const struct Keeper *keeper);
bool keeper_is_clock_wrong(const struct Keeper *keeper);
/* Records the end of a removal with its event, and tells it; takes the records. */
int keeper_conclude_removal(struct KeeperTree *tree, struct Records *records, const struct CatalogIntent *intent,
                            enum CatalogIntentState state, struct Event event);

/* The steps; each opens what it waits for. */
int keeper_step_open(struct Keeper *keeper);
int keeper_step_connect(struct Keeper *keeper);
int keeper_step_recover(struct Keeper *keeper);
int keeper_step_look(struct Keeper *keeper, bool changed_only);
int keeper_step_recall(struct Keeper *keeper);
int keeper_step_verify(struct Keeper *keeper);
int keeper_step_plan(struct Keeper *keeper);
int keeper_step_record(struct Keeper *keeper);
int keeper_step_rename(struct Keeper *keeper);
int keeper_step_copy(struct Keeper *keeper);
int keeper_step_remove(struct Keeper *keeper);
int keeper_step_purge(struct Keeper *keeper);
int keeper_step_list(struct Keeper *keeper);

/* A pass over a part of the set. */
struct KnownTree *keeper_known(const struct KeeperTree *tree);
int keeper_add_path(struct KeeperTree *tree, const char *path);
int keeper_read_places(struct Catalog *catalog, struct Keeper *keeper);
int keeper_read_scoped_rows(struct Catalog *catalog, struct Keeper *keeper);
/* We removed it. */
int keeper_forget_path(struct KeeperTree *tree, const char *path);
int keeper_look_at_paths(struct KeeperTree *tree);
int keeper_looked_at_path(struct KeeperTree *tree, const struct Report *report);
int keeper_end_look(struct KeeperTree *tree);
void keeper_say_unreadable(struct KeeperTree *tree, const char *directory, const char *name, int error);
/* What was to be done with an entry and was not, though nothing failed. */
int keeper_note_unfinished(struct KeeperTree *tree, uint32_t entry);

/* What a worker reports. */
/* Two paths that lead to one tree or one disk. */
void keeper_compare_trees(struct Keeper *keeper);
int keeper_looked(struct KeeperTree *tree, const struct Report *report);
void keeper_recovered(struct KeeperTree *tree, const struct Report *report);
void keeper_verified(struct KeeperTree *tree, const struct Report *report);
void keeper_renamed(struct KeeperTree *tree, const struct Report *report);
void keeper_copied(struct KeeperTree *tree, const struct Report *report);
void keeper_removed(struct KeeperTree *tree, const struct Report *report);

/* Where the name was taken, the path has another last component; the records'. NULL: no memory. */
const char *keeper_version_path(struct Records *records, const char *path, const char *name);

void keeper_free_copying(struct KeeperTree *tree);
void keeper_free_removing(struct KeeperTree *tree);

/* What the catalog knows of an entry of the source, ready to be recorded; the path is the records'. */
int keeper_backup_row(struct Keeper *keeper, struct Records *records, uint32_t entry, struct CatalogBackup *ret);
/* What is wrong with the catalog is said once, and nothing more is done that would have to be recorded. */
void keeper_catalog_failed(struct Keeper *keeper, int error);
