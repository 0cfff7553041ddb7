/* SPDX-License-Identifier: MIT */

/*
 * Copies follow their renamed backups. Where names rotate, one's new name is
 * another's old one, which has to go first.
 */

#include "daemon/keeper-internal.h"
#include "lib/array.h"
#include "lib/error.h"
#include "lib/store.h"

struct Move {
        const char *from; /* the recall's */
        char *to;
        size_t number; /* of the recall's move */
        const struct BackupStat *stat;
        bool is_sent;
};

static int compare_moves(const void *pa, const void *pb) {
        const struct Move *a = pa, *b = pb;

        return strcmp(a->from, b->from);
}

static void free_moves(struct Move *moves, size_t n_moves) {
        for (size_t i = 0; i < n_moves; i++)
                free(moves[i].to);
        free(moves);
}

/* What is to be renamed at this destination: also what could not be in the passes before. */
static int find_moves(const struct KeeperTree *tree, struct Move *moves, size_t *ret_n) {
        const struct Recall *recall = tree->keeper->recall;

        for (size_t i = 0; i < recall->n_moves; i++) {
                if (recall->moves[i].copy != tree->copy)
                        continue;
                moves[*ret_n] = (struct Move){
                        .from = recall->moves[i].from,
                        .to = recall_path(tree->keeper->source.index, recall->moves[i].entry),
                        .number = i,
                        .stat = &recall->moves[i].stat,
                };
                if (!moves[(*ret_n)++].to)
                        return -ENOMEM;
        }
        qsort(moves, *ret_n, sizeof(*moves), compare_moves);
        return 0;
}

static int send_move(struct KeeperTree *tree, struct Move *move) {
        if (move->is_sent)
                return 0;
        move->is_sent = true;
        return keeper_send(tree, &(struct Job){
                                         .kind = JOB_RENAME,
                                         .id = move->number,
                                         .path = move->from,
                                         .to = move->to,
                                         .stat = *move->stat,
                                 });
}

/*
 * Follows from a move to the one that is in its way, and so on, and sends the last of them first. Of names that
 * change places with each other the first gets a version's name, as does a copy whose new name another file has.
 */
static int send_chain(struct KeeperTree *tree, struct Move *moves, size_t n_moves, size_t first, size_t *chain) {
        size_t n = 0;
        int r = 0;

        for (struct Move *move = &moves[first]; move && !move->is_sent && n < n_moves;) {
                struct Move key = {.from = move->to};

                chain[n++] = (size_t)(move - moves);
                move = bsearch(&key, moves, n_moves, sizeof(*moves), compare_moves);
                if (move == &moves[first])
                        break;
        }
        while (n > 0 && r >= 0)
                r = send_move(tree, &moves[chain[--n]]);
        return r;
}

static int send_moves(struct KeeperTree *tree) {
        size_t n_all = tree->keeper->recall->n_moves, n_moves = 0;
        struct Move *moves = calloc(MAX(n_all, (size_t)1), sizeof(*moves));
        _cleanup_(freep) size_t *chain = calloc(MAX(n_all, (size_t)1), sizeof(*chain));
        int r = moves && chain ? find_moves(tree, moves, &n_moves) : -ENOMEM;

        for (size_t i = 0; i < n_moves && r >= 0; i++)
                r = send_chain(tree, moves, n_moves, i, chain);
        if (moves)
                free_moves(moves, n_moves);
        if (r >= 0 && tree->n_open > 0)
                r = keeper_commit(tree);
        return r;
}

int keeper_step_rename(struct Keeper *keeper) {
        int r = 0;

        for (size_t c = 0; c < keeper->set->n_copies && r >= 0; c++)
                if (keeper->copies[c].is_there && !keeper->copies[c].is_stopped)
                        r = send_moves(&keeper->copies[c]);
        return r;
}

static int record_rename(struct KeeperTree *tree, const struct RecallMove *rename, struct Records *records,
                         const char *path, const struct BackupStat *stat) {
        const struct RecallBackup *backup = &tree->keeper->recall->backups[rename->entry];

        return ARRAY_APPEND(records, copies,
                            (struct RecordsCopy){
                                    .backup = RECORDS_NEW,
                                    .copy =
                                            {
                                                    .backup = backup->id,
                                                    .destination = tree->id,
                                                    .state = CATALOG_COPY_COPIED,
                                                    .path = path,
                                                    .stat = *stat,
                                                    .has_digest = backup->has_digest,
                                                    .digest = backup->digest,
                                                    .copied_usec = records->usec,
                                            },
                            });
}

static int take_rename(struct KeeperTree *tree, const struct RecallMove *rename, const char *path,
                       const struct Report *report) {
        _cleanup_(records_freep) struct Records *records = records_new(tree->keeper->id);
        struct Event event = {.kind = EVENT_COPY_RENAMED, .file = path, .reason = rename->from};
        bool is_versioned = report->name && *report->name;
        const char *there;
        int r;

        if (!records)
                return -ENOMEM;
        there = is_versioned ? keeper_version_path(records, path, report->name) : records_own(records, strdup(path));
        if (!there)
                return -ENOMEM;
        r = record_rename(tree, rename, records, there, &report->stat);
        if (r < 0)
                return r;
        tree->is_changed = true;
        if (tree->keeper->is_scoped)
                r = keeper_add_path(tree, there);
        if (r < 0)
                return r;
        keeper_emit(tree, event);
        if (is_versioned)
                keeper_emit(tree, (struct Event){.kind = EVENT_VERSIONED, .file = path, .reason = there});
        return keeper_submit_records(tree->keeper, TAKE_PTR(records));
}

void keeper_renamed(struct KeeperTree *tree, const struct Report *report) {
        struct Keeper *keeper = tree->keeper;
        const struct RecallMove *rename;
        _cleanup_(freep) char *path = NULL;
        int r;

        if (report->id >= keeper->recall->n_moves)
                return;
        rename = &keeper->recall->moves[report->id];
        path = recall_path(keeper->source.index, rename->entry);
        if (report->outcome == STORE_FAILED) {
                tree->n_failed++;
                keeper_emit(tree, (struct Event){
                                          .kind = EVENT_COPY_FAILED,
                                          .file = path,
                                          .reason = report->error == -ESTALE ? "rename: another file lies in its place"
                                                                             : report->text,
                                          .error = -report->error,
                                  });
                return;
        }
        r = path ? take_rename(tree, rename, path, report) : -ENOMEM;
        if (r < 0)
                keeper_fail(keeper, r);
}
