/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Where events go: to the journal where there is one, and to standard error as
 * lines of text. With a journal, only warnings and errors are said there as well,
 * and nothing at all where standard error leads to that same journal.
 */

#include "lib/event.h"

/* Looks once where the journal and standard error are. */
void audit_init(void);

/*
 * 0 when the journal has it, or, where there is none, it was written to standard error. Where the journal failed it
 * is said on standard error, whatever its priority, and the journal's error is returned: the event is to be sent again.
 */
int audit_emit(const struct EventFields *fields, enum EventPriority priority);
