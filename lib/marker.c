/* SPDX-License-Identifier: MIT */
#include "lib/marker.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/random.h>

#include "lib/error.h"
#include "lib/os-file.h"

#define TEXT_MAX 1024
#define ID_KEY "id="

static const char explanation[] =
        "# This directory is a destination of retaind. Its backups count as copied only while\n"
        "# this file is here, so that an unmounted disk is never taken for an empty one.\n";

/* Finds the id in the marker's text; false where there is none, as in a marker whose making was cut off. */
static bool parse_id(const char *text, char ret[static MARKER_ID_SIZE]) {
        const char *p = strstr(text, "\n" ID_KEY);

        if (!p)
                return false;
        p += 1 + strlen(ID_KEY);
        if (strspn(p, "0123456789abcdef") != MARKER_ID_SIZE - 1)
                return false;
        memcpy(ret, p, MARKER_ID_SIZE - 1);
        ret[MARKER_ID_SIZE - 1] = '\0';
        return true;
}

/* 1 with the id, 0 if it has none. */
static int read_id(int fd, char ret[static MARKER_ID_SIZE]) {
        char text[TEXT_MAX + 1];
        ssize_t n = os_read_at(fd, text, TEXT_MAX, 0);

        if (n < 0)
                return (int)n;
        text[n] = '\0';
        return parse_id(text, ret);
}

static int write_id(int dir, int fd, char ret[static MARKER_ID_SIZE]) {
        char text[TEXT_MAX], id[MARKER_ID_SIZE];
        uint64_t random[2];
        int n, r;

        if (getrandom(random, sizeof(random), 0) != sizeof(random))
                return -EIO;
        snprintf(id, sizeof(id), "%016llx%016llx", (unsigned long long)random[0], (unsigned long long)random[1]);
        n = snprintf(text, sizeof(text), "%s" ID_KEY "%s\n", explanation, id);
        r = os_truncate(fd, 0);
        if (r >= 0)
                r = os_write_all_at(fd, text, (size_t)n, 0);
        if (r >= 0)
                r = os_set_mode(fd, 0644);
        if (r == -EPERM || r == -EOPNOTSUPP)
                r = 0; /* FAT has no modes */
        if (r >= 0)
                r = os_fsync(fd);
        if (r >= 0)
                r = os_fsync(dir);
        if (r >= 0)
                memcpy(ret, id, sizeof(id));
        return r;
}

static int check_id(const struct Marker *marker, const char *expected) {
        return *expected && !streq(marker->id, expected) ? MARKER_E_OTHER : 0;
}

int marker_take(int dir, const char *expected, struct Marker *ret) {
        _cleanup_(marker_done) struct Marker marker = {.fd = -1};
        int r;

        *ret = (struct Marker){.fd = -1};
        marker.fd = os_open_rw_at(dir, MARKER_FILE);
        if (marker.fd == -ENOENT) {
                if (*expected)
                        return MARKER_E_MISSING;
                marker.fd = os_create_at(dir, MARKER_FILE);
        }
        if (marker.fd < 0)
                return marker.fd;
        r = os_lock(marker.fd);
        if (r == -EAGAIN) {
                ret->holder = os_lock_holder(marker.fd);
                return MARKER_E_BUSY;
        }
        if (r < 0 && r != -EOPNOTSUPP && r != -ENOLCK) /* a share without locks: the state directory's must do */
                return r;

        r = read_id(marker.fd, marker.id);
        if (r == 0) {
                if (*expected)
                        return MARKER_E_MISSING;
                marker.is_new = true;
                r = write_id(dir, marker.fd, marker.id);
        }
        if (r < 0)
                return r;
        r = check_id(&marker, expected);
        *ret = marker;
        if (r != 0)
                ret->fd = -1;
        else
                marker.fd = -1;
        return r;
}

int marker_look(int dir, const char *expected, struct Marker *ret) {
        _cleanup_(os_closep) int fd = -1;
        struct Marker marker = {.fd = -1};
        int r;

        fd = os_open_file_at(dir, MARKER_FILE);
        if (fd == -ENOENT && !*expected) {
                marker.is_new = true;
                *ret = marker;
                return 0;
        }
        if (fd < 0)
                return fd == -ENOENT ? MARKER_E_MISSING : fd;
        r = read_id(fd, marker.id);
        if (r < 0)
                return r;
        if (r == 0)
                marker.is_new = true;
        *ret = marker;
        return r == 0 && *expected ? MARKER_E_MISSING : check_id(&marker, expected);
}

void marker_done(struct Marker *marker) {
        marker->fd = os_close(marker->fd);
}
