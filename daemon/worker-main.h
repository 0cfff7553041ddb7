/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The worker: the process that touches the bytes of backups. It is told what to
 * do in messages (lib/job.h) and does nothing else; it knows neither the
 * configuration nor the catalog.
 */

#define WORKER_FD 3       /* its end of the socket pair */
#define WORKER_WATCH_FD 4 /* the daemon's inotify, where it watches */

int worker_main(void);
