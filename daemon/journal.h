/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The journal as a place for events: whole entries with fields, by its native
 * protocol, and a queue for those that it has no room for yet. Sending never
 * waits: journald may be slow, or stopped, and the event loop goes on.
 *
 * Lines of text are for standard error, which may be the journal too.
 */

#include <systemd/sd-event.h>

#include "lib/event.h"

#define JOURNAL_SOCKET "/run/systemd/journal/socket"

/* So much waits at most: a stopped journal costs no more memory than that. */
#define JOURNAL_WAITING_MAX 4096
#define JOURNAL_WAITING_BYTES_MAX (4 * 1024 * 1024)

struct Journal;

struct JournalId {
        uint8_t bytes[EVENT_ID_SIZE];
};

enum {
        JOURNAL_E_WAITS = 1, /* behind others, or for room: it is sent on when there is */
        JOURNAL_E_FULL,      /* neither there nor here; the entry was not taken */
};

struct JournalUser {
        /* Less waits than before; of what left, these were tagged, and the journal has them. */
        void (*sent)(void *userdata, const struct JournalId *ids, size_t n);
        /* The journal is gone, and this entry with it. */
        void (*lost)(void *userdata, const char *message, size_t n, enum EventPriority priority, int error);
        void *userdata;
};

/* -ENOENT, -ECONNREFUSED where there is no journal. */
int journal_new(sd_event *event, const char *path, const struct JournalUser *user, struct Journal **ret);
/* What still waits is gone. */
struct Journal *journal_free(struct Journal *journal);
DEFINE_CLEANUP(struct Journal *, journal_free)

/* 0: the journal has the entry. One of JOURNAL_E_…, or the journal's error. Entries arrive in their order. */
int journal_send(struct Journal *journal, const struct EventFields *fields);
/* The entry that came to wait last is to be named to sent(). */
void journal_tag(struct Journal *journal, const uint8_t id[static EVENT_ID_SIZE]);
/* Sends what waits, until then at the latest (monotonic); whether nothing waits any more. */
bool journal_drain(struct Journal *journal, int64_t until_usec);
size_t journal_n_waiting(const struct Journal *journal) _pure_;
/* So much left that it is worth to begin to queue again. */
bool journal_has_room(const struct Journal *journal) _pure_;

/* Standard error is a stream of the journal's: what is written there is an entry already. */
bool journal_is_stderr(void);
