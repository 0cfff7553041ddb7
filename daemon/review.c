/* SPDX-License-Identifier: MIT */
#include "daemon/review.h"

#include <errno.h>
#include <stdio.h>

#include "daemon/options.h"
#include "daemon/scanning.h"
#include "lib/marker.h"
#include "lib/recall.h"
#include "lib/walk.h"

/* So many entries are asked whether they were seen, before others have their turn. */
#define N_SWEPT_AT_ONCE 20000

struct ReviewTree {
        struct Review *review;
        struct Worker *worker; /* NULL: the tree was not there */
        size_t number;
        uint32_t directory;
        char *path; /* of the directory */
        bool is_scanning, is_done, is_unreadable;
};

struct Review {
        struct Pass *pass;
        const struct Config *config;
        const struct ConfigSet *set;
        struct Known *known;
        struct ReviewHandler handler;
        struct ReviewTree *trees;
        sd_event_source *sweep;
        size_t n_working, sweep_tree;
        uint32_t sweep_entry;
        bool is_other, is_polled, is_done;
};

static const struct ConfigCopy *copy_of(const struct ReviewTree *tree) {
        return tree->number == 0 ? NULL : tree->review->set->copies[tree->number - 1];
}

static struct KnownTree *known_of(const struct ReviewTree *tree) {
        return &tree->review->known->trees[tree->number];
}

static void finish(struct Review *review) {
        if (review->is_done)
                return;
        review->is_done = true;
        sd_event_source_set_enabled(review->sweep, SD_EVENT_OFF);
        review->handler.done(review->handler.userdata, review->is_other, review->is_polled);
}

/* A tree has said all it has to say. */
static void leave(struct ReviewTree *tree) {
        struct Review *review = tree->review;

        if (tree->is_done)
                return;
        tree->is_done = true;
        if (--review->n_working > 0)
                return;
        if (review->is_other)
                finish(review);
        else
                sd_event_source_set_enabled(review->sweep, SD_EVENT_ON);
}

static void give_up(struct ReviewTree *tree) {
        tree->review->is_other = true;
        leave(tree);
}

static int on_ready(struct ReviewTree *tree, const struct Report *report) {
        const struct KnownTree *known = known_of(tree);
        int r;

        worker_came(tree->worker);
        if (report->outcome != READY_OK || report->device != known->device || report->stat.ino != known->root.ino) {
                give_up(tree);
                return 0;
        }
        if (tree->number == 0)
                tree->review->is_polled = report->flag;
        tree->is_scanning = true;
        r = scanning_begin(tree->worker, tree->review->config, tree->review->set, copy_of(tree));
        return r;
}

static int on_directory(struct ReviewTree *tree, const struct Report *report) {
        struct Review *review = tree->review;
        char *path = strdup(report->name);

        if (!path)
                return -ENOMEM;
        free(tree->path);
        tree->path = path;
        if (tree->number == 0 && !review->is_polled)
                review->handler.watched(review->handler.userdata, (int)report->number, path, report->error);
        return index_directory(known_of(tree)->index, path, &tree->directory);
}

static int on_file(struct ReviewTree *tree, const struct Report *report) {
        _cleanup_(freep) char *path = NULL;

        if (tree->directory == INDEX_NONE || !walk_name_is_valid(report->name))
                return -EBADMSG;
        if (index_see(known_of(tree)->index, tree->directory, report->name, strlen(report->name), &report->stat))
                return 0;
        if (asprintf(&path, "%s%s%s", tree->path, *tree->path ? "/" : "", report->name) < 0) {
                path = NULL;
                return -ENOMEM;
        }
        tree->review->handler.differs(tree->review->handler.userdata, tree->number, path);
        return 0;
}

static int take(struct ReviewTree *tree, const struct Report *report) {
        switch (report->kind) {
        case REPORT_READY:
                return tree->is_scanning ? -EBADMSG : on_ready(tree, report);
        case REPORT_DIRECTORY:
                return !tree->is_scanning || !report->name ? -EBADMSG : on_directory(tree, report);
        case REPORT_FILE:
                return !tree->is_scanning || !report->name ? -EBADMSG : on_file(tree, report);
        case REPORT_UNREADABLE:
                tree->is_unreadable = true;
                return 0;
        case REPORT_SCANNED:
                worker_came(tree->worker);
                /* What a pass has said already is no news. */
                tree->review->is_other = tree->review->is_other || report->error < 0 ||
                                         tree->is_unreadable != known_of(tree)->is_partial;
                leave(tree);
                return 0;
        case REPORT_OURS:
                /* A destination that is seen in the source: a pass says what that means. */
                tree->review->is_other =
                        tree->review->is_other || (tree->number == 0 && streq(strempty(report->name), MARKER_FILE));
                return 0;
        case REPORT_SKIPPED:
        case REPORT_PROGRESS:
                return 0;
        case REPORT_RESULT:
        case _REPORT_KIND_MAX:
                break;
        }
        return -EBADMSG;
}

static void on_report(void *userdata, const struct Report *report) {
        struct ReviewTree *tree = userdata;

        if (!tree->is_done && take(tree, report) < 0)
                worker_reject(tree->worker);
}

static void on_ended(void *userdata, enum WorkerEnd end _unused_) {
        give_up(userdata); /* the pass that follows meets the same, and says it */
}

/* What is known and was not seen. */
static int on_sweep(sd_event_source *source _unused_, void *userdata) {
        struct Review *review = userdata;

        for (unsigned n = 0; n < N_SWEPT_AT_ONCE; n++) {
                struct ReviewTree *tree = &review->trees[review->sweep_tree];
                struct Index *index = known_of(tree)->index;
                _cleanup_(freep) char *path = NULL;

                if (!tree->worker || review->sweep_entry >= index_entry_end(index)) {
                        if (tree->worker && index_tidy(index) < 0)
                                review->is_other = true;
                        review->sweep_entry = 0;
                        if (++review->sweep_tree < review->known->n_trees)
                                continue;
                        finish(review);
                        return 0;
                }
                if (!index_was_seen(index, review->sweep_entry)) {
                        path = recall_path(index, review->sweep_entry);
                        if (path)
                                review->handler.differs(review->handler.userdata, tree->number, path);
                        else
                                review->is_other = true;
                }
                review->sweep_entry++;
        }
        return 0;
}

static int begin_tree(struct ReviewTree *tree) {
        struct Review *review = tree->review;
        const struct ConfigCopy *copy = copy_of(tree);
        bool is_watching = !copy && review->pass->watch_fd >= 0 && review->set->watch != CONFIG_WATCH_POLL;
        const struct JobSetup setup = {
                .source = review->set->source,
                .destination = copy ? copy->to : NULL,
                .marker = "",
                .is_looking = true,
                .bandwidth = UINT64_MAX,
                .is_watching = is_watching,
                .is_watch_forced = review->set->watch == CONFIG_WATCH_INOTIFY,
        };
        const struct WorkerHandler handler = {on_report, on_ended, tree};
        int r;

        tree->directory = INDEX_NONE;
        if (!known_of(tree)->index)
                return 0;
        r = worker_new(review->pass->event, &setup, is_watching ? review->pass->watch_fd : -1,
                       review->pass->options->patience_usec, &handler, &tree->worker);
        if (r < 0)
                return r;
        review->n_working++;
        index_begin(known_of(tree)->index);
        return worker_be_patient(tree->worker);
}

int review_new(struct Pass *pass, const struct Config *config, const struct ConfigSet *set, struct Known *known,
               const struct ReviewHandler *handler, struct Review **ret) {
        _cleanup_(review_freep) struct Review *review = calloc(1, sizeof(*review));
        int r = 0;

        if (!review)
                return -ENOMEM;
        *review = (struct Review){
                .pass = pass,
                .config = config,
                .set = set,
                .known = known,
                .handler = *handler,
                .trees = calloc(known->n_trees, sizeof(struct ReviewTree)),
        };
        if (!review->trees)
                return -ENOMEM;
        r = sd_event_add_defer(pass->event, &review->sweep, on_sweep, review);
        if (r >= 0)
                r = sd_event_source_set_enabled(review->sweep, SD_EVENT_OFF);
        if (r >= 0)
                r = sd_event_source_set_priority(review->sweep, SD_EVENT_PRIORITY_IDLE);
        for (size_t i = 0; i < known->n_trees && r >= 0; i++) {
                review->trees[i] = (struct ReviewTree){.review = review, .number = i};
                r = begin_tree(&review->trees[i]);
        }
        if (r < 0)
                return r;
        *ret = TAKE_PTR(review);
        return 0;
}

struct Review *review_free(struct Review *review) {
        if (!review)
                return NULL;
        sd_event_source_disable_unref(review->sweep);
        for (size_t i = 0; review->trees && i < review->known->n_trees; i++) {
                worker_retire(review->trees[i].worker);
                free(review->trees[i].path);
        }
        free(review->trees);
        free(review);
        return NULL;
}

void review_abandon(struct Review *review) {
        for (size_t i = 0; review && i < review->known->n_trees; i++)
                worker_abandon(review->trees[i].worker);
}
