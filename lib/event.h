/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What happened, as data: a kind with its stable MESSAGE_ID, and fields. The
 * same event is a journal entry, a line of text and a row that waits in the
 * catalog; all three are made here, from this one table.
 */

#include "lib/base.h"
#include "lib/digest.h"
#include "lib/text.h"

enum EventKind {
        EVENT_COPIED,              /* file, destination, size, sha256, duration */
        EVENT_ADOPTED,             /* an equal file was at the destination already */
        EVENT_COPY_FAILED,         /* errno, reason: the failing call */
        EVENT_COPY_RENAMED,        /* the copy follows its renamed backup; reason: the old name */
        EVENT_VERSIONED,           /* the name was taken by other content; reason: the name it has there */
        EVENT_REMOVED,             /* reason: why it was due; age */
        EVENT_TRASHED,             /* moved to the trash directory, for Trash= */
        EVENT_PURGED,              /* unlinked from the trash directory */
        EVENT_PUT_BACK,            /* what was renamed into the trash was not the file that was meant */
        EVENT_REMOVE_FAILED,       /* errno */
        EVENT_CHANGED,             /* content changed after it was copied, OnChange=alarm */
        EVENT_SUSPECT,             /* the source's content is not what its digest says, unchanged by its times */
        EVENT_VERIFIED,            /* a copy was read again and is equal */
        EVENT_COPY_DAMAGED,        /* a copy was read again and differs */
        EVENT_COPY_MISSING,        /* a copy was removed by others, and is wanted again */
        EVENT_DESTINATION_NEW,     /* got its marker */
        EVENT_DESTINATION_MISSING, /* not there, or not the one it was; reason */
        EVENT_DESTINATION_BUSY,    /* locked; reason: who holds it */
        EVENT_DESTINATION_HUNG,    /* did not answer */
        EVENT_METADATA,            /* Metadata=best-effort: what could not be kept there; once a destination and pass */
        EVENT_SOURCE_HELD,         /* vanished, or another directory than before; reason */
        EVENT_HELD,                /* one of a set's holds now holds something; hold, reason: how many and the cure */
        EVENT_RECOVERED,           /* an unfinished removal of a run that died was brought to its end; reason */
        EVENT_LEFTOVER_REMOVED,    /* a temporary file of a run that died */
        EVENT_CATALOG_FAILED,      /* the catalog cannot be written, or was damaged; reason */
        EVENT_PASS_DONE,           /* a pass over a set ended; reason: the summary */
        EVENT_UNTOLD,              /* the journal had no room for events; reason: how many, and of which kinds */
        _EVENT_KIND_MAX,
};

enum EventPriority { EVENT_ERROR = 3, EVENT_WARNING = 4, EVENT_NOTICE = 5, EVENT_INFO = 6 };

#define EVENT_ID_SIZE 16
#define EVENT_REASON_MAX 512
#define EVENT_FIELDS_MAX 24
#define EVENT_BLOCK_MAX 16384 /* packed; the fields of the longest names stay below it */

/*
 * What does not apply is NULL, 0 or as said. The event borrows what it points to. Names and reasons are given as
 * they are; what shows them to people escapes them. A reason beyond EVENT_REASON_MAX is cut there, a path
 * only where it is longer than one in a set can be.
 */
struct Event {
        enum EventKind kind;
        uint8_t id[EVENT_ID_SIZE]; /* RETAIND_EVENT_ID, random */
        int64_t usec;              /* when it happened: an entry may be written again, later; 0: not said */
        const char *set;
        const char *series;
        const char *file; /* relative to the source, any bytes */
        const char *destination;
        bool has_size;
        uint64_t size;
        bool has_digest;
        struct Digest digest;
        bool has_age;
        int64_t age_usec;
        const char *reason;
        const char *hold;
        bool is_routine;       /* nobody needs to hear of it now, whatever its kind */
        int64_t duration_usec; /* 0: not measured */
        int error;             /* positive errno; 0: none */
};

/* "copied", "remove-failed": RETAIND_EVENT */
const char *event_name(enum EventKind kind) _const_;
/* 32 hexadecimal digits */
const char *event_message_id(enum EventKind kind) _const_;
enum EventPriority event_priority(enum EventKind kind) _const_;

/* One sentence for people; names escaped. "valcann: copied db1-2026-11-20.sql.gz to nas (1.2M, 30ms)" */
void event_add_sentence(const struct Event *event, struct Text *text);

/* A journal entry's fields as NAME=value, one after another; values may hold any byte. */
struct EventFields {
        struct Text text;
        struct {
                size_t from, n;
        } fields[EVENT_FIELDS_MAX];
        size_t n_fields;
};

void event_fields_done(struct EventFields *fields);
/* MESSAGE, MESSAGE_ID, PRIORITY, RETAIND_…; -ENOMEM. What fields held, or nothing, is replaced. */
int event_make_fields(const struct Event *event, struct EventFields *fields);
/* The value of the first field of that name, not terminated; NULL if there is none. */
const char *event_fields_find(const struct EventFields *fields, const char *name, size_t *ret_n);
/* What PRIORITY= says; a notice where it says nothing that we write. */
enum EventPriority event_fields_priority(const struct EventFields *fields) _pure_;
/* What RETAIND_EVENT= says; _EVENT_KIND_MAX: no kind of ours. */
enum EventKind event_fields_kind(const struct EventFields *fields) _pure_;

/*
 * The fields as one block of bytes for the catalog, and back; too long for a block is -EMSGSIZE, a block that cannot
 * be is -EBADMSG.
 */
int event_fields_pack(const struct EventFields *fields, struct Text *text);
int event_fields_unpack(const void *data, size_t n, struct EventFields *fields);
