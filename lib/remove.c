/* SPDX-License-Identifier: MIT */
#include "lib/remove.h"

#include <sys/stat.h>
#include <unistd.h>

#include "lib/error.h"
#include "lib/look.h"
#include "lib/os-file.h"

void remover_init(struct Remover *remover, int root) {
        walk_init(&remover->walk, root);
        remover->root = root;
        remover->trash = -1;
}

void remover_done(struct Remover *remover) {
        walk_done(&remover->walk);
        remover->trash = os_close(remover->trash);
}

static struct RemoveResult failed(int error, const char *call) {
        return (struct RemoveResult){.outcome = REMOVE_FAILED, .error = error, .call = call};
}

/* The directory must be ours alone: whoever else could write there could swap what we are about to unlink.
 * It is made with mode 0700, but FAT shows what it was mounted with. */
static int open_trash(struct Remover *remover) {
        _cleanup_(os_closep) int fd = -1;
        struct statx st;
        int r;

        if (remover->trash >= 0)
                return 0;
        r = os_make_directory_at(remover->root, REMOVE_DIRECTORY);
        if (r < 0 && r != -EEXIST)
                return r;
        fd = os_open_directory_at(remover->root, REMOVE_DIRECTORY);
        if (fd < 0)
                return fd;
        r = os_statx(fd, "", &st);
        if (r < 0)
                return r;
        if (st.stx_uid != geteuid() || (st.stx_mode & 0022) != 0)
                return -EPERM;
        remover->trash = TAKE_FD(fd);
        return 0;
}

/* Where the kernel lets us ask. */
static bool is_being_written(int dir, const char *name) {
        _cleanup_(os_closep) int fd = os_open_file_at(dir, name);

        return fd >= 0 && os_ask_lease(fd) == -EAGAIN;
}

static struct RemoveResult put_back(struct Remover *remover, int dir, const char *name, const char *trash_name,
                                    struct RemoveResult result) {
        int r = os_rename_at(remover->trash, trash_name, dir, name);

        if (r < 0) {
                result = failed(r, "rename back");
                result.is_in_trash = true;
        }
        return result;
}

struct RemoveResult remove_file(struct Remover *remover, const char *path, const struct BackupStat *stat,
                                const char *trash_name, bool keep) {
        const char *name = walk_name(path);
        struct RemoveResult result;
        int dir, r;

        r = walk_open_parent(&remover->walk, path, &dir);
        if (r == -ENOENT)
                return (struct RemoveResult){.outcome = REMOVE_GONE};
        if (r < 0)
                return failed(r, "open");
        r = look_is(dir, name, stat);
        if (r == -ENOENT)
                return (struct RemoveResult){.outcome = REMOVE_GONE};
        if (r == -ESTALE)
                return (struct RemoveResult){.outcome = REMOVE_PUT_BACK};
        if (r < 0)
                return failed(r, "stat");
        r = open_trash(remover);
        if (r < 0)
                return failed(r, "open " REMOVE_DIRECTORY);
        /* Atomically, whatever the file system can: a random name in a directory of ours replaces nothing. */
        r = os_move_at(dir, name, remover->trash, trash_name);
        if (r == -ENOENT)
                return (struct RemoveResult){.outcome = REMOVE_GONE};
        if (r < 0)
                return failed(r, "rename");

        /* No name but ours leads to it now. Who has it open already may write to it still. */
        r = look_is(remover->trash, trash_name, stat);
        if (r < 0) {
                result = failed(r, "stat");
                if (r == -ESTALE)
                        result.outcome = REMOVE_PUT_BACK;
                return put_back(remover, dir, name, trash_name, result);
        }
        if (is_being_written(remover->trash, trash_name))
                return put_back(remover, dir, name, trash_name, (struct RemoveResult){.outcome = REMOVE_PUT_BACK});
        if (keep)
                return (struct RemoveResult){.outcome = REMOVE_TRASHED};
        r = os_unlink_at(remover->trash, trash_name);
        if (r < 0)
                return put_back(remover, dir, name, trash_name, failed(r, "unlink"));
        return (struct RemoveResult){.outcome = REMOVE_DONE};
}

struct RemoveResult remove_finish(struct Remover *remover, const char *path, const struct BackupStat *stat,
                                  const char *trash_name, bool keep) {
        struct RemoveResult result;
        int r;

        r = open_trash(remover);
        if (r < 0)
                return failed(r, "open " REMOVE_DIRECTORY);
        r = look_is(remover->trash, trash_name, stat);
        if (r == -ENOENT)
                return remove_file(remover, path, stat, trash_name, keep);
        if (r >= 0 && keep)
                return (struct RemoveResult){.outcome = REMOVE_TRASHED};
        if (r >= 0)
                r = os_unlink_at(remover->trash, trash_name);
        if (r >= 0)
                return (struct RemoveResult){.outcome = REMOVE_DONE};
        result = failed(r, "unlink");
        result.is_in_trash = true;
        return result;
}

struct RemoveResult remove_purge(struct Remover *remover, const char *trash_name, const struct BackupStat *stat) {
        int r;

        r = open_trash(remover);
        if (r >= 0)
                r = look_is(remover->trash, trash_name, stat);
        if (r >= 0)
                r = os_unlink_at(remover->trash, trash_name);
        if (r == -ENOENT)
                return (struct RemoveResult){.outcome = REMOVE_GONE};
        return r < 0 ? failed(r, "unlink") : (struct RemoveResult){.outcome = REMOVE_DONE};
}

struct RemoveResult remove_undo(struct Remover *remover, const char *path, const struct BackupStat *stat,
                                const char *trash_name) {
        int dir, r;

        r = open_trash(remover);
        if (r >= 0)
                r = look_is(remover->trash, trash_name, stat);
        if (r == -ENOENT) {
                /* Not there: it is in its place, or it is gone for good. */
                r = walk_open_parent(&remover->walk, path, &dir);
                if (r >= 0)
                        r = look_is(dir, walk_name(path), stat);
                if (r < 0 && r != -ENOENT && r != -ESTALE)
                        return failed(r, "stat");
                return (struct RemoveResult){.outcome = r >= 0 ? REMOVE_PUT_BACK : REMOVE_GONE};
        }
        if (r < 0 && r != -ESTALE)
                return failed(r, "stat");
        r = walk_open_parent(&remover->walk, path, &dir);
        if (r < 0) {
                struct RemoveResult result = failed(r, "open");

                result.is_in_trash = true;
                return result;
        }
        return put_back(remover, dir, walk_name(path), trash_name, (struct RemoveResult){.outcome = REMOVE_PUT_BACK});
}

int remove_sync(struct Remover *remover) {
        return remover->trash < 0 ? 0 : os_fsync(remover->trash);
}
