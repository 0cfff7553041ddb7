/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The journal as a place for events: whole entries with fields, by its native
 * protocol. Lines of text are for standard error, which may be the journal too.
 */

#include "lib/event.h"

/* Its socket takes connections. */
bool journal_is_there(void);

/* Standard error is a stream of the journal's: what is written there is an entry already. */
bool journal_is_stderr(void);

/* One entry, whatever its size; -ENOENT where there is no journal. */
int journal_send(const struct EventFields *fields);
