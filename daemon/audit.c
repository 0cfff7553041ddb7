/* SPDX-License-Identifier: MIT */
#include "daemon/audit.h"

#include <errno.h>
#include <stdio.h>
#include <sys/random.h>
#include <unistd.h>

#include "daemon/line.h"
#include "daemon/log.h"
#include "lib/os.h"

static struct {
        struct Journal *journal; /* NULL: there is none */
        bool is_stderr_journal, is_stderr_terminal, says_all;
        void (*sent)(void *userdata, const struct JournalId *ids, size_t n);
        void *userdata;
        bool has_arrived, is_waiting; /* the last */
        size_t n_untold, untold[_EVENT_KIND_MAX];
} audit;

/* The sentence has its names escaped; yet it may come from the catalog, and a line stays one line. */
static void add_plain(struct Text *line, const char *s, size_t n) {
        for (size_t i = 0; i < n; i++)
                text_add_bytes(line, (uint8_t)s[i] < 0x20 || s[i] == 0x7f ? "?" : s + i, 1);
}

static int say(const char *message, size_t n, enum EventPriority priority) {
        struct Text line = {};
        int r;

        if (!message)
                return -EBADMSG;
        if (!audit.is_stderr_terminal)
                text_add_bytes(&line, (const char[]){'<', (char)('0' + priority), '>'}, 3);
        text_add(&line, "retaind: ");
        add_plain(&line, message, n);
        text_add(&line, "\n");
        r = text_error(&line);
        if (r == 0) {
                /* Where both go to one place, each line stands where it belongs. */
                fflush(stdout);
                r = line_write(line.data, line.n);
        }
        text_done(&line);
        return r;
}

/* On standard error, beside the journal. */
static bool is_said_too(enum EventPriority priority) {
        return (priority <= EVENT_WARNING || audit.says_all) && !audit.is_stderr_journal;
}

/* What was not told, by kind; the number of all first, which is never cut off. */
static void list_untold(struct Text *text) {
        size_t n_known = 0;

        text_add_number(text, audit.n_untold);
        for (enum EventKind kind = 0; kind < _EVENT_KIND_MAX; kind++)
                if (audit.untold[kind] > 0) {
                        text_add(text, n_known == 0 ? ": " : ", ");
                        text_add_number(text, audit.untold[kind]);
                        text_add(text, " ");
                        text_add(text, event_name(kind));
                        n_known += audit.untold[kind];
                }
}

static void count_untold(const struct EventFields *fields) {
        enum EventKind kind = event_fields_kind(fields);

        audit.n_untold++;
        if (kind < _EVENT_KIND_MAX)
                audit.untold[kind]++;
}

/* Takes its place where those that it counts would have stood. */
static void tell_untold(void) {
        _cleanup_(text_done) struct Text reason = {};
        struct Event event = {.kind = EVENT_UNTOLD, .usec = os_now_usec()};
        struct EventFields fields = {};

        list_untold(&reason);
        text_add_bytes(&reason, "", 1);
        event.reason = reason.data;
        if (text_error(&reason) >= 0 && getrandom(event.id, sizeof(event.id), 0) == sizeof(event.id) &&
            event_make_fields(&event, &fields) >= 0) {
                audit.n_untold = 0;
                memset(audit.untold, 0, sizeof(audit.untold));
                (void)audit_emit(&fields, event_fields_priority(&fields));
        }
        event_fields_done(&fields);
}

/* Where there is room again. */
static void tell_untold_if_possible(void) {
        if (audit.n_untold > 0 && journal_has_room(audit.journal))
                tell_untold();
}

static void on_sent(void *userdata _unused_, const struct JournalId *ids, size_t n) {
        if (n > 0)
                audit.sent(audit.userdata, ids, n);
        tell_untold_if_possible();
}

static void on_lost(void *userdata _unused_, const char *message, size_t n, enum EventPriority priority,
                    int error _unused_) {
        if (!is_said_too(priority))
                (void)say(message, n, priority);
}

int audit_emit(const struct EventFields *fields, enum EventPriority priority) {
        const char *message;
        size_t n;
        int r;

        message = event_fields_find(fields, "MESSAGE", &n);
        audit.has_arrived = true;
        audit.is_waiting = false;
        if (!audit.journal) {
                r = say(message, n, priority);
                audit.has_arrived = r == 0;
                return r == -EAGAIN ? 0 : r;
        }
        tell_untold_if_possible();
        /* After one that is not told comes none before that was said. */
        r = audit.n_untold > 0 ? JOURNAL_E_FULL : journal_send(audit.journal, fields);
        if (r == JOURNAL_E_FULL)
                count_untold(fields);
        audit.has_arrived = r == 0;
        audit.is_waiting = r == JOURNAL_E_WAITS;
        if (r < 0 || is_said_too(priority))
                (void)say(message, n, priority);
        return MIN(r, 0);
}

bool audit_has_arrived(const uint8_t id[static EVENT_ID_SIZE]) {
        if (audit.is_waiting)
                journal_tag(audit.journal, id);
        return audit.has_arrived;
}

bool audit_drain(int64_t until_usec) {
        return !audit.journal || journal_drain(audit.journal, until_usec);
}

int audit_init(sd_event *event, bool says_all, void (*sent)(void *userdata, const struct JournalId *ids, size_t n),
               void *userdata) {
        int r;

        audit.is_stderr_journal = journal_is_stderr();
        audit.is_stderr_terminal = isatty(STDERR_FILENO);
        audit.says_all = says_all;
        audit.sent = sent;
        audit.userdata = userdata;
        r = journal_new(event, JOURNAL_SOCKET, &(struct JournalUser){.sent = on_sent, .lost = on_lost}, &audit.journal);
        return r == -ENOMEM ? r : 0;
}

void audit_done(void) {
        size_t n = audit.n_untold + (audit.journal ? journal_n_waiting(audit.journal) : 0);

        if (n > 0)
                log_warning("the journal did not take the last %zu events; removals are told again at the next start",
                            n);
        audit.journal = journal_free(audit.journal);
}
