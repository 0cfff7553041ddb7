/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Where events go: to the journal where there is one, and to standard error as
 * lines of text. With a journal, only warnings and errors are said there as well,
 * and nothing at all where standard error leads to that same journal.
 *
 * What the journal has no room for waits. What finds no room to wait either is
 * counted, and the journal is told how many those were as soon as it takes
 * entries again.
 */

#include <systemd/sd-event.h>

#include "daemon/journal.h"
#include "lib/event.h"

/*
 * Looks once where the journal and standard error are; says_all: not only warnings and errors are said on the latter.
 * Of what waited, sent() names what the journal has now.
 */
int audit_init(sd_event *event, bool says_all, void (*sent)(void *userdata, const struct JournalId *ids, size_t n),
               void *userdata);
/* Says how many the journal did not get. */
void audit_done(void);

/*
 * 0 when the journal has it or it waits or was counted, or, where there is no journal, it was written to standard
 * error or found no room there. Where the journal failed it is said on standard error, whatever its priority, and the
 * journal's error is returned: the event is to be sent again.
 */
int audit_emit(const struct EventFields *fields, enum EventPriority priority);
/* Whether the event that was emitted last has arrived; if it waits, sent() will name it by this id. */
bool audit_has_arrived(const uint8_t id[static EVENT_ID_SIZE]);

/* Sends what waits, until then at the latest (monotonic); whether nothing waits any more. */
bool audit_drain(int64_t until_usec);
