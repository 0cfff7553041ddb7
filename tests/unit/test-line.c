/* SPDX-License-Identifier: MIT */
#include "daemon/line.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "lib/os.h"
#include "tests/test.h"

#define ROOM 8192 /* two pieces */

/* Where standard error leads meanwhile: a pipe with little room. */
static int reader = -1, before = -1;

static void set_up(void) {
        int fds[2];

        ck_assert_int_eq(pipe2(fds, O_CLOEXEC | O_NONBLOCK), 0);
        /* Only what is read here; whoever writes would wait. */
        ck_assert_int_eq(fcntl(fds[1], F_SETFL, 0), 0);
        ck_assert_int_eq(fcntl(fds[1], F_SETPIPE_SZ, ROOM), ROOM);
        before = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
        ck_assert_int_ge(before, 0);
        ck_assert_int_eq(dup2(fds[1], STDERR_FILENO), STDERR_FILENO);
        reader = fds[0];
        os_close(fds[1]);
        line_never_wait();
}

static void tear_down(void) {
        ck_assert_int_eq(dup2(before, STDERR_FILENO), STDERR_FILENO);
        before = os_close(before);
        reader = os_close(reader);
        line_never_wait();
}

static const char *take(void) {
        static char text[4 * ROOM];
        ssize_t n = read(reader, text, sizeof(text) - 1);

        text[MAX(n, (ssize_t)0)] = '\0';
        return text;
}

static int say(const char *line) {
        return line_write(line, strlen(line));
}

#define LOST "<4>retaind: warning: nobody read standard error; lines that were lost: "

START_TEST(what_finds_no_room_is_counted) {
        char line[ROOM];

        memset(line, 'x', sizeof(line));
        set_up();
        ck_assert_int_eq(say("one\n"), 0);
        ck_assert_str_eq(take(), "one\n");
        ck_assert_int_eq(line_write(line, sizeof(line)), 0);
        for (unsigned i = 0; i < 3; i++)
                ck_assert_int_eq(say("lost\n"), -EAGAIN);
        ck_assert_uint_eq(strlen(take()), ROOM);
        /* Nobody else who has it shall find it changed. */
        ck_assert_int_eq(fcntl(STDERR_FILENO, F_GETFL) & O_NONBLOCK, 0);
        ck_assert_int_eq(say("two\n"), 0);
        ck_assert_str_eq(take(), LOST "3\ntwo\n");
        ck_assert_int_eq(say("three\n"), 0);
        ck_assert_str_eq(take(), "three\n");
        tear_down();
}
END_TEST

START_TEST(a_line_that_is_torn_ends) {
        char line[ROOM + 1];

        memset(line, 'x', sizeof(line));
        set_up();
        ck_assert_int_eq(line_write(line, sizeof(line)), -EAGAIN);
        ck_assert_uint_eq(strlen(take()), ROOM);
        ck_assert_int_eq(say("after\n"), 0);
        ck_assert_str_eq(take(), "\n" LOST "1\nafter\n");
        tear_down();
}
END_TEST

START_TEST(without_a_reader_it_is_an_error) {
        set_up();
        reader = os_close(reader);
        ck_assert_int_eq(say("one\n"), -EPIPE);
        tear_down();
}
END_TEST

int main(void) {
        signal(SIGPIPE, SIG_IGN);
        return test_run("line", (const TTest *[]){what_finds_no_room_is_counted, a_line_that_is_torn_ends,
                                                  without_a_reader_it_is_an_error, NULL});
}
