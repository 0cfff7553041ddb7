/* SPDX-License-Identifier: MIT */

/*
 * Runs a fuzz target over the files of its corpus, one TAP line each; and over
 * every beginning of each file, because what is cut short is what breaks parsers.
 */

#include <dirent.h>
#include <stdio.h>

#include "lib/base.h"
#include "lib/os.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void replay(const char *data, size_t n) {
        for (size_t length = 0; length <= n; length++) {
                /* Of its own size, so that the sanitizers see a read beyond it. */
                _cleanup_(freep) uint8_t *copy = malloc(MAX(length, (size_t)1));

                if (!copy)
                        abort();
                memcpy(copy, data, length);
                LLVMFuzzerTestOneInput(copy, length);
        }
}

int main(int argc, char *argv[]) {
        DIR *dir = argc == 2 ? opendir(argv[1]) : NULL;
        struct dirent *entry;
        unsigned n = 0;

        if (!dir) {
                fprintf(stderr, "usage: replay-… CORPUS\n");
                return 2;
        }
        while ((entry = readdir(dir))) {
                _cleanup_(freep) char *data = NULL;
                char path[8192];
                size_t size;

                if (entry->d_name[0] == '.')
                        continue;
                snprintf(path, sizeof(path), "%s/%s", argv[1], entry->d_name);
                if (os_read_file(path, 1 << 20, &data, &size, NULL) < 0) {
                        printf("not ok %u - %s cannot be read\n", ++n, path);
                        continue;
                }
                replay(data, MIN(size, (size_t)8192));
                printf("ok %u - %s\n", ++n, entry->d_name);
        }
        closedir(dir);
        printf("1..%u\n", n);
        return n == 0;
}
