/* SPDX-License-Identifier: MIT */
#include "daemon/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/os.h"

/* So many are sent before others of the event loop have their turn. */
#define N_AT_ONCE 64

struct Waiting {
        struct Waiting *next;
        enum EventPriority priority;
        bool is_tagged;
        struct JournalId id;
        size_t message, n_message; /* where the sentence is in data */
        size_t n;
        char data[];
};

struct Journal {
        struct JournalUser user;
        struct sockaddr_un address;
        int fd;
        sd_event_source *writable; /* on while something waits */
        struct Waiting *first, *last;
        size_t n, n_bytes;
};

bool journal_is_stderr(void) {
        const char *stream = getenv("JOURNAL_STREAM");
        uint64_t dev, ino;
        struct stat st;
        int end = 0;

        if (!stream || sscanf(stream, "%" SCNu64 ":%" SCNu64 "%n", &dev, &ino, &end) != 2 || stream[end] != '\0')
                return false;
        return fstat(STDERR_FILENO, &st) == 0 && st.st_dev == dev && st.st_ino == ino;
}

/* NAME=value and a newline; where the value has newlines, NAME, its length in eight bytes, the lowest first, and it. */
static void add_field(struct Text *text, const char *field, size_t n) {
        const char *value = (const char *)memchr(field, '=', n) + 1;
        size_t n_value = n - (size_t)(value - field);

        if (memchr(value, '\n', n_value)) {
                text_add_bytes(text, field, (size_t)(value - field) - 1);
                text_add(text, "\n");
                for (unsigned i = 0; i < 8; i++)
                        text_add_bytes(text, (const char[]){(char)((uint64_t)n_value >> 8 * i)}, 1);
                text_add_bytes(text, value, n_value);
        } else
                text_add_bytes(text, field, n);
        text_add(text, "\n");
}

static int make_entry(const struct EventFields *fields, struct Text *text) {
        for (size_t i = 0; i < fields->n_fields; i++)
                add_field(text, fields->text.data + fields->fields[i].from, fields->fields[i].n);
        text_add(text, "SYSLOG_IDENTIFIER=retaind\n");
        return text_error(text);
}

/* An entry that no datagram holds goes as a file that nobody can change any more. */
static int seal(const char *data, size_t n) {
        _cleanup_(os_closep) int fd = memfd_create("retaind-journal", MFD_CLOEXEC | MFD_ALLOW_SEALING);

        if (fd < 0)
                return -errno;
        while (n > 0) {
                ssize_t written = write(fd, data, n);

                if (written < 0 && errno != EINTR)
                        return -errno;
                data += MAX(written, (ssize_t)0);
                n -= (size_t)MAX(written, (ssize_t)0);
        }
        if (fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) < 0)
                return -errno;
        return TAKE_FD(fd);
}

static int send_file(const struct Journal *journal, const char *data, size_t n) {
        _cleanup_(os_closep) int fd = seal(data, n);
        union {
                struct cmsghdr header;
                uint8_t space[CMSG_SPACE(sizeof(int))];
        } control = {.header = {.cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS}};
        struct msghdr message = {.msg_control = &control, .msg_controllen = sizeof(control)};

        if (fd < 0)
                return fd;
        memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
        return sendmsg(journal->fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ? -errno : 0;
}

static int send_now(const struct Journal *journal, const char *data, size_t n) {
        if (send(journal->fd, data, n, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0)
                return 0;
        return errno == EMSGSIZE || errno == ENOBUFS ? send_file(journal, data, n) : -errno;
}

/* Connected, because only then the socket tells when there is room. */
static int reach(const struct Journal *journal) {
        return connect(journal->fd, (const struct sockaddr *)&journal->address, sizeof(journal->address)) < 0 ? -errno
                                                                                                              : 0;
}

/* A journal that was restarted may have another socket under the same name. */
static int hand_over(const struct Journal *journal, const char *data, size_t n) {
        int r = send_now(journal, data, n);

        if (r != -ECONNREFUSED && r != -ENOTCONN)
                return r;
        r = reach(journal);
        return r < 0 ? r : send_now(journal, data, n);
}

static void pop(struct Journal *journal) {
        struct Waiting *entry = journal->first;

        journal->first = entry->next;
        if (!journal->first)
                journal->last = NULL;
        journal->n--;
        journal->n_bytes -= entry->n;
        free(entry);
}

/* 0: there is no more room, or nothing more to send; 1: others first. */
static int send_some(struct Journal *journal) {
        struct JournalId ids[N_AT_ONCE];
        size_t n_ids = 0, n = 0;
        int r = 0;

        for (; journal->first && n < N_AT_ONCE; n++) {
                struct Waiting *entry = journal->first;

                r = hand_over(journal, entry->data, entry->n);
                if (r == -EAGAIN)
                        break;
                if (r < 0)
                        journal->user.lost(journal->user.userdata, entry->data + entry->message, entry->n_message,
                                           entry->priority, r);
                else if (entry->is_tagged)
                        ids[n_ids++] = entry->id;
                pop(journal);
        }
        if (n > 0)
                journal->user.sent(journal->user.userdata, ids, n_ids);
        if (!journal->first)
                sd_event_source_set_enabled(journal->writable, SD_EVENT_OFF);
        return r != -EAGAIN && journal->first;
}

static int on_writable(sd_event_source *source _unused_, int fd _unused_, uint32_t events _unused_, void *userdata) {
        (void)send_some(userdata);
        return 0;
}

static int wait_behind(struct Journal *journal, const struct EventFields *fields, const struct Text *text) {
        struct Waiting *entry;
        const char *message;
        size_t n_message;
        int r;

        if (journal->n >= JOURNAL_WAITING_MAX || journal->n_bytes + text->n > JOURNAL_WAITING_BYTES_MAX)
                return JOURNAL_E_FULL;
        entry = malloc(sizeof(*entry) + text->n);
        if (!entry)
                return -ENOMEM;
        r = sd_event_source_set_enabled(journal->writable, SD_EVENT_ON);
        if (r < 0) {
                free(entry);
                return r;
        }
        *entry = (struct Waiting){.priority = event_fields_priority(fields), .n = text->n};
        memcpy(entry->data, text->data, text->n);
        message = event_fields_find(fields, "MESSAGE", &n_message);
        if (message) {
                const char *there = memmem(entry->data, entry->n, message, n_message);

                entry->message = (size_t)(there - entry->data);
                entry->n_message = n_message;
        }
        if (journal->last)
                journal->last->next = entry;
        else
                journal->first = entry;
        journal->last = entry;
        journal->n++;
        journal->n_bytes += entry->n;
        return JOURNAL_E_WAITS;
}

int journal_send(struct Journal *journal, const struct EventFields *fields) {
        _cleanup_(text_done) struct Text text = {};
        int r;

        r = make_entry(fields, &text);
        if (r >= 0 && !journal->first) {
                r = hand_over(journal, text.data, text.n);
                if (r != -EAGAIN)
                        return r;
                r = 0;
        }
        return r < 0 ? r : wait_behind(journal, fields, &text);
}

void journal_tag(struct Journal *journal, const uint8_t id[static EVENT_ID_SIZE]) {
        memcpy(journal->last->id.bytes, id, EVENT_ID_SIZE);
        journal->last->is_tagged = true;
}

bool journal_drain(struct Journal *journal, int64_t until_usec) {
        struct pollfd poller = {.fd = journal->fd, .events = POLLOUT};

        for (;;) {
                int64_t left_usec = until_usec - os_monotonic_usec();

                while (send_some(journal) > 0)
                        ;
                if (!journal->first || left_usec <= 0)
                        return !journal->first;
                (void)poll(&poller, 1, (int)MIN(left_usec / USEC_PER_MSEC + 1, INT64_C(1000)));
        }
}

size_t journal_n_waiting(const struct Journal *journal) {
        return journal->n;
}

bool journal_has_room(const struct Journal *journal) {
        return journal->n <= JOURNAL_WAITING_MAX / 2 && journal->n_bytes <= JOURNAL_WAITING_BYTES_MAX / 2;
}

int journal_new(sd_event *event, const char *path, const struct JournalUser *user, struct Journal **ret) {
        _cleanup_(journal_freep) struct Journal *journal = calloc(1, sizeof(*journal));
        int r;

        if (!journal)
                return -ENOMEM;
        journal->user = *user;
        journal->fd = -1;
        journal->address.sun_family = AF_UNIX;
        if (strlen(path) >= sizeof(journal->address.sun_path))
                return -ENAMETOOLONG;
        strcpy(journal->address.sun_path, path);
        journal->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        if (journal->fd < 0)
                return -errno;
        r = reach(journal);
        if (r >= 0)
                r = sd_event_add_io(event, &journal->writable, journal->fd, EPOLLOUT, on_writable, journal);
        if (r >= 0)
                r = sd_event_source_set_enabled(journal->writable, SD_EVENT_OFF);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(journal);
        return 0;
}

struct Journal *journal_free(struct Journal *journal) {
        if (!journal)
                return NULL;
        sd_event_source_disable_unref(journal->writable);
        while (journal->first)
                pop(journal);
        os_close(journal->fd);
        free(journal);
        return NULL;
}
