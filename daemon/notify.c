/* SPDX-License-Identifier: MIT */
#include "daemon/notify.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "daemon/log.h"
#include "lib/os.h"

#define TEST_FILE "self-test"
#define PATIENCE_MSEC 200

struct Notify {
        sd_event_source *timer;
        bool (*is_alive)(void *userdata);
        void *userdata;
        uint64_t interval_usec; /* 0: nobody asks */
        int directory;
        char status[256];
};

/* Of our own, because sd_notify() waits for as long as nobody reads what was told before. */
static int open_socket(void) {
        const char *path = getenv("NOTIFY_SOCKET");
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        _cleanup_(os_closep) int fd = -1;
        size_t n;

        if (!path || (path[0] != '/' && path[0] != '@') || strlen(path) >= sizeof(address.sun_path))
                return -ENOENT;
        n = strlen(path);
        memcpy(address.sun_path, path, n);
        if (path[0] == '@')
                address.sun_path[0] = '\0';
        fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (fd < 0 ||
            connect(fd, (struct sockaddr *)&address, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n)) < 0)
                return -errno;
        return TAKE_FD(fd);
}

static bool send_text(int fd, const char *text) {
        return send(fd, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT) >= 0 || errno != EAGAIN;
}

/* False where nobody took it. What the service manager waits for is worth a moment. */
static bool tell(const char *text, int patience_msec) {
        _cleanup_(os_closep) int fd = open_socket();
        struct pollfd p = {.fd = fd, .events = POLLOUT};

        return fd < 0 || send_text(fd, text) || (poll(&p, 1, patience_msec) > 0 && send_text(fd, text));
}

bool notify_ready(void) {
        return tell("READY=1", PATIENCE_MSEC);
}

void notify_reloading(void) {
        char text[64];

        snprintf(text, sizeof(text), "RELOADING=1\nMONOTONIC_USEC=%lld", (long long)os_monotonic_usec());
        (void)tell(text, PATIENCE_MSEC);
}

void notify_stopping(void) {
        (void)tell("STOPPING=1\nSTATUS=ending", PATIENCE_MSEC);
}

void notify_failed(int negative_errno) {
        char text[32];

        snprintf(text, sizeof(text), "ERRNO=%d", -negative_errno);
        (void)tell(text, PATIENCE_MSEC);
}

void notify_status(struct Notify *notify, const char *line) {
        char text[sizeof(notify->status) + sizeof("STATUS=")];

        if (strncmp(line, notify->status, sizeof(notify->status) - 1) == 0)
                return;
        snprintf(notify->status, sizeof(notify->status), "%s", line);
        snprintf(text, sizeof(text), "STATUS=%s", notify->status);
        if (!tell(text, 0))
                notify->status[0] = '\0'; /* the next one is told, though it may be the same */
}

/* Makes the file that must come back as an event. */
static void ask_watches(const struct Notify *notify) {
        int fd = openat(notify->directory, TEST_FILE, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

        if (fd < 0)
                log_error("cannot make %s in the runtime directory: %s; the watchdog is not answered", TEST_FILE,
                          log_errno(-errno));
        os_close(fd);
        unlinkat(notify->directory, TEST_FILE, 0);
}

static int on_timer(sd_event_source *source, uint64_t usec _unused_, void *userdata) {
        struct Notify *notify = userdata;

        if (notify->directory >= 0)
                ask_watches(notify);
        else
                notify_alive(notify);
        sd_event_source_set_time_relative(source, notify->interval_usec);
        sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
        return 0;
}

void notify_alive(struct Notify *notify) {
        if (notify->interval_usec > 0 && notify->is_alive(notify->userdata))
                (void)tell("WATCHDOG=1", 0);
}

/* The first, where there are several. */
static int open_runtime_directory(void) {
        const char *list = getenv("RUNTIME_DIRECTORY");
        _cleanup_(freep) char *path = list && *list ? strndup(list, strcspn(list, ":")) : NULL;

        return path ? os_open_directory(path) : -ENOENT;
}

int notify_new(sd_event *event, bool (*is_alive)(void *userdata), void *userdata, struct Notify **ret) {
        _cleanup_(notify_freep) struct Notify *notify = calloc(1, sizeof(*notify));
        int r;

        if (!notify)
                return -ENOMEM;
        notify->directory = -1;
        r = sd_watchdog_enabled(0, &notify->interval_usec);
        if (r <= 0)
                notify->interval_usec = 0;
        notify->interval_usec /= 3;
        notify->is_alive = is_alive;
        notify->userdata = userdata;
        if (notify->interval_usec > 0)
                notify->directory = open_runtime_directory();
        notify->directory = MAX(notify->directory, -1);
        if (notify->interval_usec > 0) {
                r = sd_event_add_time_relative(event, &notify->timer, CLOCK_MONOTONIC, 0, notify->interval_usec / 2 + 1,
                                               on_timer, notify);
                if (r < 0)
                        return r;
        }
        *ret = TAKE_PTR(notify);
        return 0;
}

struct Notify *notify_free(struct Notify *notify) {
        if (!notify)
                return NULL;
        sd_event_source_disable_unref(notify->timer);
        os_close(notify->directory);
        free(notify);
        return NULL;
}

void notify_unwatch(struct Notify *notify) {
        notify->directory = os_close(notify->directory);
}

int notify_directory(const struct Notify *notify) {
        return notify->directory;
}
