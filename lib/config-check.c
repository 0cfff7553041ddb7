/* SPDX-License-Identifier: MIT */
#include "lib/config-check.h"

#include <errno.h>
#include <stdio.h>

#include "lib/config-keys.h"
#include "lib/error.h"

enum PlaceKind { PLACE_SOURCE, PLACE_TO, PLACE_LISTING };

/* A path of the configuration and where it was said. */
struct Place {
        enum PlaceKind kind;
        bool flat; /* a source of which only the top is looked at */
        const char *path;
        const struct ConfigOrigin *origin;
        const struct ConfigSet *set;
        const struct ConfigCopy *copy; /* NULL: the set's own */
};

struct Places {
        struct Place *items;
        size_t n_items;
};

static const char *place_key(const struct Place *place) {
        static const char *const keys[] = {
                [PLACE_SOURCE] = "Source",
                [PLACE_TO] = "To",
                [PLACE_LISTING] = "Listing",
        };

        return keys[place->kind];
}

static void places_add(struct Places *places, enum PlaceKind kind, const struct ConfigSet *set,
                       const struct ConfigCopy *copy, const char *path) {
        struct Place *place = &places->items[places->n_items];

        if (!path)
                return;
        *place = (struct Place){
                .kind = kind,
                .flat = kind == PLACE_SOURCE && !set->recursive,
                .path = path,
                .set = set,
                .copy = copy,
        };
        place->origin = copy ? config_origin(&copy->section, CONFIG_SECTION_COPY, place_key(place))
                             : config_origin(&set->section, CONFIG_SECTION_SET, place_key(place));
        places->n_items++;
}

static int places_collect(struct Places *places, const struct Config *config) {
        size_t n = 0;

        for (size_t i = 0; i < config->n_sets; i++)
                n += 2 + 2 * config->sets[i]->n_copies;
        places->items = calloc(n + 1, sizeof(struct Place));
        if (!places->items)
                return -ENOMEM;

        for (size_t i = 0; i < config->n_sets; i++) {
                const struct ConfigSet *set = config->sets[i];

                places_add(places, PLACE_SOURCE, set, NULL, set->source);
                places_add(places, PLACE_LISTING, set, NULL, set->listing);
                for (size_t j = 0; j < set->n_copies; j++) {
                        places_add(places, PLACE_TO, set, set->copies[j], set->copies[j]->to);
                        places_add(places, PLACE_LISTING, set, set->copies[j], set->copies[j]->listing);
                }
        }
        return 0;
}

/* Whether inner is outer or lies in it. */
static bool path_contains(const char *outer, const char *inner) {
        size_t n = strlen(outer);

        return strncmp(outer, inner, n) == 0 && (inner[n] == '\0' || inner[n] == '/');
}

/* Why the two cannot both be, inner being outer or lying in it; NULL where they can. */
static const char *conflict(const struct Place *outer, const struct Place *inner) {
        bool same = streq(outer->path, inner->path);

        if (outer->kind == PLACE_LISTING)
                return inner->kind == PLACE_LISTING && same ? "two listings cannot be one file"
                                                            : "a listing is a file, this is a directory";
        if (inner->kind == PLACE_LISTING)
                return same ? "a listing is a file, this is a directory" : NULL;
        if (outer->kind == PLACE_SOURCE && inner->kind == PLACE_SOURCE) {
                if (outer->flat && !same)
                        return NULL;
                return same ? "two sets cannot share a source; one set knows many series, Include= tells apart"
                            : "sources must not overlap; take another source, or say Recursive=no for the outer one";
        }
        if (outer->kind == PLACE_TO && inner->kind == PLACE_TO)
                return same ? "each destination needs a directory of its own"
                            : "destinations must not lie in one another; take directories side by side";
        return "copies must lie outside of every source, or they would become backups themselves";
}

static int report(struct Problems *problems, const struct Place *later, const struct Place *earlier, const char *how,
                  const char *why) {
        char where[PROBLEM_TEXT_MAX];

        snprintf(where, sizeof(where), earlier->origin->line > 0 ? "%.300s:%u" : "%.300s", earlier->origin->file,
                 earlier->origin->line);
        return problems_add(problems, PROBLEM_ERROR, later->origin->file, later->origin->line,
                            "%s=%.200s: %s %s=%.200s of [%s %s%s%s] (%s): %s", place_key(later), later->path, how,
                            place_key(earlier), earlier->path, earlier->copy ? "copy" : "set", earlier->set->name,
                            earlier->copy ? "/" : "", earlier->copy ? earlier->copy->name : "", where, why);
}

static int check_pair(const struct Place *earlier, const struct Place *later, struct Problems *problems) {
        const char *why = NULL, *how = "the same as";

        if (path_contains(earlier->path, later->path)) {
                why = conflict(earlier, later);
                if (!streq(earlier->path, later->path))
                        how = "lies in";
        } else if (path_contains(later->path, earlier->path)) {
                why = conflict(later, earlier);
                how = "contains";
        }
        return why ? report(problems, later, earlier, how, why) : 0;
}

static int check_places(const struct Config *config, struct Problems *problems) {
        struct Places places = {};
        _cleanup_(freep) struct Place *items = NULL;
        int r;

        r = places_collect(&places, config);
        if (r < 0)
                return r;
        items = places.items;

        for (size_t i = 1; i < places.n_items; i++)
                for (size_t j = 0; j < i; j++) {
                        r = check_pair(&items[j], &items[i], problems);
                        if (r < 0)
                                return r;
                }
        return 0;
}

/* A backup that settles is at least as old as settling takes: with a lower MaxAge= nothing would ever be copied. */
static int check_max_age(const struct ConfigSet *set, const struct ConfigCopy *copy, struct Problems *problems) {
        const struct ConfigOrigin *origin = config_origin(&copy->section, CONFIG_SECTION_COPY, "MaxAge");

        if (copy->max_age_usec >= set->settle_usec)
                return 0;
        return problems_add(problems, PROBLEM_ERROR, origin->file, origin->line,
                            "MaxAge= of [copy %s/%s] is shorter than Settle= of [set %s]: no backup would ever be "
                            "young enough to be copied; raise MaxAge=",
                            set->name, copy->name, set->name);
}

int config_check(const struct Config *config, struct Problems *problems) {
        int r;

        r = check_places(config, problems);
        for (size_t i = 0; r == 0 && i < config->n_sets; i++)
                for (size_t j = 0; r == 0 && j < config->sets[i]->n_copies; j++)
                        r = check_max_age(config->sets[i], config->sets[i]->copies[j], problems);
        return r;
}
