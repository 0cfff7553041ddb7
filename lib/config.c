/* SPDX-License-Identifier: MIT */
#include "lib/config.h"

#include <errno.h>

#include "lib/name.h"
#include "lib/zone.h"

size_t strv_length(char *const *strv) {
        size_t n = 0;

        while (strv && strv[n])
                n++;
        return n;
}

Strv strv_free(Strv strv) {
        for (size_t i = 0; strv && strv[i]; i++)
                free(strv[i]);
        free(strv);
        return NULL;
}

int strv_consume(Strv *strv, char *string) {
        _cleanup_(freep) char *owned = string;
        size_t n = strv_length(*strv);
        Strv grown;

        grown = reallocarray(*strv, n + 2, sizeof(char *));
        if (!grown)
                return -ENOMEM;
        grown[n] = TAKE_PTR(owned);
        grown[n + 1] = NULL;
        *strv = grown;
        return 0;
}

int strv_consume_all(Strv *strv, Strv *more) {
        size_t n = strv_length(*strv), n_more = strv_length(*more);
        Strv grown;

        if (n_more == 0)
                return 0;
        grown = reallocarray(*strv, n + n_more + 1, sizeof(char *));
        if (!grown)
                return -ENOMEM;
        memcpy(grown + n, *more, (n_more + 1) * sizeof(char *));
        free(TAKE_PTR(*more));
        *strv = grown;
        return 0;
}

struct ConfigCopy *config_copy_free(struct ConfigCopy *copy) {
        if (!copy)
                return NULL;
        free(copy->section.origins);
        free(copy->name);
        free(copy->to);
        free(copy->listing);
        free(copy);
        return NULL;
}

struct ConfigSet *config_set_free(struct ConfigSet *set) {
        if (!set)
                return NULL;
        for (size_t i = 0; i < set->n_copies; i++)
                config_copy_free(set->copies[i]);
        for (size_t i = 0; set->patterns && set->patterns[i]; i++)
                name_pattern_free(set->patterns[i]);
        free(set->copies);
        free(set->patterns);
        strv_free(set->pattern);
        strv_free(set->include);
        strv_free(set->exclude);
        zone_free(set->zone);
        free(set->section.origins);
        free(set->name);
        free(set->source);
        free(set->time_zone);
        free(set->listing);
        free(set);
        return NULL;
}

struct Config *config_free(struct Config *config) {
        if (!config)
                return NULL;
        for (size_t i = 0; i < config->n_sets; i++)
                config_set_free(config->sets[i]);
        free(config->sets);
        free(config->section.origins);
        free(config->language);
        strv_free(config->files);
        free(config);
        return NULL;
}
