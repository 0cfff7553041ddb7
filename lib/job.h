/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What the daemon asks of a worker and what it hears of it. Every message is a
 * list of records; each record begins with its kind.
 *
 * The daemon sends one setup, then options and jobs; a commit ends a batch. The
 * worker answers a setup by one ready, a scan by observations and one done, a
 * batch by one result for each of its jobs.
 */

#include "lib/backup.h"
#include "lib/base.h"
#include "lib/config.h"
#include "lib/digest.h"
#include "lib/message.h"

enum JobKind {
        JOB_SETUP,
        JOB_INCLUDE, /* path: a pattern for the next scan */
        JOB_EXCLUDE,
        JOB_IGNORE,   /* path: a file of ours, relative to the tree */
        JOB_SCAN,     /* path is not used; is_keep: recursive, is_one_file_system */
        JOB_STAT,     /* path: is it there, and what is it? */
        JOB_AGAIN,    /* is all as it was when the worker was ready? Answered by another REPORT_READY */
        JOB_COPY,     /* path: in the source, to: at the destination */
        JOB_RENAME,   /* at the destination, from path to to; stat: what must lie there */
        JOB_VERIFY,   /* path is read and its digest told */
        JOB_REMOVE,   /* path, to: the name in the trash directory; is_keep: leave it there */
        JOB_FINISH,   /* likewise, where it may have been begun */
        JOB_PURGE,    /* to: the name in the trash directory */
        JOB_UNDO,     /* what JOB_REMOVE may have begun */
        JOB_LEFTOVER, /* path: a temporary file of a dead run */
        JOB_COMMIT,   /* carry out what came since the last */
        _JOB_KIND_MAX,
};

/* What a worker is for; it confines itself to this. */
struct JobSetup {
        const char *source;      /* the tree's path; NULL: none */
        const char *destination; /* NULL: none */
        const char *marker;      /* that the destination must have, "": none yet */
        bool is_looking;         /* nothing is to be changed: no lock, no marker */
        bool is_source_writable; /* it will remove there */
        enum ConfigVerify verify;
        enum ConfigMetadata metadata;
        uint64_t bandwidth;   /* bytes a second, UINT64_MAX: no limit */
        bool is_watching;     /* it has the daemon's inotify, and adds to it the source's directories that it scans */
        bool is_watch_forced; /* on network file systems too, where inotify sees what this machine does and no more */
};

struct Job {
        enum JobKind kind;
        uint64_t id;
        bool in_source; /* which tree is meant, where there are two */
        bool is_keep;
        bool is_one_file_system;
        bool is_following; /* JOB_REMOVE: only if the last one that does not follow was removed */
        const char *path;
        const char *to;
        struct BackupStat stat;
        bool has_digest;
        struct Digest digest;
};

enum ReportKind {
        REPORT_READY, /* outcome 0 or an enum ReportReady; name: the marker's id; number: its holder; stat: the root's */
        REPORT_DIRECTORY,  /* name: its path; number: of its watch, 0: none; error: why it could not be watched */
        REPORT_FILE,       /* name, stat */
        REPORT_SKIPPED,    /* name, outcome: enum ScanSkipped; text: its directory */
        REPORT_OURS,       /* name, stat; text: its directory */
        REPORT_UNREADABLE, /* name, error; text: its directory */
        REPORT_SCANNED,    /* number: how many were excluded; error; stat: the root's */
        REPORT_RESULT, /* of a job: outcome, error, text: the failing call, name, stat, digest, number: metadata lost */
        REPORT_PROGRESS, /* number: bytes since the last */
        _REPORT_KIND_MAX,
};

enum ReportReady {
        READY_OK,
        READY_SOURCE,      /* cannot be opened: error */
        READY_DESTINATION, /* cannot be opened: error */
        READY_MARKER_MISSING,
        READY_MARKER_OTHER,
        READY_BUSY,
        READY_MARKER_FAILED, /* error */
        READY_CONFINE,       /* error */
        READY_OTHER,         /* the path leads to another directory than it did */
        _READY_MAX,
};

/* Of JOB_STAT. */
enum ReportStat {
        STAT_THERE,
        STAT_GONE, /* or no regular file any more */
        STAT_FAILED,
        _STAT_MAX,
};

struct Report {
        enum ReportKind kind;
        uint64_t id;
        uint64_t number;
        uint32_t outcome;
        int error;
        bool flag; /* REPORT_READY: the marker is new; of a source, nobody watches there */
        bool has_digest;
        const char *name;
        const char *text;
        struct BackupStat stat;
        struct Digest digest;
        uint64_t device; /* REPORT_READY and REPORT_SCANNED: of the tree's file system */
};

/* False, and nothing was added, where it does not fit any more. */
bool job_put_setup(struct Message *message, const struct JobSetup *setup);
bool job_put(struct Message *message, const struct Job *job);
bool job_put_report(struct Message *message, const struct Report *report);

/* Strings are in the message. False where it is none. */
bool job_get_setup(struct Message *message, struct JobSetup *ret);
bool job_get(struct Message *message, struct Job *ret);
bool job_get_report(struct Message *message, struct Report *ret);
