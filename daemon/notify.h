/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What the service manager hears: readiness, a status line, that we are alive.
 * Nothing where there is none.
 */

#include <systemd/sd-event.h>

#include "lib/base.h"

struct Notify;

/* False where nobody took it: it is to be told again. */
bool notify_ready(void);
void notify_reloading(void);
void notify_stopping(void);
/* The start failed. */
void notify_failed(int negative_errno);
/* One line, cut where it is too long; said only if it is another than before. */
void notify_status(struct Notify *notify, const char *line);

/*
 * Where the manager asks for signs of life, they are given by the loop, and only while the watches work (a file is made
 * in the runtime directory every so often, and must come back as an event) and is_alive() says so.
 */
int notify_new(sd_event *event, bool (*is_alive)(void *userdata), void *userdata, struct Notify **ret);
struct Notify *notify_free(struct Notify *notify);
DEFINE_CLEANUP(struct Notify *, notify_free)
/* The directory that is to be watched, -1: none. */
int notify_directory(const struct Notify *notify) _pure_;
/* It cannot be: that the loop runs must do. */
void notify_unwatch(struct Notify *notify);
/* The event came back. */
void notify_alive(struct Notify *notify);
