/* SPDX-License-Identifier: MIT */
#include "daemon/notify.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "lib/os.h"

#define TEST_FILE "self-test"

struct Notify {
        sd_event_source *timer;
        uint64_t interval_usec; /* 0: nobody asks */
        int directory;
        char status[256];
};

void notify_ready(void) {
        sd_notify(0, "READY=1");
}

void notify_reloading(void) {
        sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%lld", (long long)os_monotonic_usec());
}

void notify_stopping(void) {
        sd_notify(0, "STOPPING=1\nSTATUS=ending");
}

void notify_failed(int negative_errno) {
        sd_notifyf(0, "ERRNO=%d", -negative_errno);
}

void notify_status(struct Notify *notify, const char *line) {
        if (strncmp(line, notify->status, sizeof(notify->status) - 1) == 0)
                return;
        snprintf(notify->status, sizeof(notify->status), "%s", line);
        sd_notifyf(0, "STATUS=%s", notify->status);
}

/* Asks the watches for a sign of life; without a directory to ask in, that this runs must do. */
static int on_timer(sd_event_source *source, uint64_t usec _unused_, void *userdata) {
        struct Notify *notify = userdata;
        int fd = -1;

        if (notify->directory >= 0) {
                fd = openat(notify->directory, TEST_FILE, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
                os_close(fd);
                unlinkat(notify->directory, TEST_FILE, 0);
        }
        if (fd < 0)
                sd_notify(0, "WATCHDOG=1");
        sd_event_source_set_time_relative(source, notify->interval_usec);
        sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
        return 0;
}

void notify_alive(struct Notify *notify) {
        if (notify->interval_usec > 0)
                sd_notify(0, "WATCHDOG=1");
}

int notify_new(sd_event *event, struct Notify **ret) {
        _cleanup_(notify_freep) struct Notify *notify = calloc(1, sizeof(*notify));
        const char *runtime = getenv("RUNTIME_DIRECTORY");
        int r;

        if (!notify)
                return -ENOMEM;
        notify->directory = -1;
        r = sd_watchdog_enabled(0, &notify->interval_usec);
        if (r <= 0)
                notify->interval_usec = 0;
        notify->interval_usec /= 3;
        if (notify->interval_usec > 0 && runtime && *runtime)
                notify->directory = os_open_directory(runtime);
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

int notify_directory(const struct Notify *notify) {
        return notify->directory;
}
