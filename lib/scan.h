/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * A directory descriptor in, a stream of observations out.
 *
 * One directory is read to its end before the next is opened, so the buffer is
 * one and an observation belongs to the directory announced last. Nothing is
 * followed: a symbolic link is reported as skipped, a directory is opened by one
 * component of its name beneath its open parent. What cannot be looked at is an
 * observation too, because nothing may be removed from a set of which a part is
 * unknown. A name that vanishes while we look is no observation at all.
 */

#include "lib/backup.h"
#include "lib/base.h"
#include "lib/filter.h"

#define SCAN_DEPTH_MAX 128
#define SCAN_PATH_MAX 4096

enum ScanKind {
        SCAN_DIRECTORY,  /* what follows lies in path */
        SCAN_FILE,       /* a regular file that the filter accepts */
        SCAN_SKIPPED,    /* no regular file, or on another file system; reason says which */
        SCAN_OURS,       /* a name with OS_RESERVED_PREFIX, whatever it is; never a backup */
        SCAN_UNREADABLE, /* could not be looked at; error says why; name is "" where path is the directory itself */
};

enum ScanSkipped {
        SCAN_SKIPPED_LINK,
        SCAN_SKIPPED_SOCKET,
        SCAN_SKIPPED_FIFO,
        SCAN_SKIPPED_DEVICE,
        SCAN_SKIPPED_FILE_SYSTEM,
        _SCAN_SKIPPED_MAX,
};

struct ScanEntry {
        enum ScanKind kind;
        const char *path; /* of the directory, relative to the source, "" for the source itself; until the next call */
        const char *name; /* a component in it; until the next call */
        size_t n_name;
        struct BackupStat stat;   /* SCAN_FILE, SCAN_OURS */
        enum ScanSkipped skipped; /* SCAN_SKIPPED */
        int error;                /* SCAN_UNREADABLE, a negative errno */
};

struct ScanOptions {
        const struct Filter *filter; /* NULL accepts everything */
        bool recursive;
        bool one_file_system;
        char *const *ignored; /* paths of our own files (listings), relative to the source; may be NULL */
};

struct Scan;

/* "a symbolic link", "a socket" … */
const char *scan_skipped_text(enum ScanSkipped skipped) _const_;

/* Borrows dir and the options' pointers for its whole life. */
int scan_new(int dir, const struct ScanOptions *options, struct Scan **ret);
struct Scan *scan_free(struct Scan *scan);
DEFINE_CLEANUP(struct Scan *, scan_free)

/* 1 and an observation, 0 at the end. A negative errno is no observation of the tree but our own failure. */
int scan_next(struct Scan *scan, struct ScanEntry *ret);

/* The directory that was announced last, open; the scan's. */
int scan_directory_fd(const struct Scan *scan) _pure_;

/* How many files and directories the filter left out so far. */
uint64_t scan_n_excluded(const struct Scan *scan) _pure_;
