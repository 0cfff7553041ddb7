/* SPDX-License-Identifier: MIT */
#include "daemon/known.h"

#include <errno.h>

#include "daemon/keeper.h"
#include "lib/recall.h"
#include "lib/walk.h"

int known_new(const struct ConfigSet *set, struct Known **ret) {
        _cleanup_(known_freep) struct Known *known = calloc(1, sizeof(*known));

        if (!known)
                return -ENOMEM;
        known->trees = calloc(set->n_copies + 1, sizeof(struct KnownTree));
        if (!known->trees)
                return -ENOMEM;
        known->n_trees = set->n_copies + 1;
        known_rebase(known, set);
        *ret = TAKE_PTR(known);
        return 0;
}

struct Known *known_free(struct Known *known) {
        if (!known)
                return NULL;
        known_drop_workers(known);
        known_forget(known);
        free(known->trees);
        free(known);
        return NULL;
}

void known_rebase(struct Known *known, const struct ConfigSet *set) {
        known->set = set;
        for (size_t i = 0; i < known->n_trees; i++) {
                struct KnownTree *tree = &known->trees[i];

                if (i == 0)
                        tree->view = *set;
                else
                        keeper_make_view(set, set->copies[i - 1], true, &tree->view);
                if (tree->index)
                        index_rebase(tree->index, &tree->view);
        }
}

bool known_is_whole(const struct Known *known) {
        return known->trees[0].index;
}

void known_forget(struct Known *known) {
        for (size_t i = 0; i < known->n_trees; i++)
                known->trees[i].index = index_free(known->trees[i].index);
}

static void worker_said(void *userdata, const struct Report *report _unused_) {
        struct KnownTree *tree = userdata;

        worker_reject(tree->worker);
}

/* It is freed when somebody asks for it. */
static void worker_ended(void *userdata, enum WorkerEnd end _unused_) {
        struct KnownTree *tree = userdata;

        tree->is_worker_gone = true;
}

struct Worker *known_take_worker(struct Known *known, size_t i) {
        struct KnownTree *tree = &known->trees[i];

        if (tree->is_worker_gone)
                tree->worker = worker_retire(tree->worker);
        tree->is_worker_gone = false;
        return TAKE_PTR(tree->worker);
}

void known_keep_worker(struct Known *known, size_t i, struct Worker *worker) {
        struct KnownTree *tree = &known->trees[i];

        if (!worker_is_idle(worker)) {
                worker_retire(worker);
                return;
        }
        worker_retire(tree->worker);
        tree->worker = worker;
        tree->is_worker_gone = false;
        worker_hand_over(worker, &(struct WorkerHandler){worker_said, worker_ended, tree});
}

void known_drop_workers(struct Known *known) {
        for (size_t i = 0; i < known->n_trees; i++) {
                known->trees[i].worker = worker_retire(known->trees[i].worker);
                known->trees[i].is_worker_gone = false;
        }
}

int known_note(struct Known *known, size_t i, const char *path, const struct BackupStat *stat) {
        struct Index *index = known->trees[i].index;
        const char *name = walk_name(path);
        enum IndexChange change;
        uint32_t directory;
        int r;

        r = recall_directory(index, path, &directory);
        if (r < 0)
                return r;
        if (stat)
                return index_upsert(index, directory, name, strlen(name), stat, &change);
        index_forget(index, directory, name, strlen(name));
        return 0;
}

int known_expect(struct Known *known, size_t i, const char *path) {
        if (recall_find(known->trees[i].index, path) != INDEX_NONE)
                return 0;
        return known_note(known, i, path, &(struct BackupStat){});
}

int known_unexpect(struct Known *known, size_t i, const char *path) {
        uint32_t id = recall_find(known->trees[i].index, path);
        struct IndexEntry e;

        if (id == INDEX_NONE || !index_entry(known->trees[i].index, id, &e) || e.stat.ino != 0)
                return 0;
        return known_note(known, i, path, NULL);
}

int64_t known_next_usec(const struct Known *known) {
        int64_t next_usec = USEC_INFINITY;

        for (size_t i = 0; i < known->n_trees; i++)
                if (known->trees[i].index)
                        next_usec = MIN(next_usec, index_next_deadline(known->trees[i].index));
        return next_usec;
}
