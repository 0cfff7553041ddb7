/* SPDX-License-Identifier: MIT */

/*
 * The floor of any scan: getdents64 and a full statx of each entry, one thread,
 * nothing kept, nothing printed but the number of files. What retaind takes
 * beyond this is retaind's.
 */

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static unsigned long long n_files;

static void scan(int fd) {
        _Alignas(struct dirent64) char buffer[64 * 1024];
        ssize_t n;

        while ((n = getdents64(fd, buffer, sizeof(buffer))) > 0)
                for (ssize_t pos = 0; pos < n;) {
                        const struct dirent64 *entry = (const struct dirent64 *)(buffer + pos);
                        struct statx st;
                        int child;

                        pos += entry->d_reclen;
                        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
                                continue;
                        if (statx(fd, entry->d_name, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT,
                                  STATX_BASIC_STATS | STATX_BTIME, &st) < 0)
                                continue;
                        n_files += S_ISREG(st.stx_mode);
                        if (!S_ISDIR(st.stx_mode))
                                continue;
                        child = openat(fd, entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
                        if (child >= 0)
                                scan(child);
                }
        close(fd);
}

int main(int argc, char *argv[]) {
        int fd = argc == 2 ? open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

        if (fd < 0) {
                fprintf(stderr, "usage: scan-floor DIRECTORY\n");
                return 2;
        }
        scan(fd);
        printf("%llu files\n", n_files);
        return 0;
}
