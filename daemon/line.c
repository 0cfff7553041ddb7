/* SPDX-License-Identifier: MIT */
#include "daemon/line.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static struct {
        bool never_waits;
        bool is_torn; /* the last that was lost is there in part */
        size_t n_lost;
} out;

void line_never_wait(void) {
        struct stat st;

        out.never_waits = fstat(STDERR_FILENO, &st) == 0 && (S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode));
}

/* Asked for each time: O_NONBLOCK would be set for all who share it. */
static bool has_room(void) {
        struct pollfd p = {.fd = STDERR_FILENO, .events = POLLOUT};

        return !out.never_waits || poll(&p, 1, 0) > 0;
}

/* By pieces of which each fits where there is any room at all. */
static int put(const char *data, size_t n) {
        size_t done = 0;
        int r = 0;

        while (done < n && r == 0) {
                ssize_t written = has_room() ? write(STDERR_FILENO, data + done, MIN(n - done, (size_t)PIPE_BUF)) : 0;

                if (written > 0)
                        done += (size_t)written;
                else if (written == 0)
                        r = -EAGAIN;
                else if (errno != EINTR)
                        r = -errno;
        }
        out.is_torn = out.is_torn || (r < 0 && done > 0);
        return r;
}

static int tell_lost(void) {
        char text[128];
        int r;

        if (out.n_lost == 0)
                return 0;
        snprintf(text, sizeof(text), "%s<4>retaind: warning: nobody read standard error; lines that were lost: %zu\n",
                 out.is_torn ? "\n" : "", out.n_lost);
        r = put(text, strlen(text));
        if (r < 0)
                return r;
        out.n_lost = 0;
        out.is_torn = false;
        return 0;
}

int line_write(const char *line, size_t n) {
        int r;

        r = tell_lost();
        if (r == 0)
                r = put(line, n);
        out.n_lost += r == -EAGAIN;
        return r;
}
