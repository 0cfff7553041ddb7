/* SPDX-License-Identifier: MIT */
#include "daemon/manager.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/announce.h"
#include "daemon/guard.h"
#include "daemon/language.h"
#include "daemon/log.h"
#include "daemon/notify.h"
#include "daemon/pass.h"
#include "daemon/progress.h"
#include "lib/array.h"
#include "lib/calendar.h"
#include "lib/config-equal.h"
#include "lib/error.h"
#include "lib/os.h"
#include "lib/watch.h"

/* Of the five seconds that a stop may take, those in which running copies may come to their end. */
#define GRACE_USEC (2 * USEC_PER_SEC)

/* A disk that does not answer delays what is ready no longer than that. */
#define READY_USEC (5 * USEC_PER_SEC)
/* No transaction takes that long. */
#define STUCK_USEC (2 * USEC_PER_MINUTE)

struct Manager {
        struct Pass pass;
        const struct Options *options;
        ManagerRead read_config;
        struct ConfigRef *config;
        struct Guard **guards;
        size_t n_guards, n_guards_allocated;
        struct Watch *watch;
        struct Notify *notify;
        sd_event_source *watch_io, *clock_io, *later, *grace;
        int64_t begun_usec;
        bool is_ready;   /* and systemd knows it */
        bool is_refused; /* what was read last is not what is in force */
        int clock_fd;
        struct Clock clock; /* the last that was believed */
        bool has_looked;    /* at all sets; and it was said */
};

/* Something is to be looked at again when the loop is back: who is idle, what the clock is to be set to, the status. */
static void changed(void *userdata) {
        struct Manager *manager = userdata;

        sd_event_source_set_enabled(manager->later, SD_EVENT_ONESHOT);
}

static void on_pass_done(struct Pass *pass _unused_, struct Keeper *keeper) {
        progress_clear(keeper->pass->progress);
        guard_pass_done(keeper->owner);
}

static void on_watched(struct Pass *pass _unused_, struct Keeper *keeper, int wd, const char *path, int error) {
        guard_watched(keeper->owner, wd, path, error);
}

static bool has_guard(const struct Manager *manager, const char *name) {
        for (size_t i = 0; i < manager->n_guards; i++)
                if (streq(guard_set(manager->guards[i])->name, name))
                        return true;
        return false;
}

static bool have_one_place(const struct ConfigSet *a, const struct ConfigSet *b) {
        bool is_shared = streq(a->name, b->name) || streq(a->source, b->source);

        for (size_t i = 0; i < a->n_copies; i++)
                for (size_t k = 0; k < b->n_copies; k++)
                        is_shared = is_shared || streq(a->copies[i]->to, b->copies[k]->to);
        return is_shared;
}

/* A guard that leaves may still have a destination that one to come needs. */
static bool is_awaited(const struct Manager *manager, const struct ConfigSet *set) {
        for (size_t i = 0; i < manager->n_guards; i++)
                if (guard_is_leaving(manager->guards[i]) && have_one_place(guard_set(manager->guards[i]), set))
                        return true;
        return false;
}

static int make_guards(struct Manager *manager) {
        const struct Config *config = manager->config->config;

        for (size_t i = 0; i < config->n_sets && !manager->pass.is_stopping; i++) {
                struct Guard *guard;
                int r;

                if (has_guard(manager, config->sets[i]->name) || is_awaited(manager, config->sets[i]))
                        continue;
                r = guard_new(&manager->pass, manager->watch, manager->config, config->sets[i], changed, manager,
                              &guard);
                if (r >= 0)
                        r = ARRAY_APPEND(manager, guards, guard);
                if (r < 0)
                        return r;
        }
        return 0;
}

static void free_idle(struct Manager *manager) {
        size_t n = 0;

        for (size_t i = 0; i < manager->n_guards; i++)
                if (guard_is_leaving(manager->guards[i]) && guard_is_idle(manager->guards[i]))
                        guard_free(manager->guards[i]);
                else
                        manager->guards[n++] = manager->guards[i];
        manager->n_guards = n;
}

/* One timer for all: absolute, and it also fires when the clock is set. */
static int set_clock(struct Manager *manager) {
        int64_t next_usec = USEC_INFINITY;
        struct itimerspec at = {};

        for (size_t i = 0; i < manager->n_guards; i++)
                next_usec = MIN(next_usec, guard_next_usec(manager->guards[i]));
        /* Also where nothing is to come: to hear of it when the clock is set. */
        next_usec = MIN(MAX(next_usec, INT64_C(1)), os_now_usec() + 365 * USEC_PER_DAY);
        at.it_value.tv_sec = next_usec / USEC_PER_SEC;
        at.it_value.tv_nsec = next_usec % USEC_PER_SEC * NSEC_PER_USEC;
        if (timerfd_settime(manager->clock_fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &at, NULL) < 0 &&
            errno != ECANCELED)
                return -errno;
        return 0;
}

static int on_clock(sd_event_source *source _unused_, int fd, uint32_t events _unused_, void *userdata) {
        struct Manager *manager = userdata;
        int64_t now_usec;
        uint64_t n;

        if (read(fd, &n, sizeof(n)) < 0 && errno == ECANCELED) {
                pass_check_clock(&manager->pass, &manager->clock);
                for (size_t i = 0; i < manager->n_guards; i++)
                        guard_wake(manager->guards[i]);
        }
        now_usec = os_now_usec();
        for (size_t i = 0; i < manager->n_guards; i++)
                guard_tick(manager->guards[i], now_usec);
        changed(manager);
        return 0;
}

static int dispatch(struct Manager *manager) {
        struct WatchEvent event;
        int r;

        r = watch_dispatch(manager->watch);
        while (r >= 0 && (r = watch_pop(manager->watch, &event)) > 0) {
                if (event.owner == manager->notify)
                        notify_alive(manager->notify);
                else if (event.kind != WATCH_OVERFLOW)
                        guard_happened(event.owner, &event);
                else {
                        log_warning("more happened than the kernel could tell; everything is looked at again");
                        for (size_t i = 0; i < manager->n_guards; i++)
                                guard_happened(manager->guards[i], &event);
                }
        }
        return r;
}

static int on_watch(sd_event_source *source _unused_, int fd _unused_, uint32_t events _unused_, void *userdata) {
        int r = dispatch(userdata);

        return r < 0 ? r : 0;
}

/* "2 sets with 17 backups, 3 held"; whether all sets were looked at. */
static bool sum_up(const struct Manager *manager, char *buf, size_t n) {
        size_t n_backups = 0, n_holds = 0, n_looking = 0, n_failing = 0, n_at_work = 0;
        char *p = buf, *end = buf + n;

        for (size_t i = 0; i < manager->n_guards; i++) {
                struct GuardStatus status;

                guard_status(manager->guards[i], &status);
                n_backups += status.n_backups;
                n_holds += status.n_holds;
                n_looking += status.is_looking;
                n_failing += status.is_failing;
                n_at_work += status.is_at_work;
        }
        p += snprintf(p, (size_t)(end - p), "%zu %s with %zu %s", manager->n_guards,
                      manager->n_guards == 1 ? "set" : "sets", n_backups, n_backups == 1 ? "backup" : "backups");
        if (n_looking > 0)
                p += snprintf(p, (size_t)(end - p), ", first look at %zu", n_looking);
        else if (n_at_work > 0)
                p += snprintf(p, (size_t)(end - p), ", at work on %zu", n_at_work);
        if (n_holds > 0)
                p += snprintf(p, (size_t)(end - p), ", %zu held", n_holds);
        if (n_failing > 0)
                snprintf(p, (size_t)(end - p), ", %zu with a problem (see the journal)", n_failing);
        return n_looking == 0;
}

static void tell_status(struct Manager *manager) {
        char when[CALENDAR_TEXT_MAX] = "", next[CALENDAR_TEXT_MAX + 32] = "", sum[256], status[512];
        bool had_looked = manager->has_looked;
        int64_t next_usec = USEC_INFINITY;

        manager->has_looked = sum_up(manager, sum, sizeof(sum));
        for (size_t i = 0; i < manager->n_guards; i++)
                next_usec = MIN(next_usec, guard_next_usec(manager->guards[i]));
        if (next_usec != USEC_INFINITY && next_usec > os_now_usec() && manager->n_guards > 0)
                snprintf(next, sizeof(next), ", next change %s",
                         calendar_format_local(guard_set(manager->guards[0])->zone, next_usec, when));
        snprintf(status, sizeof(status), "%s%s%s", sum, next,
                 manager->is_refused ? "; the configuration was changed, and is not taken: it has problems" : "");
        notify_status(manager->notify, status);
        if (manager->pass.is_at_terminal && manager->has_looked && !had_looked)
                log_notice("watching %s; Ctrl-C ends it", sum);
}

/* For the watchdog: no keeper is stuck, no timer lost. */
static bool is_alive(void *userdata) {
        struct Manager *manager = userdata;
        int64_t now_usec = os_monotonic_usec();

        for (size_t i = 0; i < manager->n_guards; i++)
                if (!guard_is_alive(manager->guards[i], now_usec))
                        return false;
        return ledger_busy_usec(manager->pass.ledger) < STUCK_USEC;
}

/* What is to stand stands: configuration, locks, and a watch on each source; or it was said why not. */
static void tell_ready(struct Manager *manager) {
        if (manager->is_ready)
                return;
        for (size_t i = 0; i < manager->n_guards; i++)
                if (!guard_is_connected(manager->guards[i]) && os_monotonic_usec() < manager->begun_usec + READY_USEC)
                        return;
        manager->is_ready = notify_ready();
}

static int on_later(sd_event_source *source _unused_, void *userdata) {
        struct Manager *manager = userdata;
        int r;

        free_idle(manager);
        r = make_guards(manager);
        if (r >= 0)
                r = set_clock(manager);
        if (r < 0)
                log_error("%s", log_errno(r));
        (void)pass_note_delivered(&manager->pass); /* what is not noted is told again */
        if (!manager->pass.is_clock_wrong)
                manager->clock = ledger_clock(manager->pass.boot);
        while (waitpid(-1, NULL, WNOHANG) > 0)
                ; /* workers that were given up, and died since */
        if (!manager->pass.is_stopping) {
                tell_ready(manager);
                tell_status(manager);
                return 0;
        }
        if (manager->pass.n_keepers == 0)
                sd_event_exit(manager->pass.event, 0);
        return 0;
}

static int on_grace(sd_event_source *source _unused_, uint64_t usec _unused_, void *userdata) {
        struct Manager *manager = userdata;

        sd_event_exit(manager->pass.event, 0);
        return 0;
}

static int on_stop(sd_event_source *source _unused_, const struct signalfd_siginfo *info, void *userdata) {
        struct Manager *manager = userdata;

        if (manager->pass.is_stopping)
                return 0;
        progress_clear(manager->pass.progress);
        log_notice("asked to end by %s", strsignal((int)info->ssi_signo));
        notify_stopping();
        manager->pass.is_stopping = true;
        changed(manager);
        return sd_event_add_time_relative(manager->pass.event, &manager->grace, CLOCK_MONOTONIC, GRACE_USEC, 1,
                                          on_grace, manager);
}

static const struct ConfigSet *find_set(const struct Config *config, const char *name) {
        for (size_t i = 0; i < config->n_sets; i++)
                if (streq(config->sets[i]->name, name))
                        return config->sets[i];
        return NULL;
}

/* What is of [daemon] holds from the next worker on. Sets that are the same go on as they are; the others end what they are at, and begin anew. */
static void take_config(struct Manager *manager, struct ConfigRef *new) {
        size_t n_same = 0;

        for (size_t i = 0; i < manager->n_guards; i++) {
                struct Guard *guard = manager->guards[i];
                const struct ConfigSet *set = find_set(new->config, guard_set(guard)->name);

                if (set && !guard_is_leaving(guard) && config_set_equal(guard_set(guard), set)) {
                        guard_rebase(guard, new, set);
                        n_same++;
                } else
                        guard_leave(guard);
        }
        config_unref(manager->config);
        manager->config = new;
        manager->pass.listing_line = language_listing_line(new->config->language);
        log_notice("the configuration was read again: %zu set%s, %zu of them as before", new->config->n_sets,
                   new->config->n_sets == 1 ? "" : "s", n_same);
        if (manager->pass.is_at_terminal)
                announce_sets(new->config);
}

static int on_reload(sd_event_source *source _unused_, const struct signalfd_siginfo *info _unused_, void *userdata) {
        struct Manager *manager = userdata;
        struct Config *config = NULL;
        struct ConfigRef *new;
        int r;

        if (manager->pass.is_stopping)
                return 0;
        notify_reloading();
        r = manager->read_config(manager->options, &config);
        if (r == 0)
                r = config_ref_new(config, &new);
        manager->is_refused = r != 0;
        if (r == 0)
                take_config(manager, new);
        else
                log_error("the configuration is not taken; the one in force stays");
        manager->is_ready = notify_ready();
        changed(manager);
        return 0;
}

static int set_up_signals(struct Manager *manager) {
        static const struct {
                int signal;
                sd_event_signal_handler_t handler;
        } signals[] = {{SIGTERM, on_stop}, {SIGINT, on_stop}, {SIGHUP, on_reload}};
        sigset_t set;
        int r = 0;

        signal(SIGPIPE, SIG_IGN);
        sigemptyset(&set);
        for (size_t i = 0; i < ELEMENTSOF(signals); i++)
                sigaddset(&set, signals[i].signal);
        if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
                return -errno;
        for (size_t i = 0; i < ELEMENTSOF(signals) && r >= 0; i++)
                r = sd_event_add_signal(manager->pass.event, NULL, signals[i].signal, signals[i].handler, manager);
        return r;
}

/* Without watches all is polled. */
static int set_up_watch(struct Manager *manager) {
        int directory = notify_directory(manager->notify), r;

        r = watch_new(&manager->watch);
        if (r == -ENOMEM)
                return r;
        if (r < 0) {
                log_warning("nothing can be watched: %s; sources are looked at every PollInterval=; raise the sysctl "
                            "fs.inotify.max_user_instances",
                            log_errno(r));
                notify_unwatch(manager->notify);
                return 0;
        }
        manager->pass.watch_fd = watch_fd(manager->watch);
        if (directory >= 0) {
                r = watch_add(manager->pass.watch_fd, directory);
                if (r >= 0)
                        r = watch_bind(manager->watch, r, manager->notify, "");
                if (r < 0) {
                        log_warning("cannot watch the runtime directory: %s; raise the sysctl "
                                    "fs.inotify.max_user_watches",
                                    log_errno(r));
                        notify_unwatch(manager->notify);
                }
        }
        return sd_event_add_io(manager->pass.event, &manager->watch_io, manager->pass.watch_fd, EPOLLIN, on_watch,
                               manager);
}

static int on_ready_deadline(sd_event_source *source _unused_, uint64_t usec _unused_, void *userdata) {
        changed(userdata);
        return 0;
}

static int set_up_clock(struct Manager *manager) {
        manager->clock_fd = timerfd_create(CLOCK_REALTIME, TFD_CLOEXEC | TFD_NONBLOCK);
        if (manager->clock_fd < 0)
                return -errno;
        manager->clock = manager->pass.believed;
        return sd_event_add_io(manager->pass.event, &manager->clock_io, manager->clock_fd, EPOLLIN, on_clock, manager);
}

static int run(struct Manager *manager) {
        int r;

        r = pass_init(&manager->pass);
        if (r != 0)
                return r;
        manager->begun_usec = os_monotonic_usec();
        if (manager->pass.is_at_terminal)
                announce_sets(manager->config->config);
        r = set_up_signals(manager);
        if (r >= 0)
                r = progress_new(&manager->pass.progress);
        if (r >= 0)
                r = notify_new(manager->pass.event, is_alive, manager, &manager->notify);
        if (r >= 0)
                r = set_up_watch(manager);
        if (r >= 0)
                r = set_up_clock(manager);
        if (r >= 0)
                r = sd_event_add_defer(manager->pass.event, &manager->later, on_later, manager);
        if (r >= 0)
                r = make_guards(manager);
        if (r >= 0)
                r = sd_event_add_time_relative(manager->pass.event, NULL, CLOCK_MONOTONIC, READY_USEC, USEC_PER_SEC / 4,
                                               on_ready_deadline, manager);
        if (r < 0)
                return r;
        r = sd_event_loop(manager->pass.event);
        return r < 0 ? r : pass_end(&manager->pass);
}

static void manager_done(struct Manager *manager) {
        for (size_t i = 0; i < manager->n_guards; i++)
                guard_abandon(manager->guards[i]);
        pass_done(&manager->pass);
        for (size_t i = 0; i < manager->n_guards; i++)
                guard_free(manager->guards[i]);
        free(manager->guards);
        progress_free(manager->pass.progress);
        sd_event_source_disable_unref(manager->watch_io);
        sd_event_source_disable_unref(manager->clock_io);
        sd_event_source_disable_unref(manager->later);
        sd_event_source_disable_unref(manager->grace);
        watch_free(manager->watch);
        notify_free(manager->notify);
        os_close(manager->clock_fd);
        config_unref(manager->config);
}

int manager_run(struct Config *config, const struct Options *options, ManagerRead read_config) {
        struct Manager manager = {
                .options = options,
                .read_config = read_config,
                .clock_fd = -1,
                .pass =
                        {
                                .options = options,
                                .is_daemon = true,
                                .is_at_terminal = isatty(STDERR_FILENO),
                                .state_fd = -1,
                                .watch_fd = -1,
                                .done = on_pass_done,
                                .watched = on_watched,
                                .listing_line = language_listing_line(config->language),
                        },
        };
        int r;

        r = config_ref_new(config, &manager.config);
        if (r >= 0)
                r = run(&manager);
        if (r < 0)
                log_error("%s", log_errno(r));
        if (r != 0)
                notify_failed(r < 0 ? r : manager.pass.error);
        manager_done(&manager);
        if (r == 0 && manager.pass.is_at_terminal)
                log_notice("ended");
        return r == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
