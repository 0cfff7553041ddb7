/* SPDX-License-Identifier: MIT */

/*
 * A pass over a part of the set: which files it is about, and what the catalog
 * knows of them. All of these files are looked at in the pass itself, as a pass
 * over all of the set looks at all; only what to look at comes from memory.
 */

#include <stdlib.h>

#include "daemon/keeper-internal.h"
#include "daemon/known.h"
#include "lib/array.h"
#include "lib/error.h"
#include "lib/walk.h"

static size_t number_of(const struct KeeperTree *tree) {
        return tree->config ? tree->copy + 1 : 0;
}

static struct KeeperTree *tree_at(struct Keeper *keeper, size_t i) {
        return i == 0 ? &keeper->source : &keeper->copies[i - 1];
}

struct KnownTree *keeper_known(const struct KeeperTree *tree) {
        return tree->keeper->known ? &tree->keeper->known->trees[number_of(tree)] : NULL;
}

int keeper_add_path(struct KeeperTree *tree, const char *path) {
        char *copy = strdup(path);
        int r = copy ? ARRAY_APPEND(tree, paths, copy) : -ENOMEM;

        if (r < 0)
                free(copy);
        return r;
}

int keeper_narrow(struct Keeper *keeper, size_t i, const char *path) {
        int r;

        keeper->is_scoped = true;
        if (!keeper->known->trees[i].index)
                return 0;
        r = known_expect(keeper->known, i, path);
        return r < 0 ? r : keeper_add_path(tree_at(keeper, i), path);
}

static int compare_paths(const void *pa, const void *pb) {
        const char *const *a = pa, *const *b = pb;

        return strcmp(*a, *b);
}

static void sort_paths(struct KeeperTree *tree) {
        size_t n = 0;

        if (tree->n_paths > 0)
                qsort(tree->paths, tree->n_paths, sizeof(char *), compare_paths);
        for (size_t i = 0; i < tree->n_paths; i++)
                if (n > 0 && streq(tree->paths[n - 1], tree->paths[i]))
                        free(tree->paths[i]);
                else
                        tree->paths[n++] = tree->paths[i];
        tree->n_paths = tree->n_sorted = n;
}

/* One entry of each series of another tree that has a file of the scope in it. */
static int add_same_series(struct Index *to, const struct Index *from, const struct IndexList *scope,
                           struct IndexList *seeds) {
        _cleanup_(index_list_done) struct IndexList members = {};
        uint32_t last = INDEX_NONE;
        int r = 0;

        for (size_t i = 0; i < scope->n_ids && r >= 0; i++) {
                struct IndexEntry e;
                uint32_t series;

                if (!index_entry(from, scope->ids[i], &e) || e.series == INDEX_NONE || e.series == last)
                        continue;
                last = e.series;
                series = index_find_series(to, from, e.series);
                if (series == INDEX_NONE)
                        continue;
                r = index_read_series(to, series, &members);
                if (r >= 0)
                        r = index_list_append(seeds, members.ids[0]);
        }
        return r;
}

static int find_seeds(struct KeeperTree *tree, const struct Index *index, struct IndexList *seeds) {
        int r = 0;

        for (size_t i = 0; i < tree->n_paths && r >= 0; i++) {
                uint32_t id = recall_find(index, tree->paths[i]);

                if (id != INDEX_NONE)
                        r = index_list_append(seeds, id);
        }
        return r;
}

static int add_paths(struct KeeperTree *tree, const struct Index *index, const struct IndexList *scope) {
        int r = 0;

        if (scope->n_ids > KEEPER_SCOPE_MAX)
                return -E2BIG;
        for (size_t i = 0; i < scope->n_ids && r >= 0; i++) {
                char *path = recall_path(index, scope->ids[i]);

                r = path ? ARRAY_APPEND(tree, paths, path) : -ENOMEM;
                if (r < 0)
                        free(path);
        }
        if (r >= 0)
                sort_paths(tree);
        return r;
}

struct Scope {
        struct IndexList seeds, files;
};

static int find_scopes(struct Keeper *keeper, struct Scope *scopes) {
        struct KnownTree *known = keeper->known->trees;
        size_t n = keeper->known->n_trees;
        int r = 0;

        for (size_t i = 0; i < n && r >= 0; i++)
                if (known[i].index)
                        r = find_seeds(tree_at(keeper, i), known[i].index, &scopes[i].seeds);
        /* From what a destination is about to the source, and from the source to every destination. */
        for (size_t i = 1; i < n && r >= 0; i++)
                if (known[i].index) {
                        r = index_scope(known[i].index, scopes[i].seeds.ids, scopes[i].seeds.n_ids, &scopes[i].files);
                        if (r >= 0)
                                r = add_same_series(known[0].index, known[i].index, &scopes[i].files, &scopes[0].seeds);
                }
        if (r >= 0)
                r = index_scope(known[0].index, scopes[0].seeds.ids, scopes[0].seeds.n_ids, &scopes[0].files);
        for (size_t i = 1; i < n && r >= 0; i++)
                if (known[i].index) {
                        r = add_same_series(known[i].index, known[0].index, &scopes[0].files, &scopes[i].seeds);
                        if (r >= 0)
                                r = index_scope(known[i].index, scopes[i].seeds.ids, scopes[i].seeds.n_ids,
                                                &scopes[i].files);
                }
        for (size_t i = 0; i < n && r >= 0; i++)
                if (known[i].index)
                        r = add_paths(tree_at(keeper, i), known[i].index, &scopes[i].files);
        return r;
}

int keeper_find_scope(struct Keeper *keeper) {
        struct Scope *scopes = calloc(keeper->known->n_trees, sizeof(*scopes));
        int r;

        if (!scopes)
                return -ENOMEM;
        r = find_scopes(keeper, scopes);
        for (size_t i = 0; i < keeper->known->n_trees; i++) {
                index_list_done(&scopes[i].seeds);
                index_list_done(&scopes[i].files);
        }
        free(scopes);
        if (r < 0)
                return r;
        keeper->is_source_held = keeper->known->is_source_held;
        for (size_t i = 0; i < keeper->known->n_trees; i++)
                tree_at(keeper, i)->is_partial = keeper->known->trees[i].is_partial;
        return 0;
}

/* In the ledger's thread: where copies lie under another name than their backup's, that is to be looked at too. */
static int add_place(void *userdata, const struct CatalogCopy *copy) {
        struct KeeperTree *tree = keeper_tree_of(userdata, copy->destination);

        if (!tree || !tree->config || copy->state != CATALOG_COPY_COPIED || !copy->path)
                return 0;
        if (tree->n_sorted > 0 && bsearch(&copy->path, tree->paths, tree->n_sorted, sizeof(char *), compare_paths))
                return 0;
        return keeper_add_path(tree, copy->path);
}

struct Ids {
        int64_t *list;
        size_t n_list, n_list_allocated;
};

static int add_id(void *userdata, const struct CatalogBackup *backup) {
        struct Ids *ids = userdata;

        return ARRAY_APPEND(ids, list, backup->id);
}

int keeper_read_places(struct Catalog *catalog, struct Keeper *keeper) {
        struct Ids ids = {};
        int r = 0;

        for (size_t i = 0; i < keeper->source.n_paths && r == 0; i++)
                r = catalog_each_backup_at(catalog, keeper->id, keeper->source.paths[i], add_id, &ids);
        for (size_t i = 0; i < ids.n_list && r == 0; i++)
                r = catalog_each_copy_of(catalog, ids.list[i], add_place, keeper);
        free(ids.list);
        return r;
}

/* A copy whose backup came by its own path was added with it. */
static int add_other_copy(void *userdata, const struct CatalogCopy *copy) {
        struct Recall *recall = userdata;

        return recall_knows(recall, copy->backup) ? 0 : recall_add_copy(recall, copy);
}

struct Rows {
        struct Ids ids;
        struct Recall *recall;
};

static int add_backup(void *userdata, const struct CatalogBackup *backup) {
        struct Rows *rows = userdata;
        int r = add_id(&rows->ids, backup);

        return r < 0 ? r : recall_add_backup(rows->recall, backup);
}

int keeper_read_scoped_rows(struct Catalog *catalog, struct Keeper *keeper) {
        struct Rows rows = {.recall = keeper->recall};
        int r = 0;

        for (size_t i = 0; i < keeper->source.n_paths && r == 0; i++)
                r = catalog_each_backup_at(catalog, keeper->id, keeper->source.paths[i], add_backup, &rows);
        if (r == 0)
                r = recall_match(keeper->recall);
        for (size_t i = 0; i < rows.ids.n_list && r == 0; i++)
                r = catalog_each_copy_of(catalog, rows.ids.list[i], recall_add_copy, keeper->recall);
        for (size_t c = 0; c < keeper->set->n_copies && r == 0; c++)
                for (size_t i = 0; i < keeper->copies[c].n_paths && r == 0; i++)
                        r = catalog_each_copy_at(catalog, keeper->copies[c].id, keeper->copies[c].paths[i],
                                                 add_other_copy, keeper->recall);
        free(rows.ids.list);
        return r;
}

int keeper_forget_path(struct KeeperTree *tree, const char *path) {
        return tree->keeper->is_scoped ? known_note(tree->keeper->known, number_of(tree), path, NULL) : 0;
}

int keeper_look_at_paths(struct KeeperTree *tree) {
        int r = 0;

        index_begin(tree->index);
        tree->is_looking_at_paths = true;
        for (size_t i = 0; i < tree->n_paths && r >= 0; i++)
                r = keeper_send(tree, &(struct Job){
                                              .kind = JOB_STAT,
                                              .id = i,
                                              .in_source = !tree->config,
                                              .path = tree->paths[i],
                                      });
        if (tree->n_paths == 0 || r < 0)
                return r;
        return keeper_commit(tree);
}

/* The look at paths is over. */
int keeper_end_look(struct KeeperTree *tree) {
        size_t n_gone;
        int r;

        if (!tree->is_looking_at_paths)
                return 0;
        tree->is_looking_at_paths = tree->is_changed = false;
        r = index_sweep(tree->index, &n_gone);
        return r < 0 ? r : index_arrange(tree->index);
}

int keeper_looked_at_path(struct KeeperTree *tree, const struct Report *report) {
        struct BackupStat stat = report->stat;
        enum IndexChange change;
        const char *path, *name;
        uint32_t directory;
        int r = 0;

        if (report->id >= tree->n_paths || report->outcome >= _STAT_MAX)
                return -EBADMSG;
        path = tree->paths[report->id];
        name = walk_name(path);
        if (report->outcome == STAT_FAILED) {
                keeper_say_unreadable(tree, "", path, report->error);
                return known_unexpect(tree->keeper->known, number_of(tree), path);
        }
        /* Of the source, only what was decided on is known; what it is by now is for the next pass. */
        if (tree->config || tree->keeper->round == 0)
                r = known_note(tree->keeper->known, number_of(tree), path,
                               report->outcome == STAT_THERE ? &stat : NULL);
        if (r < 0 || report->outcome == STAT_GONE)
                return r;
        /* A copy's own birth says nothing; recall puts its backup's in that place. */
        if (tree->config && tree->view->age_from == CONFIG_AGE_FROM_BIRTH)
                stat.birth_usec = BACKUP_NO_BIRTH;
        r = recall_directory(tree->index, path, &directory);
        return r < 0 ? r : index_upsert(tree->index, directory, name, strlen(name), &stat, &change);
}

int keeper_note_unfinished(struct KeeperTree *tree, uint32_t entry) {
        struct IndexEntry e;

        if (!index_entry(tree->index, entry, &e) || e.series == INDEX_NONE)
                return 0;
        return index_list_append(&tree->unfinished, e.series);
}

/* What time brings next is known of every series whose files are as they were decided on. */
static void set_deadlines(struct KeeperTree *tree) {
        int64_t next_usec = tree->plan ? plan_totals(tree->plan)->next_usec : USEC_INFINITY;
        int64_t again_usec = add_saturated(tree->keeper->now_usec, USEC_PER_MINUTE);

        for (uint32_t i = 0; i < index_series_end(tree->index); i++)
                if (index_has_series(tree->index, i) && (!tree->plan || index_deadline(tree->index, i) == INT64_MIN))
                        index_set_deadline(tree->index, i, next_usec);
        /* What was to be done and was not is tried again. */
        for (size_t i = 0; i < tree->unfinished.n_ids; i++) {
                uint32_t series = tree->unfinished.ids[i];

                if (series < index_series_end(tree->index) && index_has_series(tree->index, series))
                        index_set_deadline(tree->index, series, MIN(index_deadline(tree->index, series), again_usec));
        }
}

static void note_plan(struct KnownTree *known, const struct KeeperTree *tree) {
        const struct PlanTotals *totals = tree->plan ? plan_totals(tree->plan) : NULL;
        size_t n_held = totals ? totals->holds[HOLD_MASS] : 0;

        known->is_partial = tree->is_partial;
        if (!tree->keeper->is_scoped) {
                known->n_held_for_mass = n_held;
                known->n_own = totals ? index_n_backups(tree->index) - totals->n_foreign : 0;
                return;
        }
        /* Rather too few than too many: what counts makes room for removals. */
        known->n_held_for_mass = MAX(known->n_held_for_mass, n_held);
        known->n_own += tree->n_new;
        known->n_own -= MIN(known->n_own, tree->removed.n);
}

static int take_whole(struct Keeper *keeper) {
        known_forget(keeper->known);
        for (size_t i = 0; i < keeper->known->n_trees; i++) {
                struct KnownTree *known = &keeper->known->trees[i];
                struct KeeperTree *tree = tree_at(keeper, i);

                if (!tree->is_there)
                        continue;
                known->root = tree->root;
                known->device = tree->device;
                known->index = TAKE_PTR(tree->index);
                index_rebase(known->index, &known->view);
        }
        return 0;
}

/* What was due and could not be decided on is tried again; and not at once. */
static void postpone(struct Index *index, const struct KeeperTree *tree) {
        for (size_t i = 0; i < tree->n_paths; i++) {
                uint32_t id = recall_find(index, tree->paths[i]);
                struct IndexEntry e;

                if (id != INDEX_NONE && index_entry(index, id, &e) && e.series != INDEX_NONE &&
                    index_deadline(index, e.series) <= tree->keeper->now_usec)
                        index_set_deadline(index, e.series, add_saturated(tree->keeper->now_usec, USEC_PER_MINUTE));
        }
}

static int take_part(struct Keeper *keeper) {
        int r = 0;

        for (size_t i = 0; i < keeper->known->n_trees && r >= 0; i++) {
                struct Index *index = keeper->known->trees[i].index;

                if (!index || !tree_at(keeper, i)->is_there)
                        continue;
                r = index_adopt(index, tree_at(keeper, i)->index);
                postpone(index, tree_at(keeper, i));
        }
        return r;
}

int keeper_hand_over(struct Keeper *keeper) {
        struct Known *known = keeper->known;
        bool is_good = keeper->source.is_there && keeper->source.plan;
        int r;

        for (size_t i = 0; i < known->n_trees; i++) {
                struct KeeperTree *tree = tree_at(keeper, i);

                known->trees[i].has_hung = tree->has_hung || (known->trees[i].has_hung && !tree->is_there);
                if (tree->is_there)
                        known_keep_worker(known, i, TAKE_PTR(tree->worker));
                else
                        tree->worker = worker_retire(tree->worker);
                /* What is gone is looked for by a pass over all. */
                if (!tree->is_there && tree->config)
                        known->trees[i].index = index_free(known->trees[i].index);
                r = keeper_end_look(tree);
                if (r < 0)
                        return r;
                if (!is_good || !tree->is_there)
                        continue;
                set_deadlines(tree);
                note_plan(&known->trees[i], tree);
        }
        known->is_source_held = keeper->is_source_held;
        if (!is_good || keeper->leaves_intents)
                return 1;
        return keeper->is_scoped ? take_part(keeper) : take_whole(keeper);
}
