/* SPDX-License-Identifier: MIT */
#include "daemon/state.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/log.h"
#include "lib/os-file.h"

#define LOCK_FILE "lock"

char *state_path(void) {
        const char *directory = getenv("STATE_DIRECTORY");

        if (!directory || !*directory)
                return strdup("/var/lib/retaind");
        return strndup(directory,
                       strcspn(directory, ":")); /* systemd separates several by colons; the unit names one */
}

int state_lock(const char *path, int *ret_fd) {
        _cleanup_(os_closep) int dir = -1, fd = -1;
        pid_t holder;
        int r;

        if (mkdir(path, 0700) < 0 && errno != EEXIST) {
                r = -errno;
                log_error("cannot make the state directory %s: %s; $STATE_DIRECTORY names another", log_name(path),
                          log_errno(r));
                return r;
        }
        dir = os_open_directory(path);
        fd = dir < 0 ? dir : os_open_rw_at(dir, LOCK_FILE);
        if (fd == -ENOENT && dir >= 0)
                fd = os_create_at(dir, LOCK_FILE);
        if (fd < 0) {
                r = fd;
                log_error("cannot use the state directory %s: %s; $STATE_DIRECTORY names another", log_name(path),
                          log_errno(r));
                return r;
        }
        r = os_lock(fd);
        if (r == -EAGAIN) {
                holder = os_lock_holder(fd);
                if (holder > 0)
                        log_error("process %d works with the state directory %s already; end it first (the service: "
                                  "systemctl stop retaind)",
                                  (int)holder, log_name(path));
                else
                        log_error("another process works with the state directory %s already; end it first (the "
                                  "service: systemctl stop retaind)",
                                  log_name(path));
                r = -EBUSY;
        } else if (r < 0)
                log_error("cannot lock the state directory %s: %s", log_name(path), log_errno(r));
        if (r < 0)
                return r;
        *ret_fd = TAKE_FD(fd);
        return 0;
}
