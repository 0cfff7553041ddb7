/* SPDX-License-Identifier: MIT */
#include "daemon/scanning.h"

/* The path of a listing as seen from the tree it lies in, else NULL. */
static const char *path_within(const char *tree, const char *path) {
        size_t n = strlen(tree);

        if (!path || strncmp(path, tree, n) != 0)
                return NULL;
        return path[n] == '/' ? path + n + 1 : streq(tree, "/") ? path + 1 : NULL;
}

static int send_option(struct Worker *worker, enum JobKind kind, const char *text) {
        return text ? worker_send(worker, &(struct Job){.kind = kind, .in_source = true, .path = text}, false) : 0;
}

static int send_options(struct Worker *worker, enum JobKind kind, char *const *list) {
        int r = 0;

        for (char *const *p = list; p && *p && r >= 0; p++)
                r = send_option(worker, kind, *p);
        return r;
}

/* Every set's listings that lie in the tree are no backups. */
static int send_own_files(struct Worker *worker, const struct Config *config, const char *tree) {
        int r = 0;

        for (size_t i = 0; i < config->n_sets && r >= 0; i++) {
                const struct ConfigSet *set = config->sets[i];

                r = send_option(worker, JOB_IGNORE, path_within(tree, set->listing));
                for (size_t c = 0; c < set->n_copies && r >= 0; c++)
                        r = send_option(worker, JOB_IGNORE, path_within(tree, set->copies[c]->listing));
        }
        return r;
}

int scanning_begin(struct Worker *worker, const struct Config *config, const struct ConfigSet *set,
                   const struct ConfigCopy *copy) {
        int r = 0;

        if (!copy)
                r = send_options(worker, JOB_INCLUDE, set->include);
        if (!copy && r >= 0)
                r = send_options(worker, JOB_EXCLUDE, set->exclude);
        if (r >= 0)
                r = send_own_files(worker, config, copy ? copy->to : set->source);
        if (r >= 0)
                r = worker_send(worker,
                                &(struct Job){
                                        .kind = JOB_SCAN,
                                        .in_source = !copy,
                                        .is_keep = copy || set->recursive,
                                        .is_one_file_system = copy || set->one_file_system,
                                },
                                true);
        return r < 0 ? r : worker_flush(worker);
}

static bool is_listing(const char *tree, const char *listing, const char *path) {
        const char *within = path_within(tree, listing);

        return within && streq(within, path);
}

bool scanning_is_listing(const struct Config *config, const struct ConfigSet *set, const char *path) {
        for (size_t i = 0; i < config->n_sets; i++) {
                if (is_listing(set->source, config->sets[i]->listing, path))
                        return true;
                for (size_t c = 0; c < config->sets[i]->n_copies; c++)
                        if (is_listing(set->source, config->sets[i]->copies[c]->listing, path))
                                return true;
        }
        return false;
}
