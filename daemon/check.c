/* SPDX-License-Identifier: MIT */
#include "daemon/check.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

#include "daemon/log.h"

static size_t check_directory(const char *what, const char *key, const char *path) {
        struct stat st;

        if (lstat(path, &st) < 0)
                log_warning("%s: %s=%s: %s (retaind never creates it)", what, key, log_name(path), log_errno(-errno));
        else if (!S_ISDIR(st.st_mode))
                log_warning("%s: %s=%s: it is no directory", what, key, log_name(path));
        else
                return 0;
        return 1;
}

static size_t check_set(const struct ConfigSet *set) {
        size_t n_warnings = check_directory(set->name, "Source", set->source);

        for (size_t i = 0; i < set->n_copies; i++) {
                char what[256];

                snprintf(what, sizeof(what), "%s/%s", set->name, set->copies[i]->name);
                n_warnings += check_directory(what, "To", set->copies[i]->to);
        }
        if (set->policy.rules == 0 && set->n_copies == 0) {
                log_warning("%s: it has no Keep... rule and no destination, so nothing is ever done", set->name);
                n_warnings++;
        }
        return n_warnings;
}

void check_print(const struct Config *config) {
        size_t n_copies = 0, n_warnings = 0;

        for (size_t i = 0; i < config->n_sets; i++) {
                n_copies += config->sets[i]->n_copies;
                n_warnings += check_set(config->sets[i]);
        }
        printf("The configuration is %s: sets: %zu, destinations: %zu.\n",
               n_warnings > 0 ? "valid, with warnings" : "good", config->n_sets, n_copies);
}
