/* SPDX-License-Identifier: MIT */
#include "lib/config-zone.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "lib/config-keys.h"
#include "lib/error.h"
#include "lib/os.h"
#include "lib/suggest.h"
#include "lib/zone.h"

#define ZONE_FILE_MAX (256 * 1024)
#define ZONE_LIST_MAX (1024 * 1024)

static struct Zone *utc(void) {
        return (struct Zone *)zone_utc(); /* constant, and zone_free() knows it */
}

/* 0, ZONE_E_INVALID, or a negative errno. */
static int load(const char *path, struct Zone **ret) {
        _cleanup_(freep) char *data = NULL;
        size_t n;
        int r;

        r = os_read_file(path, ZONE_FILE_MAX, &data, &n, NULL);
        if (r < 0)
                return r;
        return zone_new_from_tzif(data, n, ret);
}

/* Looks at the name on a line "Z NAME …" or "L TARGET NAME" of tzdata.zi. */
static void consider_line(struct Suggestion *suggestion, const char *word, char *line, const char **ret_found) {
        char *rest = NULL;
        const char *kind = strtok_r(line, " ", &rest), *name, *city;

        if (!kind || (!streq(kind, "Z") && !streq(kind, "L")))
                return;
        name = strtok_r(NULL, " ", &rest);
        if (streq(kind, "L"))
                name = strtok_r(NULL, " ", &rest);
        if (!name)
                return;

        suggest_consider(suggestion, name);
        city = strrchr(name, '/');
        if (city && suggest_distance(city + 1, word) == 0)
                *ret_found = name;
}

/* The zone that was probably meant: of nearly that name, or with that city; NULL if none. */
static int nearest(const char *zones, const char *word, char **ret) {
        _cleanup_(freep) char *path = NULL, *text = NULL;
        struct Suggestion suggestion = {.word = word};
        const char *found = NULL;
        char *line, *rest;
        size_t n;
        int r;

        *ret = NULL;
        if (asprintf(&path, "%s/tzdata.zi", zones) < 0)
                return -ENOMEM;
        r = os_read_file(path, ZONE_LIST_MAX, &text, &n, NULL);
        if (r < 0)
                return r == -ENOMEM ? r : 0; /* a hint less */

        for (line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
                consider_line(&suggestion, word, line, &found);
        if (!found)
                found = suggestion.best;
        if (found) {
                *ret = strdup(found);
                if (!*ret)
                        return -ENOMEM;
        }
        return 0;
}

static const char *cause_of(int error) {
        return error > 0 ? "this is no time zone file, or one that counts leap seconds" : strerrordesc_np(-error);
}

static int report(const struct ConfigSet *set, const char *zones, int error, struct Problems *problems) {
        const struct ConfigOrigin *origin = config_origin(&set->section, CONFIG_SECTION_SET, "TimeZone");
        _cleanup_(freep) char *hint = NULL;
        int r;

        if (error != -ENOENT && error != -ENOTDIR && error != -EISDIR)
                return problems_add(problems, PROBLEM_ERROR, origin->file, origin->line,
                                    "TimeZone=%s: %s/%s cannot be read: %s", set->time_zone, zones, set->time_zone,
                                    cause_of(error));
        r = nearest(zones, set->time_zone, &hint);
        if (r < 0)
                return r;
        return problems_add(problems, PROBLEM_ERROR, origin->file, origin->line,
                            "TimeZone=%s: no such time zone in %s%s%s%s", set->time_zone, zones,
                            hint ? ", did you mean " : "; timedatectl list-timezones shows what there is",
                            strempty(hint), hint ? "?" : "");
}

static int load_named(struct ConfigSet *set, const char *zones, struct Problems *problems) {
        _cleanup_(freep) char *path = NULL;
        int r;

        /* Also on a system without zone files. */
        if (streq(set->time_zone, "UTC")) {
                set->zone = utc();
                return 0;
        }
        if (asprintf(&path, "%s/%s", zones, set->time_zone) < 0)
                return -ENOMEM;
        r = load(path, &set->zone);
        if (r == 0 || r == -ENOMEM)
                return r;
        set->zone = utc();
        return report(set, zones, r, problems);
}

static int load_local(struct ConfigSet *set, const char *path, bool *is_reported, struct Problems *problems) {
        struct statx st;
        int r;

        r = load(path, &set->zone);
        if (r == 0 || r == -ENOMEM)
                return r;
        set->zone = utc();
        if (*is_reported)
                return 0;
        *is_reported = true;
        if (r == -ENOENT) {
                if (os_statx(AT_FDCWD, path, &st) < 0)
                        return 0; /* no such file: the system's zone is UTC */
                return problems_add(problems, PROBLEM_WARNING, path, 0,
                                    "leads to a time zone that is not installed; days begin and end by UTC");
        }
        return problems_add(problems, PROBLEM_ERROR, path, 0,
                            "the system's time zone cannot be read: %s; set TimeZone= in each set", cause_of(r));
}

int config_load_zones(struct Config *config, const struct ConfigPlaces *places, struct Problems *problems) {
        const char *zones = places && places->zones ? places->zones : "/usr/share/zoneinfo";
        const char *local_time = places && places->local_time ? places->local_time : "/etc/localtime";
        bool is_reported = false;
        int r;

        for (size_t i = 0; i < config->n_sets; i++) {
                struct ConfigSet *set = config->sets[i];

                if (set->time_zone)
                        r = load_named(set, zones, problems);
                else
                        r = load_local(set, local_time, &is_reported, problems);
                if (r < 0)
                        return r;
        }
        return 0;
}
