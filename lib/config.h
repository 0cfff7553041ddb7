/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The configuration as values. What a key is called and what its text may be is
 * in config-keys; config-build makes a struct Config of sections, keys and texts,
 * config-check looks at what contradicts what, config-read gets the text from
 * files.
 *
 * Nothing here changes once it was handed out, and a configuration with an error
 * is never handed out.
 */

#include "lib/base.h"
#include "lib/hours.h"
#include "lib/name.h"
#include "lib/policy.h"
#include "lib/span.h"

enum ConfigWatch { CONFIG_WATCH_AUTO, CONFIG_WATCH_INOTIFY, CONFIG_WATCH_POLL, _CONFIG_WATCH_MAX };
enum ConfigAgeFrom {
        CONFIG_AGE_FROM_AUTO,
        CONFIG_AGE_FROM_NAME,
        CONFIG_AGE_FROM_MODIFIED,
        CONFIG_AGE_FROM_BIRTH,
        _CONFIG_AGE_FROM_MAX,
};
enum ConfigOnChange { CONFIG_ON_CHANGE_ALARM, CONFIG_ON_CHANGE_VERSION, _CONFIG_ON_CHANGE_MAX };
enum ConfigVerify { CONFIG_VERIFY_READBACK, CONFIG_VERIFY_WRITTEN, _CONFIG_VERIFY_MAX };
enum ConfigMetadata { CONFIG_METADATA_STRICT, CONFIG_METADATA_BEST_EFFORT, _CONFIG_METADATA_MAX };

/* A NULL-terminated list of strings; NULL is empty. */
typedef char **Strv;

/* Where something was said; file is of struct Config's, NULL: nowhere, so it is the default. */
struct ConfigOrigin {
        const char *file;
        unsigned line; /* 0: not from a file (the command line) */
};

/* What the struct of each section begins with. */
struct ConfigSection {
        struct ConfigOrigin origin;   /* its first header */
        struct ConfigOrigin *origins; /* of each key, by its place in the table; config_origin() finds one */
};

struct ConfigCopy {
        struct ConfigSection section;
        char *name; /* "nas" of [copy valcann/nas] */
        char *to;
        int64_t max_age_usec; /* USEC_INFINITY: no limit */
        struct Policy policy;
        unsigned remove_max_percent;
        int64_t trash_usec;
        enum ConfigVerify verify;
        enum ConfigMetadata metadata;
        char *listing; /* NULL: none */
};

struct ConfigSet {
        struct ConfigSection section;
        char *name; /* "valcann" of [set valcann] */
        char *source;
        bool recursive;
        bool one_file_system;
        Strv include;
        Strv exclude;
        int64_t settle_usec;
        enum ConfigWatch watch;
        int64_t poll_interval_usec;
        int64_t reconcile_interval_usec;
        struct Hours active_hours;
        enum ConfigAgeFrom age_from;
        char *time_zone;   /* NULL: the system's */
        struct Zone *zone; /* config-read fills it in; never NULL in what config_read() returns */
        Strv pattern;
        struct NamePattern **patterns; /* the same, compiled; as long as pattern */
        struct Policy policy;
        bool remove_uncopied;
        unsigned remove_max_percent;
        int64_t expect_every_usec; /* USEC_INFINITY: nothing is expected */
        int64_t future_tolerance_usec;
        enum ConfigOnChange on_change;
        int64_t trash_usec;
        char *listing;
        struct ConfigCopy **copies; /* in the order of the files */
        size_t n_copies;
};

struct Config {
        struct ConfigSection section; /* of [daemon] */
        uint64_t bandwidth_max;       /* bytes a second, UINT64_MAX: no limit */
        char *language;               /* NULL: English */
        struct ConfigSet **sets;
        size_t n_sets;
        Strv files; /* what was read, in that order: the names in all origins */
};

size_t strv_length(char *const *strv) _pure_;
Strv strv_free(Strv strv);
/* Takes the string, which is freed on failure. */
int strv_consume(Strv *strv, char *string);
/* Moves the strings of one list to the end of the other; on failure both are as they were. */
int strv_consume_all(Strv *strv, Strv *more);
DEFINE_CLEANUP(Strv, strv_free)

struct ConfigCopy *config_copy_free(struct ConfigCopy *copy);
struct ConfigSet *config_set_free(struct ConfigSet *set);
struct Config *config_free(struct Config *config);
DEFINE_CLEANUP(struct ConfigCopy *, config_copy_free)
DEFINE_CLEANUP(struct ConfigSet *, config_set_free)
DEFINE_CLEANUP(struct Config *, config_free)
