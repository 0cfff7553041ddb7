/* SPDX-License-Identifier: MIT */
#include "daemon/manager.h"

#include <stdio.h>

#include "daemon/keeper.h"
#include "daemon/language.h"
#include "daemon/log.h"
#include "daemon/report.h"
#include "lib/listing.h"
#include "lib/os.h"
#include "lib/text.h"

#define LISTING_MODE 0640

/* Replaces one listing; false if that failed, which is then said. */
static bool write_listing(const struct Keeper *keeper, const struct Index *index, const char *path, const char *line) {
        _cleanup_(text_done) struct Text text = {};
        int r;

        if (!path)
                return true;
        r = listing_write(index, keeper->set->zone, line, &text);
        if (r >= 0)
                r = os_replace_file(path, text.data, text.n, LISTING_MODE);
        if (r < 0)
                log_error("%s: cannot write the listing %s: %s", keeper->set->name, log_name(path), log_errno(r));
        else
                log_notice("%s: wrote the listing %s", keeper->set->name, log_name(path));
        return r >= 0;
}

static bool write_listings(const struct Keeper *keeper, const char *line) {
        bool ok = true;

        if (keeper->is_there)
                ok = write_listing(keeper, keeper->index, keeper->set->listing, line);
        for (size_t i = 0; i < keeper->set->n_copies; i++)
                if (keeper->copies[i].is_there)
                        ok = write_listing(keeper, keeper->copies[i].index, keeper->set->copies[i]->listing, line) &&
                             ok;
        return ok;
}

/* 0, 1 where something failed that was said, or a negative errno. */
static int run_set(const struct Config *config, const struct ConfigSet *set, const struct Options *options,
                   const char *line) {
        _cleanup_(keeper_freep) struct Keeper *keeper = NULL;
        bool failed = false;
        int r;

        r = keeper_new(config, set, &keeper);
        if (r < 0)
                return r;
        r = keeper_look(keeper, options->now_usec);
        if (r < 0)
                return r;
        if (keeper->is_there) {
                r = options->json ? report_json(keeper) : report_text(keeper, options->now_usec);
                if (r < 0)
                        return r;
        }
        if (!options->dry_run)
                failed = !write_listings(keeper, line);
        return failed || keeper->failed;
}

int manager_run_once(const struct Config *config, const struct Options *options) {
        const char *line = options->dry_run ? LISTING_LINE : language_listing_line(config->language);
        bool failed = false;
        int r;

        for (size_t i = 0; i < config->n_sets; i++) {
                if (i > 0 && !options->json)
                        printf("\n");
                r = run_set(config, config->sets[i], options, line);
                if (r < 0)
                        log_error("%s: %s", config->sets[i]->name, log_errno(r));
                failed = failed || r != 0;
        }
        if (!options->json)
                printf("\n%s\n", options->dry_run ? "A dry run: nothing was changed."
                                                  : "This version copies and removes nothing yet: that was the plan.");
        if (fflush(stdout) != 0 || ferror(stdout)) {
                log_error("cannot write all of the plan to standard output");
                failed = true;
        }
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
