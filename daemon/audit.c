/* SPDX-License-Identifier: MIT */
#include "daemon/audit.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "daemon/journal.h"

static struct { bool has_journal, is_stderr_journal, is_stderr_terminal; } places;

void audit_init(void) {
        places.has_journal = journal_is_there();
        places.is_stderr_journal = journal_is_stderr();
        places.is_stderr_terminal = isatty(STDERR_FILENO);
}

static int write_all(const char *data, size_t n) {
        while (n > 0) {
                ssize_t written = write(STDERR_FILENO, data, n);

                if (written < 0 && errno != EINTR)
                        return -errno;
                if (written > 0) {
                        data += written;
                        n -= (size_t)written;
                }
        }
        return 0;
}

/* The sentence has its names escaped; yet it may come from the catalog, and a line stays one line. */
static void add_plain(struct Text *line, const char *s, size_t n) {
        for (size_t i = 0; i < n; i++)
                text_add_bytes(line, (uint8_t)s[i] < 0x20 || s[i] == 0x7f ? "?" : s + i, 1);
}

static int say(const struct EventFields *fields, enum EventPriority priority) {
        struct Text line = {};
        const char *message;
        size_t n;
        int r;

        message = event_fields_find(fields, "MESSAGE", &n);
        if (!message)
                return -EBADMSG;
        if (!places.is_stderr_terminal)
                text_add_bytes(&line, (const char[]){'<', (char)('0' + priority), '>'}, 3);
        text_add(&line, "retaind: ");
        add_plain(&line, message, n);
        text_add(&line, "\n");
        r = text_error(&line);
        if (r == 0) {
                /* Where both go to one place, each line stands where it belongs. */
                fflush(stdout);
                r = write_all(line.data, line.n);
        }
        text_done(&line);
        return r;
}

int audit_emit(const struct EventFields *fields, enum EventPriority priority) {
        int r;

        if (!places.has_journal)
                return say(fields, priority);
        r = journal_send(fields);
        if (r < 0 || (priority <= EVENT_WARNING && !places.is_stderr_journal))
                (void)say(fields, priority);
        return r;
}
