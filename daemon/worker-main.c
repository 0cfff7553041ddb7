/* SPDX-License-Identifier: MIT */
#include "daemon/worker-main.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/confine.h"
#include "daemon/worker-internal.h"
#include "lib/error.h"
#include "lib/filter.h"
#include "lib/job.h"
#include "lib/look.h"
#include "lib/marker.h"
#include "lib/os-file.h"
#include "lib/remove.h"
#include "lib/scan.h"
#include "lib/store.h"
#include "lib/watch.h"

#define N_MARKER_TRIES 25
#define MARKER_TRY_USEC 20000

static int ready(struct WorkerState *w, enum ReportReady outcome, int error) {
        struct Report report = {
                .kind = REPORT_READY,
                .outcome = outcome,
                .error = error,
                .number = (uint64_t)w->marker.holder,
                .name = w->marker.id,
                .flag = w->marker.is_new || (w->destination < 0 && !w->is_watching),
        };
        struct statx st;

        if (look_at_fd(w->destination >= 0 ? w->destination : w->source, &st, &report.stat) >= 0)
                report.device = look_device(&st);
        worker_tell(w, &report);
        worker_flush_out(w);
        return outcome == READY_OK ? 0 : -EIO;
}

static int take_marker(struct WorkerState *w, const struct JobSetup *setup) {
        int r;

        /* The worker before this one may be about to end. */
        for (unsigned i = 0;; i++) {
                r = setup->is_looking ? marker_look(w->destination, setup->marker, &w->marker)
                                      : marker_take(w->destination, setup->marker, &w->marker);
                if (r != MARKER_E_BUSY || i >= N_MARKER_TRIES)
                        break;
                usleep(MARKER_TRY_USEC);
        }
        switch (r) {
        case 0:
                return 0;
        case MARKER_E_MISSING:
                return ready(w, READY_MARKER_MISSING, 0);
        case MARKER_E_OTHER:
                return ready(w, READY_MARKER_OTHER, 0);
        case MARKER_E_BUSY:
                return ready(w, READY_BUSY, 0);
        }
        return ready(w, READY_MARKER_FAILED, r);
}

static int set_up(struct WorkerState *w) {
        struct StoreOptions options = {.progress = worker_tell_progress, .userdata = w};
        struct JobSetup setup;
        int r;

        if (!job_get_setup(&w->in, &setup))
                return -EBADMSG;
        if (setup.source) {
                w->source_path = strdup(setup.source);
                if (!w->source_path)
                        return -ENOMEM;
                w->source = os_open_directory(setup.source);
                if (w->source < 0)
                        return ready(w, READY_SOURCE, w->source);
                w->is_watching = setup.is_watching && (setup.is_watch_forced || !os_is_remote(w->source));
        }
        if (setup.destination) {
                w->destination_path = strdup(setup.destination);
                if (!w->destination_path)
                        return -ENOMEM;
                w->destination = os_open_directory(setup.destination);
                if (w->destination < 0)
                        return ready(w, READY_DESTINATION, w->destination);
                r = take_marker(w, &setup);
                if (r < 0)
                        return r;
        }
        r = confine_to(w->source, setup.is_source_writable, w->destination);
        if (r < 0)
                return ready(w, READY_CONFINE, r);
        w->bandwidth = MAX(setup.bandwidth, UINT64_C(1));
        options.verify = setup.verify;
        options.metadata = setup.metadata;
        r = store_new(w->source, w->destination, &options, &w->store);
        if (r < 0)
                return r;
        walk_init(&w->source_walk, w->source);
        walk_init(&w->destination_walk, w->destination);
        remover_init(&w->source_remover, w->source);
        remover_init(&w->destination_remover, w->destination);
        return ready(w, READY_OK, 0);
}

/* Whether a path still leads to the directory that is open. Landlock lets it be looked at, if not read. */
static int is_still(const char *path, int fd) {
        struct statx was, is;
        int r;

        r = os_statx(fd, "", &was);
        if (r >= 0)
                r = os_statx(AT_FDCWD, path, &is);
        if (r < 0)
                return r;
        return look_device(&was) == look_device(&is) && was.stx_ino == is.stx_ino;
}

static bool has_marker(const struct WorkerState *w) {
        struct Marker marker;
        struct statx was, is;

        return os_statx(w->marker.fd, "", &was) >= 0 && os_statx(w->destination, MARKER_FILE, &is) >= 0 &&
               was.stx_ino == is.stx_ino && marker_look(w->destination, w->marker.id, &marker) == 0;
}

/* What was opened for the pass before is opened anew. */
static void forget_paths(struct WorkerState *w) {
        store_forget_paths(w->store);
        remover_done(&w->source_remover);
        remover_init(&w->source_remover, w->source);
        remover_done(&w->destination_remover);
        remover_init(&w->destination_remover, w->destination);
}

static int ready_again(struct WorkerState *w) {
        int r = 1;

        forget_paths(w);

        if (w->source >= 0)
                r = is_still(w->source_path, w->source);
        if (r > 0 && w->destination >= 0)
                r = is_still(w->destination_path, w->destination);
        if (r > 0 && w->marker.fd >= 0)
                r = has_marker(w);
        w->marker.is_new = false;
        (void)ready(w, r > 0 ? READY_OK : READY_OTHER, r);
        return 0;
}

static void tell_entry(struct WorkerState *w, const struct ScanEntry *entry, int watched_fd) {
        static const enum ReportKind kinds[] = {
                [SCAN_DIRECTORY] = REPORT_DIRECTORY,   [SCAN_FILE] = REPORT_FILE,
                [SCAN_SKIPPED] = REPORT_SKIPPED,       [SCAN_OURS] = REPORT_OURS,
                [SCAN_UNREADABLE] = REPORT_UNREADABLE,
        };
        struct Report report = {.kind = kinds[entry->kind], .name = entry->name};

        switch (entry->kind) {
        case SCAN_DIRECTORY:
                report.name = entry->path;
                /* First watched and then read: what comes in between is seen twice, and not never. */
                if (watched_fd >= 0)
                        report.error = watch_add(WORKER_WATCH_FD, watched_fd);
                if (report.error > 0) {
                        report.number = (uint64_t)report.error;
                        report.error = 0;
                }
                break;
        case SCAN_FILE:
                report.stat = entry->stat;
                break;
        case SCAN_SKIPPED:
                report.text = entry->path;
                report.outcome = entry->skipped;
                break;
        case SCAN_OURS:
                report.text = entry->path;
                report.stat = entry->stat;
                break;
        case SCAN_UNREADABLE:
                report.text = entry->path;
                report.error = entry->error;
                break;
        }
        worker_tell(w, &report);
}

static int scan(struct WorkerState *w, const struct Job *job, struct Report *done) {
        _cleanup_(filter_freep) struct Filter *filter = NULL;
        _cleanup_(scan_freep) struct Scan *scan = NULL;
        struct ScanOptions options = {
                .recursive = job->is_keep,
                .one_file_system = job->is_one_file_system,
                .ignored = w->ignored,
        };
        _cleanup_(os_closep) int fd = -1;
        struct ScanEntry entry;
        int r;
        struct statx st;

        /* Of its own, because reading a directory moves its descriptor along. */
        fd = os_open_directory_at(job->in_source ? w->source : w->destination, ".");
        if (fd < 0)
                return fd;
        r = look_at_fd(fd, &st, &done->stat);
        if (r < 0)
                return r;
        done->device = look_device(&st);
        if (w->include || w->exclude) {
                r = filter_new(w->include, w->exclude, &filter);
                if (r < 0)
                        return r;
                options.filter = filter;
        }
        r = scan_new(fd, &options, &scan);
        if (r < 0)
                return r;
        while ((r = scan_next(scan, &entry)) > 0 && w->error == 0)
                tell_entry(w, &entry, job->in_source && w->is_watching ? scan_directory_fd(scan) : -1);
        done->number = scan_n_excluded(scan);
        return r;
}

static void run_scan(struct WorkerState *w, const struct Job *job) {
        struct Report done = {.kind = REPORT_SCANNED, .id = job->id};

        done.error = scan(w, job, &done);
        worker_tell(w, &done);
        worker_flush_out(w);
        w->include = strv_free(w->include);
        w->exclude = strv_free(w->exclude);
        w->ignored = strv_free(w->ignored);
}

static int add_string(Strv *strv, const char *s) {
        char *copy = strdup(strempty(s));

        return copy ? strv_consume(strv, copy) : -ENOMEM;
}

static int commit(struct WorkerState *w) {
        int r;

        walk_done(&w->source_walk);
        walk_done(&w->destination_walk);
        if (w->filling->batch.n_puts > 0)
                return worker_commit_copies(w);
        r = remove_sync(&w->source_remover);
        if (r >= 0)
                r = remove_sync(&w->destination_remover);
        /* What is not durable is not told: who asked finds out what became of it at the next pass. */
        if (r >= 0)
                worker_flush_out(w);
        return r;
}

static void tell_removal(struct WorkerState *w, const struct Job *job, const struct RemoveResult *result) {
        worker_tell(w, &(struct Report){
                               .kind = REPORT_RESULT,
                               .id = job->id,
                               .outcome = result->outcome,
                               .error = result->error,
                               .text = result->call,
                               .flag = result->is_in_trash,
                       });
}

static void remove_one(struct WorkerState *w, const struct Job *job) {
        struct Remover *remover = job->in_source ? &w->source_remover : &w->destination_remover;
        struct RemoveResult result = {.outcome = REMOVE_PUT_BACK};

        if (job->kind == JOB_PURGE)
                result = remove_purge(remover, job->to, &job->stat);
        else if (job->kind == JOB_UNDO)
                result = remove_undo(remover, job->path, &job->stat, job->to);
        else if (job->kind == JOB_FINISH)
                result = remove_finish(remover, job->path, &job->stat, job->to, job->is_keep);
        else if (!job->is_following || w->is_owner_gone)
                result = remove_file(remover, job->path, &job->stat, job->to, job->is_keep);
        if (!job->is_following)
                w->is_owner_gone = result.outcome == REMOVE_DONE || result.outcome == REMOVE_TRASHED;
        tell_removal(w, job, &result);
}

static void stat_one(struct WorkerState *w, const struct Job *job) {
        struct Report report = {.kind = REPORT_RESULT, .id = job->id, .text = "statx"};
        struct statx st;
        int dir, r;

        r = walk_open_parent(job->in_source ? &w->source_walk : &w->destination_walk, job->path, &dir);
        if (r >= 0)
                r = os_statx(dir, walk_name(job->path), &st);
        if (r >= 0 && S_ISREG(st.stx_mode))
                look_stat(&st, &report.stat);
        else if (r >= 0 || r == -ENOENT || r == -ENOTDIR || r == -ELOOP)
                report.outcome = STAT_GONE;
        else {
                report.outcome = STAT_FAILED;
                report.error = r;
        }
        worker_tell(w, &report);
}

static void rename_one(struct WorkerState *w, const struct Job *job) {
        struct Report report = {.kind = REPORT_RESULT, .id = job->id, .text = "rename"};
        char name[VERSION_NAME_MAX + 1];

        report.error = store_rename(w->store, job->path, job->to, &job->stat, name, &report.stat);
        report.name = name;
        report.outcome = report.error < 0 ? STORE_FAILED : STORE_COPIED;
        worker_tell(w, &report);
}

static void verify_one(struct WorkerState *w, const struct Job *job) {
        struct Report report = {.kind = REPORT_RESULT, .id = job->id, .text = "read"};

        report.outcome = store_read(w->store, job->in_source, job->path, &job->stat, &report.digest, &report.error);
        report.has_digest = report.outcome == STORE_ADOPTED;
        worker_tell(w, &report);
        (void)worker_tell_progress(w, job->stat.size);
}

/* Only a name of the form that our temporary files have, and only a file: never the trash directory or a marker. */
static void remove_leftover(struct WorkerState *w, const struct Job *job) {
        const char *name = walk_name(job->path);
        struct Report report = {.kind = REPORT_RESULT, .id = job->id, .text = "unlink"};
        struct Walk walk;
        struct statx st;
        int dir, r;

        walk_init(&walk, job->in_source ? w->source : w->destination);
        r = walk_open_parent(&walk, job->path, &dir);
        if (r >= 0)
                r = os_statx(dir, name, &st);
        if (r >= 0 && (!S_ISREG(st.stx_mode) || !os_is_temporary_name(name)))
                r = -EINVAL;
        if (r >= 0)
                r = os_unlink_at(dir, name);
        walk_done(&walk);
        report.error = r;
        report.outcome = r < 0;
        worker_tell(w, &report);
}

static int run_job(struct WorkerState *w, const struct Job *job) {
        int fd = job->in_source ? w->source : w->destination;

        if (fd < 0 && job->kind != JOB_COMMIT && job->kind != JOB_AGAIN)
                return -EBADMSG;
        if (!job->path && job->kind != JOB_COMMIT && job->kind != JOB_SCAN && job->kind != JOB_PURGE &&
            job->kind != JOB_AGAIN)
                return -EBADMSG;
        if (job->kind != JOB_COPY && job->kind != JOB_COMMIT)
                worker_wait_for_copies(w);
        switch (job->kind) {
        case JOB_INCLUDE:
                return add_string(&w->include, job->path);
        case JOB_EXCLUDE:
                return add_string(&w->exclude, job->path);
        case JOB_IGNORE:
                return add_string(&w->ignored, job->path);
        case JOB_SCAN:
                run_scan(w, job);
                return 0;
        case JOB_STAT:
                stat_one(w, job);
                return 0;
        case JOB_AGAIN:
                return ready_again(w);
        case JOB_COPY:
                return w->source < 0 || w->destination < 0 ? -EBADMSG : worker_add_copy(w, job);
        case JOB_RENAME:
                rename_one(w, job);
                return 0;
        case JOB_VERIFY:
                verify_one(w, job);
                return 0;
        case JOB_REMOVE:
        case JOB_FINISH:
        case JOB_PURGE:
        case JOB_UNDO:
                if (!job->to)
                        return -EBADMSG;
                remove_one(w, job);
                return 0;
        case JOB_LEFTOVER:
                remove_leftover(w, job);
                return 0;
        case JOB_COMMIT:
                return commit(w);
        case JOB_SETUP:
        case _JOB_KIND_MAX:
                break;
        }
        return -EBADMSG;
}

/* 1 with a message, 0 when the daemon has no more work or is gone. */
static int receive(struct WorkerState *w) {
        ssize_t n;

        do
                n = recv(WORKER_FD, w->in.data, sizeof(w->in.data), 0);
        while (n < 0 && errno == EINTR);
        if (n <= 0)
                return n == 0 ? 0 : -errno;
        message_clear(&w->in);
        w->in.n = (size_t)n;
        return 1;
}

static int run(struct WorkerState *w) {
        int r;

        r = receive(w);
        if (r > 0)
                r = set_up(w);
        while (r >= 0 && w->error == 0 && (r = receive(w)) > 0)
                while (r >= 0 && !message_is_at_end(&w->in)) {
                        struct Job job;

                        r = job_get(&w->in, &job) ? run_job(w, &job) : -EBADMSG;
                }
        return r;
}

int worker_main(void) {
        struct WorkerState *w = calloc(1, sizeof(*w));
        int r;

        if (!w)
                return EXIT_FAILURE;
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        /* Ctrl-C and systemd's stop reach us too; but the daemon says when it is over, by its end of the socket. */
        signal(SIGINT, SIG_IGN);
        signal(SIGTERM, SIG_IGN);
        prctl(PR_SET_NAME, "retaind-worker");
        confine_be_modest();
        w->source = w->destination = w->marker.fd = -1;
        w->source_remover = w->destination_remover = (struct Remover){.root = -1, .trash = -1, .walk = {.fd = -1}};
        w->source_walk = w->destination_walk = (struct Walk){.root = -1, .fd = -1};

        w->filling = &w->batches[0];
        for (size_t i = 0; i < ELEMENTSOF(w->batches); i++)
                w->batches[i].batch.puts = w->batches[i].puts;
        pthread_mutex_init(&w->mutex, NULL);
        pthread_cond_init(&w->changed, NULL);

        r = run(w);

        worker_end_copying(w);
        for (size_t i = 0; i < ELEMENTSOF(w->batches); i++)
                worker_forget_copies(&w->batches[i]);
        walk_done(&w->source_walk);
        walk_done(&w->destination_walk);
        free(w->source_path);
        free(w->destination_path);
        remover_done(&w->source_remover);
        remover_done(&w->destination_remover);
        store_free(w->store);
        strv_free(w->include);
        strv_free(w->exclude);
        strv_free(w->ignored);
        marker_done(&w->marker);
        os_close(w->source);
        os_close(w->destination);
        free(w);
        return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
