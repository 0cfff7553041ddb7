/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The only place that makes backups disappear: a file is renamed into a private
 * directory, looked at there by descriptor, and unlinked only if it is the very
 * file that was meant. What is not goes back to its place.
 *
 * Whether it may go is decided, and the intent is durable, before any of this.
 */

#include "lib/backup.h"
#include "lib/base.h"
#include "lib/walk.h"

#define REMOVE_DIRECTORY ".retaind-trash"

enum RemoveOutcome {
        REMOVE_DONE,     /* unlinked */
        REMOVE_TRASHED,  /* kept in the trash directory, as asked for */
        REMOVE_GONE,     /* was not there */
        REMOVE_PUT_BACK, /* is not the file that was meant, or is being written; it is in its place */
        REMOVE_FAILED,   /* error and call say how; it is in its place, unless is_in_trash */
        _REMOVE_OUTCOME_MAX,
};

struct RemoveResult {
        enum RemoveOutcome outcome;
        int error; /* negative errno */
        const char *call;
        bool is_in_trash; /* REMOVE_FAILED, and its name was taken when it was to be put back */
};

/* Borrows root, the top of the tree. */
struct Remover {
        struct Walk walk;
        int root;
        int trash; /* -1 until first used */
};

void remover_init(struct Remover *remover, int root);
void remover_done(struct Remover *remover);

/* trash_name is a name of the caller's, unique among all that were ever used in this tree. */
struct RemoveResult remove_file(struct Remover *remover, const char *path, const struct BackupStat *stat,
                                const char *trash_name, bool keep);
/* Likewise after a crash, where remove_file() may have begun it. */
struct RemoveResult remove_finish(struct Remover *remover, const char *path, const struct BackupStat *stat,
                                  const char *trash_name, bool keep);
/* Unlinks what remove_file() kept. */
struct RemoveResult remove_purge(struct Remover *remover, const char *trash_name, const struct BackupStat *stat);
/* After a crash: what lies in the trash directory goes back to its place, REMOVE_PUT_BACK; or was not there, REMOVE_GONE. */
struct RemoveResult remove_undo(struct Remover *remover, const char *path, const struct BackupStat *stat,
                                const char *trash_name);
/* Makes all of it durable; to be called before any is recorded as done. */
int remove_sync(struct Remover *remover);
