/* SPDX-License-Identifier: MIT */
#include "daemon/notify.h"

#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/os.h"
#include "lib/watch.h"
#include "tests/test.h"
#include "tests/tree.h"

/* The service manager's end, and the loop. */
static struct Tree tree;
static int manager = -1;
static sd_event *event;

static bool alive = true;

static bool is_alive(void *userdata _unused_) {
        return alive;
}

static void set_up(void) {
        struct sockaddr_un address = {.sun_family = AF_UNIX};

        tree_init(&tree);
        snprintf(address.sun_path, sizeof(address.sun_path), "%s/notify", tree.path);
        manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        ck_assert_int_ge(manager, 0);
        ck_assert_int_eq(bind(manager, (struct sockaddr *)&address, sizeof(address)), 0);
        setenv("NOTIFY_SOCKET", address.sun_path, 1);
        unsetenv("WATCHDOG_USEC");
        unsetenv("WATCHDOG_PID");
        unsetenv("RUNTIME_DIRECTORY");
        ck_assert_int_ge(sd_event_new(&event), 0);
}

static void tear_down(void) {
        event = sd_event_unref(event);
        manager = os_close(manager);
        unsetenv("NOTIFY_SOCKET");
        unsetenv("WATCHDOG_USEC");
        unsetenv("RUNTIME_DIRECTORY");
        tree_done(&tree);
}

/* What the service manager heard last; "": nothing. */
static const char *heard(void) {
        static char text[1024];
        ssize_t n = recv(manager, text, sizeof(text) - 1, 0);

        text[MAX(n, (ssize_t)0)] = '\0';
        return text;
}

START_TEST(tells_what_it_does) {
        long long usec, before_usec = os_monotonic_usec();
        int end = 0;

        set_up();
        notify_ready();
        ck_assert_str_eq(heard(), "READY=1");
        notify_reloading();
        ck_assert_int_eq(sscanf(heard(), "RELOADING=1\nMONOTONIC_USEC=%lld%n", &usec, &end), 1);
        ck_assert(usec >= before_usec && usec <= os_monotonic_usec());
        notify_stopping();
        ck_assert_str_eq(heard(), "STOPPING=1\nSTATUS=ending");
        notify_failed(-ENOSPC);
        ck_assert_str_eq(heard(), "ERRNO=28");
        ck_assert_str_eq(heard(), "");
        tear_down();
}
END_TEST

START_TEST(a_status_is_said_once) {
        _cleanup_(notify_freep) struct Notify *notify = NULL;
        char line[512];

        set_up();
        ck_assert_int_eq(notify_new(event, is_alive, NULL, &notify), 0);
        notify_status(notify, "2 sets");
        ck_assert_str_eq(heard(), "STATUS=2 sets");
        notify_status(notify, "2 sets");
        ck_assert_str_eq(heard(), "");
        notify_status(notify, "2 sets more");
        ck_assert_str_eq(heard(), "STATUS=2 sets more");
        notify_status(notify, "2 sets");
        ck_assert_str_eq(heard(), "STATUS=2 sets");
        /* What is too long is cut, and compared as it was said. */
        memset(line, 'x', sizeof(line) - 1);
        line[sizeof(line) - 1] = '\0';
        notify_status(notify, line);
        ck_assert_uint_eq(strspn(heard() + strlen("STATUS="), "x"), 255);
        notify_status(notify, line);
        ck_assert_str_eq(heard(), "");
        notify = notify_free(notify);
        tear_down();
}
END_TEST

/* The queue of a socket is short; a daemon that waited for its reader would stand still. */
START_TEST(nobody_waits_for_who_does_not_read) {
        _cleanup_(notify_freep) struct Notify *notify = NULL;
        char line[32], last[64];

        set_up();
        ck_assert_int_eq(notify_new(event, is_alive, NULL, &notify), 0);
        for (unsigned i = 0; i < 5000; i++) {
                snprintf(line, sizeof(line), "%u sets", i);
                notify_status(notify, line);
        }
        notify_stopping();
        while (*heard())
                ;
        /* What was not taken is told the next time, though it is the same. */
        notify_status(notify, line);
        snprintf(last, sizeof(last), "STATUS=%s", line);
        ck_assert_str_eq(heard(), last);
        notify = notify_free(notify);
        tear_down();
}
END_TEST

START_TEST(without_a_manager_nothing_happens) {
        _cleanup_(notify_freep) struct Notify *notify = NULL;

        set_up();
        unsetenv("NOTIFY_SOCKET");
        ck_assert_int_eq(notify_new(event, is_alive, NULL, &notify), 0);
        notify_ready();
        notify_status(notify, "nobody hears");
        ck_assert_str_eq(heard(), "");
        notify = notify_free(notify);
        tear_down();
}
END_TEST

START_TEST(nobody_asks_for_life) {
        _cleanup_(notify_freep) struct Notify *notify = NULL;

        set_up();
        setenv("RUNTIME_DIRECTORY", tree.path, 1);
        ck_assert_int_eq(notify_new(event, is_alive, NULL, &notify), 0);
        ck_assert_int_eq(notify_directory(notify), -1);
        ck_assert_int_eq(sd_event_run(event, 0), 0);
        notify_alive(notify);
        ck_assert_str_eq(heard(), "");
        notify = notify_free(notify);
        tear_down();
}
END_TEST

/* Who is stuck is not alive, though its loop runs. */
START_TEST(only_the_living_say_so) {
        _cleanup_(notify_freep) struct Notify *notify = NULL;

        set_up();
        setenv("WATCHDOG_USEC", "30000", 1);
        ck_assert_int_eq(notify_new(event, is_alive, NULL, &notify), 0);
        alive = false;
        ck_assert_int_gt(sd_event_run(event, UINT64_MAX), 0);
        notify_alive(notify);
        ck_assert_str_eq(heard(), "");
        alive = true;
        notify_alive(notify);
        ck_assert_str_eq(heard(), "WATCHDOG=1");
        notify = notify_free(notify);
        tear_down();
}
END_TEST

/* Without the directory nothing proves that the watches work. */
START_TEST(a_directory_that_is_gone_proves_nothing) {
        _cleanup_(notify_freep) struct Notify *notify = NULL;
        char path[256];

        set_up();
        tree_directory(&tree, "run");
        snprintf(path, sizeof(path), "%s/run:%s/other", tree.path, tree.path);
        setenv("RUNTIME_DIRECTORY", path, 1);
        setenv("WATCHDOG_USEC", "30000", 1);
        ck_assert_int_eq(notify_new(event, is_alive, NULL, &notify), 0);
        ck_assert_int_ge(notify_directory(notify), 0);
        snprintf(path, sizeof(path), "%s/run", tree.path);
        ck_assert_int_eq(rmdir(path), 0);
        ck_assert_int_gt(sd_event_run(event, UINT64_MAX), 0);
        ck_assert_str_eq(heard(), "");
        notify = notify_free(notify);
        tear_down();
}
END_TEST

/* Life is said when the file came back, not when it was made; again and again. */
START_TEST(the_watches_prove_life) {
        _cleanup_(notify_freep) struct Notify *notify = NULL;
        _cleanup_(watch_freep) struct Watch *watch = NULL;
        struct WatchEvent happened;
        char path[128];

        set_up();
        tree_directory(&tree, "run");
        snprintf(path, sizeof(path), "%s/run", tree.path);
        setenv("RUNTIME_DIRECTORY", path, 1);
        setenv("WATCHDOG_USEC", "30000", 1);
        ck_assert_int_eq(notify_new(event, is_alive, NULL, &notify), 0);
        ck_assert_int_ge(notify_directory(notify), 0);
        ck_assert_int_eq(watch_new(&watch), 0);
        ck_assert_int_eq(watch_bind(watch, watch_add(watch_fd(watch), notify_directory(notify)), notify, ""), 0);
        for (unsigned i = 0; i < 3; i++) {
                bool came_back = false;

                ck_assert_int_gt(sd_event_run(event, UINT64_MAX), 0);
                ck_assert_str_eq(heard(), "");
                ck_assert_int_eq(watch_dispatch(watch), 0);
                while (watch_pop(watch, &happened) > 0)
                        came_back = came_back || happened.owner == notify;
                ck_assert(came_back);
                notify_alive(notify);
                ck_assert_str_eq(heard(), "WATCHDOG=1");
        }
        /* Nothing is left there. */
        ck_assert_int_eq(rmdir(path), 0);
        notify = notify_free(notify);
        watch = watch_free(watch);
        tear_down();
}
END_TEST

START_TEST(without_a_directory_the_loop_proves_life) {
        _cleanup_(notify_freep) struct Notify *notify = NULL;

        set_up();
        setenv("WATCHDOG_USEC", "30000", 1);
        ck_assert_int_eq(notify_new(event, is_alive, NULL, &notify), 0);
        ck_assert_int_eq(notify_directory(notify), -1);
        for (unsigned i = 0; i < 3; i++) {
                ck_assert_int_gt(sd_event_run(event, UINT64_MAX), 0);
                ck_assert_str_eq(heard(), "WATCHDOG=1");
        }
        notify = notify_free(notify);
        tear_down();
}
END_TEST

int main(void) {
        return test_run("notify", (const TTest *[]){
                                          tells_what_it_does,
                                          a_status_is_said_once,
                                          only_the_living_say_so,
                                          a_directory_that_is_gone_proves_nothing,
                                          nobody_waits_for_who_does_not_read,
                                          without_a_manager_nothing_happens,
                                          nobody_asks_for_life,
                                          the_watches_prove_life,
                                          without_a_directory_the_loop_proves_life,
                                          NULL,
                                  });
}
