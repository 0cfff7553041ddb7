/* SPDX-License-Identifier: MIT */
#include "lib/recall.h"

#include <limits.h>
#include <stdio.h>

#include "lib/array.h"
#include "lib/error.h"
#include "lib/walk.h"

/* Where a backup of the catalog is now. */
struct RecallPlace {
        int64_t id;
        uint32_t entry;  /* INDEX_NONE: not in the source any more */
        bool is_changed; /* other content has its name: its copies make that a change */
};

/* A backup that is not under its name; perhaps it has another now. */
struct RecallLost {
        int64_t id;
        struct BackupStat stat;
        struct RecallBackup backup;
        size_t place; /* of recall->places, SIZE_MAX: none */
        char *path;
};

char *recall_path(const struct Index *index, uint32_t entry) {
        struct IndexEntry e;
        char *path;

        index_entry(index, entry, &e);
        if (asprintf(&path, "%s%s%.*s", e.directory, *e.directory ? "/" : "", (int)e.n_name, e.name) < 0)
                return NULL;
        return path;
}

uint32_t recall_find(const struct Index *index, const char *path) {
        const char *name = walk_name(path);
        size_t n = walk_parent_length(path);
        char parent[CATALOG_PATH_MAX + 1];
        uint32_t directory;

        if (n > CATALOG_PATH_MAX)
                return INDEX_NONE;
        memcpy(parent, path, n);
        parent[n] = '\0';
        directory = index_find_directory(index, parent);
        return directory == INDEX_NONE ? INDEX_NONE : index_find(index, directory, name, strlen(name));
}

int recall_directory(struct Index *index, const char *path, uint32_t *ret) {
        _cleanup_(freep) char *parent = strndup(path, walk_parent_length(path));

        return parent ? index_directory(index, parent, ret) : -ENOMEM;
}

int recall_new(const struct ConfigSet *set, struct Index *index, struct Index **copy_indexes, const bool *copy_is_there,
               bool source_is_whole, const int64_t *destinations, struct Recall **ret) {
        _cleanup_(recall_freep) struct Recall *recall = calloc(1, sizeof(*recall));
        size_t n = MAX(index_entry_end(index), UINT32_C(1)), n_copies = MAX(set->n_copies, (size_t)1);

        if (!recall)
                return -ENOMEM;
        recall->set = set;
        recall->index = index;
        recall->copy_indexes = copy_indexes;
        recall->source_is_whole = source_is_whole;
        recall->backups = calloc(n, sizeof(*recall->backups));
        recall->flags = calloc(n, 1);
        recall->facts = calloc(n_copies, sizeof(*recall->facts));
        recall->copies = calloc(n_copies, sizeof(*recall->copies));
        recall->destinations = calloc(n_copies, sizeof(*recall->destinations));
        recall->copy_is_there = calloc(n_copies, sizeof(bool));
        if (!recall->copy_is_there || !recall->backups || !recall->flags || !recall->facts || !recall->copies ||
            !recall->destinations)
                return -ENOMEM;
        for (size_t c = 0; c < set->n_copies; c++) {
                recall->destinations[c] = destinations[c];
                recall->copy_is_there[c] = copy_is_there[c];
                recall->facts[c] = calloc(n, 1);
                recall->copies[c] =
                        calloc(MAX(index_entry_end(copy_indexes[c]), UINT32_C(1)), sizeof(**recall->copies));
                if (!recall->facts[c] || !recall->copies[c])
                        return -ENOMEM;
        }
        *ret = TAKE_PTR(recall);
        return 0;
}

struct Recall *recall_free(struct Recall *recall) {
        if (!recall)
                return NULL;
        for (size_t c = 0; c < recall->set->n_copies; c++) {
                if (recall->facts)
                        free(recall->facts[c]);
                if (recall->copies)
                        free(recall->copies[c]);
        }
        for (size_t i = 0; i < recall->n_renames; i++)
                free(recall->renames[i].from);
        for (size_t i = 0; i < recall->n_moves; i++)
                free(recall->moves[i].from);
        free(recall->moves);
        for (size_t i = 0; i < recall->n_lost; i++)
                free(recall->lost[i].path);
        free(recall->backups);
        free(recall->facts);
        free(recall->flags);
        free(recall->copies);
        free(recall->ends);
        free(recall->renames);
        free(recall->missing);
        free(recall->unsafe);
        free(recall->destinations);
        free(recall->copy_is_there);
        free(recall->places);
        free(recall->lost);
        free(recall);
        return NULL;
}

static struct RecallBackup known(const struct CatalogBackup *backup) {
        return (struct RecallBackup){
                .id = backup->id,
                .has_digest = backup->has_digest,
                .digest = backup->digest,
                .is_changed = backup->is_changed,
                .is_suspect = backup->is_suspect,
        };
}

static void place(struct Recall *recall, uint32_t entry, const struct RecallBackup *backup) {
        recall->backups[entry] = *backup;
        recall->flags[entry] |=
                (backup->is_changed ? PLAN_FLAG_CHANGED : 0) | (backup->is_suspect ? PLAN_FLAG_SUSPECT : 0);
}

static int lose(struct Recall *recall, const struct CatalogBackup *backup, size_t place_of_name) {
        _cleanup_(freep) char *path = strdup(backup->path);
        int r;

        if (!path)
                return -ENOMEM;
        r = ARRAY_APPEND(recall, lost,
                         (struct RecallLost){.id = backup->id,
                                             .stat = backup->stat,
                                             .backup = known(backup),
                                             .place = place_of_name,
                                             .path = path});
        if (r >= 0)
                path = NULL;
        return r;
}

int recall_add_backup(void *userdata, const struct CatalogBackup *backup) {
        struct Recall *recall = userdata;
        uint32_t entry = recall_find(recall->index, backup->path);
        struct RecallBackup b = known(backup);
        struct IndexEntry e;
        int r;

        if (entry != INDEX_NONE) {
                index_entry(recall->index, entry, &e);
                if (backup_is_same(&e.stat, &backup->stat)) {
                        place(recall, entry, &b);
                        return ARRAY_APPEND(recall, places, (struct RecallPlace){.id = backup->id, .entry = entry});
                }
                /* Restored with the same size and times it is another file, yet no change that anybody made. */
                r = ARRAY_APPEND(recall, places,
                                 (struct RecallPlace){
                                         .id = backup->id,
                                         .entry = entry,
                                         .is_changed = e.stat.size != backup->stat.size ||
                                                       e.stat.mtime_usec != backup->stat.mtime_usec,
                                 });
                return r < 0 ? r : lose(recall, backup, recall->n_places - 1);
        }
        return lose(recall, backup, SIZE_MAX);
}

static int compare_places(const void *pa, const void *pb) {
        const struct RecallPlace *a = pa, *b = pb;

        return a->id < b->id ? -1 : a->id > b->id;
}

static int compare_lost(const void *pa, const void *pb) {
        const struct RecallLost *a = pa, *b = pb;

        return a->stat.ino < b->stat.ino ? -1 : a->stat.ino > b->stat.ino;
}

/* The lost backup that this file, unknown under its name, was; NULL: it is new. */
static struct RecallLost *find_lost(struct Recall *recall, const struct BackupStat *stat) {
        struct RecallLost key = {.stat.ino = stat->ino};
        struct RecallLost *found =
                recall->n_lost > 0 ? bsearch(&key, recall->lost, recall->n_lost, sizeof(key), compare_lost) : NULL;

        if (!found)
                return NULL;
        while (found > recall->lost && found[-1].stat.ino == stat->ino)
                found--;
        for (; found < recall->lost + recall->n_lost && found->stat.ino == stat->ino; found++)
                /* Without a birth time an inode's number may have been given to another file. */
                if (found->id != 0 && backup_is_same(&found->stat, stat) && stat->birth_usec != BACKUP_NO_BIRTH &&
                    found->stat.birth_usec != BACKUP_NO_BIRTH)
                        return found;
        return NULL;
}

static int match_entry(struct Recall *recall, uint32_t entry) {
        struct RecallLost *lost;
        struct IndexEntry e;
        int r;

        if (!index_entry(recall->index, entry, &e) || recall->backups[entry].id != 0)
                return 0;
        lost = find_lost(recall, &e.stat);
        if (!lost)
                return 0;
        r = ARRAY_APPEND(recall, renames, (struct RecallRename){.entry = entry, .from = lost->path});
        if (r < 0)
                return r;
        lost->path = NULL;
        place(recall, entry, &lost->backup);
        if (lost->place != SIZE_MAX)
                recall->places[lost->place] = (struct RecallPlace){.id = lost->id, .entry = entry};
        else
                r = ARRAY_APPEND(recall, places, (struct RecallPlace){.id = lost->id, .entry = entry});
        lost->id = 0;
        return r;
}

int recall_match(struct Recall *recall) {
        int r;

        if (recall->n_lost > 0)
                qsort(recall->lost, recall->n_lost, sizeof(*recall->lost), compare_lost);
        for (uint32_t i = 0; i < index_entry_end(recall->index) && recall->n_lost > 0; i++) {
                r = match_entry(recall, i);
                if (r < 0)
                        return r;
        }
        for (size_t i = 0; i < recall->n_lost; i++) {
                bool is_replaced;
                uint32_t entry;

                if (recall->lost[i].id == 0)
                        continue;
                entry = recall_find(recall->index, recall->lost[i].path);
                is_replaced = entry != INDEX_NONE;
                if (!is_replaced && !recall->source_is_whole)
                        continue;
                r = ARRAY_APPEND(recall, ends,
                                 (struct RecallEnd){
                                         .id = recall->lost[i].id,
                                         .fate = is_replaced ? CATALOG_REPLACED : CATALOG_GONE,
                                         .entry = entry,
                                 });
                if (r < 0)
                        return r;
        }
        if (recall->n_places > 0)
                qsort(recall->places, recall->n_places, sizeof(*recall->places), compare_places);
        return 0;
}

static const struct RecallPlace *find_place(const struct Recall *recall, int64_t id) {
        const struct RecallPlace key = {.id = id};

        return recall->n_places > 0 ? bsearch(&key, recall->places, recall->n_places, sizeof(key), compare_places)
                                    : NULL;
}

bool recall_knows(const struct Recall *recall, int64_t backup) {
        if (find_place(recall, backup))
                return true;
        for (size_t i = 0; i < recall->n_lost; i++)
                if (recall->lost[i].id == backup && backup != 0)
                        return true;
        return false;
}

static size_t find_destination(const struct Recall *recall, int64_t id) {
        size_t c = 0;

        while (c < recall->set->n_copies && recall->destinations[c] != id)
                c++;
        return c;
}

/* A copy that we made: is it there, as it was? A birth time makes its age its backup's. */
static int own_copy(struct Recall *recall, size_t c, uint32_t entry, const struct CatalogCopy *copy, bool *ret) {
        uint32_t there = recall_find(recall->copy_indexes[c], copy->path);
        struct IndexEntry e;

        *ret = false;
        if (there == INDEX_NONE || !index_entry(recall->copy_indexes[c], there, &e) ||
            !backup_is_same(&e.stat, &copy->stat))
                return 0;
        recall->copies[c][there] = (struct RecallCopy){
                .backup = copy->backup,
                .entry = entry,
                .stat = copy->stat,
                .has_digest = copy->has_digest,
                .digest = copy->digest,
                .birth_usec = copy->backup_birth_usec,
        };
        *ret = true;
        return 0;
}

static enum PlanFact fact_of(enum CatalogCopyState state) {
        switch (state) {
        case CATALOG_COPY_WANTED:
        case CATALOG_COPY_COPIED:
                return PLAN_FACT_WANTED;
        case CATALOG_COPY_UNWANTED:
                return PLAN_FACT_UNWANTED;
        case CATALOG_COPY_REMOVED:
        case CATALOG_COPY_FORGOTTEN:
                return PLAN_FACT_OVER;
        case CATALOG_COPY_UNDECIDED:
        case _CATALOG_COPY_STATE_MAX:
                break;
        }
        return PLAN_FACT_UNDECIDED;
}

/* The copy's path is its backup's, or a version of it: NAME.20261120T030405Z~, NAME perhaps cut. */
static bool is_in_place(const char *copy, const char *backup) {
        size_t n_copy = strlen(copy), n_suffix = strlen(".20261120T030405Z~"), n;

        if (streq(copy, backup))
                return true;
        if (n_copy <= n_suffix || !streq(copy + n_copy - 2, "Z~") || copy[n_copy - n_suffix] != '.')
                return false;
        n = n_copy - n_suffix;
        return strncmp(copy, backup, n) == 0 && (backup[n] == '\0' || strlen(walk_name(copy)) > NAME_MAX - 4);
}

static int note_move(struct Recall *recall, size_t c, uint32_t entry, const struct CatalogCopy *copy) {
        _cleanup_(freep) char *backup = recall_path(recall->index, entry), *from = NULL;
        int r;

        if (!backup)
                return -ENOMEM;
        if (is_in_place(copy->path, backup))
                return 0;
        from = strdup(copy->path);
        if (!from)
                return -ENOMEM;
        r = ARRAY_APPEND(recall, moves,
                         (struct RecallMove){.entry = entry, .copy = (uint32_t)c, .from = from, .stat = copy->stat});
        if (r >= 0)
                from = NULL;
        return r;
}

int recall_add_copy(void *userdata, const struct CatalogCopy *copy) {
        struct Recall *recall = userdata;
        const struct RecallPlace *where = find_place(recall, copy->backup);
        bool is_current = where && where->entry != INDEX_NONE && recall->backups[where->entry].id == copy->backup;
        uint32_t entry = is_current ? where->entry : INDEX_NONE;
        size_t c = find_destination(recall, copy->destination);
        bool is_here = false;
        int r;

        if (c == recall->set->n_copies)
                return 0;
        if (copy->state == CATALOG_COPY_COPIED && recall->copy_is_there[c] && copy->path) {
                r = own_copy(recall, c, entry, copy, &is_here);
                if (r < 0)
                        return r;
        }
        /* A known backup that was renamed to its name changed nothing. */
        if (where && !is_current && where->is_changed && where->entry != INDEX_NONE &&
            recall->backups[where->entry].id == 0 && copy->state == CATALOG_COPY_COPIED &&
            recall->set->on_change == CONFIG_ON_CHANGE_ALARM)
                recall->flags[where->entry] |= PLAN_FLAG_CHANGED | PLAN_FLAG_NEWS;
        if (entry == INDEX_NONE)
                return copy->state == CATALOG_COPY_COPIED && !is_here ? ARRAY_APPEND(recall, unsafe, copy->backup) : 0;

        recall->facts[c][entry] = (uint8_t)fact_of(copy->state);
        if (copy->state != CATALOG_COPY_COPIED)
                return 0;
        if (is_here && copy->has_digest && recall->backups[entry].has_digest &&
            digest_equal(&copy->digest, &recall->backups[entry].digest)) {
                recall->facts[c][entry] = PLAN_FACT_COPIED;
                return note_move(recall, c, entry, copy);
        }
        if (recall->copy_is_there[c])
                return ARRAY_APPEND(recall, missing, (struct RecallMissing){.entry = entry, .copy = (uint32_t)c});
        return 0;
}
