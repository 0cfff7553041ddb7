/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What a guard knows of its set from pass to pass: the files of the source and of
 * each destination, when each series is to be decided anew, and the workers that
 * are still warm. A pass over all of the set makes it; a pass over a part of it
 * looks at that part again, and corrects it.
 */

#include "daemon/worker.h"
#include "lib/config.h"
#include "lib/index.h"

struct Keeper;

struct KnownTree {
        struct Index *index; /* NULL: the tree was not there */
        struct ConfigSet view;
        bool is_partial; /* not all of it could be read */
        bool has_hung;   /* the last time */
        size_t n_own;    /* of a destination: backups that we published there */
        size_t n_held_for_mass;
        struct BackupStat root;
        uint64_t device;
        struct Worker *worker; /* warm; NULL: none */
        bool is_worker_gone;
};

struct Known {
        const struct ConfigSet *set;
        struct KnownTree *trees; /* the source, and then the destinations */
        size_t n_trees;
        bool is_source_held;
};

int known_new(const struct ConfigSet *set, struct Known **ret);
struct Known *known_free(struct Known *known);
DEFINE_CLEANUP(struct Known *, known_free)

/* The same set of another configuration. */
void known_rebase(struct Known *known, const struct ConfigSet *set);
/* Whether there was a pass over all of it, from which a pass over a part may go on. */
bool known_is_whole(const struct Known *known) _pure_;
void known_forget(struct Known *known);
void known_drop_workers(struct Known *known);

/* A look at one file; NULL: it is not there. */
int known_note(struct Known *known, size_t tree, const char *path, const struct BackupStat *stat);
/* Makes room for a file that is not known yet, so that its series is. */
int known_expect(struct Known *known, size_t tree, const char *path);

/* Forgets it again, if nothing was seen of it. */
int known_unexpect(struct Known *known, size_t tree, const char *path);

/* When time alone asks for another pass. */
int64_t known_next_usec(const struct Known *known) _pure_;

/* The worker, to be asked whether all is as it was; NULL: none is warm. */
struct Worker *known_take_worker(struct Known *known, size_t tree);
void known_keep_worker(struct Known *known, size_t tree, struct Worker *worker);
