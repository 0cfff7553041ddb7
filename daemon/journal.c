/* SPDX-License-Identifier: MIT */

/* Where in the code an event was sent from is here, always, and says nothing. */
#define SD_JOURNAL_SUPPRESS_LOCATION

#include "daemon/journal.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <systemd/sd-journal.h>
#include <unistd.h>

#include "lib/os.h"

#define JOURNAL_SOCKET "/run/systemd/journal/socket"

bool journal_is_there(void) {
        static const struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = JOURNAL_SOCKET};
        _cleanup_(os_closep) int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

        return fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0;
}

bool journal_is_stderr(void) {
        const char *stream = getenv("JOURNAL_STREAM");
        uint64_t dev, ino;
        struct stat st;
        int end = 0;

        if (!stream || sscanf(stream, "%" SCNu64 ":%" SCNu64 "%n", &dev, &ino, &end) != 2 || stream[end] != '\0')
                return false;
        return fstat(STDERR_FILENO, &st) == 0 && st.st_dev == dev && st.st_ino == ino;
}

int journal_send(const struct EventFields *fields) {
        struct iovec iov[EVENT_FIELDS_MAX];

        /* sd_journal_sendv() calls it a success where there is no socket. */
        if (access(JOURNAL_SOCKET, F_OK) < 0)
                return -errno;
        for (size_t i = 0; i < fields->n_fields; i++)
                iov[i] = (struct iovec){
                        .iov_base = fields->text.data + fields->fields[i].from,
                        .iov_len = fields->fields[i].n,
                };
        return sd_journal_sendv(iov, (int)fields->n_fields);
}
