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
        return keeper_send(tree,
                           &(struct Job){.kind = JOB_RENAME, .id = move->number, .path = move->from, .to = move->to});
}

/*
 * Follows from a move to the one that is in its way, and so on, and sends the last of them first. Names that
 * change places with each other are in each other's way: the first of them fails, and is said.
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

static int record_rename(struct KeeperTree *tree, const struct RecallMove *rename, const struct BackupStat *stat) {
        struct Keeper *keeper = tree->keeper;
        _cleanup_(records_freep) struct Records *records = records_new(keeper->id);
        const struct RecallBackup *backup = &keeper->recall->backups[rename->entry];
        const char *path;
        int r;

        if (!records)
                return -ENOMEM;
        path = records_own(records, recall_path(keeper->source.index, rename->entry));
        if (!path)
                return -ENOMEM;
        r = ARRAY_APPEND(records, copies,
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
        return r < 0 ? r : keeper_submit_records(keeper, TAKE_PTR(records));
}

void keeper_renamed(struct KeeperTree *tree, const struct Report *report) {
        struct Keeper *keeper = tree->keeper;
        const struct RecallMove *rename;
        _cleanup_(freep) char *path = NULL;

        if (report->id >= keeper->recall->n_moves)
                return;
        rename = &keeper->recall->moves[report->id];
        path = recall_path(keeper->source.index, rename->entry);
        if (report->outcome == STORE_FAILED) {
                tree->n_failed++;
                keeper_emit(tree, (struct Event){.kind = EVENT_COPY_FAILED,
                                                 .file = path,
                                                 .reason = report->text,
                                                 .error = -report->error});
                return;
        }
        tree->is_changed = true;
        keeper_emit(tree, (struct Event){.kind = EVENT_COPY_RENAMED, .file = path, .reason = rename->from});
        if (record_rename(tree, rename, &report->stat) < 0)
                keeper_fail(keeper, -ENOMEM);
}
