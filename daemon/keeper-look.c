/* SPDX-License-Identifier: MIT */

/*
 * Workers open the trees of a set, and scan them into its indexes.
 */

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>

#include "daemon/keeper-internal.h"
#include "daemon/known.h"
#include "daemon/log.h"
#include "daemon/options.h"
#include "daemon/said.h"
#include "daemon/scanning.h"
#include "lib/array.h"
#include "lib/error.h"
#include "lib/marker.h"
#include "lib/os.h"
#include "lib/scan.h"
#include "lib/span.h"
#include "lib/walk.h"

/* So many skipped or unreadable names are said one by one; more are a number. */
#define N_SAID_MAX 20
#define N_LEFTOVERS_MAX 10000
#define N_MARKERS_MAX 1000
#define HUNG_PATIENCE_USEC (5 * USEC_PER_SEC)

static bool is_source(const struct KeeperTree *tree) {
        return !tree->config;
}

/* The daemon says once what it sees at every look. */
static bool is_repeated(const struct KeeperTree *tree) {
        return tree->keeper->pass->is_daemon && !tree->keeper->is_first;
}

/* Says why a tree cannot be opened, and what to do about it. */
static void say_not_opened(struct KeeperTree *tree, int error) {
        const char *cure = is_source(tree) ? "nothing of the set is planned" : "nothing counts as copied there";
        _cleanup_(freep) char *real = NULL;

        keeper_failed(tree);
        if (tree->keeper->said && said_again_text(tree->keeper->said, tree->path))
                return;
        switch (error) {
        case -ENOENT:
                log_error("%s: %s does not exist; %s (retaind never creates it)", tree->what, log_name(tree->path),
                          cure);
                break;
        case -ENOTDIR:
                log_error("%s: %s is no directory; %s", tree->what, log_name(tree->path), cure);
                break;
        case -ELOOP:
                real = realpath(tree->path, NULL);
                log_error("%s: %s leads through a symbolic link, which may be swapped behind our back; write %s",
                          tree->what, log_name(tree->path), real ? log_name(real) : "the path it leads to");
                break;
        default:
                log_error("%s: cannot open %s: %s; %s", tree->what, log_name(tree->path), log_errno(error), cure);
        }
}

static void missing(struct KeeperTree *tree, const char *format, ...) _printf_(2, 3);

static void missing(struct KeeperTree *tree, const char *format, ...) {
        char reason[EVENT_REASON_MAX];
        va_list args;

        va_start(args, format);
        vsnprintf(reason, sizeof(reason), format, args);
        va_end(args);
        keeper_emit(tree, (struct Event){.kind = EVENT_DESTINATION_MISSING, .reason = reason});
        keeper_failed(tree);
}

static void say_not_ready(struct KeeperTree *tree, const struct Report *report) {
        char holder[64] = "another process";

        switch ((enum ReportReady)report->outcome) {
        case READY_SOURCE:
                if (is_source(tree))
                        say_not_opened(tree, report->error);
                return;
        case READY_DESTINATION:
                say_not_opened(tree, report->error);
                return;
        case READY_MARKER_MISSING:
                missing(tree, "%s has no .retaind-destination: is the disk mounted?", tree->path);
                return;
        case READY_MARKER_OTHER:
                missing(tree, "%s has the .retaind-destination of another destination (id %s): is it the right disk?",
                        tree->path, strempty(report->name));
                return;
        case READY_BUSY:
                if (report->number > 0)
                        snprintf(holder, sizeof(holder), "process %llu", (unsigned long long)report->number);
                keeper_failed(tree);
                keeper_emit(tree, (struct Event){.kind = EVENT_DESTINATION_BUSY, .reason = holder});
                return;
        case READY_MARKER_FAILED:
                missing(tree, "%s/.retaind-destination: %s", tree->path, log_errno(report->error));
                return;
        case READY_CONFINE:
                log_error("%s: a worker cannot confine itself: %s", tree->what, log_errno(report->error));
                keeper_failed(tree);
                return;
        case READY_OTHER: /* said by a new worker, which looks itself */
        case READY_OK:
        case _READY_MAX:
                break;
        }
        log_error("%s: a worker answered what it cannot", tree->what);
        keeper_failed(tree);
}

static int new_marker_done(struct KeeperTree *tree, const struct Report *report) {
        if (!tree->keeper->pass->ledger)
                return 0;
        tree->is_marker_new = !streq(tree->marker, strempty(report->name));
        snprintf(tree->marker, sizeof(tree->marker), "%s", strempty(report->name));
        tree->is_new = report->flag;
        if (report->flag)
                keeper_emit(tree, (struct Event){.kind = EVENT_DESTINATION_NEW, .reason = tree->path});
        return 0;
}

static int on_ready(struct KeeperTree *tree, const struct Report *report) {
        tree->is_connecting = false;
        worker_came(tree->worker);
        if (report->outcome == READY_OTHER)
                tree->is_stale = true; /* another takes its place */
        else if (report->outcome != READY_OK) {
                tree->is_stopped = true;
                say_not_ready(tree, report);
        } else {
                tree->is_there = true;
                tree->device = report->device;
                tree->root = report->stat;
                if (!is_source(tree))
                        new_marker_done(tree, report);
                else
                        tree->is_polled = report->flag;
        }
        keeper_close(tree);
        return 0;
}

static void on_leftover(struct KeeperTree *tree, const struct Report *report);

static void on_report(void *userdata, const struct Report *report) {
        struct KeeperTree *tree = userdata;
        struct Keeper *keeper = tree->keeper;
        int r = 0;

        switch (report->kind) {
        case REPORT_READY:
                r = tree->is_connecting ? on_ready(tree, report) : -EBADMSG;
                break;
        case REPORT_DIRECTORY:
        case REPORT_FILE:
        case REPORT_SKIPPED:
        case REPORT_OURS:
        case REPORT_UNREADABLE:
        case REPORT_SCANNED:
                r = tree->is_scanning ? keeper_looked(tree, report) : -EBADMSG;
                break;
        case REPORT_PROGRESS:
                tree->bytes_sent += report->number;
                break;
        case REPORT_RESULT:
                if (tree->n_open <= tree->is_scanning ||
                    (*strempty(report->name) && !walk_name_is_valid(report->name))) {
                        r = -EBADMSG;
                        break;
                }
                worker_came(tree->worker);
                if (tree->is_looking_at_paths)
                        r = keeper_looked_at_path(tree, report);
                else if (keeper->step == STEP_LOOK)
                        on_leftover(tree, report);
                else if (keeper->step == STEP_RECOVER || keeper->step == STEP_PURGE)
                        keeper_recovered(tree, report);
                else if (keeper->step == STEP_VERIFY)
                        keeper_verified(tree, report);
                else if (keeper->step == STEP_RENAME)
                        keeper_renamed(tree, report);
                else if (keeper->step == STEP_COPY)
                        keeper_copied(tree, report);
                else if (keeper->step == STEP_REMOVE)
                        keeper_removed(tree, report);
                keeper_close(tree);
                break;
        case _REPORT_KIND_MAX:
                break;
        }
        if (r == -EBADMSG)
                worker_reject(tree->worker);
        else if (r < 0) {
                keeper_fail(keeper, r);
                keeper_go_on(keeper);
        }
}

/* What was due of the worker will not come. What is with the ledger will. */
static void on_ended(void *userdata, enum WorkerEnd end) {
        struct KeeperTree *tree = userdata;
        struct Keeper *keeper = tree->keeper;
        char patience[SPAN_TEXT_MAX];
        uint64_t n = tree->n_open;

        if (tree->is_stopped && n == 0)
                return; /* it said why it could not begin */
        tree->is_stopped = true;
        tree->is_there = tree->is_there && !is_source(tree);
        tree->is_partial = true;
        keeper_failed(tree);
        tree->has_hung = end == WORKER_HUNG;
        /* What it was about to remove may be anywhere: the pass over all that follows finds out. */
        keeper->leaves_intents = keeper->leaves_intents || tree->removing;
        if (end == WORKER_HUNG && is_source(tree))
                log_error("%s: the source %s did not answer for %s", tree->what, log_name(tree->path),
                          age_format(keeper->pass->options->patience_usec, patience));
        else if (end == WORKER_HUNG) {
                age_format(keeper->pass->options->patience_usec, patience);
                keeper_emit(tree, (struct Event){.kind = EVENT_DESTINATION_HUNG, .reason = patience});
        } else
                log_error("%s: its worker died; what it was doing is done again at the next pass", tree->what);
        if (!is_source(tree))
                tree->is_there = false;
        keeper_free_copying(tree);
        keeper_free_removing(tree);
        tree->n_open = 0;
        keeper->n_open -= n;
        keeper_go_on(keeper);
}

/* Every destination has its part, whether the others are at work or not: together they never take more. */
static uint64_t bandwidth_share(const struct Config *config) {
        size_t n = 0;

        for (size_t i = 0; i < config->n_sets; i++)
                n += config->sets[i]->n_copies;
        return config->bandwidth_max == UINT64_MAX ? UINT64_MAX : config->bandwidth_max / MAX(n, (size_t)1);
}

/* With what did not answer the last time, nobody waits long: others wait for the pass. */
static int64_t patience_of(const struct KeeperTree *tree) {
        const struct KnownTree *known = keeper_known(tree);
        int64_t usec = tree->keeper->pass->options->patience_usec;

        return known && known->has_hung ? MIN(usec, HUNG_PATIENCE_USEC) : usec;
}

static void ignore_report(void *userdata _unused_, const struct Report *report _unused_) {
}

static void ignore_end(void *userdata _unused_, enum WorkerEnd end _unused_) {
}

/* It is freed with the keeper: we may be in its own call. Its locks it gives up at once. */
static void put_aside(struct KeeperTree *tree) {
        worker_hand_over(tree->worker, &(struct WorkerHandler){ignore_report, ignore_end, NULL});
        worker_abandon(tree->worker);
        tree->stale_worker = TAKE_PTR(tree->worker);
}

static int connect_tree(struct KeeperTree *tree) {
        struct Keeper *keeper = tree->keeper;
        bool is_watching = is_source(tree) && keeper->pass->watch_fd >= 0 && keeper->set->watch != CONFIG_WATCH_POLL;
        const struct WorkerHandler handler = {.report = on_report, .ended = on_ended, .userdata = tree};
        const struct JobSetup setup = {
                .source = keeper->set->source,
                .destination = is_source(tree) ? NULL : tree->path,
                .marker = tree->marker,
                .is_looking = !keeper->pass->ledger,
                .is_source_writable = is_source(tree) && keeper->pass->ledger,
                .verify = is_source(tree) ? CONFIG_VERIFY_READBACK : tree->config->verify,
                .bandwidth = bandwidth_share(keeper->config),
                .is_watching = is_watching,
                .is_watch_forced = keeper->set->watch == CONFIG_WATCH_INOTIFY,
                .metadata = is_source(tree) ? CONFIG_METADATA_STRICT : tree->config->metadata,
        };
        int r;

        /* What a pass over all of it did not find, a pass over a part does not look for. */
        if (keeper->is_scoped && !keeper_known(tree)->index) {
                tree->is_stopped = true;
                return 0;
        }
        if (keeper->known && !tree->is_stale)
                tree->worker = known_take_worker(keeper->known, is_source(tree) ? 0 : tree->copy + 1);
        if (tree->is_stale)
                put_aside(tree);
        tree->is_stale = false;
        if (tree->worker) {
                worker_hand_over(tree->worker, &handler);
                r = worker_send(tree->worker, &(struct Job){.kind = JOB_AGAIN}, true);
                if (r >= 0)
                        r = worker_flush(tree->worker);
        } else
                r = worker_new(keeper->pass->event, &setup, is_watching ? keeper->pass->watch_fd : -1,
                               patience_of(tree), &handler, &tree->worker);
        tree->is_connecting = r >= 0;
        if (r >= 0)
                keeper_open(tree);
        return r;
}

static bool is_to_connect(const struct KeeperTree *tree) {
        return tree->is_stale || (!tree->worker && !tree->is_stopped);
}

int keeper_step_connect(struct Keeper *keeper) {
        int r = 0;

        if (is_to_connect(&keeper->source))
                r = connect_tree(&keeper->source);
        for (size_t i = 0; i < keeper->set->n_copies && r >= 0; i++)
                if (is_to_connect(&keeper->copies[i]))
                        r = connect_tree(&keeper->copies[i]);
        return r;
}

/* Whether it was said in the pass before, or enough was said in this one. */
static bool is_said(struct KeeperTree *tree, const char *directory, const char *name) {
        struct Said *said = tree->keeper->said;
        char path[PATH_MAX + NAME_MAX];

        if (tree->n_unreadable++ >= N_SAID_MAX)
                return true;
        snprintf(path, sizeof(path), "%s %s/%s", tree->what, directory, name);
        return said && said_again_text(said, path);
}

void keeper_say_unreadable(struct KeeperTree *tree, const char *directory, const char *name, int error) {
        const char *reason = error == -ELOOP ? "nested too deeply, or replaced by a symbolic link" : log_errno(error);

        keeper_failed(tree);
        tree->is_partial = true;
        if (is_said(tree, directory, name))
                return;
        log_error("%s: cannot read %s%s%s%s%s: %s%s", tree->what, log_name(tree->path), *directory ? "/" : "",
                  log_name(directory), *name ? "/" : "", log_name(name), reason,
                  is_source(tree) ? "; nothing of this set may be removed" : "");
}

static void say_skipped(struct KeeperTree *tree, const struct Report *report) {
        const char *directory = strempty(report->text);

        if (tree->n_skipped++ >= N_SAID_MAX || is_repeated(tree) || report->outcome >= _SCAN_SKIPPED_MAX)
                return;
        log_notice("%s: skipped %s%s%s: %s%s", tree->what, log_name(directory), *directory ? "/" : "",
                   log_name(report->name), scan_skipped_text(report->outcome),
                   report->outcome == SCAN_SKIPPED_FILE_SYSTEM ? " (OneFileSystem=no includes it)" : "");
}

static void say_counts(const struct KeeperTree *tree) {
        if (tree->n_skipped > N_SAID_MAX)
                log_notice("%s: and %zu more skipped", tree->what, tree->n_skipped - N_SAID_MAX);
        if (tree->n_unreadable > N_SAID_MAX)
                log_error("%s: and %zu more cannot be read", tree->what, tree->n_unreadable - N_SAID_MAX);
}

/* Two paths, one tree or one disk: the configuration cannot see it, we can. */
static void compare_trees(struct KeeperTree *tree, bool is_first) {
        const struct KeeperTree *source = &tree->keeper->source;

        for (size_t i = 0; i < source->n_markers; i++)
                /* A birth time is not seen through every mount. */
                if (tree->marker_stat.ino != 0 && source->markers[i].ino == tree->marker_stat.ino &&
                    source->markers[i].mtime_usec == tree->marker_stat.mtime_usec) {
                        keeper_failed(tree);
                        tree->is_there = false;
                        log_error("%s: %s and the source %s are one, by a mount; nothing is copied there", tree->what,
                                  log_name(tree->path), log_name(source->path));
                        return;
                }

        if (tree->device != source->device)
                return;
        if (tree->root.ino == source->root.ino) {
                keeper_failed(tree);
                tree->is_there = false;
                log_error("%s: %s is the source itself under another name; no copy of it is one", tree->what,
                          log_name(tree->path));
        } else if (is_first && (tree->is_new || !tree->keeper->pass->ledger))
                log_notice("%s: %s is on the source's own file system: when that is lost, so are these copies",
                           tree->what, log_name(tree->path));
}

static int send_leftovers(struct KeeperTree *tree) {
        int r = 0;

        if (tree->n_leftovers == 0 || tree->keeper->round > 0 || !tree->is_there)
                return 0;
        for (size_t i = 0; i < tree->n_leftovers && r >= 0; i++)
                r = keeper_send(tree, &(struct Job){.kind = JOB_LEFTOVER, .id = i, .path = tree->leftovers[i]});
        return r < 0 ? r : keeper_commit(tree);
}

static void on_leftover(struct KeeperTree *tree, const struct Report *report) {
        if (report->id < tree->n_leftovers && report->error == 0)
                keeper_emit(tree, (struct Event){.kind = EVENT_LEFTOVER_REMOVED, .file = tree->leftovers[report->id]});
}

static int on_scanned(struct KeeperTree *tree, const struct Report *report) {
        size_t n_gone;
        int r;

        tree->is_scanning = false;
        worker_came(tree->worker);
        tree->device = report->device;
        tree->root = report->stat;
        tree->n_excluded = report->number;
        tree->is_changed = false;
        if (report->error < 0)
                keeper_say_unreadable(tree, "", "", report->error);
        r = index_sweep(tree->index, &n_gone);
        if (r >= 0)
                r = index_arrange(tree->index);
        if (tree->keeper->round == 0 && !is_repeated(tree))
                say_counts(tree);
        if (r >= 0)
                r = send_leftovers(tree);
        if (r < 0)
                keeper_fail(tree->keeper, r);
        keeper_close(tree);
        return 0;
}

/* The mark of a destination: its own, or one that is seen in the source. */
static int note_marker(struct KeeperTree *tree, const char *directory, const struct BackupStat *stat) {
        if (!is_source(tree) && !*directory)
                tree->marker_stat = *stat;
        if (!is_source(tree) || tree->n_markers >= N_MARKERS_MAX)
                return 0;
        return ARRAY_APPEND(tree, markers, *stat);
}

/* A temporary file of ours, and nobody else has this destination's lock: whoever made it is dead. */
static int on_ours(struct KeeperTree *tree, const struct Report *report) {
        const char *directory = strempty(report->text);
        _cleanup_(freep) char *path = NULL;
        int r;

        if (streq(report->name, MARKER_FILE))
                return note_marker(tree, directory, &report->stat);
        if (is_source(tree) || !tree->keeper->pass->ledger || !os_is_temporary_name(report->name) ||
            tree->n_leftovers >= N_LEFTOVERS_MAX)
                return 0;
        if (asprintf(&path, "%s%s%s", directory, *directory ? "/" : "", report->name) < 0) {
                path = NULL;
                return -ENOMEM;
        }
        r = ARRAY_APPEND(tree, leftovers, path);
        if (r >= 0)
                path = NULL;
        return r;
}

int keeper_looked(struct KeeperTree *tree, const struct Report *report) {
        struct BackupStat stat = report->stat;
        enum IndexChange change;

        if (report->kind == REPORT_SCANNED)
                return on_scanned(tree, report);
        if (!report->name || (report->kind == REPORT_FILE && !walk_name_is_valid(report->name)))
                return -EBADMSG;
        switch (report->kind) {
        case REPORT_DIRECTORY:
                if (is_source(tree) && tree->keeper->pass->watched && !tree->is_polled)
                        tree->keeper->pass->watched(tree->keeper->pass, tree->keeper, (int)report->number, report->name,
                                                    report->error);
                return index_directory(tree->index, report->name, &tree->directory);
        case REPORT_FILE:
                if (tree->directory == INDEX_NONE)
                        return -EBADMSG;
                /* A copy's own birth says nothing; recall puts its backup's in that place. */
                if (tree->view->age_from == CONFIG_AGE_FROM_BIRTH && !is_source(tree) &&
                    tree->keeper->step != STEP_LIST)
                        stat.birth_usec = BACKUP_NO_BIRTH;
                return index_upsert(tree->index, tree->directory, report->name, strlen(report->name), &stat, &change);
        case REPORT_SKIPPED:
                say_skipped(tree, report);
                return 0;
        case REPORT_OURS:
                return on_ours(tree, report);
        case REPORT_UNREADABLE:
                keeper_say_unreadable(tree, strempty(report->text), report->name, report->error);
                return 0;
        case REPORT_READY:
        case REPORT_SCANNED:
        case REPORT_RESULT:
        case REPORT_PROGRESS:
        case _REPORT_KIND_MAX:
                break;
        }
        return -EBADMSG;
}

static int look_at_tree(struct KeeperTree *tree) {
        const struct Keeper *keeper = tree->keeper;
        int r;

        if (keeper->is_scoped)
                return keeper_look_at_paths(tree);
        tree->is_scanning = true;
        tree->directory = INDEX_NONE;
        tree->n_skipped = tree->n_unreadable = 0;
        tree->is_partial = false;
        r = scanning_begin(tree->worker, keeper->config, keeper->set, tree->config);
        if (r < 0)
                return r;
        keeper_open(tree);
        index_begin(tree->index);
        return 0;
}

int keeper_step_look(struct Keeper *keeper, bool changed_only) {
        int r = 0;

        if (keeper->source.is_there && !keeper->source.is_stopped && (!changed_only || keeper->source.is_changed))
                r = look_at_tree(&keeper->source);
        for (size_t i = 0; i < keeper->set->n_copies && r >= 0; i++) {
                struct KeeperTree *tree = &keeper->copies[i];

                if (tree->is_there && !tree->is_stopped && (!changed_only || tree->is_changed))
                        r = look_at_tree(tree);
        }
        return r;
}

void keeper_compare_trees(struct Keeper *keeper) {
        for (size_t i = 0; i < keeper->set->n_copies; i++)
                if (keeper->copies[i].is_there)
                        compare_trees(&keeper->copies[i], keeper->round == 0);
}
