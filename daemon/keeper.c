/* SPDX-License-Identifier: MIT */
#include "daemon/keeper.h"

#include <errno.h>
#include <stdio.h>
#include <sys/random.h>

#include "daemon/log.h"
#include "lib/error.h"
#include "lib/os.h"
#include "lib/scan.h"

/* So many skipped or unreadable names are said one by one; more are a number. */
#define N_SAID_MAX 20

/* Which directory a path led to, whatever its name. */
struct TreeId {
        uint64_t dev, ino;
};

/* A tree to look at: the source, or a destination. */
struct Look {
        struct Keeper *keeper;
        const char *what; /* "valcann" or "valcann/nas", for messages */
        const char *path;
        bool is_source;
        struct Index *index;
        struct ScanOptions options;
        size_t n_skipped;
        size_t n_unreadable;
        struct TreeId id;
};

static int new_index(const struct ConfigSet *set, struct Index **ret) {
        struct HashKey key;

        if (getrandom(&key, sizeof(key), 0) != sizeof(key))
                return -EIO;
        return index_new(set, key, ret);
}

int keeper_new(const struct Config *config, const struct ConfigSet *set, struct Keeper **ret) {
        _cleanup_(keeper_freep) struct Keeper *keeper = NULL;
        int r;

        keeper = calloc(1, sizeof(*keeper));
        if (!keeper)
                return -ENOMEM;
        keeper->config = config;
        keeper->set = set;
        keeper->set_at_copies = *set;
        /* A copy's birth is when it was copied; its backup's is not known there, and its modification is nearest. */
        if (set->age_from == CONFIG_AGE_FROM_BIRTH)
                keeper->set_at_copies.age_from = CONFIG_AGE_FROM_MODIFIED;

        keeper->copies = calloc(MAX(set->n_copies, (size_t)1), sizeof(struct KeeperCopy));
        keeper->copy_indexes = calloc(MAX(set->n_copies, (size_t)1), sizeof(struct Index *));
        if (!keeper->copies || !keeper->copy_indexes)
                return -ENOMEM;
        r = new_index(set, &keeper->index);
        if (r < 0)
                return r;
        for (size_t i = 0; i < set->n_copies; i++) {
                r = new_index(&keeper->set_at_copies, &keeper->copies[i].index);
                if (r < 0)
                        return r;
                keeper->copy_indexes[i] = keeper->copies[i].index;
        }
        *ret = TAKE_PTR(keeper);
        return 0;
}

struct Keeper *keeper_free(struct Keeper *keeper) {
        if (!keeper)
                return NULL;
        if (keeper->copies)
                for (size_t i = 0; i < keeper->set->n_copies; i++)
                        index_free(keeper->copies[i].index);
        free(keeper->copies);
        free(keeper->copy_indexes);
        plan_free(keeper->plan);
        index_free(keeper->index);
        free(keeper);
        return NULL;
}

/* Says why a tree cannot be opened, and what to do about it. */
static void say_not_opened(struct Look *look, int error) {
        const char *cure = look->is_source ? "nothing of the set is planned" : "nothing counts as copied there";
        _cleanup_(freep) char *real = NULL;

        look->keeper->failed = true;
        switch (error) {
        case -ENOENT:
                log_error("%s: %s does not exist; %s (retaind never creates it)", look->what, log_name(look->path),
                          cure);
                break;
        case -ENOTDIR:
                log_error("%s: %s is no directory; %s", look->what, log_name(look->path), cure);
                break;
        case -ELOOP:
                real = realpath(look->path, NULL);
                log_error("%s: %s leads through a symbolic link, which may be swapped behind our back; write %s",
                          look->what, log_name(look->path), real ? log_name(real) : "the path it leads to");
                break;
        default:
                log_error("%s: cannot open %s: %s; %s", look->what, log_name(look->path), log_errno(error), cure);
        }
}

static void say_unreadable(struct Look *look, const struct ScanEntry *entry) {
        const char *reason =
                entry->error == -ELOOP ? "nested too deeply, or replaced by a symbolic link" : log_errno(entry->error);

        look->keeper->failed = true;
        if (look->n_unreadable++ >= N_SAID_MAX)
                return;
        log_error("%s: cannot read %s%s%s%s%s: %s%s", look->what, log_name(look->path), *entry->path ? "/" : "",
                  log_name(entry->path), *entry->name ? "/" : "", log_name(entry->name), reason,
                  look->is_source ? "; nothing of this set may be removed" : "");
}

static void say_skipped(struct Look *look, const struct ScanEntry *entry) {
        if (look->is_source)
                look->keeper->n_skipped++;
        if (look->n_skipped++ >= N_SAID_MAX)
                return;
        log_notice("%s: skipped %s%s%s: %s%s", look->what, log_name(entry->path), *entry->path ? "/" : "",
                   log_name(entry->name), scan_skipped_text(entry->skipped),
                   entry->skipped == SCAN_SKIPPED_FILE_SYSTEM ? " (OneFileSystem=no includes it)" : "");
}

static int observe(struct Look *look, const struct ScanEntry *entry, uint32_t *directory) {
        enum IndexChange change;

        switch (entry->kind) {
        case SCAN_DIRECTORY:
                return index_directory(look->index, entry->path, directory);
        case SCAN_FILE:
                return index_upsert(look->index, *directory, entry->name, entry->n_name, &entry->stat, &change);
        case SCAN_SKIPPED:
                say_skipped(look, entry);
                return 0;
        case SCAN_UNREADABLE:
                say_unreadable(look, entry);
                return 0;
        }
        return 0;
}

static void say_counts(const struct Look *look) {
        if (look->n_skipped > N_SAID_MAX)
                log_notice("%s: and %zu more skipped", look->what, look->n_skipped - N_SAID_MAX);
        if (look->n_unreadable > N_SAID_MAX)
                log_error("%s: and %zu more cannot be read", look->what, look->n_unreadable - N_SAID_MAX);
}

static int tree_id(int fd, struct TreeId *ret) {
        struct statx st;
        int r;

        r = os_statx(fd, "", &st);
        if (r < 0)
                return r;
        *ret = (struct TreeId){
                .dev = (uint64_t)st.stx_dev_major << 32 | st.stx_dev_minor,
                .ino = st.stx_ino,
        };
        return 0;
}

/* Everything in the tree into the index. */
static int look_at_tree(struct Look *look, bool *ret_is_there) {
        _cleanup_(scan_freep) struct Scan *scan = NULL;
        _cleanup_(os_closep) int fd = -1;
        struct ScanEntry entry;
        uint32_t directory = INDEX_NONE;
        size_t n_gone;
        int r;

        *ret_is_there = false;
        fd = os_open_directory(look->path);
        if (fd < 0) {
                say_not_opened(look, fd);
                return 0;
        }
        r = tree_id(fd, &look->id);
        if (r < 0)
                return r;
        r = scan_new(fd, &look->options, &scan);
        if (r < 0)
                return r;

        index_begin(look->index);
        while ((r = scan_next(scan, &entry)) > 0) {
                r = observe(look, &entry, &directory);
                if (r < 0)
                        return r;
        }
        if (r < 0)
                return r;
        r = index_sweep(look->index, &n_gone);
        if (r < 0)
                return r;
        say_counts(look);
        if (look->is_source)
                look->keeper->n_excluded = scan_n_excluded(scan);
        *ret_is_there = true;
        return index_arrange(look->index);
}

/* The path of a listing as seen from the tree it lies in, else NULL. */
static const char *path_within(const char *tree, const char *path) {
        size_t n = strlen(tree);

        if (!path || strncmp(path, tree, n) != 0)
                return NULL;
        return path[n] == '/' ? path + n + 1 : streq(tree, "/") ? path + 1 : NULL;
}

/* Every set's listings that lie in the tree, relative to it; terminated by NULL. */
static int own_files(const struct Config *config, const char *tree, const char ***ret) {
        const char **files;
        size_t n = 1;

        for (size_t i = 0; i < config->n_sets; i++)
                n += 1 + config->sets[i]->n_copies;
        files = calloc(n, sizeof(char *));
        if (!files)
                return -ENOMEM;

        n = 0;
        for (size_t i = 0; i < config->n_sets; i++) {
                const struct ConfigSet *set = config->sets[i];

                files[n] = path_within(tree, set->listing);
                n += files[n] != NULL;
                for (size_t c = 0; c < set->n_copies; c++) {
                        files[n] = path_within(tree, set->copies[c]->listing);
                        n += files[n] != NULL;
                }
        }
        *ret = files;
        return 0;
}

static int look_at_source(struct Keeper *keeper, struct TreeId *ret_id) {
        _cleanup_(filter_freep) struct Filter *filter = NULL;
        _cleanup_(freep) const char **files = NULL;
        struct Look look = {
                .keeper = keeper,
                .what = keeper->set->name,
                .path = keeper->set->source,
                .is_source = true,
                .index = keeper->index,
        };
        int r;

        r = filter_new(keeper->set->include, keeper->set->exclude, &filter);
        if (r < 0)
                return r;
        r = own_files(keeper->config, keeper->set->source, &files);
        if (r < 0)
                return r;
        look.options = (struct ScanOptions){
                .filter = filter,
                .recursive = keeper->set->recursive,
                .one_file_system = keeper->set->one_file_system,
                .ignored = (char *const *)files,
        };
        r = look_at_tree(&look, &keeper->is_there);
        keeper->is_partial = look.n_unreadable > 0;
        *ret_id = look.id;
        return r;
}

/* Two paths, one tree or one disk: the configuration cannot see it, we can. */
static void compare_trees(const struct Look *copy, const struct TreeId *source) {
        if (copy->id.dev != source->dev)
                return;
        if (copy->id.ino == source->ino) {
                copy->keeper->failed = true;
                log_error("%s: %s is the source itself under another name; no copy of it is one", copy->what,
                          log_name(copy->path));
        } else
                log_notice("%s: %s is on the source's own file system: when that is lost, so are these copies",
                           copy->what, log_name(copy->path));
}

static int look_at_copy(struct Keeper *keeper, size_t i, const struct TreeId *source) {
        const struct ConfigCopy *copy = keeper->set->copies[i];
        _cleanup_(freep) const char **files = NULL;
        char what[256];
        struct Look look = {
                .keeper = keeper,
                .what = what,
                .path = copy->to,
                .index = keeper->copies[i].index,
        };
        int r;

        snprintf(what, sizeof(what), "%s/%s", keeper->set->name, copy->name);
        r = own_files(keeper->config, copy->to, &files);
        if (r < 0)
                return r;
        look.options =
                (struct ScanOptions){.recursive = true, .one_file_system = true, .ignored = (char *const *)files};
        r = look_at_tree(&look, &keeper->copies[i].is_there);
        if (r >= 0 && keeper->is_there && keeper->copies[i].is_there)
                compare_trees(&look, source);
        return r;
}

int keeper_look(struct Keeper *keeper, int64_t now_usec) {
        struct PlanInput input = {
                .set = keeper->set,
                .index = keeper->index,
                .copies = keeper->copy_indexes,
                .now_usec = now_usec,
        };
        struct TreeId source = {};
        int r;

        r = look_at_source(keeper, &source);
        if (r < 0)
                return r;
        for (size_t i = 0; i < keeper->set->n_copies; i++) {
                r = look_at_copy(keeper, i, &source);
                if (r < 0)
                        return r;
        }
        input.source_is_partial = keeper->is_partial;
        keeper->plan = plan_free(keeper->plan);
        return plan_new(&input, &keeper->plan);
}
