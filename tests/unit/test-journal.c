/* SPDX-License-Identifier: MIT */
#include "daemon/journal.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/os.h"
#include "tests/test.h"
#include "tests/tree.h"

#define LARGE (1024 * 1024) /* more than a datagram holds */

/* Whoever reads in place of journald, and what the journal told us. */
struct Place {
        struct Tree tree;
        struct sockaddr_un address;
        int fd;
        sd_event *event;
        struct Journal *journal;
        size_t n_sent;
        struct JournalId sent[JOURNAL_WAITING_MAX];
        char lost[256];
        int error;
};

static struct Place place;

static void on_sent(void *userdata, const struct JournalId *ids, size_t n) {
        ck_assert_ptr_eq(userdata, &place);
        for (size_t i = 0; i < n; i++)
                place.sent[place.n_sent++] = ids[i];
}

static void on_lost(void *userdata, const char *message, size_t n, enum EventPriority priority, int error) {
        ck_assert_ptr_eq(userdata, &place);
        snprintf(place.lost + strlen(place.lost), sizeof(place.lost) - strlen(place.lost), "%u %.*s\n", priority,
                 (int)n, message);
        place.error = error;
}

static void listen_there(void) {
        place.fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        ck_assert_int_ge(place.fd, 0);
        ck_assert_int_eq(bind(place.fd, (struct sockaddr *)&place.address, sizeof(place.address)), 0);
}

static void stop_listening(void) {
        place.fd = os_close(place.fd);
        ck_assert_int_eq(unlink(place.address.sun_path), 0);
}

static int open_journal(void) {
        return journal_new(place.event, place.address.sun_path,
                           &(struct JournalUser){.sent = on_sent, .lost = on_lost, .userdata = &place}, &place.journal);
}

static void set_up(void) {
        memset(&place, 0, sizeof(place));
        tree_init(&place.tree);
        place.address.sun_family = AF_UNIX;
        snprintf(place.address.sun_path, sizeof(place.address.sun_path), "%s/socket", place.tree.path);
        ck_assert_int_ge(sd_event_new(&place.event), 0);
        listen_there();
        ck_assert_int_eq(open_journal(), 0);
}

static void tear_down(void) {
        journal_free(place.journal);
        os_close(place.fd);
        sd_event_unref(place.event);
        tree_done(&place.tree);
}

/* Sends "N\n" and what fills it up to n bytes. */
static int send_number(unsigned number, size_t n) {
        struct EventFields fields = {};
        char text[64];
        int r;

        snprintf(text, sizeof(text), "MESSAGE=%u ", number);
        text_add(&fields.text, text);
        while (fields.text.n < n)
                text_add(&fields.text, "x");
        fields.fields[0].n = fields.text.n;
        fields.n_fields = 1;
        r = journal_send(place.journal, &fields);
        event_fields_done(&fields);
        return r;
}

/* The number of the next entry that arrived; -1: none. With what came as a file in ret_fd, else -1. */
static int receive(int *ret_fd) {
        union {
                struct cmsghdr header;
                uint8_t space[CMSG_SPACE(sizeof(int))];
        } control = {};
        static char data[4096];
        struct iovec iov = {.iov_base = data, .iov_len = sizeof(data) - 1};
        struct msghdr message = {
                .msg_iov = &iov,
                .msg_iovlen = 1,
                .msg_control = &control,
                .msg_controllen = sizeof(control),
        };
        ssize_t n = recvmsg(place.fd, &message, MSG_CMSG_CLOEXEC);
        unsigned number;

        *ret_fd = -1;
        if (n < 0)
                return -1;
        if (message.msg_controllen > 0) {
                ck_assert_int_eq(n, 0);
                ck_assert_int_eq(control.header.cmsg_type, SCM_RIGHTS);
                memcpy(ret_fd, CMSG_DATA(&control.header), sizeof(int));
                n = pread(*ret_fd, data, sizeof(data) - 1, 0);
        }
        ck_assert_int_gt(n, 0);
        data[n] = '\0';
        ck_assert_int_eq(sscanf(data, "MESSAGE=%u ", &number), 1);
        return (int)number;
}

static int receive_number(void) {
        int fd, number = receive(&fd);

        os_close(fd);
        return number;
}

START_TEST(fields_arrive_as_they_are) {
        static const char expected[] = "MESSAGE=copied a\\nb\nPRIORITY=6\nRETAIND_FILE\n\x06\0\0\0\0\0\0\0a\nb\xff=c\n"
                                       "RETAIND_REASON=\nSYSLOG_IDENTIFIER=retaind\n";
        static const char *const all[] = {"MESSAGE=copied a\\nb", "PRIORITY=6", "RETAIND_FILE=a\nb\xff=c",
                                          "RETAIND_REASON="};
        struct EventFields fields = {};
        char data[4096];

        set_up();
        for (size_t i = 0; i < ELEMENTSOF(all); i++) {
                fields.fields[i].from = fields.text.n;
                fields.fields[i].n = strlen(all[i]);
                text_add(&fields.text, all[i]);
        }
        fields.n_fields = ELEMENTSOF(all);
        ck_assert_int_eq(journal_send(place.journal, &fields), 0);
        event_fields_done(&fields);
        ck_assert_int_eq(recv(place.fd, data, sizeof(data), 0), sizeof(expected) - 1);
        ck_assert_mem_eq(data, expected, sizeof(expected) - 1);
        tear_down();
}
END_TEST

/* Until the socket is full; how many it took. */
static unsigned fill(size_t n) {
        unsigned number = 0;
        int r;

        while ((r = send_number(number, n)) == 0)
                number++;
        ck_assert_int_eq(r, JOURNAL_E_WAITS);
        return number;
}

START_TEST(what_waits_is_sent_in_order) {
        unsigned n, next = 0;

        set_up();
        n = fill(20);
        ck_assert_uint_gt(n, 0);
        for (unsigned i = 1; i < 1000; i++) {
                uint8_t id[EVENT_ID_SIZE] = {(uint8_t)i, (uint8_t)(i >> 8)};

                ck_assert_int_eq(send_number(n + i, 20), JOURNAL_E_WAITS);
                if (i % 2)
                        journal_tag(place.journal, id);
        }
        ck_assert_uint_eq(journal_n_waiting(place.journal), 1000);
        /* Nothing is to be done before somebody reads. */
        ck_assert_int_eq(sd_event_run(place.event, 0), 0);
        /* Where there is room again, the others come first. */
        ck_assert_int_eq(receive_number(), (int)next++);
        ck_assert_int_eq(send_number(n + 1000, 20), JOURNAL_E_WAITS);
        while (next < n + 1001) {
                int number = receive_number();

                if (number < 0)
                        ck_assert_int_gt(sd_event_run(place.event, UINT64_MAX), 0);
                else
                        ck_assert_int_eq(number, (int)next++);
        }
        ck_assert_uint_eq(journal_n_waiting(place.journal), 0);
        ck_assert_int_eq(sd_event_run(place.event, 0), 0);
        ck_assert_uint_eq(place.n_sent, 500);
        for (unsigned i = 0; i < 500; i++)
                ck_assert_uint_eq(place.sent[i].bytes[0] | place.sent[i].bytes[1] << 8, i * 2 + 1);
        ck_assert_int_eq(send_number(7, 20), 0);
        ck_assert_int_eq(receive_number(), 7);
        tear_down();
}
END_TEST

START_TEST(waiting_is_bounded) {
        set_up();
        for (unsigned pass = 0; pass < 2; pass++) {
                size_t n = pass == 0 ? 20 : 16000, n_waiting = 1;
                unsigned first = fill(n), next = 0;
                int r, number;

                ck_assert(journal_has_room(place.journal));
                while ((r = send_number(first + (unsigned)n_waiting, n)) == JOURNAL_E_WAITS)
                        n_waiting++;
                ck_assert_int_eq(r, JOURNAL_E_FULL);
                ck_assert(!journal_has_room(place.journal));
                ck_assert_uint_eq(journal_n_waiting(place.journal), n_waiting);
                if (pass == 0)
                        ck_assert_uint_eq(n_waiting, JOURNAL_WAITING_MAX);
                else
                        ck_assert(n_waiting * n <= JOURNAL_WAITING_BYTES_MAX &&
                                  (n_waiting + 2) * n > JOURNAL_WAITING_BYTES_MAX);
                /* What was refused is not there, all else is. */
                do {
                        while ((number = receive_number()) >= 0)
                                ck_assert_int_eq(number, (int)next++);
                } while (sd_event_run(place.event, 0) > 0);
                ck_assert_uint_eq(next, first + n_waiting);
                ck_assert(journal_has_room(place.journal));
        }
        tear_down();
}
END_TEST

/* Whether it goes at once or has to wait. */
START_TEST(what_is_large_is_a_sealed_file) {
        set_up();
        for (unsigned pass = 0; pass < 2; pass++) {
                unsigned n = pass == 0 ? 0 : fill(20);
                struct stat st;
                int fd = -1;

                ck_assert_int_eq(send_number(n + pass, LARGE), pass == 0 ? 0 : JOURNAL_E_WAITS);
                for (unsigned i = 0; i < n + pass;)
                        if (receive_number() >= 0)
                                i++;
                        else
                                ck_assert_int_gt(sd_event_run(place.event, UINT64_MAX), 0);
                while (sd_event_run(place.event, 0) > 0)
                        ;
                ck_assert_int_eq(receive(&fd), (int)(n + pass));
                ck_assert_int_ge(fd, 0);
                ck_assert_int_eq(fcntl(fd, F_GET_SEALS), F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE);
                ck_assert_int_eq(fstat(fd, &st), 0);
                ck_assert_int_eq(st.st_size, LARGE + (off_t)strlen("\nSYSLOG_IDENTIFIER=retaind\n"));
                os_close(fd);
        }
        tear_down();
}
END_TEST

START_TEST(a_new_journal_is_found) {
        unsigned n;

        set_up();
        stop_listening();
        ck_assert_int_eq(send_number(1, 20), -ENOENT);
        listen_there();
        ck_assert_int_eq(send_number(2, 20), 0);
        ck_assert_int_eq(receive_number(), 2);
        /* Also by what waits. */
        n = fill(20);
        stop_listening();
        listen_there();
        ck_assert_int_gt(sd_event_run(place.event, UINT64_MAX), 0);
        ck_assert_int_eq(receive_number(), (int)n);
        ck_assert_str_eq(place.lost, "");
        tear_down();
}
END_TEST

START_TEST(what_waits_for_a_journal_that_goes_is_lost) {
        char expected[64];
        unsigned n;

        set_up();
        n = fill(0);
        ck_assert_int_eq(send_number(n + 1, 0), JOURNAL_E_WAITS);
        journal_tag(place.journal, (const uint8_t[EVENT_ID_SIZE]){1});
        place.fd = os_close(place.fd);
        ck_assert_int_gt(sd_event_run(place.event, UINT64_MAX), 0);
        snprintf(expected, sizeof(expected), "5 %u \n5 %u \n", n, n + 1);
        ck_assert_str_eq(place.lost, expected);
        ck_assert_int_eq(place.error, -ECONNREFUSED);
        ck_assert_uint_eq(place.n_sent, 0);
        ck_assert_uint_eq(journal_n_waiting(place.journal), 0);
        ck_assert_int_eq(send_number(3, 20), -ECONNREFUSED);
        tear_down();
}
END_TEST

START_TEST(draining_has_an_end) {
        set_up();
        ck_assert(journal_drain(place.journal, 0));
        fill(20);
        ck_assert(!journal_drain(place.journal, os_monotonic_usec() + 10 * USEC_PER_MSEC));
        while (receive_number() >= 0)
                ;
        ck_assert(journal_drain(place.journal, INT64_MAX));
        ck_assert_uint_eq(journal_n_waiting(place.journal), 0);
        ck_assert_int_ge(receive_number(), 0);
        fill(20); /* and what is left then, goes with the journal */
        tear_down();
}
END_TEST

START_TEST(there_may_be_none) {
        set_up();
        place.journal = journal_free(place.journal);
        stop_listening();
        ck_assert_int_eq(open_journal(), -ENOENT);
        listen_there();
        place.fd = os_close(place.fd);
        ck_assert_int_eq(open_journal(), -ECONNREFUSED);
        ck_assert_int_eq(journal_new(place.event,
                                     "/a/path/that/is/longer/than/the/name/of/a/socket/may/be/as/the/kernel/has/it/"
                                     "which/is/108/bytes/with/its/NUL",
                                     &(struct JournalUser){}, &place.journal),
                         -ENAMETOOLONG);
        tear_down();
}
END_TEST

START_TEST(standard_error_may_be_the_journal) {
        struct stat st;
        char text[64];

        unsetenv("JOURNAL_STREAM");
        ck_assert(!journal_is_stderr());
        ck_assert_int_eq(fstat(STDERR_FILENO, &st), 0);
        snprintf(text, sizeof(text), "%llu:%llu", (unsigned long long)st.st_dev, (unsigned long long)st.st_ino);
        setenv("JOURNAL_STREAM", text, 1);
        ck_assert(journal_is_stderr());
        strcat(text, "1");
        setenv("JOURNAL_STREAM", text, 1);
        ck_assert(!journal_is_stderr());
        setenv("JOURNAL_STREAM", "1:", 1);
        ck_assert(!journal_is_stderr());
        unsetenv("JOURNAL_STREAM");
}
END_TEST

int main(void) {
        return test_run("journal",
                        (const TTest *[]){fields_arrive_as_they_are, what_waits_is_sent_in_order, waiting_is_bounded,
                                          what_is_large_is_a_sealed_file, a_new_journal_is_found,
                                          what_waits_for_a_journal_that_goes_is_lost, draining_has_an_end,
                                          there_may_be_none, standard_error_may_be_the_journal, NULL});
}
