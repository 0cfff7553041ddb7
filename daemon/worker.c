/* SPDX-License-Identifier: MIT */
#include "daemon/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/epoll.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/worker-main.h"
#include "lib/error.h"
#include "lib/os.h"

#define N_MESSAGES_AT_ONCE 8 /* before others have their turn */
#define FAREWELL_USEC (2 * USEC_PER_SEC)
#define ABANDONED_USEC (3 * USEC_PER_SEC / 2)

/* A message that waits for room in the socket. */
struct Packet {
        struct Packet *next;
        size_t n;
        uint8_t data[];
};

struct Worker {
        struct WorkerHandler handler;
        sd_event_source *io, *timer;
        int fd;
        int pidfd;             /* and not its pid, which may be another's when it has died */
        int64_t farewell_usec; /* until when it may take its time; 0: as long as it usually may */
        int64_t patience_usec;
        int64_t heard_usec;
        uint64_t n_waited; /* reports that are due */
        bool is_ended;
        bool is_hung;
        struct Packet *first, **last;
        struct Message out, in;
};

static void end_by_force(struct Worker *worker) {
        if (worker->pidfd >= 0)
                pidfd_send_signal(worker->pidfd, SIGKILL, NULL, 0);
}

static void end(struct Worker *worker, enum WorkerEnd how) {
        if (worker->is_ended)
                return;
        worker->is_ended = true;
        worker->is_hung = how == WORKER_HUNG;
        sd_event_source_set_enabled(worker->io, SD_EVENT_OFF);
        sd_event_source_set_enabled(worker->timer, SD_EVENT_OFF);
        if (worker->is_hung)
                end_by_force(worker);
        worker->handler.ended(worker->handler.userdata, how);
}

static int watch(struct Worker *worker, bool for_room) {
        return sd_event_source_set_io_events(worker->io, EPOLLIN | (for_room ? EPOLLOUT : 0));
}

/* 0 when all is sent or the socket is full. */
static int send_queue(struct Worker *worker) {
        while (worker->first) {
                struct Packet *packet = worker->first;

                if (send(worker->fd, packet->data, packet->n, MSG_NOSIGNAL | MSG_DONTWAIT) < 0) {
                        if (errno == EINTR)
                                continue;
                        return errno == EAGAIN ? watch(worker, true) : -errno;
                }
                worker->first = packet->next;
                if (!worker->first)
                        worker->last = &worker->first;
                free(packet);
        }
        return watch(worker, false);
}

static int enqueue(struct Worker *worker) {
        struct Packet *packet;

        if (worker->out.n == 0)
                return 0;
        packet = malloc(sizeof(*packet) + worker->out.n);
        if (!packet)
                return -ENOMEM;
        packet->next = NULL;
        packet->n = worker->out.n;
        memcpy(packet->data, worker->out.data, worker->out.n);
        *worker->last = packet;
        worker->last = &packet->next;
        message_clear(&worker->out);
        return 0;
}

int worker_flush(struct Worker *worker) {
        int r = enqueue(worker);

        if (r >= 0 && !worker->is_ended)
                r = send_queue(worker);
        /* It died; what it still had to say comes first, and then its end. */
        return r == -EPIPE || r == -ECONNRESET ? 0 : r;
}

static void wait_for_answers(struct Worker *worker, uint64_t n) {
        if (worker->n_waited == 0 && n > 0) {
                worker->heard_usec = os_monotonic_usec();
                sd_event_source_set_time_relative(worker->timer, (uint64_t)worker->patience_usec);
                sd_event_source_set_enabled(worker->timer, SD_EVENT_ONESHOT);
        }
        worker->n_waited += n;
}

int worker_send(struct Worker *worker, const struct Job *job, bool is_waited) {
        if (!job_put(&worker->out, job)) {
                int r = enqueue(worker);

                if (r < 0)
                        return r;
                if (!job_put(&worker->out, job))
                        return -EMSGSIZE;
        }
        wait_for_answers(worker, is_waited);
        return 0;
}

bool worker_is_idle(const struct Worker *worker) {
        return worker && !worker->is_ended && worker->n_waited == 0 && !worker->first && worker->out.n == 0;
}

void worker_hand_over(struct Worker *worker, const struct WorkerHandler *handler) {
        worker->handler = *handler;
}

int worker_be_patient(struct Worker *worker) {
        return sd_event_source_set_priority(worker->io, SD_EVENT_PRIORITY_IDLE);
}

void worker_came(struct Worker *worker) {
        if (worker->n_waited > 0)
                worker->n_waited--;
        if (worker->n_waited == 0)
                sd_event_source_set_enabled(worker->timer, SD_EVENT_OFF);
}

void worker_reject(struct Worker *worker) {
        if (!worker->is_ended)
                end_by_force(worker);
        end(worker, WORKER_DIED);
}

static int on_timer(sd_event_source *source, uint64_t usec _unused_, void *userdata) {
        struct Worker *worker = userdata;
        int64_t silent = os_monotonic_usec() - worker->heard_usec;

        if (worker->n_waited == 0)
                return 0;
        if (silent >= worker->patience_usec) {
                end(worker, WORKER_HUNG);
                return 0;
        }
        sd_event_source_set_time_relative(source, (uint64_t)(worker->patience_usec - silent));
        sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
        return 0;
}

/* Hands on all records of one message; false where it is none of ours. */
static bool hand_on(struct Worker *worker) {
        while (!worker->is_ended && !message_is_at_end(&worker->in)) {
                struct Report report;

                if (!job_get_report(&worker->in, &report))
                        return false;
                worker->handler.report(worker->handler.userdata, &report);
        }
        return true;
}

static int on_io(sd_event_source *source _unused_, int fd, uint32_t events, void *userdata) {
        struct Worker *worker = userdata;

        if (events & EPOLLOUT && send_queue(worker) < 0) {
                end(worker, WORKER_DIED);
                return 0;
        }
        for (unsigned i = 0; i < N_MESSAGES_AT_ONCE && !worker->is_ended; i++) {
                ssize_t n = recv(fd, worker->in.data, sizeof(worker->in.data), MSG_DONTWAIT);

                if (n < 0 && (errno == EAGAIN || errno == EINTR))
                        return 0;
                message_clear(&worker->in);
                worker->in.n = n > 0 ? (size_t)n : 0;
                if (n <= 0 || !hand_on(worker)) {
                        end(worker, WORKER_DIED);
                        return 0;
                }
                worker->heard_usec = os_monotonic_usec();
        }
        return 0;
}

/* The same program again, with nothing of ours open but its end of the socket pair. */
static int spawn(int fd, int watch_fd, pid_t *ret) {
        char program[] = "/proc/self/exe", name[] = "retaind", option[] = "--worker";
        char *const argv[] = {name, option, NULL};
        posix_spawn_file_actions_t actions;
        posix_spawnattr_t attributes;
        sigset_t none;
        int r;

        r = posix_spawn_file_actions_init(&actions);
        if (r != 0)
                return -r;
        r = posix_spawnattr_init(&attributes);
        if (r != 0) {
                posix_spawn_file_actions_destroy(&actions);
                return -r;
        }
        sigemptyset(&none);
        /* A worker that hangs on a dead disk may outlive us: nobody shall wait for its end of our output. */
        r = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDWR, 0);
        if (r == 0)
                r = posix_spawn_file_actions_adddup2(&actions, STDIN_FILENO, STDOUT_FILENO);
        if (r == 0)
                r = posix_spawn_file_actions_adddup2(&actions, STDIN_FILENO, STDERR_FILENO);
        if (r == 0)
                r = posix_spawn_file_actions_adddup2(&actions, fd, WORKER_FD);
        if (r == 0 && watch_fd >= 0)
                r = posix_spawn_file_actions_adddup2(&actions, watch_fd, WORKER_WATCH_FD);
        if (r == 0)
                r = posix_spawn_file_actions_addclosefrom_np(&actions,
                                                             watch_fd >= 0 ? WORKER_WATCH_FD + 1 : WORKER_FD + 1);
        if (r == 0)
                r = posix_spawnattr_setsigmask(&attributes, &none);
        if (r == 0)
                r = posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
        if (r == 0)
                r = posix_spawn(ret, program, &actions, &attributes, argv, environ);
        posix_spawnattr_destroy(&attributes);
        posix_spawn_file_actions_destroy(&actions);
        return -r;
}

/* All are above WORKER_WATCH_FD, so that dup2() in the child always makes a descriptor that survives exec. */
static int start(struct Worker *worker, int watch_fd) {
        _cleanup_(os_closep) int theirs = -1, watch = -1;
        int fds[2], r;
        pid_t pid = -1;

        if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0)
                return -errno;
        worker->fd = fds[0];
        theirs = fcntl(fds[1], F_DUPFD_CLOEXEC, WORKER_WATCH_FD + 1);
        os_close(fds[1]);
        if (theirs < 0)
                return -errno;
        if (watch_fd >= 0) {
                watch = fcntl(watch_fd, F_DUPFD_CLOEXEC, WORKER_WATCH_FD + 1);
                if (watch < 0)
                        return -errno;
        }
        r = spawn(theirs, watch, &pid);
        if (r < 0)
                return r;
        worker->pidfd = pidfd_open(pid, 0);
        return worker->pidfd < 0 ? -errno : 0;
}

int worker_new(sd_event *event, const struct JobSetup *setup, int watch_fd, int64_t patience_usec,
               const struct WorkerHandler *handler, struct Worker **ret) {
        _cleanup_(worker_freep) struct Worker *worker = calloc(1, sizeof(*worker));
        int r;

        if (!worker)
                return -ENOMEM;
        worker->fd = worker->pidfd = -1;
        worker->last = &worker->first;
        worker->handler = *handler;
        worker->patience_usec = patience_usec;
        r = start(worker, watch_fd);
        if (r < 0)
                return r;
        r = sd_event_add_io(event, &worker->io, worker->fd, EPOLLIN, on_io, worker);
        if (r < 0)
                return r;
        r = sd_event_add_time_relative(event, &worker->timer, CLOCK_MONOTONIC, (uint64_t)patience_usec, USEC_PER_SEC,
                                       on_timer, worker);
        if (r < 0)
                return r;
        if (!job_put_setup(&worker->out, setup))
                return -ENAMETOOLONG;
        wait_for_answers(worker, 1);
        r = worker_flush(worker);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(worker);
        return 0;
}

void worker_abandon(struct Worker *worker) {
        if (!worker || worker->fd < 0)
                return;
        shutdown(worker->fd, SHUT_RDWR);
        worker->farewell_usec = os_monotonic_usec() + ABANDONED_USEC;
}

/* With its socket closed an idle worker ends at once. One that waits for a dead disk dies when that answers. */
static void say_farewell(struct Worker *worker) {
        struct pollfd p = {.fd = worker->pidfd, .events = POLLIN};
        int64_t usec = FAREWELL_USEC;

        if (worker->pidfd < 0)
                return;
        if (worker->farewell_usec != 0)
                usec = MAX(worker->farewell_usec - os_monotonic_usec(), INT64_C(0));
        if (worker->is_hung || poll(&p, 1, (int)(usec / USEC_PER_MSEC)) <= 0)
                end_by_force(worker);
        waitid(P_PIDFD, (id_t)worker->pidfd, &(siginfo_t){}, WEXITED | WNOHANG);
        worker->pidfd = os_close(worker->pidfd);
}

static void free_packets(struct Worker *worker) {
        while (worker->first) {
                struct Packet *packet = worker->first;

                worker->first = packet->next;
                free(packet);
        }
}

/* A process that was let go, and is ended by force where it does not end by itself. */
struct Retired {
        int pidfd;
};

static void retired_free(void *userdata) {
        struct Retired *retired = userdata;

        os_close(retired->pidfd);
        free(retired);
}

static int on_lingering(sd_event_source *source, uint64_t usec _unused_, void *userdata) {
        struct Retired *retired = userdata;

        pidfd_send_signal(retired->pidfd, SIGKILL, NULL, 0);
        waitid(P_PIDFD, (id_t)retired->pidfd, &(siginfo_t){}, WEXITED | WNOHANG);
        sd_event_source_set_floating(source, false); /* and with that it goes */
        return 0;
}

/* The timer is the loop's. */
static int watch_retired(sd_event *event, int pidfd) {
        struct Retired *retired = calloc(1, sizeof(*retired));
        sd_event_source *source = NULL;
        int r;

        if (!retired)
                return -ENOMEM;
        retired->pidfd = pidfd;
        r = sd_event_add_time_relative(event, &source, CLOCK_MONOTONIC, FAREWELL_USEC, USEC_PER_SEC / 4, on_lingering,
                                       retired);
        if (r < 0) {
                free(retired);
                return r;
        }
        sd_event_source_set_destroy_callback(source, retired_free);
        sd_event_source_set_floating(source, true);
        sd_event_source_unref(source);
        return 0;
}

struct Worker *worker_retire(struct Worker *worker) {
        if (!worker)
                return NULL;
        if (worker->fd >= 0)
                shutdown(worker->fd, SHUT_RDWR);
        worker->farewell_usec = os_monotonic_usec();
        if (worker->pidfd >= 0 && watch_retired(sd_event_source_get_event(worker->io), worker->pidfd) >= 0)
                worker->pidfd = -1;
        return worker_free(worker);
}

struct Worker *worker_free(struct Worker *worker) {
        if (!worker)
                return NULL;
        sd_event_source_disable_unref(worker->io);
        sd_event_source_disable_unref(worker->timer);
        worker->fd = os_close(worker->fd);
        say_farewell(worker);
        free_packets(worker);
        free(worker);
        return NULL;
}
